"""The rows of POD that only a cluster under faults fires, and what keeps them from everybody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from refk8s.core.action import Action, AdvanceTo, Hold, Serve, StopNode
from refk8s.core.enabled import enabled, first, label
from refk8s.core.step import step
from refk8s.core.world import World
from refk8s.kubelet.machines import POD_PHASE

from .kubelet_world import KubeletWorld

CHECK = POD_PHASE.invariant().check


def go(made: KubeletWorld, until: Callable[[World], bool], *kept_back: str) -> list[str]:
    """Go on, with requests of these words kept back, until a condition holds; the rows that fired, each judged as the invariant does."""
    rows: list[str] = []
    for _ in range(2_000):
        if until(made.world):
            return rows
        action = _first_but(made, kept_back)
        before = made.world
        made.world, delta = step(made.model, before, action)
        assert CHECK(before, action, made.world, delta) is None
        for change in delta.commits:
            if change.resource == "pods":
                rows.extend(row.id for *_, row in POD_PHASE.fired(change) if row is not None)
    raise AssertionError(f"it does not happen: {rows}")


def _first_but(made: KubeletWorld, kept_back: tuple[str, ...]) -> Action:
    for action in enabled(made.world):
        name = label(made.model, made.world, action)
        if not (type(action) is Serve and any(words in name for words in kept_back)):
            return action
    raise AssertionError("nothing can happen")


def waiting(made: KubeletWorld, words: str) -> Callable[[World], bool]:
    """Whether a request with these words waits to be served."""
    return lambda world: any(
        type(a) is Serve and words in label(made.model, made.world, a) for a in enabled(made.world)
    )


def test_a_status_from_before_a_power_cut_comes_late_and_the_phase_goes_back() -> None:
    made = KubeletWorld.start()
    made.create("web", "pull 0s; start 3s")
    go(made, lambda world: bool(made.status().get("containerStatuses")) if made.get() else False)
    go(made, waiting(made, "patch pods/status"), "patch pods/status")
    made.act(StopNode(made.world.names["kubelet/n1"], lost=True))
    made.restart()
    go(made, waiting(made, ".1 get pods default/web"), "kubelet/n1/status")
    rows = go(made, lambda world: type(first(world)) is AdvanceTo)
    assert rows == ["POD-T2", "POD-T7"]
    made.run()
    assert made.status()["phase"] == "Running"


def test_the_end_that_the_kubelet_before_saw_comes_late() -> None:
    made = KubeletWorld.start()
    made.create("web", "pull 0s; start 0s; exit 0 after 2s", restartPolicy="Never")
    go(made, lambda world: made.get() is not None and made.status()["phase"] == "Running")
    go(made, waiting(made, "patch pods/status"), "patch pods/status")
    made.act(StopNode(made.world.names["kubelet/n1"], lost=True))
    made.restart()
    go(made, waiting(made, ".1 get pods default/web"), "kubelet/n1/status")
    rows = go(made, lambda world: type(first(world)) is AdvanceTo)
    assert rows == ["POD-T5", "POD-T11"]


@pytest.mark.parametrize(
    ("does", "policy", "seen", "row"),
    [
        ("pull 20s", "Always", "", "POD-T8"),
        ("pull 3s; start 0s", "Always", "Pending", "POD-T9"),
        ("pull 0s; start 0s; exit 0 after 5s", "Never", "Running", "POD-T10"),
    ],
)
def test_a_kubelet_that_does_not_know_that_somebody_ended_the_pod_goes_on(
    does: str, policy: str, seen: str, row: str
) -> None:
    made = KubeletWorld.start()
    made.create("web", does, restartPolicy=policy)
    p = made.world.names["kubelet/n1"]
    go(made, waiting(made, "kubelet/n1/status"), "kubelet/n1/status")
    while seen and (made.status()["phase"] != seen or not made.status().get("containerStatuses")):
        made.run(for_ms=100)
    made.act(Hold(made.world.first_informer[p] + made.model.program("kubelet/n1").stream_index["pods@node=n1"]))
    made.ask("patch", "pods", "web", {"status": {"phase": "Failed"}}, "status", patchType="merge")
    go(made, lambda world: made.status()["phase"] == "Failed", "kubelet/")
    end_ms = made.world.now_ms + 15_000
    assert row in go(made, lambda world: world.now_ms > end_ms)


def test_without_such_a_fault_the_same_change_is_no_row() -> None:
    made = KubeletWorld.start()
    made.create("web", "pull 0s; start 0s")
    made.run()
    (last,) = [change for _, change in made.changes if change.resource == "pods"][-1:]
    assert last.obj.document["status"]["phase"] == "Running"
    row = POD_PHASE.row("Running", "Pending", "kubelet/n1")
    assert row is not None
    assert row.provided is not None
    assert not row.provided(made.world, last)
