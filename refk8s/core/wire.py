"""The wire: requests and replies under way. They are values of the World, so they outlive a crashed sender."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

NO_OPTIONS: Final[Mapping[str, Any]] = {}

# Codes of replies that no API server sends: what a client sees when the connection breaks or times out.
TIMEOUT: Final = 0


@attrs.define(eq=False)  # made once and never changed; not frozen, because that would double the price of making one
class Request:
    """One API request.

    `verb` is a Kubernetes request verb (get, list, create, update, patch, delete, deletecollection), `resource` the plural name, `namespace` is "" for
    cluster-scoped resources, `name` is "" for collections, `subresource` is "", "status", "scale", "binding" …. `body` is a JSON tree that is never
    mutated. `options` are query parameters and patch type by their Kubernetes names (`dryRun`, `fieldManager`, `propagationPolicy`, `preconditions`,
    `gracePeriodSeconds`, `resourceVersion`, `labelSelector`, `fieldSelector`, `limit`, `continue`, `patchType`). `agent` is the user agent, which names the
    default field manager.
    """

    verb: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    body: Any = None
    options: Mapping[str, Any] = NO_OPTIONS
    agent: str = ""

    def __str__(self) -> str:
        what = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        where = "/".join(part for part in (self.namespace, self.name or self._new_name()) if part)
        return f"{self.verb} {what} {where}".rstrip()

    def _new_name(self) -> str:
        """What a new object will be called ("" if this makes none)."""
        if self.verb != "create" or not isinstance(self.body, dict):
            return ""
        metadata = self.body.get("metadata") or {}
        return str(metadata.get("name") or metadata.get("generateName") or "")

    @property
    def token(self) -> str:
        """What a re-issued request must equal (bodies are functions of the same log)."""
        return str(self)


@attrs.define(eq=False)  # made once and never changed; not frozen, because that would double the price of making one
class Response:
    """An API server's answer: `code` is the HTTP status (TIMEOUT if none came).

    `obj` is the stored object (refk8s.api.store.Stored) of a single-object answer, `items` the tuple of stored objects of a list, `status` a Kubernetes
    `Status` document of a failure (or of a delete that answers with one), `revision` the resourceVersion of a list. `document` is a body that is no stored
    object (a Scale, a dry run's result).
    """

    code: int
    obj: Any = None
    items: tuple[Any, ...] = ()
    status: Any = None
    revision: int = 0
    document: Any = None
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the request was accepted (2xx)."""
        return 200 <= self.code < 300

    @property
    def reason(self) -> str:
        """The Status reason of a failure (`Conflict`, `NotFound`, …; `Timeout` if no answer came), or ""."""
        if self.code == TIMEOUT:
            return "Timeout"
        return str(self.status.get("reason", "")) if self.status else ""

    @property
    def message(self) -> str:
        """The Status message of a failure, or ""."""
        return str(self.status.get("message", "")) if self.status else ""


@attrs.define(eq=False)  # made once and never changed; not frozen, because that would double the price of making one
class InFlight:
    """A message on the wire: a request on its way to a server, or (with `response`) a reply on its way back.

    `flight` is the (controller, key) that waits for the reply, or None where nobody does (fire and forget); `part` is its place among parallel requests;
    `incarnation` is that of the sender, so that a reply never reaches its successor. `digest` tells it from every other message, `cause` is the step
    that put it there.
    """

    rid: str
    sender: int
    incarnation: int
    server: int
    request: Request
    flight: tuple[int, str] | None
    part: int
    digest: int
    cause: int
    response: Response | None = None
