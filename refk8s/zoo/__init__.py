"""The bug zoo: real control-plane bugs and classic mistakes, one small file each. `MUTANTS` holds them all, by id."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from .mutant import Mutant

NOT_MUTANTS: Final = ("hunt", "mutant", "scenes")
"""The modules that are not about one mutant."""


def _load() -> tuple[Mutant, ...]:
    names = sorted(module.name for module in iter_modules(__path__))
    return tuple(import_module(f".{name}", __name__).MUTANT for name in names if name not in NOT_MUTANTS)


MUTANTS: Final[tuple[Mutant, ...]] = _load()
