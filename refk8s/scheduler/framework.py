"""The plugin interface: what a plugin may say at each extension point of a scheduling cycle, and profiles of plugins.

A cycle goes: pre_filter of every plugin, filter of every node, and with more than one node left pre_score, score and normalize. A plugin that has
nothing to do with the pod answers SKIP and is left out of the coupled point. State that a plugin computes once per cycle is a frozen value that it
gets back for every node; add_pod and remove_pod return what that state would be with one pod more or less on a node (nominated pods, preemption).

Source: staging/src/k8s.io/kube-scheduler/framework/interface.go; pkg/scheduler/framework/runtime/framework.go.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

import attrs

if TYPE_CHECKING:
    from refk8s.core.wire import Response
    from refk8s.scheduler.events import ClusterEvent, EventHint
    from refk8s.scheduler.filters import Filters
    from refk8s.scheduler.listers import Listers
    from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo
    from refk8s.scheduler.snapshot import Snapshot

__all__ = [
    "MAX_SCORE",
    "SKIP",
    "SUCCESS",
    "Code",
    "CycleState",
    "Plugin",
    "Point",
    "PostFilterResult",
    "PreFilterResult",
    "Preempts",
    "Profile",
    "Skip",
    "Status",
    "TieRule",
    "Wait",
    "first",
]

MAX_SCORE: Final = 100
"""The highest score that a plugin may give a node after normalising; the lowest is 0."""


class Code(enum.Enum):
    """How a plugin judges a pod or a node. Source: interface.go, Code (those that a pure cycle can give)."""

    SUCCESS = "Success"
    UNSCHEDULABLE = "Unschedulable"
    """No, but preemption could help."""
    UNSCHEDULABLE_AND_UNRESOLVABLE = "UnschedulableAndUnresolvable"
    """No, and taking pods away would not change it."""


@attrs.frozen
class Status:
    """A verdict: its code, the plugin that gave it ("" = the framework) and the reasons, in the plugin's order."""

    code: Code
    plugin: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """The reasons as one text."""
        return ", ".join(self.reasons)


SUCCESS: Final = Status(Code.SUCCESS)


class Skip(enum.Enum):
    """The type of SKIP: the plugin has nothing to do with this pod."""

    SKIP = "Skip"


SKIP: Final = Skip.SKIP


class Point(enum.Enum):
    """The extension points that decide which lists of a profile a plugin is in. Source: interface.go."""

    QUEUE_SORT = "QueueSort"
    PRE_ENQUEUE = "PreEnqueue"
    PRE_FILTER = "PreFilter"
    FILTER = "Filter"
    POST_FILTER = "PostFilter"
    PRE_SCORE = "PreScore"
    SCORE = "Score"
    RESERVE = "Reserve"
    PERMIT = "Permit"
    PRE_BIND = "PreBind"
    BIND = "Bind"
    POST_BIND = "PostBind"


@attrs.frozen
class Wait:
    """A Permit plugin's answer: not yet; after `timeout_ms` the pod is rejected."""

    timeout_ms: int


Preempts = Callable[[str], bool]
"""Whether the preemption for the pod with this key is under way."""


@attrs.frozen
class PreFilterResult:
    """What a plugin computed before the nodes are looked at: `state` for its filter, and the only nodes that can pass (None = any)."""

    state: Any = None
    node_names: tuple[str, ...] | None = None


@attrs.frozen
class PostFilterResult:
    """What a plugin can do for a pod that fits nowhere.

    `status` SUCCESS: room will be made on `nominated_node_name`. Otherwise its reasons are appended to the failure message, and `nominated_node_name`
    is "" if the pod is to be nominated nowhere, None if that stays as it is. `details` explain it.
    """

    status: Status
    nominated_node_name: str | None = None
    details: Any = None


TieRule = Callable[[tuple[str, ...]], str]
"""Chooses one of several nodes that are equally good, which come sorted by name; upstream takes any of them."""


def first(best: tuple[str, ...]) -> str:
    """The default tie rule: the first name."""
    return best[0]


@attrs.define(eq=False)
class CycleState:
    """One cycle in progress: the snapshot it decides on, and each plugin's state by plugin name. Lives no longer than the cycle."""

    snapshot: Snapshot
    choose: TieRule = first
    filtering: dict[str, Any] = attrs.Factory(dict)
    scoring: dict[str, Any] = attrs.Factory(dict)
    filters: Filters | None = None
    """The filters of this cycle, once PreFilter has run: what a dry run asks."""

    @property
    def listers(self) -> Listers:
        """The other objects of the cluster that plugins look at."""
        return self.snapshot.listers


def _nobody(key: str) -> bool:
    return False


class Plugin:
    """One plugin, a frozen value: its configuration. Every plugin's file shows pre_filter, filter, pre_score, score in this order, then events.

    `name` is upstream's; `points` are the extension points it takes part in. `local` plugins filter and score a node by nothing but their state (which
    is hashable) and the node itself, so that the answer holds as long as the node stays as it is.
    """

    __slots__ = ()

    name: ClassVar[str]
    points: ClassVar[frozenset[Point]]
    local: ClassVar[bool] = False

    def pre_filter(self, cycle: CycleState, pod: PodInfo) -> PreFilterResult | Status | Skip:
        """Prepare the filter: state, SKIP (then filter passes every node), or a Status that rejects the pod as a whole."""
        return PreFilterResult()

    def filter(self, state: Any, pod: PodInfo, node: NodeInfo) -> Status | None:
        """Return why the pod cannot run on the node, None if it can."""
        return None

    def pre_score(self, cycle: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Any | Skip:
        """Prepare the scores of the feasible `nodes`: state, or SKIP (then every node gets 0 from this plugin)."""
        return None

    def score(self, state: Any, pod: PodInfo, node: NodeInfo) -> int:
        """Return the node's raw score, in a unit of the plugin's own."""
        return 0

    def normalize(self, state: Any, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
        """Return the raw `scores` of `nodes` brought to 0…MAX_SCORE, higher is better; by default they are so already."""
        return scores

    def events(self) -> tuple[EventHint, ...]:
        """Return which events may make a pod schedulable that this plugin rejected."""
        return ()

    def pre_enqueue(self, pod: PodInfo, preempts: Preempts) -> Status | None:
        """Return why the pod must not enter the queue, None if it may."""
        return None

    def queue_key(self, pod: PodInfo, since_ms: int) -> tuple[int, ...]:
        """Return the place in the queue of a pod that has been in it since `since_ms`: the lowest key is scheduled first."""
        return (since_ms,)

    def add_pod(self, state: Any, pod: PodInfo, added: PodInfo, node: NodeInfo) -> Any:
        """Return the filter's state as if `added` ran on `node`."""
        return state

    def remove_pod(self, state: Any, pod: PodInfo, removed: PodInfo, node: NodeInfo) -> Any:
        """Return the filter's state as if `removed` no longer ran on `node`."""
        return state

    def post_filter(self, cycle: CycleState, pod: PodInfo, rejected: Mapping[str, Status]) -> PostFilterResult:
        """Try to make room for a pod that fits nowhere; `rejected` has the verdict on every node."""
        return PostFilterResult(Status(Code.UNSCHEDULABLE, self.name))

    def reserve(self, pod: PodInfo, node: str, snapshot: Snapshot) -> Status | None:
        """Return why the node cannot be reserved for the pod that is to run there, None if it is."""
        return None

    def permit(self, pod: PodInfo, node: str, snapshot: Snapshot) -> Status | Wait | None:
        """Return why the pod must not be bound, how long it has to Wait at most, or None if it may; a waiting pod is asked for again and again."""
        return None

    def pre_bind(self, pod: PodInfo, node: str) -> Generator[Any, Any, str]:
        """Do (as effects) what has to be done before the binding; returns what went wrong, "" if nothing."""
        yield from ()
        return ""

    def bind(self, pod: PodInfo, node: str) -> Generator[Any, Any, Response | None]:
        """Bind the pod; returns the API server's answer, None if that is left to the next plugin."""
        yield from ()
        return None

    def post_bind(self, pod: PodInfo, node: str) -> Generator[Any, Any, None]:
        """Do what is to be done after the pod was bound."""
        yield from ()

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> Plugin:
        """Return the plugin configured by the `args` of its PluginConfig entry (JSON; {} = upstream's defaults)."""
        return cls()


@attrs.frozen(eq=False)
class Profile:
    """Plugins in upstream's order with the weights of their scores; the lists per extension point derive from it, unless `lists` names them.

    Source: pkg/scheduler/apis/config/types.go, KubeSchedulerProfile; pkg/scheduler/framework/runtime/framework.go, NewFramework.
    """

    plugins: tuple[Plugin, ...]
    weights: Mapping[str, int] = attrs.Factory(dict)
    scheduler_name: str = "default-scheduler"
    lists: Mapping[Point, tuple[str, ...]] | None = None
    _at: Mapping[Point, tuple[Plugin, ...]] = attrs.field(init=False, repr=False)
    _events: Mapping[str, tuple[EventHint, ...]] = attrs.field(init=False, repr=False)
    preparing: tuple[Plugin, ...] = attrs.field(init=False, repr=False)
    """The plugins whose pre_filter is asked: those of Filter, then those of PreFilter only."""

    @_at.default
    def _points(self) -> Mapping[Point, tuple[Plugin, ...]]:
        if self.lists is None:
            return {point: tuple(p for p in self.plugins if point in p.points) for point in Point}
        return {point: tuple(self.plugin(name) for name in self.lists.get(point, ())) for point in Point}

    @_events.default
    def _plugin_events(self) -> Mapping[str, tuple[EventHint, ...]]:
        return {plugin.name: plugin.events() for plugin in self.plugins}

    @preparing.default
    def _preparing(self) -> tuple[Plugin, ...]:
        filters = self._at[Point.FILTER]
        return (*filters, *(plugin for plugin in self._at[Point.PRE_FILTER] if plugin not in filters))

    def at(self, point: Point) -> tuple[Plugin, ...]:
        """The plugins that take part in `point`, in order."""
        return self._at[point]

    def plugin(self, name: str) -> Plugin:
        """The plugin called `name`. Raises KeyError if the profile has none."""
        for plugin in self.plugins:
            if plugin.name == name:
                return plugin
        raise KeyError(name)

    def hints(self, name: str, event: ClusterEvent) -> tuple[EventHint, ...]:
        """The registrations of plugin `name` that `event` matches; () for a plugin that the profile does not have."""
        return tuple(row for row in self._events.get(name, ()) if row.event.matches(event))

    def queue_key(self, pod: PodInfo, since_ms: int) -> tuple[int, ...]:
        """The place of a pod in the queue, as the profile's QueueSort plugin says."""
        return self._at[Point.QUEUE_SORT][0].queue_key(pod, since_ms)

    def pre_enqueue(self, pod: PodInfo, preempts: Preempts = _nobody) -> Status | None:
        """Return the first verdict that keeps the pod out of the queue, None if it may enter."""
        for plugin in self._at[Point.PRE_ENQUEUE]:
            status = plugin.pre_enqueue(pod, preempts)
            if status is not None:
                return status
        return None
