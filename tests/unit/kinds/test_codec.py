"""Views read documents as upstream's decoder reads JSON, and name no field that upstream does not have."""

import types
import typing
from typing import Any

import attrs
import pytest

from refk8s.api import schema
from refk8s.kinds.codec import EMPTY, Document, ResourceList, json_name, view
from refk8s.kinds.configmap import ConfigMap
from refk8s.kinds.container import Container, ContainerState, ReferenceSource
from refk8s.kinds.deployment import Deployment
from refk8s.kinds.event import Event
from refk8s.kinds.lease import Lease
from refk8s.kinds.meta import Condition, ObjectMeta
from refk8s.kinds.namespace import Namespace
from refk8s.kinds.node import Node
from refk8s.kinds.pod import Pod, PodSpec, PodTemplateSpec
from refk8s.kinds.priorityclass import PriorityClass
from refk8s.kinds.quantity import Quantity
from refk8s.kinds.replicaset import ReplicaSet
from refk8s.kinds.secret import Secret
from refk8s.kinds.service import Service
from refk8s.kinds.serviceaccount import ServiceAccount

ROOTS = [
    (ConfigMap, "v1"),
    (Deployment, "apps/v1"),
    (Event, "v1"),
    (Lease, "coordination.k8s.io/v1"),
    (Namespace, "v1"),
    (Node, "v1"),
    (Pod, "v1"),
    (PriorityClass, "scheduling.k8s.io/v1"),
    (ReplicaSet, "apps/v1"),
    (Secret, "v1"),
    (Service, "v1"),
    (ServiceAccount, "v1"),
]
SHARED = (Condition, ReferenceSource)
"""Views that serve several upstream types, so that not every field is in every one of them."""
SCALARS = {str: {"string", "Time", "MicroTime", "bytes"}, int: {"int32", "int64"}, bool: {"bool"}}


def test_an_absent_document_gives_an_empty_view() -> None:
    assert view(Pod, {}) == Pod()
    assert view(Pod, {"metadata": None, "spec": None, "status": None}) == Pod()


@pytest.mark.parametrize(("cls", "api_version"), ROOTS)
def test_an_empty_document_and_the_default_constructor_agree(cls: type[Any], api_version: str) -> None:
    assert view(cls, {"apiVersion": api_version, "kind": cls.__name__}) == cls()


def test_null_fields_read_as_absent_ones() -> None:
    pod = view(Pod, {"metadata": {"name": None, "labels": None}, "spec": {"containers": None, "hostNetwork": None}})
    assert pod == Pod()


def test_json_keys_become_snake_case() -> None:
    pod = view(Pod, {"status": {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}], "hostIP": "h"}})
    assert (pod.status.pod_ip, pod.status.pod_ips[0].ip, pod.status.host_ip) == ("10.0.0.1", "10.0.0.1", "h")
    node = view(Node, {"spec": {"podCIDR": "10.0.0.0/24", "providerID": "x"}, "status": {"nodeInfo": {"bootID": "b"}}})
    assert (node.spec.pod_cidr, node.spec.provider_id, node.status.node_info.boot_id) == ("10.0.0.0/24", "x", "b")
    assert json_name("from_") == "from"
    assert json_name("holder_identity") == "holderIdentity"


def test_resource_lists_hold_quantities_whatever_the_json_type() -> None:
    requests = {"cpu": "100m", "memory": 1024, "example.com/x": 1.5, "example.com/y": None}
    container = view(Container, {"resources": {"requests": requests}})
    found = container.resources.requests
    assert found["cpu"].milli_value() == 100
    assert found["memory"].value() == 1024
    assert found["example.com/x"].canonical() == "1500m"
    assert found["example.com/y"].is_zero()


def test_maps_are_the_documents_own() -> None:
    labels = {"app": "web"}
    assert view(ObjectMeta, {"labels": labels}).labels is labels


def test_an_empty_map_cannot_be_written_to() -> None:
    with pytest.raises(TypeError):
        view(ObjectMeta, {}).labels["a"] = "b"  # type: ignore[index]  # what is tested


def test_an_absent_pointer_is_none_and_an_empty_one_is_not() -> None:
    assert view(PodSpec, {}).affinity is None
    assert view(PodSpec, {"affinity": {}}).affinity is not None
    assert view(PodSpec, {"priority": 0}).priority == 0
    assert view(PodSpec, {}).priority is None
    assert view(ReplicaSet, {"spec": {"selector": {}}}).spec.selector is not None


def test_structs_that_are_no_pointers_are_always_there() -> None:
    assert view(Pod, {"spec": {"containers": [{"name": "c"}]}}).spec.containers[0].resources.requests == {}
    status = view(Pod, {"status": {"containerStatuses": [{"name": "c"}]}}).status.container_statuses[0]
    assert status.state == status.last_state == ContainerState()
    assert view(Deployment, {}).spec.strategy.rolling_update is None


def test_unknown_fields_are_ignored() -> None:
    assert view(Pod, {"spec": {"fromTheFuture": {"a": [1]}}, "extra": 1}) == Pod()


def test_a_template_stays_a_document_that_a_view_can_read() -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "fromTheFuture": 1}]}}
    replica_set = view(ReplicaSet, {"spec": {"template": template}})
    assert replica_set.spec.template is template
    assert view(PodTemplateSpec, replica_set.spec.template).spec.containers[0].name == "c"


def test_views_are_frozen_equal_by_value_and_really_of_their_class() -> None:
    pod = view(Pod, {"metadata": {"name": "a"}})
    assert type(pod) is Pod
    assert pod == Pod(metadata=ObjectMeta(name="a"))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        pod.metadata = ObjectMeta()  # type: ignore[misc]  # what is tested
    assert attrs.evolve(pod, metadata=ObjectMeta(name="b")).metadata.name == "b"


def test_reading_does_not_change_the_document() -> None:
    document = {"spec": {"containers": [{"resources": {"requests": {"cpu": 1}}}], "tolerations": [{"key": "k"}]}}
    before = repr(document)
    view(Pod, document)
    assert repr(document) == before


@pytest.mark.parametrize(("cls", "api_version"), ROOTS)
def test_every_field_is_one_of_upstreams_with_the_same_type(cls: type[Any], api_version: str) -> None:
    problems: list[str] = []
    compare(cls, schema.of_kind(cls.__name__, api_version), cls.__name__, problems)
    assert problems == []


def compare(cls: type[Any], upstream: schema.Type, path: str, problems: list[str]) -> None:
    """Add what is different about a view class and upstream's struct."""
    hints = typing.get_type_hints(cls)
    for field in attrs.fields(cls):
        key = field.metadata.get("json") or json_name(field.name)
        here = f"{path}.{key}"
        if key in upstream.fields:
            compare_type(hints[field.name], upstream.fields[key], here, problems)
        elif cls not in SHARED:
            problems.append(f"{here}: upstream has no such field")


def compare_type(hint: Any, field: schema.Field, path: str, problems: list[str]) -> None:
    optional = isinstance(hint, types.UnionType) and type(None) in typing.get_args(hint)
    plain = [a for a in typing.get_args(hint) if a is not type(None)] if isinstance(hint, types.UnionType) else [hint]
    upstream = field.type
    if optional and not field.pointer and upstream.scalar != "IntOrString":
        problems.append(f"{path}: may be None, but upstream has no pointer")
    if set(plain) == {int, str}:
        ok = upstream.scalar == "IntOrString"
    elif plain == [Document]:
        ok = upstream.form in ("struct", "map")
    elif plain == [ResourceList]:
        ok = upstream.form == "map" and upstream.element is not None and upstream.element.scalar == "Quantity"
    elif typing.get_origin(plain[0]) is tuple:
        ok = upstream.form == "list" and upstream.element is not None
        item = typing.get_args(plain[0])[0]
        if ok and attrs.has(item):
            compare(item, upstream.element, path, problems)  # type: ignore[arg-type]  # ok says that it is there
    elif attrs.has(plain[0]):
        ok = upstream.form == "struct"
        if field.pointer and not optional:
            problems.append(f"{path}: always there, but upstream has a pointer")
        compare(plain[0], upstream, path, problems)
    elif plain[0] in SCALARS:
        ok = upstream.scalar in SCALARS[plain[0]]
        if plain[0] is not str and field.pointer and not optional:
            problems.append(f"{path}: never None, but upstream has a pointer")
    else:
        ok = upstream.form == "map"
    if not ok:
        problems.append(f"{path}: {hint} is not upstream's {upstream.go}")


def test_empty_is_shared_and_harmless() -> None:
    assert view(Pod, {}).metadata.labels is EMPTY
    assert Quantity().canonical() == "0"
