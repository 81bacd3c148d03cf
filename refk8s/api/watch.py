"""Watch as a pure function: the events after a revision, for a namespace and selectors, as a watcher of the API sees them.

Informers in the World read the store's streams directly; this is for clients of the API: tests, the recorded corpus, HTTP.
Source: apiserver/pkg/storage/cacher/{cacher,cache_watcher,watch_cache_interval}.go; endpoints/handlers/{get,watch}.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

import attrs

from .listoptions import validate_list_options
from .registry import Resource
from .selectors import predicate
from .status import WATCH_TOO_OLD, ApiError, Rejected, bad_request, expired
from .store import ADDED, DELETED, MODIFIED, Change, Document, Expired, Store
from .versions import as_requested

BOOKMARK: Final = "BOOKMARK"
ERROR: Final = "ERROR"
INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"

Matches = Callable[[Document], bool]


@attrs.frozen(eq=False)
class Event:
    """One watch event: `type` is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR, `object` the document that it carries."""

    type: str
    object: Document


@attrs.frozen(eq=False)
class Watch:
    """An open watch: what it showed at its start, and the revision after which changes count."""

    resource: str
    namespace: str
    matches: Matches | None
    initial: tuple[Event, ...]
    revision: int
    present: Callable[[Document], Document] | None = None

    def events(self, store: Store) -> tuple[Event, ...]:
        """All events up to `store`, a later version of the store that the watch was opened on."""
        if self.initial and self.initial[-1].type == ERROR:
            return self.initial
        try:
            found = self.initial + tuple(changes(store, self.resource, self.revision, self.namespace, self.matches))
            return found if self.present is None else tuple(self.shown(event) for event in found)
        except Expired:
            return (*self.initial, _too_old())

    def shown(self, event: Event) -> Event:
        """The event with its object in the version that is watched."""
        if self.present is None or event.type in (BOOKMARK, ERROR):
            return event
        return Event(event.type, self.present(event.object))


def open_watch(
    store: Store, row: Resource, namespace: str, options: Mapping[str, Any], name: str = ""
) -> Watch | ApiError:
    """The watch that a request opens, or the refusal. A revision that is compacted away gives a watch of one ERROR event, as upstream.

    Without a resourceVersion, or from "0", it starts with ADDED events of all there is; so it does with `sendInitialEvents`, which ends them with a bookmark
    if bookmarks are allowed.
    """
    try:
        problem = validate_list_options(options, is_watch=True)
        if problem is not None:
            return problem
        fields = options.get("fieldSelector") or ""
        if name:
            fields = f"metadata.name={name}"
        labels = options.get("labelSelector") or ""
        matches = predicate(row, labels, fields) if labels or fields else None
    except Rejected as rejected:
        return rejected.error
    present = partial(as_requested, row) if row.converts else None
    version = options.get("resourceVersion") or ""
    if version and not (version.isascii() and version.isdigit()):
        message = f'resourceVersion: Invalid value: "{version}": strconv.ParseUint: parsing "{version}": invalid syntax'
        return bad_request(f"invalid resource version: {message}")
    wanted = int(version or "0")
    initial = _truth(options.get("sendInitialEvents"))
    if initial or (wanted == 0 and initial is None):
        events = [*_current(store, row.key, namespace, matches)]
        if initial and _truth(options.get("allowWatchBookmarks")):
            events.append(_initial_end(row, store.revision))
        return Watch(row.key, namespace, matches, tuple(events), store.revision, present)
    start = wanted or store.revision
    if start < store.compacted:
        return Watch(row.key, namespace, matches, (_too_old(),), start)
    return Watch(row.key, namespace, matches, (), start, present)


def changes(store: Store, resource: str, revision: int, namespace: str, matches: Matches | None) -> Iterator[Event]:
    """The events of a resource after `revision`. Raises Expired if some of them are compacted away."""
    for change in store.since(resource, revision):
        if namespace and change.obj.namespace != namespace:
            continue
        event = seen(change, matches)
        if event is not None:
            yield event


def seen(change: Change, matches: Matches | None) -> Event | None:
    """A commit as a watcher with a selector sees it: entering is ADDED, leaving DELETED with the old content and the new revision."""
    document = change.obj.document
    if matches is None:
        return Event(change.type, document)
    now = change.type != DELETED and matches(document)
    before = change.prev is not None and matches(change.prev.document)
    if now:
        return Event(MODIFIED if before else ADDED, document)
    if not before or change.prev is None:
        return None
    last = change.prev.document
    metadata = {**last["metadata"], "resourceVersion": str(change.revision)}
    return Event(DELETED, {**last, "metadata": metadata})


def _current(store: Store, resource: str, namespace: str, matches: Matches | None) -> Iterator[Event]:
    for stored in store.collection(resource).cache(resource).all(namespace):
        if matches is None or matches(stored.document):
            yield Event(ADDED, stored.document)


def _initial_end(row: Resource, revision: int) -> Event:
    metadata = {"resourceVersion": str(revision), "annotations": {INITIAL_EVENTS_END: "true"}}
    return Event(BOOKMARK, {"kind": row.kind, "apiVersion": row.api_version, "metadata": metadata})


def _too_old() -> Event:
    return Event(ERROR, expired(WATCH_TOO_OLD).doc())


def _truth(value: Any) -> bool | None:
    """A boolean query parameter as upstream reads it: "", "0" and "false" are false, all else is true; None if absent."""
    if value is None or isinstance(value, bool):
        return value
    return str(value).lower() not in ("", "0", "false")
