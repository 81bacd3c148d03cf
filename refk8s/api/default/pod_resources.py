"""Defaults of pod-level resources (KEP-2837), from what the containers ask for.

Source: pkg/apis/core/v1/defaults.go (defaultHugePagePodLimits, defaultPodRequests);
component-helpers/resource/helpers.go (AggregateContainerRequests, AggregateContainerLimits).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from refk8s.api.default.sharing import Doc, with_missing, with_value
from refk8s.kinds.quantity import Quantity, parse

HUGE_PAGES = "hugepages-"
POD_LEVEL = ("cpu", "memory")

Amounts = dict[str, Quantity]


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


def aggregate(spec: Doc, what: Literal["requests", "limits"]) -> Amounts:
    """What all containers of a pod spec need together, sidecars and init containers counted as they run."""
    total: Amounts = {}
    for container in spec.get("containers") or ():
        _add(total, _amounts(container, what))
    sidecars: Amounts = {}
    most: Amounts = {}
    for container in spec.get("initContainers") or ():
        amounts = _amounts(container, what)
        if container.get("restartPolicy") == "Always":
            _add(total, amounts)
            _add(sidecars, amounts)
            _raise_to(most, sidecars)
        else:
            _add(amounts, sidecars)
            _raise_to(most, amounts)
    _raise_to(total, most)
    return total


def _huge_page_limits(spec: Doc, resources: Doc) -> Doc:
    asked = resources.get("requests") or {}
    wanted = aggregate(spec, "limits")
    found = {name: str(wanted[name]) for name in wanted if name.startswith(HUGE_PAGES) and name not in asked}
    limits = with_missing(resources.get("limits") or {}, found)
    return with_value(resources, "limits", limits) if limits else resources


def _requests(spec: Doc, resources: Doc) -> Doc:
    """Requests of overcommittable resources come from the containers, the others from the pod's own limits."""
    wanted = aggregate(spec, "requests")
    requests = with_missing(resources.get("requests") or {}, {n: str(wanted[n]) for n in wanted if n in POD_LEVEL})
    limits = {name: limit for name, limit in resources["limits"].items() if is_pod_level(name)}
    requests = with_missing(requests, limits)
    return with_value(resources, "requests", requests) if requests else resources


def _amounts(container: Doc, what: str) -> Amounts:
    listed: Mapping[str, str] = container["resources"].get(what) or {}
    return {name: parse(text) for name, text in listed.items()}


def _add(total: Amounts, more: Amounts) -> None:
    for name, amount in more.items():
        total[name] = total[name] + amount if name in total else amount


def _raise_to(total: Amounts, floor: Amounts) -> None:
    for name, amount in floor.items():
        if name not in total or amount > total[name]:
            total[name] = amount
