"""Pods on a kubelet, from binding to the end: whole workers on the engine."""

from itertools import pairwise
from typing import Any

from refk8s.core.world import World
from refk8s.explore.drivers import RandomDriver
from refk8s.explore.run import run_twice
from refk8s.kubelet.program import NodeSpec
from refk8s.kubelet.records import Worker
from refk8s.kubelet.rules import Rules

from .kubelet_world import KubeletWorld
from .pods import container

PROBE = {"httpGet": {"port": 80}, "initialDelaySeconds": 5}


def settled(does: str = "", **spec: Any) -> KubeletWorld:
    made = KubeletWorld.start()
    made.create("web", does, **spec)
    assert made.run().verdict == "quiet"
    return made


def condition(status: dict[str, Any], kind: str) -> str:
    return next(str(c["status"]) for c in status["conditions"] if c["type"] == kind)


# ---- starting


def test_a_pod_runs_after_pull_and_start_with_two_status_writes() -> None:
    made = settled()
    assert made.history() == ["0 Pending", "0 Pending c=ContainerCreating", "0.6 Running c=running+"]
    assert [change.type for _, change in made.changes if change.resource == "pods"] == ["ADDED", "MODIFIED", "MODIFIED"]
    status = made.status()
    assert (status["observedGeneration"], condition(status, "Ready"), status["podIP"]) == (1, "True", "10.128.1.2")


def test_events_tell_pull_create_and_start_as_upstream_does() -> None:
    made = settled()
    assert made.told() == [
        'Pulling: Pulling image "nginx:1"',
        'Pulled: Successfully pulled image "nginx:1" in 500ms (500ms including waiting). Image size: 50000000 bytes.',
        "Created: Container created",
        "Started: Container started",
    ]


def test_an_image_is_pulled_once_unless_the_policy_is_always() -> None:
    made = settled()
    made.changes.clear()
    made.create("two")
    made.create("three", containers=[container(imagePullPolicy="Always")])
    made.run()
    assert made.history("two")[-1] == "0.1 Running c=running+"
    assert made.history("three")[-1] == "0.6 Running c=running+"
    assert 'Pulled: Container image "nginx:1" already present on machine and can be accessed by the pod' in made.told()


def test_containers_of_a_pod_start_one_after_the_other_and_are_shown_together() -> None:
    made = settled(containers=[container("a"), container("b")])
    assert made.history()[1:] == [
        "0 Pending a=ContainerCreating b=ContainerCreating",
        "0.7 Running a=running+ b=running+",
    ]


def test_init_containers_run_in_order_before_the_main_ones() -> None:
    made = settled(initContainers=[container("i"), container("j")])
    assert made.history()[1:] == [
        "0 Pending i=PodInitializing j=PodInitializing c=PodInitializing",
        "0.6 Pending i=running j=PodInitializing c=PodInitializing",
        "1.6 Pending i=exit0 j=PodInitializing c=PodInitializing",
        "1.7 Pending i=exit0 j=running c=PodInitializing",
        "2.7 Pending i=exit0 j=exit0 c=PodInitializing",
        "2.8 Running i=exit0 j=exit0 c=running+",
    ]


def test_a_failed_init_container_ends_a_pod_that_never_restarts() -> None:
    made = settled("i: exit 1 after 1s", initContainers=[container("i")], restartPolicy="Never")
    assert made.history()[-1] == "1.6 Failed i=exit1 c=PodInitializing"


def test_sidecars_run_beside_the_main_containers_and_are_stopped_after_them() -> None:
    made = settled("c: exit 0 after 5s", initContainers=[container("s", restartPolicy="Always")], restartPolicy="Never")
    assert made.history()[1:] == [
        "0 Pending s=PodInitializing c=PodInitializing",
        "0.6 Pending s=running+ c=PodInitializing",
        "0.7 Running s=running+ c=running+",
        "5.7 Running s=running+ c=exit0",
        "6.2 Succeeded s=exit0 c=exit0",
    ]


# ---- ends, restarts, back-off


def test_a_pod_that_is_done_succeeds_with_one_write() -> None:
    made = settled("exit 0 after 3s", restartPolicy="Never")
    assert made.history()[-1] == "3.6 Succeeded c=exit0"
    status = made.status()
    assert [condition(status, kind) for kind in ("Ready", "Initialized", "PodReadyToStartContainers")] == [
        "False",
        "True",
        "False",
    ]
    assert status["podIP"] == "10.128.1.2"


def test_a_pod_with_a_bad_exit_fails_or_tries_again_as_its_policy_says() -> None:
    assert settled("exit 2 after 3s", restartPolicy="Never").history()[-1] == "3.6 Failed c=exit2"
    again = settled("exit 1 after 1s then exit 0 after 1s", restartPolicy="OnFailure")
    assert again.history()[3:] == ["1.6 Running c=exit1", "1.7 Running c=running+", "2.7 Succeeded c=exit0"]


def test_restarts_back_off_for_10_s_doubling_up_to_5_minutes() -> None:
    made = KubeletWorld.start()
    made.create("web", "exit 1 after 1s")
    made.run(for_ms=1_500_000)
    starts = [float(line.split()[0]) for line in made.history() if "running" in line]
    gaps = [round(after - before - 1, 1) for before, after in pairwise(starts)]
    assert gaps[:8] == [0.1, 10.1, 20.1, 40.1, 80.1, 160.1, 300.1, 300.1]


def test_a_container_that_backs_off_says_for_how_long() -> None:
    made = settled("exit 1 after 2s")
    (container_status,) = made.status()["containerStatuses"]
    uid = made.get()["metadata"]["uid"]  # type: ignore[index]  # it is there
    assert container_status["state"]["waiting"] == {
        "reason": "CrashLoopBackOff",
        "message": f"back-off 20s restarting failed container=c pod=web_default({uid})",
    }
    assert container_status["lastState"]["terminated"]["exitCode"] == 1
    assert f"BackOff: Back-off restarting failed container c in pod web_default({uid})" in made.told()


def test_an_image_that_does_not_exist_is_tried_again_and_again() -> None:
    made = settled("no image")
    assert made.history()[1:5] == [
        "0 Pending c=ContainerCreating",
        "0.5 Pending c=ErrImagePull",
        "10.5 Pending c=ImagePullBackOff",
        "11 Pending c=ErrImagePull",
    ]
    assert made.history()[-1].endswith("Pending c=ImagePullBackOff")
    message = made.status()["containerStatuses"][0]["state"]["waiting"]["message"]
    assert message.startswith('Back-off pulling image "nginx:1": ErrImagePull: rpc error: code = NotFound')


def test_an_image_that_appears_later_is_pulled_then() -> None:
    made = settled("image after 20s")
    assert made.history()[-1].split()[1:] == ["Running", "c=running+"]


def test_an_image_that_must_not_be_pulled_has_to_be_there() -> None:
    made = KubeletWorld.start()
    made.create("web", containers=[container(imagePullPolicy="Never")])
    made.run(for_ms=5_000)
    assert made.history()[-1] == "0 Pending c=ErrImageNeverPull"


def test_a_pod_past_its_active_deadline_fails() -> None:
    made = settled(activeDeadlineSeconds=20)
    assert made.history()[-1].split()[1:] == ["Failed", "c=exit0"]
    status = made.status()
    assert (status["reason"], status["message"]) == (
        "DeadlineExceeded",
        "Pod was active on the node longer than the specified deadline",
    )


# ---- probes


def test_a_pod_becomes_ready_when_its_probe_succeeds() -> None:
    made = settled(containers=[container(readinessProbe=PROBE)])
    assert made.history()[2:] == ["0.6 Running c=running", "5.6 Running c=running+"]


def test_a_pod_that_is_never_ready_settles_with_one_event() -> None:
    made = settled("never ready", containers=[container(readinessProbe=PROBE)])
    assert made.history()[-1] == "0.6 Running c=running"
    assert made.told()[-1] == "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 500"


def test_a_pod_loses_and_regains_readiness() -> None:
    made = settled('{"ready": [0, 20, 60]}', containers=[container(readinessProbe={**PROBE, "failureThreshold": 1})])
    assert [line.split(" ", 1)[1] for line in made.history()[2:]] == [
        "Running c=running",
        "Running c=running+",
        "Running c=running",
        "Running c=running+",
    ]


def test_a_container_that_fails_its_liveness_probe_is_restarted() -> None:
    made = settled("unhealthy after 10s", containers=[container(livenessProbe=PROBE)])
    assert "Killing: Container c failed liveness probe, will be restarted" in made.told()
    assert made.status()["containerStatuses"][0]["restartCount"] == 1


def test_a_readiness_gate_is_waited_for() -> None:
    made = settled(readinessGates=[{"conditionType": "x.io/ready"}])
    assert condition(made.status(), "Ready") == "False"
    body = {"status": {"conditions": [{"type": "x.io/ready", "status": "True"}]}}
    made.ask("patch", name="web", body=body, sub="status", patchType="strategic")
    made.run()
    assert (condition(made.status(), "Ready"), condition(made.status(), "x.io/ready")) == ("True", "True")


# ---- deletion


def test_a_deleted_pod_is_stopped_then_shown_ended_then_removed() -> None:
    made = settled("stop 3s")
    made.changes.clear()
    made.delete()
    made.run()
    assert made.history() == ["0 Running c=running+", "3 Succeeded c=exit0", "3 gone Succeeded c=exit0"]
    assert made.get() is None
    assert "Killing: Stopping container c" in made.told()
    assert not len(made.memory("node:runtime").pods)


def test_a_pod_that_ignores_sigterm_is_killed_after_its_grace_period() -> None:
    made = settled("ignore sigterm", terminationGracePeriodSeconds=7)
    made.changes.clear()
    made.delete()
    made.run()
    assert made.history()[1:] == ["7 Failed c=exit137", "7 gone Failed c=exit137"]


def test_a_shorter_grace_period_counts_at_once() -> None:
    made = settled("ignore sigterm")
    made.changes.clear()
    made.delete()
    made.run(for_ms=5_000)
    made.delete(grace=3)
    made.run()
    assert made.history()[-1].endswith("gone Failed c=exit137")
    assert float(made.history()[-1].split()[0]) < 14


def test_a_pod_that_is_deleted_before_it_starts_fails_and_goes() -> None:
    made = KubeletWorld.start()
    made.create("web", "pull 30s")
    made.run(for_ms=1_000)
    made.delete()
    made.run()
    assert made.get() is None


def test_a_pod_with_a_finalizer_is_ended_and_stays() -> None:
    made = settled(metadata={"finalizers": ["x.io/keep"]})
    made.delete()
    assert made.run().verdict == "quiet"
    assert made.status()["phase"] == "Succeeded"


def test_a_force_deleted_pod_keeps_its_resources_until_its_containers_have_stopped() -> None:
    big = [container(resources={"requests": {"cpu": "3"}})]
    made = settled("stop 1500ms", containers=big)
    made.delete(grace=0)
    made.create("two", containers=big)
    made.run(for_ms=1_000)
    assert made.get() is None
    assert made.status("two")["phase"] == "Pending"
    made.run()
    assert made.status("two")["phase"] == "Running"
    assert not [line for line in made.told() if line.startswith("OutOfcpu")]


def test_a_pod_and_its_namesake_after_it_are_two() -> None:
    made = settled("stop 1s")
    old = made.get()
    made.delete(grace=0)
    made.create("web")
    made.run()
    new = made.get()
    assert old is not None
    assert new is not None
    assert old["metadata"]["uid"] != new["metadata"]["uid"]
    assert new["status"]["phase"] == "Running"
    assert len(made.memory("node:runtime").pods) == 1


# ---- admission


def test_pods_are_rejected_when_the_node_is_full_and_get_no_worker() -> None:
    made = KubeletWorld.start(NodeSpec("n1", capacity={"pods": "1"}))
    made.create("one")
    made.create("two")
    made.run()
    assert made.status("one")["phase"] == "Running"
    status = made.status("two")
    assert (status["phase"], status["reason"]) == ("Failed", "OutOfpods")
    assert status["message"] == (
        "Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 1, capacity: 1"
    )
    assert "conditions" not in status
    assert "OutOfpods: Node didn't have enough resource: pods, requested: 1, used: 1, capacity: 1" in made.told()


def test_a_rejected_pod_can_be_deleted() -> None:
    made = KubeletWorld.start(NodeSpec("n1", capacity={"pods": "0"}))
    made.create("one")
    made.run()
    made.delete("one")
    made.run()
    assert made.get("one") is None


def test_a_pod_that_has_ended_takes_nothing() -> None:
    big = [container(resources={"requests": {"cpu": "3"}})]
    made = settled("exit 0 after 1s", containers=big, restartPolicy="Never")
    made.create("two", containers=big)
    made.run()
    assert made.status("two")["phase"] == "Running"


def test_node_affinity_is_judged_by_a_fresh_node_before_a_pod_is_rejected() -> None:
    made = KubeletWorld.start()
    made.create("web", nodeSelector={"disk": "ssd"})
    made.run()
    assert made.status()["reason"] == "NodeAffinity"


# ---- the API server, seen from a kubelet


def test_a_status_that_somebody_else_changed_is_set_right_at_the_next_tick() -> None:
    made = settled()
    made.changes.clear()
    made.ask(
        "patch",
        name="web",
        body={"status": {"podIP": "1.2.3.4", "podIPs": [{"ip": "1.2.3.4"}]}},
        sub="status",
        patchType="merge",
    )
    made.run()
    assert made.status()["podIP"] == "10.128.1.2"
    times = [ms for ms, change in made.changes if change.resource == "pods"]
    assert times[1] - times[0] == 10_000


def test_a_pod_that_somebody_else_failed_is_stopped_and_stays_failed() -> None:
    made = settled()
    made.ask(
        "patch", name="web", body={"status": {"phase": "Failed", "reason": "Evicted"}}, sub="status", patchType="merge"
    )
    made.run()
    status = made.status()
    assert status["phase"] == "Failed"
    assert "terminated" in status["containerStatuses"][0]["state"]


def test_nothing_is_written_when_nothing_happens() -> None:
    made = settled()
    made.changes.clear()
    made.run(for_ms=60_000)
    assert {change.resource for _, change in made.changes} <= {"leases"}


# ---- crashes of the kubelet


def test_containers_go_on_while_the_kubelet_is_down() -> None:
    made = KubeletWorld.start(NodeSpec("n1"), NodeSpec("n2"))
    made.create("web", "exit 0 after 20s", restartPolicy="Never")
    made.run(for_ms=5_000)
    made.crash()
    made.run(for_ms=30_000)
    assert made.status()["phase"] == "Running"
    made.restart()
    made.run()
    ended = made.status()["containerStatuses"][0]["state"]["terminated"]
    assert made.status()["phase"] == "Succeeded"
    assert (ended["exitCode"], ended["finishedAt"]) == (0, "2026-01-01T00:00:30Z")


def test_a_restarted_kubelet_takes_its_pods_over_without_restarting_them() -> None:
    made = settled(containers=[container(readinessProbe=PROBE)])
    before = made.status()
    made.crash()
    made.restart()
    made.changes.clear()
    made.run()
    assert made.status() == before
    assert not [change for _, change in made.changes if change.resource == "pods"]


def test_a_pod_that_was_removed_while_the_kubelet_was_down_is_killed() -> None:
    made = settled()
    made.crash()
    made.delete(grace=0)
    made.run(for_ms=1_000)
    assert made.get() is None
    made.restart()
    made.run()
    assert not len(made.memory("node:runtime").pods)


def test_running_pods_are_admitted_before_newer_ones_after_a_restart() -> None:
    big = [container(resources={"requests": {"cpu": "3"}})]
    made = KubeletWorld.start(NodeSpec("n1"), NodeSpec("n2"))
    made.create("zebra", containers=big)
    made.run()
    made.crash()
    made.create("ant", containers=big)
    made.run(for_ms=20_000)
    made.restart()
    made.run()
    assert made.status("zebra")["phase"] == "Running"
    assert made.status("ant")["reason"] == "OutOfcpu"


def test_a_termination_goes_on_after_a_crash() -> None:
    made = KubeletWorld.start(NodeSpec("n1"), NodeSpec("n2"))
    made.create("web", "stop 8s")
    made.run(for_ms=5_000)
    made.delete()
    made.run(for_ms=2_000)
    made.crash()
    made.restart()
    made.run()
    assert made.get() is None


# ---- any order


def scramble(seed: int) -> KubeletWorld:
    made = KubeletWorld.start()
    made.create("a", "exit 0 after 5s", restartPolicy="Never", initContainers=[container("i")])
    made.create("b", "stop 3s", initContainers=[container("s", restartPolicy="Always")])
    made.create("c", "exit 1 after 1s then run", restartPolicy="OnFailure")
    made.run(for_ms=300 + seed * 300)
    made.delete("b")
    return made


def test_any_order_of_messages_leads_to_the_same_end() -> None:
    for seed in range(12):
        made = scramble(seed)
        assert made.run(driver=RandomDriver(seed)).verdict == "quiet"
        assert made.get("b") is None
        assert (made.status("a")["phase"], made.status("c")["phase"]) == ("Succeeded", "Running")


def test_a_run_gives_the_same_digests_when_its_reconciles_are_made_anew() -> None:
    made = scramble(3)
    run_twice(made.model, made.world, lambda: RandomDriver(3))


# ---- seams


class ForgetsTheDeleted(Rules):
    """k#104824: what a force-deleted pod takes is free as soon as the API server has forgotten it."""

    def releases(self, worker: Worker | None, *, gone: bool) -> bool:
        """Too early."""
        return gone or super().releases(worker, gone=gone)


def test_one_replaced_rule_brings_a_real_bug_back() -> None:
    big = [container(resources={"requests": {"cpu": "3"}})]
    made = KubeletWorld.start(rules=ForgetsTheDeleted)
    made.create("web", "ignore sigterm", containers=big)
    made.run()
    made.delete(grace=0)
    made.create("two", containers=big)

    def both_run(world: World) -> bool:
        pods = world.process("kubelet/n1").memory["node:runtime"].pods.values()
        return sum(len(sandbox.running(world.now_ms)) for sandbox in pods) == 2

    assert made.run(until=both_run).verdict == "until"


def test_an_annotation_that_cannot_be_read_is_told_once_and_counts_as_none() -> None:
    made = settled("explode")
    (told,) = [line for line in made.told() if line.startswith("InvalidBehaviour")]
    assert told.startswith("InvalidBehaviour: refk8s.dev/behaviour: cannot read 'explode'; examples: ")
    (event,) = [c.obj.document for _, c in made.changes if c.resource == "events" and "Invalid" in str(c.obj.document)]
    assert (event["type"], event["count"]) == ("Warning", 1)
    assert made.status()["phase"] == "Running"


def test_a_pod_for_which_there_would_be_no_room_anyway_is_rejected_at_once() -> None:
    made = settled("stop 2s", containers=[container(resources={"requests": {"cpu": "3"}})])
    made.delete(grace=0)
    made.create("two", containers=[container(resources={"requests": {"cpu": "5"}})])
    made.run()
    assert made.status("two")["phase"] == "Failed"
