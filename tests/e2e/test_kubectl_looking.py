"""kubectl looks at a cluster: discovery, tables, every form of output, descriptions, questions about access."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from .kubectl import Kubectl, cluster, columns, needs_kubectl, session
from .server import Server, serving

pytest.importorskip("uvicorn", reason="needs refk8s[serve]")
pytestmark = needs_kubectl

WEB = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: shop}
    spec:
      replicas: 2
      selector: {matchLabels: {app: shop}}
      template:
        metadata: {labels: {app: shop}}
        spec: {containers: [{name: shop, image: "shop:1"}]}
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module's folder."""
    return tmp_path_factory.mktemp("kubectl")


@pytest.fixture(scope="module")
def server(base: Path) -> Iterator[Server]:
    """One server for the module."""
    yield from cluster(base)


@pytest.fixture(scope="module")
def kubectl(server: Server, base: Path) -> Kubectl:
    """kubectl beside two pods that run."""
    made = session(server, base, "looking")
    made.says(f"apply -f {made.write('shop.yaml', WEB)}")
    made.says("rollout status deployment/shop --timeout=30s")
    return made


def test_version_and_cluster_info(kubectl: Kubectl) -> None:
    done = kubectl("version")
    assert (done.code, done.lines[-1]) == (0, "Server Version: v1.36.2")
    info = re.sub(r"\x1b\[[\d;]*m", "", kubectl.says("cluster-info"))
    assert info.startswith(f"Kubernetes control plane is running at {kubectl.server.url}\n")


def test_discovery_lists_what_is_served(kubectl: Kubectl) -> None:
    lines = kubectl.says("api-resources").splitlines()
    assert lines[0].split() == ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"]
    rows = {line.split()[0]: line.split()[-3:] for line in lines[1:]}
    assert rows["pods"] == ["v1", "true", "Pod"]
    assert rows["customresourcedefinitions"] == ["apiextensions.k8s.io/v1", "false", "CustomResourceDefinition"]
    assert "flowschemas" not in rows
    names = kubectl.says("api-resources --verbs=list --namespaced -o name").split()
    for name in names:
        kubectl.says(f"get {name}")
    versions = kubectl.says("api-versions").split()
    assert versions == sorted(versions)
    assert {"v1", "apps/v1", "batch/v1", "policy/v1"} <= set(versions)


def test_explain(kubectl: Kubectl) -> None:
    text = kubectl.says("explain deployment.spec.strategy.rollingUpdate")
    assert text.startswith(
        "GROUP:      apps\nKIND:       Deployment\nVERSION:    v1\n\nFIELD: rollingUpdate <RollingUpdateDeployment>\n"
    )
    assert "  maxSurge\t<IntOrString>\n" in text
    assert "containers\t<[]Container> -required-" in kubectl.says("explain pod.spec")
    assert "maxSurge\t<string>" in kubectl.says(
        "explain --output=plaintext-openapiv2 deployment.spec.strategy.rollingUpdate"
    )
    assert kubectl.fails("explain pod.nope") == 'error: field "nope" does not exist\n'


def test_tables(kubectl: Kubectl) -> None:
    assert columns(kubectl.says("get pods"))[0] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    rows = columns(kubectl.says("get pods"))[1:]
    assert [row[1:4] for row in rows] == [["1/1", "Running", "0"]] * 2
    wide = kubectl.says("get pods -o wide").splitlines()
    assert wide[0].split()[5:] == ["IP", "NODE", "NOMINATED", "NODE", "READINESS", "GATES"]
    assert columns(kubectl.says("get deployments"))[1][:4] == ["shop", "2/2", "2", "2"]
    assert columns(kubectl.says("get deployments -o wide"))[1][5:] == ["shop", "shop:1", "app=shop"]
    nodes = columns(kubectl.says("get nodes"))
    assert [row[:3] + row[4:] for row in nodes[1:]] == [[f"node-{n}", "Ready", "<none>", "v1.36.2"] for n in (1, 2, 3)]
    assert "INTERNAL-IP" in kubectl.says("get nodes -o wide")
    everything = kubectl.says("get all")
    assert [kind in everything for kind in ("pod/shop-", "deployment.apps/shop", "replicaset.apps/shop-")] == [True] * 3
    assert kubectl.says("get pods --no-headers --chunk-size=1").count("Running") == 2
    assert "app=shop,pod-template-hash=" in kubectl.says("get pods -l app=shop --show-labels")
    assert kubectl("get configmaps -l none=such").err == "No resources found in looking namespace.\n"


def test_forms_of_output(kubectl: Kubectl) -> None:
    assert yaml.safe_load(kubectl.says("get deployment shop -o yaml"))["spec"]["replicas"] == 2
    listed = json.loads(kubectl.says("get pods -o json"))
    assert (listed["kind"], len(listed["items"])) == ("List", 2)
    assert kubectl.says("get pods -o jsonpath={.items[*].status.phase}") == "Running Running"
    names = [item["metadata"]["name"] for item in listed["items"]]
    assert kubectl.says("get pods -o name") == "".join(f"pod/{name}\n" for name in names)
    custom = columns(kubectl.says("get pods -o custom-columns=N:.metadata.name,P:.status.phase"))
    assert custom == [["N", "P"], *([name, "Running"] for name in names)]
    assert kubectl.says("get pods --field-selector=status.phase=Pending -o name") == ""
    assert kubectl.says("get pods -A -o name").count("pod/shop-") == 2


def test_watching(kubectl: Kubectl) -> None:
    command = ["kubectl", "-n", "looking", "get", "pods", "-w", "--output-watch-events"]
    watching = subprocess.Popen(command, env=kubectl.environment(), stdout=subprocess.PIPE, text=True)
    assert watching.stdout is not None
    assert watching.stdout.readline().split()[:4] == ["EVENT", "NAME", "READY", "STATUS"]
    assert [watching.stdout.readline().split()[0] for _ in range(2)] == ["ADDED", "ADDED"]
    kubectl.says("run seen --image=seen:1")
    seen = watching.stdout.readline().split()
    while seen[:2] == ["MODIFIED", "seen"] or seen[0] == "ADDED":
        if seen[3] == "Running":
            break
        seen = watching.stdout.readline().split()
    assert seen[1:4] == ["seen", "1/1", "Running"]
    watching.terminate()
    watching.wait(10)
    watching.stdout.close()
    assert kubectl.says("delete pod seen") == 'pod "seen" deleted\n'


def test_describe(kubectl: Kubectl) -> None:
    text = kubectl.says("describe deployment shop")
    assert re.search(
        r"^Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable$", text, re.MULTILINE
    )
    assert "Scaled up replica set shop-" in text
    pod = kubectl.says("describe pods -l app=shop")
    assert re.search(r"Normal +Scheduled .* Successfully assigned looking/shop-", pod)
    node = kubectl.says("describe node node-1")
    assert "Allocated resources:" in node
    assert re.search(r"^Lease:\n  HolderIdentity:  node-1$", node, re.MULTILINE)


def test_events(kubectl: Kubectl) -> None:
    lines = kubectl.says("events").splitlines()
    assert lines[0].split() == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert any("Scaled up replica set" in line for line in lines)
    assert kubectl.says("get events --field-selector=involvedObject.kind=ReplicaSet").count("SuccessfulCreate") == 2


def test_questions_about_access(kubectl: Kubectl) -> None:
    assert kubectl.says("auth can-i create deployments") == "yes\n"
    assert kubectl.says("auth can-i delete nodes --as=nobody").strip() == "yes"
    assert "[*]" in kubectl.says("auth can-i --list")
    assert "system:masters" in kubectl.says("auth whoami")


def test_what_is_not_there(kubectl: Kubectl) -> None:
    assert kubectl.fails("get foos") == 'error: the server doesn\'t have a resource type "foos"\n'
    assert kubectl.fails("get pod nope") == 'Error from server (NotFound): pods "nope" not found\n'
    assert kubectl.fails("top nodes") == "error: Metrics API not available\n"
    assert kubectl.says("get pod nope --ignore-not-found") == ""


def test_over_tls_with_a_token(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    words = ("--only", "api", "--tls", "--token", "s3cret", "--kubeconfig", tmp_path / "config")
    with serving(*words) as server:
        kubectl = session(server, tmp_path, "secure")
        assert kubectl.says("create configmap c --from-literal=a=b") == "configmap/c created\n"
        assert "error: You must be logged in to the server" in kubectl.fails("get configmaps --token=wrong")
