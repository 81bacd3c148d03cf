"""The program of kube-controller-manager: its controllers, gates, seams, and the cheapness of what does not concern it."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.controllers.deployment import DeploymentController
from refk8s.controllers.leader import LEADER, LeaderElector
from refk8s.controllers.nodelifecycle_config import NodeLifecycleConfig
from refk8s.controllers.program import kube_controller_manager
from refk8s.controllers.replicaset import ReplicaSetController
from refk8s.controllers.runtime import Controller

CONTROLLERS = (
    "deployment",
    "replicaset",
    "gc",
    "gc-orphan",
    "namespace",
    "nodelifecycle-taints",
    "nodelifecycle",
    "nodelifecycle-zones",
    "nodelifecycle-evictor",
    "nodelifecycle-pods",
    "tainteviction",
    "tainteviction-delete",
    "podgc",
    "pvcprotection",
    "pvprotection",
)


def names(**options: Any) -> tuple[str, ...]:
    return tuple(controller.name for controller in kube_controller_manager(**options).controllers)


def test_all_controllers_are_in_one_process() -> None:
    assert names() == CONTROLLERS


def test_owners_are_listed_before_what_they_own() -> None:
    streams = kube_controller_manager().streams
    assert streams.index("deployments") < streams.index("replicasets") < streams.index("pods")
    assert streams.index("nodes") < streams.index("leases")
    assert "events" not in streams


def test_a_gate_reaches_its_controller() -> None:
    def waits(program: Any) -> bool:
        (found,) = [each for each in program.controllers if isinstance(each, ReplicaSetController)]
        return found.read_your_writes

    assert waits(kube_controller_manager({}))
    assert not waits(kube_controller_manager({"StaleControllerConsistencyReplicaSet": False}))


def test_a_seam_replaces_one_controller() -> None:
    class Lazy(DeploymentController):
        pass

    program = kube_controller_manager(seams={"deployment": lambda _: Lazy()})
    assert isinstance(program.controllers[0], Lazy)
    assert names(seams={"deployment": lambda _: Lazy()}) == CONTROLLERS


def test_a_seam_of_no_controller_is_a_mistake() -> None:
    def same(controller: Controller) -> Controller:
        return controller

    with pytest.raises(KeyError, match="no controller is called 'deploymint'"):
        kube_controller_manager(seams={"deploymint": same})


def test_without_heartbeats_nobody_waits_for_them() -> None:
    left = names(nodes=NodeLifecycleConfig(period_ms=0))
    assert set(CONTROLLERS) - set(left) == {
        "nodelifecycle",
        "nodelifecycle-zones",
        "nodelifecycle-evictor",
        "nodelifecycle-pods",
    }


def test_an_elector_comes_first_and_shuts_the_gate() -> None:
    program = kube_controller_manager(elector=LeaderElector())
    assert program.controllers[0].name == "leader"
    assert program.gate == LEADER
    assert kube_controller_manager().gate == ""
