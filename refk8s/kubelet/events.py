"""Events about pods, as client-go's recorder makes them: the first one is created, an equal one counts it up.

How often one was recorded is part of the worker's record, so that no look-up is needed. Source: client-go/tools/record/{event,events_cache}.go.
DEVIATES: no spam filter and no grouping of similar events, as in controllers/runtime.py.
"""

from __future__ import annotations

from ..api.store import Stored
from ..controllers.runtime import create, patch
from ..core.clock import rfc3339
from ..core.wire import Request

COMPONENT = "kubelet"


def pod_event(
    pod: Stored, host: str, now_ms: int, kind: str, reason: str, message: str, path: str, number: int, count: int
) -> Request:
    """The request that records an event about a pod, or the part of it at `path`; `number` is that of its name, `count` how often it has come about."""
    now = rfc3339(now_ms)
    name = f"{pod.name}.{number:016x}"
    namespace = pod.namespace
    if count > 1:
        return patch("events", f"{namespace}/{name}", {"count": count, "lastTimestamp": now})
    involved = {
        "kind": "Pod",
        "namespace": namespace,
        "name": pod.name,
        "uid": pod.uid,
        "apiVersion": "v1",
        "resourceVersion": str(pod.revision),
    }
    if path:
        involved["fieldPath"] = path
    return create(
        "events",
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "source": {"component": COMPONENT, "host": host},
            "type": kind,
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "reportingComponent": COMPONENT,
            "reportingInstance": host,
        },
    )
