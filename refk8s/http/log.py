"""The log of a living cluster: a trace, written ahead of every answer, so that what was acknowledged outlives a killed process.

A folder of `--data` holds the log and a lock. `resume` replays the log to the World it ends with: a torn last line was never acknowledged and is cut
off; a torn line before it is an error that names it.
"""

from __future__ import annotations

import fcntl
import gzip
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

import orjson

from ..core.action import Action, Input
from ..core.delta import Delta
from ..core.digest import text
from ..core.enabled import find, first
from ..core.errors import Refk8sError, ReplayDivergence
from ..core.invariant import Violation
from ..core.model import Model
from ..core.step import step
from ..core.world import World
from ..explore.cluster import build
from ..scenarios.format import Scenario, from_data
from ..trace.format import check_header, header_line, is_trace, record, step_of, verdict_line

LOG_NAME: Final = "log.trace.jsonl"
_LOCK_NAME: Final = "lock"


class LogBroken(Refk8sError):
    """The log cannot be written any more, so nothing can be acknowledged."""


class TraceLog:
    """Writes steps to files, each a trace, which messages call `name`; `broken` says why it cannot any more.

    `commit` hands to the operating system, with `fsync` to the disk, what was written before it.
    """

    def __init__(self, model: Model, files: list[IO[bytes]], name: str = "", *, fsync: bool = False) -> None:
        self._model = model
        self._name = name
        self._files = files
        self._fsync = fsync
        self._lines: list[bytes] = []
        self.broken = ""

    def __call__(self, before: World, action: Action, after: World, delta: Delta, violation: Violation | None) -> None:
        """Write one step, with the alarm that it raised."""
        line = record(self._model, before, action, after, delta)
        if violation is not None:
            line["alarm"] = {"id": violation.invariant.id, "finding": violation.finding}
        self._lines.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def commit(self) -> None:
        """Make all that was written outlive this process. Raises LogBroken, and from then on always: what follows half a line would be lost."""
        if self.broken:
            raise LogBroken(self.broken)
        if not self._lines:
            return
        data = b"".join(self._lines)
        self._lines = []
        try:
            for file in self._files:
                write_all(file, data)
                if self._fsync:
                    os.fsync(file.fileno())
        except OSError as error:
            self.broken = f"{self._name}: cannot be written: {error.strerror}; the last request was not acknowledged"
            raise LogBroken(self.broken) from None

    def close(self) -> None:
        """Close the files."""
        if not self.broken:
            self.commit()
        for file in self._files:
            file.close()


def write_all(file: IO[bytes], data: bytes) -> None:
    """Hand all of `data` to the operating system; files of ours have no buffer. Raises OSError."""
    done = file.write(data)
    while done < len(data):
        done += file.write(data[done:])
    file.flush()


def begin(path: Path, model: Model, world: World, scenario: Scenario, driver: str) -> IO[bytes]:
    """A new trace at `path` with its first line. Nobody else may read it: what clients send, Secrets too, is in it as it is. Raises Refk8sError."""
    if not is_trace(path.name):
        raise Refk8sError(f"{path}: a trace's name ends in .jsonl, or .jsonl.gz to be compressed")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise Refk8sError(f"{path}: cannot be written: {error.strerror}") from None
    plain: IO[bytes] = os.fdopen(descriptor, "wb", buffering=0)
    file: IO[bytes] = gzip.GzipFile(fileobj=plain, mode="wb", mtime=0) if path.suffix == ".gz" else plain  # type: ignore[assignment]  # a GzipFile is no IO[bytes] by name
    header = {"scenario": scenario.data, "redacted": False, "seed": None, "driver": driver, "faults": {}}
    write_all(file, orjson.dumps(header_line(model, world, header), option=orjson.OPT_APPEND_NEWLINE))
    return file


def end(file: IO[bytes], world: World, verdict: str) -> None:
    """Write the last line of a trace that is not resumed."""
    write_all(file, orjson.dumps(verdict_line(world, verdict), option=orjson.OPT_APPEND_NEWLINE))


# ---- the folder of --data


class DataFolder:
    """A folder that one process at a time may use. Raises Refk8sError if another one has it."""

    def __init__(self, path: Path) -> None:
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = (path / _LOCK_NAME).open("a+b")
        except OSError as error:
            raise Refk8sError(f"{path}: cannot be used for --data: {error.strerror}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refk8sError(
                f"{path}: in use by another refk8s serve; stop it, or take another folder for --data"
            ) from None
        self.log = path / LOG_NAME

    def append(self) -> IO[bytes]:
        """The log, to be continued."""
        return self.log.open("ab", buffering=0)


def cut_torn_end(path: Path) -> int:
    """Cut off what follows the last whole line of a log; how many bytes that were."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        keep = size
        while keep:
            start = max(0, keep - 65_536)
            file.seek(start)
            found = file.read(keep - start).rfind(b"\n")
            if found >= 0:
                keep = start + found + 1
                break
            keep = start
        file.truncate(keep)
    return size - keep


def scenario_in(path: Path) -> Scenario:
    """The scenario with which a log begins. Raises Refk8sError."""
    for _, line in _lines(path):
        check_header(path, line)
        return from_data(line["scenario"])
    raise Refk8sError(f"{path}: empty; remove it to begin anew")


def resume(path: Path, tell: Callable[[int], None] = lambda steps: None) -> tuple[Model, World]:
    """The model, and the World at the end of a log; `tell` hears now and then how many steps are done.

    Each step's digest is compared. Raises Refk8sError for a line that is none, ReplayDivergence for one that leads elsewhere now; both name the line.
    """
    lines = _lines(path)
    header = next(lines, None)
    if header is None:
        raise Refk8sError(f"{path}: empty; remove it to begin anew")
    check_header(path, header[1])
    model, world = build(from_data(header[1]["scenario"]).cluster)
    _compare(path, 1, world, header[1]["digest"])
    for number, line in lines:
        wanted = step_of(path, number, line)
        if wanted.payload is not None:
            action: Action | None = Input(wanted.payload)
        elif wanted.dev:
            action = find(model, world, wanted.label)
        else:
            action = first(world)
        if action is None:
            raise ReplayDivergence(f"{path}:{number}: {wanted.label!r} is not enabled any more")
        world, _ = step(model, world, action)
        _compare(path, number, world, wanted.digest)
        if number % 5_000 == 0:
            tell(number)
    return model, world


def _compare(path: Path, number: int, world: World, wanted: str) -> None:
    if text(world.fingerprint) != wanted:
        raise ReplayDivergence(
            f"{path}:{number}: leads to digest {text(world.fingerprint)} now, recorded was {wanted}. "
            "Common causes: a log of another version of refk8s, or one that was edited"
        )


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                parsed = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise Refk8sError(
                    f"{path}:{number}: broken line ({error}); what follows it was acknowledged. Mend the line, or cut the log there to lose the rest"
                ) from None
            if not isinstance(parsed, dict):
                raise Refk8sError(f"{path}:{number}: a line of a log is a JSON object")
            yield number, parsed
