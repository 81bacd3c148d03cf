from typing import Any

from refk8s.scheduler.events import ActionType
from refk8s.scheduler.framework import SKIP, CycleState
from refk8s.scheduler.plugins.node_affinity import NodeAffinity
from refk8s.scheduler.snapshot import EMPTY_SNAPSHOT

from ..build import info, node, pod
from .test_node_plugins import hint, verdict

CYCLE = CycleState(EMPTY_SNAPSHOT)
POD = ("UnschedulableAndUnresolvable", ("node(s) didn't match Pod's node affinity/selector",))


def has(key: str, *values: str, operator: str = "In") -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def required(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}


def preferred(**weights: int) -> dict[str, Any]:
    terms = [{"weight": weight, "preference": has("disk", disk)} for disk, weight in weights.items()]
    return {"preferredDuringSchedulingIgnoredDuringExecution": terms}


SSD, HDD = info(node("s", {"disk": "ssd"})), info(node("h", {"disk": "hdd"}))


def test_the_node_selector_and_one_required_term_must_match() -> None:
    selecting = pod(nodeSelector={"disk": "ssd"})
    assert [verdict(NodeAffinity(), selecting, each) for each in (SSD, HDD)] == [None, POD]
    either = pod(affinity={"nodeAffinity": required(has("disk", "ssd"), has("disk", "hdd"))})
    assert [verdict(NodeAffinity(), either, each) for each in (SSD, HDD)] == [None, None]
    both = pod(nodeSelector={"disk": "ssd"}, affinity={"nodeAffinity": required(has("disk", "hdd"))})
    assert [verdict(NodeAffinity(), both, each) for each in (SSD, HDD)] == [POD, POD]
    assert verdict(NodeAffinity(), pod(), SSD) is SKIP


def test_terms_that_all_name_nodes_leave_only_those() -> None:
    def named(*names: str) -> dict[str, Any]:
        return {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [n]} for n in names]}

    def names(*terms: dict[str, Any]) -> Any:
        result = NodeAffinity().pre_filter(CYCLE, pod(affinity={"nodeAffinity": required(*terms)}))
        return getattr(result, "node_names", getattr(result, "reasons", result))

    assert names(named("b"), named("a")) == ("a", "b")
    assert names(named("b"), has("disk", "ssd")) is None
    assert names(named("a", "b")) == ("pod affinity terms conflict",)
    assert names(named("a", "b"), named("c")) == ("c",)
    assert names() is None


def test_preferred_terms_add_up() -> None:
    plugin, wishing = NodeAffinity(), pod(affinity={"nodeAffinity": preferred(ssd=30, hdd=10)})
    state = plugin.pre_score(CYCLE, wishing, [SSD, HDD])
    assert [plugin.score(state, wishing, each) for each in (SSD, HDD)] == [30, 10]
    assert plugin.normalize(state, [SSD, HDD], [30, 10]) == [100, 33]
    assert plugin.normalize(state, [SSD, HDD], [0, 0]) == [0, 0]
    assert plugin.pre_score(CYCLE, pod(), [SSD]) is SKIP


def test_added_affinity_holds_for_every_pod() -> None:
    plugin = NodeAffinity.from_args({"addedAffinity": {**required(has("disk", "ssd")), **preferred(ssd=5)}})
    enforced = ("UnschedulableAndUnresolvable", ("node(s) didn't match scheduler-enforced node affinity",))
    assert [verdict(plugin, pod(), each) for each in (SSD, HDD)] == [None, enforced]
    wishing = pod(affinity={"nodeAffinity": preferred(ssd=1, hdd=2)})
    state = plugin.pre_score(CYCLE, wishing, [SSD, HDD])
    assert [plugin.score(state, wishing, each) for each in (SSD, HDD)] == [6, 2]


def test_a_node_that_starts_to_match_helps() -> None:
    plugin, waiting = NodeAffinity(), pod(nodeSelector={"disk": "ssd"})
    labelled = ActionType.UPDATE_NODE_LABEL
    assert hint(plugin, waiting, labelled, HDD.node, SSD.node)
    assert hint(plugin, waiting, labelled, None, SSD.node)
    assert not hint(plugin, waiting, labelled, SSD.node, SSD.node)
    assert not hint(plugin, waiting, labelled, None, HDD.node)
    enforcing = NodeAffinity.from_args({"addedAffinity": required(has("disk", "hdd"))})
    assert not hint(enforcing, waiting, labelled, None, SSD.node)
