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


@attrs.frozen(eq=False)
class Worker:
    """The worker of one pod.

    `state`: a state of the machine WORKER (machines.py). `busy` says what it waits for until `until_ms`: a container that is being pulled and started (the
    first of `plan`, those after it follow), or runs that are being stopped; meanwhile it does nothing else. `pulls`: the start in progress pulls the image.
    `grace_s`: the grace period once it is terminating. `alarm`: the (deadline, periodic) for which its timer is armed. `last` is the pod as last seen.
    """

    state: str
    last: Stored | None = None
    busy: str = IDLE
    until_ms: int = 0
    since_ms: int = 0
    plan: tuple[str, ...] = ()
    pulls: bool = False
    grace_s: int = 0
    alarm: tuple[int, bool] = NO_ALARM
    troubles: tuple[tuple[str, Trouble], ...] = ()

    @property
    def token(self) -> str:
        """What identifies its content. `last` is not part of it: caches and history say which it was."""
        troubles = ";".join([f"{name}={trouble.token}" for name, trouble in self.troubles])
        return f"{self.state}|{self.busy}|{self.until_ms}|{self.since_ms}|{self.plan}|{self.pulls}|{self.grace_s}|{self.alarm}|{troubles}"

    @property
    def is_terminated(self) -> bool:
        """Whether all of its containers have stopped for good."""
        return self.state in (TERMINATED, REJECTED)


class StatusEntry:
    """The status that the API server should show: its `version`, the version that was `sent` last, and whether the pod is `finished` and may be deleted."""

    __slots__ = ("_digest", "finished", "sent", "status", "version")

    def __init__(self, status: Document, version: int, sent: int, *, finished: bool, content: int = 0) -> None:
        self.status = status
        self.version = version
        self.sent = sent
        self.finished = finished
        self._digest = content or digest(status)

    def acknowledged(self, version: int) -> StatusEntry:
        """The entry once `version` has reached the API server."""
        return StatusEntry(
            self.status, self.version, max(self.sent, version), finished=self.finished, content=self._digest
        )

    @property
    def token(self) -> str:
        """What identifies its content."""
        return f"{self.version}|{self.sent}|{self.finished}|{self._digest:x}"


def worker_key(pod_key: str, uid: str) -> str:
    """The key of a pod's worker: "namespace/name#uid", since a pod and its namesake that follows it are two."""
    return f"{pod_key}#{uid}"


def split_key(key: str) -> tuple[str, str]:
    """("namespace/name", uid) of a worker's key."""
    pod_key, _, uid = key.partition("#")
    return pod_key, uid
