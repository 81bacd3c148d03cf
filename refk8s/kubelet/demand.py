"""What a pod asks of its node, added up once for all pods that ask for the same.

Source: component-helpers/resource/helpers.go (PodRequests, PodLimits), pkg/scheduler/framework/types.go (Resource.Add).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import attrs
import orjson

from ..kinds.codec import view
from ..kinds.pod import Pod
from ..kinds.resources import Amounts, amounts, pod_limits, pod_requests


@attrs.frozen(eq=False)
class Demand:
    """The requests of a whole pod as numbers, and requests and limits as documents."""

    amounts: Amounts
    requests: Mapping[str, str]
    limits: Mapping[str, str]


def demand(document: Mapping[str, Any]) -> Demand:
    """The demand of the pod with this document."""
    spec = document["spec"]
    asked = [
        [(c["name"], c.get("resources"), c.get("restartPolicy")) for c in spec[field]]
        for field in ("containers", "initContainers")
        if spec.get(field)
    ]
    return _demand(orjson.dumps([asked, spec.get("resources"), spec.get("overhead")]))


@lru_cache(maxsize=4096)
def _demand(asked: bytes) -> Demand:
    lists, resources, overhead = orjson.loads(asked)
    fields = [
        [{"name": name, "resources": own or {}, "restartPolicy": policy or ""} for name, own, policy in containers]
        for containers in lists
    ]
    spec = {
        **dict(zip(("containers", "initContainers"), fields, strict=False)),
        **({"resources": resources} if resources is not None else {}),
        **({"overhead": overhead} if overhead else {}),
    }
    pod = view(Pod, {"spec": spec})
    requests = pod_requests(pod)
    return Demand(
        amounts(requests),
        {name: str(quantity) for name, quantity in requests.items()},
        {name: str(quantity) for name, quantity in pod_limits(pod).items()},
    )
