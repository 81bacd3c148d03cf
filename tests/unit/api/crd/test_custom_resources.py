"""Custom resources, from their definition to their end."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api import discovery
from refk8s.api.crd import serving
from refk8s.api.endpoints import Http, body_of, request_of, target_of
from refk8s.api.registry import ROWS
from refk8s.api.rest import shown
from refk8s.api.watch import Watch, open_watch
from refk8s.core.model import Occasion
from refk8s.core.wire import Request, Response
from tests.unit.api.api_server import NAMESPACE, Server

Doc = dict[str, Any]
WIDGETS = "widgets.example.com"

SPEC: Doc = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 10},
        "replicas": {"type": "integer", "default": 1},
        "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
        "name": {"type": "string", "maxLength": 3, "pattern": "^a"},
        "port": {"x-kubernetes-int-or-string": True},
        "note": {"type": "string", "nullable": True},
        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "list": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["k"],
            "items": {
                "type": "object",
                "required": ["k"],
                "properties": {"k": {"type": "string"}, "v": {"type": "string"}},
            },
        },
    },
}
STATUS: Doc = {
    "type": "object",
    "properties": {"replicas": {"type": "integer"}, "selector": {"type": "string"}, "phase": {"type": "string"}},
}
SCALE = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}
VERSIONS: list[Doc] = [
    {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}, "scale": SCALE},
        "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC, "status": STATUS}}},
    },
    {
        "name": "v2",
        "served": True,
        "storage": False,
        "deprecated": True,
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    },
]


def definition(**spec: Any) -> Doc:
    names = {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": WIDGETS},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": VERSIONS, **spec},
    }


def widget(called: str = "a", **spec: Any) -> Doc:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": called},
        "spec": {"size": 3, **spec},
    }


class Widgets(Server):
    """A server that serves widgets."""

    def __init__(self) -> None:
        super().__init__()
        self.create("customresourcedefinitions", definition())

    def of(self, verb: str, name: str = "", subresource: str = "", body: Any = None, **options: Any) -> Response:
        request = Request(verb, WIDGETS, NAMESPACE, name, subresource, body, options)
        occasion = Occasion(self.now_ms, self.agent, "client", "server", 1, self.store.collection)
        self.store, response, self.commits = self.api.serve(self.store, request, occasion)
        return response

    def widget(self, **options: Any) -> Doc:
        found: Doc = shown(self.of("get", "a", **options))
        return found


def test_a_definition_is_accepted_and_established() -> None:
    server = Widgets()
    status = server.get("customresourcedefinitions", WIDGETS)["status"]
    assert [(c["type"], c["status"]) for c in status["conditions"]] == [
        ("NamesAccepted", "True"),
        ("Established", "True"),
    ]
    assert status["acceptedNames"]["listKind"] == "WidgetList"
    assert status["storedVersions"] == ["v1"]


def test_names_that_are_taken_are_not_accepted_until_they_are_free() -> None:
    server = Widgets()
    other = definition(names={"plural": "gadgets", "kind": "Widget"})
    other["metadata"]["name"] = "gadgets.example.com"
    server.create("customresourcedefinitions", other)
    conditions = server.get("customresourcedefinitions", "gadgets.example.com")["status"]["conditions"]
    assert [(c["type"], c["reason"]) for c in conditions] == [
        ("NamesAccepted", "ListKindConflict"),
        ("Established", "NotAccepted"),
    ]
    server.done("delete", "customresourcedefinitions", WIDGETS)
    assert not server.exists("customresourcedefinitions", WIDGETS)
    conditions = server.get("customresourcedefinitions", "gadgets.example.com")["status"]["conditions"]
    assert [c["status"] for c in conditions] == ["True", "True"]


def test_a_body_is_pruned_and_defaulted() -> None:
    server = Widgets()
    response = server.of("create", body=widget(foo=1, note=None, name=None, any={"x": {"y": 1}}))
    assert response.warnings == ('unknown field "spec.foo"',)
    spec = server.widget()["spec"]
    assert spec == {"size": 3, "replicas": 1, "color": "red", "note": None, "any": {"x": {"y": 1}}}
    assert server.widget()["metadata"]["generation"] == 1


def test_strict_validation_refuses_unknown_fields() -> None:
    response = Widgets().of("create", body=widget(foo=1), fieldValidation="Strict")
    text = 'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.foo"'
    assert (response.code, response.message) == (400, text)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"size": 0}, "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"),
        ({"size": 11}, "spec.size: Invalid value: 11: spec.size in body should be less than or equal to 10"),
        ({"size": "x"}, 'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"'),
        ({"color": "green"}, 'spec.color: Unsupported value: "green": supported values: "red", "blue"'),
        ({"name": "abcd"}, "spec.name: Too long: may not be more than 3 bytes"),
        ({"name": "b"}, "spec.name: Invalid value: \"b\": spec.name in body should match '^a'"),
        ({"port": True}, 'spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"'),
        ({"list": [{"k": "a"}, {"k": "a"}]}, 'spec.list[1]: Duplicate value: {"k":"a"}'),
        ({"list": [{"v": "a"}]}, "spec.list[0].k: Required value"),
        ({"replicas": -1}, "spec.replicas: Invalid value: -1: should be a non-negative integer"),
    ],
)  # fmt: skip
def test_what_the_schema_forbids_is_refused(spec: Doc, problem: str) -> None:
    response = Widgets().of("create", body=widget(**spec))
    assert response.code == 422
    assert response.message.removeprefix('Widget.example.com "a" is invalid: ').removeprefix(".") in (
        problem,
        f".{problem}",
    )


def test_an_update_looks_only_at_what_changes() -> None:
    server = Widgets()
    server.of("create", body=widget(size=9))
    tighter = [{**VERSIONS[0], "schema": {"openAPIV3Schema": _with_maximum(5)}}, VERSIONS[1]]
    options = {"patchType": "merge"}
    assert server.ask("patch", "customresourcedefinitions", WIDGETS, body={"spec": {"versions": tighter}}, **options).ok
    assert server.of("patch", "a", body={"spec": {"color": "blue"}}, patchType="merge").ok
    assert server.of("patch", "a", body={"spec": {"size": 8}}, patchType="merge").code == 422


def _with_maximum(maximum: int) -> Doc:
    size = {**SPEC["properties"]["size"], "maximum": maximum}
    spec = {**SPEC, "properties": {**SPEC["properties"], "size": size}}
    return {"type": "object", "properties": {"spec": spec, "status": STATUS}}


def test_status_and_spec_are_kept_apart() -> None:
    server = Widgets()
    server.of("create", body={**widget(), "status": {"phase": "x"}})
    assert "status" not in server.widget()
    server.of("patch", "a", "status", {"spec": {"size": 5}, "status": {"phase": "y"}}, patchType="merge")
    assert server.widget()["status"] == {"phase": "y"}
    assert server.widget()["spec"]["size"] == 3
    assert server.widget()["metadata"]["generation"] == 1


def test_a_scale_reads_and_writes_the_paths_of_the_definition() -> None:
    server = Widgets()
    server.of("create", body=widget(replicas=2))
    server.of("patch", "a", "status", {"status": {"replicas": 2, "selector": "a=b"}}, patchType="merge")
    scale = shown(server.of("get", "a", "scale"))
    assert (scale["spec"], scale["status"]) == ({"replicas": 2}, {"replicas": 2, "selector": "a=b"})
    assert server.of("patch", "a", "scale", {"spec": {"replicas": 4}}, patchType="merge").ok
    assert server.widget()["spec"]["replicas"] == 4
    assert server.widget()["metadata"]["generation"] == 2


def test_versions_differ_in_their_api_version_only() -> None:
    server = Widgets()
    server.of("create", body=widget())
    response = server.of("get", "a", version="v2")
    assert response.warnings == ("example.com/v2 Widget is deprecated",)
    assert shown(response)["apiVersion"] == "example.com/v2"
    body = {**widget(), "apiVersion": "example.com/v2", "metadata": {"name": "b"}}
    assert shown(server.of("create", body=body, version="v2"))["apiVersion"] == "example.com/v2"
    stored = server.store.get(WIDGETS, f"{NAMESPACE}/b")
    assert stored is not None
    assert stored.document["apiVersion"] == "example.com/v1"
    row = serving.row_of(server.store, WIDGETS, "v2")
    assert row is not None
    watch = open_watch(server.store, row, NAMESPACE, {})
    assert isinstance(watch, Watch)
    assert {event.object["apiVersion"] for event in watch.events(server.store)} == {"example.com/v2"}


def test_server_side_apply_knows_the_lists_of_the_schema() -> None:
    server = Widgets()
    for manager, key in (("m1", "x"), ("m2", "y")):
        body = {**widget(), "spec": {"size": 3, "list": [{"k": key, "v": manager}]}}
        assert server.of("patch", "a", body=body, patchType="apply", fieldManager=manager).ok
    assert server.widget()["spec"]["list"] == [{"k": "x", "v": "m1"}, {"k": "y", "v": "m2"}]
    body = {**widget(), "spec": {"size": 3, "nope": 1}}
    refused = server.of("patch", "a", body=body, patchType="apply", fieldManager="m1")
    assert (refused.code, refused.message.endswith(".spec.nope: field not declared in schema")) == (500, True)


def test_a_strategic_patch_is_an_unsupported_media_type() -> None:
    server = Widgets()
    server.of("create", body=widget())
    assert server.of("patch", "a", body={}, patchType="strategic").code == 415


def test_the_end_of_a_definition_waits_for_its_objects() -> None:
    server = Widgets()
    server.of("create", body={**widget(), "metadata": {"name": "a", "finalizers": ["x.y/z"]}})
    server.of("create", body=widget("b"))
    assert server.done("delete", "customresourcedefinitions", WIDGETS)["metadata"]["deletionTimestamp"]
    assert server.exists("customresourcedefinitions", WIDGETS)
    assert not server.of("get", "b").ok
    refused = server.of("create", body=widget("c"))
    why = 'widgets.example.com "c" is forbidden: create not allowed while custom resource definition is terminating'
    assert (refused.code, refused.message) == (403, why)
    server.of("patch", "a", body={"metadata": {"finalizers": None}}, patchType="merge")
    assert not server.exists("customresourcedefinitions", WIDGETS)
    assert server.of("list").code == 404


def test_over_http_they_are_listed_discovered_and_tabled() -> None:
    server = Widgets()
    server.of("create", body=widget())
    groups = discovery.groups_of((*ROWS, *serving.rows(server.store)))
    found = discovery.api_resources(groups, "example.com", "v1")
    assert found is not None
    assert [entry["name"] for entry in found["resources"]] == ["widgets", "widgets/scale", "widgets/status"]
    path = f"/apis/example.com/v1/namespaces/{NAMESPACE}/widgets"
    http = Http("GET", path, {}, {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"})
    target = target_of(path, server.store)
    request = request_of(http, target)
    occasion = Occasion(server.now_ms, "", "client", "server", 1, server.store.collection)
    _, response, _ = server.api.serve(server.store, request, occasion)
    table = body_of(http, target, request, response, server.now_ms)
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Size"]
    assert table["rows"][0]["cells"] == ["a", 3]
    listed = body_of(Http("GET", path, {}, {}), target, request, response, server.now_ms)
    assert listed["kind"] == "WidgetList"
    assert listed["items"][0]["kind"] == "Widget"


BAD: list[tuple[Doc, str]] = [
    ({"group": "example"}, 'spec.group: Invalid value: "example": should be a domain with at least one dot'),
    ({"scope": "Nowhere"}, 'spec.scope: Unsupported value: "Nowhere": supported values: "Cluster", "Namespaced"'),
    ({"names": {"plural": "gadgets", "kind": "Gadget"}}, 'must be spec.names.plural+"."+spec.group'),
    (
        {"versions": [{**VERSIONS[0], "storage": False}]},
        "must have exactly one version marked as storage version",
    ),
    (
        {"versions": [{"name": "v1", "served": True, "storage": True}]},
        "spec.versions[0].schema.openAPIV3Schema: Required value",
    ),
    (
        {"versions": [{**VERSIONS[0], "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {}}}}}]},
        "spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields",
    ),
    ({"preserveUnknownFields": True}, "spec.preserveUnknownFields: Invalid value: true"),
]


@pytest.mark.parametrize(("spec", "problem"), BAD)
def test_a_bad_definition_is_refused(spec: Doc, problem: str) -> None:
    code, reason, message = Server().refused("create", "customresourcedefinitions", body=definition(**spec))
    assert (code, reason) == (422, "Invalid")
    assert problem in message


EMBEDDING: Doc = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "inner": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "x-kubernetes-preserve-unknown-fields": True,
                }
            },
        }
    },
}


def embedding(schema: Doc) -> Doc:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "boxes.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "boxes", "kind": "Box"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def test_metadata_of_embedded_objects_is_read_as_metadata() -> None:
    server = Server()
    server.done("create", serving.DEFINITIONS, body=embedding(EMBEDDING))

    def put(metadata: Any) -> Response:
        inner = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"any": 1}}
        box = {"apiVersion": "example.com/v1", "kind": "Box", "metadata": {"name": "b"}, "spec": {"inner": inner}}
        return server.send(Request("create", "boxes.example.com", NAMESPACE, body=box, options={"dryRun": ["All"]}))

    document = put({"name": "p", "other": 1, "labels": {"a": "b"}}).document
    assert document is not None
    assert document["spec"]["inner"]["metadata"] == {"name": "p", "labels": {"a": "b"}}
    assert document["spec"]["inner"]["spec"] == {"any": 1}
    refused = put({"name": True})
    assert refused.code == 400
    assert 'spec.inner.metadata: Invalid value: {"name":true}: json: cannot unmarshal bool' in refused.message


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"minimum": "1"}, "string into Go struct field JSONSchemaProps.{}.minimum of type float64"),
        ({"maxLength": 1.5}, "number 1.5 into Go struct field JSONSchemaProps.{}.maxLength of type int64"),
        ({"required": 5}, "number into Go struct field JSONSchemaProps.{}.required of type []string"),
        ({"properties": {"a": {"type": 3}}}, "number into Go struct field JSONSchemaProps.{}.properties.type of type string"),
    ],
)  # fmt: skip
def test_a_schema_that_is_none_is_not_read(schema: Doc, message: str) -> None:
    code, _, text = Server().refused("create", serving.DEFINITIONS, body=embedding(schema))
    assert code == 400
    assert message.format("spec.versions.schema.openAPIV3Schema") in text


def test_fields_that_a_schema_does_not_have_are_dropped_and_told() -> None:
    schema = {**EMBEDDING, "odd": 1, "items": None, "title": "", "oneOf": [{"strange": 2}]}
    server = Server()
    made = server.ask("create", serving.DEFINITIONS, body=embedding(schema), dryRun=["All"])
    at = "spec.versions[0].schema.openAPIV3Schema"
    assert made.warnings == (f'unknown field "{at}.odd"', f'unknown field "{at}.oneOf[0].strange"')
    code, _, text = server.refused("create", serving.DEFINITIONS, body=embedding(schema), fieldValidation="Strict")
    assert (code, f'strict decoding error: unknown field "{at}.odd"' in text) == (400, True)


def test_a_definition_may_be_applied() -> None:
    server = Server()
    body = embedding(EMBEDDING)
    options = {"patchType": "apply", "fieldManager": "me"}
    made = server.done("patch", serving.DEFINITIONS, "boxes.example.com", body=body, **options)
    assert made["spec"]["versions"][0]["schema"]["openAPIV3Schema"] == EMBEDDING
    entry = made["metadata"]["managedFields"][0]
    assert entry["fieldsV1"]["f:spec"]["f:versions"] == {}
    odd = embedding({**EMBEDDING, "odd": 1})
    code, _, text = server.refused("patch", serving.DEFINITIONS, "boxes.example.com", body=odd, **options)
    assert (code, ".spec.versions[0].schema.openAPIV3Schema.odd: field not declared in schema" in text) == (500, True)
