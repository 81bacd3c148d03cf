"""Admission: what pods and nodes get on creation, and what is refused."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from refk8s.api.admission import admit, admit_binding, check, namespace_lifecycle
from refk8s.api.default import default
from refk8s.api.status import Rejected

Doc = dict[str, Any]

NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"


@attrs.frozen
class Objects:
    """What admission looks up."""

    stored: tuple[tuple[str, Doc], ...] = ()

    def get(self, kind: str, namespace: str, name: str) -> Doc | None:
        found = (doc for doc in self.list(kind) if doc["metadata"]["name"] == name)
        return next((doc for doc in found if doc["metadata"].get("namespace", "") == namespace), None)

    def list(self, kind: str) -> list[Doc]:
        return [doc for of, doc in self.stored if of == kind]


NONE = Objects()


def pod(**spec: Any) -> Doc:
    containers = [{"name": "c", "image": "x"}]
    return default("Pod", {"metadata": {"name": "p", "namespace": "ns"}, "spec": {"containers": containers, **spec}})


def priority_class(name: str, value: int, **fields: Any) -> tuple[str, Doc]:
    doc = {"metadata": {"name": name}, "value": value, "preemptionPolicy": "PreemptLowerPriority", **fields}
    return "PriorityClass", doc


def refusal(operation: Any, *args: Any, **kwargs: Any) -> tuple[int, str]:
    with pytest.raises(Rejected) as caught:
        operation(*args, **kwargs)
    return caught.value.error.code, caught.value.error.message


# Tolerations and taints


def test_new_pod_outlives_the_troubles_of_its_node_for_a_while() -> None:
    admitted = admit("Pod", "CREATE", pod(), NONE)
    assert admitted["spec"]["tolerations"] == [
        {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for key in (NOT_READY, UNREACHABLE)
    ]


TOLERATIONS: list[tuple[Doc, list[str]]] = [
    ({"operator": "Exists"}, []),
    ({"key": NOT_READY, "operator": "Exists"}, [UNREACHABLE]),
    ({"key": NOT_READY, "operator": "Exists", "effect": "NoExecute"}, [UNREACHABLE]),
    ({"key": NOT_READY, "operator": "Exists", "effect": "NoSchedule"}, [NOT_READY, UNREACHABLE]),
    ({"key": "other", "operator": "Exists"}, [NOT_READY, UNREACHABLE]),
]


@pytest.mark.parametrize(("given", "added"), TOLERATIONS)
def test_own_tolerations_come_first(given: Doc, added: list[str]) -> None:
    tolerations = admit("Pod", "CREATE", pod(tolerations=[given]), NONE)["spec"]["tolerations"]
    assert tolerations[0] == given
    assert [toleration["key"] for toleration in tolerations[1:]] == added


def test_admitted_pod_is_admitted_as_it_is() -> None:
    once = admit("Pod", "CREATE", pod(), NONE)
    assert admit("Pod", "CREATE", once, NONE) == once


def test_new_node_is_tainted_once() -> None:
    taint = {"key": NOT_READY, "effect": "NoSchedule"}
    other = {"key": "a", "effect": "NoExecute"}
    node = default("Node", {"metadata": {"name": "n"}, "spec": {"taints": [other]}})
    admitted = admit("Node", "CREATE", node, NONE)
    assert admitted["spec"]["taints"] == [other, taint]
    assert admit("Node", "CREATE", admitted, NONE) is admitted
    assert admit("Node", "UPDATE", node, NONE, node) is node


# Priority


def test_pod_without_classes_has_priority_zero() -> None:
    spec = admit("Pod", "CREATE", pod(), NONE)["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (0, "PreemptLowerPriority")
    assert "priorityClassName" not in spec


def test_class_gives_priority_and_policy() -> None:
    classes = Objects((priority_class("high", 1000, preemptionPolicy="Never"),))
    spec = admit("Pod", "CREATE", pod(priorityClassName="high"), classes)["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (1000, "Never")


def test_global_default_of_the_lowest_value_counts() -> None:
    classes = Objects(
        (
            priority_class("a", 20, globalDefault=True),
            priority_class("b", 10, globalDefault=True),
            priority_class("c", 5),
        )
    )
    spec = admit("Pod", "CREATE", pod(), classes)["spec"]
    assert (spec["priorityClassName"], spec["priority"]) == ("b", 10)


def test_unknown_class_is_refused() -> None:
    assert refusal(admit, "Pod", "CREATE", pod(priorityClassName="y"), NONE) == (
        403,
        'pods "p" is forbidden: no PriorityClass with name y was found',
    )


def test_priority_may_not_contradict_the_class() -> None:
    assert refusal(admit, "Pod", "CREATE", pod(priority=5), NONE) == (
        403,
        'pods "p" is forbidden: the integer value of priority (5) must not be provided in pod spec; '
        "priority admission controller computed 0 from the given PriorityClass name",
    )
    classes = Objects((priority_class("high", 1000),))
    given = pod(priorityClassName="high", preemptionPolicy="Never")
    assert refusal(admit, "Pod", "CREATE", given, classes) == (
        403,
        'pods "p" is forbidden: the string value of PreemptionPolicy (Never) must not be provided in pod spec; '
        "priority admission controller computed PreemptLowerPriority from the given PriorityClass name",
    )


def test_update_without_priority_keeps_it() -> None:
    old = admit("Pod", "CREATE", pod(), NONE)
    assert admit("Pod", "UPDATE", pod(), NONE, old)["spec"]["priority"] == 0


def test_refusal_names_what_names_are_generated_from() -> None:
    doc = pod(priorityClassName="y")
    doc = {**doc, "metadata": {"generateName": "p-"}}
    assert refusal(admit, "Pod", "CREATE", doc, NONE)[1].startswith('pods "p-" is forbidden: ')


def global_default(name: str) -> Doc:
    return priority_class(name, 1, globalDefault=True)[1]


def test_one_global_default_is_enough() -> None:
    classes = Objects((priority_class("first", 1, globalDefault=True),))
    error = 'priorityclasses.scheduling.k8s.io "{}" is forbidden: PriorityClass first is already marked as default. '
    only = "Only one default can exist"
    second = global_default("second")
    assert refusal(check, "PriorityClass", "CREATE", second, classes) == (403, error.format("second") + only)
    assert refusal(check, "PriorityClass", "UPDATE", second, classes) == (403, error.format("second") + only)
    check("PriorityClass", "UPDATE", global_default("first"), classes)
    check("PriorityClass", "CREATE", priority_class("second", 1)[1], classes)


# Runtime classes


def test_runtime_class_is_never_found() -> None:
    assert refusal(admit, "Pod", "CREATE", pod(runtimeClassName="r"), NONE) == (
        403,
        'pods "p" is forbidden: pod rejected: RuntimeClass "r" not found',
    )


def test_overhead_needs_a_runtime_class() -> None:
    assert refusal(check, "Pod", "CREATE", pod(overhead={"cpu": "1"}), NONE) == (
        403,
        'pods "p" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    )


# Topology

ZONED = ("Node", {"metadata": {"name": "n", "labels": {"topology.kubernetes.io/zone": "z", "other": "o"}}})


def test_pod_created_on_a_node_gets_its_topology_labels() -> None:
    labels = admit("Pod", "CREATE", pod(nodeName="n"), Objects((ZONED,)))["metadata"]["labels"]
    assert labels == {"topology.kubernetes.io/zone": "z"}
    assert "labels" not in admit("Pod", "CREATE", pod(nodeName="m"), Objects((ZONED,)))["metadata"]


def test_binding_carries_topology_labels() -> None:
    binding = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}}
    assert admit_binding(binding, Objects((ZONED,)))["metadata"]["labels"] == {"topology.kubernetes.io/zone": "z"}
    assert admit_binding(binding, NONE) is binding


# Namespaces


def namespace(phase: str) -> Objects:
    return Objects((("Namespace", {"metadata": {"name": "ns"}, "status": {"phase": phase}}),))


def test_write_into_a_missing_namespace_is_refused() -> None:
    args = ("", "pods", "CREATE", "ns", pod(), NONE)
    assert refusal(namespace_lifecycle, *args) == (404, 'namespaces "ns" not found')


def test_nothing_new_in_a_namespace_that_ends() -> None:
    ending = namespace("Terminating")
    with pytest.raises(Rejected) as caught:
        namespace_lifecycle("", "pods", "CREATE", "ns", pod(), ending)
    error = caught.value.error
    assert error.message == (
        'pods "p" is forbidden: unable to create new content in namespace ns because it is being terminated'
    )
    assert (error.details or {})["causes"] == [
        {
            "reason": "NamespaceTerminating",
            "message": "namespace ns is being terminated",
            "field": "metadata.namespace",
        }
    ]
    namespace_lifecycle("", "pods", "UPDATE", "ns", pod(), ending)
    namespace_lifecycle("", "pods", "DELETE", "ns", None, ending)
    namespace_lifecycle("", "pods", "CREATE", "ns", pod(), namespace("Active"))


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_immortal_namespaces_stay(name: str) -> None:
    args = ("", "namespaces", "DELETE", "", None, NONE, name)
    assert refusal(namespace_lifecycle, *args) == (
        403,
        f'namespaces "{name}" is forbidden: this namespace may not be deleted',
    )


def test_other_namespaces_may_be_deleted() -> None:
    namespace_lifecycle("", "namespaces", "DELETE", "", None, NONE, "ns")
