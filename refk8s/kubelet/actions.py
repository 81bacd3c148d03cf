"""What a sync of a pod has to do: which containers to stop and which to start.

Source: pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions), kuberuntime_container.go (computeInitContainerActions).
"""

from __future__ import annotations

from typing import Final

import attrs

from ..kinds.container import Container
from ..kinds.pod import Pod
from .probes import FAILURE, SUCCESS, health
from .restart import is_sidecar, should_restart
from .runtime import Instance, Sandbox


@attrs.frozen
class Stop:
    """A container to stop, and what the event says; `probe` is the one that failed ("liveness", "startup"), or ""."""

    name: str
    message: str
    probe: str = ""


@attrs.frozen
class Actions:
    """What to do, in this order. `stop_pod`: everything is to be stopped, the network too; `create`: the network is to be made."""

    stop_pod: bool = False
    create: bool = False
    stops: tuple[Stop, ...] = ()
    starts: tuple[str, ...] = ()


NO_ACTIONS: Final = Actions()


def compute_actions(pod: Pod, sandbox: Sandbox | None, now_ms: int) -> Actions:
    """The actions that bring a pod nearer to what its spec asks for."""
    if sandbox is None or not sandbox.ready:
        return _anew(pod, sandbox, now_ms)
    stops: list[Stop] = []
    starts: list[str] = []
    if pod.spec.init_containers:
        verdict = _inits(pod, sandbox, now_ms, stops, starts)
        if verdict is None:
            return Actions(stop_pod=True)
        if not verdict:
            return Actions(stops=tuple(stops), starts=tuple(starts))
    kept = mains = 0
    for container in pod.spec.containers:
        run = sandbox.find(container.name)
        if run is None or not run.runs(now_ms):
            if run is None or should_restart(container, pod.spec, run.exit_code):
                starts.append(container.name)
                mains += 1
            continue
        stop = _reason_to_stop(container, run, now_ms)
        if stop is None:
            kept += 1
            continue
        if _restarts_on_failure(pod, container) or "definition changed" in stop.message:
            stop = attrs.evolve(stop, message=f"{stop.message}, will be restarted")
            starts.append(container.name)
            mains += 1
        stops.append(stop)
    if not kept and not mains:
        return Actions(stop_pod=True)
    if not stops and not starts:
        return NO_ACTIONS
    return Actions(stops=tuple(stops), starts=tuple(starts))


def _anew(pod: Pod, sandbox: Sandbox | None, now_ms: int) -> Actions:
    """The actions of a pod without a network: it starts from the beginning, unless it is done."""
    spec = pod.spec
    if sandbox is not None and sandbox.instances and spec.restart_policy == "Never":
        return Actions(stop_pod=True)
    starts = []
    for container in spec.containers:
        run = sandbox.find(container.name) if sandbox is not None else None
        policy = container.restart_policy or spec.restart_policy
        if policy == "OnFailure" and run is not None and not run.runs(now_ms) and not run.exit_code:
            continue
        starts.append(container.name)
    if not starts and sandbox is not None and any(sandbox.find(container.name) for container in spec.containers):
        return Actions(stop_pod=True)
    if spec.init_containers:
        starts = [spec.init_containers[0].name]
    return Actions(stop_pod=sandbox is not None, create=True, starts=tuple(starts))


def _restarts_on_failure(pod: Pod, container: Container) -> bool:
    return (container.restart_policy or pod.spec.restart_policy) != "Never"


def _reason_to_stop(container: Container, run: Instance, now_ms: int, what: str = "Container") -> Stop | None:
    """Why a running container has to be stopped, or None."""
    if run.image != container.image:
        return Stop(container.name, f"{what} {container.name} definition changed")
    found = health(container, run, now_ms)
    if found.liveness is not None and found.liveness.result == FAILURE:
        return Stop(container.name, f"{what} {container.name} failed liveness probe", "liveness")
    if found.startup is not None and found.startup.result == FAILURE:
        return Stop(container.name, f"{what} {container.name} failed startup probe", "startup")
    return None


def _inits(pod: Pod, sandbox: Sandbox, now_ms: int, stops: list[Stop], starts: list[str]) -> bool | None:
    """Whether the pod has been initialized; None if it never will be. Adds what to do about init containers to `stops` and `starts`.

    The last init container that has run tells how far the pod has come, since earlier ones may be forgotten.
    """
    inits = pod.spec.init_containers
    done = any((run := sandbox.find(c.name)) is not None and run.runs(now_ms) for c in pod.spec.containers)
    passed = done
    wanted: list[int] = []
    for number in range(len(inits) - 1, -1, -1):
        container = inits[number]
        run = sandbox.find(container.name)
        sidecar = is_sidecar(container)
        if run is None:
            if passed and sidecar:
                wanted.append(number)
            continue
        if passed and not sidecar:
            continue
        finished = False
        if run.runs(now_ms):
            if sidecar:
                finished = _sidecar_has_started(container, run, now_ms)
                stop = _reason_to_stop(container, run, now_ms, "Init container")
                if stop is not None and (finished or stop.probe == "startup"):
                    stops.append(stop)
                    wanted.append(number)
        elif sidecar:
            wanted.append(number)
        elif run.exit_code:
            if not should_restart(container, pod.spec, run.exit_code):
                return None
            wanted.append(number)
        else:
            finished = True
        if finished:
            if number == len(inits) - 1:
                done = True
            elif not passed:
                wanted.append(number + 1)
        passed = True
    if not passed:
        wanted.append(0)
    starts.extend(inits[number].name for number in sorted(set(wanted)))
    return done


def _sidecar_has_started(container: Container, run: Instance, now_ms: int) -> bool:
    if container.startup_probe is None:
        return True
    found = health(container, run, now_ms).startup
    return found is not None and found.result == SUCCESS
