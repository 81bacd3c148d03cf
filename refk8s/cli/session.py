"""What several commands share: their common arguments, which scenario is meant, and how a run is described."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from ..core.invariant import Registry
    from ..explore.cluster import Parts
    from ..scenarios.format import Scenario
    from ..trace.story import Storyteller
    from ..zoo.mutant import Mutant


def parts_of(header: Mapping[str, Any], *, without_mutant: bool = False) -> Parts | None:
    """The parts of the cluster that a trace is about: those of the mutant that its header names, if it names one. Raises Refk8sError."""
    name = header.get("mutant")
    if not name:
        return None
    mutant = mutant_named(name)
    return mutant.control() if without_mutant else mutant.parts()


def mutant_named(name: str) -> Mutant:
    """The mutant with this id. Raises Refk8sError."""
    from ..core.errors import Refk8sError
    from ..zoo import MUTANTS

    known = {mutant.id: mutant for mutant in MUTANTS}
    if not isinstance(name, str) or name not in known:
        raise Refk8sError(f"no mutant {name!r:.40}; `refk8s zoo list` names them all")
    return known[name]


def scenario_names(incomplete: str) -> list[str]:
    """The shipped scenarios that begin so (shell completion; files are completed by the shell itself)."""
    from importlib.resources import files

    names = (entry.name for entry in files("refk8s.scenarios").iterdir())
    return sorted(
        name.removesuffix(".yaml") for name in names if name.endswith(".yaml") and name.startswith(incomplete)
    )


GROUP = "refk8s.invariants"

TARGETS = typer.Argument(
    metavar="WHAT",
    help="A shipped scenario, a scenario file, or manifests: files, directories, - for standard input.",
    autocompletion=scenario_names,
    show_default=False,
)
LARGEST = 1 << 62
"""Numbers beyond it are refused where they are given: seeds have 64 bits, and so have the integers of JSON and of SQLite as we write them."""


def not_too_large(number: int | None) -> int | None:
    """The number of an option. Raises BadParameter for one that is too large."""
    if number is not None and number > LARGEST:
        raise typer.BadParameter(f"{number} is too large; at most {LARGEST}")
    return number


SEED = typer.Option(
    help="Seed of the random driver; without one the default driver runs.",
    min=0,
    callback=not_too_large,
    show_default=False,
)
NODES = typer.Option(
    help="Nodes of the cluster that manifests are applied to; without it, 3.", min=1, max=100_000, show_default=False
)
USUAL_NODES = 3
MOST_JOBS = 512
"""More worker processes than that are a slip of the pen."""
NAMESPACE = typer.Option(
    "-n",
    "--namespace",
    help="The namespace of manifests that name none; objects of others are not listed.",
    show_default=False,
)


def find_scenario(targets: list[str], nodes: int | None, namespace: str = "", *, lists: bool = False) -> Scenario:
    """The scenario that is meant: a shipped name, a scenario file, or manifests (files, directories, "-") that a user applies to `nodes` nodes.

    `lists`: the namespace is also that of what the command shows. Options that a scenario leaves no use for are refused. Raises Refk8sError.
    """
    from ..core.errors import Refk8sError
    from ..scenarios.format import from_manifests, from_sources, is_read_back, is_scenario, resolve, shipped
    from ..scenarios.yaml import STDIN, documents_of, objects_of, sources_of
    from ..trace.format import is_trace
    from .output import note

    if len(targets) == 1 and targets[0] in shipped():
        only_for_manifests(targets[0], "a scenario", nodes, "" if lists else namespace)
        return resolve(targets[0])
    documents: list[dict[str, Any]] = []
    for target in targets:
        path = Path(target)
        if target != STDIN and not path.exists():
            resolve(target)  # says what there is
            raise Refk8sError(
                f"{target} is a scenario; a scenario runs alone, not together with {len(targets) - 1} other arguments"
            )
        if path.is_dir():
            documents += documents_of(path)
            continue
        if is_trace(target):
            raise Refk8sError(f"{target} is a trace; look at it with replay, why, step or trace show")
        sources = sources_of(path)
        if is_scenario(sources[0].data):
            if len(targets) > 1:
                raise Refk8sError(
                    f"{target} is a scenario; a scenario runs alone, not together with {len(targets) - 1} other arguments"
                )
            only_for_manifests(target, "a scenario", nodes, "" if lists else namespace)
            return from_sources(sources, path.parent)
        documents += objects_of(sources)
    dumped = sum(map(is_read_back, documents))
    if dumped:
        note(
            f"{dumped} of {len(documents)} objects were read from a cluster (uid, resourceVersion): the run begins with them as they are;"
            " what they need or belong to must be there too"
        )
    name = Path(targets[0]).resolve().stem if targets[0] != STDIN else "stdin"
    return from_manifests(
        documents, nodes=nodes or USUAL_NODES, name=_name(name), namespace=namespace or DEFAULT_NAMESPACE
    )


DEFAULT_NAMESPACE = "default"


def only_for_manifests(target: str, what: str, nodes: int | None, namespace: str) -> None:
    """Raise Refk8sError if an option was given that only manifests have a use for."""
    from ..core.errors import Refk8sError

    if nodes is not None:
        raise Refk8sError(f"--nodes {nodes}: {target} is {what}, which has its own nodes; leave --nodes away")
    if namespace:
        raise Refk8sError(
            f"--namespace {namespace}: {target} is {what}, whose objects have theirs; leave --namespace away"
        )


def _name(stem: str) -> str:
    """A file's name as the name of a scenario."""
    return re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "manifests"


def invariants() -> Registry:
    """Our invariants and those of all installed packages that have some (entry-point group `refk8s.invariants`)."""
    from refk8s.invariants import suite

    from ..core.invariant import Registry

    found = Registry()
    for invariant in suite().all():
        found.add(invariant)
    for point in other_suites():
        for invariant in point.load().suite().all():
            found.add(invariant)
    return found


def other_suites() -> list[EntryPoint]:
    """The entry points of other packages' suites, sorted by name."""
    if not any(_announces_a_suite(folder) for folder in sys.path):
        return []
    from importlib.metadata import entry_points

    points = (point for point in entry_points(group=GROUP) if point.value != GROUP)
    return sorted(points, key=lambda point: point.name)


def _announces_a_suite(folder: str) -> bool:
    """Whether a package installed in a folder has a suite; looked up by hand, because importlib.metadata takes as long to load as a short run takes."""
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.name.endswith((".dist-info", ".egg-info"))]
    except OSError:
        return False
    for name in names:
        try:
            text = Path(folder, name, "entry_points.txt").read_text()
        except OSError:
            continue
        if f"[{GROUP}]" in text and not name.startswith("refk8s-"):
            return True
    return False


def seconds(ms: int) -> str:
    """Logical time for people."""
    return f"{ms / 1000:.3f}s"


def story_of(target: str, seed: int | None, nodes: int | None, namespace: str) -> Storyteller:
    """The story of a trace, or of a run of a scenario. Raises Refk8sError."""
    from ..core.errors import Refk8sError
    from ..explore.cluster import build
    from ..explore.drivers import DefaultDriver, RandomDriver
    from ..explore.run import run
    from ..trace.format import is_trace, read
    from ..trace.replay import replay, world_of
    from ..trace.story import Storyteller

    if is_trace(target):
        only_for_manifests(target, "a trace", nodes, "")
        if seed is not None:
            raise Refk8sError(f"--seed {seed}: {target} is a trace, which has its own; leave --seed away")
        recorded = read(Path(target))
        parts = parts_of(recorded.header)
        model, _ = world_of(recorded, parts)
        teller = Storyteller(model.epoch_ms, model.is_heartbeat, model)
        replay(recorded, parts=parts, observers=(teller,))
        return teller
    scenario = find_scenario([target], nodes, namespace, lists=True)
    model, world = build(scenario.cluster)
    teller = Storyteller(model.epoch_ms, model.is_heartbeat, model)
    run(model, world, DefaultDriver() if seed is None else RandomDriver(seed), observers=(teller,))
    return teller
