"""Which objects a list or watch shows: label and field selectors as predicates on documents.

Source: apiserver/pkg/storage/selection_predicate.go; pkg/apis/*/v1/conversion.go (which field labels a kind has).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ..kinds import fieldselector, selector
from .registry import Resource
from .status import Rejected, bad_request, go_quote
from .store import Document

_NO_LABELS: dict[str, str] = {}


def predicate(row: Resource, labels: str, fields: str) -> Callable[[Document], bool]:
    """Whether a document of the resource is selected. Rejects with 400 what is no selector, or names an unknown field."""
    wanted = _labels(labels)
    terms = _fields(row, fields)

    def matches(document: Document) -> bool:
        if labels and not wanted.matches(document["metadata"].get("labels") or _NO_LABELS):
            return False
        return all((text_at(document, path) == value) != negated for path, value, negated in terms)

    return matches


def _labels(text: str) -> selector.Selector:
    try:
        return selector.parse(text)
    except selector.SelectorError as error:
        raise Rejected(bad_request(str(error))) from None


@lru_cache(maxsize=1024)
def _fields(row_: Any, text: str) -> tuple[tuple[str, str, bool], ...]:
    row: Resource = row_
    try:
        parsed = fieldselector.parse(text)
    except selector.SelectorError as error:
        raise Rejected(bad_request(str(error))) from None
    found = []
    for term in parsed.terms:
        path = field_path(row, term.field)
        if path is None:
            raise Rejected(bad_request(unknown_field(row, term.field)))
        found.append((path, term.value, term.negated))
    return tuple(found)


_ALWAYS = {"metadata.name": "metadata.name", "metadata.namespace": "metadata.namespace"}


def field_path(row: Resource, label: str) -> str | None:
    """The path of the field that a field label names ("" for one that no object has), None if the kind does not know it."""
    return (_ALWAYS if row.fields is None else row.fields).get(label)


def unknown_field(row: Resource, label: str) -> str:
    """What upstream says of a field label that the kind does not know. Source: runtime/scheme.go, DefaultMetaV1FieldSelectorConversion."""
    if row.kind == "Job":
        return f"field label {go_quote(label)} not supported for Job"
    if row.fields is not None:
        return f"field label not supported: {label}"
    return f'{go_quote(label)} is not a known field selector: only "metadata.name", "metadata.namespace"'


def text_at(document: Document, path: str) -> str:
    """The field at a dotted path as field selectors see it, "" if absent."""
    value: Any = document
    for part in path.split("."):
        if not isinstance(value, dict):
            return ""
        value = value.get(part)
    if value is None:
        return _ABSENT.get(path, "")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


_ABSENT = {
    "spec.unschedulable": "false",
    "spec.hostNetwork": "false",
    "status.succeeded": "0",
    "status.replicas": "0",
}
"""How fields that are left out when they are zero are written."""
