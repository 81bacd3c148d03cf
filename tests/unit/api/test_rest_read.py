"""Get and list: revisions, caches, selectors, pages; and what a fresh cluster holds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.api_server import Server, config_map, pod


def names(response: Any) -> list[str]:
    assert response.ok, response.status
    return [stored.name for stored in response.items]


def three(server: Server) -> list[str]:
    """Three ConfigMaps; their resourceVersions."""
    bodies = [config_map(name, labels={"l": label}) for name, label in (("a", "x"), ("b", "y"), ("c", "x"))]
    return [server.create("configmaps", body)["metadata"]["resourceVersion"] for body in bodies]


def test_get_answers_with_the_stored_version_itself() -> None:
    server = Server()
    server.create("configmaps", config_map())
    assert server.ask("get", "configmaps", "cm").obj is server.store.get("configmaps", "default/cm")


def test_get_of_nothing_is_not_found() -> None:
    assert Server().refused("get", "configmaps", "cm") == (404, "NotFound", 'configmaps "cm" not found')


def test_get_from_zero_reads_the_servers_cache() -> None:
    server = Server()
    server.stale["configmaps"] = server.store.collection("configmaps")
    server.create("configmaps", config_map())
    assert server.ask("get", "configmaps", "cm", resourceVersion="0").code == 404
    assert server.ask("get", "configmaps", "cm").code == 200


def test_list_is_in_the_order_of_keys_and_says_its_revision() -> None:
    server = Server()
    for name in ("b", "a", "c"):
        server.create("configmaps", config_map(name))
    response = server.ask("list", "configmaps")
    assert names(response) == ["a", "b", "c"]
    assert response.revision == server.store.revision


def test_list_over_all_namespaces_sees_each() -> None:
    server = Server()
    server.create("configmaps", config_map("a"))
    server.create("configmaps", config_map("b"), namespace="kube-system")
    assert names(server.ask("list", "configmaps", namespace="")) == ["a", "b"]
    assert names(server.ask("list", "configmaps")) == ["a"]


def test_list_from_zero_reads_the_servers_cache_and_ignores_the_limit() -> None:
    server = Server()
    three(server)
    server.stale["configmaps"] = server.store.collection("configmaps")
    server.create("configmaps", config_map("d"))
    assert names(server.ask("list", "configmaps", resourceVersion="0", limit=1)) == ["a", "b", "c"]
    assert names(server.ask("list", "configmaps")) == ["a", "b", "c", "d"]


def test_a_list_from_a_stale_cache_says_the_revision_of_the_cache_so_that_a_watch_from_it_misses_nothing() -> None:
    server = Server()
    versions = three(server)
    server.stale["configmaps"] = server.store.collection("configmaps")
    server.create("configmaps", config_map("d"))
    server.done("delete", "configmaps", "a")
    stale = server.ask("list", "configmaps", resourceVersion="0")
    assert (names(stale), stale.revision) == (["a", "b", "c"], int(versions[-1]))
    missed = server.store.since("configmaps", stale.revision)
    assert [(change.type, change.obj.name) for change in missed] == [("ADDED", "d"), ("DELETED", "a")]


def test_list_at_an_exact_revision_sees_what_was_there_then() -> None:
    server = Server()
    versions = three(server)
    server.done("delete", "configmaps", "a")
    exact = server.ask("list", "configmaps", resourceVersion=versions[1], resourceVersionMatch="Exact")
    assert (names(exact), exact.revision) == (["a", "b"], int(versions[1]))
    newer = server.ask("list", "configmaps", resourceVersion=versions[1], resourceVersionMatch="NotOlderThan")
    assert names(newer) == ["b", "c"]


def test_list_below_the_compaction_floor_has_expired() -> None:
    server = Server()
    versions = three(server)
    server.store = server.store.compact(server.store.revision)
    assert server.refused("list", "configmaps", resourceVersion=versions[0], resourceVersionMatch="Exact")[:2] == (
        410,
        "Expired",
    )


@pytest.mark.parametrize("verb", ["list", "get"])
def test_a_future_revision_times_out(verb: str) -> None:
    server = Server()
    server.create("configmaps", config_map())
    name = "cm" if verb == "get" else ""
    code, reason, message = server.refused(verb, "configmaps", name, resourceVersion="9999")
    assert (code, reason) == (504, "Timeout")
    assert message.startswith("Timeout: Too large resource version: 9999, current: ")


def test_a_garbled_revision_is_a_bad_request() -> None:
    message = Server().refused("list", "configmaps", resourceVersion="abc")[2]
    assert message == (
        'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax'
    )


def test_pages_are_cut_from_one_snapshot() -> None:
    server = Server()
    three(server)
    first = server.ask("list", "configmaps", limit=2)
    assert (names(first), first.document["remainingItemCount"]) == (["a", "b"], 1)
    server.create("configmaps", config_map("aa"))
    server.done("delete", "configmaps", "c")
    second = server.ask("list", "configmaps", limit=2, **{"continue": first.document["continue"]})
    assert (names(second), second.document, second.revision) == (["c"], None, first.revision)


def test_a_page_whose_snapshot_is_compacted_away_has_expired() -> None:
    server = Server()
    three(server)
    token = server.ask("list", "configmaps", limit=1).document["continue"]
    server.create("configmaps", config_map("d"))
    server.store = server.store.compact(server.store.revision)
    expired = server.ask("list", "configmaps", **{"continue": token})
    assert (expired.code, expired.reason) == (410, "Expired")
    rest = server.ask("list", "configmaps", **{"continue": expired.status["metadata"]["continue"]})
    assert (names(rest), rest.revision) == (["b", "c", "d"], server.store.revision)


def test_a_token_is_checked_and_excludes_a_revision() -> None:
    server = Server()
    three(server)
    token = server.ask("list", "configmaps", limit=1).document["continue"]
    message = server.refused("list", "configmaps", resourceVersion="5", **{"continue": token})[2]
    assert message == "specifying resource version is not allowed when using continue"


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        ("no token", "illegal base64 data at input byte 2"),
        ("zzzzz", "illegal base64 data at input byte 4"),
        ("zzz", "invalid character 'Ï' looking for beginning of value"),
        ("e30", "server does not recognize this encoded version "),
        ("ew", "unexpected end of JSON input"),
    ],
)
def test_a_broken_token_is_refused_in_gos_words(token: str, problem: str) -> None:
    message = Server().refused("list", "configmaps", **{"continue": token})[2]
    assert message == f"invalid continue token: continue key is not valid: {problem}"


def test_label_selectors_select_and_are_checked() -> None:
    server = Server()
    three(server)
    assert names(server.ask("list", "configmaps", labelSelector="l in (x)")) == ["a", "c"]
    assert names(server.ask("list", "configmaps", labelSelector="!l")) == []
    assert server.refused("list", "configmaps", labelSelector="l=x=y")[:2] == (400, "BadRequest")


def test_field_selectors_select_and_are_checked() -> None:
    server = Server()
    server.create("pods", pod("a", spec={"nodeName": "n"}))
    server.create("pods", pod("b"))
    assert names(server.ask("list", "pods", fieldSelector="spec.nodeName=n")) == ["a"]
    assert names(server.ask("list", "pods", fieldSelector="spec.nodeName!=n,status.phase=Pending")) == ["b"]
    assert names(server.ask("list", "pods", fieldSelector="spec.hostNetwork=false")) == ["a", "b"]
    assert server.refused("list", "pods", fieldSelector="spec.foo=1")[2] == "field label not supported: spec.foo"
    assert server.refused("list", "configmaps", fieldSelector="data.a=1")[2] == (
        '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"'
    )


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"resourceVersionMatch": "Exact"}, "forbidden unless resourceVersion is provided"),
        ({"resourceVersionMatch": "Exact", "resourceVersion": "0"}, 'forbidden for resourceVersion "0"'),
        ({"resourceVersionMatch": "Foo", "resourceVersion": "1"}, "Unsupported value"),
        ({"sendInitialEvents": "true"}, "sendInitialEvents is forbidden for list"),
    ],
)
def test_contradictory_list_options_are_refused(options: dict[str, str], word: str) -> None:
    code, reason, message = Server().refused("list", "configmaps", **options)
    assert (code, reason) == (422, "Invalid")
    assert word in message


def test_a_fresh_cluster_has_the_system_objects() -> None:
    server = Server()
    assert names(server.ask("list", "namespaces")) == ["default", "kube-node-lease", "kube-public", "kube-system"]
    classes = server.ask("list", "priorityclasses").items
    assert [(stored.name, stored.document["value"]) for stored in classes] == [
        ("system-cluster-critical", 2_000_000_000),
        ("system-node-critical", 2_000_001_000),
    ]
    assert server.get("services", "kubernetes")["spec"]["clusterIP"] == "10.96.0.1"


def test_an_overloaded_server_refuses_without_looking() -> None:
    server = Server()
    request = type("R", (), {})()
    assert server.api.refuse(request, 429).reason == "TooManyRequests"
    assert server.api.refuse(request, 500).reason == "InternalError"
