"""Namespace. Source: staging/src/k8s.io/api/core/v1/types.go, Namespace."""

import attrs

from refk8s.kinds.meta import NO_METADATA, Condition, ObjectMeta

__all__ = ["Namespace", "NamespaceSpec", "NamespaceStatus"]


@attrs.frozen(weakref_slot=False)
class NamespaceSpec:
    finalizers: tuple[str, ...] = ()


@attrs.frozen(weakref_slot=False)
class NamespaceStatus:
    phase: str = ""
    conditions: tuple[Condition, ...] = ()


@attrs.frozen(weakref_slot=False)
class Namespace:
    metadata: ObjectMeta = NO_METADATA
    spec: NamespaceSpec = NamespaceSpec()
    status: NamespaceStatus = NamespaceStatus()
