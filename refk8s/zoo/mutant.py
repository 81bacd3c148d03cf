"""Mutant: a real bug brought back by replacing one seam, and what must catch it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import attrs

from ..api.rest import Api
from ..controllers.runtime import Controller
from ..core.process import Program
from ..core.watching import Watches
from ..explore.cluster import Parts
from ..kubelet.program import kubelet
from ..scenarios import Scenario, from_data, resolve
from ..scenarios.spec import API_VERSION
from ..scheduler.program import kube_scheduler

Change = Callable[[Parts], Parts]


def _text(story: str | None) -> str:
    return (story or "").strip()


def as_it_is(parts: Parts) -> Parts:
    """The surroundings of most mutants: everything else works as it should."""
    return parts


def with_api(api: Api) -> Change:
    """Another API server."""
    return lambda parts: attrs.evolve(parts, api=api)


def _swapped(program: Program, name: str, swap: Callable[[Any], Any]) -> Program:
    """A program with another controller in place of `name`, and all else as it is."""
    if name not in program.index:
        raise KeyError(f"no controller is called {name!r}: {', '.join(program.index)}")
    return attrs.evolve(
        program, controllers=tuple(swap(one) if one.name == name else one for one in program.controllers)
    )


def with_controller(name: str, mutated: type[Controller]) -> Change:
    """Another controller of the controller manager in place of `name`, with the same fields."""

    def swap(old: Any) -> Any:
        fields = [field for field in attrs.fields(type(old)) if field.init]
        return mutated(**{str(field.alias): getattr(old, field.name) for field in fields})

    def change(parts: Parts) -> Parts:
        manager = parts.controller_manager
        return attrs.evolve(parts, controller_manager=lambda gates: _swapped(manager(gates), name, swap))

    return change


def with_scheduler(**parts_of_it: Any) -> Change:
    """A scheduler with other parts: cycle, bind, report."""
    return lambda parts: attrs.evolve(parts, scheduler=partial(kube_scheduler, **parts_of_it))


def with_kubelet(**parts_of_it: Any) -> Change:
    """Kubelets with other parts: rules, workers, statuses."""
    return lambda parts: attrs.evolve(parts, kubelet=partial(kubelet, **parts_of_it))


def with_watches(watches: Watches) -> Change:
    """Informers that get their events in another way."""
    return lambda parts: attrs.evolve(parts, watches=watches)


def both(*changes: Change) -> Change:
    """Several changes that are one bug only together."""

    def change(parts: Parts) -> Parts:
        for one in changes:
            parts = one(parts)
        return parts

    return change


@attrs.frozen(eq=False)
class Mutant:
    """One mutant.

    `story`: which real bug it is, and what happens (the module's docstring); `change` replaces one seam of the Parts; `catches` are the ids of the invariants
    that must catch it, each alone; `scenario` is the name of a shipped one or the spec of one built for it; `rows` are the rows of the
    catalogue of real bugs that it brings back ("zero a": its mutant zero). The budget within which it is found from scratch: `seeds` schedules of
    `driver` with `faults`, of at most `steps` steps each. `gates` are feature gates that differ;
    without `leader_election` all replicas of a component work at once. `surroundings` is a change that is
    legal by itself (a slow or refusing part) and is there without the bug, too.
    """

    id: str
    title: str
    story: str = attrs.field(converter=_text)
    change: Change
    catches: tuple[str, ...]
    scenario: str | Mapping[str, Any]
    rows: tuple[str, ...] = ()
    seeds: int = 20
    steps: int = 20_000
    driver: str = "random"
    faults: str = ""
    gates: Mapping[str, bool] = attrs.field(factory=dict)
    leader_election: bool = True
    surroundings: Change = as_it_is

    @property
    def scenario_name(self) -> str:
        """The shipped scenario's name, or the mutant's own."""
        return self.scenario if isinstance(self.scenario, str) else self.id

    def load(self) -> Scenario:
        """The scenario as the mutant needs it. Raises Refk8sError."""
        if isinstance(self.scenario, str):
            data = resolve(self.scenario).data
        else:
            metadata = {"name": self.id, "description": self.title}
            data = {"apiVersion": API_VERSION, "kind": "Scenario", "metadata": metadata, "spec": dict(self.scenario)}
        spec = dict(data["spec"])
        if self.gates:
            spec["gates"] = {**spec.get("gates", {}), **self.gates}
        if not self.leader_election:
            spec["components"] = {**spec.get("components", {}), "leaderElection": False}
        return from_data({**data, "spec": spec})

    def parts(self) -> Parts:
        """The components with the bug."""
        return self.change(self.control())

    def control(self) -> Parts:
        """The components without the bug, in the same surroundings."""
        return self.surroundings(Parts())
