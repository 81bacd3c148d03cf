"""Faults on the toy model: what each does, what it leaves alone, its budget, its label, its fingerprint."""

from __future__ import annotations

import pytest

from refk8s.core.action import (
    Action,
    AdvanceTo,
    Batch,
    Compaction,
    Crash,
    Deliver,
    Duplicate,
    Heal,
    Hold,
    Partition,
    Relist,
    Restart,
    Serve,
    StopFaults,
)
from refk8s.core.budget import KINDS, NO_FAULTS, FaultBudget
from refk8s.core.enabled import deviates, enabled, find, first, is_quiet, label
from refk8s.core.errors import Refk8sError
from refk8s.core.faults import kind_of, possible, possible_of, recoveries
from refk8s.core.rng import SplitMix64
from refk8s.core.step import recompute_fingerprint, step
from refk8s.core.world import World
from refk8s.explore.drivers import DefaultDriver, PctDriver, RandomDriver, ReplayDriver, SwarmDriver
from refk8s.explore.run import run, run_twice
from tests.unit.core import toy

MODEL = toy.model()
ALL = FaultBudget.parse("all=3")


def labels(world: World) -> dict[str, int]:
    return {stored.key: stored.document["size"] for stored in world.store.collection("labels").objects.values()}


def until(world: World, kind: type) -> World:
    """The first world on the default way in which an action of this type comes next."""
    while True:
        action = first(world)
        assert action is not None
        if type(action) is kind:
            return world
        world, _ = step(MODEL, world, action)


# ---- the budget


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", {}),
        ("none", {}),
        ("crash=0", {}),
        ("crash=2,lost=1", {"crash": 2, "lost": 1, "total": 3}),
        ("crash", {"crash": 1, "total": 1}),
        ("2", {**dict.fromkeys(KINDS, 2), "total": 2}),
        ("all", {**dict.fromkeys(KINDS, 1), "total": len(KINDS)}),
        ("all=2,crash=0", {**dict.fromkeys(KINDS[1:], 2), "total": 2 * len(KINDS) - 2}),
        ("crash=5,lost=5,3", {"crash": 5, "lost": 5, "total": 3}),
    ],
)
def test_a_budget_is_read_and_told_as_data(text: str, data: dict[str, int]) -> None:
    budget = FaultBudget.parse(text)
    assert budget.data() == data
    assert FaultBudget.of(data) == budget
    assert FaultBudget.parse(str(budget)).data() == data


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("crsh=1", "no kind 'crsh'; there are crash, lost"),
        ("crash=x", "'x' is no number"),
        ("crash=-1", "'-1' is no number"),
        ("crash=1,crash=2", "crash is given twice"),
        ("1,2", "two numbers"),
    ],
)
def test_a_budget_that_is_none_is_refused_with_what_to_write(text: str, complaint: str) -> None:
    with pytest.raises(Refk8sError, match=complaint):
        FaultBudget.parse(text)


def test_a_trace_header_with_another_kind_is_refused() -> None:
    with pytest.raises(Refk8sError, match="'flood' is no kind of fault"):
        FaultBudget.of({"flood": 1})


def test_a_fault_is_charged_and_no_more_is_offered_than_is_left() -> None:
    world = toy.world(MODEL, faults=FaultBudget.parse("crash=1,hold=1"))
    p = world.names["copier/0"]
    assert Crash(p) in list(possible(MODEL, world))
    world, _ = step(MODEL, world, Crash(p))
    assert world.faults.data() == {"hold": 1, "total": 1, "spent": 1}
    assert not [action for action in possible(MODEL, world) if type(action) is Crash]
    assert list(recoveries(world)) == [Restart(p)]
    world, _ = step(MODEL, world, Restart(p))
    assert world.faults.left("hold") == 1
    assert list(recoveries(world)) == []


def test_a_fault_for_which_there_is_no_budget_is_free() -> None:
    world = toy.world(MODEL, faults=FaultBudget.parse("hold=2"))
    crashed, _ = step(MODEL, world, Crash(world.names["copier/0"]))
    assert crashed.faults == world.faults


def test_without_a_budget_nothing_is_offered_and_a_persons_own_faults_are_free() -> None:
    world = toy.world(MODEL)
    assert list(possible(MODEL, world)) == []
    crashed, _ = step(MODEL, world, Crash(world.names["copier/0"]))
    assert crashed.faults is NO_FAULTS


def test_a_world_under_an_adversary_is_not_quiet_until_the_faults_stop() -> None:
    world = toy.world(MODEL, faults=FaultBudget.parse("crash=1"))
    while (action := first(world)) is not None:
        world, _ = step(MODEL, world, action)
    assert not is_quiet(MODEL, world)
    world, _ = step(MODEL, world, StopFaults())
    assert is_quiet(MODEL, world)
    assert StopFaults(), "an action counts as something"


# ---- any faults


@pytest.mark.parametrize("seed", range(25))
def test_any_faults_keep_the_fingerprint_and_the_labels_right_and_the_toy_converges(seed: int) -> None:
    world = toy.world(MODEL, copiers=2, faults=ALL, servers=1 + seed % 2)
    rng = SplitMix64(seed)
    for _ in range(150):
        options: list[Action] = [*enabled(world), *recoveries(world)]
        if rng.chance(1, 4):
            options += (fault for fault in possible(MODEL, world) if type(fault) is not AdvanceTo)
        if not options:
            break
        names = [label(MODEL, world, action) for action in options]
        assert len(set(names)) == len(names)
        for name, action in zip(names, options, strict=True):
            found = find(MODEL, world, name)
            assert (type(found), found) == (type(action), action)
        action = options[rng.below(len(options))]
        kind, before = kind_of(action, world), world
        world, _ = step(MODEL, world, action)
        assert world.faults.spent == before.faults.spent + (kind is not None and before.faults.left(kind) > 0)
        assert world.fingerprint == recompute_fingerprint(MODEL, world)
    world, _ = step(MODEL, world, StopFaults())
    assert world.fingerprint == recompute_fingerprint(MODEL, world)
    assert (world.down, world.holds, world.cuts, world.faults) == ((), (), (), NO_FAULTS)
    outcome = run(MODEL, world, max_steps=5_000)
    assert outcome.verdict == "quiet"
    assert outcome.world.fingerprint == recompute_fingerprint(MODEL, outcome.world)
    boxes = {stored.key: stored.document["size"] for stored in outcome.world.store.collection("boxes").objects.values()}
    assert labels(outcome.world) == boxes


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("make", [RandomDriver, PctDriver, SwarmDriver])
def test_every_driver_spends_its_budget_stops_and_is_deterministic(
    make: type[RandomDriver | PctDriver | SwarmDriver], seed: int
) -> None:
    faults = make(seed, faults=ALL).faults
    world = toy.world(MODEL, copiers=2, faults=faults)
    taken: list[tuple[str, int]] = []

    def note(before: World, action: Action, after: World, delta: object) -> None:
        taken.append((label(MODEL, before, action), after.fingerprint))

    outcome = run(MODEL, world, make(seed, faults=ALL, length=60), observers=(note,), max_steps=10_000)
    assert outcome.verdict == "quiet"
    assert "stop-faults" in [name for name, _ in taken]
    run_twice(MODEL, world, lambda: make(seed, faults=ALL, length=60))
    again = run(MODEL, world, ReplayDriver([name for name, _ in taken]))
    assert again.world.fingerprint == outcome.world.fingerprint


def test_the_same_seed_without_faults_is_the_same_schedule_as_ever() -> None:
    world = toy.world(MODEL)
    one = run(MODEL, world, RandomDriver(5)).world
    other = run(MODEL, world, RandomDriver(5, length=7)).world
    assert one.fingerprint == other.fingerprint


def test_the_default_driver_never_makes_a_fault() -> None:
    world = toy.world(MODEL, faults=ALL)
    kinds = []
    run(MODEL, world, DefaultDriver(), observers=(lambda b, a, w, d: kinds.append(kind_of(a, b)),), max_steps=300)
    assert set(kinds) == {None}


# ---- one by one


def test_a_lost_reply_is_applied_and_a_rejected_request_is_not() -> None:
    world = until(toy.world(MODEL), Serve)
    serve = first(world)
    assert type(serve) is Serve
    lost, delta = step(MODEL, world, serve._replace(lost=True))
    assert len(delta.commits) == 1
    assert delta.served is not None
    assert delta.served[1].reason == "Timeout"
    refused, delta = step(MODEL, world, serve._replace(reject=429))
    assert delta.commits == ()
    assert lost.store.revision == world.store.revision + 1
    assert refused.store.revision == world.store.revision


def test_time_that_passes_while_work_waits_is_a_fault_and_otherwise_not() -> None:
    world = until(toy.world(MODEL), Serve)
    assert list(possible_of(MODEL, world, "clock")) == []
    busy = world.copy()
    busy.timers = world.timers.arm(world.names["copier/0"], "0|z", world.now_ms + 5, 0, -1)
    (jump,) = possible_of(MODEL, busy, "clock")
    assert type(jump) is AdvanceTo
    assert kind_of(jump, busy) == "clock"


def three_behind() -> tuple[World, int]:
    """A world in which the informer of the copier has three changes to take."""
    world = toy.world(MODEL)
    iid = world.first_informer[world.names["copier/0"]]
    world, _ = step(MODEL, world, Relist(iid))
    while world.store.revision < 4:
        served = [action for action in enabled(world) if type(action) is not Deliver]
        world, _ = step(MODEL, world, served[0])
    return world, iid


def test_in_a_batch_the_cache_is_ahead_of_the_handlers_and_no_event_is_skipped() -> None:
    world, iid = three_behind()
    assert list(possible_of(MODEL, world, "batch")) == [Batch(iid, 3), Batch(iid, 2)]
    after, delta = step(MODEL, world, Batch(iid, 3))
    assert [change.key for change in delta.batch] == ["a", "b", "c"]
    one_by_one = world
    for _ in range(3):
        one_by_one, _ = step(MODEL, one_by_one, Deliver(iid))
    assert after.process("copier/0").informers[0].position == one_by_one.process("copier/0").informers[0].position  # type: ignore[union-attr]  # it has listed
    assert after.fingerprint == recompute_fingerprint(MODEL, after)


def test_a_broken_watch_lists_anew_from_no_older_than_it_was() -> None:
    world, iid = three_behind()
    assert list(possible_of(MODEL, world, "relist")) == [Relist(iid), Relist(iid, 1), Relist(iid, 2)]
    for lag in (0, 1, 2):
        after, _ = step(MODEL, world, Relist(iid, lag))
        informer = after.process("copier/0").informers[0]
        assert informer is not None
        assert sorted(informer.root.objects) == ["a", "b", "c"][: 3 - lag]
        assert after.fingerprint == recompute_fingerprint(MODEL, after)


def test_a_duplicated_event_wakes_the_handlers_and_moves_nothing() -> None:
    world, iid = three_behind()
    assert list(possible_of(MODEL, world, "duplicate")) == []
    world, _ = step(MODEL, world, Deliver(iid))
    p = world.names["copier/0"]
    begin = next(action for action in enabled(world) if label(MODEL, world, action).startswith("begin copier"))
    busy, _ = step(MODEL, world, begin)
    assert not busy.procs[p].queues[0].dirty
    after, _ = step(MODEL, busy, Duplicate(iid))
    assert list(after.procs[p].queues[0].dirty) == ["a"]
    assert after.procs[p].informers == busy.procs[p].informers
    assert after.fingerprint == recompute_fingerprint(MODEL, after)


def test_after_a_compaction_a_watch_that_is_behind_lists_anew() -> None:
    world, iid = three_behind()
    assert list(possible_of(MODEL, world, "compact")) == [Compaction(0)]
    after, _ = step(MODEL, world, Compaction(0))
    assert after.process("copier/0").informers[0].position < 0  # type: ignore[union-attr]  # it has listed
    assert Relist(iid) in list(enabled(after))
    assert kind_of(Relist(iid), after) is None
    assert after.fingerprint == recompute_fingerprint(MODEL, after)


def test_a_process_that_is_cut_off_is_blind_and_mute_until_the_partition_ends() -> None:
    world = until(toy.world(MODEL), Serve)
    p, server = world.names["user/ann"], world.names["apiserver"]
    cut, _ = step(MODEL, world, Partition(p, server))
    assert cut.fingerprint == recompute_fingerprint(MODEL, cut)
    outcome = run(MODEL, cut)
    assert outcome.world.store.revision == 1
    healed, _ = step(MODEL, outcome.world, Heal(p, server))
    assert healed.fingerprint == recompute_fingerprint(MODEL, healed)
    assert labels(run(MODEL, healed).world) == {"a": 3, "b": 3, "c": 1}


def test_a_process_that_is_cut_off_turns_to_another_api_server_and_its_request_may_still_arrive() -> None:
    world = until(toy.world(MODEL, servers=2), Serve)
    p, server = world.names["user/ann"], world.names["apiserver"]
    assert world.procs[p].server == server
    cut, _ = step(MODEL, world, Partition(p, server))
    assert cut.procs[p].server == world.names["apiserver/1"]
    assert cut.fingerprint == recompute_fingerprint(MODEL, cut)
    reply = next(action for action in enabled(cut) if label(MODEL, cut, action).startswith("reply user/ann"))
    told, _ = step(MODEL, cut, reply)
    assert told.store.revision == 1
    served = next(action for action in enabled(told) if label(MODEL, told, action).endswith("create boxes a"))
    after, _ = step(MODEL, told, served)
    assert after.store.revision == 2


def test_what_a_process_sent_while_two_api_servers_were_out_of_reach_waits_for_its_own() -> None:
    world = until(toy.world(MODEL, servers=2), Serve)
    p, first_server, second = world.names["user/ann"], world.names["apiserver"], world.names["apiserver/1"]
    for server in (first_server, second):
        world, _ = step(MODEL, world, Partition(p, server))
    waiting = sum(len(world.inbox[at]) for at in world.inbox)
    world, _ = step(MODEL, world, Heal(p, first_server))
    assert world.fingerprint == recompute_fingerprint(MODEL, world)
    assert sum(len(world.inbox[at]) for at in world.inbox) == waiting
    world, _ = step(MODEL, world, Heal(p, second))
    assert world.fingerprint == recompute_fingerprint(MODEL, world)
    assert labels(run(MODEL, world).world) == {"a": 3, "b": 3, "c": 1}


def test_while_its_api_server_is_down_an_informer_gets_nothing() -> None:
    world, iid = three_behind()
    down, _ = step(MODEL, world, Crash(world.names["apiserver"]))
    assert not [action for action in enabled(down) if type(action) is Deliver]
    up, _ = step(MODEL, down, Restart(down.names["apiserver"]))
    assert Deliver(iid) in list(enabled(up))


def test_actions_of_different_types_deviate_though_they_compare_equal() -> None:
    world, iid = three_behind()
    assert first(world) == Deliver(iid) == Hold(iid)
    assert not deviates(world, Deliver(iid))
    assert deviates(world, Hold(iid))
