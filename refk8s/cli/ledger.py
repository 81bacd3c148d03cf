"""The ledger of a campaign: a SQLite file of the chunks that are done, so that it goes on where it was interrupted, and counts nothing twice.

A chunk is written in one transaction with its failures. Write-ahead logging: what was committed survives a killed process.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ..core.errors import Refk8sError

VERSION: Final = 1
_TABLES: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE chunks (
    scenario TEXT NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL, result TEXT NOT NULL, PRIMARY KEY (scenario, lo)
);
"""


class Ledger:
    """An open ledger. `about` is what the campaign is about; a ledger that is about something else is refused. Raises Refk8sError."""

    def __init__(self, path: Path, about: Mapping[str, str]) -> None:
        self.path = path
        try:
            self._db = sqlite3.connect(path, timeout=1, isolation_level=None)
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("BEGIN EXCLUSIVE")
            if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                self._make(about)
            else:
                self._check(about)
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise Refk8sError(f"{path}: {_why(str(error))}") from None
        except sqlite3.DatabaseError as error:
            raise Refk8sError(f"{path}: no ledger of refk8s ({error}); give another file") from None

    def _make(self, about: Mapping[str, str]) -> None:
        for statement in _TABLES.split(";"):
            self._db.execute(statement)
        rows = {"ledger": str(VERSION), **about}
        self._db.executemany("INSERT INTO meta VALUES (?, ?)", rows.items())

    def _check(self, about: Mapping[str, str]) -> None:
        try:
            found = dict(self._db.execute("SELECT key, value FROM meta").fetchall())
        except sqlite3.OperationalError:
            raise Refk8sError(f"{self.path}: a database, but no ledger of refk8s; give another file") from None
        for key, wanted in {"ledger": str(VERSION), **about}.items():
            if found.get(key) != wanted:
                raise Refk8sError(
                    f"{self.path}: this ledger is of another {_NAMES.get(key, key)} ({_differing(found.get(key), wanted)});"
                    f" {ANEW}"
                )

    def done(self, scenario: str) -> list[tuple[int, int]]:
        """The intervals [lo, hi) of seeds that are done, ascending."""
        with self._blaming():
            return self._db.execute("SELECT lo, hi FROM chunks WHERE scenario = ? ORDER BY lo", (scenario,)).fetchall()

    def results(self, scenario: str) -> list[dict[str, Any]]:
        """What the chunks gave, in the order of their seeds."""
        with self._blaming():
            rows = self._db.execute("SELECT lo, hi, result FROM chunks WHERE scenario = ? ORDER BY lo", (scenario,))
            return [self._result(*row) for row in rows]

    def _result(self, lo: int, hi: int, text: str) -> dict[str, Any]:
        try:
            found = json.loads(text)
        except (ValueError, TypeError):
            found = None
        if not isinstance(found, dict):
            raise Refk8sError(f"{self.path}: what seeds {lo} to {hi - 1} gave cannot be read; {ANEW}")
        return found

    @contextmanager
    def _blaming(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise Refk8sError(f"{self.path}: {_why(str(error))}") from None

    def add(self, scenario: str, lo: int, hi: int, result: Mapping[str, Any]) -> None:
        """Write down a chunk that is done. Raises Refk8sError if some of its seeds are done already."""
        with self._blaming():
            self._add(scenario, lo, hi, result)

    def _add(self, scenario: str, lo: int, hi: int, result: Mapping[str, Any]) -> None:
        overlap = "SELECT count(*) FROM chunks WHERE scenario = ? AND lo < ? AND hi > ?"
        self._db.execute("BEGIN IMMEDIATE")
        if self._db.execute(overlap, (scenario, hi, lo)).fetchone()[0]:
            self._db.execute("ROLLBACK")
            raise Refk8sError(f"{self.path}: seeds {lo} to {hi - 1} of {scenario} are in it already")
        self._db.execute("INSERT INTO chunks VALUES (?, ?, ?, ?)", (scenario, lo, hi, json.dumps(result)))
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()


ANEW: Final = "give another file with --ledger, or delete this one to begin anew"
_NAMES: Final = {"ledger": "version of the ledger's format", "refk8s": "version of refk8s"}


def _differing(was: str | None, now: str) -> str:
    """What was and what is; of lists of the same length the first items that differ."""
    was = was or "none"
    before, after = was.split(", "), now.split(", ")
    if len(before) == len(after):
        was, now = next((b, a) for b, a in zip(before, after, strict=True) if b != a)
    return f"{_short(was)}, now {_short(now)}"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:12]}…"


def _why(error: str) -> str:
    if "locked" in error:
        return "in use by another campaign; wait for it, or give another file with --ledger"
    if "unable to open" in error:
        return "cannot be opened or made; is there such a folder, and may it be written?"
    if "full" in error:
        return "the disk is full; what was done until then is in it, and the same command goes on from there"
    return f"cannot be used ({error}); {ANEW}"
