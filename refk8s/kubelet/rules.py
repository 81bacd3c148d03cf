"""What the kubelet decides, each decision in a method of its own: mutants replace one of them and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ..kinds.container import Container
from ..kinds.node import Node
from ..kinds.pod import Pod
from .actions import Actions, compute_actions
from .admission import Rejection, Share, Taken, admit
from .backoff import CRASH_LOOP, IMAGE_PULL, BackoffPolicy
from .behaviour import ANNOTATION, INIT, MAIN, NO_BEHAVIOURS, Behaviour, BehaviourError, Behaviours, check_annotation
from .phase import TERMINAL
from .records import Document, StatusEntry, Worker
from .runtime import Sandbox
from .status import generate, illegal_transition, merged, terminated
from .statuses import Scene


@attrs.frozen(eq=False)
class Rules:
    """The decisions of a kubelet.

    `retry_ms`: how long it waits after a sync that failed (backOffPeriod); `room_ms`: until it looks again whether pods that are gone have given back what
    they took (the tick of syncLoop).
    """

    behaviours: Behaviours = NO_BEHAVIOURS
    crash_loop: BackoffPolicy = CRASH_LOOP
    image_pull: BackoffPolicy = IMAGE_PULL
    retry_ms: int = 10_000
    room_ms: int = 1_000

    def admit(self, pod: Pod, share: Share, node: Node, taken: Taken) -> tuple[Rejection, ...]:
        """Why the pod, which takes `share`, may not run here; () if it may."""
        return admit(pod, share, node, taken)

    def actions(self, pod: Pod, sandbox: Sandbox | None, now_ms: int) -> Actions:
        """What to do about a pod."""
        return compute_actions(pod, sandbox, now_ms)

    def status(self, scene: Scene, host_ip: str, *, is_terminal: bool) -> Document:
        """The status of a pod, phase and conditions included."""
        return generate(scene, host_ip, is_terminal=is_terminal)

    def last_status(self, pod: Pod, api: Mapping[str, Any], status: Document) -> Document:
        """The status of a pod whose containers have stopped for good; `api` is what the API server shows."""
        return terminated(pod, api, status)

    def may_show(self, old: Mapping[str, Any], new: Mapping[str, Any], pod: Pod) -> bool:
        """Whether a status may follow another one: no container comes back from the dead against its restart policy."""
        return not illegal_transition(old, new, pod)

    def merge(self, api: Mapping[str, Any], status: Document, now: str, *, could_run: bool) -> Document:
        """The status to send, given the one that the API server has."""
        return merged(api, status, now, could_run=could_run)

    def releases(self, worker: Worker | None, *, gone: bool) -> bool:
        """Whether what a pod has taken from the node is free again: when its containers have stopped (None: and it has been forgotten).

        `gone`: the API server does not know it any more.

        DEVIATES: upstream forgets what a force-deleted pod takes at once, which its own comment calls a bug (k#104824). So that the scheduler, which has
        forgotten it too, does not send one pod after the other to be rejected, a pod that lacks nothing but such room waits for it (Turn.admit).
        """
        del gone
        return worker is None or worker.is_terminated

    def may_delete(self, document: Mapping[str, Any], entry: StatusEntry) -> bool:
        """Whether the pod may be removed from the API server: it is to be deleted, its containers have stopped, and its terminal phase is stored.

        Source: status_manager.go, canBeDeleted.
        """
        return (
            bool(document["metadata"].get("deletionTimestamp"))
            and document.get("status", {}).get("phase") in TERMINAL
            and entry.finished
        )

    def behaviour(self, pod: Pod, container: Container, *, init: bool) -> Behaviour:
        """What a container does; `init`: it is a plain init container. A malformed annotation counts as none (an event tells it)."""
        annotation = pod.metadata.annotations.get(ANNOTATION, "")
        if not annotation and not self.behaviours.rules:
            return INIT if init else MAIN
        key = f"{pod.metadata.namespace}/{pod.metadata.name}"
        try:
            return self.behaviours.of(key, annotation, container.name, container.image, init=init)
        except BehaviourError:
            return self.behaviours.of(key, "", container.name, container.image, init=init)

    def misbehaviour(self, pod: Pod) -> str:
        """What is wrong with the pod's annotation about its behaviour, "" if nothing."""
        try:
            check_annotation(pod.metadata.annotations.get(ANNOTATION, ""))
        except BehaviourError as error:
            return f"{ANNOTATION}: {error}"
        return ""


RULES = Rules()
