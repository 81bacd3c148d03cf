"""Random clusters for the scheduler, as a function of a seed: nodes, pods, services, a profile, pending pods, and changes in between.

`python -m tests.properties.scheduler_clusters 20000 [FIRST]` compares the fast path with the clear one on so many of them.
"""

from __future__ import annotations

import sys
from random import Random
from typing import Any

import attrs

from refk8s.scheduler.cycle import Decision, schedule
from refk8s.scheduler.fast import decide
from refk8s.scheduler.filters import Nominated
from refk8s.scheduler.framework import Profile
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.nodeinfo import PodInfo
from refk8s.scheduler.plugins import default_profile
from refk8s.scheduler.snapshot import Snapshot
from tests.unit.scheduler.build import HOSTNAME, ZONE, node, pod

Document = dict[str, Any]

KEYS = (ZONE, HOSTNAME, "rack", "absent")
NAMESPACES = ("default", "other")
CONFIGS: tuple[tuple[Document, ...], ...] = (
    (),
    (),
    ({"name": "InterPodAffinity", "args": {"hardPodAffinityWeight": 0, "ignorePreferredTermsOfExistingPods": True}},),
    ({"name": "InterPodAffinity", "args": {"hardPodAffinityWeight": 50}},),
    ({"name": "NodeResourcesFit", "args": {"scoringStrategy": {"type": "MostAllocated"}}},),
    (
        {
            "name": "PodTopologySpread",
            "args": {
                "defaultingType": "List",
                "defaultConstraints": [
                    {"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule"},
                    {"maxSkew": 2, "topologyKey": HOSTNAME, "whenUnsatisfiable": "ScheduleAnyway"},
                ],
            },
        },
    ),
    (
        {
            "name": "NodeAffinity",
            "args": {
                "addedAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {"weight": 7, "preference": {"matchExpressions": [{"key": "rack", "operator": "Exists"}]}}
                    ]
                }
            },
        },
    ),
)


@attrs.define
class Lottery:
    """Draws parts of a cluster."""

    random: Random

    def chance(self, share: float) -> bool:
        """True with this probability."""
        return self.random.random() < share

    def pick(self, *choices: Any) -> Any:
        """One of these."""
        return self.random.choice(choices)

    def labels(self) -> dict[str, str]:
        """Labels of a pod."""
        labels = {"app": self.pick("x", "y", "z")} if self.chance(0.9) else {}
        return {**labels, "tier": self.pick("1", "2")} if self.chance(0.4) else labels

    def selector(self) -> Document | None:
        """A label selector."""
        match self.random.randrange(6):
            case 0:
                return {}
            case 1:
                return {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["x"]}]}
            case 2:
                return {"matchExpressions": [{"key": "tier", "operator": self.pick("Exists", "DoesNotExist")}]}
            case _:
                return {"matchLabels": {"app": self.pick("x", "y", "z")}}

    def node(self, name: str) -> Any:
        """A node."""
        labels: dict[str, str] = {}
        if self.chance(0.85):
            labels[ZONE] = self.pick("a", "b", "c", "")
        if self.chance(0.5):
            labels["rack"] = self.pick("1", "2")
        if self.chance(0.05):
            labels[HOSTNAME] = "another"
        spec: Document = {}
        if self.chance(0.25):
            effect = self.pick("NoSchedule", "NoExecute", "PreferNoSchedule", "PreferNoSchedule")
            spec["taints"] = [{"key": self.pick("k", "l"), "value": "v", "effect": effect}]
        if self.chance(0.08):
            spec["unschedulable"] = True
        images = {f"r/{i}:1": self.pick(30, 300, 900) << 20 for i in ("i", "j") if self.chance(0.4)}
        extended = {"example.com/gpu": self.pick("1", "2")} if self.chance(0.3) else None
        cpu, memory, pods = (
            self.pick("1", "2", "4", "3500m"),
            self.pick("2Gi", "4Gi", "7Gi"),
            self.pick("3", "5", "110"),
        )
        return node(name, labels, cpu=cpu, memory=memory, pods=pods, allocatable=extended, images=images, **spec)

    def term(self) -> Document:
        """A term of affinity to pods."""
        term: Document = {"topologyKey": self.pick(*KEYS), "labelSelector": self.selector()}
        if self.chance(0.2):
            term["namespaces"] = [self.pick(*NAMESPACES)]
        elif self.chance(0.2):
            term["namespaceSelector"] = self.pick({}, {"matchLabels": {"team": "red"}})
        return term

    def affinity(self) -> Document:
        """spec.affinity."""
        affinity: Document = {}
        for kind in ("podAffinity", "podAntiAffinity"):
            if self.chance(0.35):
                part: Document = {}
                if self.chance(0.5):
                    required = [self.term() for _ in range(self.pick(1, 1, 2))]
                    part["requiredDuringSchedulingIgnoredDuringExecution"] = required
                if self.chance(0.6):
                    part["preferredDuringSchedulingIgnoredDuringExecution"] = [
                        {"weight": self.pick(1, 10, 100), "podAffinityTerm": self.term()}
                        for _ in range(self.pick(1, 2))
                    ]
                affinity[kind] = part
        if self.chance(0.25):
            expression = {"key": self.pick(ZONE, "rack"), "operator": "In", "values": [self.pick("a", "b", "1")]}
            field = {"key": "metadata.name", "operator": "In", "values": [f"n{self.random.randrange(6)}", "n1"]}
            required_term = self.pick({"matchExpressions": [expression]}, {"matchFields": [field]})
            part = {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": self.pick(1, 50), "preference": {"matchExpressions": [expression]}}
                ]
            }
            if self.chance(0.4):
                part["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": [required_term]}  # type: ignore[assignment]  # mypy joins the values of a literal
            affinity["nodeAffinity"] = part
        return affinity

    def constraint(self) -> Document:
        """A topology spread constraint."""
        constraint: Document = {
            "maxSkew": self.pick(1, 1, 2, 5),
            "topologyKey": self.pick(*KEYS[:3]),
            "whenUnsatisfiable": self.pick("DoNotSchedule", "ScheduleAnyway"),
            "labelSelector": self.selector(),
        }
        if constraint["whenUnsatisfiable"] == "DoNotSchedule" and self.chance(0.3):
            constraint["minDomains"] = self.pick(1, 2, 4)
        for policy in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            if self.chance(0.3):
                constraint[policy] = self.pick("Honor", "Ignore")
        if self.chance(0.2):
            constraint["matchLabelKeys"] = ["tier"]
        return constraint

    def pod(self, name: str, nodes: int, *, pending: bool = False, priority: int | None = None) -> PodInfo:
        """A pod; `priority` in place of the one that is drawn."""
        requests = {}
        if self.chance(0.7):
            requests = {"cpu": self.pick("100m", "250m", "1", "1900m"), "memory": self.pick("100Mi", "1Gi", "3Gi")}
        if self.chance(0.1):
            requests["example.com/gpu"] = "1"
        drawn = self.pick(0, 0, 5, 10)
        spec: Document = {"priority": drawn if priority is None else priority}
        if self.chance(0.5):
            spec["affinity"] = self.affinity()
        if self.chance(0.4):
            spec["topologySpreadConstraints"] = [self.constraint() for _ in range(self.pick(1, 1, 2, 3))]
        if self.chance(0.3):
            spec["tolerations"] = [self.pick({"operator": "Exists"}, {"key": "k", "operator": "Exists"})]
        container: Document = {
            "name": "c",
            "image": self.pick("r/i:1", "r/j:1", "k"),
            "resources": {"requests": requests},
        }
        if self.chance(0.1):
            container["ports"] = [{"containerPort": 80, "hostPort": self.pick(80, 81)}]
        spec["containers"] = [container]
        metadata: Document = {}
        status: Document = {}
        if pending:
            if self.chance(0.06):
                spec["nodeSelector"] = {ZONE: "a"}
            if self.chance(0.04):
                spec["nodeName"] = f"n{self.random.randrange(nodes)}"
            if self.chance(0.1):
                status["nominatedNodeName"] = f"n{self.random.randrange(nodes)}"
        elif self.chance(0.1):
            metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        namespace = self.pick("default", "default", "other")
        return pod(name, namespace=namespace, labels=self.labels(), metadata=metadata, status=status, **spec)

    def listers(self) -> Listers:
        """Namespaces, services and disruption budgets."""
        namespaces = [{"metadata": {"name": name, "labels": {"team": self.pick("red", "blue")}}} for name in NAMESPACES]
        services = [
            {"metadata": {"name": f"s{i}", "namespace": self.pick(*NAMESPACES)}, "spec": {"selector": self.labels()}}
            for i in range(self.random.randrange(3))
        ]
        budgets = [
            {
                "metadata": {"name": f"b{i}", "namespace": self.pick(*NAMESPACES)},
                "spec": {"selector": {"matchLabels": {"app": self.pick("x", "y")}}},
                "status": {"disruptionsAllowed": self.pick(0, 1)},
            }
            for i in range(self.random.randrange(3))
        ]
        return Listers.of(namespaces, services, disruption_budgets=budgets)


def compare(seed: int) -> int:
    """Schedule pods in the cluster of a seed in both ways; returns how many decisions were compared. Raises AssertionError where they differ."""
    draw = Lottery(Random(seed))
    profile = default_profile(draw.pick(*CONFIGS))
    nodes = draw.random.randint(1, 10)
    snapshot = Snapshot(listers=draw.listers())
    for i in range(nodes):
        snapshot = snapshot.with_node(draw.node(f"n{i}"))
    placed: list[tuple[str, str]] = []
    for i in range(draw.random.randint(0, 3 * nodes)):
        where = f"n{draw.random.randrange(nodes)}"
        snapshot = snapshot.with_pod(draw.pod(f"p{i}", nodes), where)
        placed.append((f"p{i}", where))
    earlier = [(snapshot, list(placed))]
    kinds = [draw.random.randrange(1 << 30) for _ in range(2)]
    rounds = draw.random.randint(2, 5)
    for turn in range(rounds):
        kind, priority = Lottery(Random(draw.pick(*kinds))), draw.pick(0, 5, 10, 20)
        pending = kind.pod(f"q{turn}", nodes, pending=True, priority=priority)
        nominated: dict[str, list[PodInfo]] = {}
        if draw.chance(0.2):
            nominated[f"n{draw.random.randrange(nodes)}"] = [draw.pod(f"m{turn}", nodes)]
        decision = same(profile, pending, snapshot, nominated, f"seed {seed}, turn {turn}")
        if decision.chosen:
            snapshot = snapshot.with_pod(pending, decision.chosen)
            placed.append((pending.key, decision.chosen))
        change = draw.random.random()
        if change < 0.25 and placed:
            key, where = placed.pop(draw.random.randrange(len(placed)))
            snapshot = snapshot.without_pod(key, where)
        elif change < 0.4:
            snapshot = snapshot.with_node(draw.node(f"n{draw.random.randrange(nodes)}"))
        elif change < 0.47:
            snapshot = snapshot.with_node(draw.node(f"n{nodes}"))
            nodes += 1
        elif change < 0.55:
            snapshot, placed = draw.pick(*earlier)
            placed, nodes = list(placed), len(snapshot)
        elif change < 0.65:
            snapshot = snapshot.with_listers(draw.listers())
        earlier.append((snapshot, list(placed)))
    return rounds


def same(profile: Profile, pending: PodInfo, snapshot: Snapshot, nominated: Nominated, where: str) -> Decision:
    """The decision of both paths. Raises AssertionError if they differ in any field."""
    clear = schedule(profile, pending, snapshot, nominated=nominated, explain=True)
    lean = decide(profile, pending, snapshot, nominated, lambda best: best[0])
    full = decide(profile, pending, snapshot, nominated, lambda best: best[0], explain=True)
    fields = list(attrs.fields_dict(Decision))
    explained = ("scores", "skipped_score", "totals")
    for found, names in ((full, fields), (lean, [name for name in fields if name not in explained])):
        for name in names:
            expected, got = getattr(clear, name), getattr(found, name)
            assert expected == got, f"{where}: {name}: {expected} from the clear path, {got} from the fast one"
    return clear


def main() -> int:
    """Compare many clusters."""
    count, begin = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    decisions = sum(compare(seed) for seed in range(begin, begin + count))
    print(f"{count:,} clusters from seed {begin}, {decisions:,} decisions: the fast path and the clear one agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
