"""What-ifs, admission, queue order and preemption of `refk8s schedule`."""

import copy
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from refk8s.core.errors import Refk8sError
from refk8s.schedule import asked, simulate, whatif
from refk8s.schedule.cluster import Cluster, admitted, blaming, cluster_of
from refk8s.schedule.dump import KINDS, Dump
from refk8s.schedule.manifests import expanded
from refk8s.schedule.simulate import Placement
from refk8s.scheduler.config import DEFAULT_CONFIGURATION

from . import dumps
from .dumps import node, pod, priority_class

RESERVED = {"key": "reserved", "value": "yes", "effect": "NoSchedule"}


def cluster(*objects: dict[str, Any]) -> Cluster:
    found: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for each in objects:
        found[each["kind"]][f"{each['metadata'].get('namespace', '')}/{each['metadata']['name']}"] = each
    return cluster_of(Dump(found))


def manifest(name: str, **fields: Any) -> dict[str, Any]:
    made = pod(name, owner="", **fields)
    return {key: made[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": {"name": name}}


def placed(
    there: Cluster, manifests: Iterable[dict[str, Any]], *changes: str, preempt: bool = False
) -> list[Placement]:
    changed = whatif.apply(there, changes)
    documents, there = expanded(manifests, changed.cluster)
    pods = [*changed.homeless, *admitted(documents, there, "default")]
    return simulate.run(there, DEFAULT_CONFIGURATION, pods, explain=False, preempt=preempt)[0]


def nodes(placements: Iterable[Placement]) -> dict[str, str]:
    return {placement.pod.name: placement.node for placement in placements}


TWO = (node("a", cpu="2"), node("b", cpu="2", taints=[RESERVED]))


def test_pods_go_in_queue_order_and_each_counts_those_before_it() -> None:
    pods = [manifest("low", cpu="2"), manifest("high", cpu="2", priorityClassName="high")]
    found = placed(cluster(*TWO, priority_class("high", 9)), pods)
    assert [(p.pod.name, p.node) for p in found] == [("high", "a"), ("low", "")]


def test_the_template_of_a_deployment_is_scheduled_as_often_as_it_has_replicas() -> None:
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": manifest("x")["spec"]},
        },
    }
    found = placed(cluster(*TWO), [deployment])
    assert [placement.node for placement in found] == ["a", "a", ""]
    assert {placement.pod.labels["app"] for placement in found} == {"web"}
    assert "pod-template-hash" in found[0].pod.labels


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((), ""),
        (("remove taint reserved",), "b"),
        (("remove taint reserved=yes:NoSchedule from b",), "b"),
        (("add node c like a",), "c"),
        (("add 2 nodes like a", "cordon a-copy-1"), "a-copy-2"),
        (("remove pod default/there",), "a"),
        (("remove pod default/there", "cordon a"), ""),
        (("remove pod default/there", "cordon a", "uncordon a"), "a"),
        (("remove pod default/there", "add taint x:NoSchedule to a"), ""),
    ],
)
def test_a_change_is_made_first(changes: tuple[str, ...], expected: str) -> None:
    there = cluster(*TWO, pod("there", "a", cpu="2"))
    assert nodes(placed(there, [manifest("new", cpu="2")], *changes))["new"] == expected


CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def test_an_uncordoned_node_loses_the_taint_that_it_has_in_a_real_dump() -> None:
    there = cluster(node("a", taints=[CORDONED, RESERVED], unschedulable=True), node("b", taints=[CORDONED]))
    changed = whatif.apply(there, ["uncordon a"]).cluster.snapshot
    assert [[t.key for t in n.node.spec.taints] for n in changed.nodes()] == [["reserved"], [CORDONED["key"]]]
    assert not changed.nodes()[0].unschedulable
    tolerant = manifest("tolerant", tolerations=[{"key": "reserved", "operator": "Exists"}])
    assert nodes(placed(there, [tolerant])) == {"tolerant": ""}
    assert nodes(placed(there, [tolerant], "uncordon a")) == {"tolerant": "a"}


def test_a_cordoned_node_is_tainted_once_as_its_controller_does() -> None:
    """pkg/controller/nodelifecycle/node_lifecycle_controller.go; constraints that honour taints leave such a node out of their counts."""
    there = cluster(*(node(name, labels={"topology.kubernetes.io/zone": name}) for name in "ab"))
    cordoned = whatif.apply(there, ["cordon b", "drain b"]).cluster.snapshot.node("b")
    assert cordoned is not None
    assert [(t.key, t.effect) for t in cordoned.hard_taints] == [(CORDONED["key"], CORDONED["effect"])]
    spread = {
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app": "web"}},
                "nodeTaintsPolicy": "Honor",
            }
        ]
    }
    pods = [
        {**manifest(name, **spread), "metadata": {"name": name, "labels": {"app": "web"}}} for name in ("one", "two")
    ]
    assert nodes(placed(there, pods, "cordon b")) == {"one": "a", "two": "a"}


def test_a_new_node_like_one_in_trouble_is_well() -> None:
    there = cluster(node("a", taints=[CORDONED, NOT_READY, RESERVED], unschedulable=True))
    fresh = whatif.apply(there, ["add node b like a"]).cluster.snapshot.node("b")
    assert fresh is not None
    assert [taint.key for taint in fresh.node.spec.taints] == ["reserved"]


def test_a_pod_that_the_dump_has_already_does_not_compete_with_itself() -> None:
    there = cluster(node("a", cpu="2"), pod("w", "a", cpu="2"), pod("x"))
    stored = admitted([pod("w", "a", cpu="2"), pod("x")], there, "default")
    without, pods, notes = asked.taken_off(there, stored)
    assert [p.pod.spec.node_name for p in pods] == ["", ""]
    assert without.waiting == ()
    assert notes == ("default/w is on a in the dump; it is asked where it would go from there",)
    found = simulate.run(without, DEFAULT_CONFIGURATION, pods[:1], explain=False, preempt=False)[0]
    assert nodes(found) == {"w": "a"}


def test_a_pod_that_is_being_deleted_keeps_its_room_from_the_next_of_its_name() -> None:
    going = pod("w", "a", cpu="2")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    there = cluster(node("a", cpu="2"), going)
    without, pods, notes = asked.taken_off(there, admitted([manifest("w", cpu="1")], there, "default"))
    assert notes == ()
    found = simulate.run(without, DEFAULT_CONFIGURATION, pods, explain=False, preempt=False)[0]
    assert nodes(found) == {"w": ""}


def test_volumes_and_claims_that_no_plugin_looks_at_are_said() -> None:
    claim = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]}
    files = {"volumes": [{"name": "d", "emptyDir": {}}]}
    device = {"resourceClaims": [{"name": "gpu", "resourceClaimName": "g"}]}
    there = cluster(node("a"), *(pod(n, **s) for n, s in (("claim", claim), ("files", files), ("device", device))))
    assert asked.remarks(there.waiting) == (
        "volumes and resource claims of default/claim, default/device restrict no node here: their plugins are not modelled",
    )
    assert asked.remarks(()) == ()


def template(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": "web"}}, "spec": {**manifest("t", cpu="1")["spec"], **spec}}


def controller(kind: str, **spec: Any) -> dict[str, Any]:
    made = {"selector": {"matchLabels": {"app": "web"}}, "template": template(), **spec}
    version = "batch/v1" if kind == "Job" else "apps/v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "web"}, "spec": made}


def test_objects_beside_the_pods_count_or_are_passed_over() -> None:
    beside: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod", "labels": {"team": "a"}}},
        priority_class("urgent", 7),
    ]
    urgent = manifest("w", priorityClassName="urgent")
    documents, there = expanded([*beside, urgent], cluster(node("a")), "prod")
    listers = there.snapshot.listers
    assert [d["metadata"]["name"] for d in documents] == ["w"]
    assert (listers.namespace_labels("prod"), listers.service_selectors("prod")) == ({"team": "a"}, [{"app": "web"}])
    (found,) = admitted(documents, there, "prod")
    assert (found.namespace, found.priority) == ("prod", 7)


def test_a_controller_without_a_namespace_is_in_the_one_that_is_asked_for() -> None:
    documents, there = expanded([controller("StatefulSet", replicas=1)], cluster(node("a")), "prod")
    assert [d["metadata"]["namespace"] for d in documents] == ["prod"]
    assert list(there.snapshot.listers.owners) == [("apps/v1", "StatefulSet", "prod", "web")]


@pytest.mark.parametrize(
    ("spec", "pods"),
    [({}, 1), ({"parallelism": 3}, 3), ({"parallelism": 3, "completions": 2}, 2), ({"completions": 5}, 1)],
)
def test_a_job_has_as_many_pods_at_once_as_it_may_and_needs(spec: dict[str, Any], pods: int) -> None:
    documents, _ = expanded([controller("Job", **spec)], cluster(node("a")))
    assert len(documents) == pods
    with pytest.raises(Refk8sError, match="object 1: Job web has no replicas to schedule"):
        expanded([controller("Job", suspend=True, **spec)], cluster(node("a")))


def test_the_claims_of_a_stateful_set_are_volumes_of_its_pods() -> None:
    claims = [{"metadata": {"name": "data"}}]
    volumes = [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]
    both = controller("StatefulSet", replicas=2, volumeClaimTemplates=claims, template=template(volumes=volumes))
    documents, _ = expanded([both], cluster(node("a")))
    assert [d["spec"]["volumes"] for d in documents] == [
        [{"name": "data", "persistentVolumeClaim": {"claimName": f"data-web-{n}"}}, volumes[1]] for n in range(2)
    ]


def test_what_has_no_pods_or_other_pods_is_refused() -> None:
    with pytest.raises(Refk8sError, match="object 1: the pods of a DaemonSet are not made here; expected one of Pod, "):
        expanded([controller("DaemonSet"), manifest("w")], cluster(node("a")))
    with pytest.raises(Refk8sError, match=r"spec\.completions: expected a number, got 'two'"):
        expanded([controller("Job", completions="two")], cluster(node("a")))


def test_pods_that_do_not_tolerate_a_no_execute_taint_leave() -> None:
    stays = {"tolerations": [{"key": "gone", "operator": "Exists"}]}
    there = cluster(node("a"), node("b"), pod("goes", "a"), pod("bare", "a", owner=""), pod("stays", "a", **stays))
    changed = whatif.apply(there, ["add taint gone:NoExecute to a"])
    assert [p.name for n in changed.cluster.snapshot.nodes() for p in n.pods] == ["stays"]
    assert [p.name for p in changed.homeless] == ["goes"]
    assert changed.notes == ("taint gone on a: 2 pods do not tolerate it and leave, 1 of them are made again",)
    assert nodes(placed(there, [], "add taint gone:NoExecute to a")) == {"goes": "b"}


def test_a_label_makes_a_node_match() -> None:
    of = [manifest("new", nodeSelector={"disk": "ssd"})]
    assert nodes(placed(cluster(*TWO), of)) == {"new": ""}
    assert nodes(placed(cluster(*TWO), of, "label node a disk=ssd")) == {"new": "a"}


def test_a_drain_makes_the_pods_of_controllers_again_and_leaves_daemons() -> None:
    there = cluster(
        node("a"), node("b"), pod("web", "a"), pod("daemon", "a", owner="DaemonSet"), pod("bare", "a", owner="")
    )
    changed = whatif.apply(there, ["drain a"])
    assert [p.name for p in changed.homeless] == ["web"]
    left = changed.cluster.snapshot.node("a")
    assert left is not None
    assert [p.name for p in left.pods] == ["daemon"]
    assert changed.notes == (
        "drain a: 2 pods leave, 1 of them are made again, 1 stay",
        "drain a: no controller makes default/bare again; kubectl drain asks for --force",
    )
    assert nodes(placed(there, [], "drain a")) == {"web": "b"}


def test_removing_a_node_takes_its_pods_with_it() -> None:
    assert nodes(placed(cluster(node("a"), node("b"), pod("web", "a")), [], "remove node a")) == {"web": "b"}


def test_preemption_says_who_would_go_and_can_be_let_happen() -> None:
    there = cluster(node("a", cpu="2"), node("b", cpu="1"), pod("batch", "a", cpu="1"), priority_class("high", 9))
    of = [manifest("vip", cpu="2", priorityClassName="high")]
    (asked,) = placed(there, of)
    assert (asked.node, asked.evicted) == ("", ())
    vip, batch = placed(there, of, preempt=True)
    assert (vip.node, [v.name for v in vip.evicted]) == ("a", ["batch"])
    assert (batch.pod.name, batch.node) == ("batch", "b")


def test_a_nominated_pod_keeps_its_room_from_those_after_it() -> None:
    there = cluster(node("a", cpu="2"), pod("batch", "a", cpu="1"), priority_class("high", 9))
    of = [manifest("vip", cpu="2", priorityClassName="high"), manifest("low", cpu="1")]
    assert nodes(placed(there, of)) == {"vip": "", "low": ""}


def test_gates_and_other_schedulers() -> None:
    of = [manifest("gated", schedulingGates=[{"name": "example.com/g"}]), manifest("other", schedulerName="mine")]
    gated, other = sorted(placed(cluster(*TWO), of), key=lambda placement: placement.pod.name)
    assert gated.gate is not None
    assert gated.gate.message == "waiting for scheduling gates: [example.com/g]"
    assert other.profile is None


def test_what_a_reader_should_know_of_a_dump() -> None:
    bare = node("a")
    del bare["status"]["allocatable"]
    assert cluster(bare, pod("lost", "gone")).notes == (
        "the dump has no Namespace: all of them count as without labels",
        "1 pods are on nodes that the dump does not have; they count nowhere",
        "no allocatable on a: nothing fits there, as for the real scheduler",
    )
    (found,) = placed(cluster(bare), [manifest("x")])
    assert found.decision is not None
    assert [status.reasons for status in found.decision.rejected.values()] == [("Too many pods", "Insufficient cpu")]


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ((), "the dump has no Node; add what `kubectl get nodes -o yaml` prints (--cluster)"),
        (
            (node("a", cpu="-1"),),
            'Node a: status.allocatable[cpu]: Invalid value: "-1": must be greater than or equal to 0',
        ),
        ((node("a", cpu="four"),), 'Node a: status.allocatable[cpu]: Invalid value: "four": quantities must match'),
        (
            (node("a"), pod("p", "a", cpu="-1")),
            'Pod default/p: spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater',
        ),
        (
            ({**node("a"), "spec": 7},),
            "Node a: not of the form that the API gives it: json: cannot unmarshal number into",
        ),
    ],
)
def test_a_dump_that_no_cluster_prints(objects: tuple[dict[str, Any], ...], said: str) -> None:
    with pytest.raises(Refk8sError) as raised:
        cluster(*objects)
    assert str(raised.value).startswith(said)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all parts of a document."""
    if path:
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


@pytest.mark.parametrize("wrong", [None, 7, "x", [], {}, [None], {"a": None}], ids=repr)
def test_whatever_is_wrong_with_an_object_it_is_named_in_one_line(wrong: Any) -> None:
    told: list[str] = []
    objects = [node("a", taints=[RESERVED], labels={"z": "1"}), pod("p", "a"), pod("w", tolerations=[{"key": "a"}])]
    for number, whole in enumerate(objects):
        for path in places(whole):
            if path[0] in ("kind", "apiVersion") or path in (
                ("metadata",),
                ("metadata", "name"),
                ("metadata", "namespace"),
            ):
                continue
            bad = copy.deepcopy(objects)
            inner: Any = bad[number]
            for part in path[:-1]:
                inner = inner[part]
            inner[path[-1]] = wrong
            try:
                there = cluster(*bad)
                with blaming(Dump({})):
                    simulate.run(there, DEFAULT_CONFIGURATION, there.waiting, explain=True, preempt=True)
            except Refk8sError as error:
                told.append(str(error))
    assert [text for text in told if "\n" in text] == []
    assert told or wrong in (None, {})


@pytest.mark.parametrize("wrong", [None, 7, "x", [], {}, [None], {"a": None}], ids=repr)
def test_whatever_is_wrong_with_a_manifest_it_is_told_in_one_line(wrong: Any) -> None:
    there = cluster(*TWO)
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}},
        },
    }
    constraint = {
        "maxSkew": 1,
        "topologyKey": "z",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {}},
    }
    stored = pod("w", tolerations=[{"key": "a"}], topologySpreadConstraints=[constraint])
    told: list[str] = []
    for whole in (stored, deployment, manifest("new", nodeSelector={"a": "b"})):
        for path in places(whole):
            if path[0] in ("kind", "apiVersion"):
                continue
            broken = copy.deepcopy(whole)
            at: Any = broken
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = copy.deepcopy(wrong)
            try:
                placed(there, [broken])
            except Refk8sError as error:
                told.append(str(error))
    assert told
    assert not any("\n" in text for text in told)


def test_a_pending_pod_with_a_selector_that_is_none_is_named() -> None:
    term = {"topologyKey": "z", "labelSelector": {"matchExpressions": [{"key": "a", "operator": "Like"}]}}
    apart = pod("w", affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}})
    with pytest.raises(Refk8sError) as raised:
        placed(cluster(*TWO), [apart])
    assert str(raised.value) == (
        "Pod default/w: spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: "
        '"Like" is not a valid label selector operator'
    )


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            manifest("p", priorityClassName="nope"),
            'Pod default/p: the API server refuses it: pods "p" is forbidden: no PriorityClass with name nope was found',
        ),
        (
            manifest("p", cpu="-1"),
            'Pod default/p: the API server refuses it: Pod "p" is invalid: spec.containers[0].resources',
        ),
        (
            {"kind": "Service", "metadata": {"name": "s"}},
            "object 1: Service has no pods to schedule; expected one of Pod, ",
        ),
    ],
)
def test_a_pod_that_the_api_server_refuses(document: dict[str, Any], said: str) -> None:
    with pytest.raises(Refk8sError) as raised:
        placed(cluster(*TWO), [document])
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("explode", "--what-if 'explode': not understood; what can be said: drain NODE; cordon NODE"),
        ("drain c", "--what-if: no node c; there are a, b"),
        ("remove taint nope", "--what-if: no node has the taint nope"),
        ("remove taint reserved from a", "--what-if: a does not have the taint reserved"),
        ("add taint x:Never to a", "--what-if: no taint has the effect 'Never'"),
        ("add node b like a", "--what-if: there is a node b already"),
        ("remove pod default/x", "--what-if: no pod default/x runs on a node of the dump"),
    ],
)
def test_a_change_that_cannot_be_made(change: str, said: str) -> None:
    with pytest.raises(Refk8sError) as raised:
        whatif.apply(cluster(*TWO), [change])
    assert str(raised.value).startswith(said)


def test_every_form_that_is_told_is_understood() -> None:
    words = {"NODE": "a", "NAME": "c", "COUNT": "1", "KEY": "reserved", "VALUE": "yes", "EFFECT": "NoSchedule"}
    for form in whatif.FORMS:
        text = (
            form.replace("NAMESPACE/NAME", "default/there")
            .replace("like NODE", "like a")
            .replace("[", "")
            .replace("]", "")
        )
        for word, given in words.items():
            text = text.replace(word, given)
        text = text.replace("from a", "from b").replace("uncordon default", "uncordon a")
        whatif.apply(cluster(*TWO, pod("there", "a")), [text])


def test_a_large_dump_is_a_cluster() -> None:
    document = dumps.large(3, 30)
    there = cluster(*document["items"])
    assert [len(each.pods) for each in there.snapshot.nodes()] == [10, 10, 10]
