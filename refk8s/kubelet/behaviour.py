"""What containers do: data of the scenario, or of the pod's annotation `refk8s.dev/behaviour`.

A behaviour is short text or a mapping, both with the same words; README of the format: specs/kubelet.md, *What containers do*.

    exit 1 after 30s; ready after 5s          text; parts are joined by ";"
    {"exit": 1, "after": "30s", "ready": "5s"} the same as a mapping
    exit 1 after 2s then run                  one attempt after the other; the last one repeats
    web: never ready; db: exit 1              for the containers of these names only

Words without a container's name are about main containers and sidecars; init containers must be named (`init-*: exit 1`).
Times are logical ms inside, written as `500ms`, `3s`, `2m`, `1h`, or as a number of seconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final

import attrs

ANNOTATION: Final = "refk8s.dev/behaviour"
NEVER: Final = 1 << 60
"""A time that does not come (ms)."""


class BehaviourError(ValueError):
    """A behaviour that cannot be read; the message says what was found and what is allowed."""


@attrs.frozen
class Attempt:
    """What one run of a container does, ms after its start.

    `exit_ms` and `exit_code`: when it exits by itself (NEVER: it runs on). `ready`, `live` and `started` are the times at which what the three probes find
    turns around: bad before the first, good from there to the second, … (() is never good). `stop_ms` after SIGTERM it exits with `stop_code`, or is
    killed if the grace period is shorter.
    """

    exit_ms: int = NEVER
    exit_code: int = 0
    ready: tuple[int, ...] = (0,)
    live: tuple[int, ...] = (0,)
    started: tuple[int, ...] = (0,)
    stop_ms: int = 500
    stop_code: int = 0


@attrs.frozen
class Behaviour:
    """What a container does from its image's pull on. Durations in ms, sizes in bytes.

    `image`: when its registry gets and loses the image in turn, ms after the pod's start ((0,): it is there; (): it never is).
    """

    image: tuple[int, ...] = (0,)
    pull_ms: int = 500
    start_ms: int = 100
    pre_stop_ms: int = 0
    image_size: int = 50_000_000
    attempts: tuple[Attempt, ...] = (Attempt(),)

    def attempt(self, number: int) -> Attempt:
        """What the run with this number (from 0) does; the last one known repeats."""
        attempts = self.attempts
        return attempts[number] if number < len(attempts) else attempts[-1]

    def has_image(self, after_ms: int) -> bool:
        """Whether the image can be pulled so long after the pod's start."""
        return sum(1 for turn_ms in self.image if turn_ms <= after_ms) % 2 == 1

    def image_changes(self, after_ms: int) -> bool:
        """Whether the registry gets or loses the image later than that."""
        return any(after_ms < turn_ms < NEVER for turn_ms in self.image)

    def is_news(self, number: int) -> bool:
        """Whether this run does something that no earlier one did: then a run of the model waits for it."""
        return number < len(self.attempts)


MAIN: Final = Behaviour()
INIT: Final = Behaviour(attempts=(Attempt(exit_ms=1_000),))
"""The defaults: main containers and sidecars run for ever, init containers exit 0 after a second."""


@attrs.frozen
class Rule:
    """The behaviour of the containers that match: globs on namespace/name (`pods`), container name ("": all but init containers) and image."""

    behaviour: tuple[tuple[str, Any], ...]
    pods: str = "*"
    containers: str = ""
    images: str = "*"

    def matches(self, pod: str, container: str, image: str, *, init: bool) -> bool:
        """Whether the rule is about this container."""
        return (
            fnmatchcase(pod, self.pods)
            and _is_meant(self.containers, container, init=init)
            and fnmatchcase(image, self.images)
        )


@attrs.frozen
class Behaviours:
    """The rules of a scenario, in order; later ones and then the pod's annotation override the earlier ones word by word."""

    rules: tuple[Rule, ...] = ()

    def of(self, pod: str, annotation: str, container: str, image: str, *, init: bool) -> Behaviour:
        """The behaviour of a container of the pod "namespace/name"; `init`: a plain init container. Raises BehaviourError if the annotation is malformed."""
        if not self.rules and not annotation:
            return INIT if init else MAIN
        return _behaviour(self, pod, annotation, container, image, init)


NO_BEHAVIOURS: Final = Behaviours()


def parse_behaviours(data: Any) -> Behaviours:
    """The `behaviours` of a scenario: a list of {pods?, containers?, images?, do}, or nothing. Raises BehaviourError.

    `do` is a behaviour as text or mapping; a name in it goes before the rule's `containers`.
    """
    if data is None:
        return NO_BEHAVIOURS
    if isinstance(data, Behaviours):
        return data
    if not isinstance(data, list):
        raise BehaviourError(f"behaviours: a list of rules is wanted, found {_shown(data)}")
    return Behaviours(tuple(rule for number, item in enumerate(data) for rule in _rules(number, item)))


def check_annotation(annotation: Any) -> None:
    """Raise BehaviourError unless the value of a pod's annotation can be read."""
    if not isinstance(annotation, str):
        raise BehaviourError(f"the annotation is a text, found {_shown(annotation)}")
    for _, words in words_by_container(annotation) if annotation else ():
        _build(dict(words), init=False)


def _rules(number: int, item: Any) -> list[Rule]:
    where = f"behaviours[{number}]"
    if not isinstance(item, Mapping) or "do" not in item:
        raise BehaviourError(f"{where}: a mapping with `do` is wanted, found {_shown(item)}")
    unknown = sorted(set(item) - {"pods", "containers", "images", "do"})
    if unknown:
        raise BehaviourError(f"{where}: unknown field {unknown[0]!r}; known: pods, containers, images, do")
    pods = str(item.get("pods", "*"))
    names = str(item.get("containers", ""))
    found = []
    try:
        for container, words in words_by_container(item["do"]):
            found.append(
                Rule(
                    words,
                    pods if "/" in pods or pods == "*" else f"*/{pods}",
                    container or names,
                    str(item.get("images", "*")),
                )
            )
            _build(dict(words), init=False)
    except BehaviourError as error:
        raise BehaviourError(f"{where}.do: {error}") from None
    return found


@lru_cache(maxsize=4096)
def _behaviour(rules: Behaviours, pod: str, annotation: str, container: str, image: str, init: bool) -> Behaviour:
    merged: dict[str, Any] = {}
    for rule in rules.rules:
        if rule.matches(pod, container, image, init=init):
            merged.update(rule.behaviour)
    if annotation:
        for name, words in words_by_container(annotation):
            if _is_meant(name, container, init=init):
                merged.update(words)
    return _build(merged, init=init)


def _is_meant(glob: str, container: str, *, init: bool) -> bool:
    return fnmatchcase(container, glob) if glob else not init


# ---- reading

Words = tuple[tuple[str, Any], ...]

_DURATION = re.compile(r"(\d+)(?:\.(\d{1,3}))?\s*(ms|s|m|h|)", re.ASCII)
_UNIT_MS: Final = {"ms": 1, "s": 1_000, "": 1_000, "m": 60_000, "h": 3_600_000}
_PREFIX = re.compile(r"\s*([A-Za-z0-9*?.-]+)\s*:(.*)", re.DOTALL)

RUN_WORDS: Final = ("exit", "after", "ready", "unready", "live", "started", "stop", "stop_code")
CONTAINER_WORDS: Final = ("image", "pull", "start", "pre_stop", "image_size", "attempts")


def words_by_container(source: Any) -> list[tuple[str, Words]]:
    """The (container glob, words) pairs of a behaviour given as text, JSON text or mapping. Raises BehaviourError."""
    if isinstance(source, str):
        text = source.strip()
        if not text.startswith("{"):
            return _read_text(text)
        try:
            source = json.loads(text)
        except json.JSONDecodeError as error:
            raise BehaviourError(f"not JSON: {error}") from None
    if not isinstance(source, Mapping):
        raise BehaviourError(f"text or a mapping is wanted, found {_shown(source)}")
    if "containers" in source:
        inner = source["containers"]
        if not isinstance(inner, Mapping) or len(source) > 1:
            raise BehaviourError("`containers` is a mapping of names to behaviours, and stands alone")
        return [(str(name), words) for name, part in inner.items() for _, words in words_by_container(part)]
    return [("", _read_mapping(source))]


def _read_mapping(source: Mapping[str, Any]) -> Words:
    for word in source:
        if word not in RUN_WORDS and word not in CONTAINER_WORDS:
            raise BehaviourError(f"unknown word {word!r}; known: {', '.join(RUN_WORDS + CONTAINER_WORDS)}")
    made = {word: tuple(value) if isinstance(value, list) else value for word, value in source.items()}
    if "attempts" in made:
        attempts = made["attempts"]
        if not isinstance(attempts, Sequence) or isinstance(attempts, str) or not attempts:
            raise BehaviourError("`attempts` is a list of behaviours of one run each")
        made["attempts"] = tuple(_attempt_words(item) for item in attempts)
    return tuple(made.items())


def _attempt_words(item: Any) -> Words:
    if isinstance(item, str):
        parts = words_by_container(item)
        words = parts[0][1] if len(parts) == 1 else ()
    elif isinstance(item, Mapping):
        words = _read_mapping(item)
    else:
        raise BehaviourError(f"an attempt is text or a mapping, found {_shown(item)}")
    for word, _ in words:
        if word not in RUN_WORDS:
            raise BehaviourError(f"{word!r} is not about one run; such words: {', '.join(RUN_WORDS)}")
    return words


def _read_text(text: str) -> list[tuple[str, Words]]:
    found: dict[str, dict[str, Any]] = {}
    container = ""
    for part in text.split(";"):
        named = _PREFIX.fullmatch(part)
        if named:
            container, part = named[1], named[2]
        if not part.strip():
            continue
        words = found.setdefault(container, {})
        runs = part.split(" then ")
        if len(runs) == 1:
            words.update(_read_phrase(part))
        else:
            attempts = []
            for run in runs:
                phrase = _read_phrase(run)
                wrong = sorted(set(phrase) - set(RUN_WORDS))
                if wrong:
                    raise BehaviourError(f"{run.strip()!r} is not about one run of the container")
                attempts.append(tuple(phrase.items()))
            words["attempts"] = tuple(attempts)
    return [(name, tuple(words.items())) for name, words in found.items()]


def _read_phrase(phrase: str) -> dict[str, Any]:
    match phrase.split():
        case ["run"] | ["run", "forever"]:
            return {"exit": "never"}
        case ["exit"]:
            return {"exit": 0}
        case ["exit", code]:
            return {"exit": _integer(code)}
        case ["exit", "after", time]:
            return {"exit": 0, "after": time}
        case ["exit", code, "after", time]:
            return {"exit": _integer(code), "after": time}
        case ["never", ("ready" | "live" | "started") as what]:
            return {what: "never"}
        case [("ready" | "live" | "started") as what, "after", time]:
            return {what: time}
        case ["unready", "after", time]:
            return {"unready": time}
        case ["unhealthy", "after", time]:
            return {"live": (0, time)}
        case ["no", "image"]:
            return {"image": "missing"}
        case ["image", "after", time]:
            return {"image": time}
        case ["no", "image", "after", time]:
            return {"image": (0, time)}
        case ["ignore", "sigterm"]:
            return {"stop": "never"}
        case ["stop", "with", code]:
            return {"stop_code": _integer(code)}
        case [("pull" | "start" | "stop") as what, time]:
            return {what: time}
        case ["pre_stop" | "prestop", time]:
            return {"pre_stop": time}
    raise BehaviourError(
        f"cannot read {phrase.strip()!r}; examples: `exit 1 after 30s`, `run`, `never ready`, `ready after 5s`, `unready after 1m`, "
        "`unhealthy after 20s`, `never started`, `no image`, `image after 30s`, `no image after 1m`, "
        "`pull 3s`, `start 2s`, `stop 20s`, `stop with 143`, `ignore sigterm`"
    )


# ---- building


def _build(words: Mapping[str, Any], *, init: bool) -> Behaviour:
    base = INIT if init else MAIN
    common = {word: value for word, value in words.items() if word in RUN_WORDS}
    attempts = words.get("attempts")
    runs = [{**common, **dict(run)} for run in attempts] if attempts else [common]
    return Behaviour(
        _image(words["image"]) if "image" in words else base.image,
        _ms(words["pull"]) if "pull" in words else base.pull_ms,
        _ms(words["start"]) if "start" in words else base.start_ms,
        _ms(words["pre_stop"]) if "pre_stop" in words else base.pre_stop_ms,
        _integer(words["image_size"]) if "image_size" in words else base.image_size,
        tuple(_attempt(run, base.attempts[0]) for run in runs),
    )


def _image(value: Any) -> tuple[int, ...]:
    return (0,) if value == "exists" else () if value == "missing" else _flips(value)


def _attempt(words: Mapping[str, Any], base: Attempt) -> Attempt:
    exit_ms, exit_code = base.exit_ms, base.exit_code
    if words.get("exit") == "never":
        exit_ms = NEVER
    elif "exit" in words or "after" in words:
        exit_code = _integer(words.get("exit", 0))
        exit_ms = _ms(words.get("after", 0))
    ready = _flips(words.get("ready", (0,)))
    if "unready" in words and ready:
        ready = (ready[0], max(ready[0], _ms(words["unready"])))
    return Attempt(
        exit_ms,
        exit_code,
        ready,
        _flips(words.get("live", (0,))),
        _flips(words.get("started", (0,))),
        _ms(words["stop"]) if "stop" in words else base.stop_ms,
        _integer(words.get("stop_code", base.stop_code)),
    )


def _flips(value: Any) -> tuple[int, ...]:
    if value == "never":
        return ()
    if value == "always":
        return (0,)
    if isinstance(value, list | tuple):
        times = tuple(_ms(item) for item in value)
        if list(times) != sorted(times):
            raise BehaviourError(f"the times {_shown(list(value))} do not ascend")
        return times
    return (_ms(value),)


def _ms(value: Any) -> int:
    """A duration in ms. Numbers are seconds."""
    if isinstance(value, str):
        if value == "never":
            return NEVER
        read = _DURATION.fullmatch(value.strip())
        if read is None:
            raise BehaviourError(f"{value!r} is no duration; examples: 500ms, 3s, 2m, 1h, 1.5s")
        unit = _UNIT_MS[read[3]]
        fraction = read[2] or ""
        return int(read[1]) * unit + (int(fraction.ljust(3, "0")) * unit // 1_000 if fraction else 0)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < NEVER / 1_000:
        return round(value * 1_000)
    raise BehaviourError(f"{_shown(value)} is no duration; examples: 500ms, 3s, 2m, 1h, 1.5s")


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    raise BehaviourError(f"{_shown(value)} is no whole number")


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "…"
