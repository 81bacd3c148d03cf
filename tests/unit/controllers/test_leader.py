"""Leader election against the real engine: one replica works at a time, another one takes over, and a replica that lost starts anew."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from refk8s.api.rest import Api
from refk8s.api.rest import genesis as fresh_store
from refk8s.controllers.leader import LEADER, LeaderElector, Observed, elected
from refk8s.controllers.runtime import Controller, Handler, create
from refk8s.core.action import Action, AdvanceTo, Begin, Crash, Hold, Input, Release, Restart
from refk8s.core.clock import unix_ms
from refk8s.core.enabled import enabled, first, is_quiet
from refk8s.core.flight import Now, Reconcile, Requeue
from refk8s.core.model import Model
from refk8s.core.process import Program
from refk8s.core.processes import add_process
from refk8s.core.step import Draft, genesis, recompute_fingerprint, step
from refk8s.core.world import World

EPOCH_MS = 1_767_225_600_000
LEASE = "kube-system/kube-controller-manager"


@attrs.frozen(eq=False)
class Worker(Controller):
    """Writes a ConfigMap about every Secret."""

    name: str = "worker"

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        return (("secrets", lambda hands, change: hands.enqueue("worker", change.key)),)

    def reconcile(self, key: str) -> Reconcile:
        yield create("configmaps", {"metadata": {"generateName": "did-", "namespace": "default"}})
        return None


class Replicas:
    """Two replicas of a program with one worker."""

    def __init__(self, elector: type[LeaderElector] = LeaderElector) -> None:
        work = Program("kcm", (Worker(),))
        programs = {"apiserver": Program("apiserver", ()), "user": Program("user", (), rank=2)}
        programs |= {f"kcm/{n}": elected(work, elector()) for n in range(2)}
        self.model = Model(
            api=Api(),
            program=lambda pid: programs[pid],
            agent=lambda pid: pid,
            is_heartbeat=lambda change: change.resource == "leases",
            accept=lambda draft, payload: draft.post(draft.world.names["user"], payload),
            epoch_ms=EPOCH_MS,
        )
        self.notes: list[tuple[int, str, str]] = []
        self.world: World = genesis(self.model, fresh_store(self.model.api, EPOCH_MS), self._fill)
        self.settle()

    def _fill(self, draft: Draft) -> None:
        for pid in ("apiserver", "kcm/0", "kcm/1", "user"):
            add_process(draft, pid, 0)

    def do(self, action: Action) -> None:
        self.world, delta = step(self.model, self.world, action)
        self.notes += [(self.world.now_ms - EPOCH_MS, kind, data) for _, kind, data in delta.notes]

    def settle(self) -> Replicas:
        while (action := first(self.world)) is not None and not isinstance(action, AdvanceTo):
            self.do(action)
        return self

    def wait(self, seconds: float) -> Replicas:
        end_ms = self.world.now_ms + int(seconds * 1000)
        while (deadline_ms := self.world.timers.next_deadline()) is not None and deadline_ms <= end_ms:
            self.do(AdvanceTo(deadline_ms))
            self.settle()
        return self

    def add_secret(self, name: str) -> Replicas:
        self.do(Input(create("secrets", {"metadata": {"name": name, "namespace": "default"}})))
        return self.settle()

    def leaders(self) -> list[str]:
        return [f"kcm/{n}" for n in range(2) if self.world.process(f"kcm/{n}").memory.get(LEADER)]

    def spec(self) -> dict[str, Any]:
        found: dict[str, Any] = self.world.store.get("leases", LEASE).document["spec"]
        return found

    def pause(self, pid: str) -> Replicas:
        self.do(Hold(-self.world.names[pid] - 1))
        return self

    def resume(self, pid: str) -> Replicas:
        self.do(Release(-self.world.names[pid] - 1))
        return self.settle()

    def work_done(self) -> int:
        return len(self.world.store.collection("configmaps").objects)


def test_one_of_two_replicas_works() -> None:
    replicas = Replicas().add_secret("s").wait(60)
    assert replicas.leaders() == ["kcm/0"]
    assert replicas.work_done() == 1
    assert replicas.notes == [(0, "leading", "kcm/0")]
    assert recompute_fingerprint(replicas.model, replicas.world) == replicas.world.fingerprint


def test_the_leader_renews_every_two_seconds_and_the_record_says_since_when() -> None:
    replicas = Replicas()
    before = replicas.spec()
    replicas.wait(10)
    after = replicas.spec()
    assert unix_ms(after["renewTime"]) - unix_ms(before["renewTime"]) == 10_000
    assert after["acquireTime"] == before["acquireTime"]
    assert (after["holderIdentity"], after["leaseDurationSeconds"], after["leaseTransitions"]) == ("kcm/0", 15, 0)


def test_a_standby_takes_over_when_the_lease_has_not_been_renewed_for_its_duration() -> None:
    replicas = Replicas().wait(10)
    replicas.do(Crash(replicas.world.names["kcm/0"]))
    replicas.wait(13)
    assert replicas.leaders() == []
    replicas.wait(4).add_secret("s")
    assert replicas.leaders() == ["kcm/1"]
    assert replicas.work_done() == 1
    assert replicas.spec()["leaseTransitions"] == 1


def test_a_leader_that_comes_back_waits_for_its_turn() -> None:
    replicas = Replicas().wait(10)
    p = replicas.world.names["kcm/0"]
    replicas.do(Crash(p))
    replicas.wait(30).do(Restart(p))
    replicas.wait(30)
    assert replicas.leaders() == ["kcm/1"]


def test_a_leader_that_comes_back_in_time_goes_on() -> None:
    replicas = Replicas().wait(10)
    p = replicas.world.names["kcm/0"]
    replicas.do(Crash(p))
    replicas.wait(5).do(Restart(p))
    replicas.settle().wait(2)
    assert replicas.leaders() == ["kcm/0"]
    assert replicas.spec()["leaseTransitions"] == 0


def test_work_that_waits_while_nobody_leads_is_done_by_the_next_leader() -> None:
    replicas = Replicas().wait(10)
    replicas.do(Crash(replicas.world.names["kcm/0"]))
    replicas.add_secret("s")
    assert replicas.work_done() == 0
    replicas.wait(20)
    assert replicas.work_done() == 1


def test_a_leader_whose_renewals_fail_ends_before_another_may_lead() -> None:
    """Its requests are not served for twelve seconds: it starts anew as a standby, with nothing in memory."""
    replicas = Replicas().wait(10)
    incarnation = replicas.world.process("kcm/0").incarnation
    replicas.pause("apiserver").wait(13)
    assert replicas.leaders() == []
    assert replicas.world.process("kcm/0").incarnation == incarnation + 1
    assert replicas.world.process("kcm/0").memory.get("elector") is None
    (ended,) = [at for at, kind, _ in replicas.notes if kind == "stopped leading"]
    assert ended == 10_000 + 12_000
    replicas.resume("apiserver").wait(30)
    assert len(replicas.leaders()) == 1
    assert recompute_fingerprint(replicas.model, replicas.world) == replicas.world.fingerprint


def test_a_paused_leader_and_its_successor_may_overlap_but_only_one_holds_the_lease() -> None:
    """client-go promises no fencing: a leader that stands still does not know that its time is over."""
    replicas = Replicas().wait(10)
    replicas.pause("kcm/0").wait(20)
    assert replicas.leaders() == ["kcm/0", "kcm/1"]
    assert replicas.spec()["holderIdentity"] == "kcm/1"
    replicas.resume("kcm/0").wait(3)
    assert replicas.leaders() == ["kcm/1"]


def test_a_standby_with_work_in_its_queue_can_begin_nothing_but_the_election() -> None:
    replicas = Replicas().add_secret("s")
    p = replicas.world.names["kcm/1"]
    worker = replicas.world.process("kcm/1").queues[1]
    assert len(worker.lane) == 1
    assert not [action for action in enabled(replicas.world) if getattr(action, "p", -1) == p]


def test_expiry_is_judged_by_the_local_clock() -> None:
    elector = LeaderElector()
    observed = Observed("other", 15, "1999-01-01T00:00:00.000000Z", 3, observed_ms=1_000)
    assert elector.is_valid(observed, 15_999)
    assert not elector.is_valid(observed, 16_000)
    assert not elector.may_take(observed, "me", 15_999)
    assert elector.may_take(observed, "me", 16_000)
    assert elector.may_take(observed, "other", 1_001)
    assert elector.may_take(attrs.evolve(observed, holder=""), "me", 1_001)


def test_a_program_without_a_gate_needs_no_leader() -> None:
    model_of_one = Program("kcm", (Worker(),))
    assert model_of_one.gate == ""
    assert elected(model_of_one, LeaderElector()).gate == LEADER


@pytest.mark.parametrize("lost", [True, False])
def test_the_event_says_who_leads(lost: bool) -> None:
    replicas = Replicas().wait(10)
    if lost:
        replicas.pause("apiserver").wait(13).resume("apiserver").wait(1)
    messages = [stored.document["message"] for stored in replicas.world.store.collection("events").objects.values()]
    assert "kcm/0 became leader" in messages
    assert ("kcm/0 stopped leading" in messages) == lost


def test_an_exit_of_a_process_keeps_others_running() -> None:
    @attrs.frozen(eq=False)
    class Quitter(LeaderElector):
        def reconcile(self, key: str) -> Reconcile:
            now_ms = yield Now()
            if now_ms - EPOCH_MS >= 5_000:
                return (yield from self.give_up("x"))
            return Requeue(5_000)

    replicas = Replicas(Quitter)
    replicas.do(AdvanceTo(EPOCH_MS + 5_000))
    while not isinstance(action := first(replicas.world), Begin):
        replicas.do(action)
    replicas.do(action)
    alive = {pid: replicas.world.process(pid).alive for pid in replicas.world.pids}
    assert all(alive.values())
    assert [replicas.world.process(f"kcm/{n}").incarnation for n in range(2)] == [1, 0]


def test_a_cluster_is_not_quiet_between_the_end_of_a_leader_and_the_next_election() -> None:
    replicas = Replicas().wait(60)
    assert is_quiet(replicas.model, replicas.world)
    replicas.do(Crash(replicas.world.names["kcm/0"]))
    for _ in range(40):
        if replicas.leaders():
            break
        assert not is_quiet(replicas.model, replicas.world)
        replicas.wait(2)
    assert replicas.leaders() == ["kcm/1"]
    assert is_quiet(replicas.model, replicas.wait(30).world)
