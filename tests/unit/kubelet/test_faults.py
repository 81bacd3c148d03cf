"""What happens to containers from outside."""

from typing import Any

import pytest

from refk8s.core.action import Deliver, Mishap, Reply, StopFaults, StopNode
from refk8s.core.enabled import enabled, label
from refk8s.core.faults import possible_of
from refk8s.core.hands import Hands
from refk8s.core.step import Draft, recompute_fingerprint
from refk8s.core.world import World
from refk8s.kubelet.faults import end_container, lose_runtime
from refk8s.kubelet.program import NodeSpec

from .kubelet_world import KubeletWorld
from .pods import container


def outside(made: KubeletWorld, fault: Any, *arguments: Any) -> Any:
    """Let a fault happen on n1."""
    draft = Draft(made.model, made.world)
    p = draft.world.names["kubelet/n1"]
    process = draft.world.procs[p].copy()
    answer = fault(Hands(draft, p, process, draft.index), *arguments)
    draft.settle(p, process, made.model.program("kubelet/n1"))
    made.world, _ = draft.freeze()
    assert recompute_fingerprint(made.model, made.world) == made.world.fingerprint
    return answer


def running(**spec: Any) -> KubeletWorld:
    made = KubeletWorld.start(NodeSpec("n1"), NodeSpec("n2"))
    made.create("web", **spec)
    made.run()
    return made


def test_a_container_that_exits_from_outside_is_restarted() -> None:
    made = running()
    assert outside(made, end_container, "default/web", "c", 9)
    made.run()
    (status,) = made.status()["containerStatuses"]
    assert (status["restartCount"], status["lastState"]["terminated"]["exitCode"]) == (1, 9)
    assert not outside(made, end_container, "default/web", "other", 9)


def test_a_pod_that_never_restarts_fails_when_its_container_is_killed() -> None:
    made = running(restartPolicy="Never")
    outside(made, end_container, "default/web", "c", 137)
    made.run()
    assert made.status()["phase"] == "Failed"


def test_a_kubelet_that_is_down_finds_out_later() -> None:
    made = running(restartPolicy="Never")
    made.crash()
    assert outside(made, end_container, "default/web", "c", 5)
    made.restart()
    assert recompute_fingerprint(made.model, made.world) == made.world.fingerprint
    made.run()
    assert made.status()["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 5


def test_after_a_power_cut_pods_start_anew_and_count_a_restart() -> None:
    made = running()
    made.crash()
    outside(made, lose_runtime)
    made.run(for_ms=30_000)
    made.restart()
    made.run()
    (status,) = made.status()["containerStatuses"]
    assert made.status()["phase"] == "Running"
    assert status["restartCount"] == 1
    assert status["lastState"]["terminated"]["reason"] == "ContainerStatusUnknown"


def test_after_a_power_cut_a_pod_that_never_restarts_has_failed() -> None:
    made = running(restartPolicy="Never")
    made.crash()
    outside(made, lose_runtime)
    made.restart()
    made.run()
    assert made.status()["phase"] == "Failed"


def test_an_orphan_keeps_its_resources_until_it_has_stopped_even_after_a_crash() -> None:
    big = [container(resources={"requests": {"cpu": "3"}})]
    made = running(containers=big, metadata={"annotations": {"refk8s.dev/behaviour": "stop 2s"}})
    made.crash()
    made.delete(grace=0)
    made.create("two", containers=big)
    made.run(for_ms=1_000)
    made.restart()
    made.run(for_ms=500)
    assert made.status("two")["phase"] == "Pending"
    made.run()
    assert made.status("two")["phase"] == "Running"


def test_a_status_that_another_one_changed_while_it_was_sent_is_sent_again() -> None:
    made = KubeletWorld.start(NodeSpec("n1"))
    made.create("web")

    made.run(until=lambda world: condition(world) == "True")
    reply = next(
        action
        for action in enabled(made.world)
        if type(action) is Reply and "patch pods/status" in label(made.model, made.world, action)
    )
    unready = {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}
    made.ask("patch", name="web", body=unready, sub="status", patchType="strategic")
    while condition(made.world) == "True" or any(type(action) is Deliver for action in enabled(made.world)):
        made.act(next(action for action in enabled(made.world) if action != reply))
    made.run()
    assert condition(made.world) == "True"


def condition(world: World) -> str:
    """Whether the pod web is ready."""
    stored = world.store.get("pods", "default/web")
    found = [c for c in stored.document["status"].get("conditions") or () if c["type"] == "Ready"] if stored else []
    return str(found[0]["status"]) if found else ""


@pytest.mark.parametrize(("lost", "restarts"), [(False, 0), (True, 1)])
def test_a_node_that_stops_comes_back_with_what_ran_there_or_without(lost: bool, restarts: int) -> None:
    made = KubeletWorld.start()
    made.create("web")
    made.run()
    others = {pid: made.world.process(pid) for pid in made.world.pids if pid != "kubelet/n1"}
    made.act(StopNode(made.world.names["kubelet/n1"], lost=lost))
    assert {pid: made.world.process(pid) for pid in others} == others
    assert made.world.fingerprint == recompute_fingerprint(made.model, made.world)
    made.act(StopFaults())
    made.run()
    (status,) = made.status()["containerStatuses"]
    assert "running" in status["state"]
    assert status["restartCount"] == restarts


def test_the_mishaps_of_a_machine_are_its_running_containers_and_each_can_happen() -> None:
    made = KubeletWorld.start()
    p = made.world.names["kubelet/n1"]
    assert list(possible_of(made.model, made.world, "exit")) == []
    made.create("web")
    made.run()
    mishaps = list(possible_of(made.model, made.world, "exit"))
    assert mishaps == [Mishap(p, "default/web c exit=1"), Mishap(p, "default/web c exit=0")]
    made.act(mishaps[0])
    assert made.world.fingerprint == recompute_fingerprint(made.model, made.world)
    assert list(possible_of(made.model, made.world, "exit")) == []
    made.run()
    (status,) = made.status()["containerStatuses"]
    assert status["restartCount"] == 1
    assert status["lastState"]["terminated"]["exitCode"] == 1
