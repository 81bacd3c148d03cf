"""Differences that turned up when upstream's own strategies (v1.36.2) were run beside ours on mutated documents."""

from __future__ import annotations

from typing import Any

from refk8s.api.strategy import prepare_create, prepare_update
from refk8s.api.validate import warnings_update
from tests.unit.api.validate.validated import TEMPLATE, created, remarks, sent, stored, updated, with_status

Doc = dict[str, Any]
SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of"


def test_a_claim_without_a_name_is_not_looked_for() -> None:
    container = {**TEMPLATE["spec"]["containers"][0], "resources": {"claims": [{"name": ""}]}}
    template = {**TEMPLATE, "spec": {"containers": [container]}}
    assert created("PodTemplate", {"template": template}) == [
        "template.spec.containers[0].resources.claims[0]: Required value"
    ]


def policy(**block: Any) -> Doc:
    return {"spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"ipBlock": block}]}]}}


def test_an_empty_range_is_not_one_that_was_there_before() -> None:
    (error,) = updated("NetworkPolicy", policy(cidr="10.0.0.0/8"), policy(cidr="10.0.0.0/8", **{"except": [""]}))
    assert error.startswith('spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "": must be a valid CIDR value')


def claim(group: str) -> Doc:
    source = {"apiGroup": group, "kind": "K", "name": "n"}
    return {
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "dataSourceRef": source,
        }
    }


def test_a_claim_with_a_group_may_get_any_group() -> None:
    assert SUBDOMAIN in created("PersistentVolumeClaim", claim("Bad!"))[0]
    assert not any(SUBDOMAIN in error for error in updated("PersistentVolumeClaim", claim("a.b"), claim("Bad!")))


def volume(key: str) -> Doc:
    term = {"matchExpressions": [{"key": key, "operator": "In", "values": ["v"]}]}
    spec = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}}
    return {"spec": {**spec, "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}}}


def test_affinity_of_a_volume_changes_from_beta_labels_only() -> None:
    assert updated("PersistentVolume", volume("beta.kubernetes.io/os"), volume("kubernetes.io/os")) == []
    (error,) = updated("PersistentVolume", volume("kubernetes.io/os"), volume("beta.kubernetes.io/os"))
    assert error.endswith("field is immutable, except for updating from beta label to GA")
    assert "immutable" not in updated("PersistentVolume", volume("a"), volume(""))[0]


def test_the_secret_of_iscsi_has_a_name() -> None:
    iscsi = {"targetPortal": "1.2.3.4:80", "iqn": "iqn.2001-04.com.example:x", "lun": 0, "initiatorName": "x"}
    spec = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "iscsi": {**iscsi, "secretRef": {}}}
    assert created("PersistentVolume", {"spec": spec}) == [
        "spec.iscsi.secretRef.name: Required value",
        'spec.iscsi.initiatorname: Invalid value: "x": must be valid format',
    ]


def test_what_is_said_of_a_changed_controller_is_of_its_old_template() -> None:
    def controller(volumes: list[Doc]) -> Doc:
        return {
            "spec": {"selector": {"a": "b"}, "template": {**TEMPLATE, "spec": {**TEMPLATE["spec"], "volumes": volumes}}}
        }

    old_kind = controller([{"name": "v", "rbd": {"monitors": ["m"], "image": "i"}}])
    assert remarks("ReplicationController", old_kind, controller([])) == ()
    assert remarks("ReplicationController", controller([]), old_kind) == (
        "spec.template.spec.volumes[0].rbd: deprecated in v1.28, non-functional in v1.31+",
    )
    same = stored("ReplicationController", old_kind)
    assert warnings_update("ReplicationController", same, same) == ()


def test_lists_that_were_sent_empty_are_shown_empty() -> None:
    behavior = {"scaleUp": {"policies": []}}
    spec = {
        "maxReplicas": 2,
        "scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"},
        "behavior": behavior,
    }
    assert created("HorizontalPodAutoscaler", {"spec": spec}) == [
        "spec.behavior.scaleUp.policies: Required value: must specify at least one Policy"
    ]
    for codes, shown in (({}, "null"), ({"values": []}, "[]")):
        rule = {"action": "FailJob", "onExitCodes": {"operator": "In", **codes}}
        template = {"spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}
        (error,) = created("Job", {"spec": {"podFailurePolicy": {"rules": [rule]}, "template": template}})
        path = "spec.podFailurePolicy.rules[0].onExitCodes.values"
        assert error == f"{path}: Invalid value: {shown}: at least one value is required"


def test_endpoints_of_v1_have_no_topology() -> None:
    def slices(**endpoint: Any) -> Doc:
        return {"addressType": "IPv4", "endpoints": [{"addresses": ["1.2.3.4"], **endpoint}], "ports": []}

    topology = {"deprecatedTopology": {"kubernetes.io/hostname": "n"}}
    assert stored("EndpointSlice", slices(**topology))["endpoints"][0].keys() == {"addresses", "conditions"}
    old = sent("EndpointSlice", slices(**topology))  # as v1beta1 left it
    kept = prepare_update("EndpointSlice", old, old)
    assert kept["endpoints"][0]["deprecatedTopology"] == {"kubernetes.io/hostname": "n"}
    changed = prepare_update("EndpointSlice", sent("EndpointSlice", slices(hostname="h", **topology)), old)
    assert changed["endpoints"][0]["nodeName"] == "n"
    assert "deprecatedTopology" not in changed["endpoints"][0]


def test_pods_have_the_class_that_was_sent_and_no_claims_of_nodes() -> None:
    assert stored("Pod", {"spec": TEMPLATE["spec"]})["status"]["qosClass"] == "BestEffort"
    assert (
        with_status(
            "Pod", {"spec": TEMPLATE["spec"]}, {"nodeAllocatableResourceClaimStatuses": [{"resourceClaimName": "x"}]}
        )
        == []
    )
    made = prepare_create("Pod", sent("Pod", {"spec": TEMPLATE["spec"], "status": {"qosClass": "Burstable"}}))
    assert made["status"] == {"phase": "Pending", "qosClass": "Burstable"}


def test_a_secret_without_a_value_has_an_empty_one() -> None:
    assert sent("Secret", {"data": {"a": None}})["data"] == {"a": ""}
