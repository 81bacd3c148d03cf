"""Update and patch: optimistic concurrency, no-ops, generations, subresources."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.api_server import Server, config_map, deployment, lease, pod, service, without_version

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def changed(document: dict[str, Any], **data: str) -> dict[str, Any]:
    return {**document, "data": {**document["data"], **data}}


def test_update_with_the_current_resource_version_is_stored() -> None:
    server = Server()
    first = server.create("configmaps", config_map())
    second = server.done("update", "configmaps", "cm", body=changed(first, a="2"))
    assert second["data"] == {"a": "2"}
    assert int(second["metadata"]["resourceVersion"]) == int(first["metadata"]["resourceVersion"]) + 1
    assert server.types == ["MODIFIED"]


def test_update_with_a_stale_resource_version_conflicts() -> None:
    server = Server()
    first = server.create("configmaps", config_map())
    server.done("update", "configmaps", "cm", body=changed(first, a="2"))
    code, reason, message = server.refused("update", "configmaps", "cm", body=changed(first, a="3"))
    assert (code, reason) == (409, "Conflict")
    assert message == f'Operation cannot be fulfilled on configmaps "cm": {MODIFIED}'


def test_a_stale_update_conflicts_even_if_it_would_change_nothing() -> None:
    server = Server()
    first = server.create("configmaps", config_map())
    second = server.done("update", "configmaps", "cm", body=changed(first, a="2"))
    back = {**second, "metadata": {**second["metadata"], "resourceVersion": first["metadata"]["resourceVersion"]}}
    assert server.refused("update", "configmaps", "cm", body=back)[0] == 409


def test_a_resource_version_from_the_future_conflicts_and_a_garbled_one_is_an_error() -> None:
    server = Server()
    first = server.create("configmaps", config_map())
    body = {**first, "metadata": {**first["metadata"], "resourceVersion": "99999"}}
    assert server.refused("update", "configmaps", "cm", body=body)[0] == 409
    body = {**first, "metadata": {**first["metadata"], "resourceVersion": "abc"}}
    code, reason, message = server.refused("update", "configmaps", "cm", body=body)
    assert (code, reason, message) == (500, "", 'strconv.ParseUint: parsing "abc": invalid syntax')


def test_an_update_without_resource_version_overwrites_where_that_is_allowed() -> None:
    server = Server()
    first = server.create("configmaps", config_map())
    server.done("update", "configmaps", "cm", body=changed(first, a="2"))
    assert server.done("update", "configmaps", "cm", body=config_map(data={"a": "3"}))["data"] == {"a": "3"}


def test_an_update_without_resource_version_is_refused_where_it_is_required() -> None:
    server = Server()
    server.create("leases", lease(holderIdentity="a"))
    code, reason, message = server.refused("update", "leases", "l", body=lease(holderIdentity="b"))
    assert (code, reason) == (422, "Invalid")
    assert "metadata.resourceVersion: Invalid value: 0: must be specified for an update" in message


def test_an_update_that_changes_nothing_makes_no_revision() -> None:
    server = Server()
    first = server.create("configmaps", config_map())
    before = server.store
    assert server.done("update", "configmaps", "cm", body=without_version(first)) == first
    assert server.store is before


def test_another_spelling_of_a_quantity_changes_nothing() -> None:
    server = Server()
    resources = {"requests": {"cpu": "100m", "memory": "1Gi"}}
    container = {"name": "c", "image": "x", "resources": resources}
    first = server.create("pods", pod(spec={"containers": [container]}))
    respelled = {**container, "resources": {"requests": {"cpu": "0.1", "memory": "1024Mi"}}}
    body = {"spec": {"containers": [respelled]}}
    assert server.patch("pods", "p", body, patchType="strategic") == first
    assert server.commits == ()


def test_the_uid_in_an_update_is_a_precondition() -> None:
    server = Server()
    server.create("configmaps", config_map())
    code, reason, message = server.refused("update", "configmaps", "cm", body=config_map(uid="other"))
    assert (code, reason) == (409, "Conflict")
    assert "Precondition failed: UID in precondition: other, UID in object meta: " in message


def test_an_update_of_nothing_is_not_found_whatever_its_uid() -> None:
    server = Server()
    assert server.refused("update", "configmaps", "cm", body=config_map(uid="u"))[:2] == (404, "NotFound")


@pytest.mark.parametrize(("resource", "name", "body"), [("leases", "l", lease()), ("services", "s", service())])
def test_put_creates_what_is_missing_where_upstream_does(resource: str, name: str, body: dict[str, Any]) -> None:
    server = Server()
    response = server.ask("update", resource, name, body=body)
    assert response.code == 201
    assert server.types == ["ADDED"]


def test_put_does_not_create_a_pod() -> None:
    assert Server().refused("update", "pods", "p", body=pod())[:2] == (404, "NotFound")


def test_a_name_that_differs_from_the_url_is_refused() -> None:
    server = Server()
    server.create("configmaps", config_map())
    message = server.refused("update", "configmaps", "cm", body=config_map("other"))[2]
    assert message == "the name of the object (other) does not match the name on the URL (cm)"


def test_creation_uid_and_deletion_survive_an_update_that_says_otherwise() -> None:
    server = Server()
    first = server.create("configmaps", config_map(finalizers=["a.b/c"]))
    server.done("delete", "configmaps", "cm")
    body = {"data": {"a": "2"}, "metadata": {"creationTimestamp": "2001-01-01T00:00:00Z", "deletionTimestamp": None}}
    after = server.patch("configmaps", "cm", body)["metadata"]
    assert after["creationTimestamp"] == first["metadata"]["creationTimestamp"]
    assert after["deletionTimestamp"] == "2026-01-01T00:00:00Z"
    assert after["uid"] == first["metadata"]["uid"]


def test_finalizers_cannot_be_added_once_deletion_has_begun() -> None:
    server = Server()
    server.create("configmaps", config_map(finalizers=["a.b/c"]))
    server.done("delete", "configmaps", "cm")
    code, _, message = server.refused(
        "patch", "configmaps", "cm", body={"metadata": {"finalizers": ["a.b/c", "a.b/d"]}}, patchType="merge"
    )
    assert code == 422
    assert "no new finalizers can be added if the object is being deleted" in message


# ---- patches


def test_a_patch_without_resource_version_applies_to_whatever_is_there() -> None:
    server = Server()
    server.create("configmaps", config_map())
    server.patch("configmaps", "cm", {"data": {"b": "2"}})
    assert server.patch("configmaps", "cm", {"data": {"c": "3"}})["data"] == {"a": "1", "b": "2", "c": "3"}


def test_a_patch_with_a_stale_resource_version_conflicts() -> None:
    server = Server()
    version = server.create("configmaps", config_map())["metadata"]["resourceVersion"]
    server.patch("configmaps", "cm", {"data": {"a": "2"}})
    body = {"metadata": {"resourceVersion": version}, "data": {"a": "3"}}
    assert server.refused("patch", "configmaps", "cm", body=body, patchType="merge")[:2] == (409, "Conflict")


def test_a_json_patch_whose_test_fails_is_refused() -> None:
    server = Server()
    server.create("configmaps", config_map())
    body = [{"op": "test", "path": "/data/a", "value": "2"}]
    assert server.refused("patch", "configmaps", "cm", body=body, patchType="json")[0] == 422


def test_a_strategic_patch_merges_lists_by_their_keys() -> None:
    server = Server()
    server.create("pods", pod())
    body = {"spec": {"containers": [{"name": "c", "image": "nginx:2"}]}}
    (container,) = server.patch("pods", "p", body, patchType="strategic")["spec"]["containers"]
    assert (container["image"], container["imagePullPolicy"]) == ("nginx:2", "IfNotPresent")


def test_a_patch_whose_result_does_not_decode_names_the_patch() -> None:
    server = Server()
    server.create("configmaps", config_map())
    code, reason, message = server.refused("patch", "configmaps", "cm", body={"data": {"a": {}}}, patchType="merge")
    assert (code, reason) == (422, "Invalid")
    assert message.startswith(' "" is invalid: patch: Invalid value: ')


def test_a_patch_cannot_change_the_kind() -> None:
    server = Server()
    server.create("configmaps", config_map())
    message = server.refused("patch", "configmaps", "cm", body={"kind": "Secret"}, patchType="merge")[2]
    assert message.endswith("converting (v1.Secret) to (core.ConfigMap): unknown conversion")
    message = server.refused("patch", "configmaps", "cm", body={"apiVersion": "v2"}, patchType="merge")[2]
    assert 'no kind "ConfigMap" is registered for version "v2"' in message


def test_a_patch_of_nothing_is_not_found() -> None:
    assert Server().refused("patch", "configmaps", "cm", body={}, patchType="merge")[:2] == (404, "NotFound")


def test_a_patch_of_another_kind_is_an_unsupported_media_type() -> None:
    server = Server()
    server.create("configmaps", config_map())
    assert server.refused("patch", "configmaps", "cm", body={}, patchType="text/plain", fieldManager="m")[0] == 415


# ---- generation and subresources


def test_the_generation_counts_changes_of_the_spec_only() -> None:
    server = Server()
    server.create("deployments", deployment())
    assert server.patch("deployments", "d", {"spec": {"replicas": 2}})["metadata"]["generation"] == 2
    assert server.patch("deployments", "d", {"metadata": {"labels": {"x": "y"}}})["metadata"]["generation"] == 2
    body = {"status": {"replicas": 2, "observedGeneration": 2}}
    assert server.patch("deployments", "d", body, "status")["metadata"]["generation"] == 2
    assert server.patch("deployments", "d", {"metadata": {"generation": 7}})["metadata"]["generation"] == 2


def test_a_write_to_the_object_leaves_its_status_and_a_write_to_the_status_leaves_the_spec() -> None:
    server = Server()
    server.create("pods", pod(spec={"nodeName": "n"}))
    assert server.patch("pods", "p", {"status": {"phase": "Running"}})["status"]["phase"] == "Pending"
    body = {"status": {"phase": "Running"}, "spec": {"activeDeadlineSeconds": 5}}
    after = server.patch("pods", "p", body, "status")
    assert after["status"]["phase"] == "Running"
    assert "activeDeadlineSeconds" not in after["spec"]


def test_ephemeral_containers_are_added_through_their_subresource_only() -> None:
    server = Server()
    server.create("pods", pod(spec={"nodeName": "n"}))
    debugger = {"name": "debug", "image": "busybox"}
    body = {"spec": {"ephemeralContainers": [debugger]}, "metadata": {"labels": {"x": "y"}}}
    assert server.refused("patch", "pods", "p", body=body, patchType="strategic")[0] == 422
    after = server.patch("pods", "p", body, "ephemeralcontainers", patchType="strategic")
    assert after["spec"]["ephemeralContainers"][0]["name"] == "debug"
    assert "labels" not in after["metadata"]
    assert after["metadata"]["generation"] == 2


def test_scale_reads_and_writes_the_replicas() -> None:
    server = Server()
    server.create("deployments", deployment(replicas=2))
    scale = server.get("deployments", "d", subresource="scale")
    assert scale["spec"] == {"replicas": 2}
    assert scale["status"] == {"replicas": 0, "selector": "app=a"}
    assert server.patch("deployments", "d", {"spec": {"replicas": 5}}, "scale")["spec"] == {"replicas": 5}
    after = server.get("deployments", "d")
    assert (after["spec"]["replicas"], after["metadata"]["generation"]) == (5, 2)


def test_a_stale_or_negative_scale_is_refused() -> None:
    server = Server()
    server.create("deployments", deployment())
    scale = server.get("deployments", "d", subresource="scale")
    server.patch("deployments", "d", {"spec": {"replicas": 5}}, "scale")
    assert server.refused("update", "deployments", "d", "scale", scale)[0] == 409
    message = server.refused("patch", "deployments", "d", "scale", {"spec": {"replicas": -1}}, patchType="merge")[2]
    assert (
        message
        == 'Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'
    )


def test_a_dry_run_of_an_update_shows_the_change_under_the_old_revision() -> None:
    server = Server()
    first = server.create("configmaps", config_map())
    before = server.store
    shown = server.done("update", "configmaps", "cm", body=changed(first, a="2"), dryRun="All")
    assert shown["data"] == {"a": "2"}
    assert shown["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert server.store is before


def test_unchanged_parts_are_shared_with_the_version_before() -> None:
    server = Server()
    first = server.create("pods", pod())
    after = server.patch("pods", "p", {"metadata": {"labels": {"x": "y"}}})
    assert after["spec"] is first["spec"]
    assert after["status"] is first["status"]
