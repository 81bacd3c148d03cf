"""Deletion of collections. Source: apiserver/pkg/registry/generic/registry/store.go, DeleteCollection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.wire import Response
from .. import finalize
from .call import Call

if TYPE_CHECKING:
    from .api import Api


def delete_collection(api: Api, call: Call) -> Response:
    """Delete each object that the selectors select, in the order of their keys; the answer lists them as they were."""
    # READ
    options = api.delete_options(call)
    matches = api.selection(call)
    found = call.store.collection(call.row.key).cache(call.row.key).all(call.request.namespace)
    if matches is not None:
        found = [stored for stored in found if matches(stored.document)]
    # CHANGE, RECORD
    for stored in found:
        finalize.delete_object(api, call, stored, options)
    return Response(200, items=tuple(found), revision=call.store.revision, warnings=call.warnings)
