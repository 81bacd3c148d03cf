"""Bodies in protobuf, as kubectl 1.32 sends them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refk8s.http.protobuf import MAGIC, NoProtobuf, as_json


def field(number: int, value: bytes | int) -> bytes:
    """One field of a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    made = b""
    while number > 0x7F:
        made += bytes([number & 0x7F | 0x80])
        number >>= 7
    return made + bytes([number])


def body(api_version: str, kind: str, message: bytes) -> bytes:
    """A message in its envelope."""
    meta = field(1, api_version.encode()) + field(2, kind.encode())
    return MAGIC + field(1, meta) + field(2, message) + field(3, b"") + field(4, b"")


def test_what_kubectl_create_configmap_sends() -> None:
    sent = (
        b"k8s\x00\n\x0f\n\x02v1\x12\tConfigMap\x12#\n\x19\n\x02c1\x12\x00\x1a\x07kc-demo"
        b'"\x00*\x002\x008\x00B\x00\x12\x06\n\x01a\x12\x01b\x1a\x00"\x00'
    )
    assert as_json(sent) == {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": "c1", "namespace": "kc-demo", "creationTimestamp": None},
        "data": {"a": "b"},
    }


def test_embedded_structs_maps_and_special_types() -> None:
    quantity = field(1, b"cpu") + field(2, field(1, b"100m"))
    probe = field(1, field(2, field(1, b"/ready") + field(2, field(1, 1) + field(2, 0) + field(3, b"http")))) + field(
        2, 7
    )
    key = field(1, field(1, b"settings")) + field(2, b"level")
    env = field(1, b"LEVEL") + field(2, b"") + field(3, field(3, key))
    container = field(1, b"c") + field(2, b"nginx") + field(7, env) + field(8, field(2, quantity)) + field(10, probe)
    pod = field(1, field(1, b"p") + field(8, field(1, 0))) + field(2, field(2, container) + field(11, 0) + field(4, 30))
    made = as_json(body("v1", "Pod", pod))
    assert made["metadata"] == {"name": "p", "creationTimestamp": "1970-01-01T00:00:00Z"}
    assert made["spec"] == {
        "containers": [
            {
                "name": "c",
                "image": "nginx",
                "env": [{"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "level"}}}],
                "resources": {"requests": {"cpu": "100m"}},
                "livenessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "initialDelaySeconds": 7},
            }
        ],
        "terminationGracePeriodSeconds": 30,
    }


def test_negative_numbers_and_unknown_fields() -> None:
    priority = field(2, -5) + field(99, b"from the future") + field(98, 3)
    made = as_json(body("scheduling.k8s.io/v1", "PriorityClass", field(1, field(1, b"low")) + priority))
    assert made["value"] == -5


def test_options_of_a_delete_are_read_in_any_group() -> None:
    made = as_json(body("policy/v1", "DeleteOptions", field(1, 0) + field(4, b"Background")))
    assert made == {
        "kind": "DeleteOptions",
        "apiVersion": "policy/v1",
        "gracePeriodSeconds": 0,
        "propagationPolicy": "Background",
    }


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"k8s\0",
        b"{}",
        b"k8s\0\xff",
        body("v1", "Nope", b""),
        body("v1", "Pod", b"\x0a\xff"),
        body("v1", "Pod", b"\x0f"),
    ],
)
def test_what_is_no_message_is_refused(sent: bytes) -> None:
    with pytest.raises(NoProtobuf):
        as_json(sent)


@given(st.binary(max_size=200), st.sampled_from(["Pod", "Node", "Event", "Secret"]))
def test_random_bytes_are_read_or_refused(message: bytes, kind: str) -> None:
    try:
        made = as_json(body("v1", kind, message))
    except NoProtobuf:
        return
    assert made["kind"] == kind
