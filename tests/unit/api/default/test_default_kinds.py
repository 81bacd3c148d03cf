"""What defaulting fills in, kind by kind."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.default import default

Doc = dict[str, Any]

CONTAINER = {
    **{"name": "c", "image": "x:1", "resources": {}, "imagePullPolicy": "IfNotPresent"},
    **{"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"},
}
SPEC = {
    **{"restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst"},
    **{"securityContext": {}, "schedulerName": "default-scheduler"},
}


def pod(**spec: Any) -> Doc:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "x:1"}], **spec}}


def spec_of(**spec: Any) -> Doc:
    found: Doc = default("Pod", pod(**spec))["spec"]
    return found


def test_minimal_pod() -> None:
    assert spec_of() == {**SPEC, "containers": [CONTAINER], "enableServiceLinks": True}


def test_defaulted_pod_is_returned_itself() -> None:
    doc = default("Pod", pod())
    assert default("Pod", doc) is doc


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("localhost:5000/nginx", "Always"),
        ("a/b@sha256:" + "0" * 64, "IfNotPresent"),
        ("Not/An_Image", "IfNotPresent"),
        ("", "IfNotPresent"),
        ("0" * 64, "IfNotPresent"),
    ],
)
def test_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    assert spec_of(containers=[{"name": "c", "image": image}])["containers"][0]["imagePullPolicy"] == policy


def test_requests_default_to_limits_in_pods_but_not_in_templates() -> None:
    containers = [{"name": "c", "image": "x", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}]
    limits = {"cpu": "1", "memory": "1Gi"}
    assert spec_of(containers=containers)["containers"][0]["resources"] == {"limits": limits, "requests": limits}
    spec = {"selector": {}, "template": {"spec": {"containers": containers}}}
    template = default("ReplicaSet", {"metadata": {}, "spec": spec})["spec"]["template"]
    assert template["spec"]["containers"][0]["resources"] == {"limits": limits}
    assert "enableServiceLinks" not in template["spec"]


def test_pod_level_requests_come_from_containers_then_from_limits() -> None:
    containers = [{"name": "c", "image": "x", "resources": {"requests": {"cpu": "100m"}}}]
    found = spec_of(containers=containers, resources={"limits": {"cpu": "1", "memory": "1Gi"}})["resources"]
    assert found["requests"] == {"cpu": "100m", "memory": "1Gi"}


def test_host_network_makes_container_ports_host_ports() -> None:
    containers = [{"name": "c", "image": "x", "ports": [{"containerPort": 80}]}]
    port = spec_of(hostNetwork=True, containers=containers)["containers"][0]["ports"][0]
    assert port == {"containerPort": 80, "hostPort": 80, "protocol": "TCP"}


def test_probes_and_their_handlers() -> None:
    containers = [
        {"name": "a", "image": "x", "livenessProbe": {"httpGet": {"port": 80}}},
        {"name": "b", "image": "x", "readinessProbe": {"grpc": {"port": 80}}},
    ]
    first, second = spec_of(containers=containers)["containers"]
    counts = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
    assert first["livenessProbe"] == {"httpGet": {"port": 80, "path": "/", "scheme": "HTTP"}, **counts}
    assert second["readinessProbe"] == {"grpc": {"port": 80, "service": ""}, **counts}


@pytest.mark.parametrize(
    ("source", "completed"),
    [
        ({}, {"emptyDir": {}}),
        ({"configMap": {"name": "m"}}, {"configMap": {"name": "m", "defaultMode": 420}}),
        ({"secret": {"secretName": "s"}}, {"secret": {"secretName": "s", "defaultMode": 420}}),
        ({"hostPath": {"path": "/"}}, {"hostPath": {"path": "/", "type": ""}}),
        (
            {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
            {
                "projected": {
                    "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
                    "defaultMode": 420,
                }
            },
        ),
        (
            {"downwardAPI": {"items": [{"path": "f", "fieldRef": {"fieldPath": "metadata.name"}}]}},
            {
                "downwardAPI": {
                    "items": [{"path": "f", "fieldRef": {"fieldPath": "metadata.name", "apiVersion": "v1"}}],
                    "defaultMode": 420,
                }
            },
        ),
        ({"image": {"reference": "x:1"}}, {"image": {"reference": "x:1", "pullPolicy": "IfNotPresent"}}),
    ],
)
def test_volumes(source: Doc, completed: Doc) -> None:
    assert spec_of(volumes=[{"name": "v", **source}])["volumes"] == [{"name": "v", **completed}]


def test_service_account_has_two_names_and_a_negative_grace_becomes_one() -> None:
    found = spec_of(serviceAccount="sa", terminationGracePeriodSeconds=-5)
    assert (found["serviceAccountName"], found["serviceAccount"]) == ("sa", "sa")
    assert found["terminationGracePeriodSeconds"] == 1


def test_pod_ip_and_pod_ips_agree() -> None:
    doc = default("Pod", {**pod(), "status": {"podIP": "10.0.0.2", "podIPs": [{"ip": "10.0.0.1"}]}})
    assert doc["status"] == {"podIP": "10.0.0.2", "podIPs": [{"ip": "10.0.0.2"}]}


def test_deployment() -> None:
    template = {"spec": {"containers": [{"name": "c", "image": "x:1"}]}}
    found = default("Deployment", {"metadata": {"name": "d"}, "spec": {"selector": {}, "template": template}})["spec"]
    assert found["template"] == {"metadata": {}, "spec": {**SPEC, "containers": [CONTAINER]}}
    rest = {key: value for key, value in found.items() if key not in ("template", "selector")}
    assert rest == {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
    }


def test_recreate_needs_no_rolling_update() -> None:
    spec = {"strategy": {"type": "Recreate"}, "template": {}}
    assert default("Deployment", {"spec": spec})["spec"]["strategy"] == {"type": "Recreate"}


def test_service() -> None:
    found = default("Service", {"metadata": {"name": "s"}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}})
    assert found["spec"] == {
        "type": "LoadBalancer",
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "sessionAffinity": "None",
        "externalTrafficPolicy": "Cluster",
        "internalTrafficPolicy": "Cluster",
        "allocateLoadBalancerNodePorts": True,
    }


def test_client_ip_affinity_lasts_three_hours() -> None:
    found = default("Service", {"spec": {"sessionAffinity": "ClientIP"}})["spec"]
    assert found["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 10800}}


def test_secret_moves_string_data_into_data() -> None:
    found = default("Secret", {"metadata": {}, "data": {"a": "YQ=="}, "stringData": {"a": "b", "c": "d"}})
    assert found == {"metadata": {}, "data": {"a": "Yg==", "c": "ZA=="}, "type": "Opaque"}


def test_namespace_is_labelled_with_its_name_and_active() -> None:
    found = default("Namespace", {"metadata": {"name": "n"}})
    assert found["metadata"]["labels"] == {"kubernetes.io/metadata.name": "n"}
    assert found["status"] == {"phase": "Active"}
    assert "labels" not in default("Namespace", {"metadata": {"generateName": "n-"}})["metadata"]


def test_node_can_allocate_its_capacity_and_agrees_on_its_range() -> None:
    node = {"spec": {"podCIDR": "10.0.0.0/24"}, "status": {"capacity": {"cpu": "4"}}}
    found = default("Node", node)
    assert found["status"]["allocatable"] == {"cpu": "4"}
    assert found["spec"] == {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24"]}


def test_priority_class_preempts() -> None:
    assert default("PriorityClass", {"value": 5})["preemptionPolicy"] == "PreemptLowerPriority"


@pytest.mark.parametrize("kind", ["ConfigMap", "Lease", "ServiceAccount", "Event"])
def test_other_kinds_have_no_defaults(kind: str) -> None:
    doc = default(kind, {"metadata": {"name": "x"}})
    assert doc["metadata"] == {"name": "x"}
    assert default(kind, doc) is doc


def test_unknown_kinds_are_a_programmer_s_error() -> None:
    with pytest.raises(KeyError):
        default("Gadget", {})
