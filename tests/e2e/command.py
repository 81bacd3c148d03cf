"""The command line as a user meets it: in this process (fast), or as a process of its own where signals, pipes or start-up matter."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import attrs

from refk8s.cli.app import main

BINARY = str(Path(sys.executable).parent / "refk8s")


@attrs.frozen
class Result:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines on stdout."""
        return self.out.splitlines()


def refk8s(*words: str | Path, stdin: str = "") -> Result:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    argv = ["refk8s", *map(str, words)]
    with (
        mock.patch.object(sys, "argv", argv),
        mock.patch.object(sys, "stdin", io.StringIO(stdin)),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    return Result(code, out.getvalue(), err.getvalue())


def environment(**more: str) -> dict[str, str]:
    """A plain environment for processes: no terminal, no colours asked for."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "COLUMNS": "100", **more}


def process(*words: str | Path, stdin: str = "", cwd: Path | None = None, **variables: str) -> Result:
    """Run a command as a process of its own."""
    done = subprocess.run(
        [BINARY, *map(str, words)],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment(**variables),
        timeout=120,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)
