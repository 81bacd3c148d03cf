from typing import Any

from refk8s.scheduler.events import ActionType
from refk8s.scheduler.framework import SKIP, CycleState, PreFilterResult
from refk8s.scheduler.listers import NO_LISTERS, Listers
from refk8s.scheduler.nodeinfo import PodInfo
from refk8s.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from refk8s.scheduler.snapshot import Snapshot

from ..build import ZONE, affinity, node, pod, pod_view, prepared, reasons, term, wishes
from .test_node_plugins import hint

PLUGIN = InterPodAffinity()
DB = {"app": "db"}
AFFINITY = ("UnschedulableAndUnresolvable", ("node(s) didn't match pod affinity rules",))
ANTI_AFFINITY = ("Unschedulable", ("node(s) didn't match pod anti-affinity rules",))
EXISTING = ("Unschedulable", ("node(s) didn't satisfy existing pods anti-affinity rules",))


def zones(listers: Listers = NO_LISTERS, **pods: PodInfo) -> Snapshot:
    """Nodes a1, a2 (zone a), b1 (zone b) and bare (no zone), with a pod on those that are named."""
    made = Snapshot(listers=listers)
    for name in ("a1", "a2", "b1", "bare"):
        made = made.with_node(node(name, {} if name == "bare" else {ZONE: name[0]}))
        if name in pods:
            made = made.with_pod(pods[name], name)
    return made


def verdicts(of: PodInfo, there: Snapshot) -> Any:
    """Verdict by node, SKIP if the plugin has nothing to say."""
    made = PLUGIN.pre_filter(CycleState(there), of)
    if not isinstance(made, PreFilterResult):
        return made
    return {n.name: reasons(PLUGIN.filter(made.state, of, n)) for n in there.nodes()}


def scores(of: PodInfo, there: Snapshot, plugin: InterPodAffinity = PLUGIN) -> Any:
    state = plugin.pre_score(CycleState(there), of, there.nodes())
    return SKIP if state is SKIP else {n.name: plugin.score(state, of, n) for n in there.nodes()}


def test_affinity_wants_a_matching_pod_in_the_domain() -> None:
    web = pod("web", affinity=affinity(term(ZONE, DB)))
    found = verdicts(web, zones(a1=pod("db", labels=DB)))
    assert found == {"a1": None, "a2": None, "b1": AFFINITY, "bare": AFFINITY}


def test_the_first_pod_of_a_series_needs_no_other_but_the_topology() -> None:
    first = pod("db", labels=DB, affinity=affinity(term(ZONE, DB)))
    assert verdicts(first, zones()) == {"a1": None, "a2": None, "b1": None, "bare": AFFINITY}
    stranger = pod("web", affinity=affinity(term(ZONE, DB)))
    assert set(verdicts(stranger, zones()).values()) == {AFFINITY}


def test_a_pod_counts_only_if_all_terms_select_it() -> None:
    both = affinity(term(ZONE, DB), term(ZONE, {"tier": "be"}))
    split = zones(a1=pod("one", labels=DB), a2=pod("two", labels={"tier": "be"}))
    assert verdicts(pod("web", affinity=both), split)["a1"] == AFFINITY
    whole = zones(a1=pod("one", labels={**DB, "tier": "be"}))
    assert verdicts(pod("web", affinity=both), whole)["a2"] is None


def test_anti_affinity_shuns_the_domain_but_not_nodes_without_it() -> None:
    web = pod("web", affinity=affinity(term(ZONE, DB), anti=True))
    found = verdicts(web, zones(a1=pod("db", labels=DB)))
    assert found == {"a1": ANTI_AFFINITY, "a2": ANTI_AFFINITY, "b1": None, "bare": None}


def test_existing_pods_can_shun_the_pod() -> None:
    hermit = pod("hermit", affinity=affinity(term(ZONE, {"app": "web"}), anti=True))
    there = zones(b1=hermit)
    found = verdicts(pod("web", labels={"app": "web"}), there)
    assert found == {"a1": None, "a2": None, "b1": EXISTING, "bare": None}
    assert verdicts(pod("db", labels=DB), there) is SKIP


def test_without_terms_and_shunning_pods_there_is_nothing_to_filter() -> None:
    assert verdicts(pod("web"), zones(a1=pod("db", affinity=affinity(term(ZONE, DB))))) is SKIP


TEAM = Listers.of(
    namespaces=[
        {"metadata": {"name": "x", "labels": {"team": "x"}}},
        {"metadata": {"name": "y"}},
        {"metadata": {"name": "own"}},
    ]
)


def reaches(fields: dict[str, Any], namespace: str) -> bool:
    """Whether a term with these fields, of a pod in namespace own, selects a pod in `namespace`."""
    there = zones(TEAM, a1=pod("db", namespace=namespace, labels=DB))
    return verdicts(pod("web", namespace="own", affinity=affinity(term(ZONE, DB, **fields))), there)["a1"] is None


def test_terms_reach_the_namespaces_that_they_name_or_select() -> None:
    absent = {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}
    selecting = {"matchLabels": {"team": "x"}}
    for fields, reached in (
        ({}, {"own"}),
        ({"namespaces": ["y"]}, {"y"}),
        ({"namespaceSelector": {}}, {"own", "x", "y", "unknown"}),
        ({"namespaceSelector": selecting}, {"x"}),
        ({"namespaceSelector": selecting, "namespaces": ["y"]}, {"x", "y"}),
        ({"namespaceSelector": absent}, {"own", "x", "y", "unknown"}),
    ):
        assert {ns for ns in ("own", "x", "y", "unknown") if reaches(fields, ns)} == reached


def test_terms_of_existing_pods_look_at_the_pods_own_namespace() -> None:
    shunning = affinity(term(ZONE, {"app": "web"}, namespaceSelector={"matchLabels": {"team": "x"}}), anti=True)
    there = zones(TEAM, a1=pod("hermit", namespace="y", affinity=shunning))
    assert verdicts(pod("web", namespace="x", labels={"app": "web"}), there)["a1"] == EXISTING
    assert verdicts(pod("web", namespace="y", labels={"app": "web"}), there) is SKIP


def test_wishes_of_both_sides_add_up() -> None:
    web = pod("web", labels={"app": "web"}, affinity=wishes(10, term(ZONE, DB)))
    fond = pod("db", labels=DB, affinity=wishes(5, term(ZONE, {"app": "web"})))
    averse = pod("x", affinity=wishes(3, term(ZONE, {"app": "web"}), anti=True))
    assert scores(web, zones(a1=fond, b1=averse)) == {"a1": 15, "a2": 15, "b1": -3, "bare": 0}


def test_required_affinity_of_existing_pods_counts_as_a_wish() -> None:
    needing = pod("db", affinity=affinity(term(ZONE, {"app": "web"})))
    web = pod("web", labels={"app": "web"})
    there = zones(a1=needing)
    assert scores(web, there) == {"a1": 1, "a2": 1, "b1": 0, "bare": 0}
    assert scores(web, there, InterPodAffinity.from_args({"hardPodAffinityWeight": 50}))["a1"] == 50
    assert scores(web, there, InterPodAffinity.from_args({"hardPodAffinityWeight": 0})) is SKIP


def test_wishes_that_touch_no_domain_are_skipped_but_a_sum_of_zero_is_not() -> None:
    assert scores(pod("web", affinity=wishes(1, term(ZONE, DB))), zones()) is SKIP
    assert scores(pod("web", affinity=wishes(1, term(ZONE, DB))), zones(bare=pod("db", labels=DB))) is SKIP
    balanced = affinity() | wishes(4, term(ZONE, DB)) | wishes(4, term(ZONE, DB), anti=True)
    assert scores(pod("web", affinity=balanced), zones(a1=pod("db", labels=DB)))["a1"] == 0


def test_wishes_of_existing_pods_can_be_ignored_for_pods_without_own() -> None:
    plugin = InterPodAffinity.from_args({"ignorePreferredTermsOfExistingPods": True})
    fond = zones(a1=pod("db", labels=DB, affinity=wishes(5, term(ZONE, {"app": "web"}))))
    assert scores(pod("web", labels={"app": "web"}), fond, plugin) is SKIP
    assert scores(pod("web", labels={"app": "web"}, affinity=wishes(1, term(ZONE, DB))), fond, plugin)["a1"] == 6


def test_scores_are_stretched_over_the_whole_range() -> None:
    nodes = zones().nodes()
    assert PLUGIN.normalize({}, nodes, [-3, 0, 15, 15]) == [0, 16, 100, 100]
    assert PLUGIN.normalize({}, nodes, [7, 7, 7, 7]) == [0, 0, 0, 0]


def test_adding_and_removing_a_pod_changes_the_counts_as_if_it_had_been_there() -> None:
    web = pod(
        "web", labels={"app": "web"}, affinity=affinity(term(ZONE, DB)) | affinity(term(ZONE, {"app": "x"}), anti=True)
    )
    other = pod("db", labels={**DB, "app": "db"}, affinity=affinity(term(ZONE, {"app": "web"}), anti=True))
    without, with_other = zones(), zones(a1=other)
    before = prepared(PLUGIN.pre_filter(CycleState(without), web))
    after = prepared(PLUGIN.pre_filter(CycleState(with_other), web))
    (a1, *_) = with_other.nodes()
    assert before != after
    assert PLUGIN.add_pod(before, web, other, a1) == after
    assert PLUGIN.remove_pod(after, web, other, a1) == before


def test_pods_that_come_go_or_change_may_satisfy_the_terms() -> None:
    to, away = pod("p", affinity=affinity(term(ZONE, DB))), pod("p", affinity=affinity(term(ZONE, DB), anti=True))
    db, web = pod_view("x", labels=DB, nodeName="n"), pod_view("x", nodeName="n")

    def helps(waiting: PodInfo, old: Any, new: Any) -> bool:
        return hint(PLUGIN, waiting, ActionType.DELETE, old, new)

    assert helps(to, None, db)
    assert not helps(to, None, web)
    assert not helps(to, None, pod_view("x", labels=DB))
    assert helps(to, web, db)
    assert not helps(to, db, web)
    assert helps(away, db, None)
    assert helps(away, db, web)
    assert not helps(away, web, None)
    assert helps(away, away.pod, away.pod)
    shunning = pod_view("x", nodeName="n", affinity=affinity(term(ZONE, {"app": "p"}), anti=True))
    assert helps(pod("p", labels={"app": "p"}), shunning, None)
    assert not helps(pod("p"), shunning, None)


def test_nodes_that_change_their_domain_may_satisfy_the_terms() -> None:
    to, away = pod("p", affinity=affinity(term(ZONE, DB))), pod("p", affinity=affinity(term(ZONE, DB), anti=True))
    bare, a, b = node("n"), node("n", {ZONE: "a"}), node("n", {ZONE: "b"})

    def helps(waiting: PodInfo, old: Any, new: Any) -> bool:
        return hint(PLUGIN, waiting, ActionType.UPDATE_NODE_LABEL, old, new)

    assert [helps(to, *change) for change in ((None, a), (None, bare), (bare, a), (a, b), (a, a), (a, bare))] == [
        True,
        False,
        True,
        True,
        False,
        False,
    ]
    assert [helps(away, *change) for change in ((None, bare), (a, bare), (a, b), (a, a), (bare, a))] == [
        True,
        True,
        True,
        False,
        False,
    ]
