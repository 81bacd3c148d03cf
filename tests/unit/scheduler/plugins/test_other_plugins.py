"""ImageLocality, SchedulingGates, PrioritySort and the shared arithmetic."""

from typing import Any

import pytest

from refk8s.scheduler.events import ActionType
from refk8s.scheduler.framework import CycleState
from refk8s.scheduler.plugins.image_locality import ImageLocality
from refk8s.scheduler.plugins.normalize import by_maximum, by_maximum_reversed, quotient, rounded
from refk8s.scheduler.plugins.priority_sort import PrioritySort
from refk8s.scheduler.plugins.scheduling_gates import SchedulingGates

from ..build import node, pod, pod_view, snapshot
from .test_node_plugins import hint

MIB = 1024 * 1024


def image_scores(images: list[str], *on_nodes: dict[str, int], init: tuple[str, ...] = (), **spec: Any) -> list[int]:
    plugin = ImageLocality()
    of = pod(
        containers=[{"name": f"c{i}", "image": image} for i, image in enumerate(images)],
        initContainers=[{"name": f"i{i}", "image": image} for i, image in enumerate(init)],
        **spec,
    )
    there = snapshot([node(f"n{i}", images=held) for i, held in enumerate(on_nodes)])
    state = plugin.pre_score(CycleState(there), of, there.nodes())
    return [plugin.score(state, of, each) for each in there.nodes()]


def test_large_images_that_many_nodes_have_count_most() -> None:
    big = {"big:latest": 523 * MIB}
    assert image_scores(["big"], big, {}) == [100 * (523 * MIB // 2 - 23 * MIB) // (977 * MIB), 0]
    assert image_scores(["big"], big, big) == [100 * 500 // 977] * 2
    assert image_scores(["big"], {"big:latest": 5000 * MIB}) == [100]
    assert image_scores(["big"], {"big:latest": 22 * MIB}) == [0]


def test_every_container_counts_and_raises_the_threshold() -> None:
    held = {"a:1": 500 * MIB, "b:1": 400 * MIB}
    assert image_scores(["a:1", "a:1"], held, init=("b:1",)) == [100 * (1400 - 23) // (3000 - 23)]


def test_image_volumes_count_too() -> None:
    volumes = [{"name": "v", "image": {"reference": "data:1"}}]
    assert image_scores(["none"], {"data:1": 523 * MIB}, volumes=volumes) == [100 * 500 // 977]


@pytest.mark.parametrize(
    ("written", "held"),
    [
        ("app", "app:latest"),
        ("host:5000/app", "host:5000/app:latest"),
        ("app:v1", "app:v1"),
        ("a@sha256:f", "a@sha256:f"),
    ],
)
def test_an_image_without_a_tag_is_the_latest(written: str, held: str) -> None:
    assert image_scores([written], {held: 1000 * MIB}) == [100]


def test_removing_its_gates_lets_a_pod_in() -> None:
    eliminated = ActionType.UPDATE_POD_SCHEDULING_GATES_ELIMINATED
    assert hint(SchedulingGates(), pod("p"), eliminated, None, pod_view("p"))
    assert not hint(SchedulingGates(), pod("p"), eliminated, None, pod_view("other"))


def test_the_queue_is_ordered_by_priority_then_time() -> None:
    low, high, key = pod("low"), pod("high", priority=1), PrioritySort().queue_key
    assert sorted([key(low, 1), key(high, 3), key(high, 2), key(low, 0)]) == [
        key(high, 2),
        key(high, 3),
        key(low, 0),
        key(low, 1),
    ]


def test_scores_are_shares_of_the_highest() -> None:
    assert by_maximum([0, 1, 3]) == [0, 33, 100]
    assert by_maximum([0, 0]) == [0, 0]
    assert by_maximum_reversed([0, 1, 3]) == [100, 67, 0]
    assert by_maximum_reversed([0, 0]) == [100, 100]


def test_division_and_rounding_are_gos() -> None:
    assert [quotient(a, b) for a, b in ((7, 2), (-7, 2), (7, -2), (-7, -2), (0, 5))] == [3, -3, -3, 3, 0]
    assert [rounded(x) for x in (0.5, 1.5, 2.5, -0.5, -1.4, 0.49999999999999994)] == [1, 2, 3, -1, -1, 0]
