"""The status manager: sends pod statuses to the API server, one after the other, and removes pods that are done.

Source: pkg/kubelet/status/status_manager.go (syncBatch, syncPod), pkg/util/pod/pod.go (PatchPodStatus).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import attrs

from ..api.store import Stored
from ..controllers.runtime import Controller, delete, get, patch
from ..core.clock import rfc3339
from ..core.flight import Cached, Enqueue, Now, Recall, Reconcile, Remember, Retry
from ..core.wire import Response
from .patches import status_patch
from .records import Worker, memory_of, split_key
from .rules import RULES, Rules


@attrs.frozen(eq=False)
class StatusManager(Controller):
    """Sends the newest status of a pod if it differs from the one that the API server has. A failure is tried again at the next tick (10 s).

    `stream`: where the pods of the node are watched.
    """

    name: str = "status"
    workers: int = 1
    stream: str = attrs.field(kw_only=True)
    rules: Rules = RULES

    def backoff_ms(self, failures: int) -> int:
        """The period of syncBatch."""
        del failures
        return self.rules.retry_ms

    def reconcile(self, key: str) -> Reconcile:
        """Read the pod, patch its status, and delete it if that was the last one."""
        pod_key, uid = split_key(key)
        memory = memory_of(uid)
        worker: Worker | None = yield Recall(memory)
        entry = worker.entry if worker is not None else None
        if entry is None:
            return None
        # READ
        reply: Response = yield get("pods", pod_key)
        if not reply.ok:
            return None if reply.reason == "NotFound" else Retry(f"get: {reply.reason}")
        stored: Stored = reply.obj
        if stored.uid != uid:
            return None
        # CHANGE
        now_ms = yield Now()
        worker = yield Recall(memory)
        could_run = worker is not None and not worker.is_terminated
        wanted = self.rules.merge(stored.document["status"], entry.status, rfc3339(now_ms), could_run=could_run)
        body = self.difference(uid, stored.document["status"], wanted)
        overtaken = False
        if body is not None:
            reply = yield patch("pods", pod_key, body, subresource="status")
            if not reply.ok:
                return Retry(f"patch: {reply.reason}")
            stored = reply.obj
            overtaken = stored.document["status"] != wanted
        # RECORD
        worker = yield Recall(memory)
        if worker is not None and worker.entry is not None and worker.entry.sent < entry.version:
            yield Remember(memory, worker.with_entry(worker.entry.acknowledged(entry.version)))
        if self.rules.may_delete(stored.document, entry):
            options: dict[str, Any] = {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}}
            reply = yield delete("pods", pod_key, **options)
            if not reply.ok and reply.reason != "NotFound":
                return Retry(f"delete: {reply.reason}")
            worker = yield Recall(memory)
            if worker is not None:
                yield Remember(memory, worker.with_entry(None))
        else:
            yield from self.look_again(key, stored, overtaken)
        return None

    def look_again(self, key: str, seen: Stored, overtaken: bool) -> Generator[Any, Any, None]:
        """Plan the next tick if somebody has changed the status since `seen` was read or written: that news came while it was no news to the pod worker.

        `overtaken`: somebody changed it between the read and the patch, and the patch kept what it did not know of.
        """
        newest = (yield Cached(self.stream)).get(seen.key)
        later = newest is not None and newest.revision > seen.revision
        if overtaken or (later and newest.document["status"] != seen.document["status"]):
            yield Enqueue(self.name, key, self.rules.retry_ms)

    def difference(self, uid: str, api: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any] | None:
        """The strategic patch that makes `wanted` of the API server's status, None if nothing differs; the uid in it is a precondition."""
        if api == wanted:
            return None
        found = status_patch(api, wanted)
        return {"metadata": {"uid": uid}, "status": found} if found else None
