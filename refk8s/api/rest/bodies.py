"""Bodies: what a request sends, as a decoded and defaulted document of the right kind, name and namespace.

Source: apiserver/pkg/endpoints/handlers/{create,update,patch,rest}.go; registry/rest/meta.go.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import orjson

from .. import schema
from ..default import DecodeError
from ..patch import CONTENT_TYPES, PatchError, apply_patch, go_text, invalid_patch, patch_status
from ..patch.unstructured import conversion_error
from ..status import Rejected, bad_request, go_quote, unsupported_media_type
from ..store import Document
from .call import Call

if TYPE_CHECKING:
    from .api import Api

SYSTEM_FIELDS: Final = ("creationTimestamp", "uid", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")
_PATCH_TYPES: Final = frozenset(CONTENT_TYPES.values())
_SCHEME: Final = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"


def decoded(api: Api, call: Call, body: Any, kind: str = "", api_version: str = "") -> Document:
    """The body as a document of the resource's kind (or another one), with apiVersion, kind and metadata."""
    row = call.row
    kind, api_version = kind or row.kind, api_version or row.api_version
    if body.__class__ is not dict:
        shown = orjson.dumps(body)[:30].hex()
        text = f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind"
        raise Rejected(bad_request(f"{text}; json parse error: json: cannot unmarshal into Go value ({shown})"))
    has_kind, has_version = body.get("kind"), body.get("apiVersion")
    if (has_kind and has_kind != kind) or (has_version and has_version != api_version):
        _refuse_kind(kind, api_version, str(has_kind or kind), str(has_version or api_version))
    try:
        document, unknown = api.decode(kind, api_version, body)
    except DecodeError as error:
        version = api_version.rpartition("/")[2]
        raise Rejected(
            bad_request(f"{kind} in version {go_quote(version)} cannot be handled as a {kind}: {error}")
        ) from None
    if unknown:
        report_unknown(call, kind, api_version, unknown)
    if not has_kind or not has_version or "metadata" not in document:
        document = {"metadata": {}, **document, "kind": kind, "apiVersion": api_version}
    return document


def report_unknown(call: Call, kind: str, api_version: str, unknown: tuple[str, ...]) -> None:
    """Warn of fields that the kind does not have, or reject them, as the request's fieldValidation says (default: Warn)."""
    directive = call.request.options.get("fieldValidation") or "Warn"
    texts = tuple(f"unknown field {go_quote(path)}" for path in unknown)
    if directive == "Warn":
        call.warn(*texts)
    elif directive == "Strict":
        version = api_version.rpartition("/")[2]
        handled = f"{kind} in version {go_quote(version)} cannot be handled as a {kind}"
        raise Rejected(bad_request(f"{handled}: strict decoding error: {', '.join(texts)}"))


def _refuse_kind(kind: str, api_version: str, has_kind: str, has_version: str) -> None:
    version = has_version.rpartition("/")[2]
    handled = f"{has_kind} in version {go_quote(version)} cannot be handled as a {kind}"
    if (has_version, has_kind) in _registered():
        internal = api_version.rpartition("/")[0].partition(".")[0] or "core"
        why = f"converting ({version}.{has_kind}) to ({internal}.{kind}): unknown conversion"
    else:
        why = f"no kind {go_quote(has_kind)} is registered for version {go_quote(has_version)} in scheme {go_quote(_SCHEME)}"
    raise Rejected(bad_request(f"{handled}: {why}"))


@cache
def _registered() -> frozenset[tuple[str, str]]:
    """(apiVersion, kind) of what upstream's scheme knows, as far as the schema here does, and of their lists."""
    pairs = schema.kinds()
    lists = tuple((version, f"{kind}List") for version, kind in pairs)
    return frozenset((*pairs, *lists, ("v1", "List"), ("v1", "Status"), ("v1", "Binding")))


def in_namespace(call: Call, metadata: Document) -> None:
    """Give `metadata` (a private copy) the request's namespace. Rejects a different one."""
    wanted = call.request.namespace if call.row.namespaced else ""
    have = metadata.get("namespace", "")
    if have == wanted:
        return
    if not have:
        metadata["namespace"] = wanted
    elif not wanted:
        del metadata["namespace"]
    else:
        text = "the namespace of the provided object does not match the namespace sent on the request"
        raise Rejected(bad_request(text))


def check_name(call: Call, metadata: Document) -> None:
    """Reject a body whose name is not that of the request."""
    have, wanted = metadata.get("name", ""), call.request.name
    if not have:
        text = f"the name of the object ({wanted} based on URL) was undeterminable: name must be provided"
        raise Rejected(bad_request(text))
    if have != wanted:
        raise Rejected(bad_request(f"the name of the object ({have}) does not match the name on the URL ({wanted})"))


def dedup_owners(call: Call, metadata: Document) -> None:
    """Drop repeated ownerReferences from `metadata` (a private copy), with a warning. Source: handlers/rest.go, dedupOwnerReferences."""
    owners = metadata.get("ownerReferences")
    if not owners or len(owners) == 1:
        return
    kept: list[Any] = []
    repeated: list[str] = []
    for owner in owners:
        if owner not in kept:
            kept.append(owner)
        elif owner.get("uid", "") not in repeated:
            repeated.append(owner.get("uid", ""))
    if repeated:
        metadata["ownerReferences"] = kept
        call.warn(
            ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24;"
            f" please fix your requests; duplicate UID(s) observed: {', '.join(repeated)}"
        )


def patched(api: Api, call: Call, document: Document, kind: str = "", api_version: str = "") -> Document:
    """The decoded document that the request's patch makes of `document`, its name and namespace checked."""
    kind, api_version = kind or call.row.kind, api_version or call.row.api_version
    patch_type = call.request.options.get("patchType", "strategic")
    patch = call.request.body
    if patch_type not in _PATCH_TYPES:
        # DEVIATES: server-side apply is not served yet, because field ownership on apply is the API issue's
        raise Rejected(unsupported_media_type(tuple(CONTENT_TYPES)))
    try:
        made = apply_patch(patch_type, f"{api_version}/{kind}", document, patch)
    except PatchError as error:
        raise Rejected(patch_status(patch_type, error)) from None
    try:
        after, unknown = api.decode(kind, api_version, made)
    except DecodeError as error:
        if patch_type == "strategic":
            why = conversion_error(schema.of_kind(kind, api_version), document, made) or str(error)
            raise Rejected(invalid_patch(go_text(patch), why)) from None
        raise Rejected(invalid_patch(orjson.dumps(made).decode(), str(error))) from None
    if unknown:
        _report_unknown_in_patch(call, patch_type, patch, made, unknown)
    metadata = dict(after["metadata"])
    in_namespace(call, metadata)
    check_name(call, metadata)
    return {**after, "kind": kind, "apiVersion": api_version, "metadata": metadata}


def _report_unknown_in_patch(call: Call, patch_type: Any, patch: Any, made: Any, unknown: tuple[str, ...]) -> None:
    directive = call.request.options.get("fieldValidation") or "Warn"
    texts = tuple(f"unknown field {go_quote(path)}" for path in unknown)
    if directive == "Warn":
        call.warn(*texts)
    elif directive == "Strict":
        shown = go_text(patch) if patch_type == "strategic" else orjson.dumps(made).decode()
        raise Rejected(invalid_patch(shown, f"strict decoding error: {', '.join(texts)}"))
