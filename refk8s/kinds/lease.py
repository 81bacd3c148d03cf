"""Lease; its times have microseconds. Source: staging/src/k8s.io/api/coordination/v1/types.go, Lease."""

import attrs

from refk8s.kinds.meta import NO_METADATA, ObjectMeta

__all__ = ["Lease", "LeaseSpec"]


@attrs.frozen(weakref_slot=False)
class LeaseSpec:
    holder_identity: str = ""
    lease_duration_seconds: int | None = None
    acquire_time: str = ""
    renew_time: str = ""
    lease_transitions: int | None = None


@attrs.frozen(weakref_slot=False)
class Lease:
    metadata: ObjectMeta = NO_METADATA
    spec: LeaseSpec = LeaseSpec()
