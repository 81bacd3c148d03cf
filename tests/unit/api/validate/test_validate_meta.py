"""Metadata on create and update."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.validate import causes, validate_create, validate_update

Doc = dict[str, Any]

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def config_map(**meta: Any) -> Doc:
    return {"metadata": {"name": "m", "namespace": "ns", "resourceVersion": "1", "uid": "u", **meta}}


def created(**meta: Any) -> list[str]:
    return [str(error) for error in validate_create("ConfigMap", config_map(**meta))]


def updated(new: Doc, old: Doc) -> list[str]:
    return list(
        dict.fromkeys(str(error) for error in validate_update("ConfigMap", config_map(**new), config_map(**old)))
    )


def test_a_valid_object_has_no_errors() -> None:
    assert created(labels={"a": "b"}, annotations={"X": "y"}, finalizers=["example.com/x"]) == []


def test_name_is_required_and_checked_with_its_prefix() -> None:
    assert created(name="") == ["metadata.name: Required value: name or generateName is required"]
    assert created(name="A", generateName="Ab-") == [
        f'metadata.generateName: Invalid value: "Ab-": {SUBDOMAIN}',
        f'metadata.name: Invalid value: "A": {SUBDOMAIN}',
    ]


def test_cluster_scoped_kinds_have_no_namespace() -> None:
    errors = validate_create("Node", {"metadata": {"name": "n", "namespace": "x"}})
    assert [str(error) for error in errors] == ["metadata.namespace: Forbidden: not allowed on this type"]


def test_labels_are_checked_in_the_order_of_their_keys() -> None:
    errors = created(labels={"b c": "1", "a!": "2"})
    assert [error.split(": name part")[0] for error in errors] == [
        'metadata.labels: Invalid value: "a!"',
        'metadata.labels: Invalid value: "b c"',
    ]


def test_annotations_have_a_size_limit() -> None:
    assert created(annotations={"a": "x" * 2**18}) == [
        "metadata.annotations: Too long: may not be more than 262144 bytes"
    ]


def owner(**fields: Any) -> Doc:
    return {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u", **fields}


@pytest.mark.parametrize(
    ("reference", "error"),
    [
        (owner(apiVersion=""), 'apiVersion: Invalid value: "": version must not be empty'),
        (owner(apiVersion="a/b/c"), 'apiVersion: Invalid value: "a/b/c": version must not be empty'),
        (owner(kind=""), 'kind: Invalid value: "": must not be empty'),
        (owner(name=""), 'name: Invalid value: "": must not be empty'),
        (owner(uid=""), 'uid: Invalid value: "": must not be empty'),
    ],
)
def test_owner_references_are_complete(reference: Doc, error: str) -> None:
    assert created(ownerReferences=[reference]) == [f"metadata.ownerReferences.{error}"]


def test_only_one_owner_controls() -> None:
    pair = [owner(controller=True), owner(name="q", controller=True)]
    (error,) = created(ownerReferences=pair)
    assert error.endswith('Found "true" in references for Pod/p and Pod/q')
    shown = '[{"apiVersion":"v1","kind":"Pod","name":"p","uid":"u","controller":true}'
    assert error.startswith(f"metadata.ownerReferences: Invalid value: {shown}")


def test_events_own_nothing() -> None:
    assert created(ownerReferences=[owner(kind="Event")]) == [
        'metadata.ownerReferences: Invalid value: {"apiVersion":"v1","kind":"Event","name":"p","uid":"u"}: '
        "/v1, Kind=Event is disallowed from being an owner"
    ]


def test_finalizers_are_standard_or_qualified() -> None:
    assert created(finalizers=["orphan", "kubernetes", "example.com/x"]) == []
    assert created(finalizers=["mine"]) == [
        'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified'
    ]
    assert created(finalizers=["orphan", "foregroundDeletion"]) == [
        'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: '
        "finalizer orphan and foregroundDeletion cannot be both set"
    ]


def test_managed_fields_are_checked() -> None:
    entry = {"operation": "Merge", "fieldsType": "FieldsV2", "manager": "x" * 129}
    assert created(managedFields=[entry]) == [
        'metadata.managedFields[0].operation: Invalid value: "Merge": must be `Apply` or `Update`',
        'metadata.managedFields[0].fieldsType: Invalid value: "FieldsV2": must be `FieldsV1`',
        "metadata.managedFields[0].manager: Too long: may not be more than 128 bytes",
    ]


@pytest.mark.parametrize(
    ("field", "new", "old", "error"),
    [
        ("resourceVersion", "", "1", 'metadata.resourceVersion: Invalid value: "": must be specified for an update'),
        ("generation", 1, 2, "metadata.generation: Invalid value: 1: must not be decremented"),
        ("name", "n", "m", 'metadata.name: Invalid value: "n": field is immutable'),
        ("uid", "v", "u", 'metadata.uid: Invalid value: "v": field is immutable'),
        (
            "deletionTimestamp",
            None,
            "2024-01-01T00:00:00Z",
            "metadata.deletionTimestamp: Invalid value: null: field is immutable",
        ),
        (
            "deletionGracePeriodSeconds",
            5,
            None,
            "metadata.deletionGracePeriodSeconds: Invalid value: 5: field is immutable",
        ),
    ],
)
def test_identity_never_changes(field: str, new: Any, old: Any, error: str) -> None:
    assert updated({field: new}, {field: old}) == [error]


def test_no_finalizer_is_added_to_an_ending_object() -> None:
    stamp = {"deletionTimestamp": "2024-01-01T00:00:00Z"}
    old = {**stamp, "finalizers": ["a/x"]}
    assert updated({**stamp, "finalizers": ["a/x", "a/z", "a/y"]}, old) == [
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, "
        'found new finalizers []string{"a/y", "a/z"}'
    ]
    assert updated({**stamp}, old) == []


def test_an_update_reports_the_same_metadata_error_once_per_pass() -> None:
    errors = validate_update("ConfigMap", config_map(labels={"a b": "x"}), config_map())
    assert len(errors) == 4
    assert len({str(error) for error in errors}) == 1
    (cause, *_) = causes(errors)
    assert cause["reason"] == "FieldValueInvalid"
    assert cause["field"] == "metadata.labels"
    assert cause["message"].startswith('Invalid value: "a b": name part must consist')
