"""The ReplicaSet controller acts on its cache at once, though it has not seen yet what it did itself.

k#19043, k#41675: a slow pod cache made it create pods again and again (catalogue R1). The gate
StaleControllerConsistencyReplicaSet, which would hide it, is off.
"""

from __future__ import annotations

from ..api.store import Stored
from ..controllers.replicaset import Failure, ReplicaSetController, _expected
from ..core.flight import Remember
from .mutant import Mutant, with_controller


class Forgetful(ReplicaSetController):
    """Expects nothing."""

    def _create_pods(self, stored: Stored, count: int) -> Failure:
        """Create, then forget it."""
        failure = yield from super()._create_pods(stored, count)
        yield Remember(_expected(stored.key), None)
        return failure


MUTANT = Mutant(
    id="no-expectations",
    title="a ReplicaSet gets more pods than it wants",
    story=__doc__,
    rows=("R1",),
    change=with_controller("replicaset", Forgetful),
    catches=("REPLICASET-01",),
    scenario="rollout",
    gates={"StaleControllerConsistencyReplicaSet": False},
)
