"""Get and list. Source: apiserver/pkg/endpoints/handlers/get.go; registry/generic/registry/store.go, Get, ListPredicate; storage/etcd3/store.go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.wire import Response
from ..listoptions import (
    continue_expired,
    continue_token,
    key_after,
    read_continue,
    validate_list_options,
)
from ..status import Rejected, not_found, resource_version_too_large, unclassified
from ..store import Expired, Stored
from .call import Call, answer

if TYPE_CHECKING:
    from .api import Api


def get(api: Api, call: Call) -> Response:
    """The object that the request names. Rejects with NotFound."""
    version = call.request.options.get("resourceVersion")
    if version:
        stored = _get_not_older(api, call, version)
    else:
        stored = call.store.get(call.row.key, call.key)
    if stored is None:
        raise Rejected(not_found(call.row.group, call.row.plural, call.request.name))
    return answer(call, 200, stored)


def _get_not_older(api: Api, call: Call, version: str) -> Stored | None:
    """From "0" the server's own cache answers; any other revision is a lower bound."""
    if not (version.isascii() and version.isdigit()):
        text = f'strconv.ParseUint: parsing "{version}": invalid syntax'
        raise Rejected(unclassified(f'resourceVersion: Invalid value: "{version}": {text}'))
    wanted = int(version)
    if wanted > call.store.revision:
        raise Rejected(resource_version_too_large(wanted, call.store.revision))
    if wanted == 0:
        return api.cached(call).get(call.key)
    return call.store.get(call.row.key, call.key)


def list_(api: Api, call: Call) -> Response:
    """The objects of a namespace, or of all of them, that the selectors select, in the order of their keys.

    `limit` gives a page; `document` of the answer then holds `continue` and, without selectors, `remainingItemCount`. From resourceVersion "0" the server's
    cache answers, which ignores the limit.
    """
    options = call.request.options
    problem = validate_list_options(options, is_watch=False)
    if problem is not None:
        raise Rejected(problem)
    matches = api.selection(call)
    start = ""
    if options.get("continue"):
        wanted, start = read_continue(options["continue"], options.get("resourceVersion") or "")
        try:
            collection, revision = api.page(call, wanted)
        except Expired:
            return Response(410, status=continue_expired(start))
    else:
        collection, revision = api.snapshot(call)
    found = collection.cache(call.row.key).all(call.request.namespace)
    if start:
        found = [stored for stored in found if stored.key >= start]
    if matches is not None:
        found = [stored for stored in found if matches(stored.document)]
    limit = options.get("limit") or 0
    if limit <= 0 or len(found) <= limit or options.get("resourceVersion") == "0":
        return Response(200, items=tuple(found), revision=revision)
    metadata: dict[str, object] = {"continue": continue_token(revision, key_after(found[limit - 1].key))}
    if matches is None:
        metadata["remainingItemCount"] = len(found) - limit
    return Response(200, items=tuple(found[:limit]), revision=revision, document=metadata)
