"""The forms of values: what the check refuses, the schema refuses too, as far as a pattern can say it."""

from __future__ import annotations

from typing import Any, get_args

import jsonschema
import pytest

from refk8s.users.forms import (
    Amount,
    Duration,
    FieldPath,
    LabelSelector,
    Natural,
    ObjectName,
    Positive,
    ResourceName,
    Time,
    UserName,
)

CASES: list[tuple[Any, list[Any], list[Any]]] = [
    (Duration, ["500ms", "3s", "2m", "1h", "0s"], ["3", "3 s", "-1s", "1.5s", "", "s"]),
    (UserName, ["ann", "a-1", "x" * 63], ["Ann", "a b", "", "-a", "a/b", "x" * 64]),
    (ObjectName, ["node-1", "a.b"], ["Node", "a_b", ""]),
    (Natural, [0, 7], [-1]),
    (Positive, [1], [0, -1]),
]
BY_CHECK_ALONE: list[tuple[Any, list[Any], list[Any]]] = [
    (ResourceName, ["pods", "Pod", "po", "deployment"], ["widgets", ""]),
    (Amount, ["4", "500m", "8Gi", "1e3"], ["much", "-1", "4 Gi"]),
    (LabelSelector, ["app=web", "a in (b,c),!d", ""], ["a in b", "=,="]),
    (FieldPath, ["status.phase", "spec"], ["", ".a", "a..b"]),
    (Time, ["2026-01-01T00:00:00Z"], ["yesterday", "2026-01-01"]),
]


def accepts(form: Any, value: Any) -> bool:
    try:
        form.check(value)
    except ValueError as error:
        return not str(error)  # a refusal says why
    return True


@pytest.mark.parametrize(("kind", "good", "bad"), CASES + BY_CHECK_ALONE)
def test_forms_accept_and_refuse(kind: Any, good: list[Any], bad: list[Any]) -> None:
    _, form = get_args(kind)
    assert [value for value in good if not accepts(form, value)] == []
    assert [value for value in bad if accepts(form, value)] == []


@pytest.mark.parametrize(("kind", "good", "bad"), CASES)
def test_the_schema_of_a_form_agrees_with_its_check(kind: Any, good: list[Any], bad: list[Any]) -> None:
    inner, form = get_args(kind)
    validator = jsonschema.Draft202012Validator({"type": "string" if inner is str else "integer", **form.schema})
    assert [value for value in good if not validator.is_valid(value)] == []
    assert [value for value in bad if validator.is_valid(value)] == []
