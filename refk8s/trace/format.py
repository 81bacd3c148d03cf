"""The trace format: JSON lines, compressed when the name ends in .gz; version 1.

    header   {"refk8s": "trace", "version": 1, "kubernetes", "scenario": {...}, "redacted", "seed", "driver", "faults", "epoch", "gates", "digest"}
    step     {"i", "label", "actor", "because", "dev", "keys", "digest"} and for inputs "payload"
    verdict  {"verdict", "steps", "digest"} and "violation" {"id", "step", "finding"} if there is one

`scenario` is the whole scenario as data, so that a trace needs no other file. `because` is the step that enabled this one (-1: none), `dev`
whether it deviates from what the default driver would have done, `keys` the objects that it wrote. The verdict is missing if the writer was killed.
Data of Secrets is redacted unless asked for (redact.py). Source: ARCHITECTURE §10.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import orjson

from ..core.action import Action, Input
from ..core.delta import Delta
from ..core.digest import text
from ..core.enabled import deviates, label
from ..core.errors import Refk8sError
from ..core.invariant import Violation
from ..core.model import Model
from ..core.world import World

VERSION: Final = 1
KUBERNETES: Final = "v1.36.2"
NO_TRACE: Final = "not a refk8s trace; write one with `refk8s run --trace FILE`"
NAMES: Final = (".jsonl", ".jsonl.gz")
"""What the name of a trace ends in."""


@attrs.frozen
class Step:
    """One line of a trace."""

    i: int
    label: str
    actor: str
    because: int
    dev: bool
    keys: tuple[str, ...]
    digest: str
    payload: Any = None


@attrs.frozen(eq=False)
class Trace:
    """A whole trace: `header` and `verdict` as data (`verdict` is {} for a run that was cut off)."""

    header: Mapping[str, Any]
    steps: tuple[Step, ...]
    verdict: Mapping[str, Any]


def is_trace(name: str) -> bool:
    """Whether a file is a trace by its name."""
    return name.endswith(NAMES)


class Writer:
    """Writes a trace while the run goes on; it is an observer for `refk8s.explore.run.run`. Lines are flushed at the end or every `flush_every` steps.

    What an Input carries is written as it is: who makes Inputs redacts them first (a trace that differs from its run would not replay).
    """

    def __init__(
        self, path: Path, model: Model, world: World, header: Mapping[str, Any], *, flush_every: int = 256
    ) -> None:
        if not is_trace(path.name):
            raise Refk8sError(f"{path}: a trace's name ends in .jsonl, or .jsonl.gz to be compressed")
        self._model = model
        self._last = world
        self._flush_every = flush_every
        self._file: io.BufferedIOBase = _create(path)
        self._line(header_line(model, world, header))

    def __call__(self, before: World, action: Action, after: World, delta: Delta, *, dev: bool | None = None) -> None:
        """Write one step. `dev` says whether it deviates from normal, where steps have been left out (None: as it looks)."""
        line = record(self._model, before, action, after, delta)
        if dev is not None:
            line["dev"] = dev
        self._line(line)
        self._last = after
        if before.index % self._flush_every == 0:
            self._file.flush()

    def close(self, verdict: str, violation: Violation | Mapping[str, Any] | None = None) -> None:
        """Write the verdict (with the violation, itself or as data) and close the file."""
        self._line(verdict_line(self._last, verdict, violation))
        self._file.close()

    def _line(self, line: Mapping[str, Any]) -> None:
        self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def header_line(model: Model, world: World, header: Mapping[str, Any]) -> dict[str, Any]:
    """The first line of a trace that begins with `world`."""
    return {
        "refk8s": "trace",
        "version": VERSION,
        "kubernetes": KUBERNETES,
        **header,
        "epoch": model.epoch_ms,
        "gates": dict(model.gates),
        "digest": text(world.fingerprint),
    }


def verdict_line(world: World, verdict: str, violation: Violation | Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The last line of a trace that ends with `world`."""
    line: dict[str, Any] = {"verdict": verdict, "steps": world.index, "digest": text(world.fingerprint)}
    if isinstance(violation, Mapping):
        line["violation"] = violation
    elif violation is not None:
        line["violation"] = {"id": violation.invariant.id, "step": violation.step, "finding": violation.finding}
    return line


def record(model: Model, before: World, action: Action, after: World, delta: Delta) -> dict[str, Any]:
    """The line of one step."""
    line: dict[str, Any] = {
        "i": before.index,
        "label": label(model, before, action),
        "actor": actor(before, action),
        "because": max(delta.cause, -1),
        "dev": deviates(before, action),
        "keys": [f"{change.resource}/{change.key}" for change in delta.commits],
        "digest": text(after.fingerprint),
    }
    if isinstance(action, Input):
        line["payload"] = action.payload
    return line


def actor(world: World, action: Action) -> str:
    """The name of the process that acts ("clock", "input")."""
    if isinstance(action, Input):
        return "input"
    p = getattr(action, "p", None)
    if p is None:
        iid = getattr(action, "iid", None)
        if iid is None:
            return "clock"
        p = world.informers[iid][0] if iid >= 0 else -iid - 1
    return world.pids[int(p)]


def read(path: Path) -> Trace:
    """Read a trace. Raises Refk8sError, naming the line, for anything that is not a whole trace of this version; a torn last line counts as cut off."""
    lines = list(_lines(path))
    if not lines:
        raise Refk8sError(
            f"{path}: empty; a trace begins with a header line (write one with `refk8s run --trace FILE`)"
        )
    header = lines[0]
    check_header(path, header)
    verdict: Mapping[str, Any] = lines[-1] if "verdict" in lines[-1] else {}
    body = lines[1:-1] if verdict else lines[1:]
    steps = tuple(step_of(path, number, line) for number, line in enumerate(body, 2))
    if verdict:
        _check(path, len(lines), verdict, VERDICT)
        if "violation" in verdict or verdict["verdict"] == "failed":
            _check(path, len(lines), verdict, {"violation": dict})
            _check(path, len(lines), verdict["violation"], VIOLATION)
        if verdict["steps"] != len(steps):
            raise Refk8sError(
                f"{path}:{len(lines)}: the verdict is about {verdict['steps']} steps, the trace has {len(steps)}; lines are missing, record it again"
            )
    return Trace(header, steps, verdict)


# What a line must have, with its type.
HEADER: Final = {"scenario": dict, "epoch": int, "gates": dict, "digest": str}
STEP: Final = {"i": int, "label": str, "actor": str, "because": int, "dev": bool, "keys": list, "digest": str}
VERDICT: Final = {"verdict": str, "steps": int, "digest": str}
VIOLATION: Final = {"id": str, "step": int, "finding": str}


def _check(path: Path, number: int, line: Mapping[str, Any], wanted: Mapping[str, type[Any]]) -> None:
    for name, kind in wanted.items():
        if not isinstance(line.get(name), kind):
            what = "header" if number == 1 else "step" if wanted is STEP else "verdict"
            problem = (
                f"a {what} without {name!r}" if name not in line else f"{name!r} of the {what} is {line[name]!r:.40}"
            )
            raise Refk8sError(f"{path}:{number}: {problem}; the file was edited or is of another version")


def check_header(path: Path, header: Mapping[str, Any]) -> None:
    """Raise Refk8sError for a first line that is not that of a trace of this version."""
    if header.get("refk8s") != "trace":
        raise Refk8sError(f"{path}:1: {NO_TRACE}")
    if header.get("version") != VERSION:
        raise Refk8sError(
            f"{path}:1: trace version {header.get('version')!r}, this refk8s reads {VERSION}; record it again with this version"
        )
    if header.get("kubernetes", KUBERNETES) != KUBERNETES:
        raise Refk8sError(
            f"{path}:1: a trace of Kubernetes {header['kubernetes']!s:.40}, this refk8s models {KUBERNETES}; record it again with this version"
        )
    _check(path, 1, header, HEADER)


def step_of(path: Path, number: int, line: Mapping[str, Any]) -> Step:
    """The step that line `number` of a trace describes. Raises Refk8sError."""
    _check(path, number, line, STEP)
    if line["i"] != number - 2:
        raise Refk8sError(
            f"{path}:{number}: step {line['i']} stands where step {number - 2} should; lines are missing or moved"
        )
    known = {name: line[name] for name in STEP}
    return Step(**{**known, "keys": tuple(line["keys"])}, payload=line.get("payload"))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    lines = _data(path).split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            parsed = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            if number == 1:
                raise Refk8sError(f"{path}:1: {NO_TRACE}") from None
            if number == len(lines):  # no newline after it: the writer was killed in the middle of it
                return
            raise Refk8sError(
                f"{path}:{number}: broken line ({error}); mend or cut it, or record the trace again"
            ) from None
        if not isinstance(parsed, dict):
            raise Refk8sError(f"{path}:{number}: a line of a trace is a JSON object")
        yield parsed


def _data(path: Path) -> bytes:
    """The text of a trace, as much of it as is there if a compressed one was cut off."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Refk8sError(f"{path}: {error.strerror}") from None
    if path.suffix != ".gz":
        return data
    unpacked, rest = b"", data
    try:
        while rest:  # a file may be several compressed parts one after the other
            stream = zlib.decompressobj(wbits=31)
            unpacked += stream.decompress(rest)
            rest = stream.unused_data
    except zlib.error as error:
        raise Refk8sError(f"{path}: not compressed as its name says: {error}") from None
    return unpacked


def writable_trace(path: Path) -> None:
    """Raise Refk8sError if no trace can be written there: before long work, so that what it finds is not lost. Leaves nothing behind."""
    if not is_trace(path.name):
        raise Refk8sError(f"{path}: a trace's name ends in .jsonl, or .jsonl.gz to be compressed")
    new = not path.exists()
    try:
        path.open("ab").close()
        if new:
            path.unlink()
    except OSError as error:
        raise Refk8sError(f"{path}: cannot be written: {error.strerror}") from None


def _create(path: Path) -> io.BufferedIOBase:
    try:
        if path.suffix == ".gz":
            return gzip.GzipFile(path, "wb", mtime=0)
        return path.open("wb")
    except OSError as error:
        raise Refk8sError(f"{path}: cannot be written: {error.strerror}") from None
