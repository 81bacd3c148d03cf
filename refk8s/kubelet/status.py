"""The status of a pod: what the kubelet computes from the runtime, and what of it may go to the API server.

Source: pkg/kubelet/kubelet_pods.go (generateAPIPodStatus, convertStatusToAPIStatus), pkg/kubelet/status/status_manager.go (updateStatusInternal,
TerminatePod, mergePodStatus).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..core.clock import rfc3339
from ..kinds.pod import Pod
from ..kinds.resources import pod_qos
from .conditions import CONTAINERS_READY, INITIALIZED, KUBELETS, READY, Verdict, condition_document, owned
from .demand import demand
from .phase import FAILED, SUCCEEDED, TERMINAL, get_phase
from .restart import is_sidecar, should_restart
from .statuses import Document, Scene, container_statuses, lost

DISRUPTION_TARGET: Final = "DisruptionTarget"

NOT_LOCATED: Final = "The container could not be located when the pod was terminated"


def generate(scene: Scene, host_ip: str, *, is_terminal: bool) -> Document:
    """The status of a pod. `is_terminal`: its containers have been stopped and will not start again.

    A terminal phase, once shown by `scene.old` or by the API, stays. Source: generateAPIPodStatus.
    """
    pod, old, shown = scene.pod, scene.old, scene.document["status"]
    mains, inits = container_statuses(scene)
    started = any(scene.sandbox.find(container.name) for container in pod.spec.containers)
    phase = keep_terminal(
        get_phase(pod.spec, [*mains, *inits], is_terminal=is_terminal, has_started=started and scene.sandbox.ready),
        str(old.get("phase", "")),
        str(shown.get("phase", "")),
    )
    if scene.evicted is not None and shown.get("phase") not in TERMINAL:
        phase = FAILED
    made: Document = {}
    if pod.metadata.generation:
        made["observedGeneration"] = pod.metadata.generation
    made["phase"] = phase
    made["conditions"] = _conditions(scene, [*inits, *mains], phase)
    if phase == old.get("phase"):
        for field in ("reason", "message"):
            value = old.get(field) or shown.get(field)
            if value:
                made[field] = value
    if scene.evicted is not None:
        made["reason"], made["message"] = scene.evicted
    _addresses(made, scene, host_ip)
    made["startTime"] = old.get("startTime") or rfc3339(scene.now_ms)
    if inits:
        made["initContainerStatuses"] = inits
    made["containerStatuses"] = mains
    made["qosClass"] = pod_qos(pod)
    _pod_level_resources(made, scene.document)
    return made


def keep_terminal(phase: str, cached: str, api: str) -> str:
    """The phase to show: a terminal one that was shown before stays, that of the API server first of all."""
    if api in TERMINAL:
        return api
    if phase in TERMINAL:
        return phase
    return cached if cached in TERMINAL else phase


def _conditions(scene: Scene, statuses: list[Document], phase: str) -> list[Document]:
    foreign = [c for c in scene.document["status"].get("conditions") or () if c["type"] not in KUBELETS]
    old = {condition["type"]: condition for condition in scene.old.get("conditions") or ()}
    was = INITIALIZED in old and old[INITIALIZED]["status"] == "True"
    now = rfc3339(scene.now_ms)
    generation = scene.pod.metadata.generation
    verdicts = owned(scene.pod, statuses, phase, foreign, sandbox=scene.sandbox.ready, was_initialized=was)
    made = [condition_document(kind, verdict, generation, old, now) for kind, verdict in verdicts]
    return [*foreign, *made] if foreign else made


def _addresses(made: Document, scene: Scene, host_ip: str) -> None:
    made["hostIP"] = host_ip
    made["hostIPs"] = [{"ip": host_ip}]
    ip = host_ip if scene.pod.spec.host_network else scene.sandbox.ip
    if ip:
        made["podIP"] = ip
        made["podIPs"] = [{"ip": ip}]


def _pod_level_resources(made: Document, document: Mapping[str, Any]) -> None:
    """The pod's resources as a whole. Source: KEP-5419, getEffectiveAllocatedResources.

    DEVIATES: the numbers are the spec's even while the pod runs, because there are no cgroups to read them back from (upstream's may be rounded).
    """
    asked = demand(document)
    resources: Document = {}
    if asked.limits:
        resources["limits"] = asked.limits
    if asked.requests:
        resources["requests"] = asked.requests
        made["allocatedResources"] = asked.requests
    made["resources"] = resources


def rejected(pod: Pod, reason: str, message: str, start_time: str) -> Document:
    """The status of a pod that was not admitted. Source: rejectPod."""
    made: Document = {"observedGeneration": pod.metadata.generation} if pod.metadata.generation else {}
    return {
        **made,
        "phase": FAILED,
        "message": f"Pod was rejected: {message}",
        "reason": reason,
        "startTime": start_time,
        "qosClass": pod_qos(pod),
    }


def terminated(pod: Pod, api: Mapping[str, Any], status: Document) -> Document:
    """The last status of a pod: whatever is not known to have ended is taken to have failed, and the phase is terminal. `api`: what the API server shows.

    Source: TerminatePod.
    """
    made = dict(status)
    if _has_initialized(pod, api):
        made["containerStatuses"] = [_ended(container) for container in status.get("containerStatuses") or ()]
    inits = status.get("initContainerStatuses")
    if inits:
        last = max((n for n, c in enumerate(inits) if _has_run(c)), default=0)
        made["initContainerStatuses"] = [_ended(c) if n <= last else c for n, c in enumerate(inits)]
    if made["phase"] not in TERMINAL:
        made["phase"] = FAILED
    return made


def _ended(status: Document) -> Document:
    if "terminated" in status["state"]:
        return status
    return {**status, "state": {"terminated": lost(NOT_LOCATED)}}


def _has_run(status: Mapping[str, Any]) -> bool:
    return "waiting" not in status["state"] or "terminated" in status["lastState"]


def _has_initialized(pod: Pod, api: Mapping[str, Any]) -> bool:
    """Whether the API server has seen a sign that the pod's init containers were done. Source: hasPodInitialized."""
    inits = pod.spec.init_containers
    if not inits or any(_has_run(status) for status in api.get("containerStatuses") or ()):
        return True
    shown = api.get("initContainerStatuses")
    if not shown:
        return False
    last = shown[-1]
    if is_sidecar(inits[len(shown) - 1]):
        return "running" in last["state"] and bool(last.get("started"))
    ends = [last[field].get("terminated") for field in ("lastState", "state")]
    return any(end is not None and not end["exitCode"] for end in ends)


def illegal_transition(old: Mapping[str, Any], new: Mapping[str, Any], pod: Pod) -> str:
    """The name of a container that would come back from the dead against its restart policy, or "". Source: checkContainerStateTransition."""
    if pod.spec.restart_policy == "Always":
        return ""
    for field, containers in (
        ("containerStatuses", pod.spec.containers),
        ("initContainerStatuses", [c for c in pod.spec.init_containers if not is_sidecar(c)]),
    ):
        named = {container.name: container for container in containers}
        now = {status["name"]: status for status in new.get(field) or ()}
        for was in old.get(field) or ():
            ended = was["state"].get("terminated")
            container = named.get(was["name"])
            if ended is None or container is None or should_restart(container, pod.spec, ended["exitCode"]):
                continue
            if was["name"] in now and "terminated" not in now[was["name"]]["state"]:
                return str(was["name"])
    return ""


def merged(api: Mapping[str, Any], status: Document, now: str, *, could_run: bool) -> Document:
    """The status to send, given the one that the API server has now. Source: mergePodStatus.

    Conditions of others stay. `could_run`: containers may still be running, and then the phase must not become terminal yet.
    """
    ends = api.get("phase") not in TERMINAL and status["phase"] in TERMINAL
    conditions = [c for c in api.get("conditions") or () if c["type"] not in KUBELETS]
    for condition in status.get("conditions") or ():
        kind = condition["type"]
        if kind in KUBELETS:
            conditions.append(condition)
        elif kind == DISRUPTION_TARGET and ends and not could_run:
            conditions = [c for c in conditions if c["type"] != kind] + [{**condition, "lastTransitionTime": now}]
    made = {**status}
    if conditions:
        made["conditions"] = conditions
    else:
        made.pop("conditions", None)
    for field in (
        "resourceClaimStatuses",
        "extendedResourceClaimStatus",
        "nodeAllocatableResourceClaimStatuses",
        "nominatedNodeName",
        "resize",
    ):
        made.pop(field, None)
        if field in api and field not in ("nominatedNodeName", "resize"):
            made[field] = api[field]
    if ends and could_run:
        _copy(made, api, "phase", "reason", "message")
    if made["phase"] in TERMINAL:
        _not_ready(made, now)
    return made


def _copy(made: Document, source: Mapping[str, Any], *fields: str) -> None:
    for field in fields:
        made.pop(field, None)
        if field in source:
            made[field] = source[field]


def _not_ready(made: Document, now: str) -> None:
    """A pod with a terminal phase is never shown ready. Source: k#108594."""
    conditions = made.get("conditions") or []
    if not any(c["type"] in (READY, CONTAINERS_READY) and c["status"] == "True" for c in conditions):
        return
    verdict: Verdict = ("False", "PodCompleted" if made["phase"] == SUCCEEDED else "PodFailed", "")
    old = {c["type"]: c for c in conditions}
    made["conditions"] = [
        condition_document(c["type"], verdict, c.get("observedGeneration", 0), old, now)
        if c["type"] in (READY, CONTAINERS_READY)
        else c
        for c in conditions
    ]
