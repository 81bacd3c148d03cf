"""The engine on a toy model: convergence, fingerprints, replay, forks, crash and hold."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from refk8s.core.action import AdvanceTo, Crash, Fire, Hold, Input, Release, Restart
from refk8s.core.enabled import enabled, find, first, is_idle, label
from refk8s.core.errors import ReplayDivergence
from refk8s.core.step import HOPELESS, KEPT_REVISIONS, Draft, recompute_fingerprint, step
from refk8s.core.wire import Request, Response
from refk8s.core.world import World
from refk8s.explore.drivers import RandomDriver, ReplayDriver
from refk8s.explore.run import run, run_twice
from tests.unit.core import toy

MODEL = toy.model()


def labels(world: World) -> dict[str, int]:
    return {stored.key: stored.document["size"] for stored in world.store.collection("labels").objects.values()}


def boxes(world: World) -> dict[str, int]:
    return {stored.key: stored.document["size"] for stored in world.store.collection("boxes").objects.values()}


def test_default_driver_takes_the_toy_to_quiet_with_labels_equal_to_boxes() -> None:
    outcome = run(MODEL, toy.world(MODEL))
    assert outcome.verdict == "quiet"
    assert labels(outcome.world) == boxes(outcome.world) == {"a": 3, "b": 3, "c": 1}


@pytest.mark.parametrize("seed", range(40))
def test_random_schedules_converge_and_fingerprints_equal_their_recomputation(seed: int) -> None:
    def check(before: World, action: object, after: World, delta: object) -> None:
        assert after.fingerprint == recompute_fingerprint(MODEL, after)

    outcome = run(MODEL, toy.world(MODEL, copiers=2), RandomDriver(seed), observers=(check,), max_steps=5_000)
    assert outcome.verdict == "quiet"
    assert labels(outcome.world) == boxes(outcome.world)


@pytest.mark.parametrize("seed", range(10))
def test_a_schedule_run_twice_has_equal_digests(seed: int) -> None:
    assert run_twice(MODEL, toy.world(MODEL, copiers=2), lambda: RandomDriver(seed)).verdict == "quiet"


def test_labels_of_enabled_actions_are_unique_and_find_gives_the_action_back() -> None:
    world = toy.world(MODEL, copiers=2)
    driver = RandomDriver(7)
    for _ in range(200):
        names = [label(MODEL, world, action) for action in enabled(world)]
        assert len(set(names)) == len(names)
        for name, action in zip(names, enabled(world), strict=True):
            assert find(MODEL, world, name) == action
        chosen = driver.choose(MODEL, world)
        if chosen is None:
            break
        world, _ = step(MODEL, world, chosen)


def test_replaying_labels_gives_the_same_fingerprints() -> None:
    taken: list[tuple[str, int]] = []
    run(
        MODEL,
        toy.world(MODEL),
        RandomDriver(3),
        observers=(lambda b, a, w, d: taken.append((label(MODEL, b, a), w.fingerprint)),),
    )
    again: list[int] = []
    run(
        MODEL,
        toy.world(MODEL),
        ReplayDriver([name for name, _ in taken]),
        observers=(lambda b, a, w, d: again.append(w.fingerprint),),
    )
    assert again == [fingerprint for _, fingerprint in taken]


def test_replay_of_an_action_that_is_not_enabled_diverges_with_the_step() -> None:
    with pytest.raises(ReplayDivergence, match="step 0 wants 'begin copier/0/copier a'"):
        run(MODEL, toy.world(MODEL), ReplayDriver(["begin copier/0/copier a"]))


def test_a_fork_from_an_old_world_goes_its_own_way() -> None:
    world = toy.world(MODEL, copiers=2)
    worlds = [world]
    run(MODEL, world, observers=(lambda b, a, w, d: worlds.append(w),))
    for old in worlds[:: max(1, len(worlds) // 20)]:
        for seed in (1, 2):
            outcome = run(MODEL, old, RandomDriver(seed))
            assert labels(outcome.world) == boxes(outcome.world) == {"a": 3, "b": 3, "c": 1}


def test_a_crash_clears_exactly_one_process_and_its_requests_stay_on_the_wire() -> None:
    world = toy.world(MODEL)
    while not any(name.startswith("serve copier/0") for name in (label(MODEL, world, a) for a in enabled(world))):
        action = first(world)
        assert action is not None
        world, _ = step(MODEL, world, action)
    p = world.names["copier/0"]
    others = {pid: world.process(pid) for pid in world.pids if pid != "copier/0"}
    crashed, _ = step(MODEL, world, Crash(p))
    assert crashed.process("copier/0").informers == (None,)
    assert len(crashed.process("copier/0").flights) == 0
    assert {pid: crashed.process(pid) for pid in others} == others
    assert crashed.inbox.get(0) == world.inbox.get(0)
    assert crashed.fingerprint == recompute_fingerprint(MODEL, crashed)
    restarted, _ = step(MODEL, crashed, Restart(p))
    assert restarted.fingerprint == recompute_fingerprint(MODEL, restarted)
    outcome = run(MODEL, restarted)
    assert labels(outcome.world) == {"a": 3, "b": 3, "c": 1}


def test_nothing_is_delivered_to_a_held_informer_until_release() -> None:
    world = toy.world(MODEL)
    iid = world.first_informer[world.names["copier/0"]]
    held, _ = step(MODEL, world, Hold(iid))
    outcome = run(MODEL, held)
    assert is_idle(outcome.world)
    assert labels(outcome.world) == {}
    assert outcome.world.fingerprint == recompute_fingerprint(MODEL, outcome.world)
    released, _ = step(MODEL, outcome.world, Release(iid))
    assert labels(run(MODEL, released).world) == {"a": 3, "b": 3, "c": 1}


def test_a_held_process_does_nothing_until_release() -> None:
    world = toy.world(MODEL)
    p = world.names["user/ann"]
    held, _ = step(MODEL, world, Hold(-p - 1))
    assert boxes(run(MODEL, held).world) == {}
    released, _ = step(MODEL, held, Release(-p - 1))
    assert boxes(run(MODEL, released).world) == {"a": 3, "b": 3, "c": 1}


def test_an_input_is_carried_out_by_the_model() -> None:
    world = run(MODEL, toy.world(MODEL)).world
    after, _ = step(MODEL, world, Input(Request("create", "boxes", "", "z", body=toy.document("z", 9))))
    assert labels(run(MODEL, after).world)["z"] == 9


def test_a_key_enqueued_anew_while_its_timer_is_due_comes_back_at_both_times() -> None:
    draft = Draft(MODEL, toy.world(MODEL))
    p = draft.world.names["copier/0"]
    process = draft.world.procs[p]
    draft.enqueue_after(p, process, "copier", "a", 10, cause=0)
    world, _ = draft.freeze()
    world, _ = step(MODEL, world, AdvanceTo(toy.EPOCH_MS + 10))
    draft = Draft(MODEL, world)
    draft.enqueue_after(p, draft.world.procs[p], "copier", "a", 50, cause=0)
    world, _ = draft.freeze()
    fired, _ = step(MODEL, world, Fire(p, world.timers.due[p].head))
    assert fired.timers.next_deadline() == toy.EPOCH_MS + 60
    assert fired.fingerprint == recompute_fingerprint(MODEL, fired)
    late, _ = step(MODEL, world, AdvanceTo(toy.EPOCH_MS + 60))
    assert len(late.timers.due[p]) == 1
    assert late.fingerprint == recompute_fingerprint(MODEL, late)


def test_history_is_compacted_but_never_what_an_informer_still_has_to_take() -> None:
    world = toy.world(MODEL)
    iid = world.first_informer[world.names["copier/0"]]
    world = run(MODEL, world).world
    world, _ = step(MODEL, world, Hold(iid))
    names = [f"x{n}" for n in range(3 * KEPT_REVISIONS)]
    for name in names:
        world, _ = step(MODEL, world, Input(Request("create", "boxes", "", name, body=toy.document(name, 1))))
        world = run(MODEL, world, max_steps=1).world
    assert world.store.compacted < world.store.revision - 2 * KEPT_REVISIONS
    world, _ = step(MODEL, world, Release(iid))
    world = run(MODEL, world).world
    assert set(names) <= set(labels(world))
    assert 0 < world.store.compacted <= world.store.revision - KEPT_REVISIONS
    assert world.fingerprint == recompute_fingerprint(MODEL, world)


def test_release_of_a_process_leaves_its_own_informers_hold_and_a_dead_process_dead() -> None:
    world = toy.world(MODEL)
    p = world.names["copier/0"]
    iid = world.first_informer[p]
    for action in (Hold(iid), Hold(-p - 1), Release(-p - 1)):
        world, _ = step(MODEL, world, action)
    assert world.held >> iid & 1
    for action in (Hold(-p - 1), Crash(p), Release(-p - 1)):
        world, _ = step(MODEL, world, action)
    assert world.stopped >> p & 1
    assert world.held >> iid & 1
    world, _ = step(MODEL, world, Hold(-p - 1))
    world, _ = step(MODEL, world, Restart(p))
    assert world.stopped >> p & 1, "a restart does not end a hold"
    assert world.fingerprint == recompute_fingerprint(MODEL, world)


def test_a_run_does_not_wait_for_a_key_that_fails_for_ever() -> None:
    class Refusing(toy.ToyApi):
        def serve(self, store: Any, request: Request, occasion: Any) -> Any:
            if request.resource == "labels" and request.verb == "create":
                return store, Response(403), ()
            return super().serve(store, request, occasion)

    model = attrs.evolve(MODEL, api=Refusing())
    outcome = run(model, toy.world(model), max_steps=20_000)
    assert outcome.verdict == "quiet"
    queue = outcome.world.process("copier/0").queues[0]
    assert all(queue.failures[key] >= HOPELESS for key in ("a", "b", "c"))
    assert outcome.world.timers.next_deadline() is not None
