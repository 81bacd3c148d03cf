"""Label keys join the selectors when a pod is created."""

from typing import Any

from refk8s.kinds.mergekeys import merge_label_keys

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def pod(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": "web", "v": "1"}}, "spec": spec}


def term(**fields: Any) -> dict[str, Any]:
    return {"topologyKey": "zone", **fields}


def test_keys_become_expressions_in_their_order() -> None:
    selector = {"matchExpressions": [{"key": "x", "operator": "Exists"}]}
    keyed = term(labelSelector=selector, matchLabelKeys=["v", "none"], mismatchLabelKeys=["app"])
    document = pod(affinity={"podAntiAffinity": {PREFERRED: [{"weight": 1, "podAffinityTerm": keyed}]}})
    merged = merge_label_keys(document)
    (weighted,) = merged["spec"]["affinity"]["podAntiAffinity"][PREFERRED]
    assert weighted["podAffinityTerm"]["labelSelector"]["matchExpressions"] == [
        {"key": "x", "operator": "Exists"},
        {"key": "v", "operator": "In", "values": ["1"]},
        {"key": "app", "operator": "NotIn", "values": ["web"]},
    ]
    assert selector == {"matchExpressions": [{"key": "x", "operator": "Exists"}]}


def test_a_term_without_a_selector_keeps_matching_nothing() -> None:
    document = pod(affinity={"podAffinity": {REQUIRED: [term(matchLabelKeys=["v"])]}})
    assert merge_label_keys(document) is document


def test_topology_spread_takes_matching_keys_only() -> None:
    constraint = term(labelSelector={}, matchLabelKeys=["v"], mismatchLabelKeys=["app"])
    (merged,) = merge_label_keys(pod(topologySpreadConstraints=[constraint]))["spec"]["topologySpreadConstraints"]
    assert merged["labelSelector"] == {"matchExpressions": [{"key": "v", "operator": "In", "values": ["1"]}]}


def test_a_pod_without_such_keys_is_returned_as_it_is() -> None:
    for document in (pod(), pod(affinity={"nodeAffinity": {}}), {"spec": {}}, {}):
        assert merge_label_keys(document) is document
