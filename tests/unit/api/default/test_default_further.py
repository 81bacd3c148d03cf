"""What defaulting fills in for the further kinds."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.default import DecodeError, default

Doc = dict[str, Any]

TEMPLATE: Doc = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}}
GENERATION = "deprecated.daemonset.template.generation"


def spec_of(kind: str, **spec: Any) -> Doc:
    found: Doc = default(kind, {"metadata": {"name": "x"}, "spec": spec})["spec"]
    return found


def test_a_stateful_set() -> None:
    spec = spec_of("StatefulSet", template=TEMPLATE, volumeClaimTemplates=[{"metadata": {"name": "d"}}])
    claims = spec.pop("volumeClaimTemplates")
    assert {key: value for key, value in spec.items() if key != "template"} == {
        "podManagementPolicy": "OrderedReady",
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "selector": None,
        "serviceName": "",
    }
    (claim,) = claims
    assert (claim["apiVersion"], claim["kind"]) == ("v1", "PersistentVolumeClaim")
    assert (claim["spec"]["volumeMode"], claim["status"]) == ("Filesystem", {"phase": "Pending"})


def test_a_strategy_with_a_type_gets_no_rolling_update() -> None:
    strategy = spec_of("StatefulSet", updateStrategy={"type": "RollingUpdate"})["updateStrategy"]
    assert strategy == {"type": "RollingUpdate"}


def test_a_daemon_set_has_a_generation_of_its_template_that_is_a_number() -> None:
    doc = default("DaemonSet", {"metadata": {"name": "x"}, "spec": {"template": TEMPLATE}})
    assert doc["metadata"]["annotations"] == {GENERATION: "0"}
    assert doc["spec"]["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 0}
    with pytest.raises(DecodeError, match=r'strconv\.ParseInt: parsing "x": invalid syntax'):
        default("DaemonSet", {"metadata": {"annotations": {GENERATION: "x"}}})


@pytest.mark.parametrize(
    ("spec", "completed"),
    [
        ({}, {"completions": 1, "parallelism": 1, "backoffLimit": 6, "podReplacementPolicy": "TerminatingOrFailed"}),
        ({"parallelism": 2}, {"parallelism": 2, "backoffLimit": 6, "podReplacementPolicy": "TerminatingOrFailed"}),
        (
            {"completions": 2, "backoffLimitPerIndex": 0},
            {"completions": 2, "parallelism": 1, "backoffLimit": 2**31 - 1},
        ),
        ({"podFailurePolicy": {"rules": []}}, {"podReplacementPolicy": "Failed"}),
    ],
)
def test_a_job(spec: Doc, completed: Doc) -> None:
    found = spec_of("Job", **spec)
    assert {key: found.get(key) for key in completed} == completed
    assert ("completions" in found) == ("completions" in completed or "podFailurePolicy" in spec)
    assert (found["completionMode"], found["suspend"], found["manualSelector"]) == ("NonIndexed", False, False)


def test_the_conditions_of_a_failure_policy_are_true_ones() -> None:
    rules = [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]
    (rule,) = spec_of("Job", podFailurePolicy={"rules": rules})["podFailurePolicy"]["rules"]
    assert rule["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]


@pytest.mark.parametrize("kind", ["Job", "ReplicationController"])
def test_labels_come_from_the_template_where_there_are_none(kind: str) -> None:
    spec = {"spec": {"template": TEMPLATE}}
    assert default(kind, {"metadata": {"name": "x"}, **spec})["metadata"]["labels"] == {"a": "b"}
    own = {"name": "x", "labels": {"mine": "1"}}
    assert default(kind, {"metadata": own, **spec})["metadata"]["labels"] == {"mine": "1"}


def test_a_replication_controller_selects_the_labels_of_its_template() -> None:
    assert spec_of("ReplicationController", template=TEMPLATE)["selector"] == {"a": "b"}


def test_a_cron_job_leaves_its_job_template_alone_but_for_pods() -> None:
    spec = spec_of("CronJob", schedule="@daily", jobTemplate={"spec": {"template": TEMPLATE}})
    assert spec["concurrencyPolicy"] == "Allow"
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"], spec["suspend"]) == (3, 1, False)
    job = spec["jobTemplate"]["spec"]
    assert set(job) == {"template"}
    assert job["template"]["spec"]["dnsPolicy"] == "ClusterFirst"


def test_an_autoscaler_fills_in_behaviour_only_where_there_is_some() -> None:
    spec = spec_of("HorizontalPodAutoscaler", maxReplicas=2)
    assert (spec["minReplicas"], "behavior" in spec) == (1, False)
    assert spec["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 80}
    behavior = spec_of("HorizontalPodAutoscaler", behavior={"scaleDown": {"selectPolicy": "Min"}})["behavior"]
    percent = {"type": "Percent", "value": 100, "periodSeconds": 15}
    pods = {"type": "Pods", "value": 4, "periodSeconds": 15}
    assert behavior["scaleDown"] == {"selectPolicy": "Min", "policies": [percent]}
    assert behavior["scaleUp"] == {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [pods, percent]}


def test_storage() -> None:
    volume = default("PersistentVolume", {"spec": {"iscsi": {"targetPortal": "a", "iqn": "b", "lun": 0}}})
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert volume["spec"]["iscsi"]["iscsiInterface"] == "default"
    assert volume["status"] == {"phase": "Pending"}
    claim = default("PersistentVolumeClaim", {"spec": {}})
    assert (claim["spec"]["volumeMode"], claim["status"]) == ("Filesystem", {"phase": "Pending"})
    found = default("StorageClass", {"provisioner": "a"})
    assert (found["reclaimPolicy"], found["volumeBindingMode"]) == ("Delete", "Immediate")


def test_networking() -> None:
    assert spec_of("NetworkPolicy", podSelector={})["policyTypes"] == ["Ingress"]
    egress = spec_of("NetworkPolicy", podSelector={}, egress=[{"ports": [{"port": 1}]}])
    assert egress["policyTypes"] == ["Ingress", "Egress"]
    assert egress["egress"][0]["ports"] == [{"port": 1, "protocol": "TCP"}]
    (port,) = default("EndpointSlice", {"addressType": "IPv4", "ports": [{"port": 1}]})["ports"]
    assert port == {"port": 1, "name": "", "protocol": "TCP"}
    subsets = [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 1}]}]
    assert default("Endpoints", {"subsets": subsets})["subsets"][0]["ports"] == [{"port": 1, "protocol": "TCP"}]
    parameters = {"kind": "K", "name": "n"}
    assert spec_of("IngressClass", parameters=parameters)["parameters"] == {**parameters, "scope": "Cluster"}


def test_bindings_name_the_group_of_roles_and_of_people() -> None:
    subjects = [{"kind": kind, "name": "n"} for kind in ("User", "Group", "ServiceAccount")]
    doc = default("RoleBinding", {"roleRef": {"kind": "Role", "name": "r"}, "subjects": subjects})
    group = "rbac.authorization.k8s.io"
    assert doc["roleRef"]["apiGroup"] == group
    assert [subject.get("apiGroup") for subject in doc["subjects"]] == [group, group, None]
