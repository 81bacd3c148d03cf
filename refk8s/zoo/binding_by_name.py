"""A binding takes effect on whatever pod has this name now.

The scheduler decided about another pod, which was deleted and made again since: its uid in the binding is there to say so (catalogue K12).
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.rest.call import Call
from ..api.store import Stored
from .mutant import Mutant, with_api
from .scenes import apply, delete, pod, scene


class NamingApi(Api):
    """Goes by names."""

    def check_binding_preconditions(self, call: Call, pod: Stored, metadata: dict[str, object]) -> None:
        """Never a conflict."""


def _again(name: str) -> list[dict[str, object]]:
    return [apply(pod(name)), delete("pods", name, gracePeriodSeconds=0), apply(pod(name))]


MUTANT = Mutant(
    id="binding-by-name",
    title="a binding is for the pod that had this name before",
    story=__doc__,
    rows=("K12",),
    change=with_api(NamingApi()),
    catches=("SCHED-05",),
    scenario=scene(*_again("a"), users={"bob": _again("b"), "cat": _again("c")}),
    seeds=60,
)
