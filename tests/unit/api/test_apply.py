"""Server-side apply: ownership, conflicts, and what is taken away when nobody wants it any more."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api import schema
from refk8s.api.typed import members, merged, problems, removed
from tests.unit.api.api_server import Server

Doc = dict[str, Any]


def config_map(**data: Any) -> Doc:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm"}, "data": data}


def apply(server: Server, document: Doc, manager: str = "m1", resource: str = "configmaps", **options: Any) -> Doc:
    name = document["metadata"]["name"]
    return server.done("patch", resource, name, body=document, patchType="apply", fieldManager=manager, **options)


def owners(document: Doc) -> dict[tuple[str, str], Any]:
    entries = document["metadata"].get("managedFields") or ()
    return {(entry.get("manager"), entry["operation"]): entry["fieldsV1"] for entry in entries}


def test_the_first_apply_creates() -> None:
    server = Server()
    response = server.ask("patch", "configmaps", "cm", body=config_map(a="1"), patchType="apply", fieldManager="m1")
    assert response.code == 201
    assert owners(server.get("configmaps", "cm")) == {("m1", "Apply"): {"f:data": {"f:a": {}}}}


def test_a_field_that_only_its_owner_wanted_goes_with_it() -> None:
    server = Server()
    apply(server, config_map(a="1", b="1"))
    apply(server, config_map(a="1"), "m2")
    assert apply(server, config_map(b="1"))["data"] == {"a": "1", "b": "1"}
    assert apply(server, config_map(), "m2")["data"] == {"b": "1"}


def test_another_value_for_a_foreign_field_is_a_conflict_that_force_wins() -> None:
    server = Server()
    server.create("configmaps", config_map(a="1", b="1"))
    code, reason, message = server.refused(
        "patch", "configmaps", "cm", body=config_map(a="2", b="2"), patchType="apply", fieldManager="m1"
    )
    assert (code, reason) == (409, "Conflict")
    assert message == 'Apply failed with 2 conflicts: conflicts with "tests" using v1:\n- .data.a\n- .data.b'
    forced = apply(server, config_map(a="2", b="1"), force=True)
    assert owners(forced)["tests", "Update"] == {"f:data": {".": {}, "f:b": {}}}
    assert owners(forced)["m1", "Apply"] == {"f:data": {"f:a": {}, "f:b": {}}}


def test_kubectl_takes_over_what_its_last_applied_annotation_says() -> None:
    server = Server()
    server.agent = "kubectl"
    last = '{"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap","metadata":{"name":"cm"}}'
    document = config_map(a="1")
    document["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": last}
    server.create("configmaps", document)
    refused = server.ask("patch", "configmaps", "cm", body=config_map(a="2"), patchType="apply", fieldManager="other")
    assert refused.reason == "Conflict"
    after = apply(server, config_map(a="2"), "kubectl")
    assert after["data"] == {"a": "2"}
    annotation = after["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
    assert annotation == last.replace('"1"', '"2"') + "\n"


def test_an_object_without_managers_belongs_to_before_first_apply() -> None:
    server = Server()
    server.create("configmaps", config_map(a="1"))
    server.patch("configmaps", "cm", {"metadata": {"managedFields": [{}]}})
    after = apply(server, config_map(b="1"))
    assert owners(after)["before-first-apply", "Update"] == {"f:data": {".": {}, "f:a": {}}}


def test_removing_the_last_finalizer_by_apply_ends_the_object() -> None:
    server = Server()
    document = config_map(a="1")
    document["metadata"]["finalizers"] = ["a.b/c"]
    apply(server, document)
    server.done("delete", "configmaps", "cm")
    apply(server, config_map(a="1"))
    assert not server.exists("configmaps", "cm")


def test_a_scale_is_applied() -> None:
    server = Server()
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"a": "b"}}, "template": template},
    }
    apply(server, deployment, resource="deployments")
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"}, "spec": {"replicas": 5}}
    options = {"patchType": "apply", "fieldManager": "hpa"}
    code, _, message = server.refused("patch", "deployments", "d", "scale", scale, **options)
    assert (code, message) == (409, 'Apply failed with 1 conflict: conflict with "m1": .spec.replicas')
    assert server.done("patch", "deployments", "d", "scale", scale, force=True, **options)["spec"] == {"replicas": 5}
    fields = owners(server.get("deployments", "d"))
    assert fields["hpa", "Apply"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in fields["m1", "Apply"]["f:spec"]


NULL = "associative list with keys may not have a null element"
PORT = '.spec.containers[name="c"].ports[containerPort="x",protocol="TCP"].containerPort'


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"containers": [None]}, f".spec.containers: element 0: {NULL}"),
        ({"containers": [{"name": "c"}, {"name": "c"}]}, '.spec.containers: duplicate entries for key [name="c"]'),
        ({"containers": {"name": "c"}}, ".spec.containers: expected list, got &{map[name:c]}"),
        (
            {"containers": [{"name": "c", "ports": [{"containerPort": "x"}]}]},
            f"{PORT}: expected numeric (int or float), got string",
        ),
        ({"hostNetwork": "yes"}, ".spec.hostNetwork: expected boolean, got &{yes}"),
        ({"nodeSelector": {"a": 1}}, ".spec.nodeSelector.a: expected string, got &value.valueUnstructured{Value:1}"),
        ({"nope": 1}, ".spec.nope: field not declared in schema"),
    ],
)
def test_what_is_no_configuration_is_named(spec: Doc, problem: str) -> None:
    assert problems(schema.of_kind("Pod"), {"spec": spec}) == [problem]


def test_new_elements_come_in_the_order_of_the_configuration() -> None:
    of = schema.of_kind("Pod")
    live = {"spec": {"containers": [{"name": name} for name in "axb"]}}
    config = {"spec": {"containers": [{"name": name} for name in "bca"]}}
    names = [container["name"] for container in merged(of, live, config)["spec"]["containers"]]
    assert sorted(names) == ["a", "b", "c", "x"]
    assert [name for name in names if name in "bca"] == ["b", "c", "a"]


def test_an_emptied_container_stays() -> None:
    of = schema.of_kind("ConfigMap")
    assert removed(of, {"data": {"a": "1"}}, {"f:data": {"f:a": {}}}) == {"data": {}}
    assert members(of, {"data": {}}) == {"f:data": {}}
