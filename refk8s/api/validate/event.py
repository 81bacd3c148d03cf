"""Events of the core group, and the stricter rules of events.k8s.io. Source: pkg/apis/core/validation/events.go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate.errors import Errors, invalid, invalid_all, named, required
from refk8s.api.validate.meta import IMMUTABLE, SUBDOMAIN, Checked, full, full_update
from refk8s.kinds.names import dns1123_subdomain, label_key

Doc = Mapping[str, Any]

_TEXT_MAX, _MESSAGE_MAX = 128, 1024
_ELSEWHERE = "does not match event.namespace"


def create(event: Doc, meta: Checked) -> Errors:
    """A new Event; one with an eventTime follows the newer rules: legacyValidateEvent."""
    return _legacy(event, meta, "reportingComponent")


def create_strictly(event: Doc, meta: Checked) -> Errors:
    """A new Event of events.k8s.io, in its stored form: ValidateEventCreate."""
    errors = _legacy(event, meta, "reportingController") + full(meta, SUBDOMAIN, namespaced=True)
    errors += _series(event)
    if event.get("eventTime") is None:
        errors.append(required("eventTime"))
    if event.get("type") not in ("Normal", "Warning"):
        errors.append(invalid("type", "", f"has invalid value: {event.get('type') or ''}"))
    source = event.get("source") or {}
    given = {
        "firstTimestamp": event.get("firstTimestamp"),
        "lastTimestamp": event.get("lastTimestamp"),
        "count": event.get("count"),
        "source": source.get("component") or source.get("host"),
    }
    return errors + [invalid(name, "", "needs to be unset") for name, value in given.items() if value]


def update_strictly(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed Event of events.k8s.io, in its stored form: ValidateEventUpdate. Only its series and metadata may change."""
    errors = _legacy(new, meta, "reportingController") + full_update(meta, old["metadata"])
    if new.get("series") != old.get("series"):
        errors += _series(new)
    for name in _FROZEN:
        if (new.get(name) or None) != (old.get(name) or None):
            errors.append(invalid(_FIELDS.get(name, name), _internal(name, new.get(name)), IMMUTABLE))
    return errors


_FROZEN = (
    *("involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "reason", "type"),
    *("eventTime", "action", "related", "reportingComponent", "reportingInstance"),
)
_FIELDS = {"reportingComponent": "reportingController"}
_REFERENCE = {
    "Kind": "kind",
    "Namespace": "namespace",
    "Name": "name",
    "UID": "uid",
    "APIVersion": "apiVersion",
    "ResourceVersion": "resourceVersion",
    "FieldPath": "fieldPath",
}
_SOURCE = {"Component": "component", "Host": "host"}


def _internal(name: str, value: Any) -> Any:
    """The value as Go prints that of the internal type."""
    if name in ("involvedObject", "related", "source"):
        fields = _SOURCE if name == "source" else _REFERENCE
        return None if value is None else {field: value.get(key) or "" for field, key in fields.items()}
    if name.endswith(("Time", "Timestamp")):
        return named(value)
    return (value or 0) if name == "count" else value or ""


def _series(event: Doc) -> Errors:
    series = event.get("series")
    if series is None:
        return []
    errors: Errors = []
    if (series.get("count") or 0) < 2:
        errors.append(invalid("series.count", "", "should be at least 2"))
    if series.get("lastObservedTime") is None:
        errors.append(required("series.lastObservedTime"))
    return errors


def _legacy(event: Doc, meta: Checked, controller_field: str) -> Errors:
    namespace = meta.meta.get("namespace") or ""
    about = event["involvedObject"].get("namespace") or ""
    errors: Errors = []
    if event.get("eventTime") is None:
        elsewhere = namespace != about if about else namespace not in ("", "default")
        if elsewhere:
            errors.append(invalid("involvedObject.namespace", about, _ELSEWHERE))
    else:
        if not about and namespace not in ("default", "kube-system"):
            errors.append(invalid("involvedObject.namespace", about, _ELSEWHERE))
        controller = event.get("reportingComponent") or ""
        if not controller:
            errors.append(required(controller_field))
        errors += invalid_all(controller_field, controller, label_key(controller))
        for key in ("reportingInstance", "action", "reason"):
            errors += _short_text(event.get(key) or "", key)
        if len((event.get("message") or "").encode(errors="surrogatepass")) > _MESSAGE_MAX:
            errors.append(invalid("message", "", f"can have at most {_MESSAGE_MAX} characters"))
    return errors + invalid_all("namespace", namespace, dns1123_subdomain(namespace))


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed Event: the same rules, whatever it was before."""
    return create(new, meta)


def _short_text(text: str, path: str) -> Errors:
    if not text:
        return [required(path)]
    too_long = len(text.encode(errors="surrogatepass")) > _TEXT_MAX
    return [invalid(path, "", f"can have at most {_TEXT_MAX} characters")] if too_long else []
