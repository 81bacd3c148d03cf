"""The options of writes and deletes: reading them from a request and checking them.

Source: apimachinery/pkg/apis/meta/v1/validation/validation.go; apiserver/pkg/endpoints/handlers/delete.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from . import schema
from .default.decode import DecodeError, decode
from .status import Rejected, bad_request, cause, go_quote, invalid

Causes = list[dict[str, str]]

_KINDS: Final = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}
_PROPAGATION: Final = ("Foreground", "Background", "Orphan")
_FIELD_VALIDATION: Final = ("", "Ignore", "Warn", "Strict")
_SCHEME: Final = "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"
_UNSUPPORTED: Final = "FieldValueNotSupported"
MAX_MANAGER: Final = 128


@attrs.frozen
class DeleteOptions:
    """How to delete.

    `grace_s` None: the object's own period. `propagation`: "", Orphan, Background or Foreground. `orphan`: the old field orphanDependents. Preconditions are ""
    where absent.
    """

    grace_s: int | None = None
    propagation: str = ""
    uid: str = ""
    resource_version: str = ""
    orphan: bool | None = None


NO_DELETE_OPTIONS: Final = DeleteOptions()


def delete_options(body: Any, options: Mapping[str, Any]) -> DeleteOptions:
    """The options of a delete: those of its body, or if that is empty, of the request. Rejects invalid ones."""
    given: Mapping[str, Any] = _read_body(body) if body else options
    if not given:
        return NO_DELETE_OPTIONS
    causes: Causes = []
    propagation, orphan = given.get("propagationPolicy"), given.get("orphanDependents")
    if orphan is not None and propagation is not None:
        text = f"Invalid value: {go_quote(propagation)}: orphanDependents and deletionPropagation cannot be both set"
        causes.append(cause("FieldValueInvalid", text, "propagationPolicy"))
    if propagation is not None and propagation not in _PROPAGATION:
        causes.append(_not_supported("propagationPolicy", go_quote(propagation), (*_PROPAGATION, "nil")))
    causes += _dry_run(given)
    if causes:
        raise Rejected(invalid("meta.k8s.io", "DeleteOptions", "", causes))
    preconditions = given.get("preconditions") or {}
    return DeleteOptions(
        given.get("gracePeriodSeconds"),
        propagation or "",
        preconditions.get("uid") or "",
        preconditions.get("resourceVersion") or "",
        orphan,
    )


def check_write_options(verb: str, options: Mapping[str, Any]) -> None:
    """Reject invalid options of a create, update or patch."""
    causes: Causes = []
    if verb == "patch":
        if options.get("patchType") == "apply":
            if not options.get("fieldManager"):
                causes.append(
                    cause("FieldValueRequired", "Required value: is required for apply patch", "fieldManager")
                )
        elif options.get("force") is not None:
            causes.append(cause("FieldValueForbidden", "Forbidden: may not be specified for non-apply patch", "force"))
    causes += _field_manager(options.get("fieldManager") or "")
    causes += _dry_run(options)
    validation = options.get("fieldValidation") or ""
    if validation not in _FIELD_VALIDATION:
        causes.append(_not_supported("fieldValidation", go_quote(validation), _FIELD_VALIDATION))
    if causes:
        raise Rejected(invalid("meta.k8s.io", _KINDS[verb], "", causes))


def is_dry_run(options: Mapping[str, Any], body: Any = None) -> bool:
    """Whether nothing may be stored."""
    return bool(options.get("dryRun") or (isinstance(body, dict) and body.get("dryRun")))


def _read_body(body: Any) -> Mapping[str, Any]:
    try:
        given = decode(schema.named("meta.v1.DeleteOptions"), body).doc
    except DecodeError as error:
        raise Rejected(bad_request(str(error))) from None
    kind, version = given.get("kind"), given.get("apiVersion")
    if kind and kind != "DeleteOptions":
        known = f"no kind {go_quote(kind)} is registered for version {go_quote(version or 'v1')}"
        raise Rejected(bad_request(f"{known} in scheme {go_quote(_SCHEME)}"))
    return given


def _dry_run(options: Mapping[str, Any]) -> Causes:
    given = options.get("dryRun")
    if given is None:
        return []
    values = [given] if isinstance(given, str) else list(given)
    if all(value == "All" for value in values):
        return []
    return [_not_supported("dryRun", f"[{','.join(map(go_quote, values))}]", ("All",))]


def _field_manager(manager: str) -> Causes:
    if not manager or (len(manager) <= MAX_MANAGER and manager.isascii() and manager.isprintable()):
        return []
    found: Causes = []
    if len(manager.encode()) > MAX_MANAGER:
        text = f"Too long: may not be more than {MAX_MANAGER} bytes"
        found.append(cause("FieldValueTooLong", text, "fieldManager"))
    position = 0
    for char in manager:
        if not char.isprintable():
            detail = f"invalid character U+{ord(char):04X} (at position {position})"
            found.append(cause("FieldValueInvalid", f"Invalid value: {go_quote(manager)}: {detail}", "fieldManager"))
        position += len(char.encode())
    return found


def _not_supported(field: str, value: str, supported: tuple[str, ...]) -> dict[str, str]:
    listed = ", ".join(map(go_quote, supported))
    return cause(_UNSUPPORTED, f"Unsupported value: {value}: supported values: {listed}", field)
