"""Event. Source: staging/src/k8s.io/api/core/v1/types.go, Event."""

import attrs

from refk8s.kinds.meta import NO_METADATA, NO_REFERENCE, ObjectMeta, ObjectReference

__all__ = ["Event", "EventSeries", "EventSource"]


@attrs.frozen(weakref_slot=False)
class EventSource:
    component: str = ""
    host: str = ""


@attrs.frozen(weakref_slot=False)
class EventSeries:
    count: int = 0
    last_observed_time: str = ""


@attrs.frozen(weakref_slot=False)
class Event:
    metadata: ObjectMeta = NO_METADATA
    involved_object: ObjectReference = NO_REFERENCE
    reason: str = ""
    message: str = ""
    source: EventSource = EventSource()
    first_timestamp: str = ""
    last_timestamp: str = ""
    count: int = 0
    type: str = ""
    event_time: str = ""
    series: EventSeries | None = None
    action: str = ""
    related: ObjectReference | None = None
    reporting_component: str = ""
    reporting_instance: str = ""
