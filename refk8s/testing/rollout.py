"""RolloutMachine: users who change, scale, pause and delete a Deployment and its pods at any time, under faults; then it converges."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from .cluster import ClusterMachine

NAME: Final = "web"
LABELS: Final = {"app": NAME}
users = st.sampled_from(("ann", "bob"))


def deployment(image: str, replicas: int | None) -> dict[str, Any]:
    """The Deployment that the users fight about."""
    container = {"name": "c", "image": image, "resources": {"requests": {"cpu": "100m"}}}
    spec: dict[str, Any] = {
        "selector": {"matchLabels": LABELS},
        "template": {
            "metadata": {"labels": LABELS},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 2},
        },
        "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}},
    }
    if replicas is not None:
        spec["replicas"] = replicas
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME}, "spec": spec}


class RolloutMachine(ClusterMachine):
    """Two users, one Deployment, two nodes. The invariants on surge, availability, overshoot, pods and convergence judge."""

    spec: ClassVar[Any] = {
        "nodes": [{"name": "node", "count": 2}],
        "users": {"ann": [{"apply": {"documents": [deployment("web:1", 3)]}}], "bob": []},
    }

    def step(self, who: str, step: dict[str, Any]) -> None:
        """One more step of a user's script: its requests then go over the wire like all others."""
        self.say(f"{who}: {next(iter(step))}", **{"as": who, "step": step})

    @rule(who=users, image=st.sampled_from(("web:1", "web:2", "web:3")), replicas=st.none() | st.integers(0, 5))
    def apply(self, who: str, image: str, replicas: int | None) -> None:
        """`kubectl apply` of another image, perhaps of another size (it creates what somebody deleted)."""
        self.step(who, {"apply": {"documents": [deployment(image, replicas)]}})

    @rule(who=users, replicas=st.integers(0, 5))
    def scale(self, who: str, replicas: int) -> None:
        """`kubectl scale`."""
        self.step(who, {"scale": {"resource": "deployments", "name": NAME, "replicas": replicas}})

    @rule(who=users, paused=st.booleans())
    def pause(self, who: str, paused: bool) -> None:
        """`kubectl rollout pause` and `resume`."""
        patch = {"spec": {"paused": paused or None}}
        self.step(who, {"patch": {"resource": "deployments", "name": NAME, "patch": patch}})

    @rule(who=users)
    def delete(self, who: str) -> None:
        """`kubectl delete deployment`."""
        self.step(who, {"delete": {"resource": "deployments", "name": NAME}})

    @rule(who=users, place=st.integers(0, 7))
    def delete_a_pod(self, who: str, place: int) -> None:
        """`kubectl delete pod` of one of those that are there."""
        pods = sorted(self.world.store.collection("pods").objects.keys())
        if pods:
            self.step(who, {"delete": {"resource": "pods", "name": pods[place % len(pods)].partition("/")[2]}})
