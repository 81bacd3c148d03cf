"""Quantities, requests, selectors, tolerations and ports, read from JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

Doc = Mapping[str, Any]
Amounts = dict[str, Fraction]

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
DEFAULTS = {"cpu": Fraction(1, 10), "memory": Fraction(200 * 2**20)}


def quantity(text: Any) -> Fraction:
    """The amount that a text stands for."""
    number, suffix = re.fullmatch(r"([+-]?[0-9.]+)(.*)", str(text)).groups()
    if suffix in _BINARY:
        return Fraction(number) * 2 ** _BINARY[suffix]
    exponent = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
    return Fraction(number) * Fraction(10) ** exponent


def amounts(resources: Doc | None) -> Amounts:
    return {name: quantity(text) for name, text in (resources or {}).items()}


def is_scalar(name: str) -> bool:
    return name.startswith(("hugepages-", "attachable-volumes-")) or "/" in name


def is_extended(name: str) -> bool:
    return "/" in name and "kubernetes.io/" not in name


def whole(name: str, amount: Fraction) -> int:
    """What the scheduler counts: millicores, or whole units, rounded up."""
    return math.ceil(amount * 1000 if name == "cpu" else amount)


def counted(of: Amounts) -> dict[str, int]:
    known = ("cpu", "memory", "ephemeral-storage")
    return {name: whole(name, amount) for name, amount in of.items() if name in known or is_scalar(name)}


def _add(total: Amounts, more: Amounts) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, Fraction(0)) + amount


def _raise(total: Amounts, other: Amounts) -> None:
    for name, amount in other.items():
        total[name] = max(total.get(name, amount), amount)


def _at_pod_level(name: str) -> bool:
    return name in ("cpu", "memory") or name.startswith("hugepages-")


def _infeasible(pod: Doc) -> bool:
    for condition in status(pod).get("conditions") or []:
        if condition["type"] == "PodResizePending":
            return condition.get("reason") == "Infeasible"
    return False


def requests(pod: Doc, *, actual: bool = False, pod_level: bool = True, missing: Amounts | None = None) -> Amounts:
    """What a pod asks for. Source: component-helpers/resource/helpers.go, PodRequests."""
    spec, infeasible = pod["spec"], _infeasible(pod)
    reported = {
        c["name"]: c
        for c in (status(pod).get("containerStatuses") or []) + (status(pod).get("initContainerStatuses") or [])
    }

    def largest(*lists: Doc | None) -> Amounts:
        total: Amounts = {}
        for resources in lists[infeasible:]:
            _raise(total, amounts(resources))
        return total

    def one(container: Doc, resizable: bool) -> Amounts:
        asked = (container.get("resources") or {}).get("requests")
        report = reported.get(container["name"]) if actual and resizable else None
        if report is not None and report.get("resources") is not None:
            own = largest(asked, report["resources"].get("requests"), report.get("allocatedResources"))
        else:
            own = amounts(asked)
        return {**(missing or {}), **own}

    total: Amounts = {}
    for container in spec["containers"]:
        _add(total, one(container, True))
    sidecars: Amounts = {}
    steps: Amounts = {}
    for container in spec.get("initContainers") or []:
        sidecar = container.get("restartPolicy") == "Always"
        own = one(container, sidecar)
        if sidecar:
            _add(total, own)
            _add(sidecars, own)
            _raise(steps, sidecars)
        else:
            _add(own, sidecars)
            _raise(steps, own)
    _raise(total, steps)
    if pod_level and spec.get("resources") is not None:
        asked, reported_now = spec["resources"].get("requests"), status(pod).get("resources")
        effective = amounts(asked)
        if actual and reported_now is not None:
            effective = largest(asked, reported_now.get("requests"), status(pod).get("allocatedResources"))
        total.update({name: effective.get(name, Fraction(0)) for name in asked or {} if _at_pod_level(name)})
    _add(total, amounts(spec.get("overhead")))
    return total


def non_zero(pod: Doc) -> tuple[int, int]:
    """Millicores and bytes with defaults. Source: framework/types.go, CalculateResource."""
    there = requests(pod, actual=True)
    missing = dict(DEFAULTS)
    if any(map(_at_pod_level, (pod["spec"].get("resources") or {}).get("requests") or {})):
        missing = {name: amount for name, amount in DEFAULTS.items() if name not in there}
    full = requests(pod, actual=True, missing=missing)
    return whole("cpu", full.get("cpu", Fraction(0))), whole("memory", full.get("memory", Fraction(0)))


def status(of: Doc) -> Doc:
    return of.get("status") or {}


def labels(of: Doc) -> Doc:
    return of["metadata"].get("labels") or {}


def namespace(of: Doc) -> str:
    return of["metadata"].get("namespace") or "default"


def name_of(of: Doc) -> str:
    return f"{namespace(of)}/{of['metadata']['name']}"


def uid(of: Doc) -> str:
    return of["metadata"].get("uid") or name_of(of)


def priority(pod: Doc) -> int:
    return pod["spec"].get("priority") or 0


def _requirement(expression: Doc, of: Doc) -> bool:
    key, values = expression["key"], expression.get("values") or []
    match expression["operator"]:
        case "In":
            return key in of and of[key] in values
        case "NotIn":
            return key not in of or of[key] not in values
        case "Exists":
            return key in of
        case "DoesNotExist":
            return key not in of
    if not re.fullmatch(r"-?\d+", of.get(key, "")):
        return False
    return int(of[key]) > int(values[0]) if expression["operator"] == "Gt" else int(of[key]) < int(values[0])


def is_empty(selector: Doc | None) -> bool:
    return selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions")


def selects(selector: Doc | None, of: Doc) -> bool:
    if selector is None:
        return False
    exact = all(of.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
    return exact and all(_requirement(expression, of) for expression in selector.get("matchExpressions") or [])


def node_term(term: Doc, node: Doc) -> bool:
    """Whether a node selector term matches the node."""
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not expressions and not fields:
        return False
    for field in fields:
        values = field.get("values") or []
        if len(values) != 1 or (node["metadata"]["name"] == values[0]) != (field["operator"] == "In"):
            return False
    return all(_requirement(expression, labels(node)) for expression in expressions)


def node_affinity(pod: Doc) -> Doc:
    return (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}


def wants_node(pod: Doc, node: Doc) -> bool:
    """Whether nodeSelector and required node affinity allow the node."""
    wanted = pod["spec"].get("nodeSelector") or {}
    if any(labels(node).get(key) != value for key, value in wanted.items()):
        return False
    required = node_affinity(pod).get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or any(node_term(term, node) for term in required["nodeSelectorTerms"])


def tolerates(pod: Doc, taint: Doc, effects: tuple[str, ...] | None = None) -> bool:
    """Whether a toleration of the pod (of these effects, if any are given) is one for the taint."""
    for toleration in pod["spec"].get("tolerations") or []:
        effect, key = toleration.get("effect") or "", toleration.get("key") or ""
        if (effects is not None and effect not in effects) or effect not in ("", taint["effect"]):
            continue
        operator = toleration.get("operator") or "Equal"
        same = operator == "Equal" and (toleration.get("value") or "") == (taint.get("value") or "")
        if key in ("", taint["key"]) and (operator == "Exists" or same):
            return True
    return False


def taints(node: Doc, *effects: str) -> list[Doc]:
    return [taint for taint in (node.get("spec") or {}).get("taints") or [] if taint["effect"] in effects]


def keeps_off(node: Doc, pod: Doc) -> bool:
    return any(not tolerates(pod, taint) for taint in taints(node, "NoSchedule", "NoExecute"))


def host_ports(pod: Doc) -> set[tuple[str, str, int]]:
    sidecars = [c for c in pod["spec"].get("initContainers") or [] if c.get("restartPolicy") == "Always"]
    return {
        (port.get("hostIP") or "0.0.0.0", port.get("protocol") or "TCP", port["hostPort"])
        for container in (*sidecars, *pod["spec"]["containers"])
        for port in container.get("ports") or []
        if port.get("hostPort", 0) > 0
    }


def pod_terms(pod: Doc, kind: str, mode: str) -> list[Doc]:
    """The terms of podAffinity or podAntiAffinity, required or preferred."""
    of_kind = (pod["spec"].get("affinity") or {}).get(kind) or {}
    return of_kind.get(f"{mode}DuringSchedulingIgnoredDuringExecution") or []
