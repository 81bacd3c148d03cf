"""Checks the line numbers under *Sources* of the spec pages: python -m tests.tools.check_sources /path/to/kubernetes-1.36.2

A page writes `path/to/file.go:123` someName, and `:456` Other for a further line of the same file. A name with a capital has to stand in that
line of a file whose path ends so (pages shorten the beginnings of paths); otherwise something has to.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.tools.build_specs import pages

REFERENCE: Final = re.compile(r"`(?P<path>[\w./-]+)?:(?P<line>\d+)`\s*(?P<name>\w*)")
ALIAS: Final = re.compile(r"`(?P<short>\w+)` (?:stands )?for `(?P<path>[\w./-]+\.go)`")
FILE: Final = re.compile(r"`(?P<path>[\w./-]+\.go)(?=[:`])")


def references(text: str) -> Iterator[tuple[str, int, str]]:
    """(path, line, name) of every reference of a page; the name is "" where none follows."""
    aliases = {match["short"]: match["path"] for match in ALIAS.finditer(text)}
    path = ""
    for match in re.finditer(f"{REFERENCE.pattern}|{FILE.pattern.replace('path', 'bare')}", text):
        path = match["path"] or match["bare"] or path
        if match["line"]:
            yield aliases.get(path, path), int(match["line"]), match["name"]


def wrong(reference: tuple[str, int, str], files: dict[str, list[Path]]) -> str:
    """What is wrong with a reference, "" if it holds."""
    path, line, name = reference
    parts = path.split("/")
    candidates = files.get(parts[-1], [])
    ends = [[each for each in candidates if each.parts[-n:] == tuple(parts[-n:])] for n in range(len(parts), 0, -1)]
    found = next((each for each in ends if each), [])
    if not found:
        return f"{path}: no such file"
    shown = []
    for candidate in found:
        lines = candidate.read_text().split("\n")
        shown.append(lines[line - 1].strip() if line <= len(lines) else "(past the end)")
        if name and re.search(rf"\b{re.escape(name)}\b", shown[-1]):
            return ""
    is_there = any(each not in ("", "(past the end)") for each in shown)
    return "" if is_there and name == name.lower() else f"{path}:{line} {name}: {shown[0]}"


def main(root: Path) -> int:
    """Print every reference that does not hold; how many there are."""
    files: dict[str, list[Path]] = {}
    for top in ("pkg", "staging/src/k8s.io", "plugin", "cmd", "vendor"):
        for path in (root / top).rglob("*.go"):
            files.setdefault(path.name, []).append(path)
    count = 0
    for page in pages():
        for reference in references(page.read_text()):
            complaint = wrong(reference, files)
            count += bool(complaint)
            if complaint:
                print(f"{page.name}: {complaint}")
    return count


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1])) else 0)
