"""The node's own loops: registration, node status, Lease."""

from typing import Any

from refk8s.kubelet.node import patient_ms
from refk8s.kubelet.node_document import has_changed, node_status
from refk8s.kubelet.program import NodeSpec
from refk8s.kubelet.runtime import Runtime

from .kubelet_world import KubeletWorld


def node(made: KubeletWorld, name: str = "n1") -> dict[str, Any]:
    found = made.get(name, "nodes")
    assert found is not None
    return found


def condition(made: KubeletWorld, kind: str = "Ready") -> dict[str, Any]:
    return next(dict(c) for c in node(made)["status"]["conditions"] if c["type"] == kind)


def lease(made: KubeletWorld) -> dict[str, Any]:
    found = made.world.store.get("leases", "kube-node-lease/n1")
    assert found is not None
    return found.document


def test_a_node_is_registered_with_upstreams_labels_conditions_and_default_capacity() -> None:
    found = node(
        KubeletWorld.start(
            NodeSpec("n1", zone="a", labels={"disk": "ssd"}, taints=({"key": "k", "effect": "NoSchedule"},))
        )
    )
    assert found["metadata"]["labels"] == {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": "n1",
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/zone": "a",
        "disk": "ssd",
    }
    status = found["status"]
    assert status["allocatable"] == {"cpu": "4", "ephemeral-storage": "100Gi", "memory": "8Gi", "pods": "110"}
    assert [(c["type"], c["status"], c["reason"]) for c in status["conditions"]] == [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID"),
        ("Ready", "True", "KubeletReady"),
    ]
    assert status["conditions"][3]["message"] == "kubelet is posting ready status"
    assert status["nodeInfo"]["kubeletVersion"] == "v1.36.2"
    assert {"key": "k", "effect": "NoSchedule"} in found["spec"]["taints"]


def test_addresses_are_functions_of_the_name_and_differ() -> None:
    specs = [NodeSpec(f"node-{n}") for n in range(2_000)]
    assert len({spec.ip for spec in specs}) == len({spec.pod_network for spec in specs}) == 2_000
    assert NodeSpec("node-1").ip == "172.18.0.3"
    assert NodeSpec("a", ip="10.0.0.1").ip == "10.0.0.1"


def test_a_node_that_exists_gets_its_labels_and_status_back() -> None:
    made = KubeletWorld.start(quiet=False)
    labels = {"kubernetes.io/os": "plan9", "mine": "1"}
    body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "labels": labels}}
    made.ask("create", "nodes", body=body)
    made.run()
    assert node(made)["metadata"]["labels"]["kubernetes.io/os"] == "linux"
    assert node(made)["metadata"]["labels"]["mine"] == "1"
    assert condition(made)["status"] == "True"


def test_a_lease_is_claimed_for_the_node_and_renewed_each_10_s() -> None:
    made = KubeletWorld.start()
    first = lease(made)
    assert first["spec"]["holderIdentity"] == "n1"
    assert first["spec"]["leaseDurationSeconds"] == 40
    assert first["metadata"]["ownerReferences"] == [
        {"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": node(made)["metadata"]["uid"]}
    ]
    made.run(for_ms=35_000)
    assert [ms for ms, change in made.changes if change.resource == "leases"] == [20_000, 30_000, 40_000]
    assert lease(made)["spec"]["renewTime"] == "2026-01-01T00:00:40.000000Z"


def test_a_lease_that_somebody_else_wrote_is_renewed_all_the_same() -> None:
    made = KubeletWorld.start()
    made.ask("patch", "nodes", "n1", {"metadata": {"labels": {"x": "y"}}}, patchType="merge")
    from refk8s.core.action import Input
    from refk8s.core.wire import Request

    body = {"spec": {"holderIdentity": "thief"}}
    made.act(Input(Request("patch", "leases", "kube-node-lease", "n1", "", body, {"patchType": "merge"})))
    made.run(for_ms=15_000)
    assert lease(made)["spec"]["renewTime"] == "2026-01-01T00:00:20.000000Z"


def test_a_lease_that_was_deleted_is_claimed_anew() -> None:
    from refk8s.core.action import Input
    from refk8s.core.wire import Request

    made = KubeletWorld.start()
    made.act(Input(Request("delete", "leases", "kube-node-lease", "n1")))
    made.run(for_ms=15_000)
    assert lease(made)["spec"]["holderIdentity"] == "n1"


def test_the_node_status_is_reported_each_5_minutes_if_nothing_changes() -> None:
    made = KubeletWorld.start()
    made.run(for_ms=700_000)
    assert [ms for ms, change in made.changes if change.resource == "nodes"] == [300_000, 600_000]
    heard = condition(made)
    assert (heard["lastHeartbeatTime"], heard["lastTransitionTime"]) == ("2026-01-01T00:10:00Z", "2026-01-01T00:00:00Z")


def test_a_condition_that_somebody_else_changed_is_set_right_at_the_next_tick() -> None:
    made = KubeletWorld.start()
    unknown = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}
    made.ask("patch", "nodes", "n1", {"status": {"conditions": [unknown]}}, sub="status", patchType="strategic")
    made.run(for_ms=15_000)
    ready = condition(made)
    assert (ready["status"], ready["reason"], ready["lastTransitionTime"]) == (
        "True",
        "KubeletReady",
        "2026-01-01T00:00:20Z",
    )


def test_a_restarted_kubelet_reports_at_once() -> None:
    made = KubeletWorld.start(NodeSpec("n1"), NodeSpec("n2"))
    made.crash()
    made.run(for_ms=60_000)
    made.restart()
    made.changes.clear()
    made.run(for_ms=1)
    assert {change.resource for _, change in made.changes} >= {"nodes", "leases"}


def test_registration_and_lease_wait_longer_and_longer() -> None:
    assert [patient_ms(n) for n in (1, 2, 3, 6, 7, 20)] == [200, 400, 800, 6_400, 7_000, 7_000]


def test_images_are_reported_the_largest_first() -> None:
    spec = NodeSpec("n1")
    old = node_status(spec, {}, "then")
    new = node_status(spec, old, "now", Runtime().with_image("a", 1).with_image("b", 2))
    assert [image["names"] for image in new["images"]] == [["b"], ["a"]]
    assert has_changed(old, new)


def test_heartbeat_times_alone_are_no_change() -> None:
    spec = NodeSpec("n1")
    old = node_status(spec, {}, "then")
    assert not has_changed(old, node_status(spec, old, "now"))
