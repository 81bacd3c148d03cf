"""Watch as a pure function of the store."""

from __future__ import annotations

from typing import Any

from refk8s.api.registry import RESOURCES
from refk8s.api.status import ApiError
from refk8s.api.watch import Watch, open_watch
from tests.unit.api.api_server import Server, config_map


def watch(server: Server, **options: Any) -> Watch:
    opened = open_watch(server.store, RESOURCES["configmaps"], "default", options)
    assert isinstance(opened, Watch)
    return opened


def seen(opened: Watch, server: Server) -> list[tuple[str, str]]:
    return [(event.type, event.object.get("metadata", {}).get("name", "")) for event in opened.events(server.store)]


def test_a_watch_from_a_revision_sees_all_later_changes_of_its_namespace() -> None:
    server = Server()
    version = server.create("configmaps", config_map("a"))["metadata"]["resourceVersion"]
    opened = watch(server, resourceVersion=version)
    server.create("configmaps", config_map("b"))
    server.create("configmaps", config_map("c"), namespace="kube-system")
    server.patch("configmaps", "a", {"data": {"x": "y"}})
    server.done("delete", "configmaps", "b")
    assert seen(opened, server) == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]


def test_a_watch_from_zero_or_nowhere_begins_with_what_is_there() -> None:
    server = Server()
    server.create("configmaps", config_map("b"))
    server.create("configmaps", config_map("a"))
    for options in ({}, {"resourceVersion": "0"}):
        opened = watch(server, **options)
        server.patch("configmaps", "a", {"data": {"x": str(options)}})
        assert seen(opened, server) == [("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "a")]


def test_entering_a_selector_is_an_addition_and_leaving_it_a_deletion_with_the_old_content() -> None:
    server = Server()
    version = server.create("configmaps", config_map("a"))["metadata"]["resourceVersion"]
    opened = watch(server, resourceVersion=version, labelSelector="l=1")
    server.patch("configmaps", "a", {"metadata": {"labels": {"l": "1"}}})
    server.patch("configmaps", "a", {"data": {"x": "y"}})
    left = server.patch("configmaps", "a", {"metadata": {"labels": {"l": "2"}}, "data": {"x": "z"}})
    server.patch("configmaps", "a", {"data": {"x": "unseen"}})
    events = opened.events(server.store)
    assert [event.type for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    last = events[-1].object
    assert (last["metadata"]["labels"], last["data"]["x"]) == ({"l": "1"}, "y")
    assert last["metadata"]["resourceVersion"] == left["metadata"]["resourceVersion"]


def test_a_watch_from_before_the_compaction_floor_is_one_error() -> None:
    server = Server()
    version = server.create("configmaps", config_map("a"))["metadata"]["resourceVersion"]
    server.create("configmaps", config_map("b"))
    server.store = server.store.compact(server.store.revision)
    (event,) = watch(server, resourceVersion=version).events(server.store)
    assert (event.type, event.object["code"], event.object["reason"]) == ("ERROR", 410, "Expired")


def test_an_open_watch_that_falls_behind_the_floor_ends_with_an_error() -> None:
    server = Server()
    opened = watch(server)
    server.create("configmaps", config_map("a"))
    server.create("configmaps", config_map("b"))
    server.store = server.store.compact(server.store.revision)
    assert [event.type for event in opened.events(server.store)] == ["ERROR"]


def test_initial_events_end_with_a_bookmark_when_asked_for() -> None:
    server = Server()
    server.create("configmaps", config_map("a"))
    opened = watch(server, sendInitialEvents="true", resourceVersionMatch="NotOlderThan", allowWatchBookmarks="true")
    events = opened.events(server.store)
    assert [event.type for event in events] == ["ADDED", "BOOKMARK"]
    assert events[-1].object["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    silent = watch(server, sendInitialEvents="false", resourceVersionMatch="NotOlderThan")
    assert silent.events(server.store) == ()
    unmarked = watch(server, sendInitialEvents="true", resourceVersionMatch="NotOlderThan", resourceVersion="1")
    assert seen(unmarked, server) == [("ADDED", "a")]


def test_contradictory_watch_options_are_refused() -> None:
    server = Server()
    refused = open_watch(server.store, RESOURCES["configmaps"], "default", {"sendInitialEvents": "true"})
    assert isinstance(refused, ApiError)
    assert (refused.code, refused.reason) == (422, "Invalid")


def test_one_object_can_be_watched_by_name() -> None:
    server = Server()
    server.create("configmaps", config_map("a"))
    server.create("configmaps", config_map("b"))
    opened = open_watch(server.store, RESOURCES["configmaps"], "default", {}, "b")
    assert isinstance(opened, Watch)
    assert seen(opened, server) == [("ADDED", "b")]
