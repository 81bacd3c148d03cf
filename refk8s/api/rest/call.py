"""Call: one request on its way through a handler."""

from __future__ import annotations

from typing import Any

from ...core.clock import rfc3339
from ...core.model import Occasion
from ...core.wire import Request, Response
from ..registry import Resource
from ..status import ApiError
from ..store import Store, Stored, Txn


class Call:
    """The request, its resource's row, the store before it, and the transaction that it may open."""

    __slots__ = ("_txn", "key", "occasion", "request", "row", "store", "warnings")

    def __init__(self, store: Store, request: Request, row: Resource, occasion: Occasion) -> None:
        self.store = store
        self.request = request
        self.row = row
        self.occasion = occasion
        self.key = f"{request.namespace}/{request.name}" if request.namespace else request.name
        self.warnings: tuple[str, ...] = ()
        self._txn: Txn | None = None

    @property
    def txn(self) -> Txn:
        """The transaction, opened by its first use."""
        txn = self._txn
        if txn is None:
            txn = self._txn = Txn(self.store, self.occasion.actor, self.occasion.cause)
        return txn

    @property
    def opened(self) -> Txn | None:
        """The transaction, if one was opened."""
        return self._txn

    @property
    def now(self) -> str:
        """The time of the request as the API writes it."""
        return rfc3339(self.occasion.now_ms)

    @property
    def dry_run(self) -> bool:
        """Whether nothing may be stored."""
        return bool(self.request.options.get("dryRun"))

    def current(self) -> Stored | None:
        """The current version of the object that the request names."""
        txn = self._txn
        return (self.store if txn is None else txn).get(self.row.plural, self.key)


def answer(call: Call, code: int, stored: Stored) -> Response:
    """The answer that shows a stored object."""
    return Response(code, obj=stored, revision=stored.revision, warnings=call.warnings)


def failure(error: ApiError) -> Response:
    """The answer that shows an error."""
    return Response(error.code, status=error.doc())


def shown(response: Response) -> Any:
    """The JSON body of an answer that is no list."""
    if response.obj is not None:
        return response.obj.document
    return response.document if response.document is not None else response.status
