"""Leader election: of several replicas of a program one works at a time, the one that holds a Lease.

The elector is the first controller of a program whose gate is `LEADER`: the others begin only while that cell is there (see refk8s.core.process.Program). Keys
are "renew" (a try every retry period) and "deadline" (the renewals have failed for too long). A replica that loses the Lease ends and starts anew, as
upstream's exits, so that nothing it knew survives; requests that it has sent may still arrive.

In memory: `leader` = this replica's name while it leads; `elector` = the last election record seen, and when; `elector:lease` = the Lease as last read
or written.

DEVIATES: tries come exactly every retry period, without jitter, because a driver chooses who is first; a standby follows the watch streams already
(upstream's starts its informers when it leads), so that a gate is all the core needs.

Source: client-go/tools/leaderelection/{leaderelection.go,resourcelock/leaselock.go}.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

import attrs

from ..api.store import Stored
from ..core.clock import rfc3339_micro
from ..core.flight import Cancel, Enqueue, Exit, Note, Now, Recall, Reconcile, Remember
from ..core.hands import Hands
from ..core.process import Program
from .runtime import Controller, Recorder, create, get, split, update

LEADER: Final = "leader"
RENEW: Final = "renew"
DEADLINE: Final = "deadline"

Done = Generator[Any, Any, bool]


@attrs.frozen
class Observed:
    """An election record and the local time at which it was first seen: expiry is judged by the local clock alone.

    `raw` is the record as the API server showed it ("" for one that this replica wrote itself).
    """

    holder: str
    duration_s: int
    acquire_time: str
    transitions: int
    observed_ms: int
    raw: str = ""


NOBODY: Final = Observed("", 0, "", 0, 0)


@attrs.frozen(eq=False)
class LeaderElector(Controller):
    """Holds or waits for the Lease `lock` ("namespace/name"); times in ms."""

    name: str = "leader"
    workers: int = 2
    lock: str = "kube-system/kube-controller-manager"
    lease_ms: int = 15_000
    renew_ms: int = 10_000
    retry_ms: int = 2_000
    recorder: Recorder = attrs.field(factory=lambda: Recorder("kube-controller-manager"))

    def started(self, hands: Hands) -> None:
        """Run for the Lease from the beginning."""
        hands.remember("identity", hands.pid)
        hands.enqueue(self.name, RENEW)

    def reconcile(self, key: str) -> Reconcile:
        """Try once to acquire or renew the Lease, or give up."""
        identity = yield Recall("identity")
        leads = (yield Recall(LEADER)) is not None
        if key == DEADLINE:
            return (yield from self.give_up(identity)) if leads else None
        done = yield from self.try_acquire_or_renew(identity)
        if done:
            if not leads:
                yield Remember(LEADER, identity)
                yield Note("leading", identity)
                yield from self._record(f"{identity} became leader")
            yield Cancel(self.name, DEADLINE)
            yield Enqueue(self.name, DEADLINE, self.retry_ms + self.renew_ms, periodic=True)
        observed: Observed = yield Recall("elector", NOBODY)
        yield Enqueue(self.name, RENEW, self.retry_ms, periodic=done or self.is_led(observed, identity, (yield Now())))
        return None

    def give_up(self, identity: str) -> Generator[Any, Any, Exit | None]:
        """End this process: the Lease has not been renewed in time, so another replica may lead soon."""
        yield Note("stopped leading", identity)
        yield from self._record(f"{identity} stopped leading")
        return Exit("leader election lost")

    # ---- decisions

    def is_valid(self, observed: Observed, now_ms: int) -> bool:
        """Whether the Lease still binds: by the time at which this replica saw its record change, never by the record's own times."""
        return observed.observed_ms + observed.duration_s * 1000 > now_ms

    def is_led(self, observed: Observed, identity: str, now_ms: int) -> bool:
        """Whether another replica seems to work: it has renewed within two tries. If none does, a run waits until one is elected."""
        return observed.holder not in ("", identity) and now_ms - observed.observed_ms <= 2 * self.retry_ms

    def may_take(self, observed: Observed, identity: str, now_ms: int) -> bool:
        """Whether this replica may write itself into the Lease: it holds it, nobody does, or the holder has been silent for too long."""
        return not observed.holder or observed.holder == identity or not self.is_valid(observed, now_ms)

    # ---- the Lease

    def try_acquire_or_renew(self, identity: str) -> Done:
        """Become or stay the holder of the Lease; whether that went well: tryAcquireOrRenew."""
        now_ms = yield Now()
        observed: Observed = yield Recall("elector", NOBODY)
        if observed.holder == identity and self.is_valid(observed, now_ms):
            lease: Stored | None = yield Recall("elector:lease")
            if lease is not None and (yield from self._write(lease, identity, observed, now_ms)):
                return True
        reply = yield get("leases", self.lock)
        if reply.reason == "NotFound":
            return (yield from self._create(identity, now_ms))
        if not reply.ok:
            return False
        yield Remember("elector:lease", reply.obj)
        observed = yield from self._observe(reply.obj)
        if not self.may_take(observed, identity, now_ms):
            return False
        return (yield from self._write(reply.obj, identity, observed, now_ms))

    def _observe(self, lease: Stored) -> Generator[Any, Any, Observed]:
        """The record of a Lease that was read, with the time at which it was first seen."""
        spec = lease.document.get("spec", {})
        raw = repr(sorted(spec.items()))
        observed: Observed = yield Recall("elector", NOBODY)
        if raw != observed.raw:
            observed = Observed(
                spec.get("holderIdentity", ""),
                spec.get("leaseDurationSeconds", 0),
                spec.get("acquireTime", ""),
                spec.get("leaseTransitions", 0),
                (yield Now()),
                raw,
            )
            yield Remember("elector", observed)
        return observed

    def _create(self, identity: str, now_ms: int) -> Done:
        namespace, name = split(self.lock)
        record = Observed(identity, self.lease_ms // 1000, rfc3339_micro(now_ms), 0, now_ms)
        document = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"namespace": namespace, "name": name},
            "spec": _spec(record, now_ms),
        }
        return (yield from self._keep((yield create("leases", document)), record))

    def _write(self, lease: Stored, identity: str, observed: Observed, now_ms: int) -> Done:
        """Write this replica into the Lease, if nobody has written it since it was read."""
        if observed.holder == identity:
            record = Observed(identity, self.lease_ms // 1000, observed.acquire_time, observed.transitions, now_ms)
        else:
            record = Observed(identity, self.lease_ms // 1000, rfc3339_micro(now_ms), observed.transitions + 1, now_ms)
        document = {**lease.document, "spec": _spec(record, now_ms)}
        return (yield from self._keep((yield update("leases", document)), record))

    def _keep(self, reply: Any, record: Observed) -> Done:
        if not reply.ok:
            return False
        yield Remember("elector:lease", reply.obj)
        yield Remember("elector", attrs.evolve(record, observed_ms=(yield Now())))
        return True

    def _record(self, message: str) -> Generator[Any, Any, None]:
        lease = yield Recall("elector:lease")
        if lease is not None:
            yield from self.recorder.emit(lease, "Lease", "Normal", "LeaderElection", message)


def elected(program: Program, elector: LeaderElector) -> Program:
    """The program of one of several replicas: its controllers begin only while its elector holds the Lease."""
    return Program(program.kind, (elector, *program.controllers), program.rank, LEADER)


def _spec(record: Observed, now_ms: int) -> dict[str, Any]:
    return {
        "holderIdentity": record.holder,
        "leaseDurationSeconds": record.duration_s,
        "acquireTime": record.acquire_time,
        "renewTime": rfc3339_micro(now_ms),
        "leaseTransitions": record.transitions,
    }
