"""The scheduler as a process: what it does when answers are lost or refused, or come late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from refk8s.core.action import Action, AdvanceTo, Serve
from refk8s.core.enabled import enabled, first, is_quiet, label
from refk8s.core.flight import Enqueue, Now, Recall, Remember
from refk8s.core.step import step
from refk8s.core.world import World
from refk8s.explore.cluster import build
from refk8s.scenarios.format import from_data
from refk8s.scheduler.nodeinfo import PodInfo
from refk8s.scheduler.plugins import default_profile
from refk8s.scheduler.program import Flush
from refk8s.scheduler.queue import ACTIVE, BACKOFF, EMPTY_QUEUE, Queue
from refk8s.scheduler.rules import ProfileRules, Profiles
from tests.unit.scheduler.build import pod

RULES = ProfileRules(Profiles.of(default_profile()))
HEADER = {"apiVersion": "refk8s.dev/v1", "kind": "Scenario", "metadata": {"name": "scheduling"}}


def ask(queue: Queue, key: str, now_ms: int) -> list[Any]:
    """What the flush of a pod does: the queue that it remembers, the timers that it sets as (ms, periodic)."""
    generator = Flush(profiles=RULES.profiles).reconcile(key)
    told: list[Any] = []
    answer: Any = None
    while True:
        try:
            effect = generator.send(answer)
        except StopIteration:
            return told
        answer = now_ms if isinstance(effect, Now) else None
        if isinstance(effect, Recall):
            answer = queue if effect.name == "queue" else effect.default
        if isinstance(effect, Remember):
            told.append(effect.value)
        elif isinstance(effect, Enqueue) and effect.controller == "flush":
            told.append((effect.after_ms, effect.periodic))


def failed(queue: Queue, info: PodInfo, now_ms: int, *rejectors: str) -> Queue:
    head = queue.head()
    assert head is not None
    return queue.take(RULES, head).unschedulable(RULES, info.key, rejectors, now_ms)


def test_a_timer_left_from_an_earlier_stay_does_not_end_a_later_back_off() -> None:
    info = pod()
    queue = failed(EMPTY_QUEUE.add(RULES, info, 0), info, 800)
    assert queue.pods[info.key].state == BACKOFF
    assert ask(queue, info.key, 1_000) == [(1_000, False)]
    moved = ask(queue, info.key, 2_000)[0]
    assert moved.pods[info.key].state == ACTIVE


def test_a_timer_left_from_a_back_off_does_not_cancel_the_five_minutes_of_a_parked_pod() -> None:
    info = pod()
    queue = failed(EMPTY_QUEUE.add(RULES, info, 0), info, 800, "NodeResourcesFit")
    assert ask(queue, info.key, 1_000) == [(299_800, True)]


class Cluster:
    """One node of 1 CPU, and a user who asks for more and then takes it back."""

    def __init__(self, *steps: dict[str, Any]) -> None:
        spec = {"nodes": [{"name": "node-1", "cpu": "1"}], "users": {"ann": list(steps)}}
        self.model, self.world = build(from_data({**HEADER, "spec": spec}).cluster)

    def until(self, condition: Callable[[World], bool], choose: Callable[[], Action | None] | None = None) -> Cluster:
        for _ in range(3_000):
            if condition(self.world):
                return self
            action = choose() if choose is not None else None
            action = action or first(self.world)
            assert action is not None
            self.world, _ = step(self.model, self.world, action)
        raise AssertionError("it does not happen")

    def serving(self, words: str) -> Serve | None:
        """The request with these words in its label that waits to be served."""
        for action in enabled(self.world):
            if type(action) is Serve and words in label(self.model, self.world, action):
                return action
        return None

    def is_quiet(self, world: World) -> bool:
        return is_quiet(self.model, world)

    def condition(self) -> str:
        stored = self.world.store.get("pods", "default/web")
        assert stored is not None
        found = [c for c in stored.document["status"].get("conditions") or () if c["type"] == "PodScheduled"]
        return str(found[0]["status"]) if found else ""


def web(cpu: str) -> dict[str, Any]:
    container = {"name": "web", "image": "web:1", "resources": {"requests": {"cpu": cpu}}}
    document = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [container]}}
    return {"create": {"documents": [document]}}


def test_a_pod_says_why_it_waits_though_the_first_report_was_refused() -> None:
    cluster = Cluster(web("2"))
    cluster.until(lambda world: cluster.serving("patch pods/status") is not None)
    refused = cluster.serving("patch pods/status")
    assert refused is not None
    cluster.world, _ = step(cluster.model, cluster.world, refused._replace(reject=429))
    cluster.until(cluster.is_quiet)
    assert cluster.condition() == "False"


def test_a_binding_waits_for_the_report_of_an_earlier_failure() -> None:
    wait = {"wait": {"resource": "nodes", "name": "node-1"}}
    cordoned = Cluster(wait, {"cordon": {"name": "node-1"}}, web("500m"), {"uncordon": {"name": "node-1"}})

    def late() -> Action | None:
        """Everything but the report, as long as there is something else."""
        report = cordoned.serving("patch pods/status default/web")
        others = [a for a in enabled(cordoned.world) if a != report and type(a) is not AdvanceTo]
        return others[0] if others and report is not None else None

    cordoned.until(lambda world: cordoned.serving("patch pods/status default/web") is not None)
    seen: list[str] = []

    def bound(world: World) -> bool:
        seen.append(cordoned.condition())
        return seen[-1] == "True"

    cordoned.until(bound, late).until(cordoned.is_quiet)
    assert "False" in seen
    assert cordoned.condition() == "True"


def crowded() -> tuple[Cluster, Callable[[World], list[str]]]:
    """A cluster in which the binding of one pod is on its way, and another one waits for the room; and the states of its pods in the queue."""

    def named(name: str) -> dict[str, Any]:
        (document,) = web("1")["create"]["documents"]
        return {**document, "metadata": {"name": name}}

    ready = {"wait": {"resource": "nodes", "name": "node-1", "field": "spec.taints", "value": None}}
    cluster = Cluster(
        ready, {"create": {"documents": [named("web"), named("late")]}}, {"delete": {"resource": "pods", "name": "web"}}
    )

    def states(world: World) -> list[str]:
        queue: Queue = world.process("kube-scheduler").memory.get("queue", EMPTY_QUEUE)
        return sorted(entry.state for entry in queue.pods.values())

    def is_full(world: World) -> bool:
        return states(world) == ["in flight", "unschedulable"] and cluster.serving("pods/binding") is not None

    return cluster.until(is_full, all_but(cluster, "pods/binding", "delete pods")), states


def all_but(cluster: Cluster, *kept_back: str) -> Callable[[], Action | None]:
    """The first action whose label has none of these words."""

    def choose() -> Action | None:
        names = [(action, label(cluster.model, cluster.world, action)) for action in enabled(cluster.world)]
        return next(action for action, name in names if not any(words in name for words in kept_back))

    return choose


def test_a_refused_binding_wakes_the_pods_that_wait_for_its_room() -> None:
    cluster, states = crowded()
    binding = cluster.serving("pods/binding")
    assert binding is not None
    cluster.world, _ = step(cluster.model, cluster.world, binding._replace(reject=500))
    cluster.until(lambda world: "in flight" not in states(world))
    assert "unschedulable" not in states(cluster.world)


def test_the_deletion_of_an_assumed_pod_wakes_the_pods_that_wait_for_its_room() -> None:
    cluster, states = crowded()
    cluster.until(lambda world: len(states(world)) == 1, all_but(cluster, "pods/binding"))
    assert states(cluster.world) != ["unschedulable"]
