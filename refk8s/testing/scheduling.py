"""SchedulingMachine: pods with constraints, nodes that come, go and change, and somebody else who binds, too.

The invariants on decisions and bindings judge at the moment of the binding, against the snapshot used and the store.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from .cluster import ClusterMachine

NODES: Final = ("node-1", "node-2", "node-3")
nodes = st.sampled_from(NODES)
TAINT: Final = {"key": "dedicated", "value": "x", "effect": "NoSchedule"}


class SchedulingMachine(ClusterMachine):
    """Three nodes of 1 CPU in two zones; pods of 300m to 900m, with selectors, tolerations and host ports; a rival who binds by hand."""

    spec: ClassVar[Any] = {
        "nodes": [
            {"name": "node-1", "cpu": "1", "zone": "a"},
            {"name": "node-2", "cpu": "1", "zone": "a"},
            {"name": "node-3", "cpu": "1", "zone": "b"},
        ],
        "users": {"ann": [], "rival": []},
    }

    def __init__(self) -> None:
        super().__init__()
        self._made = 0

    def step(self, step: dict[str, Any]) -> None:
        """One more step of ann's script."""
        self.say(f"ann: {next(iter(step))}", **{"as": "ann", "step": step})

    @rule(
        milli=st.integers(3, 9),
        zone=st.sampled_from(("", "a", "b")),
        tolerates=st.booleans(),
        port=st.booleans(),
    )
    def create(self, milli: int, zone: str, tolerates: bool, port: bool) -> None:
        """A pod with constraints."""
        self._made += 1
        container: dict[str, Any] = {"name": "c", "image": "c:1", "resources": {"requests": {"cpu": f"{milli}00m"}}}
        if port:
            container["ports"] = [{"containerPort": 80, "hostPort": 80}]
        spec: dict[str, Any] = {"containers": [container], "terminationGracePeriodSeconds": 1}
        if zone:
            spec["nodeSelector"] = {"topology.kubernetes.io/zone": zone}
        if tolerates:
            spec["tolerations"] = [{"key": "dedicated", "operator": "Exists"}]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{self._made}"}, "spec": spec}
        self.step({"create": {"documents": [pod]}})

    @rule(place=st.integers(0, 7))
    def delete(self, place: int) -> None:
        """A pod is deleted."""
        pods = self._pods()
        if pods:
            self.step({"delete": {"resource": "pods", "name": pods[place % len(pods)]}})

    @rule(node=nodes, on=st.booleans())
    def cordon(self, node: str, on: bool) -> None:
        """`kubectl cordon` and `uncordon`."""
        self.step({"cordon" if on else "uncordon": {"name": node}})

    @rule(node=nodes, on=st.booleans())
    def taint(self, node: str, on: bool) -> None:
        """A node is dedicated to some, or to nobody any more."""
        self._patch_node(node, {"spec": {"taints": [TAINT] if on else []}})

    @rule(node=nodes, zone=st.sampled_from("ab"))
    def relabel(self, node: str, zone: str) -> None:
        """A node moves to another zone."""
        self._patch_node(node, {"metadata": {"labels": {"topology.kubernetes.io/zone": zone}}})

    @rule(place=st.integers(0, 7), node=nodes)
    def rival_binds(self, place: int, node: str) -> None:
        """Somebody else binds one of the pods, wherever there seems to be room: a second scheduler."""
        pods = self._pods()
        if not pods:
            return
        name = pods[place % len(pods)]
        body = {"metadata": {"name": name}, "target": {"kind": "Node", "name": node}}
        place_of_it = {"resource": "pods", "namespace": "default", "name": name, "subresource": "binding"}
        self._made += 1
        self.send("rival", {"verb": "create", **place_of_it, "body": body}, f"bind-{self._made}")

    def _patch_node(self, node: str, patch: dict[str, Any]) -> None:
        self.step({"patch": {"resource": "nodes", "name": node, "patch": patch, "type": "merge"}})

    def _pods(self) -> list[str]:
        keys = self.world.store.collection("pods").objects.keys()
        return sorted(key.partition("/")[2] for key in keys)
