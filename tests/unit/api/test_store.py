"""The store: revisions, history, compaction, indexes, branches."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.store import Collection, Expired, Store, Stored, Txn


def document(name: str, **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "ns", "uid": f"uid-{name}", **fields.pop("metadata", {})}
    return {"kind": "Thing", "metadata": metadata, **fields}


def created(store: Store, name: str, resource: str = "things", **fields: Any) -> Store:
    txn = Txn(store, "test", 0)
    txn.create(resource, f"ns/{name}", document(name, **fields))
    return txn.finish()[0]


def updated(store: Store, name: str, resource: str = "things", **fields: Any) -> Store:
    txn = Txn(store, "test", 0)
    old = txn.get(resource, f"ns/{name}")
    assert old is not None
    txn.update(resource, old, document(name, **fields))
    return txn.finish()[0]


def deleted(store: Store, name: str, resource: str = "things") -> Store:
    txn = Txn(store, "test", 0)
    old = txn.get(resource, f"ns/{name}")
    assert old is not None
    txn.delete(resource, old)
    return txn.finish()[0]


def only(collection: Collection) -> Stored:
    (stored,) = collection.objects.values()
    return stored


def test_every_commit_has_a_revision_of_its_own() -> None:
    store = created(created(Store(), "a"), "b")
    first, second = store.log("things")
    assert (first.revision, second.revision, store.revision) == (2, 3, 3)
    assert first.obj.document["metadata"]["resourceVersion"] == "2"


def test_an_update_raises_the_mod_revision_and_keeps_the_create_revision() -> None:
    stored = only(updated(created(Store(), "a"), "a", data=1).collection("things"))
    assert (stored.create_revision, stored.revision) == (2, 3)


def test_a_recreated_object_has_a_new_create_revision() -> None:
    store = created(deleted(created(Store(), "a"), "a"), "a")
    assert only(store.collection("things")).create_revision == 4


def test_a_transaction_reads_its_own_writes_and_the_store_before_stays_as_it_was() -> None:
    before = created(Store(), "a")
    txn = Txn(before, "test", 0)
    txn.create("things", "ns/b", document("b"))
    assert txn.get("things", "ns/b") is not None
    assert before.get("things", "ns/b") is None
    assert before.revision == 2


def test_counters_begin_at_one_and_are_undone_with_their_transaction() -> None:
    store = Store()
    txn = Txn(store, "test", 0)
    assert [txn.count("x"), txn.count("x"), txn.count("y")] == [1, 2, 1]
    after, commits = txn.finish()
    assert commits == ()
    assert Txn(store, "test", 0).count("x") == 1
    assert Txn(after, "test", 0).count("x") == 3


def test_a_collection_can_be_read_at_every_revision_of_its_history() -> None:
    store = deleted(updated(created(created(Store(), "a"), "b"), "a", data=1), "b")
    keys = [store.at("things", revision).objects.keys() for revision in range(1, 6)]
    assert keys == [[], ["ns/a"], ["ns/a", "ns/b"], ["ns/a", "ns/b"], ["ns/a"]]
    assert "data" not in store.at("things", 3).objects["ns/a"].document
    assert store.at("things", 4).objects["ns/a"].document["data"] == 1


def test_revisions_of_other_resources_do_not_disturb_reads_of_the_past() -> None:
    store = created(created(created(Store(), "a"), "x", "others"), "b")
    assert store.at("things", 3).objects.keys() == ["ns/a"]
    assert store.at("nothing", 2).objects.keys() == []


def test_reading_the_future_is_an_error() -> None:
    with pytest.raises(ValueError, match="is in the future"):
        Store().at("things", 2)


def test_since_gives_the_changes_after_a_revision_in_order() -> None:
    store = deleted(updated(created(Store(), "a"), "a", data=1), "a")
    assert [change.type for change in store.since("things", 1)] == ["ADDED", "MODIFIED", "DELETED"]
    assert [change.revision for change in store.since("things", 2)] == [3, 4]
    assert store.since("things", 4) == []


def test_a_change_carries_the_version_before_and_the_collection_after() -> None:
    store = deleted(updated(created(Store(), "a"), "a", data=1), "a")
    added, modified, gone = store.log("things")
    assert added.prev is None
    assert modified.prev is added.obj
    assert gone.prev is modified.obj
    assert gone.obj.document == {**modified.obj.document, "metadata": gone.obj.document["metadata"]}
    assert gone.obj.revision == 4
    assert [len(change.root.objects) for change in (added, modified, gone)] == [1, 1, 0]


def test_a_collection_of_the_past_knows_its_revision() -> None:
    first = created(Store(), "a")
    store = created(deleted(first, "a"), "x", "others")
    assert store.revision_of(store.collection("things")) == 4
    assert store.revision_of(first.collection("things")) == 2
    assert store.compact(3).revision_of(first.collection("things")) == 2
    assert store.revision_of(Collection("things")) == 0


def test_compaction_forgets_what_is_below_and_keeps_the_floor_readable() -> None:
    store = updated(updated(created(Store(), "a"), "a", data=1), "a", data=2).compact(3)
    assert store.compacted == 3
    with pytest.raises(Expired):
        store.at("things", 2)
    with pytest.raises(Expired):
        store.since("things", 2)
    assert only(store.at("things", 3)).document["data"] == 1
    assert [change.revision for change in store.since("things", 3)] == [4]


def test_compaction_to_a_lower_floor_changes_nothing() -> None:
    store = updated(created(Store(), "a"), "a", data=1).compact(3)
    assert store.compact(2) is store


def test_two_successors_of_one_store_do_not_see_each_other() -> None:
    base = created(Store(), "a")
    left, right = created(base, "left"), created(base, "right")
    assert [change.key for change in left.log("things")] == ["ns/a", "ns/left"]
    assert [change.key for change in right.log("things")] == ["ns/a", "ns/right"]
    assert [change.key for change in base.log("things")] == ["ns/a"]
    assert left.fingerprint != right.fingerprint


def test_the_same_writes_give_the_same_fingerprint_and_it_equals_its_recomputation() -> None:
    def run() -> Store:
        store = deleted(updated(created(created(Store(), "a"), "b"), "a", data=1), "b")
        return store.compact(3)

    one, other = run(), run()
    mask = (1 << 128) - 1
    assert one.fingerprint & mask == other.fingerprint & mask == one.recompute_fingerprint() & mask


def test_the_digest_of_a_version_leaves_the_resource_version_out() -> None:
    store = updated(updated(created(Store(), "a", data=1), "a", data=2), "a", data=1)
    first, second, third = (change.obj.digest for change in store.log("things"))
    assert first == third != second


def test_pods_are_found_by_node_owner_namespace_and_orphanage() -> None:
    owner = {"uid": "o", "controller": True}
    store = created(Store(), "a", "pods", spec={"nodeName": "n"}, metadata={"ownerReferences": [owner]})
    store = created(store, "b", "pods", spec={})
    cache = store.collection("pods").cache("pods")
    assert [stored.name for stored in cache.by_node("n")] == ["a"]
    assert [stored.name for stored in cache.by_owner("o")] == ["a"]
    assert [stored.name for stored in cache.orphans("ns")] == ["b"]
    assert [stored.name for stored in cache.all("ns")] == ["a", "b"]
    moved = updated(store, "b", "pods", spec={"nodeName": "n"}).collection("pods")
    assert moved.keys_by("node", "n") == ["ns/a", "ns/b"]
    assert deleted(store, "a", "pods").collection("pods").values_by("node") == []


def test_a_selective_stream_sees_pods_enter_and_leave_its_node() -> None:
    store = Store().with_stream("pods@node=n").with_stream("pods@node=m")
    store = created(store, "a", "pods", spec={})
    store = updated(store, "a", "pods", spec={"nodeName": "n"})
    store = updated(store, "a", "pods", spec={"nodeName": "m"})
    store = deleted(store, "a", "pods")
    assert [change.type for change in store.log("pods@node=n")] == ["ADDED", "DELETED"]
    assert [change.type for change in store.log("pods@node=m")] == ["ADDED", "DELETED"]
    assert [change.type for change in store.log("pods")] == ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]
    assert store.log("pods")[1].streams == ("pods", "pods@node=n")


def test_a_cache_of_a_selective_stream_shows_only_what_it_selects() -> None:
    store = created(created(Store(), "a", "pods", spec={"nodeName": "n"}), "b", "pods", spec={})
    cache = store.collection("pods").cache("pods@node=n")
    assert (len(cache), [stored.name for stored in cache.all()]) == (1, ["a"])
    assert cache.get("ns/b") is None


def test_a_relist_tells_what_is_gone_new_changed_and_replaced() -> None:
    before = created(created(created(Store(), "gone"), "same"), "changed")
    after = created(updated(deleted(before, "gone"), "changed", data=1), "new")
    changes = list(after.collection("things").replacement("things", before.collection("things"), 9, 0))
    assert [(change.type, change.key) for change in changes] == [
        ("DELETED", "ns/gone"),
        ("MODIFIED", "ns/changed"),
        ("ADDED", "ns/new"),
    ]
    reborn = deleted(before, "same")
    txn = Txn(reborn, "test", 0)
    txn.create(
        "things", "ns/same", {**document("same"), "metadata": {"name": "same", "namespace": "ns", "uid": "other"}}
    )
    changes = list(txn.finish()[0].collection("things").replacement("things", before.collection("things"), 9, 0))
    assert [(change.type, change.key) for change in changes] == [("DELETED", "ns/same"), ("ADDED", "ns/same")]
