"""Whatever clients send, in whatever order: the API server and its store keep their promises."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from refk8s.api.registry import RESOURCES
from refk8s.api.rest import Api, genesis
from refk8s.api.store import DELETED, Store
from refk8s.api.watch import Watch, open_watch
from refk8s.core.digest import MASK, canonical
from refk8s.core.model import Occasion
from refk8s.core.wire import Request, Response

API = Api()
NOW_MS = 1_767_225_600_000
names = st.sampled_from(["a", "b"])
resources = st.sampled_from(["configmaps", "pods", "leases"])
versions = st.sampled_from([None, "current", "current", "stale", "junk"])


def spec_of(resource: str, value: str) -> dict[str, Any]:
    if resource == "configmaps":
        return {"data": {"v": value}}
    if resource == "leases":
        return {"spec": {"holderIdentity": value}}
    return {"spec": {"containers": [{"name": "c", "image": f"x:{value}"}]}}


def request_of(store: Store, choice: tuple[Any, ...]) -> Request:
    verb, resource, name, value, version, finalizer, dry_run = choice
    options: dict[str, Any] = {"dryRun": "All"} if dry_run else {}
    metadata: dict[str, Any] = {"name": name}
    stored = store.get(resource, f"default/{name}")
    if version == "current" and stored is not None:
        metadata["resourceVersion"] = str(stored.revision)
    elif version == "stale" and stored is not None:
        metadata["resourceVersion"] = str(stored.revision - 1)
    elif version == "junk":
        metadata["resourceVersion"] = "x1"
    if finalizer:
        metadata["finalizers"] = ["a.b/c"]
    body = {"metadata": metadata, **spec_of(resource, value)}
    if verb == "create":
        return Request("create", resource, "default", body=body, options=options)
    if verb == "generate":
        body["metadata"] = {"generateName": f"{name}-"}
        return Request("create", resource, "default", body=body, options=options)
    if verb == "update":
        return Request("update", resource, "default", name, body=body, options=options)
    if verb == "patch":
        return Request("patch", resource, "default", name, body=body, options={**options, "patchType": "merge"})
    if verb == "label":
        change = {"metadata": {"labels": {"l": value}, "finalizers": ["a.b/c"] if finalizer else None}}
        return Request("patch", resource, "default", name, body=change, options={**options, "patchType": "merge"})
    if verb == "bind":
        binding = {"metadata": {"name": name}, "target": {"kind": "Node", "name": value}}
        return Request("create", "pods", "default", name, "binding", binding, options)
    if verb == "deletecollection":
        return Request("deletecollection", resource, "default", options={**options, "labelSelector": f"l={value}"})
    return Request("delete", resource, "default", name, options=options)


verbs = ["create", "generate", "update", "patch", "label", "bind", "delete", "deletecollection"]
choices = st.tuples(
    st.sampled_from(verbs),
    resources,
    names,
    st.sampled_from(["1", "2"]),
    versions,
    st.booleans(),
    st.sampled_from([False] * 5 + [True]),
)
dialogues = st.lists(choices, min_size=10, max_size=30)


def serve(store: Store, request: Request, index: int) -> tuple[Store, Response, Any]:
    occasion = Occasion(NOW_MS + 1000 * index, "tests", "client", "server", index, store.collection)
    return API.serve(store, request, occasion)


def started() -> Store:
    """A cluster with an object of each name and resource, some with a finalizer, the pods bound."""
    store = genesis(API, NOW_MS)
    for name, finalizers in (("a", []), ("b", ["a.b/c"])):
        for resource in ("configmaps", "pods", "leases"):
            metadata = {"name": name, "finalizers": finalizers, "labels": {"l": "1"}}
            body = {"metadata": metadata, **spec_of(resource, "1")}
            store, response, _ = serve(store, Request("create", resource, "default", body=body), 0)
            assert response.ok
    return store


FRESH = started()


def run(dialogue: list[tuple[Any, ...]]) -> list[tuple[Store, Request, Response, Any, Store]]:
    """(store before, request, answer, commits, store after) of each request."""
    store, steps = FRESH, []
    for index, choice in enumerate(dialogue):
        request = request_of(store, choice)
        after, response, commits = serve(store, request, index)
        steps.append((store, request, response, commits, after))
        store = after
    return steps


@settings(max_examples=60, deadline=None)
@given(dialogues)
def test_a_refused_or_dry_request_leaves_the_very_same_store(dialogue: list[tuple[Any, ...]]) -> None:
    for before, request, response, commits, after in run(dialogue):
        if not response.ok or request.options.get("dryRun"):
            assert after is before
            assert commits == ()


@settings(max_examples=60, deadline=None)
@given(dialogues)
def test_every_commit_has_the_next_revision_and_no_other_object_changes(dialogue: list[tuple[Any, ...]]) -> None:
    for before, _, _, commits, after in run(dialogue):
        assert [change.revision for change in commits] == list(range(before.revision + 1, after.revision + 1))
        touched = {(change.resource, change.key) for change in commits}
        for resource in after.resources():
            old, new = before.collection(resource).objects, after.collection(resource).objects
            for key in set(old.keys()) | set(new.keys()):
                if (resource, key) not in touched:
                    assert old.get(key) is new.get(key)


@settings(max_examples=60, deadline=None)
@given(dialogues)
def test_a_conditional_write_succeeds_only_on_the_version_that_it_names(dialogue: list[tuple[Any, ...]]) -> None:
    for before, request, response, _, _ in run(dialogue):
        if request.verb != "update" or not response.ok or response.code == 201:
            continue
        wanted = request.body["metadata"].get("resourceVersion")
        stored = before.get(request.resource, f"default/{request.name}")
        assert stored is not None
        assert wanted in (None, str(stored.revision))


@settings(max_examples=60, deadline=None)
@given(dialogues)
def test_uids_are_never_reused_and_versions_of_an_object_grow(dialogue: list[tuple[Any, ...]]) -> None:
    seen: dict[str, tuple[str, int]] = {}
    ended: set[str] = set()
    for *_, commits, _ in run(dialogue):
        for change in commits:
            uid, where = change.obj.uid, f"{change.resource}/{change.key}"
            assert uid not in ended
            if uid in seen:
                assert seen[uid][0] == where
                assert change.revision > seen[uid][1]
            seen[uid] = (where, change.revision)
            if change.type == DELETED:
                ended.add(uid)


@settings(max_examples=60, deadline=None)
@given(dialogues)
def test_no_commit_repeats_what_is_stored(dialogue: list[tuple[Any, ...]]) -> None:
    for *_, commits, _ in run(dialogue):
        for change in commits:
            if change.type == "MODIFIED":
                assert change.obj.digest != change.prev.digest


@settings(max_examples=60, deadline=None)
@given(dialogues)
def test_deletion_is_marked_once_and_kept_until_the_end(dialogue: list[tuple[Any, ...]]) -> None:
    for *_, commits, _ in run(dialogue):
        for change in commits:
            if change.prev is None or change.type == DELETED:
                continue
            before, after = change.prev.document["metadata"], change.obj.document["metadata"]
            if before.get("deletionTimestamp"):
                assert after["deletionTimestamp"] <= before["deletionTimestamp"]
                assert set(after.get("finalizers", [])) <= set(before.get("finalizers", []))


@settings(max_examples=60, deadline=None)
@given(dialogues)
def test_finalizers_keep_what_is_deleted(dialogue: list[tuple[Any, ...]]) -> None:
    for before, request, _, commits, _ in run(dialogue):
        for change in commits:
            if change.type != DELETED:
                continue
            stored = before.get(change.resource, change.key)
            held = stored.document["metadata"].get("finalizers") if stored is not None else None
            assert not held or request.verb in ("patch", "update")


@settings(max_examples=40, deadline=None)
@given(dialogues, st.integers(0, 25))
def test_a_list_and_a_watch_from_its_revision_give_the_state_at_any_later_time(
    dialogue: list[tuple[Any, ...]], begin: int
) -> None:
    steps = run(dialogue)
    stores = [FRESH, *(after for *_, after in steps)]
    start = stores[min(begin, len(steps))]
    for resource in ("configmaps", "pods"):
        held = {stored.key: stored.document for stored in start.collection(resource).objects.values()}
        options = {"resourceVersion": str(start.revision)}
        opened = open_watch(start, RESOURCES[resource], "", options)
        assert isinstance(opened, Watch)
        for event in opened.events(stores[-1]):
            metadata = event.object["metadata"]
            key = f"{metadata['namespace']}/{metadata['name']}"
            if event.type == DELETED:
                del held[key]
            else:
                assert (key in held) == (event.type == "MODIFIED")
                held[key] = event.object
        assert held == {stored.key: stored.document for stored in stores[-1].collection(resource).objects.values()}


@settings(max_examples=40, deadline=None)
@given(dialogues)
def test_the_past_can_be_read_as_it_was(dialogue: list[tuple[Any, ...]]) -> None:
    steps = run(dialogue)
    if not steps:
        return
    last = steps[-1][-1]
    for *_, after in steps:
        for resource in ("configmaps", "pods", "leases"):
            was = after.collection(resource).objects
            assert last.at(resource, after.revision).objects == was


@settings(max_examples=40, deadline=None)
@given(dialogues)
def test_the_fingerprint_equals_its_recomputation_and_a_second_run(dialogue: list[tuple[Any, ...]]) -> None:
    one, other = run(dialogue), run(dialogue)
    for (*_, after), (*_, again) in zip(one, other, strict=True):
        assert after.fingerprint & MASK == again.fingerprint & MASK == after.recompute_fingerprint() & MASK


@settings(max_examples=40, deadline=None)
@given(dialogues)
def test_stored_documents_are_never_changed_afterwards(dialogue: list[tuple[Any, ...]]) -> None:
    steps = run(dialogue)
    written = [(change.obj, canonical(change.obj.document)) for *_, commits, _ in steps for change in commits]
    run(dialogue[::-1])
    for stored, text in written:
        assert canonical(stored.document) == text


@settings(max_examples=40, deadline=None)
@given(dialogues)
def test_a_decoded_document_is_stored_in_its_canonical_form(dialogue: list[tuple[Any, ...]]) -> None:
    for *_, commits, _ in run(dialogue):
        for change in commits:
            row = RESOURCES[change.resource]
            assert API.decode(row.kind, row.api_version, change.obj.document).doc == change.obj.document
