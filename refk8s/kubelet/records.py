"""What the kubelet remembers of a pod: its worker, its containers' troubles, and the status that it wants the API server to show.

All of it is lost in a crash; what survives is the runtime (runtime.py) and the API server. Source: pkg/kubelet/pod_workers.go (podSyncStatus),
status/status_manager.go (versionedPodStatus), reason_cache.go.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from ..api.store import Stored
from ..core.digest import digest
from .backoff import BackoffEntry

Document = dict[str, Any]

SYNCING: Final = "syncing"
TERMINATING: Final = "terminating"
TERMINATED: Final = "terminated"
REJECTED: Final = "rejected"

IDLE: Final = ""
STARTING: Final = "start"
STOPPING: Final = "stop"

NO_ALARM: Final = (0, False)


@attrs.frozen
class Trouble:
    """What the kubelet remembers of one container.

    `reason` and `message`: why it could not be started when that was last tried; `crash` and `pull`: its back-offs; `pull_error`: the last pull's failure;
    `told_ms`: the beginnings of the failing probe runs that an event has told.
    """

    reason: str = ""
    message: str = ""
    crash: BackoffEntry | None = None
    pull: BackoffEntry | None = None
    pull_error: str = ""
    told_ms: tuple[int, ...] = ()

    @property
    def token(self) -> str:
        """What identifies its content."""
        crash = (self.crash.delay_ns, self.crash.last_update_ns) if self.crash else ""
        pull = (self.pull.delay_ns, self.pull.last_update_ns) if self.pull else ""
        return f"{self.reason}|{self.message}|{crash}|{pull}|{self.pull_error}|{self.told_ms}"


NO_TROUBLE: Final = Trouble()


class StatusEntry:
    """The status that the API server should show: its `version`, the version that was `sent` last, and whether the pod is `finished` and may be deleted."""

    __slots__ = ("_digest", "finished", "sent", "status", "token", "version")

    def __init__(self, status: Document, version: int, sent: int, *, finished: bool, content: int = 0) -> None:
        self.status = status
        self.version = version
        self.sent = sent
        self.finished = finished
        self._digest = content or digest(status)
        self.token = f"{version}|{sent}|{finished}|{self._digest:x}"

    def acknowledged(self, version: int) -> StatusEntry:
        """The entry once `version` has reached the API server."""
        return StatusEntry(
            self.status, self.version, max(self.sent, version), finished=self.finished, content=self._digest
        )


class Worker:
    """What the kubelet remembers of one pod: its worker, and the status that the API server should show (`entry`).

    `state`: a state of the machine WORKER (machines.py). `busy` says what it waits for until `until_ms`: a container that is being pulled and started (the
    first of `plan`, those after it follow), or runs that are being stopped; meanwhile it does nothing else. `pulls`: the start in progress pulls the image.
    `grace_s`: the grace period once it is terminating. `alarm`: the (deadline, periodic) for which its timer is armed. `last`: the pod as looked at last.
    `told`: how often each event was recorded, by the number in the event's name.
    """

    __slots__ = (
        "alarm",
        "busy",
        "entry",
        "grace_s",
        "last",
        "plan",
        "pulls",
        "state",
        "token",
        "told",
        "troubles",
        "until_ms",
    )

    def __init__(
        self,
        state: str,
        last: Stored | None,
        entry: StatusEntry | None,
        busy: str,
        until_ms: int,
        plan: tuple[str, ...],
        pulls: bool,
        grace_s: int,
        alarm: tuple[int, bool],
        troubles: tuple[tuple[str, Trouble], ...],
        told: tuple[tuple[int, int], ...],
    ) -> None:
        self.state = state
        self.last = last
        self.entry = entry
        self.busy = busy
        self.until_ms = until_ms
        self.plan = plan
        self.pulls = pulls
        self.grace_s = grace_s
        self.alarm = alarm
        self.troubles = troubles
        self.told = told
        # What identifies the content. `last` is not part of it: the caches and their history say which it was.
        shown = entry.token if entry is not None else ""
        named = ";".join([f"{name}={trouble.token}" for name, trouble in troubles]) if troubles else ""
        self.token = f"{state}|{busy}|{until_ms}|{plan}|{pulls}|{grace_s}|{alarm}|{named}|{told}|{shown}"

    def with_entry(self, entry: StatusEntry | None) -> Worker:
        """The record with another status to show."""
        return Worker(
            self.state,
            self.last,
            entry,
            self.busy,
            self.until_ms,
            self.plan,
            self.pulls,
            self.grace_s,
            self.alarm,
            self.troubles,
            self.told,
        )

    @property
    def is_terminated(self) -> bool:
        """Whether all of its containers have stopped for good."""
        return self.state in (TERMINATED, REJECTED)


def memory_of(uid: str) -> str:
    """The name under which the kubelet remembers the pod with this uid."""
    return f"pod:{uid}"


def worker_key(pod_key: str, uid: str) -> str:
    """The key of a pod's worker: "namespace/name#uid", since a pod and its namesake that follows it are two."""
    return f"{pod_key}#{uid}"


def split_key(key: str) -> tuple[str, str]:
    """("namespace/name", uid) of a worker's key."""
    pod_key, _, uid = key.partition("#")
    return pod_key, uid
