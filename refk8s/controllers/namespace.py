"""The namespace controller: empties a terminating namespace, then lets it go.

One pass over a namespace deletes the collection of every namespaced resource — pods first, and nothing else while pods remain — writes conditions that say
what is left, and comes back after half the time that the rest is expected to take. When nothing is left it takes its finalizer off `spec.finalizers`.

Source: pkg/controller/namespace/{namespace_controller.go,deletion/namespaced_resources_deleter.go}.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Final

import attrs

from ..api.crd import serving
from ..api.registry import Resource
from ..api.store import DELETED, Change, Stored
from ..core.clock import rfc3339
from ..core.flight import Cached, Now, Reconcile, Requeue, Retry
from ..core.hands import Hands
from ..core.wire import Request, Response
from ..kinds.pod import Pod
from .decisions_time import MS_NS, parse_time_ns
from .namespace_conditions import Finding, failures, leftovers, updated_conditions
from .runtime import Controller, Handler, delete, get, list_, update

FINALIZER: Final = "kubernetes"
FINALIZER_ESTIMATE_S: Final = 15
"""How long objects are expected to stay whose finalizers somebody else removes."""

PODS: Final = "pods"
TERMINAL: Final = ("Succeeded", "Failed")


@attrs.frozen
class Remaining:
    """What is left of one resource after a pass over it.

    `estimate_s`: the seconds until it is expected to be gone, 0 if there is no estimate; `count` its objects, `finalizers` how many have each finalizer;
    `error` why it could not be deleted, or "".
    """

    estimate_s: int = 0
    count: int = 0
    finalizers: Mapping[str, int] = attrs.field(factory=dict)
    error: str = ""


@attrs.frozen(eq=False)
class NamespaceController(Controller):
    """Deletes the content of terminating namespaces.

    `resources` are the namespaced ones in the order in which they are emptied; `delay_ms` is the time that a terminating namespace is left alone after each
    change, so that the last creations in it are seen.
    """

    name: str = "namespace"
    workers: int = 10
    resources: tuple[Resource, ...] = ()
    delay_ms: int = 5_000

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Namespaces."""
        return (("namespaces", self._on_namespace),)

    def _on_namespace(self, hands: Hands, change: Change) -> None:
        if change.type != DELETED and "deletionTimestamp" in change.obj.document["metadata"]:
            hands.enqueue_after(self.name, change.key, self.delay_ms)

    def backoff_ms(self, failures: int) -> int:
        """At least one try per minute. DEVIATES: no bucket of 10 tries per second over all namespaces, because it only protects a real API server."""
        return min(super().backoff_ms(failures), 60_000)

    def reconcile(self, key: str) -> Reconcile:
        """Empty and finalize the namespace `key` if it is terminating."""
        cache = yield Cached("namespaces")
        if cache.get(key) is None:
            return None
        reply = yield get("namespaces", key)
        if not reply.ok:
            return _gone_or_retry(reply)
        if "deletionTimestamp" not in reply.obj.document["metadata"]:
            return None
        namespace = yield from self._until_no_conflict(reply.obj, self.terminating)
        if not isinstance(namespace, Stored):
            return namespace
        if not namespace.document.get("spec", {}).get("finalizers"):
            return None
        estimate_s, errors = yield from self.delete_all_content(namespace)
        if errors:
            return Retry("; ".join(errors))
        if estimate_s > 0:
            return Requeue((estimate_s // 2 + 1) * 1000)
        finalized = yield from self._until_no_conflict(namespace, self.without_finalizer)
        return finalized if isinstance(finalized, Retry) else None

    def _until_no_conflict(self, namespace: Stored, write: Any) -> Generator[Any, Any, Stored | Retry | None]:
        """Write until nobody else is faster; the namespace written, None if it is gone: retryOnConflictError."""
        while True:
            request: Request | None = write(namespace)
            if request is None:
                return namespace
            reply = yield request
            if reply.ok:
                return reply.obj or namespace
            if reply.reason != "Conflict":
                return _gone_or_retry(reply)
            fresh = yield get("namespaces", namespace.name)
            if not fresh.ok:
                return _gone_or_retry(fresh)
            if fresh.obj.uid != namespace.uid:
                return Retry("namespace uid has changed across retries")
            namespace = fresh.obj

    # ---- decisions

    def terminating(self, namespace: Stored) -> Request | None:
        """The write that sets the phase Terminating, None if it is set."""
        status = namespace.document.get("status", {})
        if status.get("phase") == "Terminating":
            return None
        return update("namespaces", {**namespace.document, "status": {**status, "phase": "Terminating"}}, "status")

    def without_finalizer(self, namespace: Stored) -> Request | None:
        """The write that takes this controller's finalizer off."""
        spec = namespace.document.get("spec", {})
        left = sorted({finalizer for finalizer in spec.get("finalizers") or () if finalizer != FINALIZER})
        document = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": namespace.document["metadata"],
            "spec": {**spec, "finalizers": left},
        }
        return update("namespaces", document, "finalize")

    def pods_go_first(self, resources: tuple[Resource, ...]) -> bool:
        """Whether other resources are left alone while pods remain (the feature OrderedNamespaceDeletion)."""
        return any(row.plural == PODS for row in resources)

    # ---- content

    def delete_all_content(self, namespace: Stored) -> Generator[Any, Any, tuple[int, tuple[str, ...]]]:
        """Delete everything in the namespace and write its conditions; (estimate in s of what remains, errors)."""
        found: list[tuple[Resource, Remaining]] = []
        custom, errors = yield from self._custom_resources()
        ordered = self.pods_go_first(self.resources)
        resources = sorted(
            (*self.resources, *custom), key=lambda row: (ordered and row.plural != PODS, row.group, row.plural)
        )
        complete = True
        for row in resources:
            remaining = yield from self._delete_content(row, namespace)
            found.append((row, remaining))
            if ordered and row.plural == PODS and remaining.count:
                complete = False
                break
        yield from self._write_conditions(namespace, found, complete=complete)
        errors += tuple(remaining.error for _, remaining in found if remaining.error)
        return max((remaining.estimate_s for _, remaining in found), default=0), errors

    def _custom_resources(self) -> Generator[Any, Any, tuple[tuple[Resource, ...], tuple[str, ...]]]:
        """The namespaced resources that definitions bring, and why they cannot be known: discovery."""
        reply = yield list_(serving.DEFINITIONS)
        if not reply.ok:
            return (), (_error(reply),)
        found = (serving.serving(stored) for stored in reply.items)
        rows = (next(iter(each.rows.values())) for each in found if each is not None)
        return tuple(row for row in rows if row.namespaced), ()

    def _delete_content(self, row: Resource, namespace: Stored) -> Generator[Any, Any, Remaining]:
        """Delete the objects of one resource: deleteAllContentForGroupVersionResource."""
        estimate_s = 0
        if row.plural == PODS:
            reply = yield list_(PODS, namespace.name)
            if not reply.ok:
                return Remaining(error=_error(reply))
            estimate_s = self.estimate_s(reply.items, namespace, (yield Now()))
        error = yield from self._delete_collection(row, namespace.name)
        if error:
            return Remaining(estimate_s, error=error)
        reply = yield list_(row.key, namespace.name)
        if not reply.ok:
            return Remaining(estimate_s, error=_error(reply))
        if not reply.items:
            return Remaining()
        finalizers: dict[str, int] = {}
        for stored in reply.items:
            for finalizer in stored.document["metadata"].get("finalizers") or ():
                finalizers[finalizer] = finalizers.get(finalizer, 0) + 1
        if not estimate_s and not finalizers:
            gvr = f"{row.group}/{row.version}, Resource={row.plural}"
            error = f"unexpected items still remain in namespace: {namespace.name} for gvr: {gvr}"
            return Remaining(0, len(reply.items), error=error)
        return Remaining(estimate_s or FINALIZER_ESTIMATE_S, len(reply.items), finalizers)

    def estimate_s(self, pods: tuple[Stored, ...], namespace: Stored, now_ms: int) -> int:
        """The longest grace period of pods that still run, in s; 0 once the namespace has been terminating for as long."""
        views = [stored.view(Pod) for stored in pods]
        graces = [pod.spec.termination_grace_period_seconds or 0 for pod in views if pod.status.phase not in TERMINAL]
        estimate_s = max(graces, default=0)
        deleted_ns = parse_time_ns(namespace.document["metadata"]["deletionTimestamp"]) or 0
        return 0 if now_ms - deleted_ns // MS_NS >= estimate_s * 1000 else estimate_s

    def _delete_collection(self, row: Resource, namespace: str) -> Generator[Any, Any, str]:
        """Delete the collection, object by object if the resource cannot do it at once; what went wrong, or ""."""
        options = {"propagationPolicy": "Background"}
        if "deletecollection" in row.verbs:
            reply = yield Request("deletecollection", row.key, namespace, options=options)
            if reply.code not in (404, 405):
                return _error(reply)
        reply = yield list_(row.key, namespace)
        if not reply.ok:
            return _error(reply)
        for stored in reply.items:
            answer = yield delete(row.key, stored.key, **options)
            if answer.code not in (404, 405) and _error(answer):
                return _error(answer)
        return ""

    def _write_conditions(
        self, namespace: Stored, found: list[tuple[Resource, Remaining]], *, complete: bool
    ) -> Generator[Any, Any, None]:
        """Write what was found into the conditions; a write that fails is left to the next pass. An incomplete pass says nothing about what is left."""
        findings: tuple[Finding, ...] = failures(tuple(left.error for _, left in found if left.error))
        if complete:
            counts = {f"{row.plural}.{row.group}": left.count for row, left in found if left.count}
            finalizers: dict[str, int] = {}
            for _, left in found:
                for finalizer, count in left.finalizers.items():
                    finalizers[finalizer] = finalizers.get(finalizer, 0) + count
            findings += leftovers(counts, finalizers)
        status = namespace.document.get("status", {})
        now = rfc3339((yield Now()))
        conditions = updated_conditions(tuple(status.get("conditions") or ()), findings, now)
        if conditions is not None:
            document = {**namespace.document, "status": {**status, "conditions": list(conditions)}}
            yield update("namespaces", document, "status")


def namespace_controller(resources: Mapping[str, Resource]) -> NamespaceController:
    """The controller for all `resources` that live in namespaces."""
    return NamespaceController(resources=tuple(row for _, row in sorted(resources.items()) if row.namespaced))


def _gone_or_retry(reply: Response) -> Retry | None:
    return None if reply.reason == "NotFound" else Retry(_error(reply))


def _error(reply: Response) -> str:
    return "" if reply.ok else reply.message or reply.reason
