"""Whether something can be written where it is to go: asked before long work, so that what it finds is not lost."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..core.errors import Refk8sError


def writable_folder(folder: Path) -> None:
    """Raise Refk8sError if no file can be made in a folder, which need not be there yet. Leaves nothing behind."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        raise Refk8sError(f"{folder}: cannot be made: {place} is a file; name another folder")
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise Refk8sError(f"{folder}: cannot be written: {error.strerror}; name another folder") from None
