"""Who owns what: whether a controller keeps, adopts, releases or ignores an object, and the patches that do it.

Source: pkg/controller/controller_ref_manager.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from refk8s.kinds.meta import ObjectMeta, controller_of
from refk8s.kinds.selector import Selector

Claim = Literal["keep", "adopt", "release", "ignore"]
KEEP: Final = "keep"
ADOPT: Final = "adopt"
RELEASE: Final = "release"
IGNORE: Final = "ignore"


def claim(owner: ObjectMeta, selector: Selector, dependent: ObjectMeta) -> Claim:
    """What the controller `owner`, which selects by `selector`, does about an object.

    It keeps what is its own and matches, releases what is its own but does not, and adopts matching orphans of its
    namespace; an owner that is being deleted neither releases nor adopts. Source: ClaimObject.
    """
    reference = controller_of(dependent)
    if reference is not None:
        if reference.uid != owner.uid:
            return IGNORE
        if selector.matches(dependent.labels):
            return KEEP
        return IGNORE if owner.deletion_timestamp else RELEASE
    if owner.deletion_timestamp or dependent.deletion_timestamp or not selector.matches(dependent.labels):
        return IGNORE
    if owner.namespace and owner.namespace != dependent.namespace:
        return IGNORE
    return ADOPT


def is_claimed(owner: ObjectMeta, selector: Selector, dependent: ObjectMeta) -> bool:
    """Whether an object is controlled by `owner` and selected. Source: FilterClaimedPods."""
    reference = controller_of(dependent)
    return reference is not None and reference.uid == owner.uid and selector.matches(dependent.labels)


def adopt_patch(owner: ObjectMeta, api_version: str, kind: str, dependent_uid: str) -> dict[str, Any]:
    """The strategic merge patch that makes `owner` the controller; its uid fails it if the object is another one now."""
    reference = {
        "apiVersion": api_version,
        "kind": kind,
        "name": owner.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {"metadata": {"ownerReferences": [reference], "uid": dependent_uid}}


def release_patch(owner: ObjectMeta, dependent_uid: str) -> dict[str, Any]:
    """The strategic merge patch that takes the reference to `owner` away."""
    return {"metadata": {"uid": dependent_uid, "ownerReferences": [{"$patch": "delete", "uid": owner.uid}]}}


def adoption_refusal(kind: str, dependent: ObjectMeta, why: str) -> str:
    """The error of an adoption that was not even tried, because the owner turned out to be gone."""
    return f"can't adopt {kind} {dependent.namespace}/{dependent.name} ({dependent.uid}): {why}"


def recheck(owner: ObjectMeta, kind: str, fresh: ObjectMeta) -> str:
    """Why the owner must not adopt, judging by its live version `fresh`; "" if it may.

    Source: RecheckDeletionTimestamp.
    """
    where = f"{owner.namespace}/{owner.name}"
    if fresh.uid != owner.uid:
        gone = f"original {kind} {where} is gone: got uid {fresh.uid}, wanted {owner.uid}"
        return f"can't recheck DeletionTimestamp: {gone}"
    if fresh.deletion_timestamp:
        return f"{where} has just been deleted at {go_time(fresh.deletion_timestamp)}"
    return ""


def aggregate(errors: Sequence[str]) -> str:
    """Several errors as one text: each distinct one once, in brackets if there are several.

    Source: utilerrors.NewAggregate.
    """
    distinct = list(dict.fromkeys(errors))
    return distinct[0] if len(distinct) == 1 else f"[{', '.join(distinct)}]"


def go_time(timestamp: str) -> str:
    """A UTC timestamp as Go prints it: `2026-01-01 00:00:00 +0000 UTC`."""
    return timestamp.replace("T", " ").replace("Z", " +0000 UTC")
