"""What several commands share: which scenario is meant, and how a run is described."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..core.invariant import Registry
    from ..scenarios.format import Scenario
    from ..trace.story import Line


def find_scenario(targets: list[str], nodes: int, namespace: str = "default") -> Scenario:
    """The scenario that is meant: a shipped name, a scenario file, or manifests (files, directories, "-") that a user applies to `nodes` nodes.

    Raises Refk8sError.
    """
    from ..core.errors import Refk8sError
    from ..scenarios.format import from_manifests, from_sources, is_scenario, resolve, shipped
    from ..scenarios.yaml import STDIN, documents_of, objects_of, sources_of

    if len(targets) == 1 and targets[0] in shipped():
        return resolve(targets[0])
    documents: list[dict[str, Any]] = []
    for target in targets:
        path = Path(target)
        if target != STDIN and not path.exists():
            resolve(target)  # says what there is
        if path.is_dir():
            documents += documents_of(path)
            continue
        sources = sources_of(path)
        if is_scenario(sources[0].data):
            if len(targets) > 1:
                raise Refk8sError(
                    f"{target} is a scenario; a scenario runs alone, not together with {len(targets) - 1} other arguments"
                )
            return from_sources(sources, path.parent)
        documents += objects_of(sources)
    name = Path(targets[0]).resolve().stem if targets[0] != STDIN else "stdin"
    return from_manifests(documents, nodes=nodes, name=_name(name), namespace=namespace)


def _name(stem: str) -> str:
    """A file's name as the name of a scenario."""
    return re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "manifests"


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
