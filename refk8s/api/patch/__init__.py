"""The three kinds of patch that the API server accepts, and the two that kubectl computes.

A patch takes a document to a new one that shares every unchanged part with the old; neither argument is ever changed.
What comes out is not yet decoded, defaulted or validated. Source: apiserver/pkg/endpoints/handlers/patch.go.
"""

from __future__ import annotations

from typing import Any, Literal

from refk8s.api import schema, status
from refk8s.api.patch.diff import create_two_way_merge_patch, three_way_merge
from refk8s.api.patch.errors import PatchError
from refk8s.api.patch.gotext import go_text
from refk8s.api.patch.jsonpatch import apply_json_patch
from refk8s.api.patch.mergepatch import apply_merge_patch
from refk8s.api.patch.strategic import apply_strategic_patch
from refk8s.api.patch.unstructured import conversion_error

PatchType = Literal["json", "merge", "strategic"]

CONTENT_TYPES: dict[str, PatchType] = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
}

__all__ = [
    "CONTENT_TYPES",
    "PatchError",
    "PatchType",
    "apply_patch",
    "conversion_error",
    "create_two_way_merge_patch",
    "go_text",
    "invalid_patch",
    "patch_status",
    "three_way_merge",
]


def apply_patch(patch_type: PatchType, kind: str | schema.Type, original: Any, patch: Any) -> Any:
    """The document that the patch makes of `original`, sharing unchanged parts. Raises PatchError.

    `kind` is a served kind (`Pod`), its version before a slash if not the preferred one (`autoscaling/v1/Scale`), or its
    type; only strategic patches look at it.
    """
    if patch_type == "json":
        return apply_json_patch(original, patch)
    if patch_type == "merge":
        return apply_merge_patch(original, patch)
    if isinstance(kind, str):
        api_version, _, name = kind.rpartition("/")
        kind = schema.of_kind(name, api_version)
    return apply_strategic_patch(kind, original, patch)


def patch_status(patch_type: PatchType, error: PatchError) -> status.ApiError:
    """The API server's answer to a patch that cannot be applied.

    Source: jsonPatcher.applyJSPatch and interpretStrategicMergePatchError in endpoints/handlers/patch.go.
    """
    if error.malformed:
        return status.bad_request(error.message)
    if error.inapplicable or patch_type == "json":
        return status.generic(422)
    return status.unclassified(error.message)


def invalid_patch(shown: str, message: str) -> status.ApiError:
    """The answer when the patched document does not decode: 422 for no kind and no name.

    `shown` is the patched document in JSON; of a strategic patch, the patch itself in Go's notation (see `go_text`).
    """
    text = f"Invalid value: {status.go_quote(shown)}: {message}"
    return status.invalid("", "", "", [status.cause("FieldValueInvalid", text, "patch")])
