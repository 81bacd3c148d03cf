"""Sets of field paths and comparisons of documents."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api import fieldset, schema
from refk8s.api.fieldset import (
    Change,
    Unkeyed,
    compare,
    difference,
    has,
    interned,
    intersection,
    paths,
    recursive_difference,
    union,
    whole,
)

POD = schema.of_kind("Pod")


def change(old: dict[str, Any], new: dict[str, Any]) -> Change:
    return compare(POD, old, new, frozenset(), frozenset())


def containers(*items: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"containers": list(items)}}


def test_a_leaf_and_a_parent_of_the_same_name_are_different_members() -> None:
    leaf: dict[str, Any] = {"f:a": {}}
    child: dict[str, Any] = {"f:a": {"f:b": {}}}
    assert union(leaf, child) == union(child, leaf) == {"f:a": {".": {}, "f:b": {}}}
    assert difference(union(leaf, child), leaf) == child
    assert difference(union(leaf, child), child) == leaf
    assert difference(leaf, child) is leaf
    assert recursive_difference(union(leaf, child), leaf) == {}
    assert intersection(leaf, child) == {}


def test_members_are_listed_parents_first() -> None:
    fields = {"f:a": {".": {}, "f:b": {}}, "f:c": {"f:d": {}}}
    assert list(paths(fields)) == [("f:a",), ("f:a", "f:b"), ("f:c", "f:d")]
    assert all(has(fields, path) for path in paths(fields))
    assert not has(fields, ("f:c",))
    assert not has(fields, ())


def test_equal_sets_are_interned_to_one_in_order() -> None:
    first = interned({"f:b": {}, "f:a": {".": {}, "f:c": {}}})
    assert first is interned({"f:a": {"f:c": {}, ".": {}}, "f:b": {}})
    assert list(first) == ["f:a", "f:b"]


def test_a_value_that_is_added_brings_itself_and_all_below() -> None:
    result = change({"metadata": {}}, {"metadata": {"labels": {"a": "1", "b": "2"}}})
    assert result.added == {"f:metadata": {"f:labels": {".": {}, "f:a": {}, "f:b": {}}}}
    assert not result.modified
    assert not result.removed


def test_list_elements_are_told_apart_by_their_keys_with_defaults() -> None:
    old = containers({"name": "c", "ports": [{"containerPort": 80}]})
    new = containers({"name": "c", "ports": [{"containerPort": 80, "protocol": "UDP"}]})
    tcp, udp = 'k:{"containerPort":80,"protocol":"TCP"}', 'k:{"containerPort":80,"protocol":"UDP"}'
    result = change(old, new)
    ports = result.added["f:spec"]["f:containers"]['k:{"name":"c"}']["f:ports"]
    assert ports == {udp: {".": {}, "f:containerPort": {}, "f:protocol": {}}}
    gone = result.removed["f:spec"]["f:containers"]['k:{"name":"c"}']["f:ports"]
    assert gone == {tcp: {".": {}, "f:containerPort": {}}}


def test_moving_an_element_of_a_keyed_list_changes_nothing() -> None:
    old = containers({"name": "a"}, {"name": "b"})
    assert change(old, containers({"name": "b"}, {"name": "a"})) == Change({}, {}, {})


def test_atomic_values_change_as_a_whole() -> None:
    old = containers({"name": "c", "args": ["a"]})
    result = change(old, containers({"name": "c", "args": ["a", "b"]}))
    assert result == Change({}, {}, {"f:spec": {"f:containers": {'k:{"name":"c"}': {"f:args": {}}}}})


def test_sets_have_values_as_members() -> None:
    result = change({"metadata": {"finalizers": ["a"]}}, {"metadata": {"finalizers": ["b<"]}})
    assert result.added == {"f:metadata": {"f:finalizers": {'v:"b\\u003c"': {}}}}
    assert result.removed == {"f:metadata": {"f:finalizers": {'v:"a"': {}}}}


def test_the_difference_between_absent_null_and_empty_counts() -> None:
    element = {"f:spec": {"f:containers": {}}}
    assert change({"spec": {"containers": None}}, {"spec": {"containers": []}}).modified == element
    assert change({"spec": {}}, {"spec": {"containers": []}}).added == element
    added = change({"spec": {"containers": None}}, containers({"name": "c"})).added
    assert added == {"f:spec": {"f:containers": {'k:{"name":"c"}': {".": {}, "f:name": {}}}}}


def test_repeated_keys_are_one_member_without_fields() -> None:
    one, other = {"name": "X", "value": "1"}, {"name": "X", "value": "2"}

    def env(*items: dict[str, Any]) -> dict[str, Any]:
        return containers({"name": "c", "env": list(items)})

    def inside(fields: dict[str, Any]) -> Any:
        return fields["f:spec"]["f:containers"]['k:{"name":"c"}']["f:env"]

    key = 'k:{"name":"X"}'
    fields = {".": {}, "f:name": {}, "f:value": {}}
    assert inside(change(env(one), env(one, other)).added) == {key: {}}
    assert inside(change(env(one), env(one, other)).removed) == {key: fields}
    assert inside(change(env(one, other), env(one)).added) == {key: fields}
    assert inside(change(env(one, other), env(other, one)).modified) == {key: {}}
    assert inside(change(env(), env(one, other)).added) == {key: {}}


def test_fields_that_the_type_does_not_have_are_nobodys() -> None:
    assert change({"spec": {}}, {"spec": {"bogus": 1}, "more": 2}) == Change({}, {}, {})


def test_fields_can_be_left_out() -> None:
    old = {"metadata": {"name": "a", "labels": {}}, "status": {}}
    new = {"metadata": {"name": "b", "labels": {}}, "status": {"phase": "Running"}}
    assert compare(POD, old, new, frozenset({"status"}), frozenset({"name"})) == Change({}, {}, {})


def test_an_element_without_any_key_cannot_be_owned() -> None:
    unkeyed = schema.Type(
        form="list", go="[]v1.Thing", element=schema.named("core.v1.Container"), keys=(("name", None),)
    )
    with pytest.raises(Unkeyed):
        whole(unkeyed, [{"image": "x"}])


def test_leaves_share_one_empty_set() -> None:
    assert whole(POD, {"spec": {"nodeName": "n"}})["f:spec"]["f:nodeName"] is fieldset.EMPTY
