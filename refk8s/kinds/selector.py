"""Label selectors: the text form of `labelSelector` parameters and the LabelSelector object, with one way to match.

Source: staging/src/k8s.io/apimachinery/pkg/labels/selector.go; apis/meta/v1/helpers.go, LabelSelectorAsSelector;
apis/meta/v1/validation/validation.go, ValidateLabelSelector.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

import attrs

from refk8s.kinds.fielderror import FieldError, Named, aggregate, forbidden, invalid, not_supported, quote, required
from refk8s.kinds.labels import Labels, validate_labels
from refk8s.kinds.meta import LabelSelector, LabelSelectorRequirement
from refk8s.kinds.names import label_key, label_value
from refk8s.kinds.numbers import parse_int64

__all__ = [
    "EVERYTHING",
    "NOTHING",
    "Requirement",
    "Selector",
    "SelectorError",
    "from_labels",
    "from_object",
    "parse",
    "validate",
]

_ONE_VALUE = ("=", "==", "!=")
_OPERATORS = ("in", "notin", "=", "==", "!=", "gt", "lt", "exists", "!")
_TEXT = {"=": "=", "==": "==", "!=": "!=", "in": " in ", "notin": " notin ", "gt": ">", "lt": "<"}
_OBJECT_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


class SelectorError(ValueError):
    """A text or object is no selector; the message is upstream's."""


@attrs.frozen
class Requirement:
    """One condition on one label. Operators: in, notin, =, ==, !=, exists, ! (absent), gt, lt."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Labels) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "in" | "=" | "==":
                return value is not None and value in self.values
            case "notin" | "!=":
                return value is None or value not in self.values
            case "exists":
                return value is not None
            case "!":
                return value is None
            case _:
                return value is not None and self._compares(value)

    def _compares(self, value: str) -> bool:
        have, want = parse_int64(value), parse_int64(self.values[0]) if len(self.values) == 1 else None
        if have is None or want is None:
            return False
        return have > want if self.operator == "gt" else have < want

    def __str__(self) -> str:
        if self.operator in ("exists", "!"):
            return self.key if self.operator == "exists" else f"!{self.key}"
        values = ",".join(sorted(self.values))
        return f"{self.key}{_TEXT[self.operator]}" + (f"({values})" if "in" in self.operator else values)


@attrs.frozen
class Selector:
    """The conjunction of its requirements, sorted by key. Without any it matches everything, unless it is NOTHING."""

    requirements: tuple[Requirement, ...] = ()
    selectable: bool = True

    def matches(self, labels: Labels) -> bool:
        for requirement in self.requirements:
            if not requirement.matches(labels):
                return False
        return self.selectable

    def is_empty(self) -> bool:
        """Say whether the selector restricts nothing."""
        return self.selectable and not self.requirements

    def exact_value(self, key: str) -> str | None:
        """Return the one value that the selector demands of a label, None if it demands none."""
        for requirement in self.requirements:
            if requirement.key == key:
                exact = requirement.operator in ("=", "==", "in") and len(requirement.values) == 1
                return requirement.values[0] if exact else None
        return None

    def __str__(self) -> str:
        return ",".join(str(requirement) for requirement in self.requirements)


EVERYTHING = Selector()
NOTHING = Selector(selectable=False)


@lru_cache(maxsize=4_096)
def parse(text: str) -> Selector:
    """Read the text form. Raises SelectorError with upstream's message."""
    return _sorted(_Parser(text).requirements())


def from_labels(labels: Labels) -> Selector:
    """Return the selector that demands exactly these labels, unchecked (everything if there are none)."""
    return _sorted(Requirement(key, "=", (labels[key],)) for key in labels)


def from_object(selector: LabelSelector | None) -> Selector:
    """Return what a LabelSelector selects: None nothing, the empty one everything. Raises SelectorError."""
    if selector is None:
        return NOTHING
    return _from_object(tuple(selector.match_labels.items()), selector.match_expressions)


def validate(selector: LabelSelector | None, field: str) -> list[FieldError]:
    """Return what the API finds wrong with a LabelSelector."""
    if selector is None:
        return []
    errors = validate_labels(selector.match_labels, f"{field}.matchLabels")
    for i, expression in enumerate(selector.match_expressions):
        errors += _validate_expression(expression, f"{field}.matchExpressions[{i}]")
    return errors


def _validate_expression(expression: LabelSelectorRequirement, field: str) -> list[FieldError]:
    errors = []
    if expression.operator in ("In", "NotIn"):
        if not expression.values:
            errors.append(required(f"{field}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif expression.operator in ("Exists", "DoesNotExist"):
        if expression.values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            errors.append(forbidden(f"{field}.values", detail))
    else:
        errors.append(invalid(f"{field}.operator", Named(expression.operator), "not a valid selector operator"))
    errors += [invalid(f"{field}.key", expression.key, message) for message in label_key(expression.key)]
    for i, value in enumerate(expression.values):
        errors += [invalid(f"{field}.values[{i}]", value, message) for message in label_value(value)]
    return errors


@lru_cache(maxsize=4_096)
def _from_object(labels: tuple[tuple[str, str], ...], expressions: tuple[LabelSelectorRequirement, ...]) -> Selector:
    requirements = [_requirement(key, "=", (value,)) for key, value in sorted(labels)]
    for expression in expressions:
        operator = _OBJECT_OPERATORS.get(expression.operator)
        if operator is None:
            raise SelectorError(f"{quote(expression.operator)} is not a valid label selector operator")
        requirements.append(_requirement(expression.key, operator, expression.values))
    return _sorted(requirements)


def _sorted(requirements: Iterable[Requirement]) -> Selector:
    return Selector(tuple(sorted(requirements, key=lambda requirement: requirement.key)))


def _requirement(key: str, operator: str, values: tuple[str, ...]) -> Requirement:
    """Check and build a requirement. Source: selector.go, NewRequirement."""
    errors = []
    if messages := label_key(key):
        errors.append(invalid("key", key, "; ".join(messages)))
    bad_values = list(values) or None
    if operator in ("in", "notin"):
        if not values:
            errors.append(invalid("values", bad_values, "for 'in', 'notin' operators, values set can't be empty"))
    elif operator in _ONE_VALUE:
        if len(values) != 1:
            errors.append(invalid("values", bad_values, "exact-match compatibility requires one single value"))
    elif operator in ("exists", "!"):
        if values:
            errors.append(invalid("values", bad_values, "values set must be empty for exists and does not exist"))
    elif operator in ("gt", "lt"):
        if len(values) != 1:
            detail = "for 'Gt', 'Lt' operators, exactly one value is required"
            errors.append(invalid("values", bad_values, detail))
        for i, value in enumerate(values):
            if parse_int64(value) is None:
                detail = "for 'Gt', 'Lt' operators, the value must be an integer"
                errors.append(invalid(f"values[{i}]", value, detail))
    else:
        errors.append(not_supported("operator", Named(operator), _OPERATORS))
    for i, value in enumerate(values):
        if messages := label_value(value):
            errors.append(invalid(f"values[{i}][{key}]", value, "; ".join(messages)))
    if errors:
        raise SelectorError(aggregate(errors))
    return Requirement(key, operator, values)


_TOKENS = re.compile(r"[ \t\r\n]*(==|!=|[=!(),<>]|[^=!(),<> \t\r\n\0]+)")
_SYMBOLS = ("==", "!=", "=", "!", "(", ")", ",", "<", ">")
_BINARY = {"in": "in", "notin": "notin", "=": "=", "==": "==", "!=": "!=", ">": "gt", "<": "lt"}
_END = ""


class _Parser:
    """Recursive descent over tokens; the end of the text (or a NUL) is the token ""."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        position = 0
        while match := _TOKENS.match(text, position):
            self.tokens.append(match[1])
            position = match.end()
            if text[position : position + 1] == "\0":
                position += 1  # a token swallows the NUL that ends it
        self.tokens.append(_END)
        self.next = 0

    def requirements(self) -> list[Requirement]:
        found: list[Requirement] = []
        while True:
            token = self.peek()
            if token == _END:
                return found
            if not (_is_word(token) or token == "!"):
                raise SelectorError(f"found '{token}', expected: !, identifier, or 'end of string'")
            try:
                found.append(self.requirement())
            except SelectorError as error:
                raise SelectorError(f"unable to parse requirement: {error}") from None
            token = self.take()
            if token == _END:
                return found
            if token != ",":
                raise SelectorError(f"found '{token}', expected: ',' or 'end of string'")
            token = self.peek()
            if not (_is_word(token) or token == "!"):
                raise SelectorError(f"found '{token}', expected: identifier after ','")

    def requirement(self) -> Requirement:
        token = self.take()
        absent = token == "!"
        if absent:
            token = self.take()
        key = _word(token, "found '{}', expected: identifier")
        if messages := label_key(key):
            raise SelectorError(str(invalid("<nil>", key, "; ".join(messages))))
        if absent or self.peek() in (_END, ","):
            return _requirement(key, "!" if absent else "exists", ())
        if (token := self.take()) not in _BINARY:
            raise SelectorError(f"found '{token}', expected: in, notin, =, ==, !=, gt, lt")
        operator = _BINARY[token]
        values = self.value_list() if operator in ("in", "notin") else {self.value()}
        return _requirement(key, operator, tuple(sorted(values)))

    def value(self) -> str:
        if self.peek() in (_END, ","):
            return ""
        return _word(self.take(), "found '{}', expected: identifier")

    def value_list(self) -> set[str]:
        if (token := self.take()) != "(":
            raise SelectorError(f"found '{token}' expected: '('")
        token = self.peek()
        if token == ")":
            self.take()
            return {""}
        if not (_is_word(token) or token == ","):
            raise SelectorError(f"found '{token}', expected: ',', ')' or identifier")
        values: set[str] = set()
        while True:
            token = self.take()
            if _is_word(token):
                values.add(token)
                if self.peek() not in (",", ")"):
                    raise SelectorError(f"found '{self.peek()}', expected: ',' or ')'")
            elif token == ",":
                if not values or self.peek() in (",", ")"):
                    values.add("")
            else:
                raise SelectorError(f"found '{token}', expected: ',', or identifier")
            if self.peek() == ")":
                self.take()
                return values

    def peek(self) -> str:
        return self.tokens[self.next]

    def take(self) -> str:
        self.next += 1
        return self.tokens[self.next - 1]


def _is_word(token: str) -> bool:
    return token != _END and token not in _SYMBOLS


def _word(token: str, otherwise: str) -> str:
    if not _is_word(token):
        raise SelectorError(otherwise.format(token))
    return token
