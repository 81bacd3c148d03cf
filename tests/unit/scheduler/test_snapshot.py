import pytest

from refk8s.scheduler.nodeinfo import PodInfo
from refk8s.scheduler.snapshot import EMPTY_SNAPSHOT, ImageState, Snapshot

from .build import affinity, node, pod, pod_view, snapshot, term

AWAY = affinity(term("kubernetes.io/hostname", {"app": "x"}), anti=True)
TO = affinity(term("kubernetes.io/hostname", {"app": "x"}))
MANY = 200


def many() -> Snapshot:
    return snapshot([node(f"n{i}") for i in range(MANY)])


def test_nodes_keep_the_order_in_which_they_came() -> None:
    assert [n.name for n in many().nodes()] == [f"n{i}" for i in range(MANY)]
    assert len(many()) == MANY


def test_a_change_of_one_node_shares_all_others() -> None:
    before = many()
    after = before.with_pod(pod(), "n70")
    assert [a.name for a, b in zip(after.nodes(), before.nodes(), strict=True) if a is not b] == ["n70"]
    assert after.positions is before.positions
    assert sum(a is b for a, b in zip(after.chunks, before.chunks, strict=True)) == len(before.chunks) - 1


def test_removing_a_node_keeps_the_others_in_order_and_findable() -> None:
    after = many().with_pod(pod(affinity=AWAY), "n150").without_node("n3")
    assert [n.name for n in after.nodes()] == [f"n{i}" for i in range(MANY) if i != 3]
    assert all(after.node(n.name) is n for n in after.nodes())
    assert [n.name for n in after.nodes_with_required_anti_affinity()] == ["n150"]
    assert after.node("n3") is None


def test_nodes_with_affinity_are_indexed_as_pods_come_and_go() -> None:
    there = many()
    for name, number, spec in (("a", 9, AWAY), ("b", 5, TO), ("c", 9, TO)):
        there = there.with_pod(pod(name, affinity=spec), f"n{number}")
    assert [n.name for n in there.nodes_with_affinity()] == ["n5", "n9"]
    assert [n.name for n in there.nodes_with_required_anti_affinity()] == ["n9"]
    there = there.without_pod("a", "n9")
    assert [n.name for n in there.nodes_with_affinity()] == ["n5", "n9"]
    assert there.nodes_with_required_anti_affinity() == []
    assert [n.name for n in there.without_pod("c", "n9").nodes_with_affinity()] == ["n5"]


def test_pods_wait_for_a_node_that_is_not_known() -> None:
    early = EMPTY_SNAPSHOT.with_pod(pod("p", requests={"cpu": "1"}), "a").with_pod(pod("q"), "a")
    assert len(early) == 0
    there = early.with_node(node("a"))
    assert [p.name for p in there.nodes()[0].pods] == ["p", "q"]
    assert len(there.homeless) == 0


def test_pods_of_a_removed_node_are_there_when_it_returns() -> None:
    there = snapshot({"a": [pod("p")], "b": []})
    gone = there.without_node("a").without_node("b")
    assert [p.name for p in gone.homeless["a"]] == ["p"]
    assert gone.with_node(node("a")).nodes()[0].pods == there.nodes()[0].pods


def test_a_waiting_pod_can_be_deleted() -> None:
    early = EMPTY_SNAPSHOT.with_pod(pod("p"), "a").with_pod(pod("q"), "a")
    one = early.without_pod("p", "a")
    assert [p.name for p in one.homeless["a"]] == ["q"]
    assert len(one.without_pod("q", "a").homeless) == 0
    with pytest.raises(KeyError, match="pod x does not wait for node a; common cause"):
        early.without_pod("x", "a")


def test_an_unknown_node_cannot_be_removed() -> None:
    with pytest.raises(KeyError, match="no node a; common cause"):
        EMPTY_SNAPSHOT.without_node("a")


def test_images_count_nodes_and_keep_the_first_size() -> None:
    there = snapshot([node("a", images={"i:1": 10}), node("b", images={"i:1": 99, "j:1": 5}), node("c")])
    assert dict(there.images.items()) == {"i:1": ImageState(10, 2), "j:1": ImageState(5, 1)}
    assert dict(there.without_node("a").images.items()) == {"i:1": ImageState(10, 1), "j:1": ImageState(5, 1)}


def test_an_updated_node_is_counted_with_its_new_images() -> None:
    there = snapshot([node("a", images={"i:1": 10})])
    assert dict(there.with_node(node("a", images={"j:1": 7})).images.items()) == {"j:1": ImageState(7, 1)}
    assert there.with_node(node("a", {"l": "v"}, images={"i:1": 10})).images is there.images


def test_of_puts_pods_on_the_nodes_that_they_name() -> None:
    made = Snapshot.of([node("a"), node("b")], [PodInfo.of(pod_view("p", nodeName="b"))])
    assert [len(n.pods) for n in made.nodes()] == [0, 1]
