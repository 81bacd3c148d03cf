"""Reads recorded cases: a folder, nested or flat, or one file; plain, compressed, or an archive of such files.

Every file holds `{"family": F, "cases": [{"name": N, "input": …, "expected": …}, …]}`.
"""

import gzip
import io
import json
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

import refk8s
from refk8s.core.errors import Refk8sError

__all__ = ["Case", "ConformanceError", "files", "read", "vendored"]

_JSON = (".json", ".json.gz", ".json.xz")
_ARCHIVES = (".tar.xz", ".tar.gz", ".tgz", ".tar")
_SHAPE = 'every file must be {"family": …, "cases": [{"name": …, "input": …, "expected": …}, …]}'


class ConformanceError(Refk8sError):
    """The recorded cases cannot be read; the text names the file and how to mend it.

    Common causes: a mistyped folder, an interrupted download, a file of another corpus.
    """


@attrs.frozen
class Case:
    """One recorded case: what was asked and what the real Kubernetes answered."""

    name: str
    input: Any
    expected: Any


def vendored(corpus: str) -> Path:
    """Return the folder of the cases that come with the source tree. Raises ConformanceError if it is not there."""
    folder = Path(refk8s.__file__).resolve().parent.parent / "tests" / "conformance" / "data" / corpus
    if not folder.is_dir():
        raise ConformanceError(
            f"no recorded cases in {folder}: they come with a checkout of refk8s, not with the installed package; "
            "name a folder of cases (refk8s conformance DIR)"
        )
    return folder


def read(path: Path) -> dict[str, list[Case]]:
    """Return the cases by family, both in the order of the files' names. Raises ConformanceError."""
    families: dict[str, list[Case]] = {}
    for name, text in files(path):
        family, cases = _parse(name, text)
        families.setdefault(family, []).extend(cases)
    if not families:
        listed = ", ".join((*_JSON, *_ARCHIVES))
        raise ConformanceError(f"{path}: no case files in it; expected files named *{listed}")
    return dict(sorted(families.items()))


def files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each case file in a folder, a file or an archive. Raises ConformanceError."""
    if path.is_file():
        yield from _contents(path)
    elif path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and file.name.endswith((*_JSON, *_ARCHIVES)):
                yield from _contents(file)
    else:
        raise ConformanceError(f"{path}: no such file or folder; name a folder of recorded cases")


def _contents(file: Path) -> Iterator[tuple[str, bytes]]:
    try:
        raw = file.read_bytes()
        if file.name.endswith(_ARCHIVES):
            with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
                for member in sorted(archive.getmembers(), key=lambda m: m.name):
                    if member.isfile() and member.name.endswith(_JSON):
                        inner = archive.extractfile(member)
                        if inner is not None:
                            yield f"{file}:{member.name}", _decompress(member.name, inner.read())
        else:
            yield str(file), _decompress(file.name, raw)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError) as error:
        raise ConformanceError(f"{file}: cannot be read ({error}); copy it again") from None


def _decompress(name: str, raw: bytes) -> bytes:
    if name.endswith(".gz"):
        return gzip.decompress(raw)
    if name.endswith(".xz"):
        return lzma.decompress(raw)
    return raw


def _parse(file: str, text: bytes) -> tuple[str, list[Case]]:
    try:
        content = json.loads(text)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConformanceError(f"{file}: no valid JSON ({error}); copy it again or mend it") from None
    family = content.get("family") if isinstance(content, dict) else None
    cases = content.get("cases") if isinstance(content, dict) else None
    if not isinstance(family, str) or not isinstance(cases, list):
        raise ConformanceError(f'{file}: "family" or "cases" is missing; {_SHAPE}')
    for i, case in enumerate(cases):
        if (
            not isinstance(case, dict)
            or not isinstance(case.get("name"), str)
            or not {"input", "expected"} <= set(case)
        ):
            raise ConformanceError(f"{file}: case {i + 1} lacks a name, an input or an expectation; {_SHAPE}")
    return family, [Case(case["name"], case["input"], case["expected"]) for case in cases]
