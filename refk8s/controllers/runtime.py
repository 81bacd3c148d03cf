"""What every controller shares: the form of a controller, requests, expectations and the event recorder.

A controller has three parts, in this order: what it watches (`watches`), how events map to keys (its handlers), and `reconcile`, a generator of effects.
Source: client-go (informers, workqueue, tools/record), pkg/controller/controller_utils.go.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Final

import attrs

from ..api.store import Stored
from ..core.clock import rfc3339
from ..core.digest import cell
from ..core.flight import Emit, Now, Recall, Reconcile, Remember
from ..core.hands import Hands
from ..core.wire import Request, Response

Document = dict[str, Any]
Handler = Callable[[Hands, Any], None]
Ask = Generator[Any, Any, Response]


@attrs.frozen(eq=False)
class Controller:
    """The common fields of controllers: a name, the number of workers, and the rate limiter (client-go's default: 5 ms doubling to 1000 s)."""

    name: str = ""
    workers: int = 5

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Pairs of a stream ("pods", "pods@node=n1", "nodes@name=n1") and the handler of its changes."""
        return ()

    def started(self, hands: Hands) -> None:
        """Called once, when all caches of the process have synced."""

    def reconcile(self, key: str) -> Reconcile:
        """Bring the object `key` nearer to its desired state."""
        raise NotImplementedError

    def backoff_ms(self, failures: int) -> int:
        """The delay after `failures` failures of a key in a row. Source: client-go/util/workqueue/default_rate_limiters.go.

        DEVIATES: no bucket of 10 tries per second over all keys of a queue, because it only protects a real API server.
        """
        return min(5 << min(failures - 1, 24), 1_000_000)


# ---- requests


def get(resource: str, key: str, **options: Any) -> Request:
    """GET of the object `key` ("namespace/name" or "name")."""
    namespace, name = split(key)
    return Request("get", resource, namespace, name, options=options)


def list_(resource: str, namespace: str = "", **options: Any) -> Request:
    """LIST of a namespace, or of all of them."""
    return Request("list", resource, namespace, options=options)


def create(resource: str, document: Document, subresource: str = "", name: str = "", **options: Any) -> Request:
    """POST of a new object (with `subresource`: of e.g. a binding of `name`)."""
    metadata = document["metadata"]
    return Request("create", resource, metadata.get("namespace", ""), name, subresource, document, options)


def update(resource: str, document: Document, subresource: str = "", **options: Any) -> Request:
    """PUT of a whole object; a resourceVersion in it makes the write conditional."""
    metadata = document["metadata"]
    return Request("update", resource, metadata.get("namespace", ""), metadata["name"], subresource, document, options)


def patch(
    resource: str, key: str, body: Any, kind: str = "strategic", subresource: str = "", **options: Any
) -> Request:
    """PATCH of the object `key`; `kind` is "json", "merge" or "strategic"."""
    namespace, name = split(key)
    return Request("patch", resource, namespace, name, subresource, body, {"patchType": kind, **options})


def delete(resource: str, key: str, **options: Any) -> Request:
    """DELETE of the object `key`; options: gracePeriodSeconds, propagationPolicy, preconditions {uid, resourceVersion}."""
    namespace, name = split(key)
    return Request("delete", resource, namespace, name, options=options)


def split(key: str) -> tuple[str, str]:
    """("namespace", "name") of a key; ("", "name") of a cluster-scoped one."""
    namespace, _, name = key.rpartition("/")
    return namespace, name


def key_of(document: Mapping[str, Any]) -> str:
    """The key of an object's document."""
    metadata = document["metadata"]
    namespace = metadata.get("namespace", "")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def controller_of(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The ownerReference of the managing controller, or None."""
    references: Sequence[Mapping[str, Any]] = document["metadata"].get("ownerReferences") or ()
    for reference in references:
        if reference.get("controller"):
            return reference
    return None


def owner_reference(owner: Stored, api_version: str, kind: str) -> Document:
    """The controller ownerReference to `owner`. Source: metav1.NewControllerRef."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": owner.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


# ---- events


MOST_EVENTS: Final = 4_096
"""So many events a recorder remembers. Source: client-go/tools/record/events_cache.go, maxLruCacheEntries."""


@attrs.frozen(eq=False)
class Recorder:
    """Records Events as client-go's recorder does: not waited for, lost if the request is; an equal event is counted up on the first one.

    It remembers the 4,096 that came last. Source: client-go/tools/record/{event,events_cache}.go. DEVIATES: no spam filter (25 events per object at once) and
    no grouping of ten similar events, because both exist to protect a store from volume, and hide from a reader what happened; an event that was forgotten
    and comes again is counted from 1 on the first one again, because its name follows from what it says; upstream makes another one.
    """

    component: str
    host: str = ""

    @property
    def _group(self) -> str:
        return f"event:{self.component}:{self.host}"

    def emit(
        self, about: Stored, kind: str, event_type: str, reason: str, message: str, field_path: str = ""
    ) -> Generator[Any, Any, None]:
        """Record an event about an object, or its part `field_path`; `event_type` is Normal or Warning. Use with `yield from`."""
        now_ms = yield Now()
        memory = f"event:{self.component}:{about.uid}:{field_path}:{event_type}:{reason}:{message}"
        seen = yield Recall(memory)
        if seen is None:
            name = f"{about.name}.{cell(memory, self.host) & 0xFFFFFFFFFFFFFFFF:016x}"
            yield Remember(memory, (name, 1), self._group, MOST_EVENTS)
            document = self._document(about, kind, event_type, reason, message, name, now_ms)
            if field_path:
                document["involvedObject"]["fieldPath"] = field_path
            yield Emit(create("events", document))
        else:
            name, count = seen
            yield Remember(memory, (name, count + 1), self._group, MOST_EVENTS)
            namespace = about.namespace or "default"
            body = {"count": count + 1, "lastTimestamp": rfc3339(now_ms)}
            yield Emit(patch("events", f"{namespace}/{name}", body))

    def _document(
        self, about: Stored, kind: str, event_type: str, reason: str, message: str, name: str, now_ms: int
    ) -> Document:
        source = {"component": self.component, **({"host": self.host} if self.host else {})}
        involved = {
            "kind": kind,
            **({"namespace": about.namespace} if about.namespace else {}),
            "name": about.name,
            "uid": about.uid,
            "apiVersion": about.document.get("apiVersion", "v1"),
            **({"resourceVersion": str(about.revision)} if about.revision else {}),
        }
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": about.namespace or "default"},
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "source": source,
            "type": event_type,
            "count": 1,
            "firstTimestamp": rfc3339(now_ms),
            "lastTimestamp": rfc3339(now_ms),
            "reportingComponent": self.component,
            "reportingInstance": self.host,
        }
