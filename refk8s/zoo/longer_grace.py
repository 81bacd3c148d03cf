"""A second delete with a longer grace period puts the end off.

A grace period only ever shortens; a client that repeats its delete could otherwise keep a pod alive for ever.
"""

from __future__ import annotations

from ..api.finalize import PENDING
from ..api.options import DeleteOptions
from ..api.rest import Api
from ..api.rest.call import Call
from ..api.store import Stored
from .mutant import Mutant, with_api
from .scenes import apply, delete, pod, scene, wait_running


class PatientApi(Api):
    """Takes every grace period that it is asked for."""

    def start_deletion(self, call: Call, old: Stored, options: DeleteOptions) -> int | None:
        """The period asked for, also if it is longer than what is left."""
        grace_s = super().start_deletion(call, old, options)
        return options.grace_s if grace_s == PENDING and options.grace_s is not None else grace_s


MUTANT = Mutant(
    id="longer-grace",
    title="a second delete puts the end off",
    story=__doc__,
    change=with_api(PatientApi()),
    catches=("API-06",),
    scenario=scene(
        apply(pod("web")),
        wait_running("web"),
        delete("pods", "web", gracePeriodSeconds=30),
        delete("pods", "web", gracePeriodSeconds=60),
        behaviours=[{"do": "stop 20s"}],
    ),
)
