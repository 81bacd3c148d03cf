"""API errors as data: upstream's `Status` documents: message, reason, code and details as the real server writes them.

A constructor returns an `ApiError`; `.doc()` is the JSON tree that goes over the wire. Errors never cross the REST
boundary as exceptions; inside the api package a handler may leave early with `Rejected`.
Source: apimachinery/pkg/api/errors/errors.go; apiserver/pkg/storage/errors.go;
apiserver/pkg/endpoints/handlers/responsewriters/status.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
"""What follows the colon when an optimistic-concurrency check fails."""

LIST_TOO_OLD = "The resourceVersion for the provided list is too old."
WATCH_TOO_OLD = "The resourceVersion for the provided watch is too old."

Details = Mapping[str, Any]


@attrs.frozen(slots=True)
class ApiError:
    """A failed answer of the API server.

    `reason` is "" for errors that upstream does not classify (always code 500); `details` is None where upstream sends
    none, which differs from sending an empty object.
    """

    code: int
    reason: str
    message: str
    details: Details | None = None

    def doc(self) -> dict[str, Any]:
        """The `Status` document, keys in upstream's order, empty ones left out."""
        doc: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        if self.message:
            doc["message"] = self.message
        if self.reason:
            doc["reason"] = self.reason
        if self.details is not None:
            doc["details"] = dict(self.details)
        doc["code"] = self.code
        return doc


class Rejected(Exception):
    """Leaves a handler with an `ApiError`; never escapes the api package."""

    def __init__(self, error: ApiError) -> None:
        super().__init__(error.message)
        self.error = error


def success(code: int) -> dict[str, Any]:
    """The `Status` of a request that made something without an object to show, such as a binding (code 201)."""
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": code}


def deleted(group: str, resource: str, name: str, uid: str) -> dict[str, Any]:
    """The `Status` of a delete that removed the object at once (it carries no code)."""
    details = _details(group, resource, name)
    details["uid"] = uid
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def not_found(group: str, resource: str, name: str) -> ApiError:
    """404: no such object."""
    message = f"{qualified(group, resource)} {go_quote(name)} not found"
    return ApiError(404, "NotFound", message, _details(group, resource, name))


def already_exists(group: str, resource: str, name: str) -> ApiError:
    """409: a create met an object of that name."""
    message = f"{qualified(group, resource)} {go_quote(name)} already exists"
    return ApiError(409, "AlreadyExists", message, _details(group, resource, name))


def being_deleted(group: str, resource: str, name: str) -> ApiError:
    """409: a create met an object of that name that has a deletionTimestamp."""
    error = already_exists(group, resource, name)
    return attrs.evolve(error, message=f"object is being deleted: {error.message}")


def generate_name_conflict(group: str, resource: str, name: str, retry_after_s: int = 1) -> ApiError:
    """409: every generated name was taken."""
    message = (
        f"{qualified(group, resource)} {go_quote(name)} already exists, "
        "the server was not able to generate a unique name for the object"
    )
    details = _details(group, resource, name)
    details["retryAfterSeconds"] = retry_after_s
    return ApiError(409, "AlreadyExists", message, details)


def conflict(group: str, resource: str, name: str, why: str = MODIFIED) -> ApiError:
    """409: the write lost against the stored state; by default because its resourceVersion is stale."""
    message = f"Operation cannot be fulfilled on {qualified(group, resource)} {go_quote(name)}: {why}"
    return ApiError(409, "Conflict", message, _details(group, resource, name))


def uid_mismatch(group: str, kind: str, name: str, wanted: str, actual: str) -> ApiError:
    """409: the uid of a delete's preconditions is another object's (checked before the store; names the kind)."""
    why = (
        f"the UID in the precondition ({wanted}) does not match the UID in record ({actual}). "
        "The object might have been deleted and then recreated"
    )
    return conflict(group, kind, name, why)


def resource_version_mismatch(group: str, kind: str, name: str, wanted: str, actual: str) -> ApiError:
    """409: the resourceVersion of a delete's preconditions is stale (checked before the store; names the kind)."""
    why = (
        f"the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record ({actual}). "
        "The object might have been modified"
    )
    return conflict(group, kind, name, why)


def precondition_failed(
    group: str, resource: str, name: str, *, key: str, field: str, wanted: str, actual: str
) -> ApiError:
    """409: the store's own check of a precondition failed; `field` is "UID" or "ResourceVersion", `key` as in etcd."""
    why = (
        f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
        f"Precondition failed: {field} in precondition: {wanted}, {field} in object meta: {actual}"
    )
    return conflict(group, resource, name, why)


def apply_conflict(message: str, causes: Sequence[Mapping[str, str]]) -> ApiError:
    """409: a server-side apply met fields of other managers."""
    return ApiError(409, "Conflict", message, {"causes": [dict(cause) for cause in causes]})


def cause(reason: str, message: str, field: str = "") -> dict[str, str]:
    """One entry of `details.causes`; empty parts are left out."""
    entry = {"reason": reason, "message": message, "field": field}
    return {key: value for key, value in entry.items() if value}


def invalid(group: str, kind: str, name: str, causes: Sequence[Mapping[str, str]]) -> ApiError:
    """422: validation failed; `causes` are the `details.causes` entries, in order, repeated ones included.

    The message names each distinct `field: message` once, in brackets when there are several.
    """
    texts = tuple(dict.fromkeys(f"{entry.get('field', '')}: {entry['message']}" for entry in causes))
    message = f"{qualified(group, kind)} {go_quote(name)} is invalid"
    if len(texts) == 1:
        message += f": {texts[0]}"
    elif texts:
        message += f": [{', '.join(texts)}]"
    details = _details(group, kind, name)
    if causes:
        details["causes"] = [dict(entry) for entry in causes]
    return ApiError(422, "Invalid", message, details)


def forbidden(group: str, resource: str, name: str, why: str) -> ApiError:
    """403: an admission step or authorisation refused the request; `resource` and `name` may be ""."""
    if not resource and not group:
        message = f"forbidden: {why}"
    elif not name:
        message = f"{qualified(group, resource)} is forbidden: {why}"
    else:
        message = f"{qualified(group, resource)} {go_quote(name)} is forbidden: {why}"
    return ApiError(403, "Forbidden", message, _details(group, resource, name))


def bad_request(message: str) -> ApiError:
    """400: the request cannot be understood."""
    return ApiError(400, "BadRequest", message)


def unauthorized(message: str = "not authorized") -> ApiError:
    """401: the client is unknown."""
    return ApiError(401, "Unauthorized", message)


def expired(message: str = LIST_TOO_OLD) -> ApiError:
    """410: a revision asked for has been compacted away."""
    return ApiError(410, "Expired", message)


def gone(message: str) -> ApiError:
    """410 with the older reason `Gone`."""
    return ApiError(410, "Gone", message)


def not_acceptable(media_types: Sequence[str], target: str = "") -> ApiError:
    """406: no media type the client accepts can be served; `target` names a conversion that was asked for."""
    converting = f" when converting to {target}" if target else ""
    message = f"only the following media types are accepted{converting}: {', '.join(media_types)}"
    return ApiError(406, "NotAcceptable", message)


def unsupported_media_type(media_types: Sequence[str]) -> ApiError:
    """415: the body's content type is not understood here."""
    accepted = ", ".join(media_types)
    message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    return ApiError(415, "UnsupportedMediaType", message)


def too_large(message: str) -> ApiError:
    """413: the body exceeds the server's limit."""
    return ApiError(413, "RequestEntityTooLarge", f"Request entity too large: {message}")


def too_many_requests(message: str, retry_after_s: int = 0, causes: Sequence[Mapping[str, str]] = ()) -> ApiError:
    """429: try later; an eviction that a PodDisruptionBudget refuses gives its reason in `causes`."""
    return ApiError(429, "TooManyRequests", message, _retry(retry_after_s, causes))


def method_not_supported(group: str, resource: str, action: str) -> ApiError:
    """405: the resource exists but does not know this verb."""
    message = f"{action} is not supported on resources of kind {go_quote(qualified(group, resource))}"
    return ApiError(405, "MethodNotAllowed", message, _details(group, resource, ""))


def server_timeout(group: str, resource: str, operation: str, retry_after_s: int = 2) -> ApiError:
    """500: the store did not answer; the operation's fate is unknown."""
    message = (
        f"The {operation} operation against {qualified(group, resource)} could not be completed at this time, "
        "please try again."
    )
    details = _details(group, resource, operation)
    if retry_after_s:
        details["retryAfterSeconds"] = retry_after_s
    return ApiError(500, "ServerTimeout", message, details)


def timeout(message: str, retry_after_s: int = 0, causes: Sequence[Mapping[str, str]] = ()) -> ApiError:
    """504: the request did not end in time, but it may still take effect."""
    return ApiError(504, "Timeout", f"Timeout: {message}", _retry(retry_after_s, causes))


def resource_version_too_large(wanted: int, current: int) -> ApiError:
    """504: a read asked for a revision that does not exist yet."""
    causes = (cause("ResourceVersionTooLarge", "Too large resource version"),)
    return timeout(f"Too large resource version: {wanted}, current: {current}", 1, causes)


def internal_error(message: str) -> ApiError:
    """500: a failure that upstream classifies as its own."""
    return ApiError(500, "InternalError", f"Internal error occurred: {message}", {"causes": [{"message": message}]})


def unclassified(message: str) -> ApiError:
    """500 without reason or details: an error that upstream's handlers did not turn into a Status themselves."""
    return ApiError(500, "", message)


_GENERIC = {
    404: ("NotFound", "the server could not find the requested resource"),
    405: ("MethodNotAllowed", "the server does not allow this method on the requested resource"),
    422: ("Invalid", "the server rejected our request due to an error in our request"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
}


def generic(code: int) -> ApiError:
    """An answer that says no more than its code: unknown path 404, verb 405, inapplicable JSON patch 422, 503."""
    reason, message = _GENERIC[code]
    return ApiError(code, reason, message, {})


def qualified(group: str, name: str) -> str:
    """`deployments.apps`, or the bare name in the core group; for resources and kinds alike."""
    return f"{name}.{group}" if group else name


_GO_ESCAPES = {'"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r"}
_GO_ESCAPES |= {"\t": "\\t", "\v": "\\v"}


def go_quote(text: str) -> str:
    """The text in double quotes as Go's `%q` prints it: printable characters as they are, the rest escaped."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_go_escape(char) for char in text) + '"'


def _go_escape(char: str) -> str:
    if char in _GO_ESCAPES:
        return _GO_ESCAPES[char]
    if char.isprintable():
        return char
    point = ord(char)
    if point < 0x80:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _details(group: str, kind: str, name: str) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    return details


def _retry(retry_after_s: int, causes: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if causes:
        details["causes"] = [dict(entry) for entry in causes]
    if retry_after_s:
        details["retryAfterSeconds"] = retry_after_s
    return details
