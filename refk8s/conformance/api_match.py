"""Comparison of an answer with a recorded one: exact, but for the placeholders that the corpus puts in place of what every run invents.

The rules are those of the corpus' README: a numbered token stands for one value throughout a scenario, revisions keep their order, uids and generated
suffixes differ from each other, timestamps are compared by form, or (`<ts+N>`) with the time of the request.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from ..core.clock import unix_ms

__all__ = ["Symbols", "compare"]

_TOKEN = re.compile(r"<(uid|rv|lrv|gen|cont|ip|port):(\d+)>|<(ts|tsm|age|num|dur|any)>|<ts\+(\d+)>")
_DURATION = r"(?:\d+[smhdy])+"
_FORMS = {
    "uid": r"[0-9A-Za-z][0-9A-Za-z-]*",
    "rv": r"\d+",
    "lrv": r"\d+",
    "gen": r"[bcdfghjklmnpqrstvwxz2456789]{5}",
    "cont": r"\S+",
    "ip": r"\d+\.\d+\.\d+\.\d+",
    "port": r"\d+",
    "ts": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "tsm": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
    "age": _DURATION + "|<invalid>|<unknown>",
    "num": r"\d+",
    "dur": _DURATION,
    "any": r".*",
}
_TOLERANCE_S = 6


class Symbols:
    """What the numbered tokens of one scenario have stood for so far. `run` replaces `{u}`."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.values: dict[tuple[str, int], str] = {}
        self.newest = 0
        self.now_ms = 0
        self.unresolved: list[str] = []

    def fill(self, text: str) -> str:
        """A request's text with the values learned so far; names of tokens never met go to `unresolved`."""

        def value(match: re.Match[str]) -> str:
            if match[1] is None:
                return match[0]
            known = self.values.get((match[1], int(match[2])))
            if known is None:
                self.unresolved.append(match[0])
                return "1" if match[1] in ("rv", "lrv") else "unresolved"
            return known

        return _TOKEN.sub(value, text.replace("{u}", self.run))

    def learn(self, kind: str, number: int, value: str, lists: str) -> str:
        """Take `value` for a token; what is wrong with that, or "". `lists` says how list revisions compare: exact, any, growing."""
        old = self.values.get((kind, number))
        self.values[(kind, number)] = value
        others = [(n, known) for (k, n), known in self.values.items() if k == kind and n != number]
        if kind in ("uid", "gen"):
            if old is not None:
                return "" if old == value else f"{kind}:{number} was {old}, is {value}"
            return f"{kind}:{number} is not new" if any(known == value for _, known in others) else ""
        if kind == "rv":
            return self._learn_revision(number, old, int(value), others)
        if kind == "lrv":
            if (
                old is not None
                and old != value
                and (lists == "exact" or (lists == "growing" and int(value) < int(old)))
            ):
                return f"list revision was {old}, is {value}"
            if old is None and lists == "growing" and int(value) < self.newest:
                return f"list revision {value} is below {self.newest}"
        return ""

    def _learn_revision(self, number: int, old: str | None, value: int, others: list[tuple[int, str]]) -> str:
        self.newest = max(self.newest, value)
        if old is not None:
            return "" if int(old) == value else f"rv:{number} was {old}, is {value}"
        wrong = [n for n, known in others if (n < number) != (int(known) < value) or int(known) == value]
        return f"rv:{number}={value} is out of order with rv:{wrong[0]}" if wrong else ""


def compare(want: Any, got: Any, symbols: Symbols, lists: str = "growing", path: str = "") -> list[str]:
    """The differences, one line each, "" paths first; none if the answers agree."""
    if isinstance(want, str):
        if want == "<any>" and isinstance(got, int):
            return []
        if not isinstance(got, str):
            return [f"{path}: want {want!r}, got {got!r}"]
        return _compare_text(want, got, symbols, lists, path)
    if isinstance(want, dict):
        return _compare_objects(want, got, symbols, lists, path)
    if isinstance(want, list):
        return _compare_lists(want, got, symbols, lists, path)
    same = type(want) is type(got) and want == got
    return [] if same else [f"{path}: want {want!r}, got {got!r}"]


def _compare_objects(want: dict[str, Any], got: Any, symbols: Symbols, lists: str, path: str) -> list[str]:
    if not isinstance(got, dict):
        return [f"{path}: want an object, got {_short(got)}"]
    found: list[str] = []
    for key, value in want.items():
        if key in got:
            found += compare(value, got[key], symbols, lists, f"{path}.{key}")
        else:
            found.append(f"{path}.{key}: missing, want {_short(value)}")
    return found + [f"{path}.{key}: extra, got {_short(got[key])}" for key in got if key not in want]


def _compare_lists(want: list[Any], got: Any, symbols: Symbols, lists: str, path: str) -> list[str]:
    if not isinstance(got, list):
        return [f"{path}: want a list, got {_short(got)}"]
    if path == ".details.causes" and all(_is_conflict(entry) for entry in want + got):
        want, got = (sorted(side, key=lambda entry: (entry.get("message"), entry.get("field"))) for side in (want, got))
    found = [] if len(want) == len(got) else [f"{path}: want {len(want)} items, got {len(got)}"]
    for index, (one, other) in enumerate(zip(want, got, strict=False)):
        found += compare(one, other, symbols, lists, f"{path}[{index}]")
    return found


def _is_conflict(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("reason") == "FieldManagerConflict"


def _compare_text(want: str, got: str, symbols: Symbols, lists: str, path: str) -> list[str]:
    want = want.replace("{u}", symbols.run)
    if "<" not in want:
        return [] if want == got else [f"{path}: want {want!r}, got {got!r}"]
    pattern, tokens = _pattern(want)
    match = pattern.fullmatch(got)
    if match is None:
        return [f"{path}: want {want!r}, got {got!r}"]
    found = []
    for (kind, number), value in zip(tokens, match.groups(), strict=True):
        if kind == "ts+":
            away_s = (unix_ms(value) - symbols.now_ms) // 1000 - number
            wrong = f"{away_s:+d} s off" if abs(away_s) > _TOLERANCE_S else ""
        else:
            wrong = symbols.learn(kind, number, value, lists) if number >= 0 else ""
        if wrong:
            found.append(f"{path}: {wrong}")
    return found


@lru_cache(maxsize=4096)
def _pattern(want: str) -> tuple[re.Pattern[str], tuple[tuple[str, int], ...]]:
    """The pattern of a text with tokens, and (kind, number) of each; -1 where tokens of the kind have no number."""
    text, position, tokens = "", 0, []
    for match in _TOKEN.finditer(want):
        text += re.escape(want[position : match.start()])
        position = match.end()
        if match[1]:
            tokens.append((match[1], int(match[2])))
            text += f"({_FORMS[match[1]]})"
        elif match[3]:
            tokens.append((match[3], -1))
            text += f"({_FORMS[match[3]]})"
        else:
            tokens.append(("ts+", int(match[4])))
            text += f"({_FORMS['ts']})"
    return re.compile(text + re.escape(want[position:]), re.DOTALL), tuple(tokens)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."
