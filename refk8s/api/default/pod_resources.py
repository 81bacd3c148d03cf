"""Defaults of pod-level resources (KEP-2837), from what the containers ask for.

Source: pkg/apis/core/v1/defaults.go (defaultHugePagePodLimits, defaultPodRequests);
component-helpers/resource/helpers.go (AggregateContainerRequests, AggregateContainerLimits).
"""

from __future__ import annotations

from refk8s.api.default.sharing import Doc, with_missing, with_value
from refk8s.kinds.codec import view
from refk8s.kinds.pod import Pod
from refk8s.kinds.quantity import Quantity
from refk8s.kinds.resources import pod_limits, pod_requests

HUGE_PAGES = "hugepages-"
POD_LEVEL = ("cpu", "memory")


def default_pod_resources(spec: Doc) -> Doc:
    """A pod spec whose pod-level limits and requests are completed, if it has any."""
    resources = spec.get("resources")
    if not resources:
        return spec
    if resources.get("limits") or resources.get("requests"):
        resources = _huge_page_limits(spec, resources)
    if resources.get("limits"):
        resources = _requests(spec, resources)
    return with_value(spec, "resources", resources)


def is_pod_level(name: str) -> bool:
    """Whether a resource may be given for a pod as a whole."""
    return name in POD_LEVEL or name.startswith(HUGE_PAGES)


def container_requests(spec: Doc) -> dict[str, Quantity]:
    """What all containers of a pod spec request together, as they run; pod level and overhead left out."""
    return pod_requests(view(Pod, {"spec": spec}), overhead=False, pod_level=False)


def container_limits(spec: Doc) -> dict[str, Quantity]:
    """As `container_requests`, of limits."""
    return pod_limits(view(Pod, {"spec": spec}), overhead=False, pod_level=False)


def _huge_page_limits(spec: Doc, resources: Doc) -> Doc:
    asked = resources.get("requests") or {}
    wanted = container_limits(spec)
    found = {name: str(wanted[name]) for name in wanted if name.startswith(HUGE_PAGES) and name not in asked}
    limits = with_missing(resources.get("limits") or {}, found)
    return with_value(resources, "limits", limits) if limits else resources


def _requests(spec: Doc, resources: Doc) -> Doc:
    """Requests of overcommittable resources come from the containers, the others from the pod's own limits."""
    wanted = container_requests(spec)
    requests = with_missing(resources.get("requests") or {}, {n: str(wanted[n]) for n in wanted if n in POD_LEVEL})
    limits = {name: limit for name, limit in resources["limits"].items() if is_pod_level(name)}
    requests = with_missing(requests, limits)
    return with_value(resources, "requests", requests) if requests else resources
