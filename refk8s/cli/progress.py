"""Progress of long work on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any, Final

from .output import note

EVERY_S: Final = 15.0


class Progress:
    """Seeds done, seeds per second, failures so far. A context; what it gives is called with what was done since."""

    def __init__(self, total: int, what: str = "seeds") -> None:
        self._total = total
        self._what = what
        self._done = self._failures = 0
        self._began = self._told = time.monotonic()
        self._bar: Any = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, TextColumn("{task.fields[extra]}"), console=Console(stderr=True))
            self._task = self._bar.add_task(what, total=total, extra="")

    def __call__(self, done: int, failures: int = 0) -> None:
        """So much more is done, with so many more failures."""
        self._done += done
        self._failures += failures
        if self._bar is not None:
            self._bar.update(self._task, advance=done, extra=self._extra())
        elif time.monotonic() - self._told > EVERY_S:
            self._told = time.monotonic()
            note(f"{self._done} of {self._total} {self._what}, {self._extra()}")

    def _extra(self) -> str:
        took_s = time.monotonic() - self._began
        return f"{self._done / took_s if took_s else 0:.1f} {self._what}/s, {self._failures} failed"

    def __enter__(self) -> Progress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar is not None:
            self._bar.stop()
