"""The scores: for each plugin, raw and normalised."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

from .objects import (
    DEFAULTS,
    Amounts,
    counted,
    is_scalar,
    namespace,
    node_affinity,
    node_term,
    non_zero,
    pod_terms,
    requests,
    status,
    taints,
    tolerates,
    whole,
)
from .spread import HOSTNAME, constraints, counts_node, is_system, matching

Columns = tuple[list[int], list[int]] | None
"""Raw and normalised scores of the feasible nodes; None: the plugin skips."""

WEIGHTS = {"TaintToleration": 3, "NodeAffinity": 2, "PodTopologySpread": 2, "InterPodAffinity": 2}
_MIB = 2**20


def scored(cycle: Any, nodes: list[Any]) -> dict[str, Any]:
    """The part of the answer about scores."""
    columns = {name: plugin(cycle, nodes) for name, plugin in _PLUGINS.items()}
    scores = {
        name: {node.name: [raw, final] for node, raw, final in zip(nodes, *both, strict=True)}
        for name, both in columns.items()
        if both is not None
    }
    totals = {n.name: sum(WEIGHTS.get(p, 1) * of[n.name][1] for p, of in scores.items()) for n in nodes}
    best = sorted(name for name, total in totals.items() if total == max(totals.values()))
    skipped = sorted(name for name, both in columns.items() if both is None)
    return {"scores": scores, "skippedScore": skipped, "totals": totals, "best": best}


def _taints(cycle: Any, nodes: list[Any]) -> Columns:
    raw = [
        sum(not tolerates(cycle.pod, t, ("", "PreferNoSchedule")) for t in taints(n.document, "PreferNoSchedule"))
        for n in nodes
    ]
    most = max(raw)
    return raw, [100 - 100 * score // most if most else 100 for score in raw]


def _node_affinity(cycle: Any, nodes: list[Any]) -> Columns:
    field = "preferredDuringSchedulingIgnoredDuringExecution"
    terms = node_affinity(cycle.pod).get(field) or []
    terms = [*terms, *((cycle.args.get("NodeAffinity", {}).get("addedAffinity") or {}).get(field) or [])]
    if not terms:
        return None
    raw = [sum(t["weight"] for t in terms if node_term(t["preference"], n.document)) for n in nodes]
    most = max(raw)
    return raw, [100 * score // most if most else score for score in raw]


# ---- resources


def _rows(node: Any, resources: list[tuple[str, int]], wanted: Amounts, with_defaults: bool) -> list[tuple[int, ...]]:
    """(weight, requested, allocated, allocatable) of each resource that counts."""
    used = [counted(requests(pod, actual=True)) for pod in node.pods]
    if with_defaults:
        used = [
            each | dict(zip(("cpu", "memory"), non_zero(p), strict=True))
            for each, p in zip(used, node.pods, strict=True)
        ]
    rows = []
    for name, weight in resources:
        amount, room = whole(name, wanted.get(name, Fraction(0))), node.room.get(name, 0)
        if room and not (amount == 0 and is_scalar(name)):
            allocated = sum(each.get(name, 0) for each in used)
            rows.append((weight, allocated + amount, allocated, room))
    return rows


def _resources(args: Any) -> list[tuple[str, int]]:
    return [(r["name"], r.get("weight") or 1) for r in args.get("resources") or []] or [("cpu", 1), ("memory", 1)]


def _fit(cycle: Any, nodes: list[Any]) -> Columns:
    strategy = cycle.args.get("NodeResourcesFit", {}).get("scoringStrategy") or {}
    wanted = requests(cycle.pod, pod_level=False, missing=DEFAULTS)
    kind = strategy.get("type") or "LeastAllocated"
    shape = [
        (p["utilization"], 10 * p["score"]) for p in (strategy.get("requestedToCapacityRatio") or {}).get("shape") or []
    ]
    raw = []
    for node in nodes:
        total = weights = 0
        for weight, requested, _, room in _rows(node, _resources(strategy), wanted, True):
            used = min(requested, room)
            if kind == "RequestedToCapacityRatio":
                score = _on_line(shape, 100 * used // room)
                weight = weight if score > 0 else 0
            else:
                score = 100 * used // room if kind == "MostAllocated" else 100 * (room - used) // room
            total, weights = total + score * weight, weights + weight
        if kind == "RequestedToCapacityRatio":
            raw.append(math.floor(total / weights + 0.5) if weights else 0)
        else:
            raw.append(total // weights if weights else 0)
    return raw, raw


def _on_line(shape: list[tuple[int, int]], at: int) -> int:
    if at <= shape[0][0]:
        return shape[0][1]
    for (left, low), (right, high) in pairwise(shape):
        if at <= right:
            return low + math.trunc(Fraction((high - low) * (at - left), right - left))
    return shape[-1][1]


def _balanced(cycle: Any, nodes: list[Any]) -> Columns:
    resources = _resources(cycle.args.get("NodeResourcesBalancedAllocation", {}))
    wanted = requests(cycle.pod, actual=True)
    if not any(whole(name, wanted.get(name, Fraction(0))) for name, _ in resources):
        return None
    raw = []
    for node in nodes:
        rows = _rows(node, resources, wanted, False)
        after = _balance([min(1.0, requested / room) for _, requested, _, room in rows])
        before = _balance([min(1.0, allocated / room) for _, _, allocated, room in rows])
        raw.append(50 + (50 + after - before) // 2)
    return raw, raw


def _balance(shares: list[float]) -> int:
    deviation = 0.0
    if len(shares) == 2:
        deviation = abs((shares[0] - shares[1]) / 2)
    elif len(shares) > 2:
        mean = sum(shares) / len(shares)
        deviation = math.sqrt(sum((share - mean) * (share - mean) for share in shares) / len(shares))
    return int((1 - deviation) * 100.0)


# ---- other pods


def _spread(cycle: Any, nodes: list[Any]) -> Columns:
    soft, space = constraints(cycle, "ScheduleAnyway"), namespace(cycle.pod)
    if not soft:
        return None
    all_keys = bool(cycle.pod["spec"].get("topologySpreadConstraints")) or not is_system(cycle)
    scored_nodes = [n for n in nodes if not all_keys or all(c.key in n.labels for c in soft)]
    raw_by_name: dict[str, float] = {node.name: 0.0 for node in scored_nodes}
    for constraint in soft:
        domains = {n.name if constraint.key == HOSTNAME else n.labels.get(constraint.key, "") for n in scored_nodes}
        for node in scored_nodes:
            if constraint.key not in node.labels:
                continue
            if constraint.key == HOSTNAME:
                count = matching(node.pods, constraint.selector, space)
            else:
                count = sum(
                    matching(other.pods, constraint.selector, space)
                    for other in cycle.nodes
                    if (not all_keys or all(c.key in other.labels for c in soft))
                    and other.labels.get(constraint.key, "") == node.labels[constraint.key]
                    and counts_node(constraint, cycle.pod, other.document)
                )
            raw_by_name[node.name] += count * math.log(len(domains) + 2) + (constraint.max_skew - 1)
    rounded = {name: math.floor(score + 0.5) for name, score in raw_by_name.items()}
    highest, lowest = max(rounded.values(), default=0), min(rounded.values(), default=0)
    final = {name: 100 * (highest + lowest - s) // highest if highest else 100 for name, s in rounded.items()}
    return [rounded.get(n.name, 0) for n in nodes], [final.get(n.name, 0) for n in nodes]


def _pod_affinity(cycle: Any, nodes: list[Any]) -> Columns:
    args = cycle.args.get("InterPodAffinity", {})
    to, away = (pod_terms(cycle.pod, kind, "preferred") for kind in ("podAffinity", "podAntiAffinity"))
    if args.get("ignorePreferredTermsOfExistingPods") and not to and not away:
        return None
    hard = args.get("hardPodAffinityWeight")
    hard = 1 if hard is None else hard
    sums: dict[tuple[str, str], int] = {}
    for node in cycle.nodes:
        for other in node.pods:
            found = [(w["podAffinityTerm"], w["weight"]) for w in to if cycle.selects(w["podAffinityTerm"], other)]
            found += [(w["podAffinityTerm"], -w["weight"]) for w in away if cycle.selects(w["podAffinityTerm"], other)]
            theirs = [(term, hard) for term in pod_terms(other, "podAffinity", "required") if hard]
            for kind, sign in (("podAffinity", 1), ("podAntiAffinity", -1)):
                theirs += [(w["podAffinityTerm"], sign * w["weight"]) for w in pod_terms(other, kind, "preferred")]
            found += [(term, weight) for term, weight in theirs if cycle.selected_by(term, other)]
            for term, weight in found:
                key = term["topologyKey"]
                if key in node.labels:
                    sums[key, node.labels[key]] = sums.get((key, node.labels[key]), 0) + weight
    if not sums:
        return None
    raw = [sum(sums.get(pair, 0) for pair in node.labels.items()) for node in nodes]
    lowest, spread = min(raw), max(raw) - min(raw)
    return raw, [int(100.0 * ((score - lowest) / spread)) if spread else 0 for score in raw]


def _images(cycle: Any, nodes: list[Any]) -> Columns:
    sizes: dict[str, int] = {}
    there: dict[str, set[str]] = {}
    for node in cycle.nodes:
        for image in status(node.document).get("images") or []:
            for name in image.get("names") or []:
                sizes.setdefault(name, image.get("sizeBytes") or 0)
                there.setdefault(name, set()).add(node.name)
    spec = cycle.pod["spec"]
    containers = [*(spec.get("initContainers") or []), *spec["containers"]]
    names = [c.get("image") or "" for c in containers]
    names += [v["image"].get("reference") or "" for v in spec.get("volumes") or [] if v.get("image")]
    names = [name if name.rfind(":") > name.rfind("/") else f"{name}:latest" for name in names]
    least, most = 23 * _MIB, 1000 * _MIB * len(containers)
    raw = []
    for node in nodes:
        here = [name for name in names if node.name in there.get(name, ())]
        total = sum(int(float(sizes[name]) * (len(there[name]) / len(cycle.nodes))) for name in here)
        raw.append(100 * (min(max(total, least), most) - least) // (most - least))
    return raw, raw


_PLUGINS: dict[str, Callable[[Any, list[Any]], Columns]] = {
    "TaintToleration": _taints,
    "NodeAffinity": _node_affinity,
    "NodeResourcesFit": _fit,
    "NodeResourcesBalancedAllocation": _balanced,
    "PodTopologySpread": _spread,
    "InterPodAffinity": _pod_affinity,
    "ImageLocality": _images,
}
