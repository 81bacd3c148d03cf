"""ConfigMap. Source: staging/src/k8s.io/api/core/v1/types.go, ConfigMap."""

from collections.abc import Mapping

import attrs

from refk8s.kinds.codec import EMPTY
from refk8s.kinds.meta import NO_METADATA, ObjectMeta

__all__ = ["ConfigMap"]


@attrs.frozen(weakref_slot=False)
class ConfigMap:
    metadata: ObjectMeta = NO_METADATA
    immutable: bool | None = None
    data: Mapping[str, str] = EMPTY
    binary_data: Mapping[str, str] = EMPTY
