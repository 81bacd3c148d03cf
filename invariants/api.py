"""What the API server promises about writes, and about lists in pages. Catalogue A1-A5, A8, A9, A11, A13, S4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api import fieldset, managed, selectors
from refk8s.api.listoptions import LATEST, read_continue
from refk8s.api.registry import RESOURCES
from refk8s.api.store import DELETED, MODIFIED, Change, Expired
from refk8s.api.validate.semantic import semantically_equal
from refk8s.core.action import Action
from refk8s.core.clock import rfc3339
from refk8s.core.delta import Delta
from refk8s.core.invariant import SAFETY, Served, Writes
from refk8s.core.world import World

from . import SUITE

SPEC = "specs/apiserver.md"
WRITES = ("create", "update", "patch", "delete", "deletecollection")


@SUITE.invariant(
    "API-01",
    severity=SAFETY,
    on=Served(),
    spec=SPEC,
    source="api-conventions, concurrency control; registry/generic/registry/store.go, Update",
    catalogue="A1",
)
def a_stale_write_conflicts_and_only_a_stale_one(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """An update with a resourceVersion that is not the current one is refused with 409 and changes nothing; with the current one it is not so refused."""
    if delta.served is None:
        return None
    message, response = delta.served
    request = message.request
    if (
        request.verb not in ("update", "patch")
        or request.subresource not in ("", "status")
        or not isinstance(request.body, Mapping)
    ):
        return None
    metadata = request.body.get("metadata")
    wanted = metadata.get("resourceVersion") if isinstance(metadata, Mapping) else None
    old = before.store.get(request.resource, _key(request))
    if not wanted or old is None:
        return None
    found, right = "", ""
    if wanted != str(old.revision):
        if delta.commits or response.ok:
            found, right = "accepted", "409 Conflict"
    elif request.verb == "update" and response.reason == "Conflict":
        uid = metadata.get("uid") if isinstance(metadata, Mapping) else None
        if uid in (None, "", old.uid):
            found, right = "refused with 409 Conflict", "no conflict"
    if not found:
        return None
    what = f"{request.verb} {request.resource}/{old.key} by {before.pids[message.sender]} with resourceVersion {wanted}, current {old.revision}"
    return f"{what}: {found}: expected {right}"


@SUITE.invariant(
    "API-10",
    severity=SAFETY,
    on=Served(),
    spec=SPEC,
    source="api-conventions, concurrency control; pkg/registry/*/*/strategy.go, AllowUnconditionalUpdate",
    catalogue="A1",
)
def the_last_writer_wins_only_where_the_kind_allows_it(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """An update without a resourceVersion is accepted only for kinds that allow unconditional updates."""
    if delta.served is None or not delta.commits:
        return None
    message, response = delta.served
    request = message.request
    if request.verb != "update" or request.subresource == "scale" or not isinstance(request.body, Mapping):
        return None
    metadata, row = request.body.get("metadata"), RESOURCES.get(request.resource)
    if row is None or row.unconditional_update or (isinstance(metadata, Mapping) and metadata.get("resourceVersion")):
        return None
    if response.ok and before.store.get(request.resource, _key(request)) is not None:
        return f"{request} by {before.pids[message.sender]} without a resourceVersion overwrote the object: expected 422 Invalid"
    return None


@SUITE.invariant(
    "API-02",
    severity=SAFETY,
    on=Served(),
    spec=SPEC,
    source="apiserver/pkg/registry/rest/delete.go, BeforeDelete",
    catalogue="A2",
)
def preconditions_of_a_delete_hold_when_it_commits(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """A delete with a uid or resourceVersion precondition takes effect only on an object that fulfils it at the moment of the commit."""
    if delta.served is None or delta.served[0].request.verb != "delete" or not delta.commits:
        return None
    request = delta.served[0].request
    source = request.body if isinstance(request.body, Mapping) else request.options
    preconditions = source.get("preconditions") or {}
    old = before.store.get(request.resource, _key(request))
    if old is None:
        return None
    for name, have in (("uid", old.uid), ("resourceVersion", str(old.revision))):
        wanted = preconditions.get(name)
        if wanted and wanted != have:
            return f"delete of {request.resource}/{old.key} with precondition {name} {wanted} took effect on {have}: expected 409"
    return None


@SUITE.invariant(
    "API-03", severity=SAFETY, on=Writes(), spec=SPEC, source="registry/rest/create.go, BeforeCreate", catalogue="A3"
)
def a_name_is_unique_and_a_uid_is_new(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """No object is created over an existing one of the same name, and none gets the uid of the object that had its name before it (within 24 revisions)."""
    for change in delta.commits:
        if change.type != "ADDED":
            continue
        old = before.store.get(change.resource, change.key)
        if old is not None and len(delta.commits) == 1:
            return f"{change.resource}/{change.key} was created (uid {change.obj.uid}) while uid {old.uid} of this name exists: expected 409 AlreadyExists"
        for earlier in reversed(before.store.log(change.resource)):
            if earlier.key == change.key:
                if earlier.obj.uid == change.obj.uid:
                    what = f"{change.resource}/{change.key} was created with the uid {change.obj.uid}"
                    return f"{what} of the object that had this name before: expected a new one"
                break
            if earlier.revision < before.store.revision - RECENT:
                break
    return None


RECENT = 24
"""How far back, in revisions, the last bearer of a name is looked for: a bound on the cost, which the guarantee names."""


@SUITE.invariant(
    "API-13",
    severity=SAFETY,
    on=Served(),
    spec=SPEC,
    source="apiserver/pkg/registry/generic/registry/store.go, Create",
    catalogue="A3",
)
def a_name_is_free_when_nothing_has_it(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """A create is refused with AlreadyExists only while an object of that kind, namespace and name exists."""
    if delta.served is None or delta.served[1].reason != "AlreadyExists":
        return None
    request = delta.served[0].request
    metadata = request.body.get("metadata") if isinstance(request.body, Mapping) else None
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    if request.verb != "create" or request.subresource or not name or request.resource not in RESOURCES:
        return None
    key = f"{request.namespace}/{name}" if RESOURCES[request.resource].namespaced else name
    if before.store.get(request.resource, key) is None:
        who = before.pids[delta.served[0].sender]
        return f"{request} by {who} was refused with 409 AlreadyExists, and there is no {request.resource}/{key}: expected it to be made"
    return None


@SUITE.invariant(
    "API-04",
    severity=SAFETY,
    on=Writes(),
    spec=SPEC,
    source="apimachinery/pkg/api/validation/objectmeta.go, ValidateObjectMetaAccessorUpdate",
    catalogue="A4",
)
def identity_of_an_object_never_changes(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """name, namespace, uid and creationTimestamp of an object never change."""
    for change in delta.commits:
        if change.prev is None or change.type != MODIFIED:
            continue
        was, now = _metadata(change.prev), _metadata(change.obj)
        for field in ("name", "namespace", "uid", "creationTimestamp"):
            if was.get(field) != now.get(field):
                return f"{change.resource}/{change.key}: {change.actor} changed metadata.{field} to {now.get(field)}: expected {was.get(field)}"
    return None


ANNOTATIONS_COUNT = frozenset({"deployments"})
"""Resources whose generation counts changes of annotations too. Source: pkg/registry/apps/deployment/strategy.go."""
DELETED_UNCOUNTED = ("customresourcedefinitions",)
"""Whose deletion starts without raising the generation. Source: apiextensions-apiserver/pkg/registry/customresourcedefinition/etcd.go, Delete."""


@SUITE.invariant(
    "API-05",
    severity=SAFETY,
    on=Writes(),
    spec=SPEC,
    source="api-conventions, metadata.generation; pkg/registry/*/*/strategy.go, PrepareForUpdate",
    catalogue="A5",
)
def generation_counts_changes_of_the_spec(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """metadata.generation rises by one when the spec changes or the deletion starts, and at no other time: not for a change of status, and it never falls.

    A CustomResourceDefinition's deletion is a write of its own handler, which does not count it.
    """
    for change in delta.commits:
        if change.prev is None or change.type != MODIFIED:
            continue
        was, now = _metadata(change.prev), _metadata(change.obj)
        old, new = was.get("generation", 0), now.get("generation", 0)
        if old == new == 0:
            continue
        what = f"{change.resource}/{change.key}: {change.actor} took metadata.generation from {old} to {new}"
        if new not in (old, old + 1):
            return f"{what}: expected {old} or {old + 1}"
        spec, before_it = change.obj.document.get("spec"), change.prev.document.get("spec")
        desired = spec is not before_it and spec != before_it
        deletion = not was.get("deletionTimestamp") and bool(now.get("deletionTimestamp"))
        if new == old:
            if deletion and change.resource not in DELETED_UNCOUNTED:
                return f"{what} as its deletion started: expected {old + 1}"
            if desired and not _is_binding(delta) and not semantically_equal(spec, before_it):
                return f"{what} with another spec: expected {old + 1}"
            continue
        if change.resource in ANNOTATIONS_COUNT:
            desired = desired or was.get("annotations") != now.get("annotations")
        if not (desired or deletion):
            return f"{what} without a change of the spec: expected {old}"
    return None


def _is_binding(delta: Delta) -> bool:
    """Whether the step bound a pod, which its generation does not count."""
    return delta.served is not None and delta.served[0].request.subresource == "binding"


@SUITE.invariant(
    "API-06",
    severity=SAFETY,
    on=Writes(),
    spec=SPEC,
    source="apiserver/pkg/registry/rest/delete.go, BeforeDelete",
    catalogue="A8",
)
def deletion_starts_once_and_its_grace_only_shortens(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """deletionTimestamp, once set, stays; only a shorter grace period moves it: to an earlier time, or to now if that has passed."""
    for change in delta.commits:
        if change.prev is None or change.type != MODIFIED:
            continue
        was, now = _metadata(change.prev), _metadata(change.obj)
        old, new = was.get("deletionTimestamp"), now.get("deletionTimestamp")
        if old is None:
            continue
        if new is None:
            return f"{change.resource}/{change.key}: {change.actor} took back its deletion: expected the deletionTimestamp {old}"
        if new > old and new != rfc3339(before.now_ms):
            return f"{change.resource}/{change.key}: {change.actor} put off its deletion to {new}: expected {old} or earlier"
        grace, shorter = was.get("deletionGracePeriodSeconds"), now.get("deletionGracePeriodSeconds")
        if grace is not None and (shorter is None or shorter > grace):
            return f"{change.resource}/{change.key}: {change.actor} lengthened the grace period to {shorter} s: expected at most {grace} s"
    return None


@SUITE.invariant(
    "API-07",
    severity=SAFETY,
    on=Writes(),
    spec=SPEC,
    source="registry/generic/registry/store.go, deletionFinalizersForGarbageCollection, deleteWithoutFinalizers",
    catalogue="A9",
)
def finalizers_keep_an_object_and_none_is_added_after_deletion(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """An object is there as long as it has finalizers, goes with the last one, and gets no new ones once its deletion has started.

    Only a further delete may change the garbage collector's own ones then, by its propagation policy.
    """
    verb = delta.served[0].request.verb if delta.served is not None else ""
    for change in delta.commits:
        finding = _finalizer_finding(change, verb)
        if finding is not None:
            return finding
    return None


COLLECTORS = frozenset({"orphan", "foregroundDeletion"})
"""Finalizers by which the garbage collector takes part: the propagation policy of every delete sets or drops them."""
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
"""The finalizer of a definition, which the API server, having removed the custom resources, takes away in the same step."""


def _finalizer_finding(change: Change, verb: str) -> str | None:
    if change.prev is None:
        return None
    was, now = _metadata(change.prev), _metadata(change.obj)
    had, has = was.get("finalizers") or [], now.get("finalizers") or []
    what = f"{change.resource}/{change.key}"
    if change.type == DELETED:
        if verb in ("delete", "deletecollection") and any(name not in COLLECTORS and name != CLEANUP for name in had):
            return f"{what}: {change.actor} removed it while it had the finalizers {had}: expected it to stay"
        if had and not was.get("deletionTimestamp"):
            return f"{what}: {change.actor} removed it with the finalizers {had}: expected a deletion before"
        return None
    if was.get("deletionTimestamp"):
        added = [name for name in has if name not in had]
        if added and not (verb in ("delete", "deletecollection") and set(added) <= COLLECTORS):
            return (
                f"{what}: {change.actor} added the finalizer {added[0]} after its deletion had started: expected {had}"
            )
        if (
            had
            and not has
            and not now.get("deletionGracePeriodSeconds")
            and not (change.obj.document.get("spec") or {}).get("finalizers")
        ):
            return f"{what}: {change.actor} removed the last finalizer and it is still there: expected it to be gone"
    return None


@SUITE.invariant(
    "API-08",
    severity=SAFETY,
    on=Served(),
    spec=SPEC,
    source="apiserver/pkg/endpoints/handlers; etcd transactions",
    catalogue="A11",
)
def a_refused_request_leaves_no_trace(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """A request that is refused commits nothing: no revision, no event, no counter moves."""
    if delta.served is None:
        return None
    message, response = delta.served
    if response.ok or response.code == 0:
        return None
    if delta.commits or after.store is not before.store:
        what = f"{message.request} of {before.pids[message.sender]} was refused with {response.code} {response.reason}"
        return f"{what} and changed the store: expected revision {before.store.revision} as before"
    return None


@SUITE.invariant(
    "API-09",
    severity=SAFETY,
    on=Writes(),
    spec=SPEC,
    source="apiserver/pkg/storage/etcd3/store.go, GuaranteedUpdate",
    catalogue="A13",
)
def a_write_that_changes_nothing_is_no_write(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """A write that would change nothing but bookkeeping (resourceVersion, managedFields) makes no new version."""
    for change in delta.commits:
        if change.prev is None or change.type != MODIFIED:
            continue
        was, now = change.prev.document, change.obj.document
        if _same_content(was, now) and _tracked(was) == _tracked(now):
            what = f"{change.resource}/{change.key}: {change.actor} made version {change.revision}"
            return f"{what}, which equals version {change.prev.revision}: expected no new version"
    return None


@SUITE.invariant(
    "API-11",
    severity=SAFETY,
    on=Served(),
    spec="specs/apply.md",
    source="KEP-555, conflicts; structured-merge-diff/v6 merge/update.go, Apply",
)
def an_apply_without_force_takes_nothing_from_others(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """A server-side apply without `force` leaves to every other manager all the fields that it has. kubectl's may take over those of client-side applies."""
    if delta.served is None or not delta.commits:
        return None
    message, response = delta.served
    request = message.request
    options = request.options
    if request.verb != "patch" or options.get("patchType") != "apply" or not response.ok or options.get("dryRun"):
        return None
    if options.get("force") is True or str(options.get("force")).lower() == "true":
        return None
    old, new = before.store.get(request.resource, _key(request)), after.store.get(request.resource, _key(request))
    if old is None or new is None:
        return None
    annotations = old.document["metadata"].get("annotations") or {}
    if options.get("fieldManager") == "kubectl" and _LAST_APPLIED in annotations:
        return None
    kept = {managed.identity(entry): entry for entry in new.document["metadata"].get("managedFields") or ()}
    for entry in old.document["metadata"].get("managedFields") or ():
        if entry["manager"] == options.get("fieldManager") and entry["operation"] == "Apply":
            continue
        left = (kept.get(managed.identity(entry)) or {}).get("fieldsV1") or {}
        for path in fieldset.paths(fieldset.difference(entry["fieldsV1"], left)):
            what = f"{fieldset.path_text(path)} of {entry['manager']}"
            return f"{request.resource}/{old.key}: {options.get('fieldManager')} took {what} without force: expected 409 Conflict"
    return None


_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@SUITE.invariant(
    "API-12",
    severity=SAFETY,
    on=Served(),
    spec=SPEC,
    source="apimachinery/pkg/apis/meta/v1/types.go, ListMeta.continue; apiserver/pkg/storage/etcd3/store.go, GetList",
    catalogue="S4",
)
def a_list_in_pages_shows_one_revision(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """A page asked for with a continue token shows the list as of the revision of its first page, nothing left out; if that is compacted, it is refused."""
    if delta.served is None:
        return None
    message, response = delta.served
    request = message.request
    options = request.options
    if request.verb != "list" or not options.get("continue") or not response.ok or response.status is not None:
        return None
    row = RESOURCES.get(request.resource)
    if row is None:
        return None
    revision, start = read_continue(options["continue"], "")
    if revision == LATEST:
        return None
    what = f"{request} by {before.pids[message.sender]}, begun at revision {revision}"
    if response.revision != revision:
        return f"{what}: the page is of revision {response.revision}: expected {revision}"
    try:
        held = before.store.at(row.key, revision)
    except Expired:
        return f"{what}: the revision is compacted: expected 410"
    found = [stored for stored in held.cache(row.key).all(request.namespace) if stored.key >= start]
    if options.get("labelSelector") or options.get("fieldSelector"):
        matches = selectors.predicate(row, options.get("labelSelector") or "", options.get("fieldSelector") or "")
        found = [stored for stored in found if matches(stored.document)]
    limit = options.get("limit") or len(found)
    expected = [(stored.key, stored.revision) for stored in found[:limit]]
    shown = [(stored.key, stored.revision) for stored in response.items]
    if shown != expected:
        return f"{what}: shows {_versions(shown)}; expected {_versions(expected)}"
    if bool((response.document or {}).get("continue")) != (len(found) > limit):
        words = ("no token", "a token") if len(found) > limit else ("a token", "none")
        return f"{what}: {words[0]} goes with it, {max(len(found) - limit, 0)} are left: expected {words[1]}"
    return None


def _versions(found: list[tuple[str, int]]) -> str:
    return ", ".join(f"{key}@{revision}" for key, revision in found) or "nothing"


def _same_content(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether all but the bookkeeping of two documents is equal."""
    if was.keys() != now.keys() or any(was[name] != now[name] for name in now if name != "metadata"):
        return False
    before, after = was["metadata"], now["metadata"]
    kept = (before.keys() | after.keys()) - {"resourceVersion", "managedFields"}
    return all(before.get(name) == after.get(name) for name in kept)


def _tracked(document: Mapping[str, Any]) -> Any:
    """managedFields without their times: ownership itself may change with equal content."""
    entries = document["metadata"].get("managedFields") or ()
    return [{name: value for name, value in entry.items() if name != "time"} for entry in entries]


def _metadata(stored: Any) -> Mapping[str, Any]:
    metadata: Mapping[str, Any] = stored.document["metadata"]
    return metadata


def _key(request: Any) -> str:
    return f"{request.namespace}/{request.name}" if request.namespace else str(request.name)
