"""What the writers found with two API servers: a client that turns to one that is behind it is not offered what it has had."""

from __future__ import annotations

from refk8s.core.action import Deliver, Hold, Input, Partition, Release
from refk8s.core.enabled import enabled, find, first, is_quiet, label
from refk8s.core.step import step
from refk8s.explore.cluster import build
from refk8s.scenarios import from_data


def test_a_client_ahead_of_its_new_api_server_waits_until_that_has_caught_up() -> None:
    spec = {"nodes": [{"name": "node-1"}], "components": {"apiServers": 2}}
    document = {"apiVersion": "refk8s.dev/v1", "kind": "Scenario", "metadata": {"name": "two"}, "spec": spec}
    model, world = build(from_data(document).cluster)
    while not is_quiet(model, world):
        action = first(world)
        assert action is not None
        world, _ = step(model, world, action)
    hold = find(model, world, "hold kube-apiserver/1 configmaps")
    assert isinstance(hold, Hold)
    world, _ = step(model, world, hold)
    body = {"metadata": {"name": "a"}, "data": {"n": "0"}}
    request = {"verb": "create", "resource": "configmaps", "namespace": "default", "body": body}
    world, _ = step(model, world, Input({"summary": "create", "request": request}))
    manager, behind = world.names["kube-controller-manager"], world.names["kube-apiserver/1"]
    ahead = world.names["kube-apiserver/0"]
    assert world.procs[manager].server == ahead
    heard = "deliver kube-controller-manager configmaps ADDED default/a"
    while heard not in [label(model, world, action) for action in enabled(world)]:
        action = first(world)
        assert action is not None
        world, _ = step(model, world, action)
    world, _ = step(model, world, find(model, world, heard))
    world, _ = step(model, world, Partition(manager, ahead))
    assert world.procs[manager].server == behind
    world, _ = step(model, world, Release(hold.iid))
    late = find(model, world, "deliver kube-apiserver/1 configmaps ADDED default/a")
    world, _ = step(model, world, late)
    mine = range(world.first_informer[manager], world.first_informer[manager] + len(world.procs[manager].informers))
    offered = [action for action in enabled(world) if isinstance(action, Deliver) and action.iid in mine]
    assert not offered
