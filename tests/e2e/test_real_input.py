"""Real applications' manifests, which are not ours to ship: used where they lie beside the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from refk8s.core.invariant import Monitor
from refk8s.core.world import World
from refk8s.explore.check import check
from refk8s.invariants import suite
from refk8s.scenarios import from_manifests
from refk8s.scenarios.yaml import documents_of

from .command import refk8s

MANIFESTS = Path(__file__).resolve().parents[3] / "shared" / "manifests"

pytestmark = pytest.mark.skipif(
    not MANIFESTS.is_dir(), reason=f"the manifests of other projects are not in {MANIFESTS}"
)


def not_ready(world: World) -> list[str]:
    """The pods that are not Running and Ready."""
    found = []
    for pod in world.store.collection("pods").cache("pods").all(""):
        status = pod.document["status"]
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or ())
        if status.get("phase") != "Running" or not ready:
            found.append(f"{pod.key}: {status.get('phase')}")
    return found


@pytest.mark.parametrize("seed", [None, 0, 1, 2])
@pytest.mark.parametrize(("name", "deployments"), [("online-boutique", 12), ("guestbook", 3)])
def test_a_real_application_comes_up_whole_under_every_schedule(name: str, deployments: int, seed: int | None) -> None:
    scenario = from_manifests(documents_of(MANIFESTS / f"{name}.yaml"), nodes=3, name=name)
    result = check(scenario, seed, monitor=Monitor(suite().all()))
    assert result.held, result.why()
    assert len(result.world.store.collection("deployments").cache("deployments").all("")) == deployments
    assert not_ready(result.world) == []


def test_what_no_controller_looks_after_is_stored() -> None:
    """StatefulSets and StorageClasses are served; no controller makes pods of them yet."""
    result = refk8s("run", MANIFESTS / "cassandra-statefulset.yaml")
    assert result.code == 0
    assert "created StatefulSet default/cassandra" in result.out
    assert "created StorageClass fast" in result.out


def test_versions_that_are_not_served_are_named_with_file_and_line() -> None:
    result = refk8s("run", MANIFESTS / "cockroachdb-statefulset.yaml")
    assert result.code == 2
    assert result.err.startswith(f"error: {MANIFESTS}/cockroachdb-statefulset.yaml:57: ")
    assert (
        "PodDisruptionBudget policy/v1beta1 (cockroachdb-budget) is not supported; it is served as policy/v1"
        in result.err
    )
