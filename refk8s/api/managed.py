"""Field management: who wrote which field, kept in metadata.managedFields.

`track` is called on every create, update and patch that is not a server-side apply, with the document as it was decoded
and defaulted, before admission and before the strategy's own changes: fields those set have no manager. Entries are the
API's own documents, their sets `FieldSet`s that share structure with the previous version's.
Source: apimachinery/pkg/util/managedfields/internal; sigs.k8s.io/structured-merge-diff/v6/merge/update.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from refk8s.api.fieldset import (
    EMPTY,
    Change,
    FieldSet,
    Unkeyed,
    compare,
    difference,
    interned,
    intersection,
    union,
)
from refk8s.api.schema import Type, zero

Doc = dict[str, Any]
Entry = Mapping[str, Any]
Identity = tuple[str, str, str, str]

MAX_UPDATE_MANAGERS: Final = 10
"""Above this many entries of updates, the oldest are merged into one."""
ANCIENT: Final = "ancient-changes"
MAX_MANAGER_NAME: Final = 128

SCALE_VERSION: Final = "autoscaling/v1"
_REPLICAS_SET: Final[FieldSet] = {"f:spec": {"f:replicas": EMPTY}}

_TYPE_META: Final = frozenset({"apiVersion", "kind"})
_SYSTEM_META: Final = frozenset(
    {"name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields"}
    | {"resourceVersion"}
)


def track(of: Type, old: Doc | None, new: Doc, manager: str, subresource: str, time: str) -> Doc:
    """`new` with the managedFields that follow from `old` (None: a create) and from what this request changed.

    `manager` is the client's name (see `manager_name`), "" counts as unknown; `time` is RFC 3339, UTC, whole seconds.
    `new` is returned itself if its managedFields are right already. For the scale subresource see `track_scale`.
    """
    before = _entries_before(old, new, subresource)
    if not before and old is not None and old["metadata"].get("uid"):
        return with_entries(new, ())  # objects that nobody manages stay unmanaged
    skipped, meta = reset_fields(of, new["kind"], subresource)
    try:
        change = compare(of, zero(of) if old is None else old, new, skipped, meta)
    except Unkeyed:
        return with_entries(new, ())
    if subresource in INCLUDED:
        change = only_included(change, INCLUDED[subresource])
    if not (change.added or change.removed or change.modified):
        return with_entries(new, _without_duplicates(before))
    return with_entries(new, updated_entries(before, change, manager, new["apiVersion"], subresource, time))


def updated_entries(
    entries: Sequence[Entry], change: Change, manager: str, api_version: str, subresource: str, time: str
) -> list[Entry]:
    """The entries after a change by `manager`: others lose what it wrote or removed, it gains what it wrote."""
    written = change.written
    removed = change.removed
    me = ("Update", manager or "unknown", api_version, subresource)
    mine: Entry | None = None
    result: list[Entry] = []
    for key, entry in distinct(entries).items():
        fields = entry.get("fieldsV1", EMPTY)
        if written and key == me:
            mine = entry
            continue
        rest = difference(difference(fields, written), removed)
        if rest:
            result.append(entry if rest is fields else {**entry, "fieldsV1": interned(rest)})
    if written:
        kept = difference(mine["fieldsV1"], removed) if mine else EMPTY
        result.append(new_entry(me, interned(union(kept, written)), time))
    return in_order(_capped(result))


def scale_entries(parent: Doc, path: FieldSet = _REPLICAS_SET) -> list[Entry]:
    """The managedFields of the Scale of `parent`: those who own its replicas, which are at `path` (of one member).

    Source: managedfields/scalehandler.go, ToSubresource.
    """
    entries = distinct(parent["metadata"].get("managedFields") or ())
    return [
        {**entry, "apiVersion": SCALE_VERSION, "fieldsV1": _REPLICAS_SET}
        for entry in entries.values()
        if entry["apiVersion"] == parent["apiVersion"] and intersection(entry["fieldsV1"], path)
    ]


def track_scale(
    parent: Doc, current: int, replicas: int, manager: str, time: str, path: FieldSet = _REPLICAS_SET
) -> list[Entry]:
    """The managedFields of `parent` after an update of its scale subresource from `current` to `replicas`, which are at `path`.

    Upstream manages a Scale made from the parent and carries the result back; because the Scale's entries have another
    apiVersion, an update that changes nothing still moves `replicas` into an entry of its own, without a time.
    Source: managedfields/scalehandler.go and the ScaleREST of the workload's storage.
    """
    scale = scale_entries(parent, path)
    change = _scale_change(current, replicas)
    if scale and change is not None:
        scale = updated_entries(scale, change, manager, SCALE_VERSION, "scale", time)
    return parent_entries(parent, scale, path)


def parent_entries(parent: Doc, scale: Sequence[Entry], path: FieldSet = _REPLICAS_SET) -> list[Entry]:
    """The managedFields of `parent` when those of its Scale are `scale`. Source: managedfields/scalehandler.go, ToParent."""
    entries = distinct(parent["metadata"].get("managedFields") or ())
    api_version = parent["apiVersion"]
    claims = {identity(entry): entry for entry in scale}
    result: dict[Identity, Entry] = {}
    for key, entry in entries.items():
        if entry["apiVersion"] != api_version:
            continue
        if not intersection(entry["fieldsV1"], path) or claims.pop(key, None) is not None:
            result[key] = entry
        elif rest := difference(entry["fieldsV1"], path):
            result[key] = {**entry, "fieldsV1": interned(rest)}
    for key in claims:
        operation, name, _, subresource = key
        time_before = entries[key].get("time") if key in entries else None
        result[key] = new_entry((operation, name, api_version, subresource), path, time_before)
    return in_order(result.values())


def revert_times(old: Doc, new: Doc) -> Doc:
    """`new`, or `old`'s managedFields in it if the two documents differ in nothing but the times of the entries.

    Source: IgnoreManagedFieldsTimestampsTransformer in apiserver/pkg/endpoints/handlers/fieldmanager/equality.go.
    """
    before = old["metadata"].get("managedFields") or ()
    after = new["metadata"].get("managedFields") or ()
    if before is after or not after or len(before) != len(after) or before == after:
        return new
    if any(_timeless(a) != _timeless(b) for a, b in zip(before, after, strict=True)):
        return new
    reverted = with_entries(new, before)
    return reverted if reverted == old else new


def manager_name(field_manager: str, user_agent: str) -> str:
    """The manager of a request: its fieldManager, or else its user agent up to the first slash, printable parts only."""
    if field_manager:
        return field_manager
    agent = user_agent.partition("/")[0]
    if agent.isascii() and agent.isprintable() and len(agent) <= MAX_MANAGER_NAME:
        return agent
    name = ""
    for char in agent:
        if char.isprintable():
            if len((name + char).encode()) > MAX_MANAGER_NAME:
                break
            name += char
    return name


def distinct(entries: Sequence[Entry]) -> dict[Identity, Entry]:
    """The entries by identity; of several alike, which an idle scale leaves behind, the last counts."""
    return {identity(entry): entry for entry in entries}


def identity(entry: Entry) -> Identity:
    """What makes an entry the same: operation, manager, apiVersion (not of an apply) and subresource."""
    operation = entry["operation"]
    version = "" if operation == "Apply" else entry["apiVersion"]
    return operation, entry.get("manager", ""), version, entry.get("subresource", "")


def new_entry(key: Identity, fields: FieldSet, time: str | None) -> Entry:
    """An entry with its keys in upstream's order; `key` is its identity, with the apiVersion also for an apply."""
    operation, manager, api_version, subresource = key
    entry = {"manager": manager, "operation": operation, "apiVersion": api_version}
    if not manager:
        del entry["manager"]
    if time:
        entry["time"] = time
    entry |= {"fieldsType": "FieldsV1", "fieldsV1": fields}  # type: ignore[dict-item]  # maps, not texts, from here on
    if subresource:
        entry["subresource"] = subresource
    return entry


def decoded_entries(given: Any) -> list[Entry] | None:
    """Entries that a client sent, in canonical form; None if they are malformed.

    Source: DecodeManagedFields and encodeManagedFields in managedfields/internal/managedfields.go.
    """
    result: dict[Identity, Entry] = {}
    for entry in given:
        if (
            entry.get("operation") not in ("Apply", "Update")
            or not entry.get("apiVersion")
            or entry.get("fieldsType") != "FieldsV1"
            or not isinstance(entry.get("fieldsV1", EMPTY), dict)
        ):
            return None
        key = (entry["operation"], entry.get("manager", ""), entry["apiVersion"], entry.get("subresource", ""))
        fields = _canonical(entry.get("fieldsV1", EMPTY))
        result[identity(entry)] = new_entry(key, interned(fields), entry.get("time"))
    return in_order(result.values())


_STATUS_RESETS: Final = {
    "Pod": frozenset({"deletionTimestamp", "ownerReferences"}),
    "Deployment": frozenset({"labels"}),
}
INCLUDED: Final[dict[str, FieldSet]] = {
    "ephemeralcontainers": {"f:spec": {"f:ephemeralContainers": EMPTY}},
    "resize": {
        "f:spec": {
            containers: {"*": {"f:resources": EMPTY, "f:resizePolicy": EMPTY}}
            for containers in ("f:containers", "f:initContainers")
        }
    },
}
"""Subresources that write only these fields, with "*" for any element; below a leaf everything counts."""


def reset_fields(of: Type, kind: str, subresource: str) -> tuple[frozenset[str], frozenset[str]]:
    """(top-level fields, fields of metadata) that a request cannot own, because the strategy resets them.

    Source: GetResetFields in pkg/registry/*/*/strategy.go.
    """
    if "status" not in of.steps or subresource in INCLUDED:
        return _TYPE_META, _SYSTEM_META
    if subresource == "status":
        return _TYPE_META | {"spec"}, _SYSTEM_META | _STATUS_RESETS.get(kind, frozenset())
    return _TYPE_META | {"status"}, _SYSTEM_META


def _entries_before(old: Doc | None, new: Doc, subresource: str) -> Sequence[Entry]:
    stored: Sequence[Entry] = (old["metadata"].get("managedFields") or ()) if old else ()
    if subresource:
        return stored
    given = new["metadata"].get("managedFields")
    if given is None or given is stored or given == stored:
        return stored
    if not given or (len(given) == 1 and not given[0]):
        return ()  # the client asks to forget all managers
    decoded = decoded_entries(given)
    return stored if decoded is None else decoded


def with_entries(doc: Doc, entries: Sequence[Entry]) -> Doc:
    """The document with these managedFields."""
    metadata = doc["metadata"]
    present = metadata.get("managedFields")
    if present is entries or (not entries and "managedFields" not in metadata):
        return doc
    metadata = {key: value for key, value in metadata.items() if key != "managedFields"}
    if entries:
        metadata["managedFields"] = entries if isinstance(entries, list) else list(entries)
    return {**doc, "metadata": metadata}


def _without_duplicates(entries: Sequence[Entry]) -> Sequence[Entry]:
    kept = distinct(entries)
    return entries if len(kept) == len(entries) else in_order(kept.values())


def _capped(entries: list[Entry]) -> list[Entry]:
    """The entries, the oldest updates merged per apiVersion until few enough are left."""
    updates = [entry for entry in entries if entry["operation"] == "Update"]
    excess = len(updates) - MAX_UPDATE_MANAGERS
    if excess <= 0:
        return entries
    updates.sort(key=lambda entry: (entry.get("time", ""), identifier(entry)))
    kept = {identity(entry): entry for entry in entries}
    first: dict[str, Identity] = {}
    for entry in updates:
        if excess <= 0:
            break
        version = entry["apiVersion"]
        if version not in first:
            first[version] = identity(entry)
            continue
        bucket = ("Update", ANCIENT, version, "")
        oldest = kept.get(bucket) or kept.pop(first[version])
        fields = union(entry["fieldsV1"], oldest["fieldsV1"])
        kept[bucket] = new_entry(bucket, interned(fields), entry.get("time"))
        kept.pop(identity(entry), None)  # the bucket too, if an older update shares its second: as upstream
        excess -= 1
    return list(kept.values())


def _scale_change(current: int, replicas: int) -> Change | None:
    """How a Scale's spec changes; 0 is not written at all."""
    if current == replicas:
        return None
    if not replicas:
        return Change(EMPTY, _REPLICAS_SET, EMPTY)
    if not current:
        return Change(_REPLICAS_SET, EMPTY, EMPTY)
    return Change(EMPTY, EMPTY, _REPLICAS_SET)


def only_included(change: Change, included: FieldSet) -> Change:
    """The change without what a subresource that writes only the fields `included` leaves alone."""
    return Change(*(include(fields, included) for fields in (change.added, change.removed, change.modified)))


def include(fields: FieldSet, included: FieldSet) -> FieldSet:
    """The members of `fields` that the patterns of INCLUDED cover."""
    if not included:
        return fields
    result: FieldSet = {}
    for element, below in fields.items():
        pattern = included.get(element, included.get("*"))
        if pattern is None:
            continue
        kept = include(below, pattern)
        if kept or not below:
            result[element] = kept
    return result


def _canonical(fields: FieldSet) -> FieldSet:
    """The set with unknown path elements dropped and its elements in order."""
    result = {
        element: _canonical(below)
        for element, below in sorted(fields.items())
        if element == "." or element[:2] in ("f:", "k:", "v:", "i:")
    }
    return EMPTY if len(result) == 1 and "." in result else result


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """The entries as upstream orders them. Source: managedfields/internal/managedfields.go, sortEncodedManagedFields."""
    return sorted(entries, key=_order)


def _order(entry: Entry) -> tuple[str, str, str, str, str]:
    manager, version = entry.get("manager", ""), entry["apiVersion"]
    return entry["operation"], entry.get("time", ""), manager, version, entry.get("subresource", "")


def identifier(entry: Entry) -> bytes:
    """The text by which upstream orders entries of one second."""
    names = ("manager", "operation", "apiVersion", "subresource")
    return orjson.dumps({name: entry[name] for name in names if entry.get(name)})


def _timeless(entry: Entry) -> Doc:
    return {key: value for key, value in entry.items() if key != "time"}
