"""Stopping a pod: the grace period that it really gets, and when each of its containers ends.

Source: pkg/kubelet/pod_workers.go (calculateEffectiveGracePeriod), kuberuntime/kuberuntime_container.go (killContainer),
kuberuntime_termination_order.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..kinds.container import Container
from ..kinds.meta import ObjectMeta
from ..kinds.pod import Pod, PodSpec
from .behaviour import Behaviour
from .restart import is_sidecar
from .runtime import Instance, Sandbox

MINIMUM_GRACE_S: Final = 2
"""What every container gets, even without a grace period. Source: minimumGracePeriodInSeconds."""

BehaviourOf = Callable[[Container], Behaviour]


def effective_grace_s(metadata: ObjectMeta, spec: PodSpec, now_s: int) -> int:
    """The grace period in seconds, at least one; once it is set (`now_s`, 0: not yet), it can only become shorter."""
    override = metadata.deletion_grace_period_seconds
    if override is not None and (now_s == 0 or override < now_s):
        return max(override, 1)
    if override is None and now_s == 0 and spec.termination_grace_period_seconds is not None:
        return max(spec.termination_grace_period_seconds, 1)
    return max(now_s, 1)


def stop_pod(pod: Pod | None, sandbox: Sandbox, grace_s: int, behaviour: BehaviourOf, now_ms: int) -> Sandbox:
    """The pod after a request to stop all of its containers: main containers at once, then sidecars, the last one first.

    `pod` is None if nothing but the runtime knows it.
    """
    grace_ms = grace_s * 1_000
    running = {instance.name: instance for instance in sandbox.running(now_ms)}
    if pod is None:
        for instance in running.values():
            sandbox = sandbox.replace(instance, instance.stopped(now_ms, 0, max(grace_ms, MINIMUM_GRACE_S * 1_000)))
        return sandbox
    turn_ms = now_ms
    mains = {container.name for container in pod.spec.containers}
    sidecars = [container for container in reversed(pod.spec.init_containers) if is_sidecar(container)]
    others = [container for container in pod.spec.init_containers if not is_sidecar(container)]
    for container in (*pod.spec.containers, *others, *sidecars):
        if container.name not in running:
            continue
        instance = running[container.name]
        wait_ms = min(turn_ms - now_ms, grace_ms) if is_sidecar(container) and container.name not in mains else 0
        stopped = stop_container(container, instance, grace_ms - wait_ms // 1_000 * 1_000, behaviour, now_ms, wait_ms)
        sandbox = sandbox.replace(instance, stopped)
        if container.name in mains or is_sidecar(container):
            turn_ms = max(turn_ms, stopped.exit_ms)
    return sandbox


def stop_container(
    container: Container, run: Instance, grace_ms: int, behaviour: BehaviourOf, now_ms: int, wait_ms: int = 0
) -> Instance:
    """The run of a container that is asked to stop in `wait_ms`: first the preStop hook, then SIGTERM, at the end of the grace period SIGKILL."""
    hook_ms = min(_pre_stop_ms(container, behaviour), grace_ms) if grace_ms > 0 else 0
    left_ms = max(grace_ms - hook_ms, MINIMUM_GRACE_S * 1_000)
    return run.stopped(now_ms, wait_ms + hook_ms, left_ms)


def _pre_stop_ms(container: Container, behaviour: BehaviourOf) -> int:
    hook = container.lifecycle.pre_stop if container.lifecycle is not None else None
    if hook is None:
        return 0
    return hook.sleep.seconds * 1_000 if hook.sleep is not None else behaviour(container).pre_stop_ms


def probe_grace_s(pod: Pod, container: Container, probe: str) -> int:
    """The grace period of a container that a probe has failed. Source: setTerminationGracePeriod."""
    if pod.metadata.deletion_grace_period_seconds is not None:
        return pod.metadata.deletion_grace_period_seconds
    failed = container.startup_probe if probe == "startup" else container.liveness_probe if probe else None
    if failed is not None and failed.termination_grace_period_seconds is not None:
        return failed.termination_grace_period_seconds
    spec_s = pod.spec.termination_grace_period_seconds
    return MINIMUM_GRACE_S if spec_s is None else spec_s
