"""The protection of claims and volumes: a claim that a pod uses, or a volume that a claim uses, is not removed before it is free.

Admission gives each a finalizer; these controllers take it away from what is being deleted and no longer used, and give it back to what has lost it.

DEVIATES: a pod that ends queues only claims that are being deleted, because the turns of others would do nothing.

Source: pkg/controller/volume/{pvcprotection,pvprotection}.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, Final

import attrs

from ..api.store import DELETED, Change, Stored
from ..core.flight import Cached, Reconcile, Retry
from ..core.hands import Hands
from .runtime import Controller, Handler, list_, split, update

CLAIMS: Final = "persistentvolumeclaims"
VOLUMES: Final = "persistentvolumes"
CLAIM_FINALIZER: Final = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER: Final = "kubernetes.io/pv-protection"

_STATUSES: Final = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")

Document = dict[str, Any]


def is_candidate(document: Document, finalizer: str) -> bool:
    """Whether an object is being deleted and still protected."""
    metadata = document["metadata"]
    return "deletionTimestamp" in metadata and finalizer in (metadata.get("finalizers") or ())


def is_bare(document: Document, finalizer: str) -> bool:
    """Whether an object that stays is not protected."""
    metadata = document["metadata"]
    return "deletionTimestamp" not in metadata and finalizer not in (metadata.get("finalizers") or ())


def claims_of(pod: Document) -> Iterator[tuple[str, bool]]:
    """(name, whether the pod itself made it) of each claim that a pod's volumes name."""
    for volume in pod["spec"].get("volumes") or ():
        if volume.get("persistentVolumeClaim") is not None:
            yield volume["persistentVolumeClaim"]["claimName"], False
        elif volume.get("ephemeral") is not None:
            yield f"{pod['metadata']['name']}-{volume['name']}", True


def uses(pod: Document, claim: Document) -> bool:
    """Whether a pod keeps a claim: it is on a node, and mounts it; a claim of its own only until the kubelet is done with it."""
    if not pod["spec"].get("nodeName"):
        return False
    wanted = claim["metadata"]["name"]
    return any(
        name == wanted and not (own and (is_shut_down(pod) or not _is_owner(pod, claim)))
        for name, own in claims_of(pod)
    )


def is_shut_down(pod: Document) -> bool:
    """Whether the kubelet is done with a pod, or it was deleted by force: only its finalizers keep it."""
    metadata = pod["metadata"]
    return "deletionTimestamp" in metadata and metadata.get("deletionGracePeriodSeconds") == 0


def _runs(pod: Document) -> bool:
    found = pod.get("status") or {}
    statuses = [status for key in _STATUSES for status in found.get(key) or ()]
    return any(not {"terminated", "waiting"} & set(status.get("state") or ()) for status in statuses)


def _is_owner(pod: Document, claim: Document) -> bool:
    references = claim["metadata"].get("ownerReferences") or ()
    return any(ref.get("controller") and ref["uid"] == pod["metadata"]["uid"] for ref in references)


def _is_over(pod: Document) -> bool:
    """Whether a pod's containers do not and will not run."""
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Succeeded", "Failed") or ("deletionTimestamp" in pod["metadata"] and not _runs(pod))


def with_finalizer(document: Document, finalizer: str, *, wanted: bool) -> Document:
    """The object with or without the finalizer."""
    kept = [each for each in document["metadata"].get("finalizers") or () if each != finalizer]
    metadata = {**document["metadata"], "finalizers": [*kept, finalizer] if wanted else kept}
    return {**document, "metadata": metadata}


@attrs.frozen(eq=False)
class ClaimProtection(Controller):
    """Lets claims go that no pod uses. Keys are claims."""

    name: str = "pvcprotection"
    workers: int = 1

    # ---- what it watches, and how events map to keys

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Claims and pods."""
        return ((CLAIMS, self._on_claim), ("pods", self._on_pod))

    def _on_claim(self, hands: Hands, change: Change) -> None:
        claim = change.obj.document
        if change.type != DELETED and (is_candidate(claim, CLAIM_FINALIZER) or is_bare(claim, CLAIM_FINALIZER)):
            hands.enqueue(self.name, change.key)

    def _on_pod(self, hands: Hands, change: Change) -> None:
        pod, prev = change.obj.document, change.prev
        if change.type == DELETED or _is_over(pod) or not pod["spec"].get("nodeName"):
            self._free(hands, pod)
        if prev is not None and prev.uid != change.obj.uid:
            self._free(hands, prev.document)

    def _free(self, hands: Hands, pod: Document) -> None:
        cache = hands.cache(CLAIMS)
        for name, _ in claims_of(pod):
            key = f"{pod['metadata']['namespace']}/{name}"
            claim = None if cache is None else cache.get(key)
            if claim is not None and is_candidate(claim.document, CLAIM_FINALIZER):
                hands.enqueue(self.name, key)

    # ---- reconcile

    def reconcile(self, key: str) -> Reconcile:
        """Take the finalizer from a claim that is being deleted if no pod uses it, neither in the cache nor on the API server."""
        claim = (yield Cached(CLAIMS)).get(key)
        if claim is None:
            return None
        document = claim.document
        if is_candidate(document, CLAIM_FINALIZER):
            used = yield from self.is_used(document, split(key)[0])
            if used.__class__ is str:
                return Retry(used)
            return None if used else (yield from _write(CLAIMS, document, CLAIM_FINALIZER, wanted=False))
        if is_bare(document, CLAIM_FINALIZER):
            return (yield from _write(CLAIMS, document, CLAIM_FINALIZER, wanted=True))
        return None

    def is_used(self, claim: Document, namespace: str) -> Generator[Any, Any, bool | str]:
        """Whether a pod uses the claim; a text says why that is not known."""
        pods: list[Stored] = (yield Cached("pods")).all(namespace)
        if any(uses(pod.document, claim) for pod in pods):
            return True
        reply = yield list_("pods", namespace)
        if not reply.ok:
            return str(reply.message or reply.reason)
        return any(uses(pod.document, claim) for pod in reply.items)


@attrs.frozen(eq=False)
class VolumeProtection(Controller):
    """Lets volumes go that are not bound. Keys are volumes."""

    name: str = "pvprotection"
    workers: int = 1

    # ---- what it watches, and how events map to keys

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Volumes."""
        return ((VOLUMES, self._on_volume),)

    def _on_volume(self, hands: Hands, change: Change) -> None:
        volume = change.obj.document
        if change.type != DELETED and (is_candidate(volume, VOLUME_FINALIZER) or is_bare(volume, VOLUME_FINALIZER)):
            hands.enqueue(self.name, change.key)

    # ---- reconcile

    def reconcile(self, key: str) -> Reconcile:
        """Take the finalizer from a volume that is being deleted unless it is bound."""
        volume = (yield Cached(VOLUMES)).get(key)
        if volume is None:
            return None
        document = volume.document
        if is_candidate(document, VOLUME_FINALIZER):
            if (document.get("status") or {}).get("phase") == "Bound":
                return None
            return (yield from _write(VOLUMES, document, VOLUME_FINALIZER, wanted=False))
        if is_bare(document, VOLUME_FINALIZER):
            return (yield from _write(VOLUMES, document, VOLUME_FINALIZER, wanted=True))
        return None


def _write(resource: str, document: Document, finalizer: str, *, wanted: bool) -> Generator[Any, Any, Retry | None]:
    reply = yield update(resource, with_finalizer(document, finalizer, wanted=wanted))
    return None if reply.ok or reply.code == 404 else Retry(reply.message or reply.reason)


def protection() -> tuple[Controller, ...]:
    """The controllers that protect what is in use."""
    return (ClaimProtection(), VolumeProtection())
