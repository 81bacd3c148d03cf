"""Resource names, amounts, and the requests and limits of containers and pods.

Upstream walks resource lists in random order; here they go by name.
Source: pkg/apis/core/validation/validation.go (validateResourceRequirements, validatePodResources,
ValidateResourceQuantityValue); pkg/apis/core/helper/helpers.go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any

from refk8s.api.default.pod_resources import HUGE_PAGES, container_limits, container_requests, is_pod_level
from refk8s.api.validate.errors import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    invalid_all,
    named,
    not_found,
    not_supported,
    required,
)
from refk8s.api.validate.meta import NEGATIVE
from refk8s.api.validate.scalars import label_1123
from refk8s.kinds.names import label_key
from refk8s.kinds.quantity import Quantity, QuantityError, parse

Doc = Mapping[str, Any]
NameCheck = Callable[[str, str], Errors]

_COMPUTE = ("cpu", "memory")
_COUNTED = frozenset(
    {
        *("pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps"),
        *("persistentvolumeclaims", "services.nodeports", "services.loadbalancers"),
    }
)
_CONTAINER = frozenset({"cpu", "memory", "ephemeral-storage"})
_STANDARD = (
    _COUNTED
    | _CONTAINER
    | {f"{part}.{name}" for part in ("requests", "limits") for name in _CONTAINER}
    | {"storage", "requests.storage"}
)


def container_resources(resources: Doc, claims: Collection[str], path: str) -> Errors:
    """Requests and limits of a container; `claims` are the names of the pod's resource claims."""
    return _requirements(resources, container_resource_name, claims, path) if resources else []


def overhead(amounts: Mapping[str, str], path: str) -> Errors:
    """A pod's overhead is checked as limits are."""
    return _requirements({"limits": amounts}, container_resource_name, (), path)


def pod_resources(spec: Doc, claims: Collection[str], path: str) -> Errors:
    """Resources of the pod as a whole, by themselves and against those of its containers."""
    resources = spec.get("resources")
    if resources is None:
        return []
    at = f"{path}.resources"
    if (spec.get("os") or {}).get("name") == "windows":
        return [forbidden(at, "may not be set for a windows pod")]
    errors: Errors = []
    if resources.get("claims"):
        errors.append(forbidden(f"{at}.claims", "claims may not be set for Resources at pod-level"))
    return errors + _requirements(resources, _pod_name, claims, at) + _consistency(spec, resources, at)


def quantity_value(name: str, text: str, path: str) -> Errors:
    """An amount of a resource is not negative, and whole if the resource is counted."""
    amount = parse(text)
    errors = [invalid(path, text, NEGATIVE)] if amount.sign() < 0 else []
    if is_counted(name) and amount.milli_value() % 1000:
        errors.append(invalid(path, text, "must be an integer"))
    return errors


def is_native(name: str) -> bool:
    """Whether a resource is one of Kubernetes' own."""
    return "/" not in name or "kubernetes.io/" in name


@lru_cache(maxsize=1024)
def is_extended(name: str) -> bool:
    """Whether a resource is an extended one, such as a device plugin's."""
    return not is_native(name) and not name.startswith("requests.") and not label_key(f"requests.{name}")


def is_counted(name: str) -> bool:
    """Whether a resource comes only in whole numbers."""
    return name in _COUNTED or is_extended(name)


def may_overcommit(name: str) -> bool:
    return is_native(name) and not name.startswith(HUGE_PAGES)


def resource_name(name: str, path: str) -> Errors:
    errors = invalid_all(path, named(name), label_key(name))
    if not errors and "/" not in name and name not in _STANDARD and not is_huge_pages(name):
        errors.append(invalid(path, named(name), "must be a standard resource type or fully qualified"))
    return errors


def is_huge_pages(name: str) -> bool:
    return name.startswith((HUGE_PAGES, f"requests.{HUGE_PAGES}"))


def container_resource_name(name: str, path: str) -> Errors:
    errors = resource_name(name, path)
    if "/" not in name:
        if name not in _CONTAINER and not name.startswith(HUGE_PAGES):
            errors.append(invalid(path, named(name), "must be a standard resource for containers"))
    elif not is_native(name) and not is_extended(name):
        errors.append(invalid(path, named(name), "doesn't follow extended resource name standard"))
    return errors


def _pod_name(name: str, path: str) -> Errors:
    errors = resource_name(name, path)
    if not errors and not is_pod_level(name):
        errors.append(not_supported(path, named(name), ("cpu", HUGE_PAGES, "memory")))
    return errors


def _requirements(resources: Doc, check_name: NameCheck, claims: Collection[str], path: str) -> Errors:
    limits: Mapping[str, str] = resources.get("limits") or {}
    requests: Mapping[str, str] = resources.get("requests") or {}
    errors: Errors = []
    for name in sorted(limits):
        errors += _amount(name, limits[name], check_name, f"{path}.limits[{name}]")
        errors += _page_multiple(name, limits[name], f"{path}.limits[{name}]")
    for name in sorted(requests):
        errors += _amount(name, requests[name], check_name, f"{path}.requests[{name}]")
        errors += _against_limit(name, requests[name], limits.get(name), path)
        errors += _page_multiple(name, requests[name], f"{path}.requests[{name}]")
    asked = {*limits, *requests}
    if any(name.startswith(HUGE_PAGES) for name in asked) and not any(name in asked for name in _COMPUTE):
        errors.append(forbidden(path, "HugePages require cpu or memory"))
    return errors + _claims(resources.get("claims") or (), claims, f"{path}.claims")


def _amount(name: str, text: str, check_name: NameCheck, path: str) -> Errors:
    return check_name(name, path) + quantity_value(name, text, path)


def _against_limit(name: str, text: str, limit: str | None, path: str) -> Errors:
    if limit is None:
        if may_overcommit(name):
            return []
        return [required(f"{path}.limits", "Limit must be set for non overcommitable resources")]
    order = parse(text).compare(parse(limit))
    if order != 0 and not may_overcommit(name):
        return [invalid(f"{path}.requests", text, f"must be equal to {name} limit of {limit}")]
    if order > 0:
        return [invalid(f"{path}.requests", text, f"must be less than or equal to {name} limit of {limit}")]
    return []


def _page_multiple(name: str, text: str, path: str) -> Errors:
    if not name.startswith(HUGE_PAGES) or _divides(name, parse(text)):
        return []
    return [invalid(path, text, f"{text} is not positive integer multiple of {name}")]


def _divides(name: str, amount: Quantity) -> bool:
    try:
        page = parse(name.removeprefix(HUGE_PAGES))
    except QuantityError:
        return False
    return page.sign() > 0 and page.milli_value() % 1000 == 0 and amount.value() % page.value() == 0


def _claims(listed: Collection[Doc], known: Collection[str], path: str) -> Errors:
    """Claims of a container: named, unique (a whole claim also excludes its parts), and known to the pod."""
    errors: Errors = []
    seen: set[str] = set()
    for i, claim in enumerate(listed):
        at, name, request = f"{path}[{i}]", claim["name"], claim.get("request") or ""
        if not name:
            errors.append(required(at))
            continue
        if name in seen:
            errors.append(duplicate(at, name))
        else:
            key = f"{name}/{request}" if request else name
            errors += label_1123(request, f"{at}.request") if request else []
            if key in seen:
                errors.append(duplicate(at, key))
            elif not request:
                errors += [duplicate(at, name) for other in sorted(seen) if other.partition("/")[0] == name]
            seen.add(key)
        if name not in known:
            listing = f": {', '.join(sorted(known))}" if known else " which is empty"
            errors.append(not_found(at, name, f"must be one of the names in pod.spec.resourceClaims{listing}"))
    return errors


def _consistency(spec: Doc, resources: Doc, path: str) -> Errors:
    """The pod's own requests cover its containers', its limits none of theirs exceed."""
    errors: Errors = []
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    wanted = container_requests(dict(spec))
    for name in sorted(wanted):
        if name in requests and wanted[name] > parse(requests[name]):
            detail = f"must be greater than or equal to aggregate container requests of {wanted[name]}"
            errors.append(invalid(f"{path}.requests[{name}]", requests[name], detail))
    wanted = container_limits(dict(spec))
    for name in sorted(wanted):
        if name.startswith(HUGE_PAGES) and name in limits and wanted[name] > parse(limits[name]):
            detail = f"must be greater than or equal to aggregate container limits of {wanted[name]}"
            errors.append(invalid(f"{path}.limits[{name}]", limits[name], detail))
    for i, container in enumerate(spec.get("containers") or ()):
        for name, limit in sorted((container["resources"].get("limits") or {}).items()):
            if name in limits and parse(limit) > parse(limits[name]):
                detail = f"must be less than or equal to pod limits of {limits[name]}"
                errors.append(invalid(f"{path}.containers[{i}][{name}].limits", limit, detail))
    return errors
