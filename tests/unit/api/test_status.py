"""Status documents as kube-apiserver v1.36.2 wrote them."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api import status

FAILURE = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}

RECORDED: list[tuple[status.ApiError, dict[str, Any]]] = [
    (
        status.not_found("apps", "daemonsets", "ds"),
        {
            "message": 'daemonsets.apps "ds" not found',
            "reason": "NotFound",
            "details": {"name": "ds", "group": "apps", "kind": "daemonsets"},
            "code": 404,
        },
    ),
    (
        status.already_exists("", "configmaps", "cm"),
        {
            "message": 'configmaps "cm" already exists',
            "reason": "AlreadyExists",
            "details": {"name": "cm", "kind": "configmaps"},
            "code": 409,
        },
    ),
    (
        status.being_deleted("batch", "jobs", "j"),
        {
            "message": 'object is being deleted: jobs.batch "j" already exists',
            "reason": "AlreadyExists",
            "details": {"name": "j", "group": "batch", "kind": "jobs"},
            "code": 409,
        },
    ),
    (
        status.conflict("apps", "deployments", "d"),
        {
            "message": 'Operation cannot be fulfilled on deployments.apps "d": the object has been modified; '
            "please apply your changes to the latest version and try again",
            "reason": "Conflict",
            "details": {"name": "d", "group": "apps", "kind": "deployments"},
            "code": 409,
        },
    ),
    (
        status.resource_version_mismatch("", "ConfigMap", "cm", "7", "9"),
        {
            "message": 'Operation cannot be fulfilled on ConfigMap "cm": the ResourceVersion in the precondition (7) '
            "does not match the ResourceVersion in record (9). The object might have been modified",
            "reason": "Conflict",
            "details": {"name": "cm", "kind": "ConfigMap"},
            "code": 409,
        },
    ),
    (
        status.uid_mismatch("apps", "Deployment", "a", "u1", "u3"),
        {
            "message": 'Operation cannot be fulfilled on Deployment.apps "a": the UID in the precondition (u1) does '
            "not match the UID in record (u3). The object might have been deleted and then recreated",
            "reason": "Conflict",
            "details": {"name": "a", "group": "apps", "kind": "Deployment"},
            "code": 409,
        },
    ),
    (
        status.precondition_failed("", "pods", "p", key="/registry/pods/t/p", field="UID", wanted="wrong", actual="u1"),
        {
            "message": 'Operation cannot be fulfilled on pods "p": StorageError: invalid object, Code: 4, '
            "Key: /registry/pods/t/p, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in "
            "precondition: wrong, UID in object meta: u1",
            "reason": "Conflict",
            "details": {"name": "p", "kind": "pods"},
            "code": 409,
        },
    ),
    (
        status.invalid(
            "",
            "ConfigMap",
            "cm",
            [status.cause("FieldValueInvalid", 'Invalid value: "bogus": field is immutable', "metadata.uid")] * 2,
        ),
        {
            "message": 'ConfigMap "cm" is invalid: metadata.uid: Invalid value: "bogus": field is immutable',
            "reason": "Invalid",
            "details": {
                "name": "cm",
                "kind": "ConfigMap",
                "causes": [
                    {
                        "reason": "FieldValueInvalid",
                        "message": 'Invalid value: "bogus": field is immutable',
                        "field": "metadata.uid",
                    }
                ]
                * 2,
            },
            "code": 422,
        },
    ),
    (
        status.forbidden("", "namespaces", "default", "this namespace may not be deleted"),
        {
            "message": 'namespaces "default" is forbidden: this namespace may not be deleted',
            "reason": "Forbidden",
            "details": {"name": "default", "kind": "namespaces"},
            "code": 403,
        },
    ),
    (
        status.too_many_requests(
            "Cannot evict pod as it would violate the pod's disruption budget.",
            10,
            [status.cause("DisruptionBudget", "The disruption budget pdb is still being processed by the server.")],
        ),
        {
            "message": "Cannot evict pod as it would violate the pod's disruption budget.",
            "reason": "TooManyRequests",
            "details": {
                "causes": [
                    {
                        "reason": "DisruptionBudget",
                        "message": "The disruption budget pdb is still being processed by the server.",
                    }
                ],
                "retryAfterSeconds": 10,
            },
            "code": 429,
        },
    ),
    (
        status.resource_version_too_large(999999999, 12),
        {
            "message": "Timeout: Too large resource version: 999999999, current: 12",
            "reason": "Timeout",
            "details": {
                "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
                "retryAfterSeconds": 1,
            },
            "code": 504,
        },
    ),
    (
        status.generic(404),
        {
            "message": "the server could not find the requested resource",
            "reason": "NotFound",
            "details": {},
            "code": 404,
        },
    ),
    (
        status.expired(),
        {"message": "The resourceVersion for the provided list is too old.", "reason": "Expired", "code": 410},
    ),
    (
        status.unclassified('strconv.ParseUint: parsing "abc": invalid syntax'),
        {"message": 'strconv.ParseUint: parsing "abc": invalid syntax', "code": 500},
    ),
]


@pytest.mark.parametrize(("error", "rest"), RECORDED, ids=lambda value: getattr(value, "message", None))
def test_documents_equal_the_recorded_ones_key_order_included(error: status.ApiError, rest: dict[str, Any]) -> None:
    assert list(error.doc().items()) == list({**FAILURE, **rest}.items())
    if error.details is not None:
        assert list(error.details) == list(rest["details"])


def test_several_distinct_causes_are_listed_in_brackets() -> None:
    causes = [status.cause("FieldValueRequired", "Required value", field) for field in ("spec.a", "spec.b", "spec.a")]
    assert status.invalid("apps", "Deployment", "d", causes).message == (
        'Deployment.apps "d" is invalid: [spec.a: Required value, spec.b: Required value]'
    )


def test_a_delete_answers_with_the_uid_and_no_code() -> None:
    assert status.deleted("apps", "daemonsets", "ds", "u1") == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "ds", "group": "apps", "kind": "daemonsets", "uid": "u1"},
    }


def test_a_rejection_carries_its_error() -> None:
    error = status.bad_request("no")
    assert status.Rejected(error).error is error


@pytest.mark.parametrize(
    ("text", "quoted"),
    [("a", '"a"'), ('a"b\\', '"a\\"b\\\\"'), ("\n\x00", '"\\n\\x00"'), ("é世", '"é世"'), ("\u200b", '"\\u200b"')],
)
def test_names_are_quoted_as_go_does(text: str, quoted: str) -> None:
    assert status.go_quote(text) == quoted
