"""What a write may not decide by itself: status, generation, kept metadata, gated fields."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from refk8s.api.default import default
from refk8s.api.strategy import (
    preparation_warnings,
    prepare_create,
    prepare_ephemeral_containers_update,
    prepare_finalize_update,
    prepare_status_update,
    prepare_update,
)

Doc = dict[str, Any]

C: Doc = {"name": "c", "image": "x"}
TEMPLATE: Doc = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [C]}}
SPECS: dict[str, Doc] = {
    "Pod": {"containers": [C]},
    "Deployment": {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE},
    "ReplicaSet": {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE},
    "Node": {},
    "Namespace": {},
    "Service": {"ports": [{"port": 80}]},
}
COUNTED = ("Pod", "Deployment", "ReplicaSet")


def decoded(kind: str, spec: Doc | None = None, meta: Doc | None = None, status: Doc | None = None) -> Doc:
    metadata = {"name": "x", "namespace": "ns", "uid": "u", "creationTimestamp": "2020-01-01T00:00:00Z", **(meta or {})}
    doc = {"metadata": metadata, "spec": {**SPECS[kind], **(spec or {})}, "status": status or {}}
    return default(kind, doc)


def created(kind: str, spec: Doc | None = None, meta: Doc | None = None) -> Doc:
    return prepare_create(kind, decoded(kind, spec, meta))


def generation(doc: Doc) -> int | None:
    value: int | None = doc["metadata"].get("generation")
    return value


# Creation


def test_new_pod_is_pending_with_its_qos_class() -> None:
    pod = prepare_create("Pod", decoded("Pod", status={"phase": "Running", "podIP": "10.0.0.1"}))
    assert pod["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    assert generation(pod) == 1


QOS: list[tuple[Doc, str]] = [
    ({}, "BestEffort"),
    ({"requests": {"cpu": "1"}}, "Burstable"),
    ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
]


@pytest.mark.parametrize(("resources", "qos"), QOS)
def test_qos_class(resources: Doc, qos: str) -> None:
    assert created("Pod", {"containers": [{**C, "resources": resources}]})["status"]["qosClass"] == qos


def test_gated_pod_says_so() -> None:
    pod = created("Pod", {"schedulingGates": [{"name": "a.b"}]})
    (condition,) = pod["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == (
        "PodScheduled",
        "False",
        "SchedulingGated",
    )
    assert condition["lastTransitionTime"] == "2020-01-01T00:00:00Z"


def test_match_label_keys_become_part_of_the_selector() -> None:
    constraint = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    spread = {**constraint, "labelSelector": {}, "matchLabelKeys": ["a", "absent"]}
    pod = created("Pod", {"topologySpreadConstraints": [spread]}, {"labels": {"a": "b"}})
    selector = pod["spec"]["topologySpreadConstraints"][0]["labelSelector"]
    assert selector == {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}


APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/c"


def test_app_armor_annotation_becomes_a_field() -> None:
    pod = created("Pod", meta={"annotations": {APP_ARMOR: "localhost/p"}})
    profile = pod["spec"]["containers"][0]["securityContext"]["appArmorProfile"]
    assert profile == {"type": "Localhost", "localhostProfile": "p"}


PROFILES: list[tuple[str, Doc, bool]] = [
    ("localhost/p", {}, True),
    ("nonsense", {}, True),
    ("runtime/default", {"securityContext": {"appArmorProfile": {"type": "RuntimeDefault"}}}, False),
    ("unconfined", {"securityContext": {"appArmorProfile": {"type": "RuntimeDefault"}}}, True),
    ("unconfined", {"os": {"name": "windows"}}, False),
]


@pytest.mark.parametrize(("annotation", "spec", "warned"), PROFILES)
def test_app_armor_annotation_is_remarked_on(annotation: str, spec: Doc, warned: bool) -> None:
    doc = decoded("Pod", spec, {"annotations": {APP_ARMOR: annotation}})
    text = f'metadata.annotations[{APP_ARMOR}]: deprecated since v1.30; use the "appArmorProfile" field instead'
    assert preparation_warnings("Pod", doc) == ((text,) if warned else ())


def test_fields_of_alpha_gates_are_dropped() -> None:
    sources = [{"clusterTrustBundle": {"path": "p"}}]
    spec = {
        "containers": [{**C, "lifecycle": {"stopSignal": "SIGTERM"}}],
        "volumes": [{"name": "v", "projected": {"sources": sources}}],
    }
    pod = created("Pod", spec)
    assert "lifecycle" not in pod["spec"]["containers"][0]
    assert pod["spec"]["volumes"][0]["projected"]["sources"] == [{}]


def test_new_workloads_start_without_status() -> None:
    status = {"replicas": 3, "readyReplicas": 3}
    assert prepare_create("Deployment", decoded("Deployment", status=status))["status"] == {}
    assert prepare_create("ReplicaSet", decoded("ReplicaSet", status=status))["status"] == {"replicas": 0}


def test_new_namespace_is_active_labelled_and_finalized() -> None:
    namespace = created("Namespace", {"finalizers": ["a.b/c"]}, {"labels": {"k": "v"}})
    assert namespace["spec"]["finalizers"] == ["a.b/c", "kubernetes"]
    assert namespace["status"] == {"phase": "Active"}
    assert namespace["metadata"]["labels"] == {"k": "v", "kubernetes.io/metadata.name": "x"}
    assert generation(namespace) is None


def test_new_service_has_no_load_balancer_yet() -> None:
    status = {"loadBalancer": {"ingress": [{"ip": "10.0.0.9"}]}}
    assert prepare_create("Service", decoded("Service", status=status))["status"] == {"loadBalancer": {}}


def test_new_node_keeps_its_status() -> None:
    status = {"phase": "Running"}
    assert prepare_create("Node", decoded("Node", status=status))["status"]["phase"] == "Running"


def test_service_account_keeps_only_the_names_of_secrets() -> None:
    doc = default("ServiceAccount", {"metadata": {"name": "x"}, "secrets": [{"name": "s", "namespace": "other"}]})
    assert prepare_create("ServiceAccount", doc)["secrets"] == [{"name": "s"}]


# Updates

CHANGES: dict[str, Doc] = {
    "Pod": {"activeDeadlineSeconds": 5},
    "Deployment": {"replicas": 3},
    "ReplicaSet": {"replicas": 3},
}


@pytest.mark.parametrize("kind", COUNTED)
def test_generation_counts_changes_of_the_spec(kind: str) -> None:
    old = created(kind)
    same = prepare_update(kind, decoded(kind, meta={"labels": {"a": "b"}}), old)
    assert generation(same) == 1
    changed = prepare_update(kind, decoded(kind, CHANGES[kind]), old)
    assert generation(changed) == 2
    assert generation(prepare_update(kind, decoded(kind, CHANGES[kind], {"generation": 9}), changed)) == 2


@pytest.mark.parametrize(("kind", "expected"), [("Pod", 1), ("ReplicaSet", 1), ("Deployment", 2)])
def test_only_deployments_count_changes_of_annotations(kind: str, expected: int) -> None:
    assert generation(prepare_update(kind, decoded(kind, meta={"annotations": {"a": "b"}}), created(kind))) == expected


def test_respelling_a_quantity_is_no_change() -> None:
    gib, mib = ({"containers": [{**C, "resources": {"limits": {"memory": text}}}]} for text in ("1Gi", "1024Mi"))
    assert generation(prepare_update("Pod", decoded("Pod", mib), created("Pod", gib))) == 1


@pytest.mark.parametrize("kind", ["Pod", "Deployment", "ReplicaSet", "Node", "Namespace", "Service"])
def test_update_keeps_the_status(kind: str) -> None:
    old = {**created(kind), "status": {"observedGeneration": 7}}
    new = decoded(kind, status={"observedGeneration": 8})
    assert prepare_update(kind, new, old)["status"] == {"observedGeneration": 7}


@pytest.mark.parametrize("kind", ["Pod", "Deployment", "ReplicaSet", "Node", "Service"])
def test_status_update_keeps_the_spec(kind: str) -> None:
    old = created(kind)
    change = {"Node": {"unschedulable": True}, "Service": {"type": "NodePort"}}.get(kind) or CHANGES[kind]
    new = decoded(kind, change, status={"conditions": [{"type": "A", "status": "True"}]})
    written = prepare_status_update(kind, new, old)
    assert written["spec"] == old["spec"]
    assert written["status"]["conditions"][0]["type"] == "A"
    assert generation(written) == generation(old)


def test_status_update_of_a_deployment_keeps_labels_only() -> None:
    old = created("Deployment", meta={"labels": {"a": "b"}})
    new = decoded("Deployment", meta={"labels": {"a": "c"}, "annotations": {"d": "e"}})
    metadata = prepare_status_update("Deployment", new, old)["metadata"]
    assert metadata["labels"] == {"a": "b"}
    assert metadata["annotations"] == {"d": "e"}


def test_status_update_of_a_pod_keeps_owners_and_qos_class() -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "u"}
    old = created("Pod", meta={"ownerReferences": [owner]})
    written = prepare_status_update("Pod", decoded("Pod", status={"phase": "Running"}), old)
    assert written["metadata"]["ownerReferences"] == [owner]
    assert written["status"] == {"phase": "Running", "qosClass": "BestEffort"}


def test_pod_condition_keeps_the_generation_it_was_observed_at() -> None:
    condition = {"type": "Ready", "status": "True"}
    old = {
        **created("Pod"),
        "status": {"qosClass": "BestEffort", "conditions": [{**condition, "observedGeneration": 4}]},
    }
    written = prepare_status_update("Pod", decoded("Pod", status={"conditions": [condition]}), old)
    assert written["status"]["conditions"][0]["observedGeneration"] == 4


def test_update_keeps_identity_and_deletion() -> None:
    deleted = {"deletionTimestamp": "2021-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30}
    old = created("Pod", meta=deleted)
    new = decoded("Pod", meta={"creationTimestamp": "2022-01-01T00:00:00Z", "uid": ""})
    metadata = prepare_update("Pod", new, old)["metadata"]
    assert metadata["uid"] == "u"
    assert metadata["creationTimestamp"] == "2020-01-01T00:00:00Z"
    assert {key: metadata[key] for key in deleted} == deleted


def test_other_uid_is_left_to_validation() -> None:
    new = decoded("Pod", meta={"uid": "other"})
    assert prepare_update("Pod", new, created("Pod"))["metadata"]["uid"] == "other"


def test_namespace_finalizers_change_only_through_finalize() -> None:
    old = created("Namespace")
    new = decoded("Namespace", {"finalizers": []})
    assert prepare_update("Namespace", new, old)["spec"]["finalizers"] == ["kubernetes"]
    assert prepare_finalize_update(new, old)["spec"].get("finalizers") is None
    assert prepare_finalize_update(new, old)["status"] == {"phase": "Active"}


def test_ephemeral_containers_change_nothing_else() -> None:
    old = created("Pod", meta={"labels": {"a": "b"}})
    new = decoded("Pod", {"activeDeadlineSeconds": 5, "ephemeralContainers": [{"name": "e", "image": "x"}]})
    written = prepare_ephemeral_containers_update(new, old)
    assert "activeDeadlineSeconds" not in written["spec"]
    assert [container["name"] for container in written["spec"]["ephemeralContainers"]] == ["e"]
    assert written["metadata"]["labels"] == {"a": "b"}
    assert generation(written) == 2


FORMER: list[tuple[Doc, Doc, tuple[str, ...]]] = [
    (
        {"type": "ClusterIP", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"]},
        {"type": "ExternalName", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "externalName": "a.b"},
        ("clusterIP", "clusterIPs"),
    ),
    (
        {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 30001},
        {
            "type": "ClusterIP",
            "externalTrafficPolicy": "Local",
            "healthCheckNodePort": 30001,
            "allocateLoadBalancerNodePorts": True,
        },
        ("externalTrafficPolicy", "healthCheckNodePort", "allocateLoadBalancerNodePorts"),
    ),
]


@pytest.mark.parametrize(("before", "after", "gone"), FORMER)
def test_service_loses_the_fields_of_its_former_type(before: Doc, after: Doc, gone: tuple[str, ...]) -> None:
    old = created("Service", before)
    spec = prepare_update("Service", decoded("Service", after), old)["spec"]
    assert [key for key in gone if key in spec] == []


def test_service_keeps_node_ports_that_were_changed_with_the_type() -> None:
    old = created("Service", {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30000}]})
    same, other = (
        decoded("Service", {"type": "ClusterIP", "ports": [{"port": 80, "nodePort": port}]}) for port in (30000, 30001)
    )
    assert "nodePort" not in prepare_update("Service", same, old)["spec"]["ports"][0]
    assert prepare_update("Service", other, old)["spec"]["ports"][0]["nodePort"] == 30001


def test_nothing_given_is_changed() -> None:
    new, old = decoded("Deployment", {"replicas": 3}, {"annotations": {"a": "b"}}), created("Deployment")
    before = copy.deepcopy((new, old))
    prepare_create("Deployment", new)
    prepare_update("Deployment", new, old)
    prepare_status_update("Deployment", new, old)
    assert (new, old) == before
