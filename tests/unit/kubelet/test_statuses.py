"""Container statuses, made from the runtime and from what was shown before."""

from typing import Any

from refk8s.kubelet.runtime import Sandbox
from refk8s.kubelet.statuses import NO_SANDBOX, Scene, container_statuses

from .pods import NOW, NOW_MS, container, document, ended, running, sandbox, stored

Document = dict[str, Any]


def statuses(
    made: Sandbox = NO_SANDBOX,
    old: Document | None = None,
    reasons: dict[str, tuple[str, str]] | None = None,
    after_ms: int = 0,
    **fields: Any,
) -> tuple[list[Document], list[Document]]:
    one = stored(**fields)
    from refk8s.kinds.pod import Pod

    return container_statuses(Scene(one.view(Pod), one.document, made, old or {}, reasons or {}, NOW_MS + after_ms))


def only(made: Sandbox = NO_SANDBOX, **fields: Any) -> Document:
    return statuses(made, **fields)[0][0]


def test_a_container_that_has_not_run_waits() -> None:
    assert only() == {
        "name": "c",
        "state": {"waiting": {"reason": "ContainerCreating"}},
        "lastState": {},
        "ready": False,
        "restartCount": 0,
        "image": "nginx:1",
        "imageID": "",
        "started": False,
    }


def test_a_pod_with_init_containers_waits_to_be_initialized() -> None:
    mains, inits = statuses(initContainers=[container("b"), container("a")])
    assert [s["state"]["waiting"]["reason"] for s in (*mains, *inits)] == ["PodInitializing"] * 3
    assert [s["name"] for s in inits] == ["b", "a"]


def test_main_containers_are_listed_by_name() -> None:
    assert [s["name"] for s in statuses(containers=[container("b"), container("a")])[0]] == ["a", "b"]


def test_a_running_container_without_probes_is_started_and_ready() -> None:
    found = only(sandbox(("c", -1)), containers=[container(resources={"requests": {"cpu": "1"}})])
    assert found["state"] == {"running": {"startedAt": NOW}}
    assert (found["ready"], found["started"], found["restartCount"]) == (True, True, 0)
    assert found["image"] == "docker.io/library/nginx:1"
    assert found["containerID"].startswith("containerd://")
    assert (found["resources"], found["allocatedResources"]) == ({"requests": {"cpu": "1"}}, {"cpu": "1"})


def test_an_exit_is_told_with_code_and_times() -> None:
    found = only(sandbox(("c", 2_000, 3)), after_ms=2_000)["state"]["terminated"]
    assert (found["exitCode"], found["reason"]) == (3, "Error")
    assert (found["startedAt"], found["finishedAt"]) == (NOW, "2026-01-01T00:00:02Z")
    assert only(sandbox(("c", 0)))["state"]["terminated"]["reason"] == "Completed"


def test_the_run_before_is_the_last_state() -> None:
    found = only(sandbox(("c", 0, 1), ("c", -1)))
    assert found["lastState"]["terminated"]["exitCode"] == 1
    assert (found["restartCount"], "running" in found["state"]) == (1, True)


def test_a_container_that_waits_for_its_back_off_says_why() -> None:
    found = only(sandbox(("c", 0, 1)), reasons={"c": ("CrashLoopBackOff", "back-off 10s")})
    assert found["state"] == {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
    assert found["lastState"]["terminated"]["exitCode"] == 1


def test_a_reason_is_not_shown_of_a_container_that_will_not_start_again() -> None:
    found = only(sandbox(("c", 0, 1)), reasons={"c": ("CrashLoopBackOff", "x")}, restartPolicy="Never")
    assert "terminated" in found["state"]
    deleted = only(sandbox(("c", 0, 1)), reasons={"c": ("CrashLoopBackOff", "x")}, deletionTimestamp=NOW)
    assert "terminated" in deleted["state"]


def test_a_container_that_ran_and_is_lost_is_taken_to_have_failed() -> None:
    found = only(old={"containerStatuses": [running("c", restartCount=2)]})
    assert found["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert found["lastState"]["terminated"]["reason"] == "ContainerStatusUnknown"
    assert (found["lastState"]["terminated"]["exitCode"], found["restartCount"]) == (137, 3)


def test_a_terminated_container_that_is_lost_stays_as_it_was() -> None:
    old = ended("c", 4)
    assert only(old={"containerStatuses": [old]}) == old


def test_a_plain_init_container_is_ready_once_it_has_exited_0() -> None:
    fields: Any = {"initContainers": [container("i")]}
    assert not statuses(sandbox(("i", -1)), **fields)[1][0]["ready"]
    assert statuses(sandbox(("i", 0)), **fields)[1][0]["ready"]
    assert not statuses(sandbox(("i", 0, 1)), **fields)[1][0]["ready"]


def test_a_lost_init_container_counts_as_done_if_a_main_container_was_created() -> None:
    found = statuses(sandbox(("c", -1)), initContainers=[container("i")])[1][0]
    assert found["state"]["terminated"]["exitCode"] == 0
    assert found["ready"]


def test_volume_mounts_are_shown() -> None:
    mounts = [{"name": "v", "mountPath": "/v", "readOnly": True}, {"name": "w", "mountPath": "/w"}]
    assert only(containers=[container(volumeMounts=mounts)])["volumeMounts"] == [
        {"name": "v", "mountPath": "/v", "readOnly": True, "recursiveReadOnly": "Disabled"},
        {"name": "w", "mountPath": "/w"},
    ]


def test_the_restart_count_never_goes_back() -> None:
    assert only(sandbox(("c", -1)), old={"containerStatuses": [running("c", restartCount=5)]})["restartCount"] == 5


def test_statuses_are_in_the_form_in_which_the_api_server_stores_them() -> None:
    from refk8s.api import schema
    from refk8s.api.default.decode import decode

    made = sandbox(("c", 0, 1), ("c", -1))
    mains, inits = statuses(made, initContainers=[container("i")], containers=[container(volumeMounts=[])])
    doc = {**document(), "status": {"containerStatuses": mains, "initContainerStatuses": inits}}
    decoded = decode(schema.of_kind("Pod"), doc)
    assert decoded.doc["status"] == doc["status"]
    assert decoded.unknown == ()
