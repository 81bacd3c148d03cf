"""What pods promise: phases, conditions and restarts. Catalogue P1, P2, P5-P7."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from refk8s.api.store import ADDED, DELETED, Change
from refk8s.core.action import Action
from refk8s.core.delta import Delta
from refk8s.core.invariant import LIVENESS, SAFETY, AtQuiet, writes
from refk8s.core.model import Model
from refk8s.core.world import World
from refk8s.kubelet.machines import did_not_know

from . import SUITE

SPEC = "specs/kubelet.md"
KUBELET = "kubelet/"
TERMINAL = ("Succeeded", "Failed")


@SUITE.invariant(
    "POD-01",
    severity=SAFETY,
    on=writes("pods"),
    spec=SPEC,
    source="pkg/kubelet/kubelet_pods.go, generateAPIPodStatus; core/v1/types.go, PodPhase",
    catalogue="P1",
)
def a_terminal_phase_is_final(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """A pod's phase never leaves Succeeded or Failed.

    A kubelet's status that was on its way when somebody else (the pod garbage collector, or a kubelet before a restart) ended the pod may still arrive, as
    upstream; writes of users are theirs to answer for.
    """
    for change, was, now in _status_changes(delta):
        old, new = was.get("phase"), now.get("phase")
        if old not in TERMINAL or new == old or change.actor.startswith("user/"):
            continue
        if change.actor.startswith(KUBELET) and did_not_know(before, change):
            continue
        return f"pods/{change.key}: {change.actor} took the phase from {old} to {new}: expected {old} for ever"
    return None


@SUITE.invariant(
    "POD-02",
    severity=SAFETY,
    on=writes("pods"),
    spec="specs/apiserver.md",
    source="pkg/registry/core/pod/storage/storage.go, setPodNodeAndMetadata; core/validation, ValidatePodUpdate",
    catalogue="P2",
)
def a_pod_is_bound_at_most_once(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """spec.nodeName of a pod never changes once it is set."""
    for change in delta.commits:
        if change.resource != "pods" or change.prev is None or change.type == DELETED:
            continue
        spec, old = change.obj.document["spec"], change.prev.document["spec"]
        if spec is not old and old.get("nodeName") and spec.get("nodeName") != old["nodeName"]:
            return f"pods/{change.key}: {change.actor} moved it from {old['nodeName']} to {spec.get('nodeName')}: expected {old['nodeName']} for ever"
    return None


@SUITE.invariant(
    "POD-03",
    severity=SAFETY,
    on=writes("pods"),
    spec=SPEC,
    source="pkg/kubelet/status/status_manager.go, mergePodStatus (k#108594)",
    catalogue="P5",
)
def a_finished_pod_is_not_ready(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """No kubelet shows a pod with a terminal phase as Ready, or its containers as ready."""
    for change, _, now in _status_changes(delta):
        if now.get("phase") not in TERMINAL or not change.actor.startswith(KUBELET):
            continue
        for kind in ("Ready", "ContainersReady"):
            if _condition(now, kind) == "True":
                return f"pods/{change.key}: {change.actor} shows phase {now['phase']} with {kind} True: expected False"
    return None


@SUITE.invariant(
    "POD-04",
    severity=SAFETY,
    on=writes("pods"),
    spec=SPEC,
    source="pkg/kubelet/status/generate.go, GeneratePodReadyCondition",
    catalogue="P6",
)
def ready_means_containers_ready(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """In what a kubelet writes, Ready implies ContainersReady; without readiness gates it is the same.

    A kubelet that writes neither may leave what the node lifecycle controller has said of Ready meanwhile.
    """
    for change, was, now in _status_changes(delta):
        if not change.actor.startswith(KUBELET) or now.get("conditions") is was.get("conditions"):
            continue
        if all(_condition(now, kind) == _condition(was, kind) for kind in ("Ready", "ContainersReady")):
            continue
        ready, containers = _condition(now, "Ready") == "True", _condition(now, "ContainersReady") == "True"
        what = f"pods/{change.key}: {change.actor} shows"
        if ready and not containers:
            shown = _condition(now, "ContainersReady") or "absent"
            return f"{what} Ready True and ContainersReady {shown}: expected Ready False"
        if containers and not ready and not change.obj.document["spec"].get("readinessGates"):
            shown = _condition(now, "Ready") or "absent"
            return f"{what} ContainersReady True and Ready {shown} without a readiness gate: expected Ready True"
    return None


@SUITE.invariant(
    "POD-05",
    severity=LIVENESS,
    on=AtQuiet(),
    spec=SPEC,
    source="pkg/kubelet/status/generate.go, GeneratePodReadyCondition; KEP-580",
    catalogue="P6",
)
def ready_is_what_containers_and_gates_say(model: Model, world: World) -> str | None:
    """Once the cluster is quiet, a pod on a live node is Ready if and only if its containers are and every readiness gate's condition is True."""
    for stored in world.store.collection("pods").objects.values():
        spec, status = stored.document["spec"], stored.document["status"]
        if not _is_served(world, spec.get("nodeName")):
            continue
        gates = [gate["conditionType"] for gate in spec.get("readinessGates") or ()]
        wanted = all(_condition(status, kind) == "True" for kind in ("ContainersReady", *gates))
        if (_condition(status, "Ready") == "True") != wanted:
            known = ", ".join(f"{kind} {_condition(status, kind) or 'absent'}" for kind in ("ContainersReady", *gates))
            return (
                f"pods/{stored.key}: Ready is {_condition(status, 'Ready') or 'absent'} with {known}: expected {wanted}"
            )
    return None


@SUITE.invariant(
    "POD-06",
    severity=SAFETY,
    on=writes("pods"),
    spec=SPEC,
    source="pkg/kubelet/status/status_manager.go, checkContainerStateTransition; docs, Pod Lifecycle, restart policy",
    catalogue="P7",
)
def a_container_that_is_done_does_not_run_again(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """A container that has exited and is not to be restarted (policy Never; OnFailure after exit code 0) stays terminated."""
    for change, was, now in _status_changes(delta):
        spec = change.obj.document["spec"]
        if spec.get("restartPolicy", "Always") == "Always" or not change.actor.startswith(KUBELET):
            continue
        for name, code, state in _revived(spec, was, now):
            return (
                f"pods/{change.key}: container {name} had exited with {code} under restartPolicy {spec['restartPolicy']}, "
                f"and {change.actor} shows it {state}: expected terminated"
            )
    return None


def _revived(spec: Mapping[str, Any], was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, int, str]]:
    """(container, exit code, state now) of those that came back though their policy says no."""
    for field, kind in (("containerStatuses", "containers"), ("initContainerStatuses", "initContainers")):
        states = {entry["name"]: entry.get("state") or {} for entry in now.get(field) or ()}
        for entry in was.get(field) or ():
            ended = (entry.get("state") or {}).get("terminated")
            state = states.get(entry["name"])
            if ended is None or state is None or "terminated" in state:
                continue
            container: Mapping[str, Any] = next(
                (each for each in spec.get(kind) or () if each["name"] == entry["name"]), {}
            )
            policy = container.get("restartPolicy") or spec["restartPolicy"]
            code = ended.get("exitCode", 0)
            if container.get("restartPolicyRules") or policy == "Always" or (policy == "OnFailure" and code != 0):
                continue
            yield entry["name"], code, ", ".join(sorted(state)) or "waiting"


# ---- common


def _status_changes(delta: Delta) -> Iterator[tuple[Change, Mapping[str, Any], Mapping[str, Any]]]:
    """(change, status before, status after) of the pods whose status this step changed."""
    for change in delta.commits:
        if change.resource != "pods" or change.type == DELETED:
            continue
        now = change.obj.document.get("status") or {}
        was = {} if change.prev is None or change.type == ADDED else change.prev.document.get("status") or {}
        if now is not was:
            yield change, was, now


def _condition(status: Mapping[str, Any], kind: str) -> str:
    """The status of a condition, "" if it is absent."""
    for condition in status.get("conditions") or ():
        if condition["type"] == kind:
            return str(condition["status"])
    return ""


def _is_served(world: World, node: str | None) -> bool:
    """Whether a kubelet is up that sees to the pods of `node`."""
    p = world.names.get(f"{KUBELET}{node}") if node else None
    return p is not None and world.procs[p].alive and not world.stopped >> p & 1
