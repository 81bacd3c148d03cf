"""The garbage collector against the real API server: what goes, what stays, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.controllers.gc_graph import references_of
from refk8s.controllers.machines_gc import GC_DELETION, deletion_state
from refk8s.controllers.runtime import create, delete, patch
from refk8s.core.action import AdvanceTo, Crash, Input, Restart, Serve
from refk8s.core.enabled import first
from refk8s.core.flight import Cached, Recall, Retry
from refk8s.core.wire import Request, Response

from .manager_cluster import Cluster, config_map, node, owner, pod, secret


@pytest.fixture
def cluster() -> Cluster:
    return Cluster().settle()


def with_child(cluster: Cluster, name: str = "child", *owners: str, **over: Any) -> Cluster:
    """ConfigMaps as owners (made here) and a Secret that they own."""
    for each in owners or ("parent",):
        if cluster.find("configmaps", f"default/{each}") is None:
            cluster.send(create("configmaps", config_map(each)))
    references = [owner(cluster.get("configmaps", f"default/{each}"), **over) for each in owners or ("parent",)]
    return cluster.send(create("secrets", secret(name, *references)))


def drop(name: str, policy: str = "Background") -> Request:
    return delete("configmaps", f"default/{name}", propagationPolicy=policy)


def test_background_deletion_takes_the_dependents(cluster: Cluster) -> None:
    with_child(cluster).send(drop("parent"))
    assert cluster.names("configmaps") == []
    assert cluster.names("secrets") == []
    cluster.check_fingerprint()


def test_an_object_stays_while_one_of_its_owners_is_there_and_loses_the_dead_reference(cluster: Cluster) -> None:
    with_child(cluster, "child", "one", "two").send(drop("one"))
    references = cluster.get("secrets", "default/child")["metadata"]["ownerReferences"]
    assert [reference["name"] for reference in references] == ["two"]
    cluster.send(drop("two"))
    assert cluster.names("secrets") == []


def test_deletion_names_uid_and_resource_version(cluster: Cluster) -> None:
    with_child(cluster)
    child = cluster.get("secrets", "default/child")["metadata"]
    cluster.send(drop("parent"))
    (request,) = [request for request in cluster.requests if request.verb == "delete"]
    assert request.options["preconditions"] == {"uid": child["uid"], "resourceVersion": child["resourceVersion"]}
    assert request.options["propagationPolicy"] == "Background"


def restarted(cluster: Cluster, *meanwhile: Request) -> Cluster:
    """The controller manager is down while these requests are served, then starts anew."""
    p = cluster.world.names["kcm"]
    cluster.do(Crash(p))
    cluster.send(*meanwhile).do(Restart(p))
    return cluster.settle()


def test_a_new_owner_of_the_same_name_is_another_owner(cluster: Cluster) -> None:
    with_child(cluster)
    restarted(cluster, drop("parent"), create("configmaps", config_map("parent"))).wait(1)
    assert cluster.names("configmaps") == ["default/parent"]
    assert cluster.names("secrets") == []


def test_foreground_deletion_takes_the_owner_last(cluster: Cluster) -> None:
    with_child(cluster, "one")
    with_child(cluster, "two").send(drop("parent", "Foreground"))
    gone = [(change.resource, change.key) for change in cluster.commits if change.type == "DELETED"]
    assert gone == [("secrets", "default/one"), ("secrets", "default/two"), ("configmaps", "default/parent")]


def test_foreground_deletion_waits_for_what_blocks_it_only(cluster: Cluster) -> None:
    with_child(cluster, "blocking")
    with_child(cluster, "free", blockOwnerDeletion=False)
    for name in ("blocking", "free"):
        cluster.send(patch("secrets", f"default/{name}", {"metadata": {"finalizers": ["example.com/hold"]}}, "merge"))
    cluster.send(drop("parent", "Foreground"))
    assert cluster.names("configmaps") == ["default/parent"]
    assert all("deletionTimestamp" in cluster.get("secrets", key)["metadata"] for key in cluster.names("secrets"))
    cluster.send(patch("secrets", "default/blocking", {"metadata": {"finalizers": None}}, "merge"))
    assert cluster.names("configmaps") == []
    assert cluster.names("secrets") == ["default/free"]


def test_an_owner_in_foreground_deletion_goes_when_a_dependent_stops_blocking_it(cluster: Cluster) -> None:
    with_child(cluster).send(
        patch("secrets", "default/child", {"metadata": {"finalizers": ["example.com/hold"]}}, "merge"),
        drop("parent", "Foreground"),
    )
    assert cluster.names("configmaps") == ["default/parent"]
    uid = cluster.uid("configmaps", "default/parent")
    cluster.send(
        patch(
            "secrets", "default/child", {"metadata": {"ownerReferences": [{"uid": uid, "blockOwnerDeletion": False}]}}
        )
    )
    assert cluster.names("configmaps") == []


def test_a_dependent_with_dependents_is_deleted_in_foreground_too(cluster: Cluster) -> None:
    with_child(cluster)
    child = cluster.get("secrets", "default/child")
    cluster.send(create("configmaps", config_map("grandchild", owner(child))), drop("parent", "Foreground"))
    gone = [change.key for change in cluster.commits if change.type == "DELETED"]
    assert gone == ["default/grandchild", "default/child", "default/parent"]


def test_orphaning_strips_the_references_then_lets_the_owner_go(cluster: Cluster) -> None:
    with_child(cluster).send(drop("parent", "Orphan"))
    assert cluster.names("configmaps") == []
    assert "ownerReferences" not in cluster.get("secrets", "default/child")["metadata"]
    order = [(change.resource, change.type) for change in cluster.commits[-3:]]
    assert order == [("configmaps", "MODIFIED"), ("secrets", "MODIFIED"), ("configmaps", "DELETED")]


def test_a_cycle_of_blocking_references_is_broken(cluster: Cluster) -> None:
    cluster.send(create("configmaps", config_map("a")))
    a = cluster.get("configmaps", "default/a")
    cluster.send(create("configmaps", config_map("b", owner(a))))
    b = cluster.get("configmaps", "default/b")
    cluster.send(patch("configmaps", "default/a", {"metadata": {"ownerReferences": [owner(b)]}}, "merge"))
    cluster.send(drop("a", "Foreground")).wait(5)
    assert cluster.names("configmaps") == []


def test_an_object_whose_owner_never_was_is_deleted(cluster: Cluster) -> None:
    ghost = {"apiVersion": "v1", "kind": "ConfigMap", "name": "ghost", "uid": "no-such-uid"}
    cluster.send(create("secrets", secret("child", ghost)))
    assert cluster.names("secrets") == []
    assert cluster.memory("virtual:no-such-uid") is None


def test_an_owner_that_is_not_seen_yet_is_looked_for_and_found(cluster: Cluster) -> None:
    cluster.hold("configmaps")
    with_child(cluster).wait(1)
    assert cluster.names("secrets") == ["default/child"]
    assert cluster.memory(f"virtual:{cluster.uid('configmaps', 'default/parent')}") is not None
    cluster.release("configmaps").wait(2)
    assert cluster.memory(f"virtual:{cluster.uid('configmaps', 'default/parent')}") is None
    assert cluster.names("secrets") == ["default/child"]


def test_a_stale_cache_deletes_nothing_whose_owner_lives(cluster: Cluster) -> None:
    """The owner's deletion is seen, its dependents' adoption by another is not: the live object decides."""
    with_child(cluster, "child", "old")
    cluster.send(create("configmaps", config_map("new"))).hold("secrets")
    new = owner(cluster.get("configmaps", "default/new"))
    cluster.send(patch("secrets", "default/child", {"metadata": {"ownerReferences": [new]}}, "merge"), drop("old"))
    assert cluster.names("secrets") == ["default/child"]
    cluster.release("secrets").settle()
    assert cluster.names("secrets") == ["default/child"]


def test_an_owner_in_another_namespace_does_not_count_and_is_reported(cluster: Cluster) -> None:
    cluster.send(create("namespaces", {"metadata": {"name": "far"}}))
    cluster.send(create("configmaps", {"metadata": {"name": "parent", "namespace": "far"}}))
    far = owner(cluster.get("configmaps", "far/parent"))
    cluster.send(create("secrets", secret("child", far)))
    assert cluster.names("secrets") == []
    uid = cluster.uid("configmaps", "far/parent")
    assert cluster.events() == [
        "OwnerRefInvalidNamespace: ownerRef "
        f'[v1/ConfigMap, namespace: default, name: parent, uid: {uid}] does not exist in namespace "default"'
    ]


def test_an_owner_in_another_namespace_does_not_count_when_it_is_seen_after_its_dependent(cluster: Cluster) -> None:
    cluster.send(create("namespaces", {"metadata": {"name": "far"}}))
    cluster.send(create("secrets", {"metadata": {"name": "parent", "namespace": "far"}}))
    far = owner(cluster.get("secrets", "far/parent"))
    restarted(cluster, create("configmaps", config_map("child", far)))
    assert cluster.names("configmaps") == []
    assert len(cluster.events("OwnerRefInvalidNamespace")) == 1


def test_a_reference_with_the_right_uid_and_a_wrong_name_does_not_keep_an_object(cluster: Cluster) -> None:
    cluster.send(create("configmaps", config_map("parent")))
    wrong = owner(cluster.get("configmaps", "default/parent"), name="other")
    cluster.send(create("secrets", secret("child", wrong)))
    assert cluster.names("secrets") == []


def test_a_bad_reference_does_not_take_a_good_one_along(cluster: Cluster) -> None:
    """k#98040: two dependents disagree on where their owner is; the wrong one goes, and the owner is looked for at the other place."""
    cluster.hold("leases").hold("configmaps")
    cluster.send(create("leases", {"metadata": {"name": "parent", "namespace": "default"}}))
    good = owner(cluster.get("leases", "default/parent"))
    cluster.send(create("configmaps", config_map("bad", {**good, "name": "other"})))
    cluster.send(create("configmaps", config_map("good", good)))
    cluster.release("configmaps").wait(1)
    assert cluster.names("configmaps") == ["default/good"]
    assert cluster.memory(f"virtual:{good['uid']}").name == "parent"
    cluster.release("leases").wait(1)
    assert cluster.names("configmaps") == ["default/good"]


def test_a_cluster_scoped_object_with_a_namespaced_owner_is_left_alone(cluster: Cluster) -> None:
    cluster.send(create("configmaps", config_map("parent")))
    parent = owner(cluster.get("configmaps", "default/parent"))
    document = {"metadata": {"name": "pc", "ownerReferences": [parent]}, "value": 1}
    cluster.send(create("priorityclasses", document), drop("parent")).wait(2)
    assert "pc" in cluster.names("priorityclasses")


def test_a_node_owns_its_lease_across_the_border_of_namespaces(cluster: Cluster) -> None:
    cluster.send(create("nodes", {"metadata": {"name": "n1"}}))
    document = {"metadata": {"name": "n1", "namespace": "kube-node-lease"}}
    document["metadata"]["ownerReferences"] = [owner(cluster.get("nodes", "n1"))]
    cluster.send(create("leases", document)).wait(1)
    assert cluster.names("leases") == ["kube-node-lease/n1"]
    cluster.send(delete("nodes", "n1"))
    assert cluster.names("leases") == []


def test_a_restarted_collector_does_what_its_predecessor_left(cluster: Cluster) -> None:
    with_child(cluster)
    restarted(cluster, drop("parent", "Foreground"))
    assert cluster.names("secrets") == cluster.names("configmaps") == []
    cluster.check_fingerprint()


def test_a_changed_object_with_the_same_owners_is_deleted_all_the_same() -> None:
    """The conflict of the resourceVersion is overlooked when the ownerReferences did not change in the meantime."""
    cluster = with_child(Cluster().settle())
    cluster.hold("configmaps").send(drop("parent"))
    touched = False
    cluster.release("configmaps")
    while (action := first(cluster.world)) is not None and not isinstance(action, AdvanceTo):
        if isinstance(action, Serve) and not touched:
            message = cluster.world.inbox[action.p][action.number]
            if message.request.verb == "delete":
                touched = True
                body = {"metadata": {"labels": {"touched": "yes"}}}
                _overtake(cluster, patch("secrets", "default/child", body, "merge"))
                continue
        cluster.do(action)
    assert touched
    assert cluster.names("secrets") == []
    deletes = [request.options["preconditions"] for request in cluster.requests if request.verb == "delete"]
    assert ["resourceVersion" in each for each in deletes] == [True, False]


# ---- as recorded: conformance/api, controlplane/delete-deployment-*


def deployed(policy: str) -> list[tuple[str, str, str]]:
    """(resource, event, deletion state) after a Deployment of two pods is deleted, without changes that move nothing."""
    cluster = Cluster().settle().send(create("nodes", node("n1")))
    spec = pod("p")["spec"]
    template = {"metadata": {"labels": {"app": "a"}}, "spec": spec}
    body = {"replicas": 2, "selector": {"matchLabels": {"app": "a"}}, "template": template}
    cluster.send(create("deployments", {"metadata": {"name": "d", "namespace": "default"}, "spec": body})).wait(2)
    cluster.commits.clear()
    cluster.send(delete("deployments", "default/d", propagationPolicy=policy)).wait(5)
    story = []
    for change in cluster.commits:
        if change.resource in ("deployments", "replicasets", "pods"):
            was, now = change.prev, None if change.type == "DELETED" else change.obj.document
            freed = now is not None and references_of(now) != references_of(was.document)
            if deletion_state(now) != deletion_state(was.document) or freed:
                story.append((change.resource, change.type, deletion_state(now)))
    return story


def test_a_deployment_deleted_in_background_goes_first() -> None:
    ending, gone = ("pods", "MODIFIED", "ending"), ("pods", "DELETED", "gone")
    top = [("deployments", "DELETED", "gone"), ("replicasets", "DELETED", "gone")]
    story = deployed("Background")
    assert story[:2] == top
    assert sorted(story[2:]) == sorted([ending, ending, gone, gone])


def test_a_deployment_deleted_in_foreground_goes_last() -> None:
    ending, gone = ("pods", "MODIFIED", "ending"), ("pods", "DELETED", "gone")
    story = deployed("Foreground")
    assert story[:2] == [("deployments", "MODIFIED", "waiting"), ("replicasets", "MODIFIED", "waiting")]
    assert sorted(story[2:6]) == sorted([ending, ending, gone, gone])
    assert story[6:] == [("replicasets", "DELETED", "gone"), ("deployments", "DELETED", "gone")]


def test_a_deployment_deleted_with_orphans_leaves_its_replica_set() -> None:
    assert deployed("Orphan") == [
        ("deployments", "MODIFIED", "orphaning"),
        ("replicasets", "MODIFIED", "live"),
        ("deployments", "DELETED", "gone"),
    ]


# ---- in every order

SEEDS = range(12)


def family(cluster: Cluster) -> Cluster:
    """A parent with two children, one of which has a child of its own, and a second owner of the other one."""
    with_child(cluster, "one", "parent")
    with_child(cluster, "two", "parent", "other")
    child = cluster.get("secrets", "default/one")
    return cluster.send(create("configmaps", config_map("grandchild", owner(child))))


def moves(cluster: Cluster) -> set[tuple[str, str, str]]:
    """(before, after, actor) of the changes of deletion states so far; the actor is the first part of the process's name."""
    found = set()
    for change in cluster.commits:
        if change.resource in ("configmaps", "secrets") and change.prev is not None:
            before = deletion_state(change.prev.document)
            after = deletion_state(None if change.type == "DELETED" else change.obj.document)
            if before != after:
                found.add((before, after, {"kcm": "kube-controller-manager"}.get(change.actor, change.actor)))
    return found


@pytest.mark.parametrize("policy", ["Background", "Foreground", "Orphan"])
@pytest.mark.parametrize("seed", range(4))
def test_every_step_of_a_deletion_is_a_row_of_its_table(cluster: Cluster, policy: str, seed: int) -> None:
    family(cluster).send(
        patch("configmaps", "default/parent", {"metadata": {"finalizers": ["example.com/hold"]}}, "merge")
    )
    cluster.post(drop("parent", policy), drop("parent", "Foreground"), drop("parent", "Orphan")).run(seed)
    cluster.post(patch("configmaps", "default/parent", {"metadata": {"finalizers": None}}, "merge")).run(seed)
    assert "default/parent" not in cluster.names("configmaps")
    for before, after, actor in moves(cluster):
        assert [row.id for row in GC_DELETION if (row.before, row.after) == (before, after) and row.allows(actor)]


@pytest.mark.parametrize("seed", SEEDS)
def test_background_deletion_ends_alike_in_every_order(cluster: Cluster, seed: int) -> None:
    family(cluster).post(drop("parent")).run(seed)
    assert (cluster.names("configmaps"), cluster.names("secrets")) == (["default/other"], ["default/two"])
    references = cluster.get("secrets", "default/two")["metadata"]["ownerReferences"]
    assert [reference["name"] for reference in references] == ["other"]


@pytest.mark.parametrize("seed", SEEDS)
def test_foreground_deletion_takes_owners_last_in_every_order(cluster: Cluster, seed: int) -> None:
    family(cluster).post(drop("parent", "Foreground")).run(seed)
    gone = [change.key for change in cluster.commits if change.type == "DELETED"]
    assert gone == ["default/grandchild", "default/one", "default/parent"]
    assert cluster.names("secrets") == ["default/two"]


@pytest.mark.parametrize("seed", SEEDS)
def test_orphans_survive_in_every_order(cluster: Cluster, seed: int) -> None:
    family(cluster).post(drop("parent", "Orphan"), drop("other", "Orphan")).run(seed)
    assert cluster.names("configmaps") == ["default/grandchild"]
    assert cluster.names("secrets") == ["default/one", "default/two"]
    assert all("ownerReferences" not in cluster.get("secrets", key)["metadata"] for key in cluster.names("secrets"))


def test_a_failed_request_is_tried_again(cluster: Cluster) -> None:
    with_child(cluster)
    collector = cluster.program.controllers[cluster.program.index["gc"]]
    fire = Response(500, status={"message": "the server is on fire", "reason": "InternalError"})
    work = collector.reconcile(f"v1/Secret/default/child/{cluster.uid('secrets', 'default/child')}")
    assert result(cluster, work, fire) == Retry("the server is on fire")


def result(cluster: Cluster, work: Any, reply: Response) -> Any:
    """What a reconcile ends with if every request gets this reply."""
    process = cluster.world.process("kcm")
    answer: Any = None
    while True:
        try:
            effect = work.send(answer)
        except StopIteration as end:
            return end.value
        if isinstance(effect, Recall):
            answer = process.memory.get(effect.name, effect.default)
        elif isinstance(effect, Cached):
            answer = process.informers[cluster.program.stream_index[effect.stream]].root.cache(effect.stream)
        else:
            answer = reply


def _overtake(cluster: Cluster, request: Request) -> None:
    """Have a request of the user served before everything else that waits."""
    cluster.do(Input(request))
    p = cluster.world.names["apiserver"]
    cluster.do(Serve(p, cluster.world.inbox[p].numbers()[-1]))
