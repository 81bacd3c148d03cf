"""Lists that annotations hold as JSON."""

from __future__ import annotations

import pytest

from refk8s.api.validate.annotated import TAINT, TOLERATION, annotated_list

FIELD = "Go struct field Toleration."
PROBLEMS: list[tuple[str, str]] = [
    ("{", "unexpected end of JSON input"),
    ("{}", "json: cannot unmarshal object into Go value of type []core.Toleration"),
    ("[1]", "json: cannot unmarshal number into Go value of type core.Toleration"),
    ('[{"key":1,"value":2}]', f"json: cannot unmarshal number into {FIELD}Key of type string"),
    ('[{"effect":[]}]', f"json: cannot unmarshal array into {FIELD}Effect of type core.TaintEffect"),
    ('[{"tolerationSeconds":1.5}]', f"json: cannot unmarshal number 1.5 into {FIELD}TolerationSeconds of type int64"),
]


@pytest.mark.parametrize(("text", "problem"), PROBLEMS)
def test_problem(text: str, problem: str) -> None:
    assert annotated_list(text, "Toleration", TOLERATION)[1] == problem


def test_names_of_fields_are_compared_without_case() -> None:
    entries, problem = annotated_list('[{"KEY":"a","Operator":"Exists","other":1}, null]', "Toleration", TOLERATION)
    assert (entries, problem) == ([{"key": "a", "operator": "Exists"}, {}], "")
    assert annotated_list("null", "Toleration", TOLERATION) == ([], "")


def test_time_that_cannot_be_read_stops_the_reading() -> None:
    _, problem = annotated_list('[{"key":1},{"timeAdded":"x"}]', "Taint", TAINT)
    assert problem == 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'
