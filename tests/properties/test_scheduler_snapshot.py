"""A snapshot that grew change by change is the one that is built at once; every earlier version stays what it was."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from refk8s.scheduler.cycle import schedule
from refk8s.scheduler.nodeinfo import PodInfo
from refk8s.scheduler.plugins import default_profile
from refk8s.scheduler.snapshot import EMPTY_SNAPSHOT, Snapshot
from tests.unit.scheduler.build import HOSTNAME, affinity, node, pod, term

NAMES = ("a", "b", "c")
SPECS: tuple[dict[str, Any], ...] = (
    {},
    {"requests": {"cpu": "1", "example.com/gpu": "1"}},
    {"affinity": affinity(term(HOSTNAME, {"app": "x"}))},
    {"affinity": affinity(term(HOSTNAME, {"app": "x"}), anti=True)},
    {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80, "hostPort": 80}]}]},
    {"labels": {"app": "x"}},
)
IMAGES: tuple[dict[str, int], ...] = ({}, {"i": 5}, {"i": 5, "j": 7})

PROFILE = default_profile()
WISHES: tuple[dict[str, Any], ...] = (
    *SPECS,
    {"requests": {"cpu": "3"}},
    {"nodeName": "b"},
    {"nodeSelector": {HOSTNAME: "a"}},
    {
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": HOSTNAME,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app": "x"}},
            }
        ]
    },
)

changes = st.lists(
    st.one_of(
        st.tuples(st.just("node"), st.sampled_from(NAMES), st.integers(0, len(IMAGES) - 1)),
        st.tuples(st.just("no node"), st.sampled_from(NAMES), st.just(0)),
        st.tuples(st.just("pod"), st.sampled_from(NAMES), st.integers(0, len(SPECS) - 1)),
        st.tuples(st.just("no pod"), st.sampled_from(NAMES), st.integers(0, 9)),
    ),
    max_size=30,
)


class Book:
    """What the changes amount to, kept in the plainest way."""

    def __init__(self) -> None:
        self.nodes: dict[str, int] = {}
        self.pods: dict[str, list[PodInfo]] = {name: [] for name in NAMES}

    def rebuilt(self) -> Snapshot:
        made = EMPTY_SNAPSHOT
        for name, images in self.nodes.items():
            made = made.with_node(node(name, images=IMAGES[images]))
        for name, pods in self.pods.items():
            for each in pods:
                made = made.with_pod(each, name)
        return made


def apply(snapshot: Snapshot, book: Book, step: int, change: tuple[str, str, int]) -> Snapshot:
    kind, name, number = change
    if kind == "node":
        book.nodes[name] = number
        return snapshot.with_node(node(name, images=IMAGES[number]))
    if kind == "no node" and name in book.nodes:
        del book.nodes[name]
        return snapshot.without_node(name)
    if kind == "pod":
        # A PORT is a member of a set, as upstream: two holders of one port on one node are out of scope here.
        held = number == 4 and any(p.ports for p in book.pods[name])
        added = pod(f"p{step}", **SPECS[0 if held else number])
        book.pods[name].append(added)
        return snapshot.with_pod(added, name)
    if kind == "no pod" and book.pods[name]:
        gone = book.pods[name].pop(number % len(book.pods[name]))
        return snapshot.without_pod(gone.key, name)
    return snapshot


def shape(snapshot: Snapshot) -> Any:
    return (
        snapshot.nodes(),
        [n.name for n in snapshot.nodes_with_affinity()],
        [n.name for n in snapshot.nodes_with_required_anti_affinity()],
        dict(snapshot.images.items()),
        dict(snapshot.homeless.items()),
        [snapshot.node(name) for name in NAMES],
    )


@given(changes)
def test_a_snapshot_changed_step_by_step_is_the_one_built_at_once(steps: list[tuple[str, str, int]]) -> None:
    snapshot, book = EMPTY_SNAPSHOT, Book()
    versions = []
    for step, change in enumerate(steps):
        snapshot = apply(snapshot, book, step, change)
        assert shape(snapshot) == shape(book.rebuilt())
        versions.append((snapshot, shape(snapshot)))
    assert all(shape(version) == then for version, then in versions)


@settings(max_examples=40)
@given(changes)
def test_a_cycle_that_remembers_decides_as_one_that_computes_everything(steps: list[tuple[str, str, int]]) -> None:
    snapshot, book = EMPTY_SNAPSHOT, Book()
    for step, change in enumerate(steps):
        snapshot = apply(snapshot, book, step, change)
        for wish in WISHES:
            wanted = pod("new", **{"labels": {"app": "x"}, **wish})
            lean, full = schedule(PROFILE, wanted, snapshot), schedule(PROFILE, wanted, snapshot, explain=True)
            for field in ("chosen", "best", "message", "feasible", "rejected", "unschedulable_plugins"):
                assert getattr(lean, field) == getattr(full, field)
