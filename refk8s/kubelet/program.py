"""The kubelet of one node as a process: `kubelet/<node>`.

Its controllers: `pods` (one worker per pod), `status` (sends pod statuses), `node` (registration and node status), `lease` (the heartbeat).
"""

from __future__ import annotations

from typing import Any

from ..controllers.runtime import Recorder
from ..core.process import KUBELET, Program
from .behaviour import parse_behaviours
from .faults import NodeMachine
from .node import NodeLease, NodeStatus
from .rules import Rules
from .spec import NodeSpec
from .status_manager import StatusManager
from .worker import PodWorkers

__all__ = ["NodeSpec", "kubelet", "program"]


def kubelet(
    node: NodeSpec,
    behaviours: Any = None,
    *,
    rules: type[Rules] = Rules,
    workers: type[PodWorkers] = PodWorkers,
    statuses: type[StatusManager] = StatusManager,
    report_images: bool = False,
    events: bool = True,
) -> Program:
    """The program of the kubelet of `node`.

    `behaviours` is what containers do (behaviour.parse_behaviours reads it; raises BehaviourError). `rules`, `workers` and `statuses` are the seams of
    mutants. `report_images`: the node's status lists its images; `events`: Events are recorded.
    """
    decided = rules(behaviours=parse_behaviours(behaviours))
    recorder = Recorder("kubelet", node.name)
    pods = workers(spec=node, rules=decided, report_images=report_images, events=events)
    return Program(
        "kubelet",
        (
            pods,
            statuses(rules=decided, stream=pods.stream),
            NodeStatus(spec=node, recorder=recorder, report_images=report_images, events=events),
            NodeLease(spec=node),
        ),
        KUBELET,
        machine=NodeMachine(),
    )


program = kubelet
