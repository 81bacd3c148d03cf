"""What a campaign has touched: invariants asked, rows of machines fired, kinds of faults, error replies; and what it never did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from ..core.action import Action
from ..core.delta import Delta
from ..core.faults import KINDS, kind_of
from ..core.invariant import Invariant
from ..core.machine import Machine
from ..core.world import World
from ..kinds.machines import MACHINES as OF_KINDS
from ..kubelet.machines import CONTAINER_STATE, POD_PHASE

MACHINES: Final[tuple[Machine, ...]] = (POD_PHASE, CONTAINER_STATE, *OF_KINDS)
REPLIES: Final = (
    "400 BadRequest",
    "403 Forbidden",
    "404 NotFound",
    "409 AlreadyExists",
    "409 Conflict",
    "410 Expired",
    "422 Invalid",
    "429 TooManyRequests",
    "500 InternalError",
    "Timeout",
)
"""The error replies that the components know how to take."""
PARTS: Final = ("invariants", "rows", "faults", "replies")


@attrs.define
class Coverage:
    """Counts by name, in four parts. It is an observer of runs; `add` puts two together."""

    invariants: dict[str, int] = attrs.field(factory=dict)
    rows: dict[str, int] = attrs.field(factory=dict)
    faults: dict[str, int] = attrs.field(factory=dict)
    replies: dict[str, int] = attrs.field(factory=dict)

    def __call__(self, before: World, action: Action, after: World, delta: Delta) -> None:
        """Note what one step touched."""
        for change in delta.commits:
            for machine in _BY_RESOURCE.get(change.resource, ()):
                for *_, row in machine.fired(change):
                    if row is not None:
                        self.rows[row.id] = self.rows.get(row.id, 0) + 1
        if delta.served is not None and not delta.served[1].ok:
            response = delta.served[1]
            name = response.reason if response.reason == "Timeout" else f"{response.code} {response.reason}"
            self.replies[name] = self.replies.get(name, 0) + 1
        kind = kind_of(action, before)
        if kind is not None:
            self.faults[kind] = self.faults.get(kind, 0) + 1

    def add(self, other: Mapping[str, Mapping[str, int]]) -> None:
        """Add the counts of another one, as data."""
        for part in PARTS:
            mine = getattr(self, part)
            for name, count in other.get(part, {}).items():
                mine[name] = mine.get(name, 0) + count

    def counts(self) -> dict[str, dict[str, int]]:
        """The counts as data."""
        return {part: dict(sorted(getattr(self, part).items())) for part in PARTS}

    def data(self, invariants: Iterable[Invariant]) -> dict[str, Any]:
        """The coverage as data: per part the counts, and the names that were never reached."""
        known = {
            "invariants": [each.id for each in invariants],
            "rows": [row.id for machine in MACHINES for row in machine.rows],
            "faults": list(KINDS),
            "replies": list(REPLIES),
        }
        counts = self.counts()
        return {
            part: {"reached": counts[part], "never": [name for name in known[part] if name not in counts[part]]}
            for part in PARTS
        }


_BY_RESOURCE: Final[Mapping[str, tuple[Machine, ...]]] = {
    resource: tuple(machine for machine in MACHINES if machine.resource == resource)
    for resource in sorted({machine.resource for machine in MACHINES})
}
