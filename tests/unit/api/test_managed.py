"""Field management of creates, updates, patches and scales."""

from __future__ import annotations

from typing import Any

from refk8s.api import schema
from refk8s.api.managed import (
    decoded_entries,
    identity,
    manager_name,
    new_entry,
    revert_times,
    track,
    track_scale,
)

Doc = dict[str, Any]
CONFIG_MAP, POD, DEPLOYMENT = (schema.of_kind(kind) for kind in ("ConfigMap", "Pod", "Deployment"))


def at(second: int) -> str:
    return f"2024-01-01T00:00:{second:02d}Z"


def config_map(data: dict[str, str], **metadata: Any) -> Doc:
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "cm", **metadata}, "data": data}


def stored(doc: Doc) -> Doc:
    """As the store would keep it: with the uid that tells an update from a create."""
    return {**doc, "metadata": {**doc["metadata"], "uid": "u1", "resourceVersion": "5"}}


def created(data: dict[str, str], manager: str = "a") -> Doc:
    return stored(track(CONFIG_MAP, None, config_map(data), manager, "", at(0)))


def update(old: Doc, data: dict[str, str], manager: str, second: int) -> Doc:
    return track(CONFIG_MAP, old, {**old, "data": data}, manager, "", at(second))


def owned(doc: Doc) -> dict[str, Any]:
    return {entry.get("manager", ""): entry["fieldsV1"] for entry in doc["metadata"].get("managedFields", ())}


def times(doc: Doc) -> dict[str, str]:
    return {entry["manager"]: entry["time"] for entry in doc["metadata"]["managedFields"]}


def test_a_create_owns_what_it_sent_but_not_its_identity() -> None:
    doc = created({"a": "1"})
    assert doc["metadata"]["managedFields"] == [
        {
            "manager": "a",
            "operation": "Update",
            "apiVersion": "v1",
            "time": at(0),
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {".": {}, "f:a": {}}},
        }
    ]
    assert list(doc["metadata"]["managedFields"][0])[:4] == ["manager", "operation", "apiVersion", "time"]


def test_a_changed_value_goes_to_who_changed_it() -> None:
    doc = update(created({"a": "1", "b": "1"}), {"a": "2", "b": "1"}, "b", 1)
    assert owned(doc) == {"a": {"f:data": {".": {}, "f:b": {}}}, "b": {"f:data": {"f:a": {}}}}
    assert times(doc) == {"a": at(0), "b": at(1)}


def test_a_removed_value_is_nobodys_and_no_time_changes() -> None:
    doc = update(created({"a": "1", "b": "1"}), {"a": "1"}, "b", 1)
    assert owned(doc) == {"a": {"f:data": {".": {}, "f:a": {}}}}
    assert times(doc) == {"a": at(0)}


def test_an_entry_that_owns_nothing_any_more_goes() -> None:
    doc = stored(update(created({"a": "1"}), {"a": "1", "b": "1"}, "b", 1))
    assert list(owned(update(doc, {"a": "1", "b": "2"}, "c", 2))) == ["a", "c"]


def test_an_update_without_effect_returns_the_document_itself() -> None:
    old = created({"a": "1"})
    assert track(CONFIG_MAP, old, old, "b", "", at(9)) is old
    copy = {**old, "data": dict(old["data"])}
    assert track(CONFIG_MAP, old, copy, "b", "", at(9)) is copy


def test_a_manager_that_writes_again_keeps_its_entry_with_a_new_time() -> None:
    doc = update(created({"a": "1"}), {"a": "1", "b": "1"}, "a", 7)
    assert owned(doc) == {"a": {"f:data": {".": {}, "f:a": {}, "f:b": {}}}}
    assert times(doc) == {"a": at(7)}


def test_a_change_of_identity_or_bookkeeping_is_not_counted() -> None:
    old = created({"a": "1"})
    new = {**old, "metadata": {**old["metadata"], "resourceVersion": "6", "generation": 2, "selfLink": "x"}}
    assert track(CONFIG_MAP, old, new, "b", "", at(1)) is new


def test_status_has_an_entry_of_its_own_and_the_main_resource_cannot_own_it() -> None:
    pod: Doc = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c"}]},
        "status": {"phase": "Pending"},
    }
    first = stored(track(POD, None, pod, "user", "", at(0)))
    assert owned(first) == {"user": {"f:spec": {"f:containers": {'k:{"name":"c"}': {".": {}, "f:name": {}}}}}}
    running = {
        **first,
        "metadata": {**first["metadata"], "ownerReferences": [{"uid": "x"}]},
        "spec": {**first["spec"], "nodeName": "n"},
        "status": {"phase": "Running"},
    }
    second = track(POD, first, running, "kubelet", "status", at(1))
    assert owned(second)["kubelet"] == {"f:status": {"f:phase": {}}}
    assert second["metadata"]["managedFields"][1]["subresource"] == "status"


def test_some_subresources_own_only_their_fields() -> None:
    pod: Doc = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": "p", "labels": {"a": "1"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    old = stored(track(POD, None, pod, "user", "", at(0)))
    new = {
        **old,
        "spec": {
            "containers": [{"name": "c", "image": "j", "resources": {"limits": {"cpu": "1"}}}],
            "ephemeralContainers": [{"name": "e"}],
        },
    }
    resized = owned(track(POD, old, new, "vpa", "resize", at(1)))["vpa"]
    assert resized == {
        "f:spec": {"f:containers": {'k:{"name":"c"}': {"f:resources": {".": {}, "f:limits": {".": {}, "f:cpu": {}}}}}}
    }
    debugged = owned(track(POD, old, new, "kubectl", "ephemeralcontainers", at(1)))["kubectl"]
    assert list(debugged["f:spec"]) == ["f:ephemeralContainers"]


def test_entries_are_ordered_applies_first_then_by_time_then_by_name() -> None:
    doc = created({"a": "1"}, "z")
    doc["metadata"]["managedFields"].append(
        new_entry(("Apply", "ssa", "v1", ""), {"f:data": {"f:x": {}}}, at(5)),
    )
    doc = stored(update(doc, {"a": "1", "b": "1"}, "m", 3))
    doc = update(doc, {"a": "1", "b": "1", "c": "1"}, "k", 3)
    assert [entry["manager"] for entry in doc["metadata"]["managedFields"]] == ["ssa", "z", "k", "m"]


def test_an_apply_loses_fields_as_an_update_does() -> None:
    doc = created({"a": "1"})
    doc["metadata"]["managedFields"] = [
        new_entry(("Apply", "ssa", "v1", ""), {"f:data": {"f:a": {}, "f:b": {}}}, at(0)),
    ]
    assert owned(update(doc, {"a": "2"}, "b", 1))["ssa"] == {"f:data": {"f:b": {}}}


def test_the_oldest_updates_are_merged_beyond_ten() -> None:
    doc = created({"k0": "0"}, "m0")
    for number in range(1, 11):
        doc = stored(update(doc, {**doc["data"], f"k{number}": "0"}, f"m{number}", number))
    managers = [entry["manager"] for entry in doc["metadata"]["managedFields"]]
    assert managers == ["ancient-changes", *(f"m{number}" for number in range(2, 11))]
    assert owned(doc)["ancient-changes"] == {"f:data": {".": {}, "f:k0": {}, "f:k1": {}}}
    assert times(doc)["ancient-changes"] == at(1)


def test_a_client_can_make_the_server_forget_all_managers_for_good() -> None:
    old = created({"a": "1"})
    for nothing in ([], [{}]):
        new = {**old, "metadata": {**old["metadata"], "managedFields": nothing}}
        forgotten = track(CONFIG_MAP, old, new, "b", "", at(1))
        assert "managedFields" not in forgotten["metadata"]
        assert "managedFields" not in update(forgotten, {"a": "2"}, "b", 2)["metadata"]


def test_a_client_that_leaves_managed_fields_out_changes_nothing() -> None:
    old = created({"a": "1"})
    metadata = {key: value for key, value in old["metadata"].items() if key != "managedFields"}
    assert owned(track(CONFIG_MAP, old, {**old, "metadata": metadata}, "b", "", at(1))) == owned(old)


def test_entries_that_a_client_sends_are_taken_if_they_are_well_formed() -> None:
    old = created({"a": "1"})
    entry = new_entry(("Update", "other", "v1", ""), {"f:data": {"f:a": {}, "x:unknown": {}}}, at(4))

    def sent(**change: Any) -> Doc:
        return {**old, "metadata": {**old["metadata"], "managedFields": [{**entry, **change}]}}

    assert owned(track(CONFIG_MAP, old, sent(), "b", "", at(1))) == {"other": {"f:data": {"f:a": {}}}}
    for wrong in ({"operation": "Write"}, {"apiVersion": ""}, {"fieldsType": "FieldsV2"}, {"fieldsV1": 5}):
        assert owned(track(CONFIG_MAP, old, sent(**wrong), "b", "", at(1))) == owned(old)
        assert decoded_entries([{**entry, **wrong}]) is None
    assert owned(track(CONFIG_MAP, old, sent(), "b", "status", at(1))) == owned(old)


def test_the_managers_name_is_what_the_client_says_or_its_user_agent() -> None:
    assert manager_name("mine", "kubectl/v1.32 (linux)") == "mine"
    assert manager_name("", "kubectl/v1.32 (linux)") == "kubectl"
    assert manager_name("", "ku\x00be\tctl") == "kubectl"
    assert manager_name("", "é" * 100) == "é" * 64
    doc = track(CONFIG_MAP, None, config_map({"a": "1"}), "", "", at(0))
    assert list(owned(doc)) == ["unknown"]


def deployment(replicas: int) -> Doc:
    doc = {
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": {"name": "d"},
        "spec": {"replicas": replicas, "paused": True},
    }
    return stored(track(DEPLOYMENT, None, doc, "user", "", at(0)))


def scaled(doc: Doc, replicas: int, manager: str, second: int) -> Doc:
    entries = track_scale(doc, doc["spec"].get("replicas", 0), replicas, manager, at(second))
    metadata = {**doc["metadata"], "managedFields": entries}
    return {**doc, "metadata": metadata, "spec": {**doc["spec"], "replicas": replicas}}


def test_a_scale_takes_the_replicas_from_their_owner() -> None:
    doc = scaled(deployment(3), 5, "hpa", 4)
    assert owned(doc) == {"user": {"f:spec": {"f:paused": {}}}, "hpa": {"f:spec": {"f:replicas": {}}}}
    entry = next(entry for entry in doc["metadata"]["managedFields"] if entry["manager"] == "hpa")
    assert (entry["apiVersion"], entry["subresource"]) == ("apps/v1", "scale")


def test_a_scale_to_zero_leaves_the_replicas_to_nobody() -> None:
    doc = scaled(deployment(3), 0, "hpa", 4)
    assert owned(doc) == {"user": {"f:spec": {"f:paused": {}}}}
    assert owned(scaled(doc, 2, "hpa", 5)) == owned(doc)


def test_an_idle_scale_splits_the_owners_entry_until_the_next_write() -> None:
    doc = scaled(deployment(3), 3, "hpa", 4)
    entries = doc["metadata"]["managedFields"]
    assert [(entry["manager"], entry.get("time"), entry["fieldsV1"]) for entry in entries] == [
        ("user", None, {"f:spec": {"f:replicas": {}}}),
        ("user", at(0), {"f:spec": {"f:paused": {}}}),
    ]
    assert len({identity(entry) for entry in entries}) == 1
    touched = track(DEPLOYMENT, doc, {**doc, "metadata": {**doc["metadata"], "labels": {"a": "1"}}}, "x", "", at(9))
    assert owned(touched)["user"] == {"f:spec": {"f:paused": {}}}
    assert owned(track(DEPLOYMENT, doc, doc, "x", "", at(9))) == {"user": {"f:spec": {"f:paused": {}}}}


def test_an_applys_replicas_survive_an_idle_scale() -> None:
    doc = deployment(3)
    doc["metadata"]["managedFields"] = [
        new_entry(("Apply", "ssa", "apps/v1", ""), {"f:spec": {"f:replicas": {}}}, at(0)),
    ]
    assert track_scale(doc, doc["spec"].get("replicas", 0), 3, "hpa", at(4)) == doc["metadata"]["managedFields"]


def test_times_go_back_when_nothing_else_has_changed() -> None:
    old = created({"a": "1"})
    later = [{**entry, "time": at(9)} for entry in old["metadata"]["managedFields"]]
    new = {**old, "metadata": {**old["metadata"], "managedFields": later}}
    assert revert_times(old, new) == old
    changed = {**new, "data": {"a": "2"}}
    assert revert_times(old, changed) is changed
    other = [{**later[0], "manager": "b"}]
    renamed = {**new, "metadata": {**new["metadata"], "managedFields": other}}
    assert revert_times(old, renamed) is renamed


def test_objects_of_one_template_share_one_set() -> None:
    first, second = (track(CONFIG_MAP, None, config_map({"a": str(n)}), "a", "", at(n)) for n in (1, 2))
    sets = [doc["metadata"]["managedFields"][0]["fieldsV1"] for doc in (first, second)]
    assert sets[0] is sets[1]
