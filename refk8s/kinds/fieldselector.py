"""Field selectors (`metadata.name=x,status.phase!=Failed`).

Source: staging/src/k8s.io/apimachinery/pkg/fields/selector.go.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

import attrs

from refk8s.kinds.selector import SelectorError

__all__ = ["FieldSelector", "FieldTerm", "parse"]


@attrs.frozen
class FieldTerm:
    """One condition: a field equals a value, or does not. An absent field counts as ""."""

    field: str
    value: str
    negated: bool

    def matches(self, fields: Mapping[str, str]) -> bool:
        return (fields.get(self.field, "") == self.value) != self.negated

    def __str__(self) -> str:
        escaped = re.sub(r"([\\,=])", r"\\\1", self.value)
        return f"{self.field}{'!=' if self.negated else '='}{escaped}"


@attrs.frozen
class FieldSelector:
    """The conjunction of its terms, sorted by their text; without any it matches everything."""

    terms: tuple[FieldTerm, ...] = ()

    def matches(self, fields: Mapping[str, str]) -> bool:
        return all(term.matches(fields) for term in self.terms)

    def exact_value(self, field: str) -> str | None:
        """Return the value that the selector demands of a field, None if it demands none."""
        return next((term.value for term in self.terms if term.field == field and not term.negated), None)

    def __str__(self) -> str:
        return ",".join(str(term) for term in self.terms)


@lru_cache(maxsize=4_096)
def parse(text: str) -> FieldSelector:
    """Read a field selector. Raises SelectorError with upstream's message; which fields exist is the API's to say."""
    terms = []
    for part in sorted(_split(text)):
        if not part:
            continue
        match = re.search("!=|==|=", part)
        if match is None:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{part}'")
        term = FieldTerm(part[: match.start()], _unescape(part[match.end() :]), match[0] == "!=")
        if term.field or term.value:
            terms.append(term)
    return FieldSelector(tuple(terms))


def _split(text: str) -> list[str]:
    """Split at commas that no backslash escapes."""
    parts, start, escaped = [], 0, False
    for i, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == ",":
            parts.append(text[start:i])
            start = i + 1
    return [*parts, text[start:]]


def _unescape(value: str) -> str:
    plain, escaped = [], False
    for char in value:
        if escaped and char not in "\\,=":
            raise SelectorError(f"invalid field selector: invalid escape sequence: \\{char}")
        if not escaped and char in ",=":
            raise SelectorError(f"invalid field selector: unescaped character in value: {ord(char)}")
        if char == "\\" and not escaped:
            escaped = True
            continue
        plain.append(char)
        escaped = False
    if escaped:
        raise SelectorError("invalid field selector: invalid escape sequence: \\")
    return "".join(plain)
