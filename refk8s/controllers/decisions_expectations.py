"""Expectations: the creations and deletions that a controller has asked for and its cache has yet to show.

Until they are fulfilled (or too old), the controller does not act on the object again, because its cache would make
it do things twice. Source: pkg/controller/controller_utils.go (ControllerExpectations,
UIDTrackingControllerExpectations).
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

TIMEOUT_MS = 5 * 60 * 1000


@attrs.frozen
class Expectations:
    """What is expected for one object; a value of the process's memory.

    `deleting` are the keys of the pods whose deletion counts once, be it seen as a deletion timestamp or as a removal.
    """

    creations: int = 0
    deletions: int = 0
    since_ms: int = 0
    deleting: tuple[str, ...] = ()

    @property
    def token(self) -> str:
        """The text that stands for the value in a fingerprint."""
        return f"{self.creations} {self.deletions} {self.since_ms} {','.join(self.deleting)}"

    def is_fulfilled(self) -> bool:
        return self.creations <= 0 and self.deletions <= 0

    def is_expired(self, now_ms: int) -> bool:
        return now_ms - self.since_ms > TIMEOUT_MS

    def observed_creations(self, count: int = 1) -> Expectations:
        """After `count` creations were seen (or given up)."""
        return attrs.evolve(self, creations=self.creations - count)

    def observed_deletion(self, pod_key: str) -> Expectations:
        """After the deletion of a pod was seen (or given up), if it is one that was asked for and not counted yet."""
        if pod_key not in self.deleting:
            return self
        left = tuple(key for key in self.deleting if key != pod_key)
        return attrs.evolve(self, deletions=self.deletions - 1, deleting=left)


def expect_creations(old: Expectations | None, count: int, now_ms: int) -> Expectations:
    """Expect `count` creations and nothing else; keys of earlier deletions stay known."""
    return Expectations(creations=count, since_ms=now_ms, deleting=old.deleting if old else ())


def expect_deletions(pod_keys: Iterable[str], now_ms: int) -> Expectations:
    """Expect the deletions of these pods and nothing else."""
    keys = tuple(sorted(pod_keys))
    return Expectations(deletions=len(keys), since_ms=now_ms, deleting=keys)


def is_satisfied(expectations: Expectations | None, now_ms: int) -> bool:
    """Whether the controller may act: nothing expected, all seen, or waited for too long."""
    return expectations is None or expectations.is_fulfilled() or expectations.is_expired(now_ms)
