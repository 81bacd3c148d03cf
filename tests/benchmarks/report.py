"""specs/PERFORMANCE.md, written by `python -m tests.benchmarks --write`."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from .measure import BENCHMARKS, Figure, number

PAGE = Path(__file__).parents[2] / "specs" / "PERFORMANCE.md"

_HEAD = """# Performance

Written by `python -m tests.benchmarks --write`; do not edit by hand. `make bench` runs all of it, `python -m tests.benchmarks NAME` one part.
CPU seconds of one process (`time.process_time`; of commands, user and system time), medians of several runs; both sides of a ratio were measured in the
same run, in turns; each part in a process of its own. Times depend on the machine, ratios hardly.

Machine: {machine}.
"""


def write(found: Mapping[str, list[Figure]]) -> None:
    """Write the page."""
    PAGE.write_text(page(found))


def page(found: Mapping[str, list[Figure]]) -> str:
    """The page as Markdown."""
    parts = [_HEAD.format(machine=_machine())]
    rows = [(name, figure) for name, figures in found.items() for figure in figures if figure.limit is not None]
    parts.append("| figure | target | measured | | command |\n|---|---|---|---|---|")
    parts += [
        f"| {f.name} | {f.target} | {number(f.value)} {f.unit} | {'met' if f.met else '**missed**'} | `python -m tests.benchmarks {name}` |"
        for name, f in rows
    ]
    parts.append("\n## What is counted\n")
    for name, figures in found.items():
        rest = "; ".join(f"{f.name}: {number(f.value)} {f.unit}".rstrip() for f in figures if f.limit is None)
        parts.append(f"- **{name}**: {BENCHMARKS[name].about}" + (f" Besides: {rest}." if rest else ""))
    return "\n".join(parts) + "\n"


def _machine() -> str:
    return f"{_processor()}, {os.cpu_count()} cores, {platform.system()}, {platform.python_implementation()} {platform.python_version()}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()
