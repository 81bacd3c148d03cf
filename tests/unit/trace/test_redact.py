"""Secrets stay out of traces, and what depends on them keeps its outcome."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

import pytest

from refk8s.trace.redact import JSON_TEXT, LAST_APPLIED, PLAIN, redact

WORD = "hunter2"
CODED = base64.b64encode(WORD.encode()).decode()


def secret(**parts: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **parts}


@pytest.mark.parametrize(
    "value",
    [
        secret(data={"a": CODED}, stringData={"b": WORD}),
        secret(metadata={"name": "s", "annotations": {LAST_APPLIED: f'{{"stringData":{{"b":"{WORD}"}}}}'}}),
        {"kind": "List", "items": [secret(stringData={"b": WORD})]},
        {"spec": {"users": {"ann": [{"apply": {"documents": [secret(data={"a": CODED})]}}]}}},
        {"patch": {"resource": "secrets", "name": "s", "patch": {"stringData": {"b": WORD}}}},
        {"patch": {"resource": "Secret", "name": "s", "patch": [{"op": "add", "path": "/data/a", "value": CODED}]}},
        {
            "patch": {
                "resource": "secret",
                "name": "s",
                "patch": [{"op": "add", "path": "/data", "value": {"a": CODED}}],
            }
        },
        {
            "patch": {
                "resource": "secret",
                "name": "s",
                "patch": [{"op": "replace", "path": "", "value": secret(data={"a": CODED})}],
            }
        },
        {"request": {"verb": "update", "resource": "secrets", "body": {"data": {"a": CODED}}}},
        secret(data={"a": f"no base64 {WORD}"}),
    ],
)
def test_no_data_of_a_secret_is_left(value: Any) -> None:
    text = json.dumps(redact(value))
    assert WORD not in text
    assert CODED not in text


def test_keys_names_and_labels_stay() -> None:
    made = redact(secret(data={"a": CODED, "b": ""}, type="Opaque", metadata={"name": "s", "labels": {"x": "y"}}))
    assert list(made["data"]) == ["a", "b"]
    assert base64.b64decode(made["data"]["a"]).decode() == PLAIN
    assert (made["type"], made["metadata"]) == ("Opaque", {"name": "s", "labels": {"x": "y"}})


def test_what_is_no_base64_stays_none_and_what_must_be_json_stays_json() -> None:
    made = redact(secret(data={"a": "%%%", ".dockerconfigjson": CODED}))
    with pytest.raises(binascii.Error):
        base64.b64decode(made["data"]["a"], validate=True)
    assert base64.b64decode(made["data"][".dockerconfigjson"]).decode() == JSON_TEXT
    assert isinstance(json.loads(JSON_TEXT), dict)


def test_what_has_no_secrets_is_returned_as_it_is() -> None:
    value = {
        "spec": {
            "objects": [
                {"kind": "ConfigMap", "data": {"a": WORD}},
                {"kind": "Secret", "apiVersion": "other/v1", "data": {"a": 1}},
            ]
        }
    }
    assert redact(value) is value


def test_redacting_twice_changes_nothing_more() -> None:
    once = redact(secret(data={"a": CODED, ".dockercfg": CODED}, stringData={"b": WORD}))
    assert redact(once) == once
