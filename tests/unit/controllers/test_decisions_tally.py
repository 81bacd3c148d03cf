"""Tallies: what they count, and that they always agree with the cache they follow from."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from refk8s.controllers.decisions_tally import EMPTY_TALLY, PodCounts, count_pods, count_tally, moved, sort_of
from refk8s.explore.drivers import RandomDriver
from refk8s.explore.run import run
from refk8s.kinds.codec import view
from refk8s.kinds.pod import Pod
from refk8s.kinds.selector import from_labels
from tests.unit.controllers.controller_objects import pod, replica_set
from tests.unit.controllers.small_cluster import Cluster, create_deployment, set_image

WEB = from_labels({"app": "web"})
LABELS = {"metadata": {"labels": {"app": "web"}}}
DELETING = {"metadata": {"labels": {"app": "web"}, "deletionTimestamp": "2026-01-01T00:00:00Z"}}


def tally_of(*pods: Pod) -> dict[Any, int]:
    tally = EMPTY_TALLY
    for each in pods:
        tally = moved(tally, None, sort_of(each))
    return dict(tally)


def test_counts_are_those_of_the_pods() -> None:
    active = [pod("a", **LABELS), pod("b", ready=False, **LABELS)]
    finished = pod("c", status={"phase": "Failed"}, **LABELS)
    tally = tally_of(*active, finished, pod("d", **DELETING))
    owner = replica_set("web", 2)
    assert count_tally(tally, owner, WEB) == PodCounts(2, 2, 1, 1, 1) == count_pods(owner, active, 1, 0)


def test_pods_to_release_or_to_wait_for_have_to_be_looked_at() -> None:
    assert count_tally(tally_of(pod("a")), replica_set("web", 1), WEB) is None
    assert count_tally(tally_of(pod("a", **LABELS)), replica_set("web", 1, spec={"minReadySeconds": 5}), WEB) is None


def test_moving_a_pod_there_and_back_leaves_nothing() -> None:
    here, there = sort_of(pod("a")), sort_of(pod("a", ready=False))
    tally = moved(EMPTY_TALLY, None, here)
    assert moved(tally, here, here) is tally
    assert moved(moved(tally, here, there), there, None) == {}


@pytest.mark.parametrize("seed", range(4))
def test_tallies_agree_with_the_cache_at_every_step(seed: int) -> None:
    cluster = Cluster().send(create_deployment()).settle().send(set_image("nginx:2"))
    program = cluster.model.program("kcm")
    place = program.stream_index["pods"]

    def check(before: Any, action: Any, after: Any, delta: Any) -> None:
        process = after.process("kcm")
        recount: dict[str, Counter[Any]] = {}
        for stored in process.informers[place].root.objects.values():
            each = view(Pod, stored.document)
            (owner,) = each.metadata.owner_references
            recount.setdefault(owner.uid, Counter())[sort_of(each)] += 1
        prefix = "~replicaset/tally/"
        kept = {name.removeprefix(prefix): value for name, value in process.memory.items() if name.startswith(prefix)}
        assert kept == recount

    assert (
        run(cluster.model, cluster.world, RandomDriver(seed), observers=(check,), max_steps=20_000).verdict == "quiet"
    )
