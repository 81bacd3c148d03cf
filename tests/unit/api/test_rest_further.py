"""The further kinds through the whole API server: admission, deletion, scale, warnings, versions."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.registry import ROWS
from tests.unit.api.api_server import Doc, Server

TEMPLATE: Doc = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}}
JOB: Doc = {"spec": {"template": {"spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}}}
SELECTED: Doc = {"spec": {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}}
CLAIM: Doc = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
EXAMPLES: dict[str, Doc] = {
    "statefulsets": SELECTED,
    "daemonsets": SELECTED,
    "controllerrevisions": {"data": {}, "revision": 1},
    "jobs": JOB,
    "cronjobs": {"spec": {"schedule": "@daily", "jobTemplate": JOB}},
    "poddisruptionbudgets": {"spec": {"minAvailable": 1}},
    "horizontalpodautoscalers": {
        "spec": {"maxReplicas": 2, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}}
    },
    "replicationcontrollers": {"spec": {"template": TEMPLATE}},
    "podtemplates": {"template": TEMPLATE},
    "endpoints": {"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}]},
    "endpointslices": {"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}]},
    "persistentvolumes": {
        "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/d"}}
    },
    "persistentvolumeclaims": CLAIM,
    "storageclasses": {"provisioner": "a.b/c"},
    "ingresses": {"spec": {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}}},
    "ingressclasses": {"spec": {"controller": "a.b/c"}},
    "networkpolicies": {"spec": {"podSelector": {}}},
    "roles": {"rules": []},
    "clusterroles": {"rules": []},
    "rolebindings": {"roleRef": {"kind": "Role", "name": "r"}},
    "clusterrolebindings": {"roleRef": {"kind": "ClusterRole", "name": "r"}},
    "resourcequotas": {"spec": {"hard": {"pods": "1"}}},
    "limitranges": {"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}}]}},
}
ROW = {row.plural: row for row in ROWS}


@pytest.fixture
def server() -> Server:
    return Server()


def example(resource: str, name: str = "x", **metadata: Any) -> Doc:
    row = ROW[resource]
    head = {"apiVersion": row.api_version, "kind": row.kind, "metadata": {"name": name, **metadata}}
    return {**head, **EXAMPLES[resource]}


@pytest.mark.parametrize("resource", EXAMPLES)
def test_what_was_created_is_stored_as_it_is_shown_and_an_equal_update_is_none(server: Server, resource: str) -> None:
    made = server.create(resource, example(resource))
    assert server.get(resource, "x") == made
    assert server.done("update", resource, "x", body=made) == made
    assert server.commits == ()
    if "status" in ROW[resource].subresources:
        assert server.done("update", resource, "x", "status", made) == made
        assert server.commits == ()


@pytest.mark.parametrize("resource", EXAMPLES)
def test_what_is_deleted_is_gone_or_waits_for_a_finalizer(server: Server, resource: str) -> None:
    server.create(resource, example(resource))
    server.done("delete", resource, "x")
    waits = {
        "jobs": ["orphan"],
        "replicationcontrollers": ["orphan"],
        "persistentvolumes": ["kubernetes.io/pv-protection"],
        "persistentvolumeclaims": ["kubernetes.io/pvc-protection"],
    }
    if resource not in waits:
        assert not server.exists(resource, "x")
        return
    assert server.get(resource, "x")["metadata"]["finalizers"] == waits[resource]
    server.patch(resource, "x", {"metadata": {"finalizers": None}})
    assert not server.exists(resource, "x")


@pytest.mark.parametrize("resource", [row.plural for row in ROWS if row.plural in EXAMPLES and row.create_on_update])
def test_a_put_creates_where_upstream_lets_it(server: Server, resource: str) -> None:
    response = server.ask("update", resource, "x", body=example(resource))
    assert response.code == 201


def test_a_jobs_pods_stay_behind_with_a_warning_unless_somebody_says_otherwise(server: Server) -> None:
    server.create("jobs", example("jobs"))
    response = server.ask("delete", "jobs", "x")
    assert response.warnings == (
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or "
        "set propagationPolicy=Orphan to suppress this warning",
    )
    server.create("jobs", example("jobs", "y"))
    response = server.ask("delete", "jobs", "y", body={"propagationPolicy": "Background"})
    assert response.warnings == ()
    assert not server.exists("jobs", "y")


def test_every_answer_about_endpoints_says_that_they_are_old(server: Server) -> None:
    said = ("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",)
    assert server.ask("create", "endpoints", body=example("endpoints")).warnings == said
    for verb, name in (("get", "x"), ("list", ""), ("get", "none")):
        assert server.ask(verb, "endpoints", name).warnings == said


@pytest.mark.parametrize("resource", ["statefulsets", "replicationcontrollers"])
def test_workloads_are_scaled(server: Server, resource: str) -> None:
    server.create(resource, example(resource))
    scale = server.done("get", resource, "x", "scale")
    assert (scale["spec"], scale["status"]["selector"]) == ({"replicas": 1}, "a=b")
    server.done("update", resource, "x", "scale", {**scale, "spec": {"replicas": 4}})
    assert server.get(resource, "x")["spec"]["replicas"] == 4


def test_a_claim_without_a_class_gets_the_default_one(server: Server) -> None:
    assert "storageClassName" not in server.create("persistentvolumeclaims", example("persistentvolumeclaims"))["spec"]
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    server.create("storageclasses", example("storageclasses", "fast", annotations=default))
    claim = server.create("persistentvolumeclaims", example("persistentvolumeclaims", "y"))
    assert claim["spec"]["storageClassName"] == "fast"


def test_an_ingress_without_a_class_gets_the_default_one(server: Server) -> None:
    default = {"ingressclass.kubernetes.io/is-default-class": "true"}
    server.create("ingressclasses", example("ingressclasses", "nginx", annotations=default))
    assert server.create("ingresses", example("ingresses"))["spec"]["ingressClassName"] == "nginx"


def test_a_claim_grows_only_if_it_is_bound_and_its_class_lets_it(server: Server) -> None:
    for name, grows in (("fixed", False), ("elastic", True)):
        server.create("storageclasses", {**example("storageclasses", name), "allowVolumeExpansion": grows})
        claim = example("persistentvolumeclaims", name)
        server.create("persistentvolumeclaims", {**claim, "spec": {**claim["spec"], "storageClassName": name}})
    bigger = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}

    def refusal(name: str) -> str:
        return server.refused("patch", "persistentvolumeclaims", name, body=bigger, patchType="merge")[2]

    for name in ("fixed", "elastic"):
        assert "spec is immutable after creation" in refusal(name)
        status = {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}
        server.patch("persistentvolumeclaims", name, status, "status")
    assert refusal("fixed").endswith(
        "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
    )
    assert server.patch("persistentvolumeclaims", "elastic", bigger)["spec"]["resources"] == bigger["spec"]["resources"]


def test_a_budget_is_not_updated_without_a_version(server: Server) -> None:
    server.create("poddisruptionbudgets", example("poddisruptionbudgets"))
    code, reason, message = server.refused("update", "poddisruptionbudgets", "x", body=example("poddisruptionbudgets"))
    assert (code, reason) == (422, "Invalid")
    assert message.endswith("metadata.resourceVersion: Invalid value: 0: must be specified for an update")


def test_the_fields_of_selectors(server: Server) -> None:
    server.create("jobs", example("jobs"))
    assert len(server.ask("list", "jobs", fieldSelector="status.successful=0").items) == 1
    server.patch("jobs", "x", {"status": {"succeeded": 1}}, "status")
    assert len(server.ask("list", "jobs", fieldSelector="status.successful=1").items) == 1
    code, _, message = server.refused("list", "jobs", fieldSelector="status.failed=0")
    assert (code, message) == (400, 'field label "status.failed" not supported for Job')
