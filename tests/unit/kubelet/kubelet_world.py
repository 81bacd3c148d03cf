"""A small world: an API server, kubelets, and a user whose requests are inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from refk8s.api.rest import Api, genesis
from refk8s.core.action import Action, Crash, Input, Restart
from refk8s.core.delta import Delta
from refk8s.core.model import Model
from refk8s.core.process import USER, Program
from refk8s.core.processes import add_process
from refk8s.core.step import Draft, step
from refk8s.core.step import genesis as first_world
from refk8s.core.wire import Request
from refk8s.core.world import World
from refk8s.explore.cluster import is_heartbeat
from refk8s.explore.drivers import Driver
from refk8s.explore.run import Outcome, run
from refk8s.kubelet.program import NodeSpec, kubelet
from refk8s.kubelet.rules import Rules
from refk8s.kubelet.status_manager import StatusManager

from .pods import container

USER_PID = "user/you"


def accept(draft: Draft, payload: Any) -> None:
    draft.post(draft.world.names[USER_PID], payload)


@attrs.define(eq=False)
class KubeletWorld:
    """A run under way, with what it committed so far."""

    model: Model
    world: World
    changes: list[Any] = attrs.field(factory=list)
    observe: Callable[[World], None] | None = None

    @classmethod
    def start(
        cls,
        *nodes: NodeSpec,
        behaviours: Any = None,
        rules: type[Rules] = Rules,
        statuses: type[StatusManager] = StatusManager,
        quiet: bool = True,
    ) -> KubeletWorld:
        """A world whose kubelets have registered."""
        specs = nodes or (NodeSpec("n1"),)
        programs = {"kube-apiserver": Program("kube-apiserver", ())}
        for spec in specs:
            programs[f"kubelet/{spec.name}"] = kubelet(spec, behaviours, rules=rules, statuses=statuses)
        programs[USER_PID] = Program("user", (), USER)
        api = Api()
        model = Model(api, programs.__getitem__, lambda pid: pid.partition("/")[0], is_heartbeat, accept)

        def fill(draft: Draft) -> None:
            for pid in programs:
                add_process(draft, pid, 0)

        made = cls(model, first_world(model, genesis(api, model.epoch_ms), fill))
        if quiet:
            made.run()
            made.changes.clear()
        return made

    def run(
        self, *, for_ms: int | None = None, driver: Driver | None = None, until: Callable[[World], bool] | None = None
    ) -> Outcome:
        """Run until all is quiet, or for some logical time (quiet or not)."""
        end = None if for_ms is None else self.world.now_ms + for_ms
        model = self.model if end is None else attrs.evolve(self.model, quiet_ms=1 << 60)

        def enough(world: World) -> bool:
            return (end is not None and world.now_ms >= end) or (until is not None and until(world))

        outcome = run(model, self.world, driver, until=enough, observers=(self.watch,), max_steps=200_000)
        self.world = outcome.world
        return outcome

    def watch(self, before: World, action: Action, after: World, delta: Delta) -> None:
        """Keep what was committed."""
        self.changes += [(after.now_ms - self.model.epoch_ms, change) for change in delta.commits]
        if self.observe is not None:
            self.observe(after)

    def act(self, action: Action) -> None:
        """Take one action."""
        self.world, _ = step(self.model, self.world, action)

    def ask(
        self, verb: str, resource: str = "pods", name: str = "", body: Any = None, sub: str = "", **options: Any
    ) -> None:
        """A request of the user, on the wire."""
        namespace = "" if resource == "nodes" else "default"
        self.act(Input(Request(verb, resource, namespace, name, sub, body, options)))

    def create(self, name: str = "web", does: str = "", *, node: str = "n1", **spec: Any) -> None:
        """A pod bound to a node; `does` is its behaviour."""
        metadata: dict[str, Any] = {"name": name, "namespace": "default", **spec.pop("metadata", {})}
        if does:
            metadata["annotations"] = {"refk8s.dev/behaviour": does}
        containers = spec.pop("containers", [container()])
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
        self.ask("create", body={**body, "spec": {"nodeName": node, "containers": containers, **spec}})

    def delete(self, name: str = "web", grace: int | None = None) -> None:
        """Delete a pod."""
        self.ask("delete", name=name, **({} if grace is None else {"gracePeriodSeconds": grace}))

    def crash(self, node: str = "n1") -> None:
        """The kubelet crashes."""
        self.act(Crash(self.world.names[f"kubelet/{node}"]))

    def restart(self, node: str = "n1") -> None:
        """The kubelet starts again."""
        self.act(Restart(self.world.names[f"kubelet/{node}"]))

    def get(self, name: str = "web", resource: str = "pods") -> dict[str, Any] | None:
        """The document of an object, None if it is not there."""
        found = self.world.store.get(resource, name if resource == "nodes" else f"default/{name}")
        return None if found is None else found.document

    def status(self, name: str = "web") -> dict[str, Any]:
        """The status of a pod."""
        document = self.get(name)
        assert document is not None
        return dict(document["status"])

    def memory(self, name: str, node: str = "n1") -> Any:
        """What a kubelet remembers."""
        return self.world.process(f"kubelet/{node}").memory.get(name)

    def told(self) -> list[str]:
        """The events about pods, as "reason: message"."""
        return [
            f"{change.obj.document['reason']}: {change.obj.document['message']}"
            for _, change in self.changes
            if change.resource == "events" and change.obj.document["involvedObject"]["kind"] == "Pod"
        ]

    def history(self, name: str = "web") -> list[str]:
        """What happened to a pod: "second phase container states", one line for each change of them."""
        lines: list[str] = []
        for ms, change in self.changes:
            if change.resource != "pods" or change.key != f"default/{name}":
                continue
            found = change.obj.document["status"]
            states = [
                f"{c['name']}={_state(c)}"
                for c in (*(found.get("initContainerStatuses") or ()), *(found.get("containerStatuses") or ()))
            ]
            gone = "gone " if change.type == "DELETED" else ""
            line = " ".join([f"{gone}{found['phase']}", *states])
            if not lines or lines[-1].partition(" ")[2] != line:
                lines.append(f"{(ms - self.origin) / 1_000:g} {line}")
        return lines

    @property
    def origin(self) -> int:
        """When the first recorded change was, in ms of the run."""
        return int(self.changes[0][0]) if self.changes else 0


def _state(status: dict[str, Any]) -> str:
    state = status["state"]
    if "running" in state:
        return f"running{'+' if status['ready'] else ''}"
    if "terminated" in state:
        return f"exit{state['terminated']['exitCode']}"
    return str(state["waiting"]["reason"])
