"""Users' scripts against the real API server: kubectl's verbs, those that wait, and what is remembered of failures."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.core.wire import Response
from refk8s.core.world import World
from refk8s.explore.cluster import Cluster, build
from refk8s.explore.expect import failed_steps
from refk8s.explore.run import run
from refk8s.trace.story import Storyteller, without_details
from refk8s.users.script import user
from refk8s.users.verb import is_refusal
from refk8s.users.verb import said as said_of

CONFIG = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "a", "namespace": "default"},
    "data": {"n": "0"},
}
TARGET = {"resource": "configmaps", "name": "a"}


def done(*steps: dict[str, Any], objects: tuple[dict[str, Any], ...] = (CONFIG,)) -> tuple[World, list[str]]:
    """The World after a script, and what the user saw."""
    model, world = build(Cluster(users={"ann": steps}, objects=objects))
    teller = Storyteller(model.epoch_ms, model.is_heartbeat)
    outcome = run(model, world, observers=(teller,))
    assert outcome.verdict == "quiet"
    return outcome.world, [
        line.text for line in without_details(teller.lines) if line.actor == "user/ann" and not line.subject
    ]


def config(world: World, key: str = "default/a") -> dict[str, Any]:
    document: dict[str, Any] = world.store.get("configmaps", key).document
    return document


def test_apply_creates_then_changes_only_what_differs_then_nothing() -> None:
    bare = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}, "data": {"x": "1", "y": "1"}}
    less = {**bare, "data": {"x": "2"}}
    world, said = done(
        {"apply": {"documents": [bare]}},
        {"patch": {"resource": "cm", "name": "b", "patch": {"data": {"z": "9"}}}},
        {"apply": {"documents": [less]}},
        {"apply": {"documents": [less]}},
    )
    assert said == [
        "apply: configmap/b created",
        "patch: configmap/b patched",
        "apply: configmap/b configured",
        "apply: configmap/b unchanged",
    ]
    assert config(world, "default/b")["data"] == {"x": "2", "z": "9"}


def test_a_server_side_apply_conflicts_with_other_managers_unless_it_is_forced() -> None:
    bare = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}, "data": {"x": "1"}}
    ours = {"documents": [bare], "serverSide": True}
    world, said = done(
        {"apply": ours},
        {"patch": {"resource": "cm", "name": "b", "patch": {"data": {"x": "2"}}}},
        {"apply": ours},
        {"apply": {**ours, "forceConflicts": True}},
        {"apply": {**ours, "fieldManager": "other"}},
    )
    assert [line for line in said if not line.startswith("was refused")] == [
        "apply: configmap/b serverside-applied",
        "patch: configmap/b patched",
        'apply: error: Apply failed with 1 conflict: conflict with "kubectl-patch" using v1: .data.x',
        "apply: configmap/b serverside-applied",
        "apply: configmap/b serverside-applied",
    ]
    document = config(world, "default/b")
    assert document["data"] == {"x": "1"}
    assert {entry["manager"] for entry in document["metadata"]["managedFields"]} == {"kubectl", "other"}


def test_a_list_in_pages_names_all_objects_and_starts_over_when_it_is_too_old() -> None:
    more = tuple({**CONFIG, "metadata": {"name": name, "namespace": "default"}} for name in "bc")
    _, said = done(
        {"list": {"resource": "cm", "chunkSize": 1}},
        {"list": {"resource": "cm", "namespace": "kube-public"}},
        objects=(CONFIG, *more),
    )
    assert said[0].startswith("list: configmap/a configmap/b configmap/c")
    assert said[1] == "list: No resources found in kube-public namespace."


def test_apply_goes_on_after_a_refused_document_and_the_failure_is_remembered() -> None:
    bad = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "B"}}
    good = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}
    nameless = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "b-"}}
    world, said = done({"apply": {"documents": [bad, good, nameless]}})
    assert said[0] == "apply: configmap/b created"
    failures = failed_steps(world)
    assert [failure.partition(": metadata")[0] for failure in failures] == [
        'user/ann: apply: The ConfigMap "B" is invalid',
        "user/ann: apply: error: ConfigMap: cannot use generate name with apply",
    ]
    assert said[1:] == [failure.removeprefix("user/ann: ") for failure in failures]


def test_create_makes_a_name_of_generate_name() -> None:
    world, said = done(
        {"create": {"documents": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "b-"}}]}}
    )
    (name,) = [line.removeprefix("create: configmap/").removesuffix(" created") for line in said]
    assert config(world, f"default/{name}")["metadata"]["generateName"] == "b-"


def test_labels_and_annotations_come_and_go() -> None:
    world, said = done(
        {"label": {**TARGET, "labels": {"x": "1", "y": "2"}}},
        {"label": {**TARGET, "labels": {"x": None}}},
        {"annotate": {**TARGET, "annotations": {"note": "n"}}},
    )
    assert config(world)["metadata"]["labels"] == {"y": "2"}
    assert config(world)["metadata"]["annotations"] == {"note": "n"}
    assert said == ["label: configmap/a labeled"] * 2 + ["annotate: configmap/a annotated"]


def test_delete_says_what_it_deleted_and_an_error_for_what_is_not_there() -> None:
    world, said = done({"delete": TARGET}, {"delete": TARGET})
    assert said == ['delete: configmap "a" deleted', 'delete: Error from server (NotFound): configmaps "a" not found']
    assert world.store.get("configmaps", "default/a") is None


@pytest.mark.parametrize(("before", "after"), [("0", "3"), ("-5", "-2")])
def test_increment_counts_up_texts(before: str, after: str) -> None:
    world, said = done(
        {"increment": {**TARGET, "field": "data.n", "times": 3}}, objects=({**CONFIG, "data": {"n": before}},)
    )
    assert config(world)["data"]["n"] == after
    assert said == ["increment: configmap/a data.n incremented 3 times"]


def test_increment_of_an_absent_field_writes_the_number_1() -> None:
    _, said = done({"increment": {**TARGET, "field": "metadata.annotations.n"}})
    assert said[0].startswith("increment: Error from server (BadRequest)")  # a number is no annotation
    world, _ = done({"increment": {**TARGET, "field": "metadata.generation"}})
    assert config(world)["metadata"].get("generation") is None  # which the API server does not let users write


def test_increment_of_what_is_no_number_is_an_error_and_no_crash() -> None:
    _, said = done({"increment": {**TARGET, "field": "data.n"}}, objects=({**CONFIG, "data": {"n": "many"}},))
    assert said == ["increment: error: configmap/a: data.n is 'many', no number"]


def test_wait_ends_when_the_value_is_there_and_gives_up_after_its_timeout() -> None:
    _, said = done(
        {"wait": {**TARGET, "field": "data.n", "value": "0"}},
        {"wait": {**TARGET, "field": "data.n", "value": "1", "timeout": "3s"}},
        {"delete": TARGET},
        {"wait": {**TARGET, "gone": True}},
    )
    assert said == [
        "wait: configmap/a condition met",
        "wait: error: timed out waiting for configmap/a after 3s",
        'delete: configmap "a" deleted',
        "wait: configmap/a condition met",
    ]


def test_sleep_lets_logical_time_pass() -> None:
    model, world = build(Cluster(users={"ann": ({"sleep": "90s"}, {"delete": TARGET})}, objects=(CONFIG,)))
    end = run(model, world).world
    assert end.now_ms - model.epoch_ms >= 90_000
    assert end.store.get("configmaps", "default/a") is None


def test_a_program_of_an_unknown_verb_is_refused() -> None:
    with pytest.raises(ValueError, match="a step has one verb of annotate, apply"):
        user(({"explode": {}},))


def test_errors_read_as_kubectl_prints_them() -> None:
    failure = {"kind": "Status", "status": "Failure", "message": "it broke", "code": 500}
    assert said_of(Response(500, status=failure), "") == "Error from server: it broke"
    assert (
        said_of(Response(404, status={**failure, "reason": "NotFound"}), "") == "Error from server (NotFound): it broke"
    )
    causes = [{"field": "a", "message": "Required value"}, {"field": "b", "message": "Too long"}]
    invalid = {**failure, "reason": "Invalid", "details": {"kind": "Pod", "name": "x", "causes": causes}}
    line = said_of(Response(422, status=invalid), "")
    assert line == 'The Pod "x" is invalid: [a: Required value, b: Too long]'
    assert is_refusal(line)


def test_unknown_fields_are_refused_as_kubectl_asks_for_it() -> None:
    odd = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}, "date": {"n": "1"}}
    world, said = done({"apply": {"documents": [odd]}}, {"create": {"documents": [odd]}})
    assert world.store.get("configmaps", "default/b") is None
    refused = 'Error from server (BadRequest): ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "date"'
    assert said == [f"apply: {refused}", f"create: {refused}"]


def test_undo_skips_what_is_that_already_and_refuses_a_paused_deployment() -> None:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
    web = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    web["spec"] = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    image = {"resource": "deployments", "name": "web", "container": "c", "image": "nginx:2"}
    world, said = done(
        {"apply": {"documents": [web]}},
        {"sleep": "1s"},
        {"rollout": {"do": "undo", "name": "web"}},
        {"setImage": image},
        {"sleep": "1s"},
        {"rollout": {"do": "undo", "name": "web", "toRevision": 2}},
        {"rollout": {"do": "pause", "name": "web"}},
        {"rollout": {"do": "undo", "name": "web"}},
        {"rollout": {"do": "resume", "name": "web"}},
        {"rollout": {"do": "undo", "name": "web"}},
        {"scale": {"resource": "deployments", "name": "web", "replicas": 1}},
        objects=(),
    )
    assert [line for line in said if line.startswith("rollout")] == [
        'rollout: error: no rollout history found for deployment "web"',
        "rollout: deployment.apps/web skipped rollback (current template already matches revision 2)",
        "rollout: deployment.apps/web paused",
        "rollout: error: you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
        "rollout: deployment.apps/web resumed",
        "rollout: deployment.apps/web rolled back",
    ]
    metadata = world.store.get("deployments", "default/web").document["metadata"]
    assert "kubectl.kubernetes.io/last-applied-configuration" in metadata["annotations"]
    managers = {entry["manager"] for entry in metadata.get("managedFields") or ()}
    assert not managers & {"kubectl-scale"}
