"""The taint eviction controller: deletes pods from nodes with a NoExecute taint that they do not tolerate (any longer).

`TaintEviction` decides who goes when: keys are "node NODE" and "pod NODE NAMESPACE/NAME". `PodDeleter` holds the clocks: a delayed key is a pod that goes
then. In memory: `tainted:NODE` = its NoExecute taints as of the last look; `evict:POD` = ms at which its deletion is due, RUNNING once it has begun;
`tries:POD`, failed tries of a deletion that has begun.

DEVIATES: upstream shards its two queues by node over eight workers, so that node and pod updates of a node follow each other. A decision here is one step, so
nothing needs sharding.

Source: pkg/controller/tainteviction/{taint_eviction,timed_workers}.go.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Final

import attrs

from ..api.store import DELETED, Change, Stored
from ..core.clock import rfc3339
from ..core.flight import Cached, Cancel, Enqueue, Now, Recall, Reconcile, Remember, Requeue
from ..core.hands import Hands
from ..core.wire import Response
from ..kinds.node import Node
from ..kinds.pod import Pod
from ..kinds.toleration import NO_EXECUTE, Taint, Toleration
from .disruption import DISRUPTION_TARGET, status_patch, with_condition
from .runtime import Controller, Handler, Recorder, delete, get, patch, split

NAME: Final = "tainteviction"
DELETER: Final = "tainteviction-delete"
COMPONENT: Final = "taint-eviction-controller"

RUNNING: Final = -1
TRIES: Final = 5
TRY_AFTER_MS: Final = 10

Step = Generator[Any, Any, None]


def no_execute_taints(taints: Sequence[Taint]) -> tuple[Taint, ...]:
    """The taints that evict."""
    return tuple(taint for taint in taints if taint.effect == NO_EXECUTE)


def used_tolerations(taints: Sequence[Taint], tolerations: Sequence[Toleration]) -> tuple[Toleration, ...] | None:
    """The first toleration for each taint, None if one of them has none. Source: pkg/apis/core/v1/helper/helpers.go, GetMatchingTolerations."""
    used: list[Toleration] = []
    for taint in taints:
        found = next((toleration for toleration in tolerations if toleration.tolerates(taint)), None)
        if found is None:
            return None
        used.append(found)
    return tuple(used)


def shortest_toleration_s(used: Sequence[Toleration]) -> int | None:
    """The seconds for which all of these tolerations hold, None for ever, 0 for none of them: getMinTolerationTime."""
    if not used:
        return 0
    limits = [used_s for toleration in used if (used_s := toleration.toleration_seconds) is not None]
    return max(min(limits), 0) if limits else None


@attrs.frozen(eq=False)
class TaintEviction(Controller):
    """Decides which pods leave a tainted node, and when."""

    name: str = NAME
    workers: int = 8
    recorder: Recorder = attrs.field(factory=lambda: Recorder(COMPONENT))

    # ---- what it watches, and how events map to keys

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Nodes and pods."""
        return (("nodes", self._on_node), ("pods", self._on_pod))

    def _on_node(self, hands: Hands, change: Change) -> None:
        """DEVIATES: a node without NoExecute taints that had none is not queued, because its turn would do nothing."""
        now = _no_execute_documents(change.obj) if change.type != DELETED else []
        was = _no_execute_documents(change.prev) if change.prev is not None and change.type != DELETED else None
        if now != was and (now or hands.recall(f"tainted:{change.key}") is not None):
            hands.enqueue(self.name, f"node {change.key}")

    def _on_pod(self, hands: Hands, change: Change) -> None:
        """DEVIATES: a pod on a node that is not tainted is not queued, nor the end of one that is not due, because their turns would do nothing."""
        pod, prev = change.obj.document["spec"], change.prev.document["spec"] if change.prev is not None else None
        node = pod.get("nodeName", "")
        if change.type == DELETED:
            if hands.recall(f"evict:{change.key}") is not None:
                hands.enqueue(self.name, f"pod {node} {change.key}")
            return
        if prev is not None and prev.get("nodeName", "") == node and prev.get("tolerations") == pod.get("tolerations"):
            return
        if node and hands.recall(f"tainted:{node}") is not None:
            hands.enqueue(self.name, f"pod {node} {change.key}")

    # ---- reconcile

    def reconcile(self, key: str) -> Reconcile:
        """Look at a node with its pods, or at one pod."""
        kind, _, rest = key.partition(" ")
        if kind == "node":
            yield from self.look_at_node(rest)
        else:
            node, _, pod = rest.partition(" ")
            yield from self.look_at_pod(node, pod)
        return None

    def look_at_node(self, name: str) -> Step:
        """Decide about all pods of a node by its taints as they are now: handleNodeUpdate."""
        node = (yield Cached("nodes")).get(name)
        if node is None:
            yield Remember(f"tainted:{name}", None)
            return
        taints = no_execute_taints(node.view(Node).spec.taints)
        yield Remember(f"tainted:{name}", taints or None)
        for pod in (yield Cached("pods")).by_node(name):
            if taints:
                yield from self.decide(pod, taints)
            else:
                yield from self.cancel(pod.key)

    def look_at_pod(self, node: str, key: str) -> Step:
        """Decide about one pod by the taints that its node was seen to have: handlePodUpdate."""
        pod = (yield Cached("pods")).get(key)
        if pod is None:
            yield from self.cancel(key)
            return
        taints = yield Recall(f"tainted:{node}")
        if taints is not None and pod.view(Pod).spec.node_name == node:
            yield from self.decide(pod, taints)

    # ---- decisions

    def decide(self, pod: Stored, taints: Sequence[Taint]) -> Step:
        """Delete the pod now, later or not at all: processPodOnNode.

        One that is due already stays due when it was: DEVIATES where two looks share a millisecond, because upstream's clock never stands still.
        """
        used = used_tolerations(taints, pod.view(Pod).spec.tolerations)
        if used is None:
            yield from self.cancel(pod.key)
            yield from self.schedule(pod.key, 0)
            return
        seconds = self.toleration_s(used)
        if seconds is None:
            yield from self.cancel(pod.key)
        elif (yield Recall(f"evict:{pod.key}")) is None:
            yield from self.schedule(pod.key, seconds * 1000)

    def toleration_s(self, used: Sequence[Toleration]) -> int | None:
        """How long the pod may stay, None for ever."""
        return shortest_toleration_s(used)

    def schedule(self, pod: str, after_ms: int) -> Step:
        """Have the pod deleted after `after_ms`, unless that is arranged already."""
        if (yield Recall(f"evict:{pod}")) is not None:
            return
        now_ms = yield Now()
        yield Remember(f"evict:{pod}", now_ms + after_ms if after_ms else RUNNING)
        yield Enqueue(DELETER, pod, after_ms=after_ms)

    def cancel(self, pod: str) -> Step:
        """Call the pod's deletion off, if it has not begun: cancelWorkWithEvent."""
        due_ms = yield Recall(f"evict:{pod}")
        if due_ms is None:
            return
        yield Remember(f"evict:{pod}", None)
        if due_ms != RUNNING:
            yield Cancel(DELETER, pod)
            message = f"Cancelling deletion of Pod {pod}"
            yield from self.recorder.emit(_about(pod), "Pod", "Normal", "TaintManagerEviction", message)


@attrs.frozen(eq=False)
class PodDeleter(Controller):
    """Deletes pods whose time has come: the condition DisruptionTarget first, then the deletion: deletePodHandler. Keys are pods."""

    name: str = DELETER
    workers: int = 64
    recorder: Recorder = attrs.field(factory=lambda: Recorder(COMPONENT))

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Nothing: its keys come from TaintEviction."""
        return ()

    def reconcile(self, key: str) -> Reconcile:
        """Try once to delete the pod `key`, if that was not called off or put off; after five tries 10 ms apart it is left alone."""
        due_ms = yield Recall(f"evict:{key}")
        if due_ms is None or due_ms > (yield Now()):
            return None
        yield Remember(f"evict:{key}", RUNNING)
        tries = yield Recall(f"tries:{key}", 0)
        if not tries:
            message = f"Marking for deletion Pod {key}"
            yield from self.recorder.emit(_about(key), "Pod", "Normal", "TaintManagerEviction", message)
        done = yield from self.evict(key)
        if not done and tries + 1 < TRIES:
            yield Remember(f"tries:{key}", tries + 1)
            return Requeue(TRY_AFTER_MS)
        yield Remember(f"tries:{key}", None)
        yield Remember(f"evict:{key}", None)
        return None

    def evict(self, key: str) -> Generator[Any, Any, bool]:
        """Set the condition DisruptionTarget and delete the pod; whether both went well: addConditionAndDeletePod."""
        reply: Response = yield get("pods", key)
        if not reply.ok:
            return False
        now = rfc3339((yield Now()))
        message = "Taint manager: deleting due to NoExecute taint"
        wanted = {"status": "True", "reason": "DeletionByTaintManager", "message": message}
        changed = with_condition(reply.obj.document, {"type": DISRUPTION_TARGET, **wanted}, now)
        if changed is not None:
            reply = yield patch("pods", key, status_patch(reply.obj.document, changed), subresource="status")
            if not reply.ok:
                return False
        reply = yield delete("pods", key)
        return reply.ok


def taint_eviction() -> tuple[Controller, ...]:
    """The controllers that make up the taint eviction controller."""
    return (TaintEviction(), PodDeleter())


def _no_execute_documents(node: Stored) -> list[Any]:
    return [taint for taint in node.document.get("spec", {}).get("taints") or () if taint["effect"] == NO_EXECUTE]


def _about(key: str) -> Stored:
    """What the events are about: as upstream, a pod by its name only."""
    namespace, name = split(key)
    metadata = {"namespace": namespace, "name": name, "uid": ""}
    return Stored(key, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}, 0, 0, 0)
