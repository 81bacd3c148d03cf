"""A cluster of the real engine, API server and kube-controller-manager, with a stand-in for nodes and kubelets.

`Nodelet` runs bound pods (image `stuck…`: never stops them), and renews the Lease of every node that has the annotation `fake/alive`.
"""

from __future__ import annotations

from typing import Any

import attrs

from refk8s.api.rest import Api
from refk8s.api.rest import genesis as fresh_store
from refk8s.controllers.nodelifecycle_config import NodeLifecycleConfig
from refk8s.controllers.program import kube_controller_manager
from refk8s.controllers.runtime import Controller, Handler, create, delete, patch, update
from refk8s.core.action import Action, AdvanceTo, Hold, Input, Release
from refk8s.core.clock import rfc3339, rfc3339_micro
from refk8s.core.delta import Delta
from refk8s.core.enabled import first
from refk8s.core.flight import Cached, Enqueue, Now, Reconcile
from refk8s.core.hands import Hands
from refk8s.core.model import Model
from refk8s.core.process import Program
from refk8s.core.processes import add_process
from refk8s.core.step import Draft, genesis, recompute_fingerprint, step
from refk8s.core.wire import Request
from refk8s.core.world import World
from refk8s.explore.drivers import Driver, RandomDriver
from refk8s.explore.run import run, run_twice

EPOCH_MS = 1_767_225_600_000
FAST = NodeLifecycleConfig(period_ms=500, grace_ms=4_000, startup_grace_ms=5_000, eviction_interval_ms=100)
OFF = NodeLifecycleConfig(period_ms=0)


@attrs.frozen(eq=False)
class Nodelet(Controller):
    """All kubelets in one: keys are pods, and "lease NODE"."""

    name: str = "nodelet"
    lease_ms: int = 1_000

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        return (("pods", lambda hands, change: hands.enqueue("nodelet", change.key)), ("nodes", self._on_node))

    def _on_node(self, hands: Hands, change: Any) -> None:
        hands.enqueue("nodelet", f"lease {change.key}")

    def reconcile(self, key: str) -> Reconcile:
        if key.startswith("lease "):
            return (yield from self._renew(key.removeprefix("lease ")))
        pod = (yield Cached("pods")).get(key)
        node = (yield Cached("nodes")).get(pod.document["spec"].get("nodeName", "")) if pod is not None else None
        if node is None or not _is_alive(node.document):
            return None
        document = pod.document
        if "deletionTimestamp" in document["metadata"]:
            if not document["spec"]["containers"][0]["image"].startswith("stuck"):
                yield delete("pods", key, gracePeriodSeconds=0)
        elif document["status"]["phase"] == "Pending":
            now_ms = yield Now()
            ready = {"type": "Ready", "status": "True", "lastTransitionTime": rfc3339(now_ms)}
            yield update("pods", {**document, "status": {"phase": "Running", "conditions": [ready]}}, "status")
        return None

    def _renew(self, node: str) -> Reconcile:
        found = (yield Cached("nodes")).get(node)
        if found is None or not _is_alive(found.document):
            return None
        now_ms = yield Now()
        body = {"spec": {"holderIdentity": node, "renewTime": rfc3339_micro(now_ms)}}
        yield patch("leases", f"kube-node-lease/{node}", body, "merge")
        yield Enqueue("nodelet", f"lease {node}", self.lease_ms, periodic=True)
        return None


def _is_alive(node: dict[str, Any]) -> bool:
    return "fake/alive" in (node["metadata"].get("annotations") or {})


class Cluster:
    """A world, what a test does to it, and what was served."""

    def __init__(self, nodes: NodeLifecycleConfig = OFF, *, lease_ms: int = 1_000, **options: Any) -> None:
        self.program = kube_controller_manager(nodes=nodes, **options)
        programs = {
            "apiserver": Program("apiserver", ()),
            "kcm": self.program,
            "nodelet": Program("nodelet", (Nodelet(lease_ms=lease_ms),), rank=1),
            "user": Program("user", (), rank=2),
        }
        self.model = Model(
            api=Api(),
            program=lambda pid: programs[pid],
            agent=lambda pid: pid,
            is_heartbeat=lambda change: change.resource == "leases",
            accept=lambda draft, payload: draft.post(draft.world.names["user"], payload),
            epoch_ms=EPOCH_MS,
        )
        self.requests: list[Request] = []
        self.commits: list[Any] = []
        self.refused: list[str] = []
        self.world: World = genesis(self.model, fresh_store(self.model.api, EPOCH_MS), self._fill)

    def _fill(self, draft: Draft) -> None:
        for pid in ("apiserver", "kcm", "nodelet", "user"):
            add_process(draft, pid, 0)

    # ---- going on

    def do(self, action: Action) -> Delta:
        """Take one step."""
        self.world, delta = step(self.model, self.world, action)
        if delta.served is not None and delta.served[0].sender == self.world.names["kcm"]:
            self.requests.append(delta.served[0].request)
        if (
            delta.served is not None
            and delta.served[0].flight is None
            and delta.served[0].sender == self.world.names["user"]
        ):
            self.refused += [] if delta.served[1].ok else [delta.served[1].message]
        self.commits += delta.commits
        return delta

    def send(self, *requests: Request) -> Cluster:
        """Have requests of a user served, which must be accepted, with all that follows at once."""
        for request in requests:
            self.do(Input(request))
            self.settle()
        assert self.refused == []
        return self

    def settle(self, driver: Driver | None = None) -> Cluster:
        """Go on until time would have to pass."""
        for _ in range(200_000):
            action = driver.choose(self.model, self.world) if driver else first(self.world)
            if action is None or isinstance(action, AdvanceTo):
                return self
            self.do(action)
        raise AssertionError("a hot loop")

    def wait(self, seconds: float, driver: Driver | None = None) -> Cluster:
        """Go on for so many seconds."""
        end_ms = self.world.now_ms + int(seconds * 1000)
        self.settle(driver)
        while (deadline_ms := self.world.timers.next_deadline()) is not None and deadline_ms <= end_ms:
            self.do(AdvanceTo(deadline_ms))
            self.settle(driver)
        self.world = self.world.copy()
        self.world.now_ms = max(self.world.now_ms, end_ms)
        return self

    def post(self, *requests: Request) -> Cluster:
        """Put requests of a user on the wire, to be served when a driver wants."""
        for request in requests:
            self.do(Input(request))
        return self

    def run(self, seed: int) -> Cluster:
        """Go on to quiet in a random order, every step twice: once straight on, once with every reconcile re-run from its log."""
        before = self.world

        def observe(world: World, action: Action, after: World, delta: Delta) -> None:
            self.commits += delta.commits

        outcome = run(self.model, before, RandomDriver(seed), observers=(observe,), max_steps=100_000)
        assert outcome.verdict == "quiet"
        run_twice(self.model, before, lambda: RandomDriver(seed), max_steps=100_000)
        self.world = outcome.world
        return self

    def hold(self, stream: str, pid: str = "kcm") -> Cluster:
        """Deliver nothing of a stream until `release`."""
        self.do(Hold(self._informer(stream, pid)))
        return self

    def release(self, stream: str, pid: str = "kcm") -> Cluster:
        """Deliver again."""
        self.do(Release(self._informer(stream, pid)))
        return self

    def _informer(self, stream: str, pid: str) -> int:
        return self.world.first_informer[self.world.names[pid]] + self.model.program(pid).stream_index[stream]

    def check_fingerprint(self) -> None:
        assert recompute_fingerprint(self.model, self.world) == self.world.fingerprint

    # ---- looking

    def find(self, resource: str, key: str) -> dict[str, Any] | None:
        """The stored document of an object, or None."""
        stored = self.world.store.get(resource, key)
        return stored.document if stored is not None else None

    def get(self, resource: str, key: str) -> dict[str, Any]:
        """The stored document of an object that is there."""
        found = self.find(resource, key)
        assert found is not None, f"{resource} {key}"
        return found

    def names(self, resource: str) -> list[str]:
        """The keys of all objects of a resource."""
        return self.world.store.collection(resource).objects.keys()

    def memory(self, name: str) -> Any:
        """What the controller manager remembers."""
        return self.world.process("kcm").memory.get(name)

    def events(self, reason: str = "") -> list[str]:
        """ "Reason: message" of all events (of one reason)."""
        found = [stored.document for stored in self.world.store.collection("events").objects.values()]
        return [f"{each['reason']}: {each['message']}" for each in found if reason in ("", each["reason"])]

    def uid(self, resource: str, key: str) -> str:
        return str(self.get(resource, key)["metadata"]["uid"])

    def fate(self, resource: str) -> list[tuple[str, str]]:
        """(type, key) of the commits to a resource so far."""
        return [(change.type, change.key) for change in self.commits if change.resource == resource]


# ---- documents


def config_map(name: str, *owners: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    references = {"ownerReferences": list(owners)} if owners else {}
    return {"metadata": {"name": name, "namespace": "default", **references, **metadata}}


def secret(name: str, *owners: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return config_map(name, *owners, **metadata)


def pod(name: str, node: str = "n1", image: str = "nginx", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "default"}
    containers = [{"name": "c", "image": image}]
    return {"metadata": metadata, "spec": {"containers": containers, **({"nodeName": node} if node else {}), **spec}}


def node(name: str, zone: str = "", *, alive: bool = True, ready: str = "True") -> dict[str, Any]:
    labels = {"topology.kubernetes.io/zone": zone} if zone else {}
    annotations = {"fake/alive": "yes"} if alive else {}
    conditions = [{"type": "Ready", "status": ready, "reason": "KubeletReady", "message": "ok"}] if ready else []
    metadata = {"name": name, "labels": labels, "annotations": annotations}
    return {"metadata": metadata, "status": {"conditions": conditions}}


def lease(name: str) -> dict[str, Any]:
    spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": rfc3339_micro(EPOCH_MS)}
    return {"metadata": {"name": name, "namespace": "kube-node-lease"}, "spec": spec}


def add_nodes(cluster: Cluster, *documents: dict[str, Any]) -> Cluster:
    """Register nodes with their status and Lease."""
    for document in documents:
        name = document["metadata"]["name"]
        cluster.send(create("leases", lease(name)), create("nodes", document))
        cluster.send(patch("nodes", name, {"status": document["status"]}, "merge", "status"))
    return cluster


def kill(cluster: Cluster, *names: str) -> Cluster:
    """Silence kubelets."""
    for name in names:
        cluster.send(patch("nodes", name, {"metadata": {"annotations": {"fake/alive": None}}}, "merge"))
    return cluster


def revive(cluster: Cluster, *names: str) -> Cluster:
    """Let kubelets speak again: their nodes are ready."""
    for name in names:
        cluster.send(patch("nodes", name, {"metadata": {"annotations": {"fake/alive": "yes"}}}, "merge"))
        conditions = [
            {**found, "status": "True" if found["type"] == "Ready" else "False"}
            for found in cluster.get("nodes", name)["status"]["conditions"]
        ]
        cluster.send(patch("nodes", name, {"status": {"conditions": conditions}}, "merge", "status"))
    return cluster


def owner(document: dict[str, Any], **over: Any) -> dict[str, Any]:
    """An ownerReference to a stored object."""
    metadata = document["metadata"]
    base = {"apiVersion": document["apiVersion"], "kind": document["kind"], "name": metadata["name"]}
    return {**base, "uid": metadata["uid"], "blockOwnerDeletion": True, **over}
