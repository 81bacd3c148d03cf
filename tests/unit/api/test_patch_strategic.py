"""Strategic merge patch: merge keys, strategies and directives."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api import schema
from refk8s.api.patch import PatchError, apply_patch, conversion_error, go_text, invalid_patch, patch_status

POD: dict[str, Any] = {
    "metadata": {"labels": {"app": "web"}, "finalizers": ["f1", "f2", "f3"]},
    "spec": {
        "containers": [
            {"name": "main", "image": "app:1", "args": ["a"], "ports": [{"containerPort": 80}, {"containerPort": 443}]},
            {"name": "side", "image": "side:1"},
        ],
        "tolerations": [{"key": "k"}],
        "nodeSelector": {"zone": "a", "disk": "ssd"},
        "volumes": [{"name": "v1", "emptyDir": {}}, {"name": "v2", "configMap": {"name": "cm"}}],
    },
}


def patched(patch: Any, original: Any = POD, kind: str = "Pod") -> Any:
    return apply_patch("strategic", kind, original, patch)


def failure(patch: Any, original: Any = POD, kind: str = "Pod") -> PatchError:
    with pytest.raises(PatchError) as caught:
        patched(patch, original, kind)
    return caught.value


def names(items: list[dict[str, Any]]) -> list[Any]:
    return [item["name"] for item in items]


def test_lists_with_a_merge_key_merge_by_it_and_new_elements_come_first() -> None:
    spec = patched({"spec": {"containers": [{"name": "new", "image": "n"}, {"name": "side", "image": "side:2"}]}})[
        "spec"
    ]
    assert names(spec["containers"]) == ["new", "main", "side"]
    assert spec["containers"][2] == {"name": "side", "image": "side:2"}
    assert spec["containers"][1] is POD["spec"]["containers"][0]


def test_lists_without_a_merge_key_are_replaced() -> None:
    spec = patched({"spec": {"tolerations": [{"key": "j"}], "containers": [{"name": "main", "args": ["x", "y"]}]}})[
        "spec"
    ]
    assert spec["tolerations"] == [{"key": "j"}]
    assert spec["containers"][0]["args"] == ["x", "y"]


def test_lists_of_scalars_merge_without_repeating() -> None:
    assert patched({"metadata": {"finalizers": ["f4", "f2"]}})["metadata"]["finalizers"] == ["f4", "f1", "f2", "f3"]


def test_an_element_can_be_deleted_by_its_key() -> None:
    patch = {"spec": {"containers": [{"name": "main", "ports": [{"containerPort": 443, "$patch": "delete"}]}]}}
    assert patched(patch)["spec"]["containers"][0]["ports"] == [{"containerPort": 80}]


def test_scalars_can_be_deleted_from_a_list() -> None:
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["f2", "f9"]}}
    assert patched(patch)["metadata"]["finalizers"] == ["f1", "f3"]


def test_an_object_can_be_replaced_or_emptied() -> None:
    assert patched({"spec": {"nodeSelector": {"$patch": "replace", "zone": "b"}}})["spec"]["nodeSelector"] == {
        "zone": "b"
    }
    assert patched({"spec": {"nodeSelector": {"$patch": "delete"}}})["spec"]["nodeSelector"] == {}


def test_a_list_can_be_replaced() -> None:
    patch = {"spec": {"containers": [{"$patch": "replace"}, {"name": "z"}]}}
    assert patched(patch)["spec"]["containers"] == [{"name": "z"}]


def test_retained_keys_clear_all_others() -> None:
    patch = {"spec": {"volumes": [{"name": "v1", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x"}}]}}
    assert patched(patch)["spec"]["volumes"][0] == {"name": "v1", "hostPath": {"path": "/x"}}
    for bad in (["name"], "bad"):
        error = failure({"spec": {"volumes": [{"name": "v1", "$retainKeys": bad, "hostPath": {}}]}})
        assert error.message == "invalid patch format of retainKeys"
        assert patch_status("strategic", error).code == 400


def test_the_order_of_elements_can_be_set() -> None:
    patch = {"spec": {"$setElementOrder/containers": [{"name": "side"}, {"name": "main"}]}}
    assert names(patched(patch)["spec"]["containers"]) == ["side", "main"]


def test_deleting_and_appending_decides_where_the_servers_own_elements_go() -> None:
    original = {"spec": {"containers": [{"name": "1"}, {"name": "2"}, {"name": "4"}]}}
    patch = {
        "spec": {
            "$setElementOrder/containers": [{"name": "2"}, {"name": "3"}],
            "containers": [{"name": "3"}, {"name": "1", "$patch": "delete"}],
        }
    }
    assert names(patched(patch, original)["spec"]["containers"]) == ["2", "4", "3"]


def test_an_element_that_the_order_lacks_is_refused() -> None:
    error = failure({"spec": {"$setElementOrder/containers": [{"name": "main"}], "containers": [{"name": "new"}]}})
    assert error.message == (
        "The order in patch list:\n[map[name:new]]\n doesn't match $setElementOrder list:\n[map[name:main]]\n"
    )
    assert patch_status("strategic", error).code == 500


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ([], "invalid JSON document"),
        ({"spec": {"containers": [{"image": "x"}]}}, "map: map[image:x] does not contain declared merge key: name"),
        ({"spec": {"$patch": "bogus"}}, "unknown patch type: bogus in map: map[$patch:bogus]"),
        (
            {"spec": {"containers": [{"name": "main", "$patch": 5}]}},
            "unknown patch type: %!s(int64=5) in map: map[$patch:5 name:main]",
        ),
        (
            {"spec": {"containers": [{"name": "main", "$patch": "merge"}]}},
            "merging lists cannot yet be specified in the patch",
        ),
        ({"spec": {"containers": [[]], "tolerations": None}}, "list element types are not identical: "),
        ({"metadata": {"$deleteFromPrimitiveList": ["x"]}}, "invalid patch format of primitive list"),
        ({"metadata": {"$setElementOrder": []}}, "invalid patch format of setElementOrder list"),
        (
            {"spec": {"$setElementOrder/containers": "x"}},
            "expected a []interface {}, but received a string",
        ),
        (
            {"spec": {"$setElementOrder/nope": []}},
            'unable to find api field in struct PodSpec for the json field "nope"',
        ),
    ],
)
def test_malformed_patches_are_refused_in_upstreams_words(patch: Any, message: str) -> None:
    assert failure(patch).message.startswith(message)


def test_a_list_of_lists_is_refused_without_its_reason() -> None:
    error = failure({"spec": {"containers": [[]]}}, {"spec": {"containers": []}})
    assert error.message == "lists of lists are not supported"
    assert patch_status("strategic", error).code == 422


def test_nulls_delete_and_vanish_from_what_is_added() -> None:
    result = patched({"spec": {"nodeSelector": None, "affinity": {"nodeAffinity": None, "x": {"y": None}}}})
    assert "nodeSelector" not in result["spec"]
    assert result["spec"]["affinity"] == {"x": {}}


def test_values_of_another_shape_replace_the_old() -> None:
    assert patched({"spec": {"containers": "str"}})["spec"]["containers"] == "str"


def test_a_field_that_replaces_is_not_merged() -> None:
    pdb = {"spec": {"selector": {"matchLabels": {"a": "1"}}}}
    result = patched({"spec": {"selector": {"matchLabels": {"b": "2"}}}}, pdb, "PodDisruptionBudget")
    assert result["spec"]["selector"] == {"matchLabels": {"b": "2"}}


def test_a_patch_without_effect_returns_the_document_itself() -> None:
    patch = {
        "metadata": {"labels": {"app": "web"}, "finalizers": ["f2"]},
        "spec": {"containers": [{"name": "side", "image": "side:1"}], "affinity": None},
    }
    assert patched(patch) is POD


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"spec": "x"}, "cannot restore struct from: string"),
        ({"spec": {"containers": {"name": "c"}}}, "cannot restore slice from map"),
        ({"spec": {"nodeSelector": "x"}}, "cannot restore map from string"),
        ({"spec": {"priority": "x"}}, "unrecognized type: int32"),
        ({"spec": {"priority": 1.5}}, "cannot convert float64 to int32"),
        ({"spec": {"restartPolicy": 5}}, "cannot convert int64 to v1.RestartPolicy"),
        ({"spec": {"priority": 2.0, "hostNetwork": True, "unknown": 1}}, ""),
    ],
)
def test_a_result_that_does_not_fit_its_type_is_told_as_upstreams_converter_does(patch: Any, message: str) -> None:
    assert conversion_error(schema.of_kind("Pod"), POD, patched(patch)) == message


def test_the_answer_to_a_misfit_shows_the_patch_in_gos_notation() -> None:
    patch = {"spec": {"template": {"spec": {"containers": {"name": "c"}}}}}
    error = invalid_patch(go_text(patch), "cannot restore slice from map")
    assert error.message == (
        ' "" is invalid: patch: Invalid value: "map[spec:map[template:map[spec:map[containers:map[name:c]]]]]": '
        "cannot restore slice from map"
    )
    assert list(error.details or {}) == ["causes"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [None, True, "x"]}, "map[a:[<nil> true x] b:1]"),
        (1.5, "1.5"),
        (100.0, "100"),
        (1e21, "1e+21"),
        (123456789.125, "1.23456789125e+08"),
        (0.00001, "1e-05"),
        (-2.5e-7, "-2.5e-07"),
    ],
)
def test_values_print_as_go_prints_them(value: Any, text: str) -> None:
    assert go_text(value) == text
