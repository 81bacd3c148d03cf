"""The default plugins, one file each, and profiles made of them.

Volume plugins, NodeDeclaredFeatures and gang scheduling are out; DynamicResources is a stub that says what it always says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from refk8s.scheduler.framework import Plugin, Profile
from refk8s.scheduler.plugins.default_binder import DefaultBinder
from refk8s.scheduler.plugins.default_preemption import DefaultPreemption
from refk8s.scheduler.plugins.dynamic_resources import DynamicResources
from refk8s.scheduler.plugins.image_locality import ImageLocality
from refk8s.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from refk8s.scheduler.plugins.node_affinity import NodeAffinity
from refk8s.scheduler.plugins.node_name import NodeName
from refk8s.scheduler.plugins.node_ports import NodePorts
from refk8s.scheduler.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from refk8s.scheduler.plugins.node_resources_fit import NodeResourcesFit
from refk8s.scheduler.plugins.node_unschedulable import NodeUnschedulable
from refk8s.scheduler.plugins.pod_topology_spread import PodTopologySpread
from refk8s.scheduler.plugins.priority_sort import PrioritySort
from refk8s.scheduler.plugins.scheduling_gates import SchedulingGates
from refk8s.scheduler.plugins.taint_toleration import TaintToleration

__all__ = ["DEFAULT_PLUGINS", "DEFAULT_WEIGHTS", "default_profile"]

DEFAULT_PLUGINS: Final[tuple[type[Plugin], ...]] = (
    SchedulingGates,
    PrioritySort,
    NodeUnschedulable,
    NodeName,
    TaintToleration,
    NodeAffinity,
    NodePorts,
    NodeResourcesFit,
    PodTopologySpread,
    InterPodAffinity,
    DynamicResources,
    DefaultPreemption,
    NodeResourcesBalancedAllocation,
    ImageLocality,
    DefaultBinder,
)
"""The plugins of the default profile in upstream's order. Source: pkg/scheduler/apis/config/v1/default_plugins.go."""

DEFAULT_WEIGHTS: Final[Mapping[str, int]] = {
    "TaintToleration": 3,
    "NodeAffinity": 2,
    "NodeResourcesFit": 1,
    "PodTopologySpread": 2,
    "InterPodAffinity": 2,
    "NodeResourcesBalancedAllocation": 1,
    "ImageLocality": 1,
}


def default_profile(
    plugin_config: Iterable[Mapping[str, Any]] = (), scheduler_name: str = "default-scheduler"
) -> Profile:
    """Return the default profile; `plugin_config` has {"name", "args"} entries as in a KubeSchedulerConfiguration (unknown names are ignored).

    Raises ValueError for args that no plugin could start with.
    """
    args = {entry["name"]: entry.get("args") or {} for entry in plugin_config}
    plugins = tuple(plugin.from_args(args.get(plugin.name, {})) for plugin in DEFAULT_PLUGINS)
    return Profile(plugins, DEFAULT_WEIGHTS, scheduler_name)
