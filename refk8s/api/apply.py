"""Server-side apply: what a configuration makes of the live object, and who manages which of its fields afterwards.

Pure functions on documents; decoding, defaulting and validating the result is the caller's.

DEVIATES: entries of managedFields that were written under another form of the schema (an atomic list that was granular) are taken as they are, because no
schema changes here; for custom resources whose definition changes this shows.
Source: sigs.k8s.io/structured-merge-diff/v6/merge/{update,conflict}.go; apimachinery/pkg/util/managedfields/internal/*.go.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs
import orjson

from refk8s.api.fieldset import (
    EMPTY,
    FieldSet,
    Path,
    Unkeyed,
    compare,
    difference,
    has,
    interned,
    intersection,
    path_text,
    recursive_difference,
    union,
)
from refk8s.api.managed import (
    INCLUDED,
    Doc,
    Entry,
    distinct,
    identifier,
    identity,
    in_order,
    include,
    new_entry,
    only_included,
    reset_fields,
    updated_entries,
)
from refk8s.api.schema import Type, zero
from refk8s.api.status import ApiError, Rejected, apply_conflict, bad_request, cause, go_quote, unclassified
from refk8s.api.typed import members, merged, ordered_paths, problems, removed, with_named

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
KUBECTL: Final = "kubectl"
BEFORE_FIRST_APPLY: Final = "before-first-apply"
MAX_ANNOTATIONS_BYTES: Final = 256 * 1024

Conflict = tuple[Entry, Path]


@attrs.frozen
class Applier:
    """Who applies what to which kind: `manager` through `subresource` ("" for the object itself) in `api_version` at `time` (RFC 3339, UTC).

    `is_known`: whether the kind has a version; managers of others are forgotten.
    """

    of: Type
    kind: str
    api_version: str
    manager: str
    subresource: str
    time: str
    is_known: Callable[[str], bool] = lambda version: True

    @property
    def me(self) -> tuple[str, str, str, str]:
        """The identity of the manager's entry."""
        return ("Apply", self.manager, "", self.subresource)


def apply(who: Applier, live: Doc | None, patch: Doc, *, force: bool) -> tuple[Doc, list[Entry]]:
    """(the object with the configuration `patch` in it, not decoded yet and without managedFields; its managedFields).

    `live` itself is returned if nothing changes; None is an object that is to be created. Rejects what conflicts (unless `force`) or is no configuration.
    """
    _check_kind(who, patch)
    empty = {"metadata": {}, **zero(who.of), "apiVersion": who.api_version, "kind": who.kind}
    present = empty if live is None else live
    entries = [
        entry for entry in distinct(present["metadata"].get("managedFields") or ()).values() if _known(who, entry)
    ]
    if not entries and live is not None:
        entries = _before_first_apply(who, empty, live)
    if "managedFields" in _metadata(patch):
        raise Rejected(bad_request("metadata.managedFields must be nil"))
    wrong = problems(who.of, patch)
    if wrong:
        raise Rejected(unclassified(f"failed to create typed patch object ({shown(patch)}): {_several(wrong)}"))
    made, after, conflicts = _applied(who, present, patch, entries, force=force)
    if conflicts and who.manager == KUBECTL:
        allowed = _allowed_by_last_applied(who, present)
        if allowed is not None:
            conflicts = [conflict for conflict in conflicts if not has(allowed, conflict[1])]
            if not conflicts:
                made, after, _ = _applied(who, present, patch, entries, force=True)
    if conflicts:
        raise Rejected(conflict_error(conflicts))
    if who.manager == KUBECTL and (made["metadata"].get("annotations") or {}).get(LAST_APPLIED):
        made = _with_last_applied(made, patch)
    return made, after


def conflict_error(conflicts: Sequence[Conflict]) -> ApiError:
    """409: other managers own what the configuration wants to change. Source: managedfields/internal/conflict.go."""
    causes = [
        cause("FieldManagerConflict", f"conflict with {_manager_text(entry)}", path_text(path))
        for entry, path in conflicts
    ]
    if len(conflicts) == 1:
        entry, path = conflicts[0]
        text = f"Apply failed with 1 conflict: conflict with {_manager_text(entry)}: {path_text(path)}"
        return apply_conflict(text, causes)
    by_manager: dict[bytes, tuple[Entry, list[Path]]] = {}
    for entry, path in conflicts:
        by_manager.setdefault(_name(entry), (entry, []))[1].append(path)
    lines: list[str] = []
    for _, (entry, paths) in sorted(by_manager.items(), key=lambda item: item[0]):
        lines.append(f"conflicts with {_manager_text(entry)}:")
        lines += [f"- {path_text(path)}" for path in paths]
    return apply_conflict(f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines), causes)


def shown(document: Mapping[str, Any]) -> str:
    """An object as errors of field management name it. Source: managedfields/internal/structuredmerge.go, objectGVKNN."""
    metadata = _metadata(document)
    group, _, version = str(document.get("apiVersion") or "").rpartition("/")
    kind = f"{group}/{version}, Kind={document.get('kind') or ''}"
    return f"{metadata.get('namespace') or ''}/{metadata.get('name') or ''}; {kind}"


def _metadata(document: Mapping[str, Any]) -> Mapping[str, Any]:
    found = document.get("metadata")
    return found if isinstance(found, dict) else {}


def _check_kind(who: Applier, patch: Doc) -> None:
    kind, version = str(patch.get("kind") or ""), str(patch.get("apiVersion") or "")
    if (kind, version) == (who.kind, who.api_version):
        return
    group, _, name = version.rpartition("/")
    raise Rejected(bad_request(f"invalid object type: {group}/{name}, Kind={kind}"))


def _known(who: Applier, entry: Entry) -> bool:
    return entry["apiVersion"] == who.api_version or who.is_known(entry["apiVersion"])


def _several(wrong: Sequence[str]) -> str:
    return wrong[0] if len(wrong) == 1 else "\n".join(["errors:", *(f"  {text}" for text in wrong)])


def _before_first_apply(who: Applier, empty: Doc, live: Doc) -> list[Entry]:
    """The entries of an object that nobody managed so far: all that is there is somebody's. Source: skipnonapplied.go."""
    skipped, meta = reset_fields(who.of, who.kind, who.subresource)
    try:
        change = compare(who.of, empty, live, skipped, meta)
    except Unkeyed:
        return []
    if who.subresource in INCLUDED:
        change = only_included(change, INCLUDED[who.subresource])
    return updated_entries((), change, BEFORE_FIRST_APPLY, who.api_version, who.subresource, who.time)


def _applied(
    who: Applier, live: Doc, patch: Doc, entries: Sequence[Entry], *, force: bool
) -> tuple[Doc, list[Entry], list[Conflict]]:
    """(the object, the entries, the conflicts that are in the way). Source: merge/update.go, Apply."""
    others = [entry for entry in entries if identity(entry) != who.me]
    mine = next((entry for entry in entries if identity(entry) == who.me), None)
    skipped, meta = reset_fields(who.of, who.kind, who.subresource)
    fields = members(who.of, patch)
    fields = recursive_difference(fields, _as_set(skipped - {"apiVersion", "kind"}, _RESETTABLE & meta))
    if who.subresource in INCLUDED:
        fields = include(fields, INCLUDED[who.subresource])
    bare = {**live, "metadata": {k: v for k, v in live["metadata"].items() if k != "managedFields"}}
    made = merged(who.of, bare, patch)
    if mine is not None:
        owned = fields
        for entry in others:
            owned = union(owned, entry["fieldsV1"])
        made = _pruned(who.of, made, mine["fieldsV1"], owned)
    change = compare(who.of, bare, made, skipped, meta)
    if who.subresource in INCLUDED:
        change = only_included(change, INCLUDED[who.subresource])
    written = change.written
    conflicts = [
        (entry, path)
        for entry in sorted(others, key=_name)
        for path in ordered_paths(intersection(entry["fieldsV1"], written))
    ]
    if conflicts and not force:
        return made, [], conflicts
    kept: list[Entry] = []
    for entry in others:
        rest = difference(difference(entry["fieldsV1"], written), change.removed)
        if rest:
            kept.append(entry if rest is entry["fieldsV1"] else {**entry, "fieldsV1": interned(rest)})
    unchanged = made == bare
    fields = difference(fields, _as_set(frozenset({"apiVersion", "kind", "metadata"}), meta))
    if fields:
        time = (mine or {}).get("time") if unchanged else who.time
        key = ("Apply", who.manager, who.api_version, who.subresource)
        kept.append(new_entry(key, interned(fields), time))
    return (live if unchanged else made), in_order(kept), []


_RESETTABLE: Final = frozenset({"labels", "ownerReferences", "deletionTimestamp"})
"""Fields of metadata that some strategy resets; the others in `reset_fields` are stripped as single members."""


def _as_set(fields: frozenset[str], metadata: frozenset[str]) -> FieldSet:
    made: FieldSet = {f"f:{name}": EMPTY for name in sorted(fields)}
    below: FieldSet = {f"f:{name}": EMPTY for name in sorted(metadata)}
    if below:
        made["f:metadata"] = {".": EMPTY, **below} if "metadata" in fields else below
    return made


def _pruned(of: Type, made: Doc, last: FieldSet, owned: FieldSet) -> Doc:
    """The merged object without what the manager applied before and nobody owns any more. Source: merge/update.go, prune."""
    last = with_named(of, last)
    pruned = removed(of, made, last) or {}
    whole = with_named(of, members(of, made))
    stay = union(with_named(of, members(of, pruned)), with_named(of, owned))
    pruned = removed(of, made, difference(whole, stay)) or {}
    gone = difference(whole, with_named(of, members(of, pruned)))
    result: Doc = removed(of, made, intersection(gone, last)) or {}
    return result


def _allowed_by_last_applied(who: Applier, live: Doc) -> FieldSet | None:
    """What client-side apply wrote last and is still so; kubectl may take that from its former self. None if that cannot be told.

    Source: managedfields/internal/lastappliedmanager.go.
    """
    text = (live["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    try:
        last = orjson.loads(text or "")
        if last["apiVersion"] != who.api_version or problems(who.of, last):
            return None
        change = compare(who.of, last, live, frozenset(), frozenset())
    except (ValueError, TypeError, KeyError, Unkeyed):
        return None
    fields = members(who.of, last)
    for differing in (change.modified, change.added, change.removed):
        fields = difference(fields, differing)
    return fields


def _with_last_applied(made: Doc, patch: Doc) -> Doc:
    """The object whose annotation of client-side apply says what was applied now. Source: managedfields/internal/lastappliedupdater.go."""
    metadata = dict(patch.get("metadata") or {})
    if "annotations" in metadata:
        rest = {key: value for key, value in (metadata["annotations"] or {}).items() if key != LAST_APPLIED}
        metadata["annotations"] = rest
        if not rest:
            del metadata["annotations"]
    text = go_json({**patch, "metadata": metadata}) + "\n"
    annotations = {**made["metadata"]["annotations"], LAST_APPLIED: text}
    if sum(len(key.encode()) + len(str(value).encode()) for key, value in annotations.items()) > MAX_ANNOTATIONS_BYTES:
        del annotations[LAST_APPLIED]
    return {**made, "metadata": {**made["metadata"], "annotations": annotations}}


_HTML: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def go_json(value: Any) -> str:
    """The value as Go's encoder writes it: keys sorted, what HTML could mistake escaped."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).translate(_HTML)


def _name(entry: Entry) -> bytes:
    """The text that stands for a manager; an apply's apiVersion is no part of it."""
    return identifier({**entry, "apiVersion": ""} if entry["operation"] == "Apply" else entry)


def _manager_text(entry: Entry) -> str:
    text = go_quote(entry.get("manager", ""))
    if entry.get("subresource"):
        text += f" with subresource {go_quote(entry['subresource'])}"
    return text if entry["operation"] == "Apply" else f"{text} using {entry['apiVersion']}"
