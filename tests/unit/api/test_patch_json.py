"""JSON patch: upstream's results and messages."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.patch import PatchError, apply_patch, patch_status

POD: dict[str, Any] = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "a"}, {"name": "b"}]},
    "empty": None,
}


def patched(*operations: Any, original: Any = POD) -> Any:
    return apply_patch("json", "Pod", original, list(operations))


def failure(*operations: Any) -> str:
    with pytest.raises(PatchError) as caught:
        patched(*operations)
    return caught.value.message


def test_add_inserts_into_lists_and_objects() -> None:
    result = patched(
        {"op": "add", "path": "/spec/containers/1", "value": {"name": "x"}},
        {"op": "add", "path": "/spec/containers/-", "value": {"name": "z"}},
        {"op": "add", "path": "/metadata/labels/a~1b~0c", "value": "1"},
    )
    assert [c["name"] for c in result["spec"]["containers"]] == ["a", "x", "b", "z"]
    assert result["metadata"]["labels"] == {"app": "web", "a/b~c": "1"}


def test_negative_and_padded_indexes_count() -> None:
    assert patched({"op": "remove", "path": "/spec/containers/-1"})["spec"]["containers"] == [{"name": "a"}]
    assert patched({"op": "add", "path": "/spec/containers/01", "value": 1})["spec"]["containers"][1] == 1


def test_replace_of_a_missing_member_adds_it() -> None:
    assert patched({"op": "replace", "path": "/spec/new", "value": 1})["spec"]["new"] == 1


def test_a_missing_value_is_null() -> None:
    assert patched({"op": "add", "path": "/spec/x"})["spec"]["x"] is None


def test_the_whole_document_can_be_replaced() -> None:
    assert patched({"op": "replace", "path": "", "value": {"a": 1}}) == {"a": 1}
    assert failure({"op": "replace", "path": "", "value": 1}) == (
        "replace operation value must be object or array: %!w(<nil>)"
    )


def test_copy_of_a_missing_member_copies_null_and_copies_are_independent() -> None:
    assert patched({"op": "copy", "from": "/spec/none", "path": "/spec/x"})["spec"]["x"] is None
    result = patched(
        {"op": "copy", "from": "/spec/containers/0", "path": "/spec/x"},
        {"op": "add", "path": "/spec/x/name", "value": "copy"},
    )
    assert result["spec"]["containers"][0] == {"name": "a"}


def test_move_takes_the_value_along() -> None:
    result = patched({"op": "move", "from": "/spec/containers/0", "path": "/spec/containers/1"})
    assert [c["name"] for c in result["spec"]["containers"]] == ["b", "a"]


def test_test_compares_null_with_absent_and_numbers_as_written() -> None:
    patched({"op": "test", "path": "/metadata/labels/none", "value": None})
    patched({"op": "test", "path": "/empty"})
    assert failure({"op": "test", "path": "/spec", "value": []}) == "testing value /spec failed: test failed"
    with pytest.raises(PatchError):
        patched({"op": "test", "path": "/n", "value": 1.0}, original={"n": 1})
    with pytest.raises(PatchError):
        patched({"op": "test", "path": "/n", "value": True}, original={"n": 1})


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ({"op": "explode", "path": "/a"}, "Unexpected kind: explode"),
        ({"path": "/a"}, "Unexpected kind: unknown"),
        ({"op": "add", "value": 1}, "add operation failed to decode path: missing value"),
        ({"op": "add", "path": "x"}, 'add operation does not apply: doc is missing path: "x": missing value'),
        (
            {"op": "remove", "path": "/a/b"},
            'remove operation does not apply: doc is missing path: "/a/b": missing value',
        ),
        (
            {"op": "remove", "path": "/spec/containers/2"},
            "error in remove for path: '/spec/containers/2': Unable to access invalid index: 2: invalid index referenced",
        ),
        (
            {"op": "remove", "path": "/spec/containers/x"},
            "error in remove for path: '/spec/containers/x': strconv.Atoi: parsing \"x\": invalid syntax",
        ),
        (
            {"op": "replace", "path": "/spec/containers/9", "value": 1},
            "replace operation does not apply: doc is missing key: /spec/containers/9: missing value",
        ),
        (
            {"op": "replace"},
            "replace operation failed to decode path: operation missing path field: missing value",
        ),
        (
            {"op": "replace", "path": 5},
            "replace operation failed to decode path: json: cannot unmarshal number into Go value of type string",
        ),
        (
            {"op": "move", "path": "/a"},
            "move operation failed to decode from: operation, missing from field: missing value",
        ),
        (
            {"op": "copy", "from": "/spec/containers/7", "path": "/a"},
            "error in copy for from: '/spec/containers/7': Unable to access invalid index: 7: invalid index referenced",
        ),
    ],
)
def test_what_does_not_apply_is_said_in_upstreams_words(operation: Any, message: str) -> None:
    assert failure(operation) == message


def test_a_patch_that_is_no_list_of_operations_is_malformed() -> None:
    for patch, message in (
        ({}, "json: cannot unmarshal object into Go value of type jsonpatch.Patch"),
        (
            [{"op": "test", "path": "/spec"}, 5],
            "json: cannot unmarshal number into Patch.1 of type jsonpatch.Operation",
        ),
    ):
        with pytest.raises(PatchError, match=message.replace(".", r"\.")) as caught:
            apply_patch("json", "Pod", POD, patch)
        assert patch_status("json", caught.value).code == 400


def test_an_inapplicable_patch_is_refused_without_its_reason() -> None:
    with pytest.raises(PatchError) as caught:
        patched({"op": "remove", "path": "/nope"})
    error = patch_status("json", caught.value)
    assert (error.code, error.reason, error.details) == (422, "Invalid", {})


def test_nothing_is_copied_for_a_test_and_unchanged_parts_are_shared() -> None:
    assert patched({"op": "test", "path": "/metadata/labels/app", "value": "web"}) is POD
    result = patched({"op": "add", "path": "/metadata/x", "value": 1})
    assert result["spec"] is POD["spec"]
    assert "x" not in POD["metadata"]
