"""A reconcile in progress is its log of responses (ARCHITECTURE §4).

Controllers are generators. What they yield is an *effect*: a `Request` or `Parallel` (answered by the API server, through the wire: every one is a place
where another writer can get in), or one of the local effects below (answered at once). `Flight` holds the effects and answers so far; re-running the
generator on them gives back the suspended reconcile in any World that holds the Flight.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import attrs

from .digest import mix
from .errors import UncontrolledNondeterminism
from .table import Log
from .wire import Request, Response


@attrs.define(eq=False)  # made once and never changed; not frozen, because that would double the price of making one
class Parallel:
    """Several requests at once; the answer is the tuple of their responses in the order of the requests."""

    requests: tuple[Request, ...]

    @property
    def token(self) -> str:
        return "parallel " + ";".join(str(request) for request in self.requests)


@attrs.define(eq=False)  # made once and never changed; not frozen, because that would double the price of making one
class Cached:
    """The process's cache of `stream` as it is now: an immutable `refk8s.api.store.Cache`."""

    stream: str

    @property
    def token(self) -> str:
        return f"cached {self.stream}"


@attrs.define(eq=False)  # made once and never changed; not frozen, because that would double the price of making one
class Recall:
    """The value that the process remembers under `name`, or `default`."""

    name: str
    default: Any = None

    @property
    def token(self) -> str:
        return f"recall {self.name}"


@attrs.define(eq=False)  # made once and never changed; not frozen, because that would double the price of making one
class Remember:
    """Keep `value` in the process's memory until it crashes; None forgets it. Values: strings, integers, tuples of them, or objects with a `token`.

    Of the cells with the same `group` ("": none) only the `most` that were kept last stay.
    """

    name: str
    value: Any
    group: str = ""
    most: int = 0

    @property
    def token(self) -> str:
        return f"remember {self.name}"


@attrs.define(eq=False)  # made once and never changed; not frozen, because that would double the price of making one
class Now:
    """The logical time in ms."""

    @property
    def token(self) -> str:
        return "now"


@attrs.define(eq=False)  # made once and never changed; not frozen, because that would double the price of making one
class Enqueue:
    """Add `key` to the work queue of `controller` (in the same process), at once or `after_ms`.

    `periodic`: a run does not wait for it. `heartbeat`: it is the next beat of what goes on for ever when all is well, and a Model may leave it out. `retry`:
    it is in vain unless something changes, and a run waits for it only if something has.
    """

    controller: str
    key: str
    after_ms: int = 0
    periodic: bool = False
    heartbeat: bool = False
    retry: bool = False

    @property
    def token(self) -> str:
        return f"enqueue {self.controller} {self.key} {self.after_ms}"


@attrs.define(eq=False)  # made once and never changed; not frozen, because that would double the price of making one
class Cancel:
    """Disarm the delayed `Enqueue` of `key` for `controller`."""

    controller: str
    key: str

    @property
    def token(self) -> str:
        return f"cancel {self.controller} {self.key}"


@attrs.define(eq=False)  # made once and never changed; not frozen, because that would double the price of making one
class Emit:
    """Send `request` without waiting for the reply (client-go's event recorder)."""

    request: Request

    @property
    def token(self) -> str:
        return f"emit {self.request}"


@attrs.frozen(eq=False)
class Switch:
    """Switch another process off (it loses everything) or on: the power button of scenarios. Nothing happens if it is so already."""

    pid: str
    on: bool

    @property
    def token(self) -> str:
        return f"switch {self.pid} {'on' if self.on else 'off'}"


@attrs.frozen(eq=False)
class Compact:
    """Compact the store's history but for the last `keep` revisions: etcd's administrator. Only for processes without informers."""

    keep: int

    @property
    def token(self) -> str:
        return f"compact {self.keep}"


@attrs.define(eq=False)  # made once and never changed; not frozen, because that would double the price of making one
class Note:
    """A fact for invariants and stories only; it changes no state."""

    kind: str
    data: Any

    @property
    def token(self) -> str:
        return f"note {self.kind}"


@attrs.frozen
class Requeue:
    """Result of a reconcile: done, and look again `after_ms` (client-go: Forget, then AddAfter)."""

    after_ms: int = 0


@attrs.frozen
class Retry:
    """Result of a reconcile: it failed with `why`; look again after the rate limiter's back-off (AddRateLimited)."""

    why: str


@attrs.frozen
class Exit:
    """Result of a reconcile: the process ends because of `why`, and is started anew at once, as a kubelet does with a static pod."""

    why: str


Reconcile = Generator[Any, Any, "Requeue | Retry | Exit | None"]


class Flight:
    """A suspended reconcile.

    `log` holds the (effect, answer) pairs so far, `asked` what it waits for, `got` the responses that are here, `missing` how many are not.
    """

    __slots__ = ("_digest", "_reply", "asked", "cause", "controller", "got", "key", "live", "log", "missing")

    def __init__(
        self,
        controller: int,
        key: str,
        log: Log[tuple[Any, Any]],
        asked: Request | Parallel,
        digest: int,
        got: tuple[Response | None, ...],
        missing: int,
        cause: int,
        live: Reconcile | None,
        reply: tuple[int, int] | None = None,
    ) -> None:
        self.controller = controller
        self.key = key
        self.log = log
        self.asked = asked
        self._digest = digest
        self._reply = reply  # (part, salt) of the last response, not yet in the digest
        self.got = got
        self.missing = missing
        self.cause = cause
        self.live = live

    def with_reply(self, part: int, response: Response) -> Flight:
        """The flight with one more of its pending requests answered."""
        got = (*self.got[:part], response, *self.got[part + 1 :])
        return Flight(
            self.controller,
            self.key,
            self.log,
            self.asked,
            self.digest,
            got,
            self.missing - 1,
            self.cause,
            self.take_live(),
            (part, salt(response)),
        )

    @property
    def digest(self) -> int:
        """The hash of all that has happened to the reconcile; made when it is needed, because most end with the last response."""
        if self._reply is not None:
            part, number = self._reply
            self._digest, self._reply = mix(mix(self._digest, part), number), None
        return self._digest

    def take_live(self) -> Reconcile | None:
        """The suspended generator itself, if nobody has taken it: a memo of `rebuild` for straight-line runs, used at most once."""
        live, self.live = self.live, None
        return live


def rebuild(generator: Reconcile, flight: Flight) -> Reconcile:
    """The generator brought to where `flight` stands, by feeding it the logged answers.

    Raises UncontrolledNondeterminism if it asks for something else than it did the first time.
    """
    answer: Any = None
    for effect, logged in flight.log:
        again = generator.send(answer)
        if again.token != effect.token:
            raise UncontrolledNondeterminism(
                f"re-running {flight.key!r}: it asked {again.token!r} where it had asked {effect.token!r}. "
                "Common causes: a controller that reads state outside its effects, unsorted iteration."
            )
        answer = logged
    again = generator.send(answer)
    if again.token != flight.asked.token:
        raise UncontrolledNondeterminism(
            f"re-running {flight.key!r}: it asked {again.token!r} where it had asked {flight.asked.token!r}."
        )
    return generator


def salt(response: Response) -> int:
    """A number that tells a response from another one to the same request."""
    return int(response.obj.revision) if response.obj is not None else response.code + (response.revision << 10)


def token(value: Any) -> str:
    """A short text that identifies a remembered value: its `token` if it has one, else its repr."""
    if value is None:
        return ""
    named = getattr(value, "token", None)
    return str(named) if named is not None else repr(value)
