"""Clusters to measure, and a loop that measures each step of the default driver."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import process_time_ns
from typing import Any

import attrs

from refk8s.api.store import Stored
from refk8s.core.action import Action, Begin, Deliver, Fire, Reply, Serve
from refk8s.core.delta import Delta
from refk8s.core.enabled import first
from refk8s.core.invariant import Monitor
from refk8s.core.model import Model
from refk8s.core.step import step
from refk8s.core.world import World
from refk8s.explore.cluster import build
from refk8s.explore.run import run
from refk8s.invariants import suite
from refk8s.scenarios import from_data

from .measure import no_collector

Document = dict[str, Any]
Script = list[Document]


def deployment(name: str, replicas: int, milli_cpu: int = 10) -> Document:
    """A Deployment of one small container."""
    container = {"name": "web", "image": "web:1", "resources": {"requests": {"cpu": f"{milli_cpu}m", "memory": "16Mi"}}}
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def counter(name: str) -> Document:
    """A ConfigMap that users count up."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default"},
        "data": {"n": "0"},
    }


def cluster(nodes: int, users: dict[str, Script], objects: Iterable[Document] = ()) -> tuple[Model, World]:
    """The Model and first World of a cluster."""
    spec = {"nodes": [{"name": "node", "count": nodes}], "users": users, "objects": list(objects)}
    data = {"apiVersion": "refk8s.dev/v1", "kind": "Scenario", "metadata": {"name": "benchmark"}, "spec": spec}
    return build(from_data(data).cluster)


def counting(users: int, times: int, rounds: int, delay: str) -> dict[str, Script]:
    """Users each of whom reads and writes back a ConfigMap of their own `times` times in each of so many rounds, four seconds apart."""
    scripts: dict[str, Script] = {}
    for n in range(users):
        count = {"resource": "configmaps", "name": f"count-{n}", "field": "data.n", "times": times}
        scripts[f"user-{n}"] = [{"sleep": delay}, *({"increment": count}, {"sleep": "4s"}) * rounds]
    return scripts


def scaling(rounds: int, delay: str, low: int = 2, high: int = 4) -> dict[str, Script]:
    """A user who scales the Deployment `web` up and down in turn, once in each round."""
    sizes = [high if n % 2 == 0 else low for n in range(rounds)]
    steps = [
        ({"scale": {"resource": "deployments", "name": "web", "replicas": size}}, {"sleep": "4s"}) for size in sizes
    ]
    return {"scaler": [{"sleep": delay}, *(each for pair in steps for each in pair)]}


def applied(*documents: Document) -> Script:
    """The script of a user who applies documents."""
    return [{"apply": {"documents": list(documents)}}]


def monitor() -> Monitor:
    """A monitor with all invariants on."""
    return Monitor(suite().all())


@attrs.define
class Cost:
    """CPU time and number of some steps."""

    ns: int = 0
    steps: int = 0

    def mean_us(self) -> float:
        """Microseconds per step."""
        return self.ns / self.steps / 1000 if self.steps else 0.0


@attrs.define
class Costs:
    """What a run cost: by kind of step, and by whether the step committed anything."""

    by_kind: dict[str, Cost] = attrs.field(factory=dict)
    committing: Cost = attrs.field(factory=Cost)
    other: Cost = attrs.field(factory=Cost)
    commits: int = 0

    @property
    def steps(self) -> int:
        """All steps."""
        return self.committing.steps + self.other.steps

    @property
    def seconds(self) -> float:
        """CPU seconds of all steps."""
        return (self.committing.ns + self.other.ns) / 1e9

    def add(self, kind: str, ns: int, commits: int) -> None:
        """Count one step."""
        for cost in (self.by_kind.setdefault(kind, Cost()), self.committing if commits else self.other):
            cost.ns += ns
            cost.steps += 1
        self.commits += commits


def drive(model: Model, world: World, until: Callable[[World], bool], costs: Costs) -> World:
    """Go on as the default driver does, with all invariants on, until a condition holds or nothing can happen; `costs` takes what each step cost
    (its choice and its invariants included).

    Raises RuntimeError if an invariant breaks: then there is nothing to measure.
    """
    check = monitor().check
    with no_collector():
        began = process_time_ns()
        while not until(world):
            action = first(world)
            if action is None:
                break
            after, delta = step(model, world, action)
            violation = check(world, action, after, delta)
            ended = process_time_ns()
            if violation is not None:
                raise RuntimeError(f"measured a broken run: {violation}")
            costs.add(kind_of(model, world, action, delta), ended - began, len(delta.commits))
            world = after
            began = process_time_ns()
    return world


def ran(
    model: Model, world: World, until: Callable[[World], bool] | None = None, check: Monitor | None = None
) -> World:
    """The world after a run of the default driver, until a condition holds or the cluster is quiet. Raises RuntimeError if it ended otherwise."""
    outcome = run(model, world, until=until, monitor=check)
    if outcome.verdict not in ("until", "quiet"):
        raise RuntimeError(f"measured a broken run: {outcome.verdict} {outcome.violation or ''}")
    return outcome.world


def at_s(model: Model, seconds: float) -> Callable[[World], bool]:
    """The condition that so much logical time has passed since the epoch."""
    end_ms = model.epoch_ms + int(seconds * 1000)
    return lambda world: world.now_ms >= end_ms


def kind_of(model: Model, world: World, action: Action, delta: Delta) -> str:
    """What kind of step this was: the action, who acts (kubelets are alike), and on what resource."""
    name = type(action).__name__
    match action:
        case Deliver(iid):
            p = world.informers[iid][0]
            return f"{name} {_actor(world, p)} {delta.delivered[1].partition('@')[0]}" if delta.delivered else name
        case Serve():
            request, response = delta.served[0].request, delta.served[1]  # type: ignore[index]  # a Serve has served
            return f"{name} {request.verb} {request.resource}/{request.subresource} {response.code}"
        case Begin(p, c):
            return f"{name} {_actor(world, p)} {model.program(world.pids[p]).controllers[c].name}"
        case Reply(p, _) | Fire(p, _):
            return f"{name} {_actor(world, p)}"
    return name


def _actor(world: World, p: int) -> str:
    return world.pids[p].partition("/")[0]


class RunningPods:
    """Counts the pods that are Running, as an observer of a run."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, before: World, action: Action, after: World, delta: Delta) -> None:
        """See one step."""
        for change in delta.commits:
            if change.resource == "pods":
                gone = change.type == "DELETED"
                self.count += (not gone and _runs(change.obj)) - (change.prev is not None and _runs(change.prev))


def _runs(pod: Stored) -> bool:
    return (pod.document.get("status") or {}).get("phase") == "Running"
