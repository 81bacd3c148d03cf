"""What all kinds share: object metadata, owner references, label selectors, conditions, object references.

Timestamps stay RFC 3339 text, "" when absent.
Source: staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go.
"""

from collections.abc import Mapping

import attrs

from refk8s.kinds.codec import EMPTY

__all__ = [
    "NO_METADATA",
    "NO_REFERENCE",
    "Condition",
    "LabelSelector",
    "LabelSelectorRequirement",
    "LocalObjectReference",
    "ObjectMeta",
    "ObjectReference",
    "OwnerReference",
    "controller_of",
]


@attrs.frozen(weakref_slot=False)
class OwnerReference:
    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None
    block_owner_deletion: bool | None = None


@attrs.frozen(weakref_slot=False)
class ObjectMeta:
    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    deletion_timestamp: str = ""
    deletion_grace_period_seconds: int | None = None
    labels: Mapping[str, str] = EMPTY
    annotations: Mapping[str, str] = EMPTY
    owner_references: tuple[OwnerReference, ...] = ()
    finalizers: tuple[str, ...] = ()


NO_METADATA = ObjectMeta()


@attrs.frozen(weakref_slot=False)
class LabelSelectorRequirement:
    key: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()


@attrs.frozen(weakref_slot=False)
class LabelSelector:
    """A label query; the empty one matches everything, an absent one (None) nothing."""

    match_labels: Mapping[str, str] = EMPTY
    match_expressions: tuple[LabelSelectorRequirement, ...] = ()


@attrs.frozen(weakref_slot=False)
class Condition:
    """The fields that the conditions of all kinds have; a field that a kind does not know is "" or 0."""

    type: str = ""
    status: str = ""
    observed_generation: int = 0
    last_probe_time: str = ""
    last_heartbeat_time: str = ""
    last_update_time: str = ""
    last_transition_time: str = ""
    reason: str = ""
    message: str = ""


@attrs.frozen(weakref_slot=False)
class ObjectReference:
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    api_version: str = ""
    resource_version: str = ""
    field_path: str = ""


NO_REFERENCE = ObjectReference()


@attrs.frozen(weakref_slot=False)
class LocalObjectReference:
    name: str = ""


def controller_of(metadata: ObjectMeta) -> OwnerReference | None:
    """Return the owner reference marked as controller, or None.

    Source: apimachinery/pkg/apis/meta/v1/controller_ref.go, GetControllerOf.
    """
    for reference in metadata.owner_references:
        if reference.controller:
            return reference
    return None
