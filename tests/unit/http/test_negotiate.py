"""Media types and limits."""

from __future__ import annotations

import pytest

from refk8s.http.negotiate import MAX_DEPTH, answer_type, nested_too_deep


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json, */*", "application/json"),
        ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "application/json"),
        ("application/vnd.kubernetes.protobuf,application/json", "application/json"),
        ("application/yaml", "application/yaml"),
        ("application/yaml;q=0.1,application/json;q=0.9", "application/json"),
        ("application/vnd.kubernetes.protobuf", ""),
        ("text/html", ""),
    ],
)
def test_the_first_type_that_is_served_is_answered(accept: str, kind: str) -> None:
    assert answer_type(accept) == kind


@pytest.mark.parametrize(
    ("body", "deep"),
    [
        (b"[" * MAX_DEPTH, False),
        (b"[" * (MAX_DEPTH + 1), True),
        (b'{"a":' * (MAX_DEPTH + 1), True),
        (b"[]" * 5_000, False),
        (b'{"a":"' + b"[" * 5_000 + b'"}', False),
        (b'{"a":"\\"' + b"[" * 5_000 + b'"}', False),
        (b'{"a":"\\\\"' + b"[" * 5_000, True),
    ],
)
def test_depth_is_counted_outside_of_strings(body: bytes, deep: bool) -> None:
    assert nested_too_deep(body) is deep
