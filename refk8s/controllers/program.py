"""kube-controller-manager: one process with all controllers.

Source: cmd/kube-controller-manager/app/controllermanager.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ..api.registry import RESOURCES, Resource
from ..core.process import CONTROLLER, Controller, Program
from .gc import garbage_collectors
from .leader import LEADER, LeaderElector
from .namespace import namespace_controller
from .nodelifecycle import node_lifecycle
from .nodelifecycle_config import DEFAULT, NodeLifecycleConfig
from .podgc import PodCollector
from .protection import protection
from .tainteviction import taint_eviction

NO_SEAMS: Final[Mapping[str, Callable[[Controller], Controller]]] = {}
NO_GATES: Final[Mapping[str, bool]] = {}


def kube_controller_manager(
    gates: Mapping[str, bool] = NO_GATES,
    seams: Mapping[str, Callable[[Controller], Controller]] = NO_SEAMS,
    *,
    resources: Mapping[str, Resource] = RESOURCES,
    nodes: NodeLifecycleConfig = DEFAULT,
    elector: LeaderElector | None = None,
) -> Program:
    """The program of kube-controller-manager.

    `gates` are the feature gates that differ from their defaults; `seams` replaces controllers by name (a mutant is a function from a controller to another
    one); `resources` are what the API server serves; `nodes` the parameters of the node lifecycle controller; `elector` makes it one of
    several replicas of which one works at a time. Raises KeyError for a seam of no controller.
    """
    controllers = ((elector,) if elector else ()) + _controllers(gates, resources, nodes)
    for name in seams:
        if all(controller.name != name for controller in controllers):
            raise KeyError(f"no controller is called {name!r}: {', '.join(each.name for each in controllers)}")
    replaced = tuple(seams.get(each.name, _same)(each) for each in controllers)
    return Program("kube-controller-manager", replaced, CONTROLLER, LEADER if elector else "")


def _controllers(
    gates: Mapping[str, bool], resources: Mapping[str, Resource], nodes: NodeLifecycleConfig
) -> tuple[Controller, ...]:
    from .deployment import DeploymentController
    from .replicaset import ReplicaSetController

    return (
        DeploymentController(),
        ReplicaSetController(read_your_writes=gates.get("StaleControllerConsistencyReplicaSet", True)),
        *garbage_collectors(resources),
        namespace_controller(resources),
        *node_lifecycle(nodes),
        *taint_eviction(),
        PodCollector(),
        *protection(),
    )


def _same(controller: Controller) -> Controller:
    return controller
