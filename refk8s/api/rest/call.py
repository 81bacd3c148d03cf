"""Call: one request on its way through a handler."""

from __future__ import annotations

from typing import Any

from ...core.clock import rfc3339
from ...core.model import Occasion
from ...core.wire import Request, Response
from ..options import is_dry_run
from ..registry import Resource
from ..status import ApiError
from ..store import Store, Stored, Txn
from ..versions import as_requested


class Call:
    """The request, its resource's row, the store before it, the warnings so far, and the transaction that it may open."""

    __slots__ = ("key", "occasion", "opened", "request", "row", "store", "warnings")

    def __init__(self, store: Store, request: Request, row: Resource, occasion: Occasion) -> None:
        self.store = store
        self.request = request
        self.row = row
        self.occasion = occasion
        self.key = f"{request.namespace}/{request.name}" if request.namespace else request.name
        self.warnings: tuple[str, ...] = ()
        self.opened: Txn | None = None

    @property
    def txn(self) -> Txn:
        """The transaction, opened by its first use."""
        txn = self.opened
        if txn is None:
            txn = self.opened = Txn(self.store, self.occasion.actor, self.occasion.cause)
        return txn

    @property
    def now(self) -> str:
        """The time of the request as the API writes it."""
        return rfc3339(self.occasion.now_ms)

    @property
    def dry_run(self) -> bool:
        """Whether nothing may be stored."""
        return is_dry_run(self.request.options, self.request.body if self.request.verb.startswith("delete") else None)

    def warn(self, *texts: str) -> None:
        """Add warnings to the answer, each once."""
        if texts:
            self.warnings = tuple(dict.fromkeys((*self.warnings, *texts)))

    def current(self) -> Stored | None:
        """The current version of the object that the request names."""
        txn = self.opened
        found = (self.store if txn is None else txn).get(self.row.key, self.key)
        return as_version(self.row, found) if self.row.converts and found is not None else found


def as_version(row: Resource, stored: Stored) -> Stored:
    """A stored object in the version of the row."""
    made = as_requested(row, stored.document)
    if made is stored.document:
        return stored
    return Stored(stored.key, made, stored.revision, stored.create_revision, stored.digest)


def answer(call: Call, code: int, stored: Stored) -> Response:
    """The answer that shows a stored object."""
    return Response(code, obj=stored, revision=stored.revision, warnings=call.warnings)


def failure(error: ApiError, warnings: tuple[str, ...] = ()) -> Response:
    """The answer that shows an error."""
    return Response(error.code, status=error.doc(), warnings=warnings)


def shown(response: Response) -> Any:
    """The JSON body of an answer that is no list."""
    if response.obj is not None:
        return response.obj.document
    return response.document if response.document is not None else response.status


def unstored(call: Call, response: Response) -> Response:
    """The answer of a dry run: the object with the resourceVersion that it had before, or none if it is new."""
    if response.obj is None:
        return response
    document = response.obj.document
    before = call.store.get(call.row.key, response.obj.key)
    metadata = {name: value for name, value in document["metadata"].items() if name != "resourceVersion"}
    if before is not None:
        metadata["resourceVersion"] = str(before.revision)
    made = {**document, "metadata": metadata}
    return Response(response.code, document=made, revision=call.store.revision, warnings=response.warnings)
