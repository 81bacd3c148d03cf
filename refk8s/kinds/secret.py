"""Secret; the values of `data` stay in base64. Source: staging/src/k8s.io/api/core/v1/types.go, Secret."""

from collections.abc import Mapping

import attrs

from refk8s.kinds.codec import EMPTY
from refk8s.kinds.meta import NO_METADATA, ObjectMeta

__all__ = ["Secret"]


@attrs.frozen(weakref_slot=False)
class Secret:
    metadata: ObjectMeta = NO_METADATA
    immutable: bool | None = None
    data: Mapping[str, str] = EMPTY
    type: str = ""
