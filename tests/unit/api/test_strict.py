"""Strict decoding in upstream's words, as recorded in the field-validation scenarios."""

from __future__ import annotations

import json
from typing import Any

import pytest

from refk8s.api import schema
from refk8s.api.strict import (
    MAX_ERRORS,
    patch_errors,
    read_json,
    strict_errors,
    strict_message,
    unknown_fields,
    without_repetitions,
)

POD = schema.of_kind("Pod")


def test_unknown_fields_are_listed_in_the_order_of_the_document() -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "labels": {"any": "key"}},
        "spec": {"containers": [{"name": "c", "imagePullPolicyy": "x"}], "foo": {"deeper": 1}, "HostNetwork": True},
        "bar": 2,
    }
    errors = unknown_fields("Pod", pod)
    assert errors == (
        'unknown field "spec.containers[0].imagePullPolicyy"',
        'unknown field "spec.foo"',
        'unknown field "spec.HostNetwork"',
        'unknown field "bar"',
    )
    assert strict_message(errors[:2]) == (
        'strict decoding error: unknown field "spec.containers[0].imagePullPolicyy", unknown field "spec.foo"'
    )


def test_repeated_fields_are_reported_and_the_last_counts() -> None:
    text = '{"metadata":{"name":"p","name":"p2"},"spec":{"containers":[{"name":"c","image":"x","image":"y"}]}}'
    pod = read_json(text)
    assert strict_errors(POD, pod) == ('duplicate field "metadata.name"', 'duplicate field "spec.containers[0].image"')
    plain = without_repetitions(POD, pod)
    assert plain == {"metadata": {"name": "p2"}, "spec": {"containers": [{"name": "c", "image": "y"}]}}
    assert type(plain["metadata"]) is dict


def test_a_repeated_struct_is_written_over_and_not_replaced() -> None:
    text = """{"metadata": {"name": "p", "labels": {"a": "1", "b": "1"}}, "metadata": {"labels": {"b": "2"}},
               "spec": {"containers": [{"name": "c", "image": "x"}, {"name": "d"}]},
               "spec": {"containers": [{"image": "y"}]}}"""
    assert without_repetitions(POD, read_json(text)) == {
        "metadata": {"name": "p", "labels": {"a": "1", "b": "2"}},
        "spec": {"containers": [{"name": "c", "image": "y"}]},
    }


def test_a_mistake_is_reported_once_and_a_hundred_are_enough() -> None:
    assert strict_errors(POD, read_json('{"x": 1, "x": 2}')) == ('unknown field "x"',)
    assert len(strict_errors(POD, {f"f{n}": n for n in range(200)})) == MAX_ERRORS


def test_bodies_that_are_no_json_are_refused() -> None:
    with pytest.raises(json.JSONDecodeError):
        read_json("{")


@pytest.mark.parametrize(
    ("patch_type", "patch", "message"),
    [
        (
            "merge",
            [],
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        ("strategic", "x", "json: cannot unmarshal string into Go value of type map[string]interface {}"),
        (
            "json",
            {},
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
        ("json", [5], "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"),
        (
            "json",
            [{"op": "add", "path": True}],
            "error decoding patch: json: cannot unmarshal bool into Go struct field jsonPatchOp.path of type string",
        ),
    ],
)
def test_patches_of_the_wrong_form_are_refused_before_they_are_applied(
    patch_type: str, patch: Any, message: str
) -> None:
    error, errors = patch_errors(patch_type, patch)
    assert error is not None
    assert (error.code, error.message, errors) == (400, message, ())


def test_patches_have_strict_errors_of_their_own() -> None:
    assert patch_errors("merge", read_json('{"a": {"b": 1, "b": 2}}')) == (None, ('duplicate field "a.b"',))
    assert patch_errors("merge", None) == (None, ())
    patch = read_json('[{"op": "add", "op": "add", "path": "/a", "value": {"x": 1, "x": 1}, "more": 1}]')
    assert patch_errors("json", patch) == (
        None,
        (
            'json patch duplicate field "[0].op"',
            'json patch duplicate field "[0].value.x"',
            'json patch unknown field "[0].more"',
        ),
    )
