"""Get and list. Source: apiserver/pkg/endpoints/handlers/get.go; registry/generic/registry/store.go, Get, ListPredicate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.wire import Response
from ..status import Rejected, not_found
from .call import Call, answer

if TYPE_CHECKING:
    from .api import Api


def get(api: Api, call: Call) -> Response:
    """The object that the request names. Rejects with NotFound."""
    stored = call.current()
    if stored is None:
        raise Rejected(not_found(call.row.group, call.row.plural, call.request.name))
    return answer(call, 200, stored)


def list_(api: Api, call: Call) -> Response:
    """The objects of a namespace, or of all of them, that the selectors select."""
    collection, revision = api.snapshot(call)
    found = collection.cache(call.row.plural).all(call.request.namespace)
    matches = api.selection(call)
    if matches is not None:
        found = [stored for stored in found if matches(stored.document)]
    return Response(200, items=tuple(found), revision=revision)
