"""How many faults of each kind may still happen: part of the World, charged by every step that is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from .digest import cell
from .errors import Refk8sError

KINDS: Final = (
    "crash",
    "lost",
    "reject",
    "hold",
    "relist",
    "duplicate",
    "batch",
    "node",
    "partition",
    "clock",
    "compact",
    "exit",
)
"""All kinds of faults, in the order in which they are offered (see specs/faults.md)."""

MOST: Final = 10_000
"""So many faults of a kind are more than any run has room for."""


@attrs.frozen
class FaultBudget:
    """What is left: so many of each kind, and `total` of all kinds together (if not given, their sum). `spent` is how many there were.

    `crash`: a process loses its state; `lost`: a reply; `reject`: a request is refused unseen (429, 500); `hold`: nothing happens to an informer or process
    for a while; `relist`: a watch breaks; `duplicate`: an event comes twice; `batch`: a cache runs ahead of its handlers; `node`: a machine stops;
    `partition`: a process is cut off from an API server; `clock`: time passes while work waits; `compact`: history is compacted; `exit`: something that runs
    on a machine ends by itself.
    """

    crash: int = 0
    lost: int = 0
    reject: int = 0
    hold: int = 0
    relist: int = 0
    duplicate: int = 0
    batch: int = 0
    node: int = 0
    partition: int = 0
    clock: int = 0
    compact: int = 0
    exit: int = 0
    total: int = attrs.Factory(lambda self: sum(getattr(self, kind) for kind in KINDS), takes_self=True)
    spent: int = 0

    @classmethod
    def parse(cls, text: str) -> FaultBudget:
        """A budget from a text: "" or "none", "crash=2,lost=1", "3" (any three in all), "all" (one of each), "all=2". Raises Refk8sError."""
        if text.strip() == "none":
            return NO_FAULTS
        wanted: dict[str, int] = {}
        total = -1
        for part in filter(None, (part.strip() for part in text.split(","))):
            kind, equals, number = part.partition("=")
            if not equals and kind.isascii() and kind.isdecimal():
                kind, number = "", kind
            elif not equals:
                number = "1"
            if not (number.isascii() and number.isdecimal()):
                raise Refk8sError(
                    f"--faults {text}: {part!r}: {number!r} is no number; write KIND=N, for instance crash=2"
                )
            if kind not in ("", "all", *KINDS):
                raise Refk8sError(
                    f"--faults {text}: no kind {kind!r}; there are {', '.join(KINDS)}, all, or a number of any"
                )
            if len(number) > len(str(MOST)) or int(number) > MOST:
                raise Refk8sError(f"--faults {text}: {part!r}: at most {MOST} faults of a kind")
            if not kind:
                if total >= 0:
                    raise Refk8sError(f"--faults {text}: two numbers for all kinds together; give one")
                total = int(number)
            elif kind in wanted:
                raise Refk8sError(f"--faults {text}: {kind} is given twice; give it once")
            else:
                wanted[kind] = int(number)
        every = wanted.pop("all", None)
        if every is not None or (total >= 0 and not wanted):
            wanted = {**dict.fromkeys(KINDS, total if every is None else every), **wanted}
        budget = cls(**wanted)
        budget = attrs.evolve(budget, total=total) if total >= 0 else budget
        return budget if budget.total else NO_FAULTS

    @classmethod
    def of(cls, data: Any) -> FaultBudget:
        """The budget that `data` describes (a trace's header). Raises Refk8sError."""
        if not isinstance(data, Mapping):
            raise Refk8sError(f"faults: {data!r:.40} is no budget; write for instance {{crash: 2, total: 2}}")
        names = {*KINDS, "total", "spent"}
        wrong = [name for name, number in data.items() if name not in names or type(number) is not int or number < 0]
        if wrong:
            raise Refk8sError(f"faults: {wrong[0]!r} is no kind of fault with a number; there are {', '.join(KINDS)}")
        return cls(**data) if data else NO_FAULTS

    def data(self) -> dict[str, int]:
        """The budget as data: {} if there is none."""
        if self == NO_FAULTS:
            return {}
        found = {kind: getattr(self, kind) for kind in KINDS if getattr(self, kind)}
        found["total"] = self.total
        return {**found, "spent": self.spent} if self.spent else found

    def __str__(self) -> str:
        numbers = {getattr(self, kind) for kind in KINDS}
        if len(numbers) == 1:
            (each,) = numbers
            if self.total in (each, each * len(KINDS)):
                return str(each) if self.total == each else f"all={each}"
        found = ",".join(f"{kind}={getattr(self, kind)}" for kind in KINDS if getattr(self, kind))
        return found if self.total == sum(getattr(self, kind) for kind in KINDS) else f"{found},{self.total}"

    def left(self, kind: str) -> int:
        """How many faults of a kind may still happen."""
        number: int = getattr(self, kind)
        return min(number, self.total)

    def charge(self, kind: str) -> FaultBudget:
        """The budget after one fault of a kind; what it has nothing for (a person's own, a driver's little delays) is free."""
        if not self.left(kind):
            return self
        changes: dict[str, int] = {kind: getattr(self, kind) - 1, "total": self.total - 1, "spent": self.spent + 1}
        return attrs.evolve(self, **changes)

    @property
    def cell(self) -> int:
        """Its part of a World's fingerprint; nothing without one."""
        return 0 if self is NO_FAULTS else cell("faults", *(f"{name}={n}" for name, n in sorted(self.data().items())))


NO_FAULTS: Final = FaultBudget()
"""No adversary: the World is left alone."""
