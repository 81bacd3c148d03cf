"""A cluster of the real engine and API server with the Deployment and ReplicaSet controllers and a stand-in for kubelets.

The stand-in makes a pod Ready `START_MS` after it sees it (annotation `fake/start`: so many seconds; image `bad…`:
never), and confirms deletions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from refk8s.api.rest import Api
from refk8s.api.rest import genesis as fresh_store
from refk8s.api.store import Stored
from refk8s.controllers.deployment import DeploymentController
from refk8s.controllers.replicaset import ReplicaSetController
from refk8s.controllers.runtime import Controller, Handler, delete, update
from refk8s.core.action import Input
from refk8s.core.clock import rfc3339
from refk8s.core.flight import Cached, Now, Recall, Reconcile, Remember, Requeue, Retry
from refk8s.core.model import Model
from refk8s.core.process import Program
from refk8s.core.processes import add_process
from refk8s.core.step import Draft, genesis, step
from refk8s.core.wire import Request
from refk8s.core.world import World
from refk8s.explore.drivers import Driver
from refk8s.explore.run import run

EPOCH_MS = 1_767_225_600_000
START_MS = 150


@attrs.frozen(eq=False)
class Fakelet(Controller):
    """Starts and stops the containers of all pods."""

    name: str = "fakelet"

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        return (("pods", lambda hands, change: hands.enqueue("fakelet", change.key)),)

    def reconcile(self, key: str) -> Reconcile:
        pod = (yield Cached("pods")).get(key)
        if pod is None:
            return None
        document = pod.document
        if "deletionTimestamp" in document["metadata"]:
            yield delete("pods", key, gracePeriodSeconds=0)
            return None
        if document["status"]["phase"] != "Pending" or document["spec"]["containers"][0]["image"].startswith("bad"):
            return None
        annotations = document["metadata"].get("annotations") or {}
        start_ms = int(float(annotations.get("fake/start", START_MS / 1000)) * 1000)
        now_ms = yield Now()
        seen_ms = yield Recall(pod.uid)
        if seen_ms is None:
            yield Remember(pod.uid, now_ms)
            return Requeue(start_ms)
        if now_ms < seen_ms + start_ms:
            return None
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": rfc3339(now_ms)}
        body = {**document, "status": {**document["status"], "phase": "Running", "conditions": [ready]}}
        response = yield update("pods", body, "status")
        return None if response.ok else Retry(response.message)


class Cluster:
    """A world, and what a test does to it."""

    def __init__(self, api: Api | None = None, **controller_options: Any) -> None:
        self.api = api or Api()
        programs = {
            "apiserver": Program("apiserver", ()),
            "kcm": Program("kcm", (DeploymentController(), ReplicaSetController(**controller_options))),
            "fakelet": Program("fakelet", (Fakelet(),), rank=1),
            "user": Program("user", (), rank=2),
        }
        self.model = Model(
            api=self.api,
            program=lambda pid: programs[pid],
            agent=lambda pid: pid,
            is_heartbeat=lambda change: False,
            accept=lambda draft, payload: draft.post(draft.world.names["user"], payload),
            quiet_ms=0,
            epoch_ms=EPOCH_MS,
        )
        self.world: World = genesis(self.model, fresh_store(self.api, EPOCH_MS), self._fill)

    def _fill(self, draft: Draft) -> None:
        for pid in ("apiserver", "kcm", "fakelet", "user"):
            add_process(draft, pid, 0)

    def send(self, request: Request) -> Cluster:
        """Put a user's request on the wire."""
        self.world, _ = step(self.model, self.world, Input(request))
        return self

    def settle(self, driver: Driver | None = None, until: Callable[[World], bool] | None = None) -> Cluster:
        """Run until nothing is left to do (or `until`)."""
        outcome = run(self.model, self.world, driver, until=until, max_steps=100_000)
        assert outcome.verdict in ("quiet", "until"), outcome.verdict
        self.world = outcome.world
        return self

    def run_until(self, reached: Callable[[Cluster], bool]) -> Cluster:
        """Run until a condition on the cluster comes true; fails if it never does."""

        def until(world: World) -> bool:
            self.world = world
            return reached(self)

        outcome = run(self.model, self.world, until=until, max_steps=100_000)
        assert outcome.verdict == "until", outcome.verdict
        self.world = outcome.world
        return self

    def get(self, resource: str, name: str) -> dict[str, Any]:
        """The stored document of an object of namespace default."""
        stored = self.world.store.get(resource, f"default/{name}")
        assert stored is not None, f"{resource} {name}"
        document: dict[str, Any] = stored.document
        return document

    def all(self, resource: str) -> list[dict[str, Any]]:
        """The documents of all objects of a resource, by key."""
        stored: list[Stored] = self.world.store.collection(resource).objects.values()
        return [each.document for each in stored]

    def images(self) -> dict[str, int]:
        """How many pods that are not being deleted run each image."""
        found: dict[str, int] = {}
        for pod in self.all("pods"):
            if "deletionTimestamp" not in pod["metadata"]:
                image = pod["spec"]["containers"][0]["image"]
                found[image] = found.get(image, 0) + 1
        return found

    def sizes(self) -> dict[str, int]:
        """The wanted size of each ReplicaSet."""
        return {each["metadata"]["name"]: each["spec"]["replicas"] for each in self.all("replicasets")}

    def events(self, kind: str) -> list[str]:
        """Reason and message of the events about objects of a kind, in the order of their creation."""
        found = [each for each in self.all("events") if each["involvedObject"]["kind"] == kind]
        found.sort(
            key=lambda each: self.world.store.get("events", f"default/{each['metadata']['name']}").create_revision
        )
        return [f"{each['reason']}: {each['message']}" for each in found]


def deployment(image: str = "nginx:1", replicas: int = 3, **spec: Any) -> dict[str, Any]:
    """The manifest of Deployment d."""
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": image}]}}
    selector = {"matchLabels": {"app": "a"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"replicas": replicas, "selector": selector, "template": template} | spec,
    }


def create_deployment(**options: Any) -> Request:
    return Request("create", "deployments", "default", body=deployment(**options))


def patch_deployment(spec: dict[str, Any], **metadata: Any) -> Request:
    """A strategic merge patch of Deployment d."""
    body = {"spec": spec} | ({"metadata": metadata} if metadata else {})
    return Request("patch", "deployments", "default", "d", body=body, options={"patchType": "strategic"})


def set_image(image: str) -> Request:
    return patch_deployment({"template": {"spec": {"containers": [{"name": "c", "image": image}]}}})
