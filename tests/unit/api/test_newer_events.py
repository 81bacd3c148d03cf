"""Events of events.k8s.io/v1: stored as the core group's, shown in their own form, under stricter rules."""

from __future__ import annotations

from typing import Any

from refk8s.api.endpoints import Http, body_of, request_of, target_of
from refk8s.core.wire import Request
from tests.unit.api.api_server import Server

Doc = dict[str, Any]
NEWER = "events.events.k8s.io"
EVENT: Doc = {
    "apiVersion": "events.k8s.io/v1",
    "kind": "Event",
    "metadata": {"name": "e", "namespace": "default"},
    "eventTime": "2026-01-01T00:00:00.000000Z",
    "reportingController": "example.com/me",
    "reportingInstance": "me-1",
    "action": "Do",
    "reason": "Because",
    "type": "Normal",
    "note": "it happened",
    "regarding": {"kind": "Pod", "namespace": "default", "name": "p"},
}


def request(verb: str, body: Any = None, resource: str = NEWER, **options: Any) -> Request:
    return Request(verb, resource, "default", "" if verb in ("create", "list") else "e", "", body, options, "me")


def document(response: Any) -> Doc:
    assert response.ok, response.message
    found: Doc = response.obj.document
    return found


def causes(response: Any) -> list[tuple[str, str]]:
    assert response.code == 422, response
    return [(cause["field"], cause["message"]) for cause in response.status["details"]["causes"]]


def test_an_event_is_stored_in_the_core_form_and_shown_in_both() -> None:
    server = Server()
    made = document(server.send(request("create", EVENT)))
    assert made["apiVersion"] == "events.k8s.io/v1"
    assert {name: made[name] for name in EVENT if name != "metadata"} == {
        name: value for name, value in EVENT.items() if name != "metadata"
    }
    assert made["deprecatedFirstTimestamp"] is None
    assert made["metadata"]["managedFields"][0]["apiVersion"] == "events.k8s.io/v1"
    core = document(server.send(request("get", resource="events")))
    assert (core["apiVersion"], core["involvedObject"]["name"], core["message"]) == ("v1", "p", "it happened")
    assert (core["reportingComponent"], core["source"], core["firstTimestamp"]) == ("example.com/me", {}, None)
    assert document(server.send(request("get"))) == made


def test_selectors_have_the_names_of_the_newer_form() -> None:
    server = Server()
    document(server.send(request("create", EVENT)))
    listed = server.send(request("list", fieldSelector="regarding.name=p,reportingController=example.com/me"))
    assert [stored.document["note"] for stored in listed.items] == ["it happened"]
    assert server.send(request("list", fieldSelector="regarding.name=q")).items == ()
    refused = server.send(request("list", fieldSelector="involvedObject.name=p"))
    assert (refused.code, "field label not supported: involvedObject.name" in refused.message) == (400, True)


def test_what_is_new_must_be_of_the_new_form() -> None:
    bad = {
        **EVENT,
        "eventTime": None,
        "type": "Odd",
        "series": {"count": 1, "lastObservedTime": None},
        "deprecatedCount": 2,
        "deprecatedSource": {"host": "h"},
    }
    assert causes(Server().send(request("create", bad))) == [
        ("series.count", 'Invalid value: "": should be at least 2'),
        ("series.lastObservedTime", "Required value"),
        ("eventTime", "Required value"),
        ("type", 'Invalid value: "": has invalid value: Odd'),
        ("count", 'Invalid value: "": needs to be unset'),
        ("source", 'Invalid value: "": needs to be unset'),
    ]


def test_only_the_series_of_an_event_may_change() -> None:
    server = Server()
    made = document(server.send(request("create", EVENT)))
    again = {"count": 2, "lastObservedTime": "2026-01-01T00:00:01.000000Z"}
    after = document(server.send(request("update", {**made, "series": again})))
    assert after["series"] == again
    refused = server.send(request("update", {**after, "note": "else", "regarding": {"kind": "Node", "name": "n"}}))
    assert [field for field, _ in causes(refused)] == ["involvedObject", "message"]
    patched = server.send(request("patch", {"metadata": {"labels": {"a": "b"}}}, patchType="strategic"))
    assert document(patched)["metadata"]["labels"] == {"a": "b"}
    same = document(server.send(request("update", document(patched))))
    assert same["metadata"]["resourceVersion"] == document(patched)["metadata"]["resourceVersion"]


def test_it_is_applied_and_deleted_in_the_newer_form() -> None:
    server = Server()
    applied = request("patch", EVENT, patchType="apply", fieldManager="me")
    made = document(server.send(applied))
    assert document(server.send(applied)) == made
    entry = made["metadata"]["managedFields"][0]
    assert (entry["operation"], entry["apiVersion"]) == ("Apply", "events.k8s.io/v1")
    assert entry["fieldsV1"]["f:regarding"] == {}  # a reference is atomic
    assert server.send(request("delete")).ok
    assert server.send(request("get", resource="events")).code == 404


def test_paths_of_the_group_lead_to_it() -> None:
    server = Server()
    document(server.send(request("create", EVENT)))
    http = Http("GET", "/apis/events.k8s.io/v1/namespaces/default/events", {}, {})
    target = target_of(http.path)
    asked = request_of(http, target)
    body = body_of(http, target, asked, server.send(asked), 0)
    assert (body["kind"], body["apiVersion"]) == ("EventList", "events.k8s.io/v1")
    assert [item["regarding"]["name"] for item in body["items"]] == ["p"]
