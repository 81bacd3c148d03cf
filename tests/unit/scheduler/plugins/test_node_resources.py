"""NodeResourcesFit and NodeResourcesBalancedAllocation."""

from typing import Any

import pytest

from refk8s.scheduler.events import ActionType
from refk8s.scheduler.framework import SKIP, CycleState
from refk8s.scheduler.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from refk8s.scheduler.plugins.node_resources_fit import NodeResourcesFit
from refk8s.scheduler.plugins.strategies import LeastAllocated, MostAllocated, RequestedToCapacityRatio, strategy_of
from refk8s.scheduler.snapshot import EMPTY_SNAPSHOT

from ..build import info, node, pod, pod_view
from .test_node_plugins import hint, verdict

CYCLE = CycleState(EMPTY_SNAPSHOT)
FIT = NodeResourcesFit()


def wanting(**requests: str) -> Any:
    return pod("p", requests={name.replace("gpu", "example.com/gpu"): amount for name, amount in requests.items()})


def test_what_is_left_must_suffice() -> None:
    there = info(node("a"), pod("x", requests={"cpu": "3", "memory": "7Gi"}))
    assert verdict(FIT, wanting(cpu="1", memory="1Gi"), there) is None
    assert verdict(FIT, wanting(cpu="1001m"), there) == ("Unschedulable", ("Insufficient cpu",))
    both = ("Unschedulable", ("Insufficient cpu", "Insufficient memory"))
    assert verdict(FIT, wanting(cpu="2", memory="2Gi"), there) == both


def test_more_than_the_whole_node_has_cannot_be_resolved() -> None:
    there = info(node("a"), pod("x", requests={"cpu": "4"}))
    both = ("UnschedulableAndUnresolvable", ("Insufficient cpu", "Insufficient memory"))
    assert verdict(FIT, wanting(cpu="1", memory="9Gi"), there) == both
    assert verdict(FIT, wanting(gpu="1"), there) == ("UnschedulableAndUnresolvable", ("Insufficient example.com/gpu",))


def test_the_number_of_pods_is_a_resource_too() -> None:
    full = info(node("a", pods="1"), pod("x"))
    assert verdict(FIT, pod("p"), full) == ("Unschedulable", ("Too many pods",))
    assert verdict(FIT, pod("p"), info(node("a", pods="0"))) == ("Unschedulable", ("Too many pods",))


def test_what_is_not_requested_is_not_checked() -> None:
    overcommitted = info(node("a"), pod("x", requests={"cpu": "5", "memory": "9Gi", "ephemeral-storage": "1Gi"}))
    assert verdict(FIT, wanting(), overcommitted) is None
    assert verdict(FIT, wanting(cpu="0"), overcommitted) is None
    assert verdict(FIT, wanting(**{"ephemeral-storage": "1"}), overcommitted) == (
        "UnschedulableAndUnresolvable",
        ("Insufficient ephemeral-storage",),
    )


def test_extended_resources_can_be_left_out() -> None:
    for args in ({"ignoredResources": ["example.com/gpu"]}, {"ignoredResourceGroups": ["example.com"]}):
        assert verdict(NodeResourcesFit.from_args(args), wanting(gpu="1"), info(node("a"))) is None
    ignoring = NodeResourcesFit.from_args({"ignoredResources": ["hugepages-2Mi", "cpu"]})
    assert verdict(ignoring, pod("p", requests={"hugepages-2Mi": "2Mi"}), info(node("a"))) is not None
    assert verdict(ignoring, wanting(cpu="9"), info(node("a"))) is not None


def score(plugin: Any, of: Any, on: Any) -> int:
    state = plugin.pre_score(CYCLE, of, [on])
    assert state is not SKIP
    return int(plugin.score(state, of, on))


def test_the_node_with_the_most_left_is_best() -> None:
    there = info(node("a", cpu="4", memory="8Gi"), pod("x", requests={"cpu": "1", "memory": "2Gi"}))
    assert score(FIT, wanting(cpu="1", memory="2Gi"), there) == 50
    # WITHOUT REQUESTS a container counts as 100m and 200Mi
    assert score(FIT, wanting(), there) == ((4000 - 1100) * 100 // 4000 + (6144 - 200) * 100 // 8192) // 2
    assert score(FIT, wanting(cpu="9", memory="2Gi"), there) == 25


ROWS = [(1, 50, 20, 200), (3, 90, 0, 100)]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (LeastAllocated(), (75 + 3 * 10) // 4),
        (MostAllocated(), (25 + 3 * 90) // 4),
        (RequestedToCapacityRatio(((0, 0), (50, 100), (100, 0))), round((50 + 3 * 20) / 4)),
    ],
)
def test_strategies_weigh_the_resources(strategy: Any, expected: int) -> None:
    assert strategy.score(ROWS) == expected
    assert strategy.score([]) == 0


def test_more_than_allocatable_counts_as_all_of_it() -> None:
    over = [(1, 300, 300, 200)]
    assert (LeastAllocated().score(over), MostAllocated().score(over)) == (0, 100)
    assert RequestedToCapacityRatio(((0, 100), (100, 10))).score(over) == 10


def test_a_falling_line_is_truncated_toward_zero_and_ends_flat() -> None:
    falling = RequestedToCapacityRatio(((10, 100), (70, 90)))
    assert [falling.score([(1, use, 0, 100)]) for use in (0, 10, 11, 69, 70, 90)] == [100, 100, 100, 91, 90, 90]


def test_resources_without_a_score_do_not_weigh_in_the_ratio() -> None:
    ratio = RequestedToCapacityRatio(((0, 0), (100, 100)))
    assert ratio.score([(1, 0, 0, 100), (1, 60, 0, 100)]) == 60


def test_the_strategy_is_read_from_the_configuration() -> None:
    shape = [{"utilization": 0, "score": 2}, {"utilization": 40, "score": 9}]
    args = {
        "type": "RequestedToCapacityRatio",
        "requestedToCapacityRatio": {"shape": shape},
        "resources": [{"name": "x"}],
    }
    strategy, resources = strategy_of(args)
    assert strategy == RequestedToCapacityRatio(((0, 20), (40, 90)))
    assert [(r.name, r.weight) for r in resources] == [("x", 1)]
    args["requestedToCapacityRatio"] = {"shape": [{"score": 10}, {"utilization": 100}]}
    assert strategy_of(args)[0] == RequestedToCapacityRatio(((0, 100), (100, 0)))
    with pytest.raises(ValueError, match='Unsupported value: "Fair"'):
        strategy_of({"type": "Fair"})


def test_extended_resources_score_only_if_requested() -> None:
    args = {"scoringStrategy": {"type": "MostAllocated", "resources": [{"name": "cpu"}, {"name": "example.com/gpu"}]}}
    plugin = NodeResourcesFit.from_args(args)
    there = info(node("a", allocatable={"example.com/gpu": "4"}), pod("x", requests={"example.com/gpu": "1"}))
    assert score(plugin, wanting(cpu="3900m"), there) == 100
    assert score(plugin, wanting(cpu="3900m", gpu="1"), there) == (100 + 50) // 2


def test_a_pod_that_evens_out_the_use_of_resources_is_welcome() -> None:
    plugin = NodeResourcesBalancedAllocation()
    there = info(node("a", cpu="4", memory="8Gi"), pod("x", requests={"cpu": "2"}))
    assert score(plugin, wanting(memory="4Gi"), there) == 50 + (50 + 100 - 75) // 2
    assert score(plugin, wanting(cpu="2"), there) == 50 + (50 + 50 - 75) // 2
    assert score(plugin, wanting(cpu="20"), there) == 50 + (50 + 50 - 75) // 2
    assert plugin.pre_score(CYCLE, wanting(), [there]) is SKIP


def test_the_spread_of_three_resources_is_their_standard_deviation() -> None:
    plugin = NodeResourcesBalancedAllocation.from_args(
        {"resources": [{"name": "cpu"}, {"name": "memory"}, {"name": "ephemeral-storage"}]}
    )
    there = info(node("a", cpu="4", memory="8Gi", allocatable={"ephemeral-storage": "10Gi"}))
    # SHARES 1/2, 1/2, 0 deviate by sqrt(1/18), about 0.2357
    assert score(plugin, wanting(cpu="2", memory="4Gi"), there) == 50 + (50 + 76 - 100) // 2


def test_a_pod_that_leaves_or_shrinks_makes_room() -> None:
    waiting = wanting(cpu="1", gpu="1")

    def freed(old: Any, new: Any = None) -> bool:
        return hint(FIT, waiting, ActionType.DELETE, old, new)

    placed, smaller = (
        pod_view("x", requests={"cpu": "2"}, nodeName="a"),
        pod_view("x", requests={"cpu": "1"}, nodeName="a"),
    )
    assert freed(placed)
    assert not freed(pod_view("x"))
    assert freed(placed, smaller)
    assert not freed(smaller, placed)
    assert not freed(pod_view("x", requests={"memory": "2"}, nodeName="a"), pod_view("x", nodeName="a"))
    assert freed(pod_view("x", requests={"example.com/gpu": "2"}, nodeName="a"), pod_view("x", nodeName="a"))
    assert not freed(pod_view("x", requests={"cpu": "2"}), pod_view("x", requests={"cpu": "1"}))
    assert freed(waiting.pod, waiting.pod)


def test_a_node_that_could_hold_the_pod_helps_if_it_is_new_or_has_grown() -> None:
    waiting = wanting(cpu="2")

    def helps(old: Any, new: Any) -> bool:
        return hint(FIT, waiting, ActionType.UPDATE_NODE_ALLOCATABLE, old, new)

    assert helps(None, node("a"))
    assert not helps(None, node("a", cpu="1"))
    assert helps(node("a", cpu="1"), node("a", cpu="2"))
    assert not helps(node("a", cpu="3"), node("a", cpu="3", memory="64Gi"))
    assert helps(node("a", pods="1"), node("a", pods="2"))
