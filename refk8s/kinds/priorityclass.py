"""PriorityClass. Source: staging/src/k8s.io/api/scheduling/v1/types.go, PriorityClass."""

import attrs

from refk8s.kinds.meta import NO_METADATA, ObjectMeta

__all__ = ["PriorityClass"]


@attrs.frozen(weakref_slot=False)
class PriorityClass:
    metadata: ObjectMeta = NO_METADATA
    value: int = 0
    global_default: bool = False
    description: str = ""
    preemption_policy: str = ""
