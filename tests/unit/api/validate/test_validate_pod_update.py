"""Pods: what may change, and how a refused change is shown."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.default import default
from refk8s.api.strategy import prepare_create, prepare_ephemeral_containers_update, prepare_update
from refk8s.api.validate import validate_ephemeral_containers_update, validate_update

Doc = dict[str, Any]

C: Doc = {"name": "c", "image": "x"}
ALLOWED = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
IMMUTABLE = f"spec: Forbidden: {ALLOWED}"
TOLERATION: Doc = {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}
GATES: Doc = {"schedulingGates": [{"name": "a.b"}]}


def stored(meta: Doc | None = None, **spec: Any) -> Doc:
    metadata = {"name": "p", "namespace": "ns", "resourceVersion": "1", "uid": "u", **(meta or {})}
    doc = default("Pod", {"metadata": metadata, "spec": {"containers": [C], **spec}})
    return prepare_create("Pod", doc)


def errors_of(old: Doc, new: Doc) -> list[str]:
    return [str(error) for error in validate_update("Pod", prepare_update("Pod", new, old), old)]


def of_specs(old: Doc, new: Doc) -> list[str]:
    return errors_of(stored(**old), stored(**new))


def first_lines(errors: list[str]) -> list[str]:
    return [error.split("\n")[0] for error in errors]


def test_unchanged_pod_is_valid() -> None:
    assert of_specs({}, {}) == []


ACCEPTED: list[tuple[Doc, Doc]] = [
    ({}, {"containers": [{**C, "image": "y"}]}),
    ({"initContainers": [{"name": "i", "image": "x"}]}, {"initContainers": [{"name": "i", "image": "y"}]}),
    ({}, {"activeDeadlineSeconds": 5}),
    ({"activeDeadlineSeconds": 5}, {"activeDeadlineSeconds": 4}),
    ({}, {"tolerations": [TOLERATION]}),
    ({"tolerations": [TOLERATION]}, {"tolerations": [{**TOLERATION, "tolerationSeconds": 9}]}),
    (GATES, {}),
    (GATES, {**GATES, "nodeSelector": {"a": "b"}}),
    ({**GATES, "nodeSelector": {"a": "b"}}, {**GATES, "nodeSelector": {"a": "b", "c": "d"}}),
]


@pytest.mark.parametrize(("old", "new"), ACCEPTED)
def test_accepted_change(old: Doc, new: Doc) -> None:
    assert of_specs(old, new) == []


def test_respelled_quantity_is_no_change() -> None:
    small = {"containers": [{**C, "resources": {"limits": {"memory": "1Gi"}}}]}
    same = {"containers": [{**C, "resources": {"limits": {"memory": "1024Mi"}}}]}
    assert of_specs(small, same) == []


REFUSED: list[tuple[Doc, Doc, list[str]]] = [
    (
        {},
        {"containers": [C, {**C, "name": "d"}]},
        ["spec.containers: Forbidden: pod updates may not add or remove containers"],
    ),
    (
        {"initContainers": [{"name": "i", "image": "x"}]},
        {},
        ["spec.initContainers: Forbidden: pod updates may not add or remove containers"],
    ),
    (
        {"activeDeadlineSeconds": 5},
        {},
        ["spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value"],
    ),
    (
        {"activeDeadlineSeconds": 5},
        {"activeDeadlineSeconds": 6},
        ["spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value"],
    ),
    (
        {"tolerations": [TOLERATION]},
        {},
        ["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"],
    ),
    (
        {"tolerations": [TOLERATION]},
        {"tolerations": [{**TOLERATION, "key": "b"}]},
        ["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"],
    ),
    (
        GATES,
        {"schedulingGates": [{"name": "a.b"}, {"name": "c.d"}]},
        ["spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'c.d'"],
    ),
    ({}, {"nodeSelector": {"a": "b"}}, [IMMUTABLE]),
    ({}, {"nodeName": "n"}, [IMMUTABLE]),
    ({"terminationGracePeriodSeconds": 5}, {"terminationGracePeriodSeconds": 6}, [IMMUTABLE]),
    (
        {**GATES, "nodeSelector": {"a": "b"}},
        {**GATES, "nodeSelector": {"a": "c"}},
        [
            'spec.nodeSelector: Invalid value: {"a":"c"}: '
            "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        ],
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), REFUSED)
def test_refused_change(old: Doc, new: Doc, expected: list[str]) -> None:
    assert first_lines(of_specs(old, new)) == expected


def test_negative_grace_is_read_as_one() -> None:
    old, one, two = (stored(terminationGracePeriodSeconds=seconds) for seconds in (-5, 1, 2))
    assert errors_of(old, one) == []
    assert first_lines(errors_of(old, two)) == [IMMUTABLE]


def test_refused_change_is_shown_as_a_diff_of_internal_objects() -> None:
    (error,) = of_specs({}, {"nodeName": "n"})
    assert error == (
        f"{IMMUTABLE}\n"
        "@@ -42,7 +42,7 @@\n"
        '  "NodeSelector": null,\n'
        '  "ServiceAccountName": "",\n'
        '  "AutomountServiceAccountToken": null,\n'
        '- "NodeName": "",\n'
        '+ "NodeName": "n",\n'
        '  "SecurityContext": {\n'
        '   "HostNetwork": false,\n'
        '   "HostPID": false,\n'
    )


def test_allowed_changes_are_not_in_the_diff() -> None:
    (error,) = of_specs({}, {"containers": [{**C, "image": "y", "command": ["z"]}]})
    assert '"Command"' in error
    assert '"Image": "y"' not in error


def affinity(*names: str) -> Doc:
    terms = [{"matchExpressions": [{"key": name, "operator": "Exists"} for name in names]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {**GATES, "affinity": {"nodeAffinity": required}}


def test_node_affinity_of_gated_pod_may_only_be_narrowed() -> None:
    path = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]"
    shown = '{"MatchExpressions":[{"Key":"b","Operator":"Exists","Values":null}],"MatchFields":null}'
    assert of_specs(GATES, affinity("a")) == []
    assert of_specs(affinity("a"), affinity("a", "b")) == []
    assert of_specs(affinity("a"), affinity("b")) == [
        f"{path}: Invalid value: {shown}: only additions are allowed (no mutations or deletions)"
    ]


def test_dropping_node_affinity_of_gated_pod_is_refused() -> None:
    path = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    assert of_specs(affinity("a"), GATES) == [
        f"{path}: Invalid value: null: no additions/deletions to non-empty NodeSelectorTerms list are allowed"
    ]


def test_metadata_may_change() -> None:
    assert errors_of(stored(), stored({"labels": {"a": "b"}, "annotations": {"c": "d"}})) == []


def test_update_without_resource_version_is_refused() -> None:
    new = stored()
    new["metadata"] = {key: value for key, value in new["metadata"].items() if key != "resourceVersion"}
    error = 'metadata.resourceVersion: Invalid value: "": must be specified for an update'
    assert errors_of(stored(), new) == [error, error]  # by the rules of all kinds, then by the pod's


def ephemeral_errors(old: Doc, new: Doc) -> list[str]:
    new = prepare_ephemeral_containers_update(new, old)
    return [str(error) for error in validate_ephemeral_containers_update(new, old)]


E: Doc = {"name": "e", "image": "x"}


def with_ephemeral(*containers: Doc, meta: Doc | None = None) -> Doc:
    return stored(meta, ephemeralContainers=list(containers)) if containers else stored(meta)


def test_ephemeral_containers_may_be_added() -> None:
    assert ephemeral_errors(with_ephemeral(), with_ephemeral(E)) == []
    assert ephemeral_errors(with_ephemeral(E), with_ephemeral(E, {**E, "name": "f"})) == []


def test_ephemeral_containers_may_not_go_or_change() -> None:
    assert ephemeral_errors(with_ephemeral(E), with_ephemeral()) == [
        'spec.ephemeralContainers: Forbidden: existing ephemeral containers "e" may not be removed\n'
    ]
    (error,) = ephemeral_errors(with_ephemeral(E), with_ephemeral({**E, "image": "y"}))
    assert error.startswith(
        'spec.ephemeralContainers: Forbidden: existing ephemeral containers "e" may not be changed\n'
    )
    assert '\n- "Image": "x",\n+ "Image": "y",\n' in error


def test_static_pods_have_no_ephemeral_containers() -> None:
    mirror = {"annotations": {"kubernetes.io/config.mirror": "x"}}
    old, new = with_ephemeral(meta=mirror), with_ephemeral(E, meta=mirror)
    assert ephemeral_errors(old, new) == [": Forbidden: static pods do not support ephemeral containers"]
