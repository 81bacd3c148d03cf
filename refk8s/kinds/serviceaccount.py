"""ServiceAccount. Source: staging/src/k8s.io/api/core/v1/types.go, ServiceAccount."""

import attrs

from refk8s.kinds.meta import NO_METADATA, LocalObjectReference, ObjectMeta, ObjectReference

__all__ = ["ServiceAccount"]


@attrs.frozen(weakref_slot=False)
class ServiceAccount:
    metadata: ObjectMeta = NO_METADATA
    secrets: tuple[ObjectReference, ...] = ()
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()
    automount_service_account_token: bool | None = None
