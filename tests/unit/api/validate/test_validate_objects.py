"""ConfigMaps, Secrets, Namespaces, Nodes, Leases, Events, PriorityClasses, ServiceAccounts."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from refk8s.api.default import default
from refk8s.api.strategy import prepare_create, prepare_finalize_update, prepare_status_update, prepare_update
from refk8s.api.validate import (
    validate_create,
    validate_finalize_update,
    validate_status_update,
    validate_update,
)

Doc = dict[str, Any]

CLUSTER_SCOPED = ("Node", "Namespace", "PriorityClass")


def stored(kind: str, meta: Doc | None = None, **fields: Any) -> Doc:
    namespace = {} if kind in CLUSTER_SCOPED else {"namespace": "ns"}
    metadata = {"name": "x", **namespace, "resourceVersion": "1", "uid": "u", **(meta or {})}
    doc = default(kind, {"metadata": metadata, **fields})
    created = prepare_create(kind, doc)
    return {**created, "status": doc["status"]} if "status" in fields else created


def created(kind: str, meta: Doc | None = None, **fields: Any) -> list[str]:
    return [str(error) for error in validate_create(kind, stored(kind, meta, **fields))]


def updated(kind: str, before: Doc, after: Doc) -> list[str]:
    old, new = stored(kind, **before), stored(kind, **after)
    return [str(error) for error in validate_update(kind, prepare_update(kind, new, old), old)]


def with_status(kind: str, before: Doc, after: Doc) -> list[str]:
    old, new = stored(kind, **before), stored(kind, **after)
    return [str(error) for error in validate_status_update(kind, prepare_status_update(kind, new, old), old)]


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


FILE_NAME = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
    "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
CREATED: list[tuple[str, Doc, list[str]]] = [
    ("ConfigMap", {"data": {"a.b": "c"}, "binaryData": {"d": "YQ=="}}, []),
    ("ConfigMap", {"data": {"a b": "c"}}, [f'data[a b]: Invalid value: "a b": {FILE_NAME}']),
    (
        "ConfigMap",
        {"data": {"a": "b"}, "binaryData": {"a": "YQ=="}},
        ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
    ),
    ("ConfigMap", {"data": {"a": "b" * 2**20}}, []),
    ("ConfigMap", {"data": {"a": "b" * 2**20, "c": "d"}}, [": Too long: may not be more than 1048576 bytes"]),
    ("Secret", {"stringData": {"a b": "c"}}, [f'data[a b]: Invalid value: "a b": {FILE_NAME}']),
    ("Secret", {"stringData": {"a": "b" * (2**20 + 1)}}, ["data: Too long: may not be more than 1048576 bytes"]),
    ("Secret", {"type": "example.com/any"}, []),
    ("Secret", {"type": "kubernetes.io/tls"}, ["data[tls.crt]: Required value", "data[tls.key]: Required value"]),
    ("Secret", {"type": "kubernetes.io/tls", "data": {"tls.crt": "", "tls.key": ""}}, []),
    ("Secret", {"type": "kubernetes.io/ssh-auth"}, ["data[ssh-privatekey]: Required value"]),
    (
        "Secret",
        {"type": "kubernetes.io/basic-auth"},
        ["data[username]: Required value", "data[password]: Required value"],
    ),
    ("Secret", {"type": "kubernetes.io/basic-auth", "stringData": {"username": "u"}}, []),
    (
        "Secret",
        {"type": "kubernetes.io/service-account-token"},
        ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
    ),
    ("Secret", {"type": "kubernetes.io/dockercfg"}, ["data[.dockercfg]: Required value"]),
    ("Secret", {"type": "kubernetes.io/dockercfg", "stringData": {".dockercfg": "{}"}}, []),
    (
        "Secret",
        {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "x"}},
        [
            'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": '
            "invalid character 'x' looking for beginning of value"
        ],
    ),
    (
        "Secret",
        {"type": "kubernetes.io/dockercfg", "stringData": {".dockercfg": "[]"}},
        [
            'data[.dockercfg]: Invalid value: "<secret contents redacted>": '
            "json: cannot unmarshal array into Go value of type map[string]interface {}"
        ],
    ),
    ("ServiceAccount", {"secrets": [{"name": "s"}]}, []),
    ("Lease", {"spec": {"holderIdentity": "h", "leaseDurationSeconds": 5}}, []),
    (
        "Lease",
        {"spec": {"leaseDurationSeconds": 0, "leaseTransitions": -1}},
        [
            "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
            "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
        ],
    ),
    ("Namespace", {}, []),
    (
        "Namespace",
        {"spec": {"finalizers": ["mine"]}},
        ['spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified'],
    ),
    ("PriorityClass", {"value": 1_000_000_000}, []),
    (
        "PriorityClass",
        {"value": 1_000_000_001},
        ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
    ),
    (
        "PriorityClass",
        {"value": 1, "preemptionPolicy": "Sometimes"},
        ['preemptionPolicy: Unsupported value: "Sometimes": supported values: "PreemptLowerPriority", "Never"'],
    ),
]


@pytest.mark.parametrize(("kind", "fields", "expected"), CREATED)
def test_created_object(kind: str, fields: Doc, expected: list[str]) -> None:
    assert created(kind, **fields) == expected


FROZEN = "Forbidden: field is immutable when `immutable` is set"
UPDATED: list[tuple[str, Doc, Doc, list[str]]] = [
    ("ConfigMap", {"data": {"a": "b"}}, {"data": {"a": "c"}}, []),
    ("ConfigMap", {}, {"immutable": True}, []),
    (
        "ConfigMap",
        {"immutable": True, "data": {"a": "b"}},
        {"data": {"a": "c"}},
        [f"immutable: {FROZEN}", f"data: {FROZEN}"],
    ),
    (
        "ConfigMap",
        {"immutable": True},
        {"immutable": True, "binaryData": {"a": "YQ=="}},
        [f"binaryData: {FROZEN}"],
    ),
    ("Secret", {"immutable": True}, {"immutable": True, "stringData": {"a": "b"}}, [f"data: {FROZEN}"]),
    ("Secret", {}, {"type": "a"}, ['type: Invalid value: "a": field is immutable']),
    ("Lease", {"spec": {}}, {"spec": {"leaseTransitions": 1}}, []),
    (
        "Lease",
        {"spec": {}},
        {"spec": {"leaseDurationSeconds": -1}},
        ["spec.leaseDurationSeconds: Invalid value: -1: must be greater than 0"],
    ),
    ("PriorityClass", {"value": 1}, {"value": 1, "description": "d", "globalDefault": True}, []),
    ("PriorityClass", {"value": 1}, {"value": 2}, ["value: Forbidden: may not be changed in an update."]),
    (
        "PriorityClass",
        {"value": 1},
        {"value": 1, "preemptionPolicy": "Never"},
        ['preemptionPolicy: Invalid value: "Never": field is immutable'],
    ),
    ("Node", {}, {"spec": {"unschedulable": True, "podCIDRs": ["10.0.0.0/24"], "providerID": "p"}}, []),
    (
        "Node",
        {"spec": {"podCIDRs": ["10.0.0.0/24"], "podCIDR": "10.0.0.0/24"}},
        {"spec": {"podCIDRs": ["10.0.1.0/24"], "podCIDR": "10.0.1.0/24"}},
        ['spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'],
    ),
    (
        "Node",
        {"spec": {"providerID": "p"}},
        {"spec": {"providerID": "q"}},
        ['spec.providerID: Forbidden: node updates may not change providerID except from "" to valid'],
    ),
]


@pytest.mark.parametrize(("kind", "before", "after", "expected"), UPDATED)
def test_updated_object(kind: str, before: Doc, after: Doc, expected: list[str]) -> None:
    assert updated(kind, before, after) == expected


SYSTEM = (
    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "
)
CLASSES: list[tuple[str, Doc, list[str]]] = [
    ("system-node-critical", {"value": 2_000_001_000}, []),
    ("system-x", {"value": 1}, [f"{SYSTEM}system-x is not a known system priority class"]),
    (
        "system-node-critical",
        {"value": 1},
        [f"{SYSTEM}value of system-node-critical PriorityClass must be 2000001000"],
    ),
    (
        "system-cluster-critical",
        {"value": 2_000_000_000, "globalDefault": True},
        [f"{SYSTEM}globalDefault of system-cluster-critical PriorityClass must be false"],
    ),
]


@pytest.mark.parametrize(("name", "fields", "expected"), CLASSES)
def test_system_priority_classes(name: str, fields: Doc, expected: list[str]) -> None:
    assert created("PriorityClass", {"name": name}, **fields) == expected


def taints(*listed: Doc) -> Doc:
    return {"spec": {"taints": list(listed)}}


EFFECTS = '"NoSchedule", "PreferNoSchedule", "NoExecute"'
NODES: list[tuple[Doc, list[str]]] = [
    (taints({"key": "a", "value": "b", "effect": "NoSchedule"}, {"key": "a", "effect": "NoExecute"}), []),
    (
        taints({"key": "a", "effect": "Never"}),
        [f'metadata.taints[0].effect: Unsupported value: "Never": supported values: {EFFECTS}'],
    ),
    (taints({"key": "a", "effect": ""}), ["metadata.taints[0].effect: Required value"]),
    (
        taints({"key": "a", "value": "b", "effect": "NoExecute"}, {"key": "a", "value": "c", "effect": "NoExecute"}),
        [
            'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"c","Effect":"NoExecute","TimeAdded":null}: '
            "taints must be unique by key and effect pair"
        ],
    ),
    (
        {"spec": {"podCIDRs": ["10.0.0.0/24", "10.0.1.0/24"]}},
        [
            'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.1.0/24"]: '
            "may specify no more than one CIDR for each IP family"
        ],
    ),
    ({"spec": {"podCIDRs": ["10.0.0.0/24", "fd00::/64"]}}, []),
    (
        {"spec": {"podCIDRs": ["10.0.0.1/24"]}},
        ['spec.podCIDRs[0]: Invalid value: "10.0.0.1/24": must not have bits set beyond the prefix length'],
    ),
    (
        {"status": {"capacity": {"cpu": "-1"}, "allocatable": {"cpu": "1"}}},
        ['status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0'],
    ),
    (
        {"status": {"allocatable": {"example.com/gpu": "500m"}}},
        ['status.allocatable.example.com/gpu: Invalid value: "500m": must be an integer'],
    ),
    (
        {"status": {"declaredFeatures": ["B", "A"]}},
        ['status.declaredFeatures[1]: Invalid value: "A": list must be sorted alphabetically'],
    ),
]


@pytest.mark.parametrize(("fields", "expected"), NODES)
def test_created_node(fields: Doc, expected: list[str]) -> None:
    found = created("Node", **fields)
    assert found == expected


def test_node_addresses_are_unique() -> None:
    address = {"type": "InternalIP", "address": "10.0.0.1"}
    shown = '{"Type":"InternalIP","Address":"10.0.0.1"}'
    assert with_status("Node", {}, {"status": {"addresses": [address]}}) == []
    assert with_status("Node", {}, {"status": {"addresses": [address, address]}}) == [
        f"status.addresses[1]: Duplicate value: {shown}"
    ]


DELETED: Doc = {"deletionTimestamp": "2020-01-01T00:00:00Z"}
PHASES: list[tuple[Doc, str, list[str]]] = [
    ({}, "Active", []),
    (DELETED, "Terminating", []),
    (
        {},
        "Terminating",
        ["status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty"],
    ),
    (
        DELETED,
        "Active",
        ["status.Phase: Invalid value: \"Active\": may only be 'Terminating' if `deletionTimestamp` is not empty"],
    ),
]


@pytest.mark.parametrize(("meta", "phase", "expected"), PHASES)
def test_namespace_phase_follows_its_deletion(meta: Doc, phase: str, expected: list[str]) -> None:
    fields = {"meta": meta, "status": {"phase": phase}}
    assert with_status("Namespace", fields, fields) == expected


def test_namespace_finalizers_are_qualified() -> None:
    old = stored("Namespace")
    new = {**old, "spec": {"finalizers": ["a.b/c", "mine"]}}
    errors = validate_finalize_update(prepare_finalize_update(new, old), old)
    assert [str(error) for error in errors] == [
        'spec.finalizers[1]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified'
    ]


def about(namespace: str) -> Doc:
    return {"involvedObject": {"kind": "Pod", "name": "p", "namespace": namespace}}


NEWER: Doc = {
    "eventTime": "2020-01-01T00:00:00.000000Z",
    "reportingComponent": "example.com/x",
    "reportingInstance": "i",
    "action": "a",
    "reason": "r",
    "type": "Normal",
}
ELSEWHERE = "does not match event.namespace"
EVENTS: list[tuple[str, Doc, list[str]]] = [
    ("ns", about("ns"), []),
    ("default", about(""), []),
    ("ns", about("other"), [f'involvedObject.namespace: Invalid value: "other": {ELSEWHERE}']),
    ("ns", about(""), [f'involvedObject.namespace: Invalid value: "": {ELSEWHERE}']),
    ("ns", {**about("ns"), **NEWER}, []),
    ("ns", {**about("ns"), **NEWER, "reason": ""}, ["reason: Required value"]),
    (
        "ns",
        {**about("ns"), **NEWER, "action": "a" * 129},
        ['action: Invalid value: "": can have at most 128 characters'],
    ),
    (
        "ns",
        {**about("ns"), **NEWER, "message": "a" * 1025},
        ['message: Invalid value: "": can have at most 1024 characters'],
    ),
]


@pytest.mark.parametrize(("namespace", "fields", "expected"), EVENTS)
def test_event(namespace: str, fields: Doc, expected: list[str]) -> None:
    assert created("Event", {"namespace": namespace}, **fields) == expected
