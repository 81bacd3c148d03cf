"""Adopting and releasing: the generator that makes the owner references of objects agree with a controller's selector.

Source: pkg/controller/controller_ref_manager.go.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any

import attrs

from refk8s.api.store import Cache, Stored
from refk8s.controllers.decisions_claim import (
    ADOPT,
    IGNORE,
    RELEASE,
    adopt_patch,
    adoption_refusal,
    aggregate,
    claim,
    recheck,
    release_patch,
)
from refk8s.controllers.runtime import get, patch
from refk8s.core.wire import Response
from refk8s.kinds.codec import view
from refk8s.kinds.meta import ObjectMeta
from refk8s.kinds.selector import Selector


@attrs.frozen(eq=False)
class Claimed:
    """The outcome: the objects that are owned now, in the order of the candidates, and why some are not, or "".

    `adopted` and `released` are the responses of the successful patches.
    """

    objects: tuple[Stored, ...]
    error: str
    adopted: tuple[Response, ...] = ()


def candidates(cache: Cache, owner: Stored) -> list[Stored]:
    """The objects that `owner` may have to do with: those it controls, then the orphans of its namespace."""
    owned = [stored for stored in cache.by_owner(owner.uid) if controller_uid(stored) == owner.uid]
    return owned + cache.orphans(owner.namespace)


def claim_all(
    owner: Stored, resource: str, selector: Selector, dependents: Iterable[Stored], dependent: tuple[str, str]
) -> Generator[Any, Any, Claimed]:
    """Keep, adopt, release or ignore each of `dependents`; `dependent` is their resource and kind.

    `resource` is the owner's. Before the first adoption the owner is read live, because one that is being deleted must
    not adopt. Errors do not stop the others.
    """
    kind, api_version = owner.document["kind"], owner.document["apiVersion"]
    owner_meta = metadata_of(owner)
    owned, errors, adopted = [], [], []
    refusal: str | None = None
    for stored in dependents:
        meta = metadata_of(stored)
        verdict = claim(owner_meta, selector, meta)
        if verdict == IGNORE:
            continue
        if verdict == RELEASE:
            response = yield patch(dependent[0], stored.key, release_patch(owner_meta, meta.uid))
            if not response.ok and response.reason not in ("NotFound", "Invalid"):
                errors.append(error_text(response))
            continue
        if verdict == ADOPT:
            if refusal is None:
                refusal = yield from _recheck(owner, resource, kind)
            if refusal:
                errors.append(adoption_refusal(dependent[1], meta, refusal))
                continue
            body = adopt_patch(owner_meta, api_version, kind, meta.uid)
            response = yield patch(dependent[0], stored.key, body)
            if not response.ok:
                if response.reason != "NotFound":
                    errors.append(error_text(response))
                continue
            adopted.append(response)
        owned.append(stored)
    return Claimed(tuple(owned), aggregate(errors) if errors else "", tuple(adopted))


def _recheck(owner: Stored, resource: str, kind: str) -> Generator[Any, Any, str]:
    """Why the owner must not adopt, by a live read; "" if it may."""
    response = yield get(resource, owner.key)
    if not response.ok:
        return f"can't recheck DeletionTimestamp: {error_text(response)}"
    return recheck(metadata_of(owner), kind, metadata_of(response.obj))


def metadata_of(stored: Stored) -> ObjectMeta:
    """The view of an object's metadata."""
    return view(ObjectMeta, stored.document["metadata"])


def controller_uid(stored: Stored) -> str:
    """The uid of the managing controller, or ""."""
    for reference in stored.document["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return str(reference["uid"])
    return ""


def error_text(response: Response) -> str:
    """What a client's error says of a refused or lost request."""
    return response.message or response.reason or f"HTTP {response.code}"


def is_namespace_terminating(response: Response) -> bool:
    """Whether a create failed because the namespace is being deleted, so that trying again is pointless."""
    causes = ((response.status or {}).get("details") or {}).get("causes") or ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)
