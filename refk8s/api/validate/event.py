"""Events of the core group. Source: pkg/apis/core/validation/events.go, legacyValidateEvent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate.errors import Errors, invalid, invalid_all, required
from refk8s.api.validate.meta import Checked
from refk8s.kinds.names import dns1123_subdomain, label_key

Doc = Mapping[str, Any]

_TEXT_MAX, _MESSAGE_MAX = 128, 1024
_ELSEWHERE = "does not match event.namespace"


def create(event: Doc, meta: Checked) -> Errors:
    """A new Event; one with an eventTime follows the newer rules."""
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
            errors.append(required("reportingComponent"))
        errors += invalid_all("reportingComponent", controller, label_key(controller))
        for key in ("reportingInstance", "action", "reason"):
            errors += _short_text(event.get(key) or "", key)
        if len((event.get("message") or "").encode()) > _MESSAGE_MAX:
            errors.append(invalid("message", "", f"can have at most {_MESSAGE_MAX} characters"))
    return errors + invalid_all("namespace", namespace, dns1123_subdomain(namespace))


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed Event: the same rules, whatever it was before."""
    return create(new, meta)


def _short_text(text: str, path: str) -> Errors:
    if not text:
        return [required(path)]
    too_long = len(text.encode()) > _TEXT_MAX
    return [invalid(path, "", f"can have at most {_TEXT_MAX} characters")] if too_long else []
