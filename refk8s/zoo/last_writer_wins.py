"""An update without a resourceVersion is taken for every kind.

Upstream allows it for most kinds only (AllowUnconditionalUpdate); a Lease that anybody can overwrite elects two leaders (catalogue W13).
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.rest.call import Call
from ..api.store import Stored
from .mutant import Mutant, with_api
from .scenes import scene, sleep


class LaxApi(Api):
    """Takes an absent resourceVersion for the current one."""

    def check_resource_version(self, call: Call, old: Stored, metadata: dict[str, object]) -> None:
        """A conflict only if there is a version that is stale."""
        if metadata.get("resourceVersion"):
            super().check_resource_version(call, old, metadata)


LEASE = {
    "apiVersion": "coordination.k8s.io/v1",
    "kind": "Lease",
    "metadata": {"name": "lock", "namespace": "default"},
    "spec": {"holderIdentity": "ann", "leaseTransitions": 0},
}


MUTANT = Mutant(
    id="last-writer-wins",
    title="an update without a version overwrites a Lease",
    story=__doc__,
    rows=("W13",),
    change=with_api(LaxApi()),
    catches=("API-10",),
    scenario=scene(
        sleep("1s"),
        {"increment": {"resource": "leases", "name": "lock", "field": "spec.leaseTransitions", "unconditional": True}},
        objects=[LEASE],
    ),
)
