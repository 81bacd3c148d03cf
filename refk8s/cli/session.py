"""What several commands share: which scenario is meant, and how a run is described."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..core.invariant import Registry
    from ..scenarios.format import Scenario
    from ..trace.story import Line


def find_scenario(targets: list[str], nodes: int) -> Scenario:
    """The scenario that is meant: a shipped name, a scenario file, or manifests (files, directories, "-") that a user applies to `nodes` nodes.

    Raises Refk8sError.
    """
    from ..scenarios import from_manifests, resolve, shipped
    from ..scenarios.format import API_VERSION
    from ..scenarios.yaml import documents_of, read_documents

    if len(targets) == 1 and targets[0] in shipped():
        return resolve(targets[0])
    if len(targets) == 1 and Path(targets[0]).is_file():
        first = read_documents(Path(targets[0]))[:1]
        if first and first[0].get("apiVersion") == API_VERSION:
            return resolve(targets[0])
    for target in targets:
        if target != "-" and not Path(target).exists():
            resolve(target)  # says what there is
    documents = [document for target in targets for document in documents_of(Path(target))]
    check_kinds(documents)
    return from_manifests(documents, nodes=nodes, name=Path(targets[0]).stem if targets[0] != "-" else "stdin")


def check_kinds(documents: list[dict[str, Any]]) -> None:
    """Raise Refk8sError for a kind that is not served, naming those that are."""
    from ..api.registry import RESOURCES
    from ..core.errors import Refk8sError

    served = {(row.api_version, row.kind) for row in RESOURCES.values()}
    kinds = ", ".join(sorted(row.kind for row in RESOURCES.values()))
    for number, document in enumerate(documents, 1):
        if (document["apiVersion"], document["kind"]) not in served:
            name = (document.get("metadata") or {}).get("name", "?")
            raise Refk8sError(
                f"document {number} ({name}): {document['apiVersion']} {document['kind']} is not supported; supported are {kinds}"
            )


def invariants() -> Registry:
    """The suites of all installed packages (entry-point group `refk8s.invariants`), ours among them."""
    from importlib.metadata import entry_points

    from ..core.invariant import Registry

    found = Registry()
    for point in sorted(entry_points(group="refk8s.invariants"), key=lambda point: point.name):
        for invariant in point.load().suite().all():
            found.add(invariant)
    return found


def seconds(ms: int) -> str:
    """Logical time for people."""
    return f"{ms / 1000:.3f}s"


def story_of(target: str, seed: int | None, nodes: int) -> list[Line]:
    """The story of a trace, or of a run of a scenario. Raises Refk8sError."""
    from ..explore.cluster import build
    from ..explore.drivers import DefaultDriver, RandomDriver
    from ..explore.run import run
    from ..trace.format import read
    from ..trace.replay import replay, world_of
    from ..trace.story import Storyteller

    if ".trace" in Path(target).name:
        recorded = read(Path(target))
        model, _ = world_of(recorded)
        teller = Storyteller(model.epoch_ms, model.is_heartbeat)
        replay(recorded, observers=(teller,))
        return teller.lines
    scenario = find_scenario([target], nodes)
    model, world = build(scenario.cluster)
    teller = Storyteller(model.epoch_ms, model.is_heartbeat)
    run(model, world, DefaultDriver() if seed is None else RandomDriver(seed), observers=(teller,))
    return teller.lines
