"""Data into classes: what does not fit is named with its place."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import attrs
import pytest

from refk8s.scenarios.structure import Misfit, shown, structure
from refk8s.users.forms import Amount, Duration, Form


def _even(value: int) -> None:
    if value % 2:
        raise ValueError(f"{value} is odd")


@attrs.frozen
class Leaf:
    name: str
    even_number: Annotated[int, Form("even", _even, {})] = 0
    amount: Amount = "1"
    mode: Literal["fast", "slow"] = "slow"


@attrs.frozen
class Tree:
    leaves: list[Leaf] = attrs.Factory(list)
    by_name: dict[str, Leaf] = attrs.Factory(dict)
    anything: Any = None
    wait: Duration | None = None
    either: str | dict[str, Any] = ""


def test_keys_are_camel_case_and_defaults_fill_in() -> None:
    tree = structure({"leaves": [{"name": "a", "evenNumber": 4}], "byName": {"b": {"name": "b", "mode": "fast"}}}, Tree)
    assert tree == Tree([Leaf("a", 4)], {"b": Leaf("b", mode="fast")})


def test_null_means_absent_where_there_is_a_default() -> None:
    assert structure({"leaves": None, "wait": None}, Tree) == Tree()


def test_numbers_are_quantities_and_nothing_else_is_converted() -> None:
    assert structure({"name": "a", "amount": 4}, Leaf).amount == "4"
    with pytest.raises(Misfit, match="name: expected text, got 5; put it in quotes"):
        structure({"name": 5}, Leaf)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            {"leafs": []},
            "leafs: unknown field (did you mean leaves?); known are anything, byName, either, leaves, wait",
        ),
        ({"leaves": [{"name": "a"}, {}]}, "leaves[1]: name is missing"),
        ({"leaves": {"name": "a"}}, "leaves: expected a list, got {'name': 'a'}"),
        ({"leaves": [5]}, "leaves[0]: expected a map with name, evenNumber, amount, mode, got 5"),
        ({"byName": {"b": {"name": "b", "evenNumber": 3}}}, "byName.b.evenNumber: 3 is odd"),
        (
            {"byName": {"b": {"name": "b", "evenNumber": True}}},
            "byName.b.evenNumber: expected a whole number, got True",
        ),
        ({"leaves": [{"name": "a", "mode": "medium"}]}, "leaves[0].mode: expected one of 'fast', 'slow', got 'medium'"),
        ({"wait": "3"}, "wait: '3' is no duration such as 500ms, 3s, 2m or 1h"),
        ({"wait": 3}, "wait: expected text, got 3; put it in quotes"),
        ({"either": 3}, "either: expected text or a map, got 3"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(data: dict[str, Any], said: str) -> None:
    with pytest.raises(Misfit) as raised:
        structure(data, Tree)
    assert str(raised.value) == said


def test_paths_are_written_as_people_do() -> None:
    assert shown(("spec", "users", "ann", 1, "scale")) == "spec.users.ann[1].scale"
