import math
from collections.abc import Iterable
from typing import Any

from refk8s.scheduler.events import ActionType
from refk8s.scheduler.framework import SKIP, CycleState, PreFilterResult
from refk8s.scheduler.listers import NO_LISTERS, Listers
from refk8s.scheduler.nodeinfo import PodInfo
from refk8s.scheduler.plugins.pod_topology_spread import PodTopologySpread
from refk8s.scheduler.snapshot import Snapshot

from ..build import HOSTNAME, ZONE, node, pod, pod_view, prepared, reasons
from .test_node_plugins import hint

PLUGIN = PodTopologySpread()
WEB = {"app": "web"}
SKEWED = ("Unschedulable", ("node(s) didn't match pod topology spread constraints",))
NO_LABEL = (
    "UnschedulableAndUnresolvable",
    ("node(s) didn't match pod topology spread constraints (missing required label)",),
)


def spread(max_skew: int = 1, key: str = ZONE, when: str = "DoNotSchedule", **fields: Any) -> dict[str, Any]:
    selector = {"matchLabels": WEB}
    return {"maxSkew": max_skew, "topologyKey": key, "whenUnsatisfiable": when, "labelSelector": selector, **fields}


def web(*constraints: dict[str, Any], name: str = "p", **fields: Any) -> PodInfo:
    return pod(name, **{"labels": WEB, "topologySpreadConstraints": list(constraints), **fields})


def cluster(counts: dict[str, int], listers: Listers = NO_LISTERS, **spec: Any) -> Snapshot:
    """Nodes a1, a2, b1 … (the letter is the zone; "bare" has none), each with so many matching pods."""
    made = Snapshot(listers=listers)
    for name, count in counts.items():
        made = made.with_node(node(name, {} if name == "bare" else {ZONE: name[0]}, **spec.get(name, {})))
        for i in range(count):
            made = made.with_pod(pod(f"{name}-{i}", labels=WEB), name)
    return made


def verdicts(of: PodInfo, there: Snapshot, plugin: PodTopologySpread = PLUGIN) -> Any:
    made = plugin.pre_filter(CycleState(there), of)
    if not isinstance(made, PreFilterResult):
        return made
    return {n.name: reasons(plugin.filter(made.state, of, n)) for n in there.nodes()}


def scores(of: PodInfo, there: Snapshot, feasible: Iterable[str] = (), plugin: PodTopologySpread = PLUGIN) -> Any:
    """[(raw, normalised)] of the feasible nodes (all by default), SKIP if the plugin has nothing to say."""
    names = list(feasible)
    nodes = [n for n in there.nodes() if not names or n.name in names]
    state = plugin.pre_score(CycleState(there), of, nodes)
    if state is SKIP:
        return SKIP
    raw = [plugin.score(state, of, n) for n in nodes]
    return list(zip(raw, plugin.normalize(state, nodes, raw), strict=True))


def test_a_domain_may_be_ahead_of_the_least_by_the_skew() -> None:
    found = verdicts(web(spread()), cluster({"a1": 1, "a2": 0, "b1": 0, "bare": 0}))
    assert found == {"a1": SKEWED, "a2": SKEWED, "b1": None, "bare": NO_LABEL}
    assert verdicts(web(spread(2)), cluster({"a1": 1, "b1": 0})) == {"a1": None, "b1": None}


def test_a_pod_that_its_own_selector_does_not_select_adds_nothing() -> None:
    found = verdicts(web(spread(), labels={"app": "other"}), cluster({"a1": 1, "b1": 0}))
    assert found == {"a1": None, "b1": None}


def test_with_too_few_domains_the_least_is_zero() -> None:
    there = cluster({"a1": 1, "b1": 1})
    assert verdicts(web(spread()), there)["a1"] is None
    assert verdicts(web(spread(minDomains=3)), there)["a1"] == SKEWED


def test_terminating_pods_and_those_of_other_namespaces_do_not_count() -> None:
    there = cluster({"a1": 0, "b1": 0})
    there = there.with_pod(pod("x", labels=WEB, metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}), "a1")
    there = there.with_pod(pod("y", labels=WEB, namespace="other"), "a1")
    assert verdicts(web(spread()), there)["a1"] is None


def test_node_policies_say_which_nodes_make_the_least() -> None:
    """b1 has no pods; a1 is too full only as long as b1 counts."""
    excluded = web(spread(nodeAffinityPolicy="Honor"), nodeSelector={ZONE: "a"})
    ignored = web(spread(nodeAffinityPolicy="Ignore"), nodeSelector={ZONE: "a"})
    there = cluster({"a1": 1, "b1": 0})
    assert (verdicts(excluded, there)["a1"], verdicts(ignored, there)["a1"]) == (None, SKEWED)
    tainted = cluster({"a1": 1, "b1": 0}, b1={"taints": [{"key": "k", "effect": "NoSchedule"}]})
    assert verdicts(web(spread()), tainted)["a1"] == SKEWED
    assert verdicts(web(spread(nodeTaintsPolicy="Honor")), tainted)["a1"] is None


def test_a_node_must_have_all_keys_to_count() -> None:
    both = web(spread(), spread(5, "rack"))
    found = verdicts(both, cluster({"a1": 3, "b1": 0}))
    assert found == {"a1": NO_LABEL, "b1": NO_LABEL}  # not SKEWED: the pods on a1 do not count


def test_match_label_keys_narrow_the_selector_to_the_pods_own_values() -> None:
    there = cluster({"a1": 0, "b1": 0}).with_pod(pod("old", labels={**WEB, "rev": "1"}), "a1")
    new = web(spread(matchLabelKeys=["rev", "absent"]), labels={**WEB, "rev": "2"})
    assert verdicts(new, there)["a1"] is None
    assert verdicts(web(spread(matchLabelKeys=["rev"]), labels={**WEB, "rev": "1"}), there)["a1"] == SKEWED


def test_pods_without_hard_constraints_are_not_filtered() -> None:
    assert verdicts(web(spread(when="ScheduleAnyway")), cluster({"a1": 9})) is SKIP
    assert scores(web(spread()), cluster({"a1": 9})) is SKIP


def test_the_fuller_domain_scores_higher_raw_and_lower_normalised() -> None:
    there = cluster({"a1": 2, "a2": 1, "b1": 0, "c1": 1})
    soft = web(spread(3, when="ScheduleAnyway"))
    weight = math.log(3 + 2)
    raw = [round(3 * weight + 2), round(3 * weight + 2), 2, round(weight + 2)]
    assert scores(soft, there) == [(r, 100 * (raw[0] + 2 - r) // raw[0]) for r in raw]


def test_domains_are_those_of_the_feasible_nodes_but_all_their_pods_count() -> None:
    there = cluster({"a1": 2, "a2": 1, "b1": 0, "c1": 9})
    found = scores(web(spread(when="ScheduleAnyway")), there, ["a2", "b1"])
    assert [raw for raw, _ in found] == [round(3 * math.log(2 + 2)), 0]


def test_hosts_count_by_themselves() -> None:
    there = cluster({"a1": 2, "a2": 1, "b1": 0})
    found = scores(web(spread(key=HOSTNAME, when="ScheduleAnyway"), nodeSelector={ZONE: "b"}), there)
    assert [raw for raw, _ in found] == [round(n * math.log(3 + 2)) for n in (2, 1, 0)]


def test_nodes_without_the_key_get_no_score() -> None:
    assert scores(web(spread(when="ScheduleAnyway")), cluster({"a1": 1, "b1": 0, "bare": 0})) == [
        (1, 0),
        (0, 100),
        (0, 0),
    ]
    assert scores(web(spread(when="ScheduleAnyway")), cluster({"a1": 0, "bare": 0})) == [(0, 100), (0, 0)]


SERVICE = {"metadata": {"name": "web", "namespace": "default"}, "spec": {"selector": WEB}}


def owned(kind: str, api_version: str, **fields: Any) -> dict[str, Any]:
    return {
        "ownerReferences": [{"apiVersion": api_version, "kind": kind, "name": "own", "uid": "u", "controller": True}],
        **fields,
    }


def test_pods_of_a_service_are_spread_by_default() -> None:
    there = cluster({"a1": 3, "b1": 0, "bare": 0}, Listers.of(services=[SERVICE]))
    found = scores(pod("p", labels=WEB), there)
    host, zone = math.log(3 + 2), math.log(3 + 2)
    assert [raw for raw, _ in found] == [round(3 * host + 2 + 3 * zone + 4), 2 + 4, 2]
    assert scores(pod("p", labels={"app": "other"}), there) is SKIP


def test_pods_of_a_controller_are_spread_by_default() -> None:
    own = {"metadata": {"name": "own", "namespace": "default"}, "spec": {"selector": {"matchLabels": WEB}}}
    plain = {"metadata": {"name": "own", "namespace": "default"}, "spec": {"selector": WEB}}
    for listers, kind, api_version in (
        (Listers.of(replica_sets=[own]), "ReplicaSet", "apps/v1"),
        (Listers.of(stateful_sets=[own]), "StatefulSet", "apps/v1"),
        (Listers.of(replication_controllers=[plain]), "ReplicationController", "v1"),
    ):
        there = cluster({"a1": 3, "b1": 0}, listers)
        assert scores(pod("p", labels=WEB, metadata=owned(kind, api_version)), there) is not SKIP
        assert scores(pod("p", labels=WEB, metadata=owned(kind, "example.com/v1")), there) is SKIP


def test_default_constraints_can_be_configured() -> None:
    defaults = [{"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule"}]
    plugin = PodTopologySpread.from_args({"defaultingType": "List", "defaultConstraints": defaults})
    there = cluster({"a1": 1, "b1": 0}, Listers.of(services=[SERVICE]))
    assert verdicts(pod("p", labels=WEB), there, plugin) == {"a1": SKEWED, "b1": None}
    assert scores(pod("p", labels=WEB), there, plugin=plugin) is SKIP
    assert PodTopologySpread.from_args({"defaultingType": "List"}).defaults == ()
    assert PodTopologySpread.from_args({}) == PLUGIN


def test_adding_and_removing_a_pod_changes_the_counts_as_if_it_had_been_there() -> None:
    incoming, other = web(spread(), spread(1, HOSTNAME)), pod("a1-0", labels=WEB)
    without, with_other = cluster({"a1": 0, "b1": 2}), cluster({"a1": 1, "b1": 2})
    before = prepared(PLUGIN.pre_filter(CycleState(without), incoming))
    after = prepared(PLUGIN.pre_filter(CycleState(with_other), incoming))
    (a1, _) = with_other.nodes()
    assert before.minima != after.minima
    assert PLUGIN.add_pod(before, incoming, other, a1) == after
    assert PLUGIN.remove_pod(after, incoming, other, a1) == before
    assert PLUGIN.add_pod(before, incoming, pod("x", labels=WEB, namespace="other"), a1) is before


def test_pods_that_come_go_or_change_may_even_things_out() -> None:
    waiting = web(spread())
    placed, other = pod_view("x", labels=WEB, nodeName="n"), pod_view("x", nodeName="n")

    def helps(old: Any, new: Any, of: PodInfo = waiting) -> bool:
        return hint(PLUGIN, of, ActionType.UPDATE_POD_LABEL, old, new)

    assert helps(None, placed)
    assert helps(placed, None)
    assert helps(placed, other)
    assert not helps(None, other)
    assert not helps(placed, placed)
    assert not helps(None, pod_view("x", labels=WEB))
    assert not helps(None, pod_view("x", labels=WEB, namespace="other", nodeName="n"))
    tolerating = pod_view("p", labels=WEB, tolerations=[{"operator": "Exists"}])
    assert not helps(waiting.pod, tolerating)
    honouring = web(spread(nodeTaintsPolicy="Honor"))
    assert helps(honouring.pod, tolerating, honouring)


def test_nodes_that_come_go_or_change_may_even_things_out() -> None:
    bare, a, b = node("n"), node("n", {ZONE: "a"}), node("n", {ZONE: "b"})
    tainted = node("n", {ZONE: "a"}, taints=[{"key": "k", "effect": "NoSchedule"}])
    changes = ((None, a), (a, None), (None, bare), (bare, None), (a, b), (a, a), (a, tainted), (a, bare), (bare, bare))
    found = [hint(PLUGIN, web(spread()), ActionType.UPDATE_NODE_LABEL, *change) for change in changes]
    assert found == [True, True, False, False, True, False, True, True, False]
