"""Whatever JSON a client sends, to whatever resource, gets an answer: no crash, no change without success, no unexplained 500."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from refk8s.api.registry import RESOURCES
from refk8s.core.wire import Request
from tests.properties.test_rest_properties import FRESH, serve
from tests.unit.api.api_server import config_map, deployment, lease, pod, service

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
    | st.just("\ud800")
)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)

VALID: dict[str, dict[str, Any]] = {
    "configmaps": config_map("a"),
    "pods": pod("a", {"nodeName": "n", "tolerations": [{"key": "k", "operator": "Exists"}]}),
    "deployments": deployment("a", strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}),
    "services": service("a", type="NodePort", selector={"a": "b"}),
    "leases": lease("a", holderIdentity="x", renewTime="2026-01-01T00:00:00.000000Z"),
    "namespaces": {"metadata": {"name": "a"}, "spec": {"finalizers": ["a.b/c"]}},
    "nodes": {"metadata": {"name": "a"}, "spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]}},
    "secrets": {"metadata": {"name": "a"}, "stringData": {"a": "b"}, "data": {"c": "ZA=="}},
    "priorityclasses": {"metadata": {"name": "a"}, "value": 5},
    "events": {"metadata": {"name": "a"}, "involvedObject": {"kind": "Pod", "namespace": "default", "name": "a"}},
    "serviceaccounts": {"metadata": {"name": "a"}, "secrets": [{"name": "s"}]},
    "replicasets": {**deployment("a"), "kind": "ReplicaSet"},
}
METADATA = (
    {"labels": {"a": "b"}},
    {"annotations": {"a": "b"}},
    {"finalizers": ["a.b/c"]},
    {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}]},
    {"generateName": "g-", "name": ""},
    {"generateName": "\ud800", "name": ""},
    {
        "managedFields": [
            {"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {}}
        ]
    },
    {"resourceVersion": "3"},
)


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a tree."""
    found = [path] if path else []
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        found += places(value, (*path, key))
    return found


@st.composite
def spoiled(draw: st.DrawFn, resource: str) -> Any:
    """A valid object of the resource with a few values replaced or removed."""
    document = copy.deepcopy(VALID[resource])
    document["metadata"].update(copy.deepcopy(draw(st.sampled_from(METADATA))))
    for _ in range(draw(st.integers(0, 2))):
        *path, last = draw(st.sampled_from(places(document)))
        parent = document
        for key in path:
            parent = parent[key]
        if draw(st.booleans()):
            parent[last] = draw(trees)
        elif isinstance(parent, dict):
            del parent[last]
        if not document:
            break
    return document


@st.composite
def requests(draw: st.DrawFn) -> Request:
    resource = draw(st.sampled_from(sorted(VALID)))
    row = RESOURCES[resource]
    subresource = draw(st.sampled_from(["", "", "", *sorted(row.subresources)]))
    verb = draw(st.sampled_from(["create", "update", "patch", "delete", "deletecollection", "get", "list"]))
    options: dict[str, Any] = draw(
        st.sampled_from(
            [
                {},
                {"dryRun": "All"},
                {"fieldValidation": "Strict"},
                {"fieldManager": "m"},
                {"propagationPolicy": "Foreground"},
            ]
        )
    )
    body = draw(trees | spoiled(resource))
    if verb == "patch":
        options = {**options, "patchType": draw(st.sampled_from(["merge", "strategic", "json"]))}
        if draw(st.booleans()):
            paths = st.sampled_from(["", "/spec", "/metadata/labels/x", "/metadata/finalizers/-", "/data", "/kind"])
            operation = st.fixed_dictionaries(
                {"op": st.sampled_from(["add", "remove", "replace", "test", "copy"]), "path": paths},
                optional={"value": trees, "from": paths},
            )
            options["patchType"], body = "json", draw(st.lists(operation, max_size=3))
    name = "" if verb in ("list", "deletecollection") or (verb == "create" and not subresource) else "a"
    return Request(verb, resource, "default" if row.namespaced else "", name, subresource, body, options, "fuzz")


# What upstream, too, answers with an error that it did not classify.
EXPLAINED = (
    "strconv.ParseUint",
    "resourceVersion should not be set",
    "target.",
    "map:",
    "unknown patch type",
    "expected a ",
    "unable to find api field",
)


@settings(max_examples=150, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=6))
def test_every_request_gets_an_answer(dialogue: list[Request]) -> None:
    store = FRESH
    for index, request in enumerate(dialogue):
        after, response, commits = serve(store, request, index)
        if not response.ok:
            assert after is store
            assert commits == ()
            assert response.status["code"] == response.code
            assert response.code < 500 or any(word in response.message for word in EXPLAINED), response.status
        store = after
