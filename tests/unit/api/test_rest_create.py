"""Create: names, system fields, defaults, and what is refused."""

from __future__ import annotations

import re

import pytest

from refk8s.api.identity import ALPHABET
from tests.unit.api.api_server import Server, config_map, deployment, lease, pod, service

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_create_fills_the_system_fields_and_answers_with_the_stored_object() -> None:
    server = Server()
    made = server.create("configmaps", config_map())
    metadata = made["metadata"]
    assert UUID.fullmatch(metadata["uid"])
    assert metadata["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert metadata["namespace"] == "default"
    assert metadata["resourceVersion"] == str(server.store.revision)
    assert made == server.get("configmaps", "cm")


def test_create_ignores_system_fields_of_the_body() -> None:
    body = config_map(uid="mine", creationTimestamp="2001-01-01T00:00:00Z", deletionGracePeriodSeconds=4)
    metadata = Server().create("configmaps", body)["metadata"]
    assert metadata["uid"] != "mine"
    assert metadata["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert "deletionGracePeriodSeconds" not in metadata


def test_create_is_one_commit_of_one_revision() -> None:
    server = Server()
    before = server.store.revision
    server.create("configmaps", config_map())
    assert server.types == ["ADDED"]
    assert server.store.revision == before + 1


def test_generated_names_are_prefix_and_five_characters_and_never_repeat() -> None:
    server = Server()
    names = [server.create("configmaps", {"metadata": {"generateName": "web-"}})["metadata"]["name"] for _ in range(50)]
    assert len(set(names)) == 50
    assert all(re.fullmatch(f"web-[{ALPHABET}]{{5}}", name) for name in names)


def test_generated_names_do_not_depend_on_writes_to_other_prefixes() -> None:
    quiet, busy = Server(), Server()
    for number in range(3):
        busy.create("configmaps", config_map(f"other-{number}"))
        busy.create("configmaps", {"metadata": {"generateName": "noise-"}})
    body = {"metadata": {"generateName": "web-"}}
    one, other = (server.create("configmaps", body)["metadata"] for server in (quiet, busy))
    assert (one["name"], one["uid"]) == (other["name"], other["uid"])
    assert one["resourceVersion"] != other["resourceVersion"]


def test_a_long_prefix_is_cut_to_make_room_for_the_suffix() -> None:
    name = Server().create("configmaps", {"metadata": {"generateName": "x" * 100}})["metadata"]["name"]
    assert len(name) == 63


def test_a_recreated_object_has_another_uid() -> None:
    server = Server()
    first = server.create("configmaps", config_map())["metadata"]["uid"]
    server.done("delete", "configmaps", "cm")
    assert server.create("configmaps", config_map())["metadata"]["uid"] != first


def test_an_existing_name_is_a_conflict_that_moves_nothing() -> None:
    server = Server()
    server.create("configmaps", config_map())
    assert server.refused("create", "configmaps", body=config_map()) == (
        409,
        "AlreadyExists",
        'configmaps "cm" already exists',
    )


def test_the_name_of_an_object_that_is_being_deleted_is_taken_and_the_answer_says_so() -> None:
    server = Server()
    server.create("configmaps", config_map(finalizers=["a.b/c"]))
    server.done("delete", "configmaps", "cm")
    message = server.refused("create", "configmaps", body=config_map())[2]
    assert message == 'object is being deleted: configmaps "cm" already exists'


def test_a_rejected_create_does_not_use_up_names_or_uids() -> None:
    calm, hurt = Server(), Server()
    bad = {**pod(""), "metadata": {"generateName": "p-"}, "spec": {"containers": []}}
    assert hurt.refused("create", "pods", body=bad)[0] == 422
    good = {**pod(""), "metadata": {"generateName": "p-"}}
    assert calm.create("pods", good)["metadata"] == hurt.create("pods", good)["metadata"]


def test_a_resource_version_on_create_is_refused() -> None:
    code, reason, message = Server().refused("create", "configmaps", body=config_map(resourceVersion="5"))
    assert (code, reason, message) == (500, "", "resourceVersion should not be set on objects to be created")


def test_a_body_of_another_namespace_is_refused() -> None:
    code, reason, message = Server().refused("create", "configmaps", body=config_map(namespace="kube-system"))
    assert (code, reason) == (400, "BadRequest")
    assert message == "the namespace of the provided object does not match the namespace sent on the request"


@pytest.mark.parametrize(
    ("kind", "version", "why"),
    [
        ("ConfigMap", "v1", "converting (v1.ConfigMap) to (core.Pod): unknown conversion"),
        ("PodList", "v1", "converting (v1.PodList) to (core.Pod): unknown conversion"),
        ("Nope", "v1", 'no kind "Nope" is registered for version "v1"'),
        ("Pod", "apps/v1", 'no kind "Pod" is registered for version "apps/v1"'),
    ],
)
def test_a_body_of_another_kind_is_refused(kind: str, version: str, why: str) -> None:
    body = {"kind": kind, "apiVersion": version, "metadata": {"name": "x"}}
    code, reason, message = Server().refused("create", "pods", body=body)
    assert (code, reason) == (400, "BadRequest")
    assert f'{kind} in version "v1" cannot be handled as a Pod: {why}' in message


def test_kind_and_version_may_be_left_out() -> None:
    made = Server().create("configmaps", {"metadata": {"name": "cm"}})
    assert (made["kind"], made["apiVersion"]) == ("ConfigMap", "v1")


def test_a_body_that_does_not_fit_its_type_is_a_bad_request() -> None:
    code, _, message = Server().refused("create", "configmaps", body={"metadata": {"name": "x"}, "data": "text"})
    assert code == 400
    assert message.startswith('ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal')


@pytest.mark.parametrize("metadata", [{"name": "\ud800"}, {"generateName": "\ud800"}, {"name": "ü"}])
def test_names_that_have_no_bytes_are_invalid_like_any_other(metadata: dict[str, str]) -> None:
    assert Server().refused("create", "configmaps", body={"metadata": metadata})[:2] == (422, "Invalid")


def test_what_cannot_be_encoded_is_a_bad_request() -> None:
    body = config_map(data={"a": "\ud800"})
    code, _, message = Server().refused("create", "configmaps", body=body)
    assert code == 400
    assert message.startswith("the object cannot be encoded: ")


def test_an_invalid_object_is_refused_with_causes() -> None:
    server = Server()
    response = server.ask("create", "configmaps", body=config_map("Bad_Name"))
    assert (response.code, response.reason) == (422, "Invalid")
    assert response.status["details"]["causes"][0]["field"] == "metadata.name"


def test_unknown_fields_are_dropped_with_a_warning_or_refused_on_demand() -> None:
    server = Server()
    body = {**config_map(), "dta": {}}
    response = server.ask("create", "configmaps", body=body, dryRun="All")
    assert response.warnings == ('unknown field "dta"',)
    assert server.ask("create", "configmaps", body=body, dryRun="All", fieldValidation="Ignore").warnings == ()
    message = server.refused("create", "configmaps", body=body, fieldValidation="Strict")[2]
    assert message.endswith('strict decoding error: unknown field "dta"')


def test_raw_json_is_read_with_its_repeated_fields() -> None:
    server = Server()
    text = '{"metadata": {"name": "a", "name": "b"}}'
    response = server.ask("create", "configmaps", body=text)
    assert response.warnings == ('duplicate field "metadata.name"',)
    assert response.obj.name == "b"


def test_raw_text_that_is_no_json_is_a_bad_request_in_the_words_of_go() -> None:
    message = Server().refused("create", "configmaps", body="kind: ConfigMap")[2]
    assert "json parse error: invalid character 'k' looking for beginning of value (6b696e643a" in message


def test_repeated_owner_references_are_stored_once_with_a_warning() -> None:
    server = Server()
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u"}
    response = server.ask("create", "configmaps", body=config_map(ownerReferences=[owner, owner]))
    assert response.obj.document["metadata"]["ownerReferences"] == [owner]
    assert "duplicate entries" in response.warnings[0]


def test_create_records_who_wrote_what() -> None:
    server = Server()
    server.agent = "kubectl/v1.36 (linux)"
    (entry,) = server.create("configmaps", config_map())["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("kubectl", "Update")
    assert entry["fieldsV1"] == {"f:data": {".": {}, "f:a": {}}}


@pytest.mark.parametrize(
    ("resource", "body", "generation"),
    [
        ("pods", pod(), 1),
        ("deployments", deployment(), 1),
        ("configmaps", config_map(), None),
        ("leases", lease(), None),
    ],
)
def test_only_kinds_with_a_generation_get_one(resource: str, body: dict[str, object], generation: int | None) -> None:
    assert Server().create(resource, body)["metadata"].get("generation") == generation


def test_status_of_a_new_object_is_the_strategys_alone() -> None:
    made = Server().create("pods", {**pod(), "status": {"phase": "Running", "podIP": "10.0.0.1"}})
    assert made["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


def test_a_dry_run_answers_like_a_create_and_stores_nothing() -> None:
    server = Server()
    before = server.store
    made = server.create("services", service(), dryRun="All")
    assert made["spec"]["clusterIP"]
    assert "resourceVersion" not in made["metadata"]
    assert server.store is before


def test_invalid_options_are_refused() -> None:
    code, reason, message = Server().refused("create", "configmaps", body=config_map(), dryRun="None")
    assert (code, reason) == (422, "Invalid")
    assert (
        message
        == 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["None"]: supported values: "All"'
    )


def test_what_is_not_served_is_not_found_and_what_is_not_allowed_is_refused() -> None:
    server = Server()
    assert server.ask("create", "namespaces", "default", "nope").code == 404
    assert server.ask("deletecollection", "namespaces").code == 405
    assert server.ask("delete", "deployments", "d", "scale").code == 405
