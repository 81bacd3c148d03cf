"""The node lifecycle controller against the real engine: silence, taints, zones, and how little a healthy cluster costs."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from refk8s.controllers.nodelifecycle_config import NodeLifecycleConfig
from refk8s.controllers.nodelifecycle_health import no_schedule_diff, unknown_conditions, zone_of
from refk8s.controllers.nodelifecycle_zones import FULL, NO_NODES, NORMAL, PARTIAL, Limiter, zone_state
from refk8s.controllers.runtime import create, delete, patch
from refk8s.core.action import Action, Begin, Crash, Restart, Serve
from refk8s.core.budget import NO_FAULTS
from refk8s.core.enabled import first, label
from refk8s.core.model import Model
from refk8s.core.world import World

from .manager_cluster import FAST, Cluster, add_nodes, kill, node, pod, revive


def three_nodes(config: NodeLifecycleConfig = FAST, **options: Any) -> Cluster:
    return add_nodes(Cluster(config, **options).settle(), node("n1"), node("n2"), node("n3")).wait(2)


def taints(cluster: Cluster, name: str) -> list[str]:
    return [f"{each['key']}:{each['effect']}" for each in cluster.get("nodes", name)["spec"].get("taints") or ()]


def ready(cluster: Cluster, name: str) -> dict[str, Any]:
    conditions = cluster.get("nodes", name)["status"]["conditions"]
    found: dict[str, Any] = next(each for each in conditions if each["type"] == "Ready")
    return found


UNREACHABLE = "node.kubernetes.io/unreachable"
NOT_READY = "node.kubernetes.io/not-ready"


# ---- health


def test_a_new_node_is_registered_and_loses_the_taint_it_was_created_with() -> None:
    cluster = three_nodes()
    assert taints(cluster, "n1") == []
    assert "RegisteredNode: Node n1 event: Registered Node n1 in Controller" in cluster.events()
    cluster.check_fingerprint()


def test_a_silent_node_becomes_unknown_after_the_grace_period() -> None:
    cluster = kill(three_nodes(), "n1")
    killed_ms = cluster.world.now_ms
    for _ in range(70):
        if ready(cluster, "n1")["status"] == "True":
            cluster.wait(0.1)
    assert 4_000 <= cluster.world.now_ms - killed_ms + 1_000 <= 6_100  # its last heartbeat may be 1 s old
    found = ready(cluster, "n1")
    assert (found["status"], found["reason"]) == ("Unknown", "NodeStatusUnknown")
    assert found["message"] == "Kubelet stopped posting node status."
    assert "NodeNotReady: Node n1 status is now: NodeNotReady" in cluster.events()
    assert ready(cluster, "n2")["status"] == "True"


def test_the_other_conditions_of_a_silent_node_become_unknown_too() -> None:
    document = node("n1")
    pressure = {"type": "MemoryPressure", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    document["status"]["conditions"].append(pressure)
    cluster = kill(add_nodes(Cluster(FAST).settle(), document, node("n2")).wait(1), "n1").wait(8)
    found = {each["type"]: each for each in cluster.get("nodes", "n1")["status"]["conditions"]}
    assert found["MemoryPressure"]["reason"] == "NodeStatusUnknown"
    assert found["DiskPressure"]["reason"] == found["PIDPressure"]["reason"] == "NodeStatusNeverUpdated"
    assert found["PIDPressure"]["message"] == "Kubelet never posted node status."


def test_a_node_that_never_posted_its_status_has_the_startup_grace() -> None:
    cluster = Cluster(FAST).settle()
    cluster.send(create("nodes", node("n1", alive=False, ready=""))).wait(4.9)
    assert cluster.get("nodes", "n1").get("status", {}).get("conditions") in (None, [])
    cluster.wait(1)
    assert ready(cluster, "n1")["reason"] == "NodeStatusNeverUpdated"


def test_a_lease_alone_keeps_a_node_that_never_posted_its_status() -> None:
    cluster = add_nodes(Cluster(FAST).settle(), node("n1", ready="")).wait(30)
    assert not cluster.get("nodes", "n1")["status"].get("conditions")


def test_a_status_heartbeat_alone_keeps_a_node() -> None:
    cluster = kill(three_nodes(), "n1")
    for second in range(12):
        stamp = f"2026-01-01T00:01:{second:02}Z"
        condition = {**ready(cluster, "n1"), "lastHeartbeatTime": stamp}
        cluster.send(patch("nodes", "n1", {"status": {"conditions": [condition]}}, "merge", "status")).wait(1)
    assert ready(cluster, "n1")["status"] == "True"


def test_the_default_grace_is_fifty_seconds() -> None:
    config = NodeLifecycleConfig()
    assert (config.period_ms, config.grace_ms, config.startup_grace_ms) == (5_000, 50_000, 60_000)
    cluster = kill(three_nodes(config, lease_ms=10_000), "n1").wait(40)
    assert ready(cluster, "n1")["status"] == "True"
    cluster.wait(25)
    assert ready(cluster, "n1")["status"] == "Unknown"


def test_heartbeats_count_from_when_they_are_seen_not_from_what_they_say() -> None:
    """A kubelet whose clock is an hour behind is as alive as any other."""
    cluster = kill(three_nodes(), "n1")
    for second in range(10):
        body = {"spec": {"renewTime": f"2026-01-01T01:00:{second:02}.000000Z"}}
        cluster.send(patch("leases", "kube-node-lease/n1", body, "merge")).wait(1)
    assert ready(cluster, "n1")["status"] == "True"


# ---- pods of a failed node


def test_pods_of_a_silent_node_become_not_ready() -> None:
    cluster = three_nodes().send(create("pods", pod("p")), create("pods", pod("q", node="n2")))
    kill(cluster, "n1").wait(5.5)
    by_name = {name: cluster.get("pods", f"default/{name}")["status"]["conditions"] for name in "pq"}
    status = {name: [each["status"] for each in found if each["type"] == "Ready"] for name, found in by_name.items()}
    assert status == {"p": ["False"], "q": ["True"]}
    assert cluster.events("NodeNotReady").count("NodeNotReady: Node is not ready") == 1


def test_a_pod_seen_late_on_a_failed_node_becomes_not_ready() -> None:
    """Its Ready condition was written before the node failed, its binding is seen after that."""
    cluster = three_nodes().hold("pods").send(create("pods", pod("late", tolerations=[{"operator": "Exists"}])))
    kill(cluster, "n1").wait(6)
    assert ready(cluster, "n1")["status"] == "Unknown"
    cluster.release("pods").settle()
    found = cluster.get("pods", "default/late")["status"]["conditions"]
    assert [each["status"] for each in found if each["type"] == "Ready"] == ["False"]


def test_pods_whose_write_fails_are_marked_at_the_next_pass() -> None:
    cluster = three_nodes().send(create("pods", pod("p"))).hold("pods")
    cluster.send(patch("pods", "default/p", {"metadata": {"labels": {"a": "b"}}}, "merge"))
    kill(cluster, "n1").wait(6)
    assert cluster.memory("retry:n1") == 1
    cluster.release("pods").wait(1)
    found = cluster.get("pods", "default/p")["status"]["conditions"]
    assert [each["status"] for each in found if each["type"] == "Ready"] == ["False"]
    assert cluster.memory("retry:n1") is None


def test_a_crash_between_the_node_and_its_pods_is_made_good_by_the_next_process() -> None:
    """k#50067: the node is written Unknown, and the process dies before it has marked the pods."""
    cluster = three_nodes().send(create("pods", pod("p")))
    kill(cluster, "n1")
    while ready(cluster, "n1")["status"] == "True":
        action = first(cluster.world)
        assert action is not None
        cluster.do(action)
    p = cluster.world.names["kcm"]
    cluster.do(Crash(p))
    assert [each["status"] for each in cluster.get("pods", "default/p")["status"]["conditions"]] == ["True"]
    cluster.do(Restart(p))
    cluster.settle()
    assert [each["status"] for each in cluster.get("pods", "default/p")["status"]["conditions"]] == ["False"]


# ---- taints


def test_a_silent_node_is_tainted_and_its_recovery_takes_the_taints_off() -> None:
    cluster = kill(three_nodes(), "n1").wait(6)
    assert sorted(taints(cluster, "n1")) == [f"{UNREACHABLE}:NoExecute", f"{UNREACHABLE}:NoSchedule"]
    assert all("timeAdded" in each for each in cluster.get("nodes", "n1")["spec"]["taints"])
    revive(cluster, "n1").wait(1)
    assert taints(cluster, "n1") == []


def test_a_node_that_says_it_is_not_ready_is_tainted() -> None:
    cluster = three_nodes()
    conditions = [{**ready(cluster, "n1"), "status": "False", "reason": "KubeletNotReady"}]
    cluster.send(patch("nodes", "n1", {"status": {"conditions": conditions}}, "merge", "status")).wait(1)
    assert sorted(taints(cluster, "n1")) == [f"{NOT_READY}:NoExecute", f"{NOT_READY}:NoSchedule"]


def test_the_taint_changes_its_key_at_once_when_a_not_ready_node_falls_silent() -> None:
    cluster = three_nodes()
    conditions = [{**ready(cluster, "n1"), "status": "False"}]
    cluster.send(patch("nodes", "n1", {"status": {"conditions": conditions}}, "merge", "status")).wait(1)
    kill(cluster, "n1").wait(8)
    assert sorted(taints(cluster, "n1")) == [f"{UNREACHABLE}:NoExecute", f"{UNREACHABLE}:NoSchedule"]


def test_cordoning_and_pressure_are_taints() -> None:
    cluster = three_nodes().send(patch("nodes", "n1", {"spec": {"unschedulable": True}}, "merge"))
    conditions = [ready(cluster, "n1"), {"type": "DiskPressure", "status": "True"}]
    cluster.send(patch("nodes", "n1", {"status": {"conditions": conditions}}, "merge", "status"))
    assert sorted(taints(cluster, "n1")) == [
        "node.kubernetes.io/disk-pressure:NoSchedule",
        "node.kubernetes.io/unschedulable:NoSchedule",
    ]
    cluster.send(patch("nodes", "n1", {"spec": {"unschedulable": None}}, "merge"))
    assert taints(cluster, "n1") == ["node.kubernetes.io/disk-pressure:NoSchedule"]


def test_taints_of_others_stay() -> None:
    mine = [{"key": "mine", "value": "v", "effect": "NoSchedule"}]
    cluster = three_nodes().send(patch("nodes", "n1", {"spec": {"taints": mine}}, "merge"))
    revive(kill(cluster, "n1").wait(6), "n1").wait(1)
    assert cluster.get("nodes", "n1")["spec"]["taints"] == mine


def test_a_not_ready_taint_that_does_not_evict_is_left_to_its_owner_when_the_node_is_ready() -> None:
    cluster = three_nodes().send(
        patch("nodes", "n1", {"spec": {"taints": [{"key": UNREACHABLE, "effect": "NoExecute"}]}}, "merge")
    )
    cluster.wait(1)
    assert taints(cluster, "n1") == []


def test_the_old_names_of_os_and_arch_labels_follow_the_new_ones() -> None:
    document = node("n1")
    document["metadata"]["labels"] = {"kubernetes.io/os": "linux", "beta.kubernetes.io/arch": "amd64"}
    cluster = add_nodes(Cluster(FAST).settle(), document)
    assert cluster.get("nodes", "n1")["metadata"]["labels"] == {
        "kubernetes.io/os": "linux",
        "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": "amd64",
    }


def test_a_conflict_is_no_reason_not_to_taint() -> None:
    cluster = three_nodes().hold("nodes")
    cluster.send(patch("nodes", "n1", {"metadata": {"labels": {"a": "b"}}}, "merge"))
    kill(cluster, "n1").wait(6)
    assert ready(cluster, "n1")["status"] == "Unknown"
    cluster.release("nodes").wait(1)
    assert f"{UNREACHABLE}:NoExecute" in taints(cluster, "n1")


# ---- zones


def test_while_no_node_is_ready_nothing_is_evicted() -> None:
    cluster = kill(three_nodes(), "n1", "n2", "n3").wait(30)
    assert {ready(cluster, name)["status"] for name in ("n1", "n2", "n3")} == {"Unknown"}
    assert [taint for name in ("n1", "n2", "n3") for taint in taints(cluster, name) if "NoExecute" in taint] == []
    assert dict(cluster.memory("zones")) == {"none": FULL}
    revive(cluster, "n3").wait(3)
    assert f"{UNREACHABLE}:NoExecute" in taints(cluster, "n1")
    assert f"{UNREACHABLE}:NoExecute" in taints(cluster, "n2")
    assert taints(cluster, "n3") == []


def test_taints_come_off_when_the_last_ready_node_fails() -> None:
    cluster = kill(three_nodes(), "n1").wait(8)
    assert f"{UNREACHABLE}:NoExecute" in taints(cluster, "n1")
    kill(cluster, "n2", "n3").wait(8)
    assert taints(cluster, "n1") == [f"{UNREACHABLE}:NoSchedule"]


def test_when_the_first_node_recovers_the_silence_of_the_others_counts_from_then() -> None:
    cluster = three_nodes()
    for name in ("n1", "n2"):
        conditions = [{**ready(cluster, name), "status": "False"}]
        cluster.send(patch("nodes", name, {"status": {"conditions": conditions}}, "merge", "status"))
    kill(cluster, "n3").wait(6)
    assert dict(cluster.memory("zones")) == {"none": FULL}
    kill(cluster, "n1").wait(3)
    revive(cluster, "n3").wait(3)
    assert ready(cluster, "n1")["status"] == "False"
    cluster.wait(2)
    assert ready(cluster, "n1")["status"] == "Unknown"


def test_a_fully_disrupted_zone_beside_a_healthy_one_is_evicted_from() -> None:
    cluster = add_nodes(Cluster(FAST).settle(), node("a1", "a"), node("a2", "a"), node("b1", "b")).wait(2)
    kill(cluster, "a1", "a2").wait(8)
    assert f"{UNREACHABLE}:NoExecute" in taints(cluster, "a1")
    assert f"{UNREACHABLE}:NoExecute" in taints(cluster, "a2")
    assert dict(cluster.memory("zones")) == {":a": FULL, ":b": NORMAL}


def test_a_partly_disrupted_small_zone_has_no_evictions() -> None:
    names = [f"a{n}" for n in range(5)]
    cluster = add_nodes(Cluster(FAST).settle(), *(node(name, "a") for name in names)).wait(2)
    kill(cluster, "a0", "a1", "a2").wait(10)
    assert dict(cluster.memory("zones")) == {":a": PARTIAL}
    assert not any("NoExecute" in taint for name in names for taint in taints(cluster, name))


def test_a_partly_disrupted_large_zone_is_evicted_from_slowly() -> None:
    config = attrs.evolve(FAST, large_cluster_nodes=4, secondary_eviction_interval_ms=5_000)
    names = [f"a{n}" for n in range(5)]
    cluster = add_nodes(Cluster(config).settle(), *(node(name, "a") for name in names)).wait(2)
    kill(cluster, "a0", "a1", "a2").wait(6)
    assert sum("NoExecute" in taint for name in names for taint in taints(cluster, name)) == 1
    cluster.wait(5)
    assert sum("NoExecute" in taint for name in names for taint in taints(cluster, name)) == 2


def test_taints_are_handed_out_at_the_rate_of_the_zone() -> None:
    config = attrs.evolve(FAST, eviction_interval_ms=3_000)
    cluster = add_nodes(Cluster(config).settle(), *(node(f"n{n}") for n in range(6))).wait(2)
    kill(cluster, "n1", "n2").wait(6)
    assert [name for name in ("n1", "n2") if any("NoExecute" in taint for taint in taints(cluster, name))] == ["n1"]
    cluster.wait(3)
    assert f"{UNREACHABLE}:NoExecute" in taints(cluster, "n2")


def test_a_node_that_recovers_while_it_waits_is_not_tainted() -> None:
    config = attrs.evolve(FAST, eviction_interval_ms=20_000)
    cluster = add_nodes(Cluster(config).settle(), *(node(f"n{n}") for n in range(6))).wait(2)
    kill(cluster, "n1", "n2").wait(6)
    revive(cluster, "n2").wait(40)
    assert taints(cluster, "n2") == []


def test_a_node_may_be_left_out_of_the_count() -> None:
    document = node("n3")
    document["metadata"]["labels"]["node.kubernetes.io/exclude-disruption"] = ""
    cluster = add_nodes(Cluster(FAST).settle(), node("n1"), node("n2"), document).wait(2)
    kill(cluster, "n1", "n2").wait(20)
    assert dict(cluster.memory("zones")) == {"none": FULL}


@pytest.mark.parametrize(
    ("good", "bad", "state"),
    [(0, 0, NORMAL), (0, 1, FULL), (1, 2, NORMAL), (2, 3, PARTIAL), (9, 11, PARTIAL), (10, 10, NORMAL), (1, 0, NORMAL)],
)
def test_the_state_of_a_zone(good: int, bad: int, state: str) -> None:
    assert zone_state(good, bad, 55) == state


# ---- coming, going, failing


def test_a_deleted_node_is_forgotten() -> None:
    cluster = three_nodes().send(delete("nodes", "n1")).wait(1)
    assert "RemovingNode: Node n1 event: Removing Node n1 from Controller" in cluster.events()
    assert cluster.memory("heard:n1") is None


def test_a_restarted_controller_gives_every_node_a_new_grace_period() -> None:
    cluster = kill(three_nodes(), "n1").wait(2)
    p = cluster.world.names["kcm"]
    cluster.do(Crash(p))
    cluster.wait(3).do(Restart(p))
    cluster.wait(3.5)
    assert ready(cluster, "n1")["status"] == "True"
    cluster.wait(2)
    assert ready(cluster, "n1")["status"] == "Unknown"


def test_a_healthy_cluster_is_written_by_nobody_and_looked_at_once_per_grace_period() -> None:
    cluster = three_nodes()
    cluster.requests.clear()
    passes = 0
    end_ms = cluster.world.now_ms + 40_000
    monitor = cluster.program.index["nodelifecycle"]
    p = cluster.world.names["kcm"]
    while cluster.world.now_ms < end_ms:
        action = first(cluster.world)
        assert action is not None
        passes += action == Begin(p, monitor)
        cluster.do(action)
    assert cluster.requests == []
    assert 0 < passes <= 3 * 14  # a pass of each node every 3 s to 4 s
    cluster.check_fingerprint()


# ---- pure parts


def test_unknown_conditions_leave_what_is_unknown_alone() -> None:
    first = unknown_conditions(node("n1"), "t1")
    again = unknown_conditions({**node("n1"), "status": {"conditions": first}}, "t2")
    assert again == first


def test_the_difference_of_no_schedule_taints_speaks_only_of_its_own_keys() -> None:
    document = {
        "spec": {"taints": [{"key": "x", "effect": "NoSchedule"}, {"key": UNREACHABLE, "effect": "NoSchedule"}]},
        "status": {"conditions": [{"type": "Ready", "status": "False"}]},
    }
    add, remove = no_schedule_diff(document)
    assert add == [{"key": NOT_READY, "effect": "NoSchedule"}]
    assert remove == [{"key": UNREACHABLE, "effect": "NoSchedule"}]


def test_zones_have_regions() -> None:
    labels = {"topology.kubernetes.io/zone": "z", "topology.kubernetes.io/region": "r"}
    assert zone_of({"metadata": {"labels": labels}}) == "r:z"
    old = {**labels, "failure-domain.beta.kubernetes.io/zone": "beta"}
    assert zone_of({"metadata": {"labels": old}}) == "r:beta"
    assert zone_of({"metadata": {}}) == "none"


def test_a_queue_knows_whom_it_has_handled() -> None:
    queue = NO_NODES.add("a").add("b")
    assert (queue.head(), queue.add("a").token) == ("a", queue.token)
    queue = queue.handled("a")
    assert (queue.head(), queue.waits("a"), queue.add("a") is queue) == ("b", False, True)
    assert queue.remove("a").add("a").waits("a")
    assert queue.later("b").head() == "b"
    assert NO_NODES.add("a").add("b").later("a").head() == "b"
    assert NO_NODES.add("a").remove("a").token == NO_NODES.token


def test_a_limiter_has_one_token() -> None:
    limiter = Limiter(10)
    assert limiter.accepts(0)
    taken = limiter.take(5)
    assert [taken.accepts(now) for now in (5, 14, 15)] == [False, False, True]
    assert taken.swap(10, 6) is taken
    assert taken.swap(20, 6) == Limiter(20, 26)
    assert taken.swap(20, 15) == Limiter(20)
    assert not Limiter(10).swap(0, 3).accepts(99)
    assert Limiter(0).swap(10, 3) == Limiter(10, 13)


class RefuseOnce:
    """A driver that lets the first request with these words in its label fail, and otherwise chooses the first action."""

    name, seed, faults = "refuse", None, NO_FAULTS

    def __init__(self, words: str) -> None:
        self.words = words
        self.done = False

    def choose(self, model: Model, world: World) -> Action | None:
        action = first(world)
        if type(action) is Serve and not self.done and self.words in label(model, world, action):
            self.done = True
            return action._replace(reject=500)
        return action


def test_a_taint_that_could_not_be_taken_off_is_taken_off_by_the_next_pass() -> None:
    cluster = kill(three_nodes(), "n1").wait(12)
    assert f"{UNREACHABLE}:NoExecute" in taints(cluster, "n1")
    refusing = RefuseOnce("nodelifecycle:n1.")
    revive(cluster, "n1").wait(FAST.period_ms / 1000, refusing)
    assert refusing.done
    assert f"{UNREACHABLE}:NoExecute" in taints(cluster, "n1")
    assert taints(cluster.wait(2 * FAST.period_ms / 1000), "n1") == []
