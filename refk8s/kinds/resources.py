"""What a pod asks for: requests and limits over all its containers, the scheduler's numbers, the QoS class.

Source: staging/src/k8s.io/component-helpers/resource/helpers.go; pkg/scheduler/framework/types.go, CalculateResource;
pkg/apis/core/v1/helper/{helpers,qos/qos}.go.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import attrs

from refk8s.kinds.codec import EMPTY, ResourceList
from refk8s.kinds.container import Container
from refk8s.kinds.names import label_key
from refk8s.kinds.pod import Pod
from refk8s.kinds.quantity import Quantity

__all__ = [
    "CPU",
    "EPHEMERAL_STORAGE",
    "MEMORY",
    "PODS",
    "Amounts",
    "amounts",
    "compute_qos",
    "is_scalar",
    "non_zero_amounts",
    "placed_requests",
    "pod_limits",
    "pod_qos",
    "pod_requests",
]

CPU = "cpu"
MEMORY = "memory"
EPHEMERAL_STORAGE = "ephemeral-storage"
PODS = "pods"

_DEFAULTS: ResourceList = {CPU: Quantity.of(100, exponent=-3), MEMORY: Quantity.of(200 * 1024 * 1024)}
_UNSET = Quantity(format="")

_Part = Callable[[Container, bool], ResourceList]


@attrs.frozen
class Amounts:
    """A resource list as the scheduler counts it: CPU in millicores, memory and storage in bytes; others by name."""

    milli_cpu: int = 0
    memory: int = 0
    ephemeral_storage: int = 0
    allowed_pod_number: int = 0
    scalar: Mapping[str, int] = EMPTY


def pod_requests(
    pod: Pod,
    *,
    use_status: bool = False,
    overhead: bool = True,
    pod_level: bool = True,
    missing: ResourceList = EMPTY,
) -> dict[str, Quantity]:
    """Return what a pod requests: its containers, sidecars and the largest init step, pod level and overhead on top.

    `use_status`: resources that a resize has allocated or applied count as well (InPlacePodVerticalScaling and its
    pod-level sibling). `missing`: what a container without a request for a resource counts as.
    """
    statuses, infeasible = _resize_state(pod) if use_status else ({}, False)

    def part(container: Container, resizable: bool) -> ResourceList:
        requests = container.resources.requests
        if resizable and container.name in statuses:
            actual, allocated = statuses[container.name]
            requests = _largest(EMPTY if infeasible else requests, actual.get("requests", EMPTY), allocated)
        if missing:
            absent = {name: _UNSET + missing[name] for name in missing if name not in requests}
            requests = {**requests, **absent}
        return requests

    total = _over_containers(pod, part)
    if pod_level and pod.spec.resources is not None:
        requests = pod.spec.resources.requests
        effective = requests
        if use_status and pod.status.resources is not None:
            spec = EMPTY if infeasible else requests
            effective = _largest(spec, pod.status.resources.requests, pod.status.allocated_resources)
        total |= {name: effective.get(name, _UNSET) for name in requests if _is_pod_level(name)}
    if overhead:
        _add(total, pod.spec.overhead)
    return total


def pod_limits(
    pod: Pod, *, use_status: bool = False, overhead: bool = True, pod_level: bool = True
) -> dict[str, Quantity]:
    """Return the limits of a pod, put together as its requests are; overhead counts only on top of a limit."""
    statuses, infeasible = _resize_state(pod) if use_status else ({}, False)

    def part(container: Container, resizable: bool) -> ResourceList:
        limits = container.resources.limits
        if resizable and container.name in statuses:
            actual, _ = statuses[container.name]
            limits = _largest(EMPTY if infeasible else limits, actual.get("limits", EMPTY))
        return limits

    total = _over_containers(pod, part)
    if pod_level and pod.spec.resources is not None:
        limits = pod.spec.resources.limits
        effective = limits
        if use_status and pod.status.resources is not None:
            effective = _largest(EMPTY if infeasible else limits, pod.status.resources.limits)
        total |= {name: effective.get(name, _UNSET) for name in limits if _is_pod_level(name)}
    if overhead:
        _add(total, {n: q for n, q in pod.spec.overhead.items() if n in total and not total[n].is_zero()})
    return total


def placed_requests(pod: Pod) -> dict[str, Quantity]:
    """Return what a pod takes from the node it is on, by the scheduler's and the kubelet's reckoning."""
    return pod_requests(pod, use_status=True)


def amounts(resources: ResourceList) -> Amounts:
    """Return a resource list as the scheduler counts it. Source: framework/types.go, Resource.Add."""
    return Amounts(
        resources[CPU].milli_value() if CPU in resources else 0,
        resources[MEMORY].value() if MEMORY in resources else 0,
        resources[EPHEMERAL_STORAGE].value() if EPHEMERAL_STORAGE in resources else 0,
        resources[PODS].value() if PODS in resources else 0,
        {name: amount.value() for name, amount in resources.items() if is_scalar(name)},
    )


def non_zero_amounts(pod: Pod, requests: ResourceList) -> tuple[int, int]:
    """Return millicores and bytes that a pod with these placed requests counts as when nodes are scored.

    A container without a request counts with a default, unless the pod level sets that resource.
    """
    missing = _DEFAULTS
    if pod.spec.resources is not None and any(_is_pod_level(name) for name in pod.spec.resources.requests):
        missing = {name: _DEFAULTS[name] for name in _DEFAULTS if name not in requests}
    if missing and not _all_requested(pod, missing):
        requests = pod_requests(pod, use_status=True, missing=missing)
    return requests.get(CPU, _UNSET).milli_value(), requests.get(MEMORY, _UNSET).value()


def pod_qos(pod: Pod) -> str:
    """Return the QoS class stored in the pod's status, or the computed one if there is none."""
    return pod.status.qos_class or compute_qos(pod)


def compute_qos(pod: Pod) -> str:
    """Return Guaranteed, Burstable or BestEffort. Source: qos.go, ComputePodQOS."""
    requests: dict[str, Quantity] = {}
    limits: dict[str, Quantity] = {}
    guaranteed = True
    if pod.spec.resources is not None:
        _add(requests, _computes(pod.spec.resources.requests))
        _add(limits, _computes(pod.spec.resources.limits))
        guaranteed = not pod.spec.resources.limits or len(limits) == 2
    else:
        for container in (*pod.spec.containers, *pod.spec.init_containers):
            own_limits = _computes(container.resources.limits)
            _add(requests, _computes(container.resources.requests))
            _add(limits, own_limits)
            guaranteed = guaranteed and len(own_limits) == 2
    if not requests and not limits:
        return "BestEffort"
    if guaranteed and requests == limits:
        return "Guaranteed"
    return "Burstable"


@lru_cache(maxsize=1_024)
def is_scalar(name: str) -> bool:
    """Say whether the scheduler counts a resource by name: extended, huge pages, attachable volumes.

    Source: pkg/scheduler/util/utils.go, IsScalarResourceName.
    """
    if "kubernetes.io/" in name or name.startswith(("hugepages-", "attachable-volumes-")):
        return True
    return "/" in name and not name.startswith("requests.") and not label_key(f"requests.{name}")


def _over_containers(pod: Pod, part: _Part) -> dict[str, Quantity]:
    """Add up the containers; sidecars run beside them, and each init container beside the sidecars before it.

    Source: helpers.go, AggregateContainerRequests; KEP-753.
    """
    total: dict[str, Quantity] = {}
    for container in pod.spec.containers:
        _add(total, part(container, True))
    sidecars: dict[str, Quantity] = {}
    largest: dict[str, Quantity] = {}
    for container in pod.spec.init_containers:
        sidecar = container.restart_policy == "Always"
        own = part(container, sidecar)
        if sidecar:
            _add(total, own)
            _add(sidecars, own)
            step = sidecars
        else:
            step = dict(own)
            _add(step, sidecars)
        _raise(largest, step)
    _raise(total, largest)
    return total


def _resize_state(pod: Pod) -> tuple[dict[str, tuple[Mapping[str, ResourceList], ResourceList]], bool]:
    """Return, per container that reports resources, what it has and what is allocated; and whether a resize cannot be.

    A container's status is found by its name, an init container's before a container's.
    """
    statuses: dict[str, tuple[Mapping[str, ResourceList], ResourceList]] = {}
    for status in (*pod.status.container_statuses, *pod.status.init_container_statuses):
        if status.resources is not None:
            actual = {"requests": status.resources.requests, "limits": status.resources.limits}
            statuses[status.name] = (actual, status.allocated_resources)
        else:
            statuses.pop(status.name, None)
    pending = next((c for c in pod.status.conditions if c.type == "PodResizePending"), None)
    return statuses, pending is not None and pending.reason == "Infeasible"


def _all_requested(pod: Pod, names: Iterable[str]) -> bool:
    if pod.status.conditions and _resize_state(pod)[1]:
        return False
    containers = (*pod.spec.containers, *pod.spec.init_containers)
    return all(name in container.resources.requests for container in containers for name in names)


def _computes(resources: ResourceList) -> dict[str, Quantity]:
    return {name: resources[name] for name in (CPU, MEMORY) if name in resources and resources[name].sign() > 0}


def _is_pod_level(name: str) -> bool:
    """Say whether a resource can be set for a pod as a whole."""
    return name in (CPU, MEMORY) or name.startswith("hugepages-")


def _add(total: dict[str, Quantity], more: ResourceList) -> None:
    for name, amount in more.items():
        total[name] = total[name] + amount if name in total else amount


def _raise(total: dict[str, Quantity], other: ResourceList) -> None:
    for name, amount in other.items():
        if name not in total or amount > total[name]:
            total[name] = amount


def _largest(*lists: ResourceList) -> dict[str, Quantity]:
    largest: dict[str, Quantity] = {}
    for resources in lists:
        _raise(largest, resources)
    return largest
