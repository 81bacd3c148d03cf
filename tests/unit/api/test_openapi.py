"""OpenAPI documents of what is served."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from refk8s.api import openapi
from refk8s.api.registry import ROWS


def references(document: Any) -> Iterator[str]:
    """Every $ref in a document."""
    if isinstance(document, dict):
        if "$ref" in document:
            yield document["$ref"]
        for value in document.values():
            yield from references(value)
    elif isinstance(document, list):
        for value in document:
            yield from references(value)


def resolved(document: Any, reference: str) -> Any:
    for part in reference.removeprefix("#/").split("/"):
        document = document[part]
    return document


PATHS = sorted(openapi.index(ROWS)["paths"])


@pytest.mark.parametrize("path", PATHS)
def test_v3_documents_are_whole(path: str) -> None:
    document = json.loads(openapi.document(ROWS, path) or b"")
    assert document["openapi"] == "3.0.0"
    for reference in set(references(document)):
        assert resolved(document, reference), reference
    names = [
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
    ]
    assert len(names) == len(set(names))


def test_v2_is_whole() -> None:
    document = json.loads(openapi.swagger(ROWS))
    for reference in set(references(document)):
        assert resolved(document, reference), reference


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_every_kind_has_a_schema_and_paths(row: Any) -> None:
    path = f"apis/{row.api_version}" if row.group else "api/v1"
    document = json.loads(openapi.document(ROWS, path) or b"")
    kinds = [
        kind
        for schema in document["components"]["schemas"].values()
        for kind in schema.get("x-kubernetes-group-version-kind", ())
    ]
    assert {"group": row.group, "version": row.version, "kind": row.kind} in kinds
    scope = "/namespaces/{namespace}" if row.namespaced else ""
    assert f"/{path}{scope}/{row.plural}/{{name}}" in document["paths"]


def test_what_kubectl_reads() -> None:
    document = json.loads(openapi.document(ROWS, "api/v1") or b"")
    containers = document["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert (containers["x-kubernetes-patch-merge-key"], containers["x-kubernetes-list-map-keys"]) == ("name", ["name"])
    patch = document["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"]
    assert {"fieldValidation", "dryRun"} <= {parameter["name"] for parameter in patch["parameters"]}
    assert patch["x-kubernetes-group-version-kind"] == {"group": "", "kind": "Pod", "version": "v1"}


def test_the_index_changes_with_what_is_served() -> None:
    assert openapi.index(ROWS) != openapi.index(ROWS[:-1])
    assert openapi.document(ROWS, "apis/nope/v1") is None
