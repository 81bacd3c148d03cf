from typing import Any

import pytest

from refk8s.kinds.affinity import NodeSelector, PreferredSchedulingTerm
from refk8s.kinds.codec import view
from refk8s.kinds.nodeselector import (
    ANY_NODE,
    matches_terms,
    preferred_terms,
    required_nodes,
    score_terms,
    selected_nodes,
)
from refk8s.kinds.pod import Pod

LABELS = {"zone": "a", "gen": "3", "empty": "", "big": "9223372036854775808"}


def selects(*terms: dict[str, Any]) -> bool:
    return matches_terms(selected_nodes(view(NodeSelector, {"nodeSelectorTerms": list(terms)})), "n1", LABELS)


def label(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def name(operator: str, *values: str) -> dict[str, Any]:
    return {"matchFields": [{"key": "metadata.name", "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("term", "matches"),
    [
        (label("zone", "In", "b", "a"), True),
        (label("zone", "NotIn", "b"), True),
        (label("zone", "NotIn", "a"), False),
        (label("none", "NotIn", "a"), True),
        (label("zone", "Exists"), True),
        (label("none", "DoesNotExist"), True),
        (label("gen", "Gt", "2"), True),
        (label("gen", "Gt", "3"), False),
        (label("gen", "Lt", "4"), True),
        (label("zone", "Gt", "2"), False),
        (label("big", "Gt", "2"), False),
        (label("empty", "In", ""), True),
        (name("In", "n1"), True),
        (name("In", "n2"), False),
        (name("NotIn", "n2"), True),
        ({**label("zone", "In", "a"), **name("In", "n2")}, False),
        ({**label("zone", "In", "b"), **name("In", "n1")}, False),
        ({}, False),
    ],
)
def test_a_term_is_the_conjunction_of_its_requirements(term: dict[str, Any], matches: bool) -> None:
    assert selects(term) is matches


@pytest.mark.parametrize(
    "term",
    [
        label("zone", "In"),
        label("zone", "Exists", "a"),
        label("gen", "Gt", "1", "2"),
        label("gen", "Gt", "-1"),
        label("gen", "Gt", "9223372036854775808"),
        label("zone", "Like", "a"),
        label("not a key", "DoesNotExist"),
        label("zone", "NotIn", "not a value"),
        name("In", "n1", "n2"),
        name("Exists"),
    ],
)
def test_a_malformed_term_matches_no_node_and_harms_no_other(term: dict[str, Any]) -> None:
    assert not selects(term)
    assert selects(term, label("zone", "Exists"))


def test_without_terms_nothing_is_selected() -> None:
    assert not selects()


def test_weights_of_matching_terms_add_up() -> None:
    terms = [
        {"weight": 5, "preference": label("zone", "In", "a")},
        {"weight": 7, "preference": name("In", "n1")},
        {"weight": 11, "preference": label("zone", "In", "b")},
        {"weight": 13, "preference": {}},
        {"weight": 0, "preference": label("zone", "Exists")},
    ]
    compiled = preferred_terms(tuple(view(PreferredSchedulingTerm, term) for term in terms))
    assert [weight for weight, _ in compiled] == [5, 7, 11]
    assert score_terms(compiled, "n1", LABELS) == 12


def required(**spec: Any) -> Any:
    return required_nodes(view(Pod, {"metadata": {}, "spec": spec}))


def test_a_pod_needs_its_node_selector_and_its_required_affinity() -> None:
    terms = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [label("gen", "Gt", "2")]}}
    both = required(nodeSelector={"zone": "a"}, affinity={"nodeAffinity": terms})
    assert both.matches("n", LABELS)
    assert not both.matches("n", {"zone": "a"})
    assert not both.matches("n", {"gen": "3"})
    assert required(nodeSelector={"zone": "a"}).matches("n", LABELS)
    assert required() is ANY_NODE
    assert required(affinity={"nodeAffinity": {}}) is ANY_NODE
