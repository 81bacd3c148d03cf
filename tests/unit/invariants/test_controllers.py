"""How a Deployment's bounds are reckoned: independent of the controller's own arithmetic, and equal to it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from refk8s.controllers.rolling import max_surge, max_unavailable
from refk8s.invariants.controllers import _fenceposts
from refk8s.kinds.codec import view
from refk8s.kinds.deployment import Deployment

amounts = st.integers(0, 20) | st.integers(0, 100).map(lambda number: f"{number}%")


@given(amounts, amounts, st.integers(1, 200))
def test_the_bounds_are_those_of_the_controller(surge: int | str, unavailable: int | str, replicas: int) -> None:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    spec = {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}
    found = _fenceposts(spec, replicas)
    deployment = view(Deployment, {"metadata": {}, "spec": spec, "status": {}})
    assert (found[0], min(found[1], replicas)) == (max_surge(deployment), max_unavailable(deployment))
