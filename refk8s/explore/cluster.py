"""A cluster: which processes there are and what they run. `build` gives the Model and the first World.

`Parts` holds every component behind a seam; a mutant is a function from Parts to Parts. Users' scripts, node specifications and behaviours are data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

import attrs

from ..api.registry import RESOURCES
from ..api.rest import Api, genesis
from ..api.restore import restore
from ..api.store import Change, Store
from ..controllers.leader import LeaderElector, elected
from ..controllers.nodelifecycle_config import NodeLifecycleConfig
from ..controllers.program import kube_controller_manager
from ..controllers.runtime import Controller, Handler, Recorder
from ..core.budget import NO_FAULTS, FaultBudget
from ..core.errors import Refk8sError
from ..core.hands import Hands
from ..core.informers import compact
from ..core.messages import serve_now
from ..core.model import NO_BOUNDS, Bounds, Model
from ..core.process import Program
from ..core.processes import add_process, shut_down
from ..core.step import Draft
from ..core.step import genesis as first_world
from ..core.watching import WATCHES, Watches
from ..core.wire import Request
from ..core.world import World
from ..kubelet.program import NodeSpec, kubelet
from ..scheduler.config import configuration
from ..scheduler.program import kube_scheduler
from ..users.script import Step, add_step, user
from .given import rested

EPOCH_MS: Final = 1_767_225_600_000  # 2026-01-01T00:00:00Z
NEVER_MS: Final = 100 * 365 * 24 * 3_600_000
"""A hundred years."""
YOU: Final = "user/you"
"""The interactive user: what the CLI's `apply -f` and other Inputs do is done by this process."""

AGENTS: Final = {
    "kube-apiserver": "kube-apiserver",
    "kube-controller-manager": "kube-controller-manager",
    "kube-scheduler": "kube-scheduler",
    "kubelet": "kubelet",
    "user": "kubectl",
}


@attrs.frozen(eq=False)
class Parts:
    """The components, each behind a seam. Mutants replace these."""

    api: Api = attrs.field(factory=Api)
    controller_manager: Callable[[Mapping[str, bool]], Program] = kube_controller_manager
    scheduler: Callable[..., Program] = kube_scheduler
    kubelet: Callable[[NodeSpec, Any], Program] = kubelet
    user: Callable[[tuple[Step, ...]], Program] = user
    watches: Watches = WATCHES


PARTS = Parts()


@attrs.frozen(eq=False)
class Cluster:
    """What a cluster consists of.

    `nodes`: one kubelet each (`absent` names those that start switched off); `users`: name → script; `behaviours`: what containers do
    (refk8s.kubelet.behaviour); `objects`: documents that are in the store at the beginning (a dump); `api_servers` above 1 gives each a watch cache of its
    own; `controller_managers` and `schedulers` are replicas, of which one works at a time unless `leader_election` is off; `controllers` names those that the
    controller manager runs (None: all); `scheduler` is a KubeSchedulerConfiguration ({}: the default one).
    `given` is what was done before the beginning (given.py; None: the cluster is just being switched on), within `given_steps`. `heartbeats` and `events` can
    be left out, and `bounds` of liveness be tighter (Model).
    """

    nodes: tuple[NodeSpec, ...] = ()
    absent: tuple[str, ...] = ()
    users: Mapping[str, tuple[Step, ...]] = attrs.field(factory=dict)
    behaviours: Any = None
    objects: tuple[dict[str, Any], ...] = ()
    api_servers: int = 1
    controller_managers: int = 1
    schedulers: int = 1
    scheduler: Mapping[str, Any] = attrs.field(factory=dict)
    controllers: tuple[str, ...] | None = None
    leader_election: bool = True
    given: tuple[Step, ...] | None = None
    given_steps: int = 100_000
    gates: Mapping[str, bool] = attrs.field(factory=dict)
    epoch_ms: int = EPOCH_MS
    heartbeats: bool = True
    events: bool = True
    quiet_ms: int = 10_000
    bounds: Bounds = NO_BOUNDS


def build(cluster: Cluster, parts: Parts | None = None, faults: FaultBudget = NO_FAULTS) -> tuple[Model, World]:
    """The Model and the first World of a cluster, in which so many faults may happen.

    Raises Refk8sError for objects that the API server refuses, and for a beginning that never comes.
    """
    model, world = _beginning(cluster, parts or PARTS)
    return model, world.with_faults(faults)


@lru_cache(maxsize=1)
def _beginning(cluster: Cluster, parts: Parts) -> tuple[Model, World]:
    """The last one is kept, because campaigns begin the same cluster over and over."""
    programs = _programs(cluster, parts)
    model = Model(
        api=parts.api,
        program=programs.__getitem__,
        agent=lambda pid: AGENTS[pid.partition("/")[0]],
        is_heartbeat=is_heartbeat,
        accept=accept,
        quiet_ms=cluster.quiet_ms,
        epoch_ms=cluster.epoch_ms,
        gates=tuple(sorted(cluster.gates.items())),
        watches=parts.watches,
        heartbeats=cluster.heartbeats,
        events=cluster.events,
        bounds=cluster.bounds,
    )
    store = _store(parts.api, cluster)
    servers = [pid for pid in programs if pid.startswith("kube-apiserver")]

    def fill(draft: Draft) -> None:
        for n, pid in enumerate(programs):
            server = n if pid in servers else n % len(servers)
            add_process(draft, pid, server, trailing=pid in servers and len(servers) > 1)

        for name in cluster.absent:
            shut_down(draft, draft.world.names[f"kubelet/{name}"])

    if cluster.given is None:
        return model, first_world(model, store, fill)
    users = [f"user/{name}" for name in cluster.users]
    return model, rested(model, first_world(model, store, fill), cluster.given, users, cluster.given_steps)


def _programs(cluster: Cluster, parts: Parts) -> dict[str, Program]:
    """Program by process name, in the order in which the default driver lets them act."""
    programs: dict[str, Program] = {}
    watch_cache = _api_server(cluster.api_servers > 1)
    for name in _replicas("kube-apiserver", cluster.api_servers):
        programs[name] = watch_cache
    for name in _replicas("kube-controller-manager", cluster.controller_managers):
        manager = _chosen(parts.controller_manager(cluster.gates), cluster.controllers)
        manager = manager if cluster.heartbeats else trusting(manager)
        programs[name] = _elected(manager, cluster.controller_managers, cluster)
    for name in _replicas("kube-scheduler", cluster.schedulers):
        programs[name] = _elected(_scheduler(parts, cluster), cluster.schedulers, cluster)
    for node in cluster.nodes:
        programs[f"kubelet/{node.name}"] = parts.kubelet(node, cluster.behaviours)
    for name, script in cluster.users.items():
        programs[f"user/{name}"] = parts.user(script)
    programs.setdefault(YOU, parts.user(()))
    return programs


def _chosen(program: Program, names: tuple[str, ...] | None) -> Program:
    """The program with these of its controllers, each with the parts that belong to it (`gc` is `gc` and `gc-orphan`). Raises Refk8sError."""
    if names is None:
        return program
    known = dict.fromkeys(controller.name.partition("-")[0] for controller in program.controllers)
    for name in names:
        if name not in known:
            raise Refk8sError(f"spec.components.controllers: no controller {name!r}; there are {', '.join(known)}")
    kept = tuple(each for each in program.controllers if each.name.partition("-")[0] in names)
    return attrs.evolve(program, controllers=kept)


def _scheduler(parts: Parts, cluster: Cluster) -> Program:
    return (
        parts.scheduler(profiles=configuration(cluster.scheduler).by_name) if cluster.scheduler else parts.scheduler()
    )


def _elected(program: Program, replicas: int, cluster: Cluster) -> Program:
    """The program of one of several replicas, of which one works at a time."""
    if replicas == 1 or not cluster.leader_election:
        return program
    return elected(program, LeaderElector(lock=f"kube-system/{program.kind}", recorder=Recorder(program.kind)))


def trusting(manager: Program) -> Program:
    """The controller manager for a cluster without heartbeats: it takes no silence of a node for its death."""

    def patient(controller: Any) -> Any:
        config = getattr(controller, "config", None)
        if not isinstance(config, NodeLifecycleConfig):
            return controller
        return attrs.evolve(controller, config=attrs.evolve(config, grace_ms=NEVER_MS, startup_grace_ms=NEVER_MS))

    return attrs.evolve(manager, controllers=tuple(map(patient, manager.controllers)))


def _replicas(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}/{n}" for n in range(count)]


def _api_server(trailing: bool) -> Program:
    """The program of an API server: nothing of its own, or the informers that are its watch cache."""
    return Program("kube-apiserver", (WatchCache(),) if trailing else ())


def _store(api: Api, cluster: Cluster) -> Store:
    store = genesis(api, cluster.epoch_ms)
    return restore(store, cluster.objects, cluster.epoch_ms) if cluster.objects else store


@attrs.frozen(eq=False)
class WatchCache(Controller):
    """An API server's watch cache: informers of every resource, and nothing to do. Source: apiserver/pkg/storage/cacher."""

    name: str = "watch-cache"

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Every resource that is served."""
        return tuple((resource, _ignore) for resource in sorted(RESOURCES))


def _ignore(hands: Hands, change: Change) -> None:
    return None


def is_heartbeat(change: Change) -> bool:
    """Whether a commit only says "as before".

    That is a renewed Lease, a Node of which nothing but heartbeat times differ, or a pod that again could not be placed or made.
    """
    if change.resource == "leases":
        return change.type == "MODIFIED"
    if change.resource == "events":
        return change.type == "MODIFIED" and change.obj.document.get("reason") in ("FailedScheduling", "FailedCreate")
    if change.resource != "nodes" or change.prev is None or change.type != "MODIFIED":
        return False
    return bool(_without_heartbeats(change.prev.document) == _without_heartbeats(change.obj.document))


def _without_heartbeats(document: Mapping[str, Any]) -> Any:
    status = document.get("status", {})
    conditions = [
        {name: value for name, value in condition.items() if name != "lastHeartbeatTime"}
        for condition in status.get("conditions") or ()
    ]
    metadata = {
        name: value for name, value in document["metadata"].items() if name not in ("resourceVersion", "managedFields")
    }
    return metadata, document.get("spec"), {**status, "conditions": conditions}


def accept(draft: Draft, payload: Any) -> None:
    """Carry out an Input of the interactive user, or of the user that `as` names.

    {"step": {...}} is one more step of the script; {"request": {...}, "name": n} a bare request, called n, which goes over the wire; {"http": {...}, "at": ms}
    one that came over a real wire at that moment and is handled at once; {"compact": n} forgets all history but n revisions. {"name": n, "expect": reason}
    foretells the answer to a request, and with "changes" whether it writes (USER-01); {"demand": {"resource", "key", "content" | None}} says what an object
    must be now, with "version" also which one (USER-02).
    """
    pid = f"user/{payload['as']}" if "as" in payload else YOU
    p = draft.world.names[pid]
    if "http" in payload:
        draft.wait(payload["at"])
        serve_now(draft, p, Request(**payload["http"]))
        return
    if "compact" in payload:
        compact(draft, payload["compact"])
        return
    if "request" in payload:
        draft.post(p, Request(**payload["request"]), payload.get("name", ""))
        return
    process = draft.world.procs[p].copy()
    hands = Hands(draft, p, process, draft.index)
    if "expect" in payload:
        hands.remember(f"expect:{payload['name']}", payload["expect"])
        if "changes" in payload:
            hands.remember(f"changes:{payload['name']}", payload["changes"])
    elif "demand" in payload:
        hands.note("demand", payload["demand"])
    else:
        add_step(hands, payload["step"])
    draft.settle(p, process, draft.model.program(pid))
