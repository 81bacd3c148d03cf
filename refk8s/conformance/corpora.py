"""Which corpus a folder holds, and its agreement: `functions`, `scheduler`, `api`, or a folder of such folders."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from . import functions
from .cases import ConformanceError, read, vendored
from .report import Report

CORPORA: Final = ("api", "functions", "scheduler")


def run_corpus(folder: Path | None = None) -> Report:
    """The agreement with the cases in `folder` (default: the vendored ones), told apart by their content. Raises ConformanceError."""
    if folder is None:
        return run_corpus(vendored("functions").parent)
    if not folder.exists():
        raise ConformanceError(f"{folder}: no such file or folder; name a folder of recorded cases")
    parts = [folder / name for name in CORPORA if (folder / name).is_dir()] if folder.is_dir() else []
    if parts:
        return Report.joined(run_corpus(part) for part in parts)
    home = folder / "public" if (folder / "public").is_dir() else folder
    if folder.name == "api" or any(home.glob("api-*.json")):
        from . import api

        return api.replay(home)
    from . import scheduler

    cases = [case for family in read(folder).values() for case in family]
    if cases and all(isinstance(case.input, dict) and {"nodes", "pod"} <= set(case.input) for case in cases):
        return scheduler.run(folder)
    return functions.run(folder)


def api_folder(folder: Path | None = None) -> Path:
    """Where the api corpus is: in `folder` or its folders `api` and `public` (default: the vendored one)."""
    base = vendored("api") if folder is None else folder
    for inner in ("api", "public"):
        base = base / inner if (base / inner).is_dir() else base
    return base
