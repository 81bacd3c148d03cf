"""Random cases in the form of the recordings, as a function of a seed: full nodes or roomy ones, many features at once."""

from __future__ import annotations

from random import Random
from typing import Any

from .spread import HOSTNAME, ZONE

Document = dict[str, Any]

KEYS = (HOSTNAME, ZONE, "rack")
EFFECTS = ("NoSchedule", "NoExecute", "PreferNoSchedule")
IMAGES = ("img", "img:1", "reg.io:5000/img", "reg.io/x:2", "img@sha256:abc")
REQUESTS = {
    "cpu": (0.7, ("0", "100m", "0.5", "1", "1500m", "2")),
    "memory": (0.7, ("0", "64Mi", "1Gi", "2G", "1e9", "3000000k")),
    "ephemeral-storage": (0.12, ("1Gi", "10Gi")),
    "example.com/gpu": (0.12, ("0", "1", "2")),
    "hugepages-2Mi": (0.12, ("4Mi", "8Mi")),
}
EXPRESSIONS = (
    {"key": "app", "operator": "In", "values": ["a", "b"]},
    {"key": "app", "operator": "NotIn", "values": ["a"]},
    {"key": "tier", "operator": "Exists"},
    {"key": "tier", "operator": "DoesNotExist"},
)
NAMESPACE_SELECTORS = (
    {},
    {"matchLabels": {"team": "x"}},
    {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]},
    {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["x"]}]},
)
NODE_EXPRESSIONS = (
    {"key": "rack", "operator": "In", "values": ["r1"]},
    {"key": "rack", "operator": "DoesNotExist"},
    {"key": "number", "operator": "Gt", "values": ["3"]},
    {"key": "number", "operator": "Lt", "values": ["5"]},
    {"key": ZONE, "operator": "NotIn", "values": ["z1"]},
)
GPU_TOO = [{"name": "cpu", "weight": 3}, {"name": "example.com/gpu", "weight": 7}, {"name": "ephemeral-storage"}]
SHAPES = (
    [{"utilization": 0, "score": 10}, {"utilization": 100, "score": 0}],
    [{"utilization": 10, "score": 0}, {"utilization": 33, "score": 7}, {"utilization": 80, "score": 2}],
)
STRATEGIES = (
    {"type": "MostAllocated", "resources": GPU_TOO},
    {"type": "LeastAllocated", "resources": [{"name": "hugepages-2Mi"}, {"name": "memory", "weight": 9}]},
    *(
        {"type": "RequestedToCapacityRatio", "resources": GPU_TOO, "requestedToCapacityRatio": {"shape": shape}}
        for shape in SHAPES
    ),
)
CONSTRAINTS = (
    {"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule"},
    {"maxSkew": 2, "topologyKey": HOSTNAME, "whenUnsatisfiable": "ScheduleAnyway"},
    {"maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "ScheduleAnyway"},
)
REQUIRED, PREFERRED = (f"{mode}DuringSchedulingIgnoredDuringExecution" for mode in ("required", "preferred"))


def random_case(seed: int) -> Document:
    """The `input` of a case."""
    return Lottery(Random(seed)).case()


class Lottery:
    """Draws a case."""

    def __init__(self, random: Random) -> None:
        self.random, self.pick, self.made = random, random.choice, 0

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def some(self, *counts: int) -> range:
        return range(self.pick(counts))

    def maybe(self, share: float, **fields: Any) -> Document:
        return fields if self.chance(share) else {}

    def case(self) -> Document:
        self.size, self.roomy = self.random.randint(1, 8), self.chance(0.6)
        found = {
            "nodes": [self.node(i) for i in range(self.size)],
            "pods": [self.placed(f"p{i}") for i in range(self.random.randint(0, 4 * self.size))],
            "pod": self.pending("me"),
            "namespaces": [
                {"metadata": {"name": name, "labels": self.maybe(0.7, team=self.pick("xy"))}}
                for name in ("default", "other", "third")
                if self.chance(0.6)
            ],
        }
        if self.chance(0.3):
            found["services"] = [self.beside(f"s{i}", {"selector": self.labels()}) for i in range(2)]
        if self.chance(0.5):
            owner = {"selector": {"matchLabels": {"app": self.pick("abc")}}}
            kind = self.pick(("replicaSets", "statefulSets"))
            found[kind] = [{"metadata": {"name": "o", "namespace": n}, "spec": owner} for n in ("default", "other")]
        if self.chance(0.6):
            found["podDisruptionBudgets"] = [self.budget(i) for i in self.some(1, 2, 3)]
        if self.chance(0.25):
            found["nominatedPods"] = [self.pending(f"nominated{i}", f"n{self.number()}") for i in self.some(1, 2)]
        if self.chance(0.12):
            found["pod"]["status"] = {"nominatedNodeName": f"n{self.random.randrange(self.size + 1)}"}
        if self.chance(0.4):
            found["pluginConfig"] = self.plugin_config()
        return found

    def number(self) -> int:
        return self.random.randrange(self.size)

    def beside(self, name: str, spec: Document) -> Document:
        return {"metadata": {"name": name, "namespace": self.pick(("default", "other"))}, "spec": spec}

    def budget(self, number: int) -> Document:
        selector = self.selector()
        found = self.beside(f"b{number}", {} if selector is None else {"selector": selector})
        disrupted = self.maybe(0.3, disruptedPods={f"p{self.random.randrange(9)}": "2026-01-01T00:00:00Z"})
        return {**found, "status": {"disruptionsAllowed": self.pick((0, 1, 2)), **disrupted}}

    # ---- nodes

    def node(self, number: int) -> Document:
        own = {
            **self.maybe(0.95, **{HOSTNAME: f"n{number}" if self.chance(0.95) else "same"}),
            **self.maybe(0.85, **{ZONE: self.pick(("z0", "z1", "z2"))}),
            **self.maybe(0.7, rack=self.pick(("r1", "r2", ""))),
            **self.maybe(0.5, number=str(self.random.randrange(8))),
        }
        allocatable = {
            "cpu": "32" if self.roomy else self.pick(("2", "4", "1900m", "8")),
            "pods": "110" if self.roomy else self.pick(("2", "4", "10", "110")),
            "ephemeral-storage": "200Gi" if self.roomy else "20Gi",
            **self.maybe(0.95, memory="64Gi" if self.roomy else self.pick(("4Gi", "8Gi", "3G"))),
            **self.maybe(0.4, **{"example.com/gpu": self.pick(("0", "1", "4"))}),
            **self.maybe(0.4, **{"hugepages-2Mi": "256Mi" if self.roomy else "16Mi"}),
        }
        images = [
            {"names": self.random.sample((*IMAGES, "img:latest", "reg.io:5000/img:latest"), 2), "sizeBytes": size}
            for size in (10, 50_000_000, 900_000_000, 3_000_000_000)
            if self.chance(0.3)
        ]
        taints = [
            {"key": self.pick("ab"), "value": self.pick("vw"), "effect": self.pick(EFFECTS)}
            for _ in (range(0) if self.roomy and self.chance(0.7) else self.some(0, 0, 1, 2))
        ]
        return {
            "metadata": {"name": f"n{number}", "labels": own},
            "spec": {"taints": taints, **self.maybe(0.06, unschedulable=True)},
            "status": {"allocatable": allocatable, "images": images},
        }

    # ---- pods

    def labels(self) -> Document:
        return {**self.maybe(0.9, app=self.pick("abc")), **self.maybe(0.4, tier=self.pick("12"))}

    def selector(self) -> Document | None:
        selectors = (None, {}, *({"matchLabels": {"app": app}} for app in "abc"))
        return self.pick((*selectors, *({"matchExpressions": [expression]} for expression in EXPRESSIONS)))

    def term(self) -> Document:
        selector = self.selector()
        return {
            "topologyKey": self.pick(KEYS),
            **({} if selector is None else {"labelSelector": selector}),
            **self.maybe(0.2, namespaces=self.random.sample(("default", "other", "third"), self.pick((1, 2)))),
            **self.maybe(0.35, namespaceSelector=self.pick(NAMESPACE_SELECTORS)),
        }

    def pod_affinity(self) -> Document:
        weighted = [{"weight": self.pick((1, 5, 50, 100)), "podAffinityTerm": self.term()} for _ in self.some(0, 1, 2)]
        return {REQUIRED: [self.term() for _ in self.some(0, 1, 1, 2)], PREFERRED: weighted}

    def requests(self) -> Document:
        return {name: self.pick(values) for name, (share, values) in REQUESTS.items() if self.chance(share)}

    def container(self, name: str, *, sidecar: bool = False) -> Document:
        port = {
            "containerPort": 80,
            "hostPort": self.pick((80, 81)),
            **self.maybe(0.5, hostIP=self.pick(("0.0.0.0", "10.0.0.1", "::", "127.0.0.1"))),
            **self.maybe(0.5, protocol=self.pick(("TCP", "UDP"))),
        }
        return {
            "name": name,
            "image": self.pick(IMAGES),
            "resources": {"requests": self.requests()},
            **({"restartPolicy": "Always"} if sidecar else {}),
            **self.maybe(0.2, ports=[port]),
        }

    def toleration(self) -> Document:
        matches = self.pick(({"operator": "Exists"}, {"value": "v"}, {"operator": "Equal", "value": "w"}))
        return {"key": self.pick("ab"), **matches, **self.maybe(0.5, effect=self.pick(EFFECTS))}

    def pod(self, name: str) -> Document:
        kinds = ("podAffinity", "podAntiAffinity")
        level = {n: v for n, v in (("cpu", "2"), ("memory", "2Gi"), ("hugepages-2Mi", "8Mi")) if self.chance(0.6)}
        spec = {
            "containers": [self.container(f"c{i}") for i in self.some(1, 1, 2, 3)],
            "initContainers": [self.container(f"i{i}", sidecar=self.chance(0.5)) for i in self.some(0, 0, 0, 1, 2, 3)],
            "affinity": {kind: self.pod_affinity() for kind in kinds if self.chance(0.25)},
            "tolerations": [self.toleration() for _ in self.some(0, 0, 1, 2)],
            **self.maybe(0.1, overhead={"cpu": "50m", "memory": "10Mi"}),
            **self.maybe(0.15, resources={"requests": level}),
        }
        metadata = {"name": name, "namespace": self.pick(("default", "default", "other")), "uid": f"uid-{name}"}
        return {"metadata": {**metadata, "labels": self.labels()}, "spec": spec, "status": {}}

    def placed(self, name: str) -> Document:
        found = self.pod(name)
        self.made += 1
        found["spec"] |= {"nodeName": f"n{self.number()}", "priority": self.pick((0, 0, 1, 5, 10, 100, -10))}
        conditions = []
        if self.chance(0.1):
            found["metadata"]["deletionTimestamp"] = "2026-02-01T00:00:00Z"
            reason = self.pick(("PreemptionByScheduler", "EvictionByEvictionAPI"))
            conditions.append({"type": "DisruptionTarget", "status": "True", "reason": reason})
        found["status"] = {"startTime": f"2026-01-01T00:{self.made:02}:{self.random.randrange(60):02}Z"}
        if self.chance(0.15):
            found["status"]["containerStatuses"] = [
                {
                    "name": container["name"],
                    "resources": {"requests": self.requests()},
                    **self.maybe(0.5, allocatedResources=self.requests()),
                }
                for container in found["spec"]["containers"]
                if self.chance(0.7)
            ]
            reason = self.pick(("Infeasible", "Deferred", ""))
            conditions += [{"type": "PodResizePending", "status": "True", "reason": reason}] if reason else []
        found["status"]["conditions"] = conditions
        return found

    def pending(self, name: str, nominated: str = "") -> Document:
        found = self.pod(name)
        spec = found["spec"]
        spec["priority"] = self.pick((0, 5, 10, 50, 1000))
        if nominated:
            found["status"] = {"nominatedNodeName": nominated}
        if self.chance(0.4):
            kinds = {(c["topologyKey"], c["whenUnsatisfiable"]): c for c in (self.spread() for _ in self.some(1, 2, 3))}
            spec["topologySpreadConstraints"] = list(kinds.values())
        elif self.chance(0.5):
            owner = {"apiVersion": "apps/v1", "kind": self.pick(("ReplicaSet", "StatefulSet")), "name": "o"}
            found["metadata"]["ownerReferences"] = [{**owner, "uid": "o", "controller": True}]
        if self.chance(0.3):
            weighted = [{"weight": self.pick((1, 10, 77)), "preference": self.node_term()} for _ in self.some(0, 1, 2)]
            required = self.maybe(0.6, **{REQUIRED: {"nodeSelectorTerms": [self.node_term() for _ in self.some(1, 2)]}})
            spec["affinity"]["nodeAffinity"] = {**required, PREFERRED: weighted}
        spec |= self.maybe(0.2, nodeSelector={"rack": self.pick(("r1", "r2"))})
        spec |= self.maybe(0.05, preemptionPolicy="Never")
        spec |= self.maybe(0.02, schedulingGates=[{"name": "one"}, {"name": "two"}])
        return found

    def spread(self) -> Document:
        selector, action = self.selector(), self.pick(("DoNotSchedule", "ScheduleAnyway"))
        return {
            "maxSkew": self.pick((1, 1, 2, 3)),
            "topologyKey": self.pick(KEYS),
            "whenUnsatisfiable": action,
            **({} if selector is None else {"labelSelector": selector, **self.maybe(0.2, matchLabelKeys=["tier"])}),
            **(self.maybe(0.4, minDomains=self.pick((1, 2, 3, 5))) if action == "DoNotSchedule" else {}),
            **self.maybe(0.3, nodeAffinityPolicy=self.pick(("Honor", "Ignore"))),
            **self.maybe(0.3, nodeTaintsPolicy=self.pick(("Honor", "Ignore"))),
        }

    def node_term(self) -> Document:
        fields = [
            {
                "key": "metadata.name",
                "operator": self.pick(("In", "In", "NotIn")),
                "values": [f"n{self.random.randrange(7)}"],
            }
            for _ in self.some(0, 0, 1, 1, 2)
        ]
        expressions = [self.pick(NODE_EXPRESSIONS) for _ in self.some(0, 1, 1)]
        return {k: v for k, v in (("matchExpressions", expressions), ("matchFields", fields)) if v}

    # ---- configuration

    def plugin_config(self) -> list[Document]:
        terms = {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [{"key": "rack", "operator": "Exists"}]}]}}
        terms |= {PREFERRED: [{"weight": 9, "preference": {"matchExpressions": [NODE_EXPRESSIONS[2]]}}]}
        balanced = self.pick(([{"name": "cpu"}], GPU_TOO, [{"name": "memory"}, {"name": "hugepages-2Mi"}]))
        args: dict[str, Document] = {
            "InterPodAffinity": {
                "hardPodAffinityWeight": self.pick((0, 1, 100)),
                "ignorePreferredTermsOfExistingPods": self.chance(0.5),
            },
            "NodeAffinity": {"addedAffinity": {mode: of for mode, of in terms.items() if self.chance(0.6)}},
            "NodeResourcesBalancedAllocation": {"resources": [{"name": each["name"]} for each in balanced]},
            "NodeResourcesFit": {
                "scoringStrategy": self.pick(STRATEGIES),
                **self.maybe(0.3, ignoredResourceGroups=["example.com"]),
            },
            "PodTopologySpread": {
                "defaultingType": "List",
                "defaultConstraints": [each for each in CONSTRAINTS if self.chance(0.7)],
            },
        }
        return [{"name": name, "args": of} for name, of in args.items() if self.chance(0.4)]
