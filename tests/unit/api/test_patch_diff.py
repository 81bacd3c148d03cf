"""Strategic patches that kubectl computes."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.patch import PatchError, apply_patch, create_two_way_merge_patch, three_way_merge


def deployment(containers: list[dict[str, Any]], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "d"}, "spec": {"template": {"spec": {"containers": containers}}, **spec}}


def test_apply_changes_what_is_wanted_deletes_what_was_dropped_and_leaves_the_rest() -> None:
    last = deployment([{"name": "a", "image": "1", "tty": True}, {"name": "b", "image": "1"}], replicas=1, paused=True)
    wanted = deployment([{"name": "a", "image": "2"}], replicas=1)
    live = deployment(
        [
            {"name": "a", "image": "1", "tty": True, "imagePullPolicy": "Always"},
            {"name": "b", "image": "1"},
            {"name": "injected", "image": "mesh"},
        ],
        replicas=7,
        paused=True,
    )
    patch = three_way_merge(last, wanted, live, "Deployment")
    assert patch == {
        "spec": {
            "paused": None,
            "replicas": 1,
            "template": {
                "spec": {
                    "$setElementOrder/containers": [{"name": "a"}],
                    "containers": [
                        {"name": "a", "image": "2", "tty": None},
                        {"name": "b", "$patch": "delete"},
                    ],
                }
            },
        }
    }
    assert apply_patch("strategic", "Deployment", live, patch) == deployment(
        [{"name": "a", "image": "2", "imagePullPolicy": "Always"}, {"name": "injected", "image": "mesh"}], replicas=1
    )


def test_apply_of_the_same_is_an_empty_patch() -> None:
    wanted = deployment([{"name": "a", "image": "1"}])
    live = deployment([{"name": "a", "image": "1", "imagePullPolicy": "Always"}], replicas=3)
    assert three_way_merge(wanted, wanted, live, "Deployment") == {}
    assert three_way_merge(None, wanted, live, "Deployment") == {}


def test_a_volume_that_changes_its_kind_retains_only_the_new_keys() -> None:
    old = {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}
    new = {"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]}}
    patch = create_two_way_merge_patch(old, new, "Pod")
    assert patch == {
        "spec": {
            "$setElementOrder/volumes": [{"name": "v"}],
            "volumes": [
                {"name": "v", "hostPath": {"path": "/x"}, "emptyDir": None, "$retainKeys": ["hostPath", "name"]}
            ],
        }
    }
    assert apply_patch("strategic", "Pod", old, patch) == new


def test_a_strategy_that_changes_its_type_retains_only_the_new_keys() -> None:
    old = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    new = {"spec": {"strategy": {"type": "Recreate"}}}
    patch = create_two_way_merge_patch(old, new, "Deployment")
    assert patch["spec"]["strategy"] == {"type": "Recreate", "rollingUpdate": None, "$retainKeys": ["type"]}


def test_lists_of_scalars_have_parallel_lists_of_deletions_and_order() -> None:
    old = {"metadata": {"finalizers": ["a", "b", "c"]}}
    new = {"metadata": {"finalizers": ["c", "d", "a"]}}
    patch = create_two_way_merge_patch(old, new, "Pod")
    assert patch == {
        "metadata": {
            "finalizers": ["d"],
            "$deleteFromPrimitiveList/finalizers": ["b"],
            "$setElementOrder/finalizers": ["c", "d", "a"],
        }
    }
    assert apply_patch("strategic", "Pod", old, patch) == new


def test_an_atomic_list_is_sent_whole() -> None:
    old = {"spec": {"tolerations": [{"key": "a"}]}}
    new = {"spec": {"tolerations": [{"key": "a"}, {"key": "b"}]}}
    assert create_two_way_merge_patch(old, new, "Pod") == new


def test_unknown_fields_matter_only_when_they_differ() -> None:
    document = {"spec": {"unknown": {"a": 1}, "others": [1]}}
    assert create_two_way_merge_patch(document, document, "Pod") == {}
    with pytest.raises(PatchError, match="unable to find api field in struct PodSpec"):
        create_two_way_merge_patch(document, {"spec": {"unknown": {"a": 2}, "others": [1]}}, "Pod")


def test_an_unsorted_list_of_scalars_always_sends_its_order() -> None:
    document = {"metadata": {"finalizers": ["b", "a"]}}
    assert create_two_way_merge_patch(document, document, "Pod") == {
        "metadata": {"$setElementOrder/finalizers": ["b", "a"]}
    }
