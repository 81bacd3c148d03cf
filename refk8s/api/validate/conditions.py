"""Conditions of the common type, `metav1.Condition`. Source: apimachinery/pkg/apis/meta/v1/validation/validation.go, ValidateConditions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from refk8s.api.validate.errors import Errors, duplicate, invalid, invalid_all, named, not_supported, required, too_long
from refk8s.kinds.names import label_key

Doc = Mapping[str, Any]

_STATUSES: Final = ("False", "True", "Unknown")
_REASON: Final = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
_REASON_MAX, _MESSAGE_MAX = 1024, 32 * 1024
_BAD_REASON: Final = (
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or "
    "'_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or "
    f"'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '{_REASON}')"
)


def conditions(listed: Sequence[Doc], path: str) -> Errors:
    """Each type once, and each condition whole."""
    errors: Errors = []
    seen: set[str] = set()
    for i, condition in enumerate(listed):
        kind, at = condition.get("type") or "", f"{path}[{i}]"
        if kind in seen:
            errors.append(duplicate(f"{at}.type", kind))
        seen.add(kind)
        errors += invalid_all(f"{at}.type", kind, label_key(kind)) + _condition(condition, at)
    return errors


def _condition(condition: Doc, path: str) -> Errors:
    status, reason = condition.get("status") or "", condition.get("reason") or ""
    errors: Errors = []
    if status not in _STATUSES:
        errors.append(not_supported(f"{path}.status", named(status), _STATUSES))
    observed = condition.get("observedGeneration") or 0
    if observed < 0:
        errors.append(invalid(f"{path}.observedGeneration", observed, "must be greater than or equal to zero"))
    if condition.get("lastTransitionTime") is None:
        errors.append(required(f"{path}.lastTransitionTime"))
    if not reason:
        errors.append(required(f"{path}.reason"))
    else:
        if not re.fullmatch(_REASON, reason):
            errors.append(invalid(f"{path}.reason", reason, _BAD_REASON))
        if len(reason.encode()) > _REASON_MAX:
            errors.append(too_long(f"{path}.reason", _REASON_MAX))
    if len((condition.get("message") or "").encode()) > _MESSAGE_MAX:
        errors.append(too_long(f"{path}.message", _MESSAGE_MAX))
    return errors
