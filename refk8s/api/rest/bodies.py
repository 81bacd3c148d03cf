"""Bodies: what a request sends, as a decoded and defaulted document of the right kind, name and namespace.

Source: apiserver/pkg/endpoints/handlers/{create,update,patch,rest}.go; registry/rest/meta.go.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from .. import schema
from ..apply import Applier, apply, shown
from ..default import DecodeError
from ..patch import CONTENT_TYPES, PatchError, PatchType, apply_patch, go_text, invalid_patch, patch_status
from ..patch.errors import json_name
from ..patch.unstructured import conversion_error
from ..registry import Resource
from ..status import Rejected, bad_request, conflict, go_quote, unclassified, unsupported_media_type
from ..store import Document
from ..strict import patch_errors, read_json, read_json_telling, strict_errors, strict_message, without_repetitions
from ..yaml import BadYaml, read_yaml
from .call import Call

if TYPE_CHECKING:
    from .api import Api

SYSTEM_FIELDS: Final = ("creationTimestamp", "uid", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")
PUT_SYSTEM_FIELDS: Final = (*SYSTEM_FIELDS, "resourceVersion")
_SHOWN_BYTES: Final = 30
APPLY: Final = "application/apply-patch+yaml"
_PATCH_TYPES: Final = frozenset(CONTENT_TYPES.values())
_SCHEME: Final = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"


def decoded(
    api: Api, call: Call, body: Any, kind: str = "", api_version: str = "", old: Document | None = None
) -> Document:
    """The body as a document of the resource's kind (or another one), with apiVersion, kind and metadata.

    A body is a JSON tree, or JSON text as a client sent it, which can name a field twice. `old`: the stored document that it is to replace.
    """
    row = call.row
    kind, api_version = kind or row.kind, api_version or row.api_version
    strict: tuple[str, ...] = ()
    custom = row.custom and kind == row.kind
    sent = body
    if body.__class__ is str:
        parse = _parsed_yaml if is_yaml(call) else _parsed
        body, strict = parse(body, kind, "" if custom else api_version)
    if body.__class__ is not dict:
        raise Rejected(bad_request(_unrecognized(kind, _json(body).encode(), "json: cannot unmarshal into Go value")))
    has_kind, has_version = body.get("kind"), body.get("apiVersion")
    if custom:
        _check_custom(row, body, sent)
    elif (has_kind and has_kind != kind) or (has_version and has_version != api_version):
        _refuse_kind(kind, api_version, str(has_kind or kind), str(has_version or api_version))
    try:
        made = api.read_body(call, kind, api_version, body, old)
    except DecodeError as error:
        raise Rejected(bad_request(f"{_handled(kind, api_version)}: {error}")) from None
    document = made.doc
    if made.unknown or strict:
        if custom:
            strict += tuple(f"unknown field {go_quote(path)}" for path in made.unknown)
        elif not strict or is_yaml(call):
            strict += strict_errors(schema.of_kind(kind, api_version), body)
        if field_validation(call) == "Strict":
            raise Rejected(bad_request(f"{_handled(kind, api_version)}: {strict_message(strict)}"))
        if field_validation(call) == "Warn":
            call.warn(*strict)
    if custom:
        return document if "metadata" in document else {"metadata": {}, **document}
    if not has_kind or not has_version or "metadata" not in document:
        document = {"metadata": {}, **document, "kind": kind, "apiVersion": api_version}
    return document


def _check_custom(row: Resource, body: Document, sent: Any) -> None:
    """Reject a custom resource that does not say what it is, or is of another version. Source: unstructured/unstructured.go; handlers/create.go."""
    for name in ("kind", "apiVersion"):
        value = body.get(name)
        if not value or not isinstance(value, str):
            text = sent if isinstance(sent, str) else _json(sent)
            why = f"Object '{'Kind' if name == 'kind' else name}' is missing in '{text}'"
            raise Rejected(bad_request(_unrecognized(row.kind, text.encode(errors="replace"), why, "")))
    if body["apiVersion"] != row.api_version:
        text = f"the API version in the data ({body['apiVersion']}) does not match the expected API version ({row.api_version})"
        raise Rejected(bad_request(text))


def field_validation(call: Call) -> str:
    """What to do about unknown and repeated fields: Ignore, Warn (the default) or Strict."""
    return call.request.options.get("fieldValidation") or "Warn"


def _parsed(text: str, kind: str, api_version: str) -> tuple[Any, tuple[str, ...]]:
    of = schema.of_kind(kind, api_version) if api_version else None
    try:
        read, repeated = read_json_telling(text)
    except json.JSONDecodeError as error:
        raise Rejected(
            bad_request(_unrecognized(kind, text.encode(errors="replace"), go_parse_error(text, error)))
        ) from None
    if not repeated:
        return read, ()  # fields that the type does not have are found as the body is decoded
    return without_repetitions(of, read), strict_errors(of, read)


def is_yaml(call: Call) -> bool:
    """Whether a body that is text is YAML."""
    return "yaml" in call.request.options.get("contentType", "")


def _parsed_yaml(text: str, kind: str, api_version: str) -> tuple[Any, tuple[str, ...]]:
    try:
        return read_yaml(text)
    except BadYaml as error:
        raise Rejected(bad_request(_unrecognized(kind, text.encode(errors="replace"), str(error), ""))) from None


def _handled(kind: str, api_version: str) -> str:
    return f"{kind} in version {go_quote(api_version.rpartition('/')[2])} cannot be handled as a {kind}"


def _unrecognized(kind: str, body: bytes, why: str, what: str = "couldn't get version/kind; json parse error: ") -> str:
    shown = f"{body[:_SHOWN_BYTES].hex()} ..." if len(body) > _SHOWN_BYTES else body.hex()
    return f"the object provided is unrecognized (must be of type {kind}): {what}{why} ({shown})"


_EXPECTED: Final = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after object key:value pair",
    "Extra data": "after top-level value",
    "Invalid control character at": "in string literal",
}


def go_parse_error(text: str, error: json.JSONDecodeError) -> str:
    """A parse error in the words of Go's decoder, as nearly as Python's own tells what it met."""
    if error.pos >= len(text):
        return "unexpected end of JSON input"
    expected = _EXPECTED.get(error.msg, "looking for beginning of value")
    return f"invalid character '{text[error.pos]}' {expected}"


def _refuse_kind(kind: str, api_version: str, has_kind: str, has_version: str) -> None:
    version = has_version.rpartition("/")[2]
    handled = f"{has_kind} in version {go_quote(version)} cannot be handled as a {kind}"
    raise Rejected(bad_request(f"{handled}: {_inconvertible(kind, api_version, has_kind, has_version)}"))


def _inconvertible(kind: str, api_version: str, has_kind: str, has_version: str) -> str:
    """Why an object of one kind cannot be read as another, in upstream's words."""
    if (has_version, has_kind) in _registered():
        internal = api_version.rpartition("/")[0].partition(".")[0] or "core"
        version = has_version.rpartition("/")[2]
        return f"converting ({version}.{has_kind}) to ({internal}.{kind}): unknown conversion"
    known = f"no kind {go_quote(has_kind)} is registered for version {go_quote(has_version)}"
    return f"{known} in scheme {go_quote(_SCHEME)}"


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
    patch_type, patch, strict = _patch_of(call)
    try:
        made = apply_patch(patch_type, f"{api_version}/{kind}", document, patch)
    except PatchError as error:
        raise Rejected(patch_status(patch_type, error)) from None
    has_kind, has_version = kind, api_version
    if made.__class__ is dict:
        has_kind, has_version = str(made.get("kind") or kind), str(made.get("apiVersion") or api_version)
    if (has_kind != kind or has_version != api_version) and patch_type != "strategic":
        why = _inconvertible(kind, api_version, has_kind, has_version)
        raise Rejected(invalid_patch(_shown(patch_type, patch, made), why))
    of = api.type_of(call.row, kind, api_version)
    try:
        after = api.read_body(call, kind, api_version, made, document)
    except DecodeError as error:
        why = str(error)
        if patch_type == "strategic":
            why = conversion_error(of, document, made) or why
        raise Rejected(invalid_patch(_shown(patch_type, patch, made), why)) from None
    if after.unknown or strict:
        if call.row.custom and kind == call.row.kind:
            strict += tuple(f"unknown field {go_quote(path)}" for path in after.unknown)
        else:
            strict += strict_errors(of, made if patch_type == "strategic" else _by_key(made))
        if field_validation(call) == "Strict":
            raise Rejected(invalid_patch(_shown(patch_type, patch, made), strict_message(strict)))
        if field_validation(call) == "Warn":
            call.warn(*strict)
    metadata = dict(after.doc["metadata"])
    in_namespace(call, metadata)
    check_name(call, metadata)
    return {**after.doc, "kind": kind, "apiVersion": api_version, "metadata": metadata}


def applied(api: Api, call: Call, who: Applier, live: Document | None) -> tuple[Document, list[Any]]:
    """(the decoded document in which the request's configuration is applied to `live`, its managedFields).

    Source: applyPatcher and applyPatch in endpoints/handlers/patch.go.
    """
    patch, strict = _configuration(call)
    made, entries = apply(who, live, patch, force=api.forces(call))
    if strict and field_validation(call) == "Strict":
        raise Rejected(bad_request(f"error strict decoding YAML: {strict[0]}"))
    if strict and field_validation(call) == "Warn":
        call.warn(*strict)
    document = made
    if made is not live:
        try:
            document = api.read_body(call, who.kind, who.api_version, made, live).doc
        except DecodeError as error:
            why = conversion_error(who.of, live or {}, made) or str(error)
            group, _, version = who.api_version.rpartition("/")
            text = f"unable to convert unstructured object to {group}/{version}, Kind={who.kind}: {why}"
            message = f"failed to convert new object ({shown(patch)}) to proper version: {text}"
            raise Rejected(unclassified(message)) from None
    metadata = dict(document["metadata"])
    if live is None and metadata.get("uid"):
        why = f"uid mismatch: the provided object specified uid {metadata['uid']}, and no existing object was found"
        raise Rejected(conflict(call.row.group, call.row.plural, call.request.name, why))
    in_namespace(call, metadata)
    check_name(call, metadata)
    dedup_owners(call, metadata)
    return {**document, "kind": who.kind, "apiVersion": who.api_version, "metadata": metadata}, entries


def _configuration(call: Call) -> tuple[Document, tuple[str, ...]]:
    """The body of an apply, and what strict reading finds wrong with it."""
    body = call.request.body
    strict: tuple[str, ...] = ()
    if body.__class__ is str:
        try:
            body, twice = read_yaml(body)
        except BadYaml as error:
            raise Rejected(bad_request(f"error decoding YAML: error converting YAML to JSON: {error}")) from None
        strict = tuple(f"error converting YAML to JSON: {text}" for text in twice)
    if body is None:
        return {}, strict
    if not isinstance(body, dict):
        target = f"json: cannot unmarshal {json_name(body)} into Go value of type map[string]interface {{}}"
        raise Rejected(bad_request(f"error decoding YAML: error unmarshaling JSON: {target}"))
    return body, strict


def _patch_of(call: Call) -> tuple[PatchType, Any, tuple[str, ...]]:
    """The type of the patch, its body, and what strict reading finds wrong with it."""
    patch_type, patch = call.request.options.get("patchType", "strategic"), call.request.body
    if patch_type not in _PATCH_TYPES or (call.row.custom and patch_type == "strategic"):
        served = [name for name, of in CONTENT_TYPES.items() if not (call.row.custom and of == "strategic")]
        raise Rejected(unsupported_media_type((*served, APPLY)))
    if patch.__class__ is str:
        try:
            patch = read_json(patch)
        except json.JSONDecodeError as error:
            raise Rejected(bad_request(go_parse_error(patch, error))) from None
    elif patch.__class__ is dict and patch_type != "json":
        return patch_type, patch, ()
    if field_validation(call) == "Ignore":
        return patch_type, without_repetitions(None, patch), ()
    refusal, strict = patch_errors(patch_type, patch)
    if refusal is not None:
        raise Rejected(refusal)
    return patch_type, without_repetitions(None, patch), strict


def _by_key(value: Any) -> Any:
    """The tree with sorted keys: upstream writes the result of such a patch to JSON before it reads it."""
    if isinstance(value, dict):
        return {key: _by_key(value[key]) for key in sorted(value)}
    return [_by_key(item) for item in value] if isinstance(value, list) else value


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _shown(patch_type: PatchType, patch: Any, made: Any) -> str:
    return go_text(patch) if patch_type == "strategic" else _json(made)
