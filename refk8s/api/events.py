"""Events of events.k8s.io/v1: another form of the core group's Events, as which they are stored.

Source: pkg/apis/events/v1/conversion.go.
"""

from __future__ import annotations

from typing import Any, Final

Doc = dict[str, Any]

API_VERSION: Final = "events.k8s.io/v1"

_NAMES: Final = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
_CORE_NAMES: Final = {core: name for name, core in _NAMES.items()}
_OMITTED_HERE: Final = ("reportingController", "reportingInstance")
"""Fields that are left out when they are empty, and are not in the core group."""


def as_requested(event: Doc) -> Doc:
    """A core Event as one of events.k8s.io."""
    if event.get("apiVersion") == API_VERSION:
        return event
    made = {_CORE_NAMES.get(name, name): value for name, value in event.items()}
    for name in _OMITTED_HERE:
        if not made.get(name):
            made.pop(name, None)
    series = made.get("series")
    if series is not None:
        made["series"] = {"count": series.get("count", 0), "lastObservedTime": series.get("lastObservedTime")}
    return {**made, "apiVersion": API_VERSION}


def as_stored(event: Doc) -> Doc:
    """An Event of events.k8s.io as a core one."""
    if event.get("apiVersion") != API_VERSION:
        return event
    made = {_NAMES.get(name, name): value for name, value in event.items()}
    for name in ("involvedObject", "source"):
        made.setdefault(name, {})
    for name in ("eventTime", "firstTimestamp", "lastTimestamp"):
        made.setdefault(name, None)
    for name in ("reportingComponent", "reportingInstance"):
        made.setdefault(name, "")
    series = made.get("series")
    if series is not None:
        made["series"] = {name: value for name, value in series.items() if name != "count" or value}
    return {**made, "apiVersion": "v1"}
