"""One cycle: filters, nominated pods, preemption and the messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import attrs

from .objects import (
    Doc,
    amounts,
    counted,
    host_ports,
    is_empty,
    is_extended,
    keeps_off,
    labels,
    name_of,
    namespace,
    node_affinity,
    node_term,
    pod_terms,
    priority,
    requests,
    selects,
    status,
    tolerates,
    uid,
    wants_node,
)
from .scores import scored
from .spread import Constraint, constraints, counts_node, matching
from .victims import cost, importance, is_preempted, violating_pods

UNRESOLVABLE, UNSCHEDULABLE = "UnschedulableAndUnresolvable", "Unschedulable"
_CORDON = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_SPREAD = "node(s) didn't match pod topology spread constraints"
_NOT_HELPFUL = "Preemption is not helpful for scheduling"

Verdict = tuple[str, str, list[str]]


@attrs.define(eq=False)
class Node:
    document: Doc
    name: str
    labels: Doc
    pods: list[Doc]
    room: dict[str, int]
    max_pods: int


@attrs.define(eq=False)
class Counts:
    """What PodTopologySpread and InterPodAffinity count: by constraint and domain, by topology pair."""

    spread: list[dict[str, int]]
    existing: Counter[tuple[str, str]]
    affinity: Counter[tuple[str, str]]
    anti_affinity: Counter[tuple[str, str]]

    def copy(self) -> Counts:
        return Counts(
            [dict(d) for d in self.spread], *(Counter(c) for c in (self.existing, self.affinity, self.anti_affinity))
        )


class Cycle:
    """The cycle of a case."""

    def __init__(self, case: Doc) -> None:
        self.case, self.pod = case, case["pod"]
        self.args = {entry["name"]: entry.get("args") or {} for entry in case.get("pluginConfig") or []}
        self.nodes = [_node(document, case.get("pods") or []) for document in case["nodes"]]
        self.namespaces = {n["metadata"]["name"]: labels(n) for n in case.get("namespaces") or []}
        self.own_labels = self.namespaces.get(namespace(self.pod), {})
        self.hard: list[Constraint] = constraints(self, "DoNotSchedule")
        self.to = pod_terms(self.pod, "podAffinity", "required")
        self.away = pod_terms(self.pod, "podAntiAffinity", "required")
        self.wanted = counted(requests(self.pod))
        self.terms_matter = True
        """If InterPodAffinity's PreFilter skips, nobody tells it of nominated pods either. Source: framework.go, RunPreFilterExtensionAddPod."""

    # ---- counts

    def counts(self) -> Counts:
        found = Counts([{} for _ in self.hard], Counter(), Counter(), Counter())
        for node in self.nodes:
            for constraint, domains in zip(self.hard, found.spread, strict=True):
                if all(c.key in node.labels for c in self.hard) and counts_node(constraint, self.pod, node.document):
                    value = node.labels[constraint.key]
                    domains[value] = domains.get(value, 0) + matching(
                        node.pods, constraint.selector, namespace(self.pod)
                    )
            for other in node.pods:
                self._count_terms(found, other, node, 1)
        self.terms_matter = bool(found.existing or self.to or self.away)
        return found

    def count(self, counts: Counts, other: Doc, node: Node, sign: int) -> None:
        """One pod more or less on a node."""
        if namespace(other) == namespace(self.pod) and all(c.key in node.labels for c in self.hard):
            for constraint, domains in zip(self.hard, counts.spread, strict=True):
                if selects(constraint.selector, labels(other)) and counts_node(constraint, self.pod, node.document):
                    domains[node.labels[constraint.key]] = domains.get(node.labels[constraint.key], 0) + sign
        if self.terms_matter:
            self._count_terms(counts, other, node, sign)

    def _count_terms(self, counts: Counts, other: Doc, node: Node, sign: int) -> None:
        def add(into: Counter[tuple[str, str]], term: Doc) -> None:
            key = term["topologyKey"]
            if key in node.labels:
                into[key, node.labels[key]] += sign

        for term in pod_terms(other, "podAntiAffinity", "required"):
            if self.selected_by(term, other):
                add(counts.existing, term)
        if self.to and all(self.selects(term, other) for term in self.to):
            for term in self.to:
                add(counts.affinity, term)
        for term in self.away:
            if self.selects(term, other):
                add(counts.anti_affinity, term)

    def selects(self, term: Doc, other: Doc) -> bool:
        """Whether a term of the pending pod selects another pod; its namespace selector is resolved first, and then tried against no labels."""
        selector = term.get("namespaceSelector")
        resolved = set()
        if selector is not None and not is_empty(selector):
            resolved = {name for name, own in self.namespaces.items() if selects(selector, own)}
        return _selects(term, self.pod, other, {}, resolved)

    def selected_by(self, term: Doc, owner: Doc) -> bool:
        """Whether a term of a pod there selects the pending pod."""
        return _selects(term, owner, self.pod, self.own_labels, set())

    # ---- filters

    def verdict(self, counts: Counts, node: Node, pods: list[Doc], ports: set[tuple[str, str, int]]) -> Verdict | None:
        """The first rejection, None if the pod fits."""
        return self._by_itself(node, ports) or self._room(node, pods) or self._beside_others(counts, node)

    def _by_itself(self, node: Node, ports: set[tuple[str, str, int]]) -> Verdict | None:
        pod, document = self.pod, node.document
        if (document.get("spec") or {}).get("unschedulable") and not tolerates(pod, _CORDON):
            return UNRESOLVABLE, "NodeUnschedulable", ["node(s) were unschedulable"]
        if pod["spec"].get("nodeName", node.name) != node.name:
            return UNRESOLVABLE, "NodeName", ["node(s) didn't match the requested node name"]
        if keeps_off(document, pod):
            return UNRESOLVABLE, "TaintToleration", ["node(s) had untolerated taint(s)"]
        added = (self.args.get("NodeAffinity", {}).get("addedAffinity") or {}).get(
            "requiredDuringSchedulingIgnoredDuringExecution"
        )
        if added is not None and not any(node_term(term, document) for term in added["nodeSelectorTerms"]):
            return UNRESOLVABLE, "NodeAffinity", ["node(s) didn't match scheduler-enforced node affinity"]
        if not wants_node(pod, document):
            return UNRESOLVABLE, "NodeAffinity", ["node(s) didn't match Pod's node affinity/selector"]
        for ip, protocol, port in host_ports(pod):
            for taken, its_protocol, its_port in ports:
                if (protocol, port) == (its_protocol, its_port) and (ip == taken or "0.0.0.0" in (ip, taken)):
                    return UNSCHEDULABLE, "NodePorts", ["node(s) didn't have free ports for the requested pod ports"]
        return None

    def _room(self, node: Node, pods: list[Doc]) -> Verdict | None:
        reasons = ["Too many pods"] if len(pods) + 1 > node.max_pods else []
        code = UNSCHEDULABLE
        args = self.args.get("NodeResourcesFit", {})
        for name, amount in self.wanted.items():
            ignored = name in (args.get("ignoredResources") or []) or name.split("/")[0] in (
                args.get("ignoredResourceGroups") or []
            )
            if amount <= 0 or (is_extended(name) and ignored):
                continue
            used = sum(counted(requests(other, actual=True)).get(name, 0) for other in pods)
            if amount > node.room.get(name, 0) - used:
                reasons.append(f"Insufficient {name}")
                code = UNRESOLVABLE if amount > node.room.get(name, 0) else code
        return (code, "NodeResourcesFit", sorted(reasons)) if reasons else None

    def _beside_others(self, counts: Counts, node: Node) -> Verdict | None:
        for constraint, domains in zip(self.hard, counts.spread, strict=True):
            if constraint.key not in node.labels:
                return UNRESOLVABLE, "PodTopologySpread", [f"{_SPREAD} (missing required label)"]
            lowest = min(domains.values()) if len(domains) >= constraint.min_domains else 0
            itself = int(selects(constraint.selector, labels(self.pod)))
            if domains.get(node.labels[constraint.key], 0) + itself - lowest > constraint.max_skew:
                return UNSCHEDULABLE, "PodTopologySpread", [_SPREAD]
        pairs = [(t["topologyKey"], node.labels.get(t["topologyKey"])) for t in self.to]
        alone = not any(counts.affinity.values()) and all(self.selects(term, self.pod) for term in self.to)
        if any(value is None for _, value in pairs) or not (alone or all(counts.affinity[p] > 0 for p in pairs)):
            return UNRESOLVABLE, "InterPodAffinity", ["node(s) didn't match pod affinity rules"]
        if any(counts.anti_affinity[t["topologyKey"], node.labels.get(t["topologyKey"])] > 0 for t in self.away):
            return UNSCHEDULABLE, "InterPodAffinity", ["node(s) didn't match pod anti-affinity rules"]
        if any(counts.existing[pair] > 0 for pair in node.labels.items()):
            return UNSCHEDULABLE, "InterPodAffinity", ["node(s) didn't satisfy existing pods anti-affinity rules"]
        return None

    def on(self, counts: Counts, node: Node, pods: list[Doc], ports: set[tuple[str, str, int]]) -> Verdict | None:
        """The verdict beside the nominated pods of at least its priority, and without them."""
        beside = [
            other
            for other in self.case.get("nominatedPods") or []
            if other["status"]["nominatedNodeName"] == node.name
            and priority(other) >= priority(self.pod)
            and uid(other) != uid(self.pod)
        ]
        if beside:
            more = counts.copy()
            for other in beside:
                self.count(more, other, node, 1)
            why_not = self.verdict(more, node, pods + beside, ports.union(*map(host_ports, beside)))
            if why_not:
                return why_not
        return self.verdict(counts, node, pods, ports)

    # ---- the cycle

    def answer(self) -> dict[str, Any]:
        """The answer in the form of the recordings, with the message of the complete default profile."""
        gates = self.pod["spec"].get("schedulingGates") or []
        if gates:
            names = " ".join(gate["name"] for gate in gates)
            why = (UNRESOLVABLE, "SchedulingGates", [f"waiting for scheduling gates: [{names}]"])
            return {"preEnqueue": _status(why), "best": []}
        counts, only = self.counts(), self._named_nodes()
        rejected: dict[str, Verdict] = {}
        feasible: list[Node] = []
        hint = [n for n in self.nodes if n.name == status(self.pod).get("nominatedNodeName")]
        if only == set():
            conflict = (UNRESOLVABLE, "NodeAffinity", ["pod affinity terms conflict"])
            rejected = {node.name: conflict for node in self.nodes}
        else:
            for node in hint:
                self._sort(counts, node, feasible, rejected)
            if not feasible:
                for node in self.nodes:
                    if only is None or node.name in only:
                        self._sort(counts, node, feasible, rejected)
                    elif node not in hint:
                        rejected[node.name] = UNRESOLVABLE, "", ["node(s) didn't satisfy plugin(s) [NodeAffinity]"]
        verdicts = {node.name: {"code": "Success"} for node in feasible}
        verdicts |= {name: _status(why) for name, why in rejected.items()}
        found: dict[str, Any] = {"nodes": verdicts, "best": []}
        if only == set():
            found["preFilter"] = _status(conflict)
        return found | (scored(self, feasible) if feasible else self._failure(counts, rejected, only))

    def _sort(self, counts: Counts, node: Node, feasible: list[Node], rejected: dict[str, Verdict]) -> None:
        why_not = self.on(counts, node, node.pods, set().union(*map(host_ports, node.pods)))
        if why_not:
            rejected[node.name] = why_not
        else:
            feasible.append(node)

    def _named_nodes(self) -> set[str] | None:
        """The only nodes that required terms name; None if one of them names none. Source: nodeaffinity/node_affinity.go, PreFilter."""
        required = node_affinity(self.pod).get("requiredDuringSchedulingIgnoredDuringExecution") or {}
        names: set[str] | None = None
        for term in required.get("nodeSelectorTerms") or []:
            fields = [f for f in term.get("matchFields") or [] if (f["key"], f["operator"]) == ("metadata.name", "In")]
            if not fields:
                return None
            names = (names or set()) | set.intersection(*(set(field["values"]) for field in fields))
        return names

    # ---- preemption

    def _failure(self, counts: Counts, rejected: dict[str, Verdict], only: set[str] | None) -> dict[str, Any]:
        size, found = len(self.nodes), self._preemption(counts, rejected)
        if only == set():
            message = f"0/{size} nodes are available: pod affinity terms conflict."
        else:
            message = _told(size, (reason for _, _, reasons in rejected.values() for reason in reasons))
        if found["message"]:
            message += f" no new claims to deallocate, {found['message']}"
        return {"preemption": found, "messageDefaultProfile": message}

    def _preemption(self, counts: Counts, rejected: dict[str, Verdict]) -> dict[str, Any]:
        why = self._ineligible(rejected)
        if why:
            return {
                "eligible": False,
                "candidates": {},
                "nominated": [],
                "message": f"preemption: not eligible due to {why}.",
            }
        tried = [node for node in self.nodes if rejected[node.name][0] == UNSCHEDULABLE]
        results = {node.name: self._victims(counts, node) for node in tried}
        candidates = {name: result for name, result in results.items() if isinstance(result[0], list)}
        in_vain = {name: result for name, result in results.items() if name not in candidates}
        found: dict[str, Any] = {
            "eligible": True,
            "candidates": {
                name: {"victims": [name_of(victim) for victim in victims], "pdbViolations": violations}
                for name, (victims, violations) in candidates.items()
            },
            "nominated": [],
            "message": "",
        }
        if in_vain:
            found["rejected"] = {name: _status(why_not) for name, why_not in in_vain.items()}
        if candidates:
            costs = {name: cost(*candidate) for name, candidate in candidates.items()}
            found["nominated"] = sorted(name for name, cost in costs.items() if cost == min(costs.values()))
        else:
            reasons = (in_vain[n.name][2] if n.name in in_vain else [_NOT_HELPFUL] for n in self.nodes)
            found["message"] = "preemption: " + _told(len(self.nodes), (reason for each in reasons for reason in each))
        return found

    def _ineligible(self, rejected: dict[str, Verdict]) -> str:
        if self.pod["spec"].get("preemptionPolicy") == "Never":
            return "preemptionPolicy=Never"
        nominated = status(self.pod).get("nominatedNodeName")
        for node in self.nodes:
            if node.name != nominated or rejected[node.name][0] != UNSCHEDULABLE:
                continue
            if any(priority(other) < priority(self.pod) and is_preempted(other) for other in node.pods):
                return "a terminating pod on the nominated node"
        return ""

    def _victims(self, counts: Counts, node: Node) -> Verdict | tuple[list[Doc], int]:
        """The victims on a node, or why the pod does not fit without all pods of lower priority. Source: SelectVictimsOnNode."""
        possible = sorted((p for p in node.pods if priority(p) < priority(self.pod)), key=importance)
        if not possible:
            return UNRESOLVABLE, "", ["No preemption victims found for incoming pod"]
        counts, pods = counts.copy(), [p for p in node.pods if priority(p) >= priority(self.pod)]
        ports = set().union(*map(host_ports, node.pods))
        for other in possible:
            self.count(counts, other, node, -1)
            ports -= host_ports(other)
        why_not = self.on(counts, node, pods, ports)
        if why_not:
            return why_not
        victims: list[Doc] = []
        violating = violating_pods(self.case, possible)
        for other in sorted(possible, key=lambda p: uid(p) not in violating):
            self.count(counts, other, node, 1)
            if self.on(counts, node, [*pods, other], ports | host_ports(other)) is None:
                pods, ports = [*pods, other], ports | host_ports(other)
            else:
                self.count(counts, other, node, -1)
                victims.append(other)
        return sorted(victims, key=importance), sum(uid(victim) in violating for victim in victims)


def _node(document: Doc, pods: list[Doc]) -> Node:
    name, allocatable = document["metadata"]["name"], amounts(status(document).get("allocatable"))
    there = [pod for pod in pods if pod["spec"]["nodeName"] == name]
    return Node(document, name, labels(document), there, counted(allocatable), int(allocatable.get("pods", 0)))


def _selects(term: Doc, owner: Doc, other: Doc, namespace_labels: Doc, more: set[str]) -> bool:
    names, selector = set(term.get("namespaces") or []), term.get("namespaceSelector")
    if not names and selector is None:
        names = {namespace(owner)}
    if namespace(other) not in names | more and not selects(selector, namespace_labels):
        return False
    return selects(term.get("labelSelector"), labels(other))


def _status(verdict: Verdict) -> dict[str, Any]:
    code, plugin, reasons = verdict
    return {"code": code, "reasons": reasons} | ({"plugin": plugin} if plugin else {})


def _told(size: int, reasons: Iterable[str]) -> str:
    counts = Counter(reasons)
    return f"0/{size} nodes are available: " + ", ".join(sorted(f"{n} {reason}" for reason, n in counts.items())) + "."
