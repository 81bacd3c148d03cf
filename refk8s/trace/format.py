"""The trace format: JSON lines, compressed when the name ends in .gz; version 1.

    header   {"refk8s": "trace", "version": 1, "scenario": {...}, "seed", "driver", "epoch", "gates", "faults", "digest", "kubernetes"}
    step     {"i", "label", "actor", "because", "dev", "keys", "digest"} and for inputs "payload"
    verdict  {"verdict", "steps", "digest"} and "violation" {"id", "step", "finding"} if there is one

`scenario` is the whole scenario as data, so that a trace needs no other file. `because` is the step that enabled this one (-1: none), `dev`
whether it deviates from what the default driver would have done, `keys` the objects that it wrote. Data of Secrets is redacted unless asked for.
Source: ARCHITECTURE §10.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import orjson

from ..core.action import Action, Input
from ..core.delta import Delta
from ..core.digest import text
from ..core.enabled import first, label
from ..core.errors import Refk8sError
from ..core.invariant import Violation
from ..core.model import Model
from ..core.world import World

VERSION: Final = 1
KUBERNETES: Final = "v1.36.2"
REDACTED: Final = "UkVEQUNURUQ="  # base64 of "REDACTED", so that a redacted Secret is still a valid one


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


class Writer:
    """Writes a trace while the run goes on; it is an observer for `refk8s.explore.run.run`. Lines are flushed at the end or every `flush_every` steps."""

    def __init__(
        self, path: Path, model: Model, world: World, header: Mapping[str, Any], *, flush_every: int = 256
    ) -> None:
        self._model = model
        self._flush_every = flush_every
        self._file: io.BufferedIOBase = _create(path)
        self._line(
            {
                "refk8s": "trace",
                "version": VERSION,
                "kubernetes": KUBERNETES,
                **header,
                "epoch": model.epoch_ms,
                "gates": dict(model.gates),
                "digest": text(world.fingerprint),
            }
        )

    def __call__(self, before: World, action: Action, after: World, delta: Delta) -> None:
        """Write one step."""
        line = record(self._model, before, action, after, delta)
        self._line(line)
        if before.index % self._flush_every == 0:
            self._file.flush()

    def close(self, world: World, verdict: str, violation: Violation | None) -> None:
        """Write the verdict and close the file."""
        line: dict[str, Any] = {"verdict": verdict, "steps": world.index, "digest": text(world.fingerprint)}
        if violation is not None:
            line["violation"] = {"id": violation.invariant.id, "step": violation.step, "finding": violation.finding}
        self._line(line)
        self._file.close()

    def _line(self, line: Mapping[str, Any]) -> None:
        self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def record(model: Model, before: World, action: Action, after: World, delta: Delta) -> dict[str, Any]:
    """The line of one step."""
    line: dict[str, Any] = {
        "i": before.index,
        "label": label(model, before, action),
        "actor": actor(before, action),
        "because": delta.cause,
        "dev": action != first(before),
        "keys": [f"{change.resource}/{change.key}" for change in delta.commits],
        "digest": text(after.fingerprint),
    }
    if isinstance(action, Input):
        line["payload"] = redact(action.payload)
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
    if header.get("refk8s") != "trace":
        raise Refk8sError(f"{path}:1: not a refk8s trace; write one with `refk8s run --trace FILE`")
    if header.get("version") != VERSION:
        raise Refk8sError(
            f"{path}:1: trace version {header.get('version')!r}, this refk8s reads {VERSION}; record it again with this version"
        )
    verdict: Mapping[str, Any] = lines[-1] if "verdict" in lines[-1] else {}
    body = lines[1:-1] if verdict else lines[1:]
    return Trace(header, tuple(_step(path, number, line) for number, line in enumerate(body, 2)), verdict)


def _step(path: Path, number: int, line: Mapping[str, Any]) -> Step:
    try:
        return Step(
            line["i"],
            line["label"],
            line["actor"],
            line["because"],
            line["dev"],
            tuple(line["keys"]),
            line["digest"],
            line.get("payload"),
        )
    except KeyError as missing:
        raise Refk8sError(
            f"{path}:{number}: a step without {missing}; the file was edited or is of another version"
        ) from None


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
    except (OSError, EOFError) as error:
        raise Refk8sError(
            f"{path}: {error.strerror if isinstance(error, OSError) and error.strerror else error}"
        ) from None
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            parsed = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            if number == len(lines):  # no newline after it: the writer was killed in the middle of it
                return
            raise Refk8sError(
                f"{path}:{number}: broken line ({error}); mend or cut it, or record the trace again"
            ) from None
        if not isinstance(parsed, dict):
            raise Refk8sError(f"{path}:{number}: a line of a trace is a JSON object")
        yield parsed


def _create(path: Path) -> io.BufferedIOBase:
    try:
        if path.suffix == ".gz":
            return io.BufferedWriter(gzip.GzipFile(path, "wb", mtime=0))
        return path.open("wb")
    except OSError as error:
        raise Refk8sError(f"{path}: cannot be written: {error.strerror}") from None


def redact(value: Any) -> Any:
    """The payload with the data of Secrets replaced."""
    if isinstance(value, list):
        return [redact(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("kind") == "Secret":
        return {
            name: dict.fromkeys(part, REDACTED) if name in ("data", "stringData") and isinstance(part, dict) else part
            for name, part in value.items()
        }
    return {name: redact(part) for name, part in value.items()}
