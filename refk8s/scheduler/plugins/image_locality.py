"""ImageLocality: a node that has the pod's images already is better, the more so the larger they are and the more nodes have them.

Source: pkg/scheduler/framework/plugins/imagelocality/image_locality.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from refk8s.scheduler.framework import MAX_SCORE, SKIP, CycleState, Plugin, Point, Skip, Status
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo

__all__ = ["ImageLocality"]

_MIB: Final = 1024 * 1024
_MIN_BYTES: Final = 23 * _MIB
_MAX_BYTES_PER_CONTAINER: Final = 1000 * _MIB


@attrs.frozen
class _Wanted:
    """The pod's images that are on some node, each with its size in bytes scaled by the share of nodes that have it; and the upper threshold."""

    images: tuple[tuple[str, int], ...]
    max_bytes: int


@attrs.frozen
class ImageLocality(Plugin):
    """Scores by the images on the node."""

    name = "ImageLocality"
    points = frozenset({Point.SCORE})
    local = True

    def pre_filter(self, cycle: CycleState, pod: PodInfo) -> Skip:
        return SKIP

    def filter(self, state: None, pod: PodInfo, node: NodeInfo) -> Status | None:
        return None

    def pre_score(self, cycle: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> _Wanted:
        spec, snapshot = pod.pod.spec, cycle.snapshot
        containers = (*spec.init_containers, *spec.containers)
        names = [c.image for c in containers]
        names.extend(v.image["reference"] for v in spec.volumes if v.image and v.image.get("reference"))
        images = []
        for name in map(_normalized, names):
            state = snapshot.images.get(name)
            if state is not None:
                spread = float(state.nodes) / float(len(snapshot))
                images.append((name, int(float(state.size) * spread)))
        return _Wanted(tuple(images), _MAX_BYTES_PER_CONTAINER * len(containers))

    def score(self, state: _Wanted, pod: PodInfo, node: NodeInfo) -> int:
        if not state.images:
            return 0
        present = node.images
        total = sum([scaled for name, scaled in state.images if name in present])
        total = min(max(total, _MIN_BYTES), state.max_bytes)
        return MAX_SCORE * (total - _MIN_BYTES) // (state.max_bytes - _MIN_BYTES)


def _normalized(image: str) -> str:
    """Return the image's name with ":latest" if it has neither a tag nor a port-like last part."""
    return image if image.rfind(":") > image.rfind("/") else image + ":latest"
