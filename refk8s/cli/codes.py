"""The exit codes (STYLE 12), and beside them those that a shell expects of a process that a signal ended."""

from __future__ import annotations

from typing import Final

HELD: Final = 0
VIOLATED: Final = 1
USAGE: Final = 2
DIVERGED: Final = 3
INCONCLUSIVE: Final = 4
INTERNAL: Final = 70
INTERRUPTED: Final = 130
READER_GONE: Final = 141
