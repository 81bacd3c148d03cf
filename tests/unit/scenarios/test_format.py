"""Reading scenarios: every mistake is found when the file is read, with file, line, user and step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from refk8s.core.errors import Refk8sError
from refk8s.core.model import Bounds
from refk8s.explore.cluster import build
from refk8s.explore.run import run
from refk8s.kubelet.program import NodeSpec
from refk8s.scenarios import from_data, from_manifests, load, resolve, shipped
from refk8s.scenarios.spec import API_VERSION, GATES

HEAD = "apiVersion: refk8s.dev/v1\nkind: Scenario\nmetadata: {name: mine}\n"


def said_about(tmp_path: Path, text: str) -> str:
    """The error about a scenario file with this text, without the path of its folder."""
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(Refk8sError) as raised:
        load(file)
    message = str(raised.value)
    assert "\n" not in message
    return message.replace(f"{tmp_path}/", "")


def test_the_smallest_scenario_has_three_nodes_and_the_epoch_of_the_format(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(HEAD)
    scenario = load(tmp_path / "x.yaml")
    assert [node.name for node in scenario.cluster.nodes] == ["node-1", "node-2", "node-3"]
    assert scenario.cluster.epoch_ms == 1_767_225_600_000
    assert not scenario.must_succeed


@pytest.mark.parametrize("name", shipped())
def test_shipped_scenarios_are_read_and_come_out_of_their_own_data_again(name: str) -> None:
    scenario = resolve(name)
    assert scenario.name == name
    assert scenario.description
    assert scenario.expect
    again = from_data(scenario.data)
    assert again.data == scenario.data
    assert again.expect == scenario.expect


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("apiVersion: refk8s.dev/v2\nkind: Scenario\n", "mine.yaml:1: not a scenario; it begins with `apiVersion: refk8s.dev/v1`"),
        (HEAD + "status: {}\n", "mine.yaml:4: status: unknown field; known are apiVersion, kind, metadata, spec"),
        ("apiVersion: refk8s.dev/v1\nkind: Scenario\n", "mine.yaml:1: metadata is missing"),
        ("apiVersion: refk8s.dev/v1\nkind: Scenario\nmetadata: {description: x}\n", "mine.yaml:3: metadata: name is missing"),
        (HEAD + "spec:\n  node: []\n", "mine.yaml:5: spec.node: unknown field (did you mean nodes?); known are behaviours, bounds, components"),
        (HEAD + "spec:\n  nodes:\n  - name: a\n    cpu: much\n", "mine.yaml:7: spec.nodes[0].cpu: 'much' is no quantity such as 4, 500m or 8Gi"),
        (HEAD + "spec:\n  nodes: [{count: -1}]\n", "mine.yaml:5: spec.nodes[0].count: -1 is less than 0"),
        (HEAD + "spec:\n  nodes: [{count: two}]\n", "spec.nodes[0].count: expected a whole number, got 'two'"),
        (HEAD + "spec:\n  nodes:\n  - {name: a}\n  - {name: a}\n", "mine.yaml:7: spec.nodes[1]: there is a node 'a' already"),
        (HEAD + "spec:\n  nodes:\n  - {name: A_1}\n", "spec.nodes[0].name: 'A_1' is no name: a lowercase RFC 1123 subdomain"),
        (HEAD + "spec:\n  nodes:\n  - taints: [{key: a, effect: Never}]\n", "spec.nodes[0].taints[0].effect: expected one of 'NoSchedule'"),
        (HEAD + "spec:\n  epoch: yesterday\n", "mine.yaml:5: spec.epoch: 'yesterday' is no RFC 3339 time such as 2026-01-01T00:00:00Z"),
        (HEAD + "spec:\n  gates: {Foo: true}\n", f"spec.gates: no feature gate 'Foo' is modelled; those that are: {GATES[0]}"),
        (HEAD + "spec:\n  components: {apiServers: 0}\n", "spec.components.apiServers: 0 is less than 1"),
        (HEAD + "spec:\n  users: [ann]\n", "spec.users: expected a map, got ['ann']"),
        (HEAD + "spec:\n  users: {An n: []}\n", "spec.users: 'An n' is no name of a user"),
        (HEAD + "spec:\n  users:\n    ann:\n    - scal: {}\n", "mine.yaml:7: spec.users.ann[0].scal: unknown verb (did you mean scale?); known are"),
        (HEAD + "spec:\n  users:\n    ann:\n    - {}\n", "spec.users.ann[0]: a step has one verb of annotate, apply, "),
        (HEAD + "spec:\n  users:\n    ann:\n    - {sleep: 1s, cordon: {name: a}}\n", "got sleep, cordon"),
        (HEAD + "spec:\n  users:\n    ann: [go]\n", "mine.yaml:6: spec.users.ann[0]: expected a map, got 'go'"),
        (HEAD + "spec:\n  users:\n    ann:\n    - sleep: 3 seconds\n", "mine.yaml:7: spec.users.ann[0].sleep: '3 seconds' is no duration such as 500ms"),
        (
            HEAD + "spec:\n  users:\n    ann:\n    - scale: {resource: deployments, name: web, replica: 3}\n",
            "mine.yaml:7: spec.users.ann[0].scale.replica: unknown field (did you mean replicas?); known are name, namespace, replicas, resource",
        ),
        (HEAD + "spec:\n  users:\n    ann:\n    - scale: {resource: deployments, name: web}\n", "spec.users.ann[0].scale: replicas is missing"),
        (HEAD + "spec:\n  users:\n    ann:\n    - delete: {resource: widgets, name: web}\n", "ann[0].delete.resource: no resource 'widgets'; there are"),
        (HEAD + "spec:\n  users:\n    ann:\n    - label: {resource: pods, name: web, labels: {a: 1}}\n", "labels.a: expected text, got 1; put it in quotes"),
        (HEAD + "spec:\n  users:\n    ann:\n    - stopNode: {name: node-9}\n", "ann[0].stopNode.name: no node 'node-9'; there are node-1, node-2, node-3"),
        (
            HEAD + "spec:\n  users:\n    ann:\n    - apply:\n        documents:\n        - {apiVersion: batch/v1, kind: CronTab, metadata: {name: a}}\n",
            "mine.yaml:9: spec.users.ann[0].apply.documents[0]: CronTab batch/v1 (a) is not supported; supported are",
        ),
        (HEAD + "spec:\n  users:\n    ann:\n    - apply: {files: none.yaml}\n", "spec.users.ann[0].apply.files: expected a list, got 'none.yaml'"),
        (HEAD + "spec:\n  users:\n    ann:\n    - apply: {files: [none.yaml]}\n", "none.yaml: No such file or directory"),
        (HEAD + "spec:\n  dumps: [none.yaml]\n", "none.yaml: No such file or directory"),
        (HEAD + "spec:\n  objects: [{kind: Pod}]\n", "spec.objects[0]: no Kubernetes object: apiVersion is missing"),
        (HEAD + "spec:\n  behaviours: [{do: explode}]\n", "mine.yaml:5: spec.behaviours[0].do: cannot read 'explode'; examples: `exit 1 after 30s`"),
        (HEAD + "spec:\n  behaviours: [{pods: web}]\n", "spec.behaviours[0]: do is missing"),
        (HEAD + "spec:\n  behaviours: [{do: {exit: 1, afer: 3s}}]\n", "spec.behaviours[0].do: unknown word 'afer'; known: exit, after"),
        (HEAD + "spec:\n  expect: [{resource: widgets}]\n", "mine.yaml:5: spec.expect[0].resource: no resource 'widgets'"),
        (HEAD + "spec:\n  expect: [{resource: pods, count: -1}]\n", "spec.expect[0].count: -1 is less than 0"),
        (HEAD + "spec:\n  expect: [{resource: pods, selector: 'a in b'}]\n", "spec.expect[0].selector: 'a in b' is no label selector"),
        (HEAD + "spec:\n  expect: [{resource: pods, fields: {status..phase: a}}]\n", "'status..phase' is no path such as status.availableReplicas"),
        (HEAD + "spec:\n  epoch: '2026-01-01T00:00:00Z'\n  epoch: '2027-01-01T00:00:00Z'\n", "mine.yaml:6: 'epoch' is there twice in this map; keep one"),
        (HEAD + "---\n" + HEAD, "mine.yaml:5: a scenario file holds one document, this one 2"),
    ],
)  # fmt: skip
def test_mistakes_are_found_when_the_file_is_read(tmp_path: Path, text: str, said: str) -> None:
    assert said in said_about(tmp_path, text)


def test_files_are_relative_to_the_scenario_and_become_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n")
    (tmp_path / "dump.yaml").write_text(
        "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap, metadata: {name: old}}]\n"
    )
    (tmp_path / "x.yaml").write_text(
        HEAD + "spec:\n  dumps: [dump.yaml]\n  users: {ann: [{apply: {files: [web.yaml]}}]}\n"
    )
    scenario = load(tmp_path / "x.yaml")
    assert [document["metadata"]["name"] for document in scenario.cluster.objects] == ["old"]
    (step,) = scenario.cluster.users["ann"]
    assert [document["metadata"]["name"] for document in step["apply"]["documents"]] == ["web"]
    assert "files" not in step["apply"]
    assert from_data(scenario.data).cluster.objects == scenario.cluster.objects


def test_a_mistake_in_a_file_that_is_named_is_told_with_that_file(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text("\napiVersion: v1\nkind: Pid\nmetadata: {name: web}\n")
    said = said_about(tmp_path, HEAD + "spec:\n  users: {ann: [{apply: {files: [web.yaml]}}]}\n")
    assert said.startswith("web.yaml:2: document 1: Pid v1 (web) is not supported")


def test_the_addresses_of_nodes_are_their_own_even_if_two_groups_end_in_the_same_numbers() -> None:
    spec = {"nodes": [{"name": "a", "count": 2}, {"name": "b", "count": 2}, {"name": "c"}]}
    data: dict[str, Any] = {"apiVersion": API_VERSION, "kind": "Scenario", "metadata": {"name": "x"}, "spec": spec}
    nodes = from_data(data).cluster.nodes
    assert len({node.ip for node in nodes}) == len({node.pod_network for node in nodes}) == 5


def test_manifests_are_applied_by_one_user_and_must_be_accepted() -> None:
    scenario = from_manifests([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}], nodes=2)
    assert scenario.must_succeed
    assert len(scenario.cluster.nodes) == 2
    assert list(scenario.cluster.users) == ["you"]


def test_an_unknown_name_is_told_with_those_that_there_are() -> None:
    with pytest.raises(Refk8sError, match="nowhere: no such file, and no shipped scenario; shipped are first-pod"):
        resolve("nowhere")


def test_nodes_of_a_dump_get_kubelets_when_the_scenario_names_none() -> None:
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "big"},
        "status": {"capacity": {"cpu": "64"}, "allocatable": {"cpu": "60"}},
    }
    data = {"apiVersion": "refk8s.dev/v1", "kind": "Scenario", "metadata": {"name": "x"}, "spec": {"objects": [node]}}
    (spec,) = from_data(data).cluster.nodes
    assert (spec.name, spec.all_capacity()["cpu"], spec.all_allocatable()["cpu"]) == ("big", "64", "60")
    named = {**data, "spec": {"objects": [node], "nodes": [{"name": "small"}]}}
    assert [spec.name for spec in from_data(named).cluster.nodes] == ["small"]


def test_a_malformed_behaviour_in_a_manifest_of_a_scenario_is_refused_with_its_line(tmp_path: Path) -> None:
    pod = "apiVersion: v1, kind: Pod, metadata: {name: a,\n        annotations: {\n        refk8s.dev/behaviour: explode}}"
    text = HEAD + f"spec:\n  users:\n    ann:\n    - apply:\n        documents:\n        - {{{pod}}}\n"
    assert said_about(tmp_path, text).startswith(
        "mine.yaml:11: spec.users.ann[0].apply.documents[0].metadata.annotations"
    )


@pytest.mark.parametrize("with_nodes", [False, True])
def test_objects_that_were_read_from_a_cluster_are_its_beginning(with_nodes: bool) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop"}}
    pod["spec"] = {"nodeName": "kind-worker", "containers": [{"name": "c", "image": "nginx:1"}]}
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    first = from_manifests([space, pod], nodes=2, name="first")
    nodes = (*first.cluster.nodes, NodeSpec("kind-worker"))
    model, world = build(attrs.evolve(first.cluster, nodes=nodes))
    end = run(model, world).world
    kinds = ("pods", "nodes") if with_nodes else ("pods",)
    dump = [
        {**stored.document, "metadata": {**stored.document["metadata"], "resourceVersion": str(stored.revision)}}
        for kind in kinds
        for stored in end.store.collection(kind).cache(kind).all()
        if stored.name in ("a", "node-1")
    ]
    scenario = from_manifests(dump, nodes=2)
    names = ["node-1", "kind-worker"] if with_nodes else ["node-1", "node-2", "kind-worker"]
    assert [node.name for node in scenario.cluster.nodes] == names
    assert not scenario.cluster.users
    assert from_data(scenario.data).data == scenario.data
    model, world = build(scenario.cluster)
    outcome = run(model, world)
    assert outcome.verdict == "quiet"
    after = outcome.world.store.get("pods", "shop/a").document
    assert after["metadata"]["uid"] == end.store.get("pods", "shop/a").uid
    assert after["status"]["phase"] == "Running"


def test_a_scenario_may_have_tighter_bounds_of_liveness() -> None:
    data = {"apiVersion": "refk8s.dev/v1", "kind": "Scenario", "metadata": {"name": "small"}}
    assert from_data(data).cluster.bounds == Bounds(None, None, None)
    found = from_data({**data, "spec": {"bounds": {"stepsAtOnce": 90, "writes": 7}}})
    assert build(found.cluster)[0].bounds == Bounds(steps_at_once=90, undisturbed=None, writes=7)
    with pytest.raises(Refk8sError, match=r"spec\.bounds\.writes: .*0"):
        from_data({**data, "spec": {"bounds": {"writes": 0}}})
