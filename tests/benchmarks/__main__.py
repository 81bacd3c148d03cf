"""`python -m tests.benchmarks [NAME …] [-o json] [--write]`."""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from .all import BENCHMARKS, figures
from .measure import Figure, Missing, Size, number
from .report import PAGE, write


def main() -> int:
    """Run the benchmarks and print their figures; exit code 1 if a target was missed, 2 for a name that is none or what is not installed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all of them if none is given"
    )
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")
    parser.add_argument(
        "--size", choices=("full", "smoke"), default="full", help="smoke: the smallest run, whose figures mean nothing"
    )
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} (all benchmarks, full size)")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    if options.write and (options.names or options.size != "full"):
        parser.error("--write goes with all benchmarks at full size")
    found: dict[str, list[Figure]] = {}
    for name in options.names or BENCHMARKS:
        print(f"{name}: {BENCHMARKS[name].about}", file=sys.stderr)
        try:
            found[name] = _measured(name, options.size)
        except Missing as missing:
            print(f"error: {name}: {missing}", file=sys.stderr)
            return 2
        if options.output == "text":
            for figure in found[name]:
                print(_line(name, figure), flush=True)
    if options.output == "json":
        print(json.dumps({"version": 1, "benchmarks": [_data(name, f) for name, f in found.items()]}, indent=2))
    if options.write:
        write(found)
    return 1 if any(figure.met is False for figures in found.values() for figure in figures) else 0


def _measured(name: str, size: Size) -> list[Figure]:
    """The figures of a benchmark that runs in a fresh process of its own: what others left in memory and caches is not measured."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
        return fresh.submit(figures, name, size).result()


def _line(name: str, figure: Figure) -> str:
    verdict = {True: "met", False: "MISSED", None: ""}[figure.met]
    value = f"{number(figure.value)} {figure.unit}"
    return f"{name:<11} {figure.name:<58} {value:>14}   {figure.target:<12} {verdict}".rstrip()


def _data(name: str, figures: list[Figure]) -> dict[str, object]:
    rows = [
        {"name": f.name, "value": f.value, "unit": f.unit, "limit": f.limit, "atLeast": f.at_least, "met": f.met}
        for f in figures
    ]
    return {"name": name, "about": BENCHMARKS[name].about, "figures": rows}


if __name__ == "__main__":
    sys.exit(main())
