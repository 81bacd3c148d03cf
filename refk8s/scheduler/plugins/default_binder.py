"""DefaultBinder: binds a pod by creating a Binding.

Source: pkg/scheduler/framework/plugins/defaultbinder/default_binder.go.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import attrs

from refk8s.controllers.runtime import create
from refk8s.core.wire import Response
from refk8s.scheduler.framework import SKIP, CycleState, Plugin, Point, Skip, Status
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo

__all__ = ["DefaultBinder"]


@attrs.frozen
class DefaultBinder(Plugin):
    """Binds; takes no part in the cycle."""

    name = "DefaultBinder"
    points = frozenset({Point.BIND})

    def pre_filter(self, cycle: CycleState, pod: PodInfo) -> Skip:
        return SKIP

    def filter(self, state: None, pod: PodInfo, node: NodeInfo) -> Status | None:
        return None

    def pre_score(self, cycle: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Skip:
        return SKIP

    def score(self, state: None, pod: PodInfo, node: NodeInfo) -> int:
        return 0

    def bind(self, pod: PodInfo, node: str) -> Generator[Any, Any, Response]:
        metadata = {"name": pod.name, "namespace": pod.namespace, "uid": pod.uid}
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": metadata,
            "target": {"kind": "Node", "name": node},
        }
        response: Response = yield create("pods", binding, "binding", pod.name)
        return response
