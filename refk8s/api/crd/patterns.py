"""Regular expressions as Go has them (RE2), matched in time linear in the text, so that no pattern and no value can hold up the server.

Source: Go's regexp/syntax (the grammar, and the limit of 1,000 repetitions). A pattern is read into an automaton without an order of preference, which
only asks whether there is a match.

DEVIATES: of `\\p{…}` only the general categories are known, not the scripts, because Python has no table of these;
groups nest 50 deep (upstream: 1,000).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import attrs

__all__ = ["BadPattern", "compiled"]

Test = Callable[[str], bool]
Point = tuple[str, str]  # the characters before and after a position; "" at the ends
_MOST_REPETITIONS: Final = 1000
_MOST_STATES: Final = 20_000
_DEEPEST: Final = 50
_MOST_STEPS: Final = 10_000
_MATCHED: Final = -1
_ESCAPES: Final = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_WORD: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_CLASSES: Final[dict[str, Test]] = {
    "d": lambda c: c in "0123456789",
    "s": lambda c: c in "\t\n\f\r ",
    "w": lambda c: c in _WORD,
}
_POSIX: Final[dict[str, Test]] = {
    "alnum": lambda c: c.isascii() and c.isalnum(),
    "alpha": lambda c: c.isascii() and c.isalpha(),
    "ascii": lambda c: c.isascii(),
    "blank": lambda c: c in "\t ",
    "cntrl": lambda c: c < " " or c == "\x7f",
    "digit": _CLASSES["d"],
    "graph": lambda c: "!" <= c <= "~",
    "lower": lambda c: "a" <= c <= "z",
    "print": lambda c: " " <= c <= "~",
    "punct": lambda c: "!" <= c <= "~" and not c.isalnum(),
    "space": lambda c: c in "\t\n\v\f\r ",
    "upper": lambda c: "A" <= c <= "Z",
    "word": _CLASSES["w"],
    "xdigit": lambda c: c in "0123456789abcdefABCDEF",
}


class BadPattern(ValueError):
    """Text that Go's regexp refuses; says so in Go's words."""


def _bad(code: str, text: str) -> BadPattern:
    return BadPattern(f"error parsing regexp: {code}: `{text}`")


@attrs.define(eq=False)
class _State:
    """One state: it eats a character that passes `test`, or goes on without one where `here` holds."""

    test: Test | None = None
    here: Callable[[str, str], bool] | None = None
    next: list[_State] = attrs.field(factory=list)


@attrs.frozen
class _Part:
    """A piece of the automaton from its first to its last state."""

    first: _State
    last: _State


class Pattern:
    """A pattern that was read; keeps the sets of states that texts led to, so that a long text costs a look-up a character."""

    def __init__(self, part: _Part) -> None:
        self._part = part
        self._forget()

    def _forget(self) -> None:
        self._sets: list[tuple[_State, ...]] = [()]
        self._numbers: dict[tuple[_State, ...], int] = {(): 0}
        self._steps: dict[tuple[int, str, str], int] = {}

    def search(self, text: str) -> bool:
        """Whether the pattern matches anywhere in `text`."""
        at, before = 0, ""
        for after in (*text, ""):
            to = self._steps.get((at, before, after))
            if to is None:
                to = self._step(at, before, after)
            if to == _MATCHED:
                return True
            at, before = to, after
        return False

    def _step(self, at: int, before: str, after: str) -> int:
        """The number of the set of states behind `after`; _MATCHED if the end is reached before it."""
        states = _spread([*self._sets[at], self._part.first], before, after)
        if self._part.last in states:
            return self._steps.setdefault((at, before, after), _MATCHED)
        led = tuple({to: None for state in states if state.test and after and state.test(after) for to in state.next})
        full = len(self._steps) >= _MOST_STEPS
        if full:
            self._forget()
        if led not in self._numbers:
            self._numbers[led] = len(self._sets)
            self._sets.append(led)
        number = self._numbers[led]
        if not full:  # else `at` is the number of a set that was forgotten
            self._steps[at, before, after] = number
        return number


def _spread(states: list[_State], before: str, after: str) -> dict[_State, None]:
    """All states that are reached from `states` without a character."""
    reached: dict[_State, None] = {}
    while states:
        state = states.pop()
        if state in reached:
            continue
        reached[state] = None
        if state.test is None and (state.here is None or state.here(before, after)):
            states.extend(state.next)
    return reached


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Pattern:
    """The pattern, ready to search. Raises BadPattern, with Go's message."""
    reader = _Reader(pattern)
    part = reader.alternatives()
    if reader.at < len(pattern):
        raise _bad("unexpected )", pattern)
    return Pattern(part)


class _Reader:
    """Reads a pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.states = 0
        self.depth = 0
        self.flags = frozenset[str]()

    def state(self, test: Test | None = None, here: Callable[[str, str], bool] | None = None) -> _State:
        self.states += 1
        if self.states > _MOST_STATES:
            raise _bad("expression too large", self.text)
        return _State(test, here)

    def takes(self, text: str) -> bool:
        if not self.text.startswith(text, self.at):
            return False
        self.at += len(text)
        return True

    def one(self, test: Test | None = None, here: Callable[[str, str], bool] | None = None) -> _Part:
        first, last = self.state(test, here), self.state()
        first.next.append(last)
        return _Part(first, last)

    def letter(self, char: str) -> _Part:
        if "i" in self.flags:
            return self.one(lambda c: c == char or c.lower() == char.lower())
        return self.one(lambda c: c == char)

    def alternatives(self) -> _Part:
        branches = [self.sequence()]
        while self.takes("|"):
            branches.append(self.sequence())
        first, last = self.state(), self.state()
        for branch in branches:
            first.next.append(branch.first)
            branch.last.next.append(last)
        return _Part(first, last)

    def sequence(self) -> _Part:
        first = last = self.state()
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            part = self.repeated()
            last.next.append(part.first)
            last = part.last
        return _Part(first, last)

    def repeated(self) -> _Part:
        """An atom and what says how often; it is read again for every copy."""
        start, flags = self.at, self.flags
        if self.text[start] in "*+?":
            raise _bad("missing argument to repetition operator", self.text[start])
        part = self.atom()
        count_from, after = self.at, self.flags
        count = self.count()
        if count is None:
            return part
        stop = self.at
        if self.count() is not None:
            raise _bad("invalid nested repetition operator", self.text[count_from : self.at])

        def copy() -> _Part:
            self.at, self.flags = start, flags
            return self.atom()

        part = self.times(copy, part, *count)
        self.at, self.flags = stop, after
        return part

    def times(self, copy: Callable[[], _Part], part: _Part, least: int, most: int | None) -> _Part:
        first = last = self.state()
        done = self.state()
        total = least if most is None else most
        for number in range(max(total, 1)):
            piece = part if number == 0 else copy()
            if number >= least:
                last.next.append(done)
            if total:
                last.next.append(piece.first)
                if most is None and number == total - 1:
                    piece.last.next.append(piece.first)
                last = piece.last
            elif most is None:  # any number, none too
                last.next.append(piece.first)
                piece.last.next.append(piece.first)
                piece.last.next.append(done)
        last.next.append(done)
        return _Part(first, done)

    def count(self) -> tuple[int, int | None] | None:
        """How often what was read last may come: (least, most), None if nothing says so."""
        start = self.at
        for sign, count in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.takes(sign):
                self.takes("?")
                return count
        end = self.text.find("}", start)
        if not self.takes("{") or end < 0:
            self.at = start
            return None
        low, comma, high = self.text[start + 1 : end].partition(",")
        if not (low.isascii() and low.isdigit()) or (high and not (high.isascii() and high.isdigit())):
            self.at = start
            return None
        self.at = end + 1
        least, most = int(low), int(high) if high else (None if comma else int(low))
        if max(least, most or 0) > _MOST_REPETITIONS or (most is not None and most < least):
            raise _bad("invalid repeat count", self.text[start : self.at])
        self.takes("?")
        return least, most

    def atom(self) -> _Part:
        if self.takes("("):
            return self.group()
        if self.takes("["):
            return self.one(self.bracket())
        if self.takes("."):
            return self.one((lambda c: True) if "s" in self.flags else (lambda c: c != "\n"))
        if self.takes("^"):
            return self.edge("A" if "m" not in self.flags else "^")
        if self.takes("$"):
            return self.edge("z" if "m" not in self.flags else "$")
        if self.takes("\\"):
            return self.escaped()
        self.at += 1
        return self.letter(self.text[self.at - 1])

    def edge(self, kind: str) -> _Part:
        tests: dict[str, Callable[[str, str], bool]] = {
            "A": lambda before, after: not before,
            "z": lambda before, after: not after,
            "^": lambda before, after: before in ("", "\n"),
            "$": lambda before, after: after in ("", "\n"),
            "b": lambda before, after: (before in _WORD) != (after in _WORD),
            "B": lambda before, after: (before in _WORD) == (after in _WORD),
        }
        return self.one(here=tests[kind])

    def group(self) -> _Part:
        outside, start = self.flags, self.at - 1
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _bad("expression nests too deeply", self.text)
        if self.takes("?"):
            if self.takes("P<") or self.takes("<"):
                name, closed, _ = self.text[self.at :].partition(">")
                if not closed or not name or not set(name) <= _WORD:
                    raise _bad("invalid named capture", self.text[start:])
                self.at += len(name) + 1
            elif self.switches(start):
                self.depth -= 1
                return self.one(here=lambda before, after: True)
        part = self.alternatives()
        if not self.takes(")"):
            raise _bad("missing closing )", self.text)
        self.flags = outside
        self.depth -= 1
        return part

    def switches(self, start: int) -> bool:
        """Read flags; whether they are for the rest of the group around them."""
        on = True
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char in "imsU":
                self.flags = self.flags | {char} if on else self.flags - {char}
            elif char == "-" and on:
                on = False
            elif char in ":)":
                return char == ")"
            else:
                break
        raise _bad("invalid or unsupported Perl syntax", self.text[start : self.at])

    def escaped(self) -> _Part:
        kind = self.text[self.at : self.at + 1]
        if kind and kind in "AzbB":
            self.at += 1
            return self.edge(kind)
        if self.takes("Q"):
            quoted, _, _ = self.text[self.at :].partition("\\E")
            self.at = min(len(self.text), self.at + len(quoted) + 2)
            first = last = self.state()
            for char in quoted:
                part = self.letter(char)
                last.next.append(part.first)
                last = part.last
            return _Part(first, last)
        found = self.named()
        return self.one(found) if found else self.letter(self.character())

    def named(self) -> Test | None:
        """A class after a backslash: \\d, \\pL, \\P{Lu}, and so on."""
        kind = self.text[self.at : self.at + 1]
        if kind.lower() in _CLASSES and kind:
            self.at += 1
            test = _CLASSES[kind.lower()]
            return test if kind.islower() else lambda c: not test(c)
        if kind not in ("p", "P"):
            return None
        start = self.at - 1
        self.at += 1
        name = self.text[self.at : self.at + 1]
        self.at += 1
        if name == "{":
            name, _, _ = self.text[self.at :].partition("}")
            self.at += len(name) + 1
        negated = (kind == "P") != name.startswith("^")
        name = name.removeprefix("^")
        if name not in _CATEGORIES:
            raise _bad("invalid character class range", self.text[start : self.at])
        return lambda c: (name == "Any" or unicodedata.category(c).startswith(name)) != negated

    def character(self) -> str:
        """One character after a backslash."""
        start = self.at - 1
        char = self.text[self.at : self.at + 1]
        self.at += 1
        if not char:
            raise BadPattern("error parsing regexp: trailing backslash at end of expression: ``")
        if char in _ESCAPES:
            return _ESCAPES[char]
        if char == "x":
            digits = self.text[self.at : self.at + 2]
            self.at += 2
            if digits.startswith("{"):
                digits, _, _ = self.text[self.at - 1 :].partition("}")
                self.at += len(digits)
            if digits and set(digits) <= set("0123456789abcdefABCDEF") and int(digits, 16) <= 0x10FFFF:
                return chr(int(digits, 16))
        elif char == "0":
            while self.at < start + 4 and self.text[self.at : self.at + 1] in tuple("01234567"):
                self.at += 1
            return chr(int(self.text[start + 1 : self.at], 8))
        elif char.isascii() and not char.isalnum():
            return char
        raise _bad("invalid escape sequence", self.text[start : self.at])

    def bracket(self) -> Test:
        start = self.at - 1
        negated = self.takes("^")
        tests: list[Test] = []
        while self.at < len(self.text) and (not tests or self.text[self.at] != "]"):
            tests.append(self.member(start))
        if not self.takes("]"):
            raise _bad("missing closing ]", self.text[start:])
        if "i" in self.flags:
            return lambda c: any(test(c) or test(c.swapcase()[:1]) for test in tests) != negated
        return lambda c: any(test(c) for test in tests) != negated

    def member(self, start: int) -> Test:
        """A character, range or class between brackets."""
        if self.text.startswith("[:", self.at) and (end := self.text.find(":]", self.at + 2)) >= 0:
            name = self.text[self.at + 2 : end]
            test = _POSIX.get(name.removeprefix("^"))
            if test is None:
                raise _bad("invalid character class range", self.text[self.at : end + 2])
            self.at = end + 2
            return (lambda c: not test(c)) if name.startswith("^") else test
        here = self.at
        if self.takes("\\") and (found := self.named()):
            return found
        self.at = here
        low = high = self.single()
        if self.text.startswith("-", self.at) and self.text[self.at + 1 : self.at + 2] not in ("", "]"):
            self.at += 1
            high = self.single()
            if high < low:
                raise _bad("invalid character class range", self.text[here : self.at])
        return lambda c: low <= c <= high

    def single(self) -> str:
        if self.takes("\\"):
            return self.character()
        self.at += 1
        if self.at > len(self.text):
            raise _bad("missing closing ]", self.text)
        return self.text[self.at - 1]


_CATEGORIES: Final = frozenset(
    {
        *(
            "Any",
            "C",
            "Cc",
            "Cf",
            "Co",
            "Cs",
            "L",
            "Ll",
            "Lm",
            "Lo",
            "Lt",
            "Lu",
            "M",
            "Mc",
            "Me",
            "Mn",
            "N",
            "Nd",
            "Nl",
            "No",
            "P",
            "Pc",
            "Pd",
            "Pe",
        )
    }
    | {*("Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs")}
)
