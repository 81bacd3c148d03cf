"""The recorded scheduling cycles, asked of `refk8s schedule`: a dump of the case's cluster, and its pod."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.conformance.cases import Case, read, vendored
from refk8s.schedule import simulate
from refk8s.schedule.cluster import admitted, cluster_of
from refk8s.schedule.dump import KINDS, Dump
from refk8s.scheduler.answers import answer_of, gated
from refk8s.scheduler.config import API_VERSION, KIND, configuration

FIELDS = {
    "Node": "nodes",
    "Namespace": "namespaces",
    "PodDisruptionBudget": "podDisruptionBudgets",
    "Service": "services",
    "ReplicaSet": "replicaSets",
    "StatefulSet": "statefulSets",
    "ReplicationController": "replicationControllers",
}
FAMILIES = read(vendored("scheduler"))


def dump(case: dict[str, Any]) -> Dump:
    objects: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    found = [(kind, each) for kind, field in FIELDS.items() for each in case.get(field) or ()]
    found += [("Pod", each) for each in (*(case.get("pods") or ()), *(case.get("nominatedPods") or ()))]
    for kind, document in found:
        metadata = document["metadata"]
        namespace = "" if kind in ("Node", "Namespace") else metadata.get("namespace") or "default"
        objects[kind][f"{namespace}/{metadata['name']}"] = {**document, "apiVersion": "v1", "kind": kind}
    return Dump(objects)


def answer(case: dict[str, Any], *, stored: bool) -> dict[str, Any]:
    cluster = cluster_of(dump(case))
    profile = {"pluginConfig": case["pluginConfig"]} if case.get("pluginConfig") else {}
    told = configuration({"apiVersion": API_VERSION, "kind": KIND, "profiles": [profile]})
    pod = {"apiVersion": "v1", "kind": "Pod", **case["pod"]}
    pod["metadata"] = {**pod["metadata"], "uid": pod["metadata"].get("uid") or "pending"}
    if not stored:
        pod["metadata"] = case["pod"]["metadata"]
    pods = admitted([pod], cluster, "default")
    ((placement,), _) = simulate.run(cluster, told, pods, explain=True, preempt=False)
    if placement.gate is not None:
        return gated(placement.gate)
    assert placement.decision is not None
    return answer_of(placement.decision)


def disagreements(case: Case, got: dict[str, Any]) -> list[str]:
    expected = {field: value for field, value in case.expected.items() if field != "message"}
    return [field for field, value in expected.items() if got.get(field) != value]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_pod_read_from_the_cluster_gets_the_recorded_answer(family: str) -> None:
    wrong = {
        case.name: found for case in FAMILIES[family] if (found := disagreements(case, answer(case.input, stored=True)))
    }
    assert not wrong


@pytest.mark.parametrize("family", FAMILIES)
def test_a_manifest_goes_through_admission_and_gets_the_recorded_answer(family: str) -> None:
    cases = FAMILIES[family]
    wrong = {case.name: found for case in cases if (found := disagreements(case, answer(case.input, stored=False)))}
    assert not wrong
