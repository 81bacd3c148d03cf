"""Lost update: an update is stored though the object has changed since its writer read it.

The classic of every store without optimistic concurrency; `UpdatePod` of k8s-lite-go compares no version (catalogue W13).
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.rest.call import Call
from ..api.store import Stored
from .mutant import Mutant, with_api


class BlindApi(Api):
    """Overwrites whatever is there."""

    def check_resource_version(self, call: Call, old: Stored, metadata: dict[str, object]) -> None:
        """Never a conflict."""


MUTANT = Mutant(
    id="blind-put",
    title="a stale update overwrites a newer one",
    story=__doc__,
    rows=(
        "W13",
        "zero a",
    ),
    change=with_api(BlindApi()),
    catches=("API-01",),
    scenario="two-writers",
)
