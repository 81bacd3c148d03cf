"""A scenario as a search sees it, and what it finds as an ordinary trace."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from ..core.budget import FaultBudget
from ..core.model import Model
from ..core.step import step
from ..core.world import World
from ..scenarios.format import Scenario, from_data
from ..trace.format import Step, Writer, record
from .cluster import Parts, build
from .search import Explored


@attrs.frozen
class View:
    """What of a scenario is searched: `heartbeats` and Events are left out unless asked for; `rested`: it begins when the cluster has come to rest."""

    heartbeats: bool = False
    events: bool = False
    rested: bool = False


def viewed(scenario: Scenario, view: View) -> Scenario:
    """The scenario that is searched; its data say so, so that a trace of it replays."""
    spec = dict(scenario.data.get("spec") or {})
    if not view.heartbeats:
        spec["heartbeats"] = False
    if not view.events:
        spec["events"] = False
    if view.rested:
        spec.setdefault("given", [])
    return from_data({**scenario.data, "spec": spec})


def budget_of(text: str, deviations: int) -> FaultBudget:
    """The budget that `--faults` means: a kind without a number may happen as often as the bound on deviations allows. Raises Refk8sError."""
    parts = [part.strip() for part in text.split(",")]
    named = [f"{part}={deviations}" if part and "=" not in part and not part.isdecimal() else part for part in parts]
    return FaultBudget.parse(",".join(named))


def start_of(scenario: Scenario, faults: FaultBudget, parts: Parts | None = None) -> tuple[Model, World]:
    """The model and first World of a search. Raises Refk8sError."""
    return build(scenario.cluster, parts, faults)


def steps_of(model: Model, world: World, found: Explored) -> list[Step]:
    """The way to the failure as the steps of a trace."""
    steps = []
    for action in found.path:
        after, delta = step(model, world, action)
        line = record(model, world, action, after, delta)
        steps.append(Step(**{**line, "keys": tuple(line["keys"])}))
        world = after
    return steps


def write_trace(path: Path, model: Model, world: World, found: Explored, header: Mapping[str, Any]) -> None:
    """Write the way to the failure as a trace that replays strictly. Raises Refk8sError."""
    writer = Writer(path, model, world, header)
    for action in found.path:
        after, delta = step(model, world, action)
        writer(world, action, after, delta)
        world = after
    assert found.failure is not None
    writer.close("violated", found.failure.data())
