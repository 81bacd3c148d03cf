"""kubectl changes a cluster: every verb that writes, with the words and exit codes that it has against the real server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .kubectl import Kubectl, cluster, columns, needs_kubectl, session
from .server import Server

pytest.importorskip("uvicorn", reason="needs refk8s[serve]")
pytestmark = needs_kubectl


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module's folder."""
    return tmp_path_factory.mktemp("kubectl")


@pytest.fixture(scope="module")
def server(base: Path) -> Iterator[Server]:
    """One server for the module."""
    yield from cluster(base)


@pytest.fixture
def kubectl(server: Server, base: Path, request: pytest.FixtureRequest) -> Kubectl:
    """kubectl in a namespace of the test's own."""
    return session(server, base, request.node.name.removeprefix("test_").replace("_", "-"))


def deployment(name: str, image: str, replicas: int = 2) -> str:
    """A manifest."""
    return f"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: {name}}}
        spec:
          replicas: {replicas}
          selector: {{matchLabels: {{app: {name}}}}}
          template:
            metadata: {{labels: {{app: {name}}}}}
            spec: {{containers: [{{name: main, image: "{image}"}}]}}
    """


def test_apply(kubectl: Kubectl) -> None:
    first, second = (
        kubectl.write("one.yaml", deployment("api", "api:1")),
        kubectl.write("two.yaml", deployment("api", "api:2")),
    )
    assert kubectl(f"diff -f {first}").code == 1
    assert kubectl.says(f"apply -f {first}") == "deployment.apps/api created\n"
    assert kubectl.says(f"apply -f {first}") == "deployment.apps/api unchanged\n"
    same, different = kubectl(f"diff -f {first}"), kubectl(f"diff -f {second}")
    assert (same.code, same.out) == (0, "")
    assert different.code == 1
    assert {"-      - image: api:1", "+      - image: api:2"} <= set(different.lines)
    assert kubectl.says(f"apply -f {second} --dry-run=server") == "deployment.apps/api configured (server dry run)\n"
    assert kubectl.says(f"apply -f {second}") == "deployment.apps/api configured\n"
    assert kubectl.says(f"apply view-last-applied -f {first}").count("api:2") == 1
    assert kubectl.says(f"delete -f {first} --timeout=20s") == 'deployment.apps "api" deleted\n'


def test_apply_on_the_server_side(kubectl: Kubectl) -> None:
    kubectl.write("cm.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {level: low}}")
    kubectl.write("other.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {level: high}}")
    for _ in range(2):
        assert kubectl.says("apply --server-side -f cm.yaml") == "configmap/settings serverside-applied\n"
    refused = kubectl.fails("apply --server-side --field-manager=other -f other.yaml")
    assert refused.startswith('error: Apply failed with 1 conflict: conflict with "kubectl": .data.level\n')
    forced = kubectl.says("apply --server-side --field-manager=other --force-conflicts -f other.yaml")
    assert forced == "configmap/settings serverside-applied\n"
    managers = kubectl.says("get cm settings -o jsonpath={.metadata.managedFields[*].manager} --show-managed-fields")
    assert managers == "other"


def test_apply_what_is_wrong(kubectl: Kubectl) -> None:
    kubectl.write("bad.yaml", deployment("Bad_Name", "bad:1"))
    refused = kubectl.fails("apply -f bad.yaml")
    assert refused.startswith(
        'The Deployment "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of'
    )
    kubectl.write("unknown.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: u}, dato: {a: b}}")
    refused = kubectl.fails("apply -f unknown.yaml")
    assert refused == (
        'Error from server (BadRequest): error when creating "unknown.yaml": ConfigMap in version "v1" cannot be handled as a ConfigMap: '
        'strict decoding error: unknown field "dato"\n'
    )
    created = kubectl("apply -f unknown.yaml --validate=warn")
    assert (created.code, created.out, created.err) == (0, "configmap/u created\n", 'Warning: unknown field "dato"\n')
    kubectl.write("kind.yaml", "{apiVersion: v1, kind: Nope, metadata: {name: nope}}")
    assert 'no matches for kind "Nope" in version "v1"' in kubectl.fails("apply -f kind.yaml")


def test_apply_a_kustomization(kubectl: Kubectl) -> None:
    kubectl.write("kust/cm.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: cm}, data: {a: b}}")
    kubectl.write("kust/kustomization.yaml", "{resources: [cm.yaml], namePrefix: my-, labels: [{pairs: {team: x}}]}")
    assert kubectl.says("apply -k kust") == "configmap/my-cm created\n"


def test_create(kubectl: Kubectl) -> None:
    kubectl.write(
        "pod.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: c}]}}"
    )
    for words, said in (
        ("-f pod.yaml", "pod/p"),
        ("configmap c1 --from-literal=a=b", "configmap/c1"),
        ("secret generic s1 --from-literal=a=b", "secret/s1"),
        ("serviceaccount robot", "serviceaccount/robot"),
        ("service clusterip c1 --tcp=80:8080", "service/c1"),
        ("deployment d1 --image=d:1 --replicas=1", "deployment.apps/d1"),
        ("job j1 --image=j:1", "job.batch/j1"),
        ("cronjob c2 --image=c:1 --schedule=@daily", "cronjob.batch/c2"),
        ("role r1 --verb=get --resource=pods", "role.rbac.authorization.k8s.io/r1"),
        ("rolebinding b1 --role=r1 --serviceaccount=create:robot", "rolebinding.rbac.authorization.k8s.io/b1"),
        ("poddisruptionbudget p1 --selector=app=d1 --min-available=1", "poddisruptionbudget.policy/p1"),
        ("ingress i1 --rule=shop.example/*=c1:80", "ingress.networking.k8s.io/i1"),
        ("priorityclass high --value=1000 --description=x", "priorityclass.scheduling.k8s.io/high"),
        ("quota q1 --hard=pods=20", "resourcequota/q1"),
    ):
        assert kubectl.says(f"create {words}") == f"{said} created\n"
    assert kubectl.fails("create configmap c1") == 'error: failed to create configmap: configmaps "c1" already exists\n'
    assert kubectl.says("get secret s1 -o jsonpath={.data.a}") == "Yg=="
    assert kubectl.says("get cronjob c2 -o jsonpath={.spec.schedule}") == "@daily"
    assert kubectl.says("run one --image=one:1 --env=A=b") == "pod/one created\n"
    assert kubectl.says("expose deployment d1 --port=80") == "service/d1 exposed\n"
    assert kubectl.says("get service d1 -o jsonpath={.spec.selector}") == '{"app":"d1"}'


def test_edit_and_replace(kubectl: Kubectl) -> None:
    kubectl.says("create configmap c --from-literal=a=old")
    assert kubectl.says("edit configmap c", KUBE_EDITOR="sed -i s/old/new/") == "configmap/c edited\n"
    assert kubectl.says("get cm c -o jsonpath={.data.a}") == "new"
    assert kubectl("edit configmap c", KUBE_EDITOR="true").err == "Edit cancelled, no changes made.\n"
    kubectl.write("cm.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {b: x}}")
    assert kubectl.says("replace -f cm.yaml") == "configmap/c replaced\n"
    assert kubectl.says("replace --force -f cm.yaml") == 'configmap "c" deleted\nconfigmap/c replaced\n'
    assert kubectl.says("get cm c -o jsonpath={.data}") == '{"b":"x"}'


def test_rollouts(kubectl: Kubectl) -> None:
    kubectl.says(f"apply -f {kubectl.write('web.yaml', deployment('web', 'web:1', 3))}")
    assert (
        kubectl.says("rollout status deployment/web --timeout=30s").splitlines()[-1]
        == 'deployment "web" successfully rolled out'
    )
    assert kubectl.says("set image deployment/web main=web:2") == "deployment.apps/web image updated\n"
    assert (
        kubectl.says("rollout status deployment/web --timeout=60s").splitlines()[-1]
        == 'deployment "web" successfully rolled out'
    )
    history = kubectl.says("rollout history deployment/web")
    assert history == "deployment.apps/web \nREVISION  CHANGE-CAUSE\n1         <none>\n2         <none>\n\n"
    assert re.search(r"Image:\tweb:1", kubectl.says("rollout history deployment/web --revision=1"))
    assert kubectl.says("rollout undo deployment/web") == "deployment.apps/web rolled back\n"
    kubectl.says("rollout status deployment/web --timeout=60s")
    assert kubectl.says("get deployment web -o jsonpath={.spec.template.spec.containers[0].image}") == "web:1"
    assert kubectl.says("rollout pause deployment/web") == "deployment.apps/web paused\n"
    assert kubectl.fails("rollout pause deployment/web") == 'error: deployments.apps "web" is already paused\n'
    assert kubectl.says("rollout resume deployment/web") == "deployment.apps/web resumed\n"
    assert kubectl.says("rollout restart deployment/web") == "deployment.apps/web restarted\n"
    assert (
        kubectl.says("set resources deployment/web --requests=cpu=10m")
        == "deployment.apps/web resource requirements updated\n"
    )
    assert kubectl.says("set env deployment/web A=b") == "deployment.apps/web env updated\n"
    kubectl.says("rollout status deployment/web --timeout=60s")
    assert kubectl.says("scale deployment web --replicas=1") == "deployment.apps/web scaled\n"
    assert kubectl.fails("scale deployment web --current-replicas=7 --replicas=2").startswith(
        "error: Expected replicas to be 7, was 1"
    )
    assert (
        kubectl.says("wait --for=condition=Available deployment/web --timeout=20s")
        == "deployment.apps/web condition met\n"
    )
    assert (
        kubectl.says("wait --for=jsonpath={.status.replicas}=1 deployment/web --timeout=20s")
        == "deployment.apps/web condition met\n"
    )
    assert kubectl.fails("wait --for=condition=Nope deployment/web --timeout=1s").startswith(
        "error: timed out waiting for the condition on"
    )


def test_labels_and_annotations(kubectl: Kubectl) -> None:
    kubectl.says("create configmap c")
    assert kubectl.says("label configmap c team=x") == "configmap/c labeled\n"
    assert kubectl.says("label configmap c team=x") == "configmap/c not labeled\n"
    assert (
        kubectl.fails("label configmap c team=y") == "error: 'team' already has a value (x), and --overwrite is false\n"
    )
    assert kubectl.says("label --overwrite configmap c team=y") == "configmap/c labeled\n"
    assert kubectl.says("label configmap c team-") == "configmap/c unlabeled\n"
    assert kubectl.says("annotate configmap c note=hello") == "configmap/c annotated\n"
    assert kubectl.says("get cm c -o jsonpath={.metadata.annotations}") == '{"note":"hello"}'


def test_patches(kubectl: Kubectl) -> None:
    kubectl.says("create deployment d --image=d:1")
    strategic = '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"s:1"}]}}}}'
    assert kubectl.says("patch deployment d -p", strategic) == "deployment.apps/d patched\n"
    assert kubectl.says("get deployment d -o jsonpath={.spec.template.spec.containers[*].name}") == "side d"
    assert (
        kubectl.says("patch deployment d --type=merge -p", '{"spec":{"replicas":2}}') == "deployment.apps/d patched\n"
    )
    replace = '[{"op":"test","path":"/spec/replicas","value":2},{"op":"replace","path":"/spec/replicas","value":3}]'
    assert kubectl.says("patch deployment d --type=json -p", replace) == "deployment.apps/d patched\n"
    assert kubectl.fails("patch deployment d --type=json -p", replace).startswith("The request is invalid")
    assert (
        kubectl.says("patch deployment d --type=merge -p", '{"spec":{"replicas":3}}')
        == "deployment.apps/d patched (no change)\n"
    )
    scale = '{"spec":{"replicas":1}}'
    assert (
        kubectl.says("patch deployment d --subresource=scale --type=merge -p", scale) == "scale.autoscaling/d patched\n"
    )


def test_nodes(kubectl: Kubectl) -> None:
    assert kubectl.says("taint nodes node-2 k=v:NoSchedule") == "node/node-2 tainted\n"
    assert kubectl.fails("taint nodes node-2 k=v:NoSchedule").startswith("error: node node-2 already has k taint")
    assert kubectl.says("taint nodes node-2 k-") == "node/node-2 untainted\n"
    assert kubectl.says("cordon node-1") == "node/node-1 cordoned\n"
    assert columns(kubectl.says("get node node-1"))[1][1] == "Ready,SchedulingDisabled"
    assert kubectl.says("uncordon node-1") == "node/node-1 uncordoned\n"
    kubectl.says(f"apply -f {kubectl.write('web.yaml', deployment('web', 'web:1', 3))}")
    kubectl.says("rollout status deployment/web --timeout=30s")
    node = kubectl.says("get pods -l app=web -o jsonpath={.items[0].spec.nodeName}")
    drained = kubectl.says(f"drain {node} --timeout=60s --force")
    assert drained.splitlines()[0] == f"node/{node} cordoned"
    assert drained.splitlines()[-1] == f"node/{node} drained"
    assert re.search(r"^pod/web-[\w-]+ evicted$", drained, re.MULTILINE)
    kubectl.says("rollout status deployment/web --timeout=60s")
    assert kubectl.says(f"get pods -l app=web --field-selector=spec.nodeName={node} -o name") == ""
    kubectl.says(f"uncordon {node}")


def test_disruption_budgets_stop_a_drain(kubectl: Kubectl) -> None:
    kubectl.says("create deployment guarded --image=g:1 --replicas=1")
    kubectl.says("rollout status deployment/guarded --timeout=30s")
    kubectl.says("create poddisruptionbudget guarded --selector=app=guarded --min-available=1")
    # There is no disruption controller yet, so its part is played here.
    status = '{"status":{"observedGeneration":1,"disruptionsAllowed":0,"currentHealthy":1,"desiredHealthy":1,"expectedPods":1}}'
    kubectl.says("patch poddisruptionbudget guarded --subresource=status --type=merge -p", status)
    node = kubectl.says("get pods -l app=guarded -o jsonpath={.items[0].spec.nodeName}")
    refused = kubectl(f"drain {node} --timeout=2s --force")
    assert refused.code == 1
    assert "Cannot evict pod as it would violate the pod's disruption budget." in refused.err
    kubectl.says(f"uncordon {node}")


def test_deletes(kubectl: Kubectl) -> None:
    kubectl.says("run one --image=one:1")
    kubectl.says("wait --for=condition=Ready pod/one --timeout=30s")
    assert kubectl.says("delete pod one --timeout=60s") == 'pod "one" deleted\n'
    kubectl.says("run two --image=two:1")
    forced = kubectl("delete pod two --force --grace-period=0")
    assert (forced.code, forced.out) == (0, 'pod "two" force deleted\n')
    assert forced.err.startswith("Warning: Immediate deletion does not wait for confirmation")
    assert kubectl.says("delete pod nope --ignore-not-found") == ""
    assert kubectl.fails("delete pod nope") == 'Error from server (NotFound): pods "nope" not found\n'
    kubectl.says("create deployment d --image=d:1")
    kubectl.says("rollout status deployment/d --timeout=30s")
    assert kubectl.says("delete pod -l app=d --wait=false").count("deleted") == 1
    assert kubectl.says("delete deployment d --cascade=orphan --timeout=20s") == 'deployment.apps "d" deleted\n'
    assert re.fullmatch(
        r'replicaset\.apps "d-\w+" deleted\n', kubectl.says("delete rs --all --timeout=20s --cascade=foreground")
    )
    kubectl.says("create configmap c")
    assert kubectl.says("delete namespace deletes --timeout=60s") == 'namespace "deletes" deleted\n'
    assert kubectl.says("get all,configmaps -o name") == ""


def test_custom_resources(kubectl: Kubectl) -> None:
    kubectl.write(
        "crd.yaml",
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: lamps.example.com}
        spec:
          group: example.com
          scope: Namespaced
          names: {plural: lamps, singular: lamp, kind: Lamp, shortNames: [lp]}
          versions:
            - name: v1
              served: true
              storage: true
              subresources: {status: {}}
              additionalPrinterColumns: [{name: Watts, type: integer, jsonPath: .spec.watts}]
              schema:
                openAPIV3Schema:
                  type: object
                  properties:
                    spec:
                      type: object
                      required: [watts]
                      properties: {watts: {type: integer, maximum: 100}, colour: {type: string, default: white}}
                    status: {type: object, properties: {lit: {type: boolean}}}
        """,
    )
    kubectl.write("lamp.yaml", "{apiVersion: example.com/v1, kind: Lamp, metadata: {name: desk}, spec: {watts: 40}}")
    assert (
        kubectl.says("apply -f crd.yaml") == "customresourcedefinition.apiextensions.k8s.io/lamps.example.com created\n"
    )
    assert kubectl.says("wait --for=condition=Established crd/lamps.example.com --timeout=20s").endswith(
        "condition met\n"
    )
    assert kubectl.says("apply -f lamp.yaml") == "lamp.example.com/desk created\n"
    assert kubectl.says("apply -f lamp.yaml") == "lamp.example.com/desk unchanged\n"
    assert columns(kubectl.says("get lp"))[1][:2] == ["desk", "40"]
    assert kubectl.says("get lamp desk -o jsonpath={.spec.colour}") == "white"
    assert "watts\t<integer> -required-" in kubectl.says("explain lamp.spec")
    assert "spec.watts in body should be less than or equal to 100" in kubectl.fails(
        "patch lamp desk --type=merge -p", '{"spec":{"watts":200}}'
    )
    lit = '{"status":{"lit":true}}'
    assert (
        kubectl.says("patch lamp desk --subresource=status --type=merge -p", lit) == "lamp.example.com/desk patched\n"
    )
    assert json.loads(kubectl.says("get lamp desk -o json"))["status"] == {"lit": True}
    assert (
        kubectl.says("delete crd lamps.example.com --timeout=20s")
        == 'customresourcedefinition.apiextensions.k8s.io "lamps.example.com" deleted\n'
    )
