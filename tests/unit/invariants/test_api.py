"""What the invariants of the API server judge, and what they leave alone."""

from __future__ import annotations

import pytest

from refk8s.core.wire import Request
from refk8s.core.world import World
from refk8s.zoo.scenes import apply, config_map, deployment

from .worlds import changed, finding, removed, settled, with_metadata, with_status

DELETE = Request("delete", "configmaps", "default", "settings")
KEY = "default/settings"


@pytest.fixture(scope="module")
def world() -> World:
    """A ConfigMap with a finalizer, and a Deployment."""
    return settled(apply(config_map(finalizers=["example.com/keep"]), deployment(replicas=1)))[1]


def deleting(world: World, finalizers: list[str]) -> World:
    begun = with_metadata(deletionTimestamp="2026-01-01T00:00:05Z", deletionGracePeriodSeconds=0, finalizers=finalizers)
    return changed(world, "user/ann", "configmaps", KEY, begun, DELETE)[1]


def test_a_delete_must_not_remove_what_a_finalizer_keeps(world: World) -> None:
    assert finding("API-07", removed(world, "user/ann", "configmaps", KEY, DELETE)) is not None


def test_a_delete_may_drop_the_garbage_collectors_own_finalizers(world: World) -> None:
    held = deleting(world, ["foregroundDeletion"])
    assert finding("API-07", removed(held, "user/ann", "configmaps", KEY, DELETE)) is None


def test_a_second_delete_may_ask_for_the_foreground(world: World) -> None:
    held = deleting(world, ["example.com/keep"])
    both = with_metadata(finalizers=["example.com/keep", "foregroundDeletion"])
    assert finding("API-07", changed(held, "user/ann", "configmaps", KEY, both, DELETE)) is None


def test_an_update_must_not_add_a_finalizer_after_the_deletion(world: World) -> None:
    held = deleting(world, ["example.com/keep"])
    both = with_metadata(finalizers=["example.com/keep", "example.com/more"])
    step = changed(held, "user/ann", "configmaps", KEY, both, Request("update", "configmaps", "default", "settings"))
    assert "added the finalizer example.com/more" in (finding("API-07", step) or "")


def test_the_generation_must_rise_with_the_spec(world: World) -> None:
    step = changed(
        world, "user/ann", "deployments", "default/web", lambda d: {**d, "spec": {**d["spec"], "replicas": 2}}
    )
    assert "with another spec" in (finding("API-05", step) or "")


def test_the_generation_must_not_rise_with_the_status(world: World) -> None:
    def both(document: dict[str, object]) -> dict[str, object]:
        return with_metadata(generation=2)(with_status(replicas=7)(document))

    step = changed(world, "kube-controller-manager", "deployments", "default/web", both)
    assert "without a change of the spec" in (finding("API-05", step) or "")


def test_a_deletion_that_is_past_may_move_to_the_present_only(world: World) -> None:
    held = deleting(world, ["example.com/keep"])
    later = changed(
        held, "user/ann", "configmaps", KEY, with_metadata(deletionTimestamp="2030-01-01T00:00:00Z"), DELETE
    )
    assert "put off its deletion" in (finding("API-06", later) or "")
