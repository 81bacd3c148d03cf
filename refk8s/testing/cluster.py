"""ClusterMachine: a cluster behind Hypothesis' rules.

Every rule ends in Actions, which are recorded; so whatever fails, a trace is written that `refk8s replay` takes outside Hypothesis too. After every example
the faults stop and the cluster has to converge: the LIVENESS invariants are asked of the quiet world (eventually stable reconciliation, quiescence,
idempotence, restart equivalence).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from ..core.action import Action, Input, Serve, StopFaults
from ..core.budget import KINDS
from ..core.delta import Delta
from ..core.enabled import enabled, first, is_quiet
from ..core.faults import possible_of
from ..core.invariant import Monitor, Violation
from ..core.model import Model
from ..core.ready import ids
from ..core.step import step
from ..core.wire import Response
from ..core.world import REQUESTS, World
from ..explore.cluster import Parts, build
from ..explore.drivers import RandomDriver
from ..explore.expect import failed_steps
from ..explore.failure import ENDLESS, FORETOLD, GUARANTEES, Failure, of_violation
from ..invariants import suite
from ..scenarios import from_data
from ..scenarios.spec import API_VERSION
from ..trace.format import Writer, read
from ..trace.report import report_of_trace
from ..zoo import MUTANTS

CONVERGES_WITHIN: Final = 50_000
"""How many steps a cluster may take to become quiet when its faults have stopped."""

FAULTS: Final = tuple(kind for kind in KINDS if kind not in ("lost", "reject"))
"""The kinds of faults that `misfortune` draws from; what becomes of a writer's own requests is for rules to say."""


class Broken(AssertionError):
    """A guarantee was broken on the way. The message is a failure report (refk8s.trace.report), whose last line says how to replay it."""


class ClusterMachine(RuleBasedStateMachine):
    """A cluster that rules act on; every step of it is checked by all invariants.

    Subclasses set `spec`, the spec of a scenario (refk8s.scenarios), and add rules. `mutant` is the id of a mutant of the zoo that the cluster has.
    `failures` is where traces go; a trace is named after the class, so that the last one written is that of the smallest example.
    """

    spec: ClassVar[Mapping[str, Any]] = {}
    mutant: ClassVar[str] = ""
    failures: ClassVar[Path] = Path(".refk8s/failures")
    kinds_of_faults: ClassVar[tuple[str, ...]] = FAULTS

    _settled: ClassVar[tuple[Any, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        cls = type(self)
        if "_settled" not in vars(cls):
            cls._settled = _settle(cls)
        self.scenario, self.model, self.origin, self.world, settled = cls._settled
        self._taken: list[tuple[World, Action, World, Delta]] = list(settled)
        self._monitor = Monitor(suite().all())
        self._monitor.begin(self.model, self.world)
        self._over = False

    # ---- what rules are made of

    def act(self, action: Action) -> Delta:
        """Do an action, with all invariants on. Raises Broken."""
        before = self.world
        after, delta = step(self.model, before, action)
        self._taken.append((before, action, after, delta))
        self.world = after
        violation = self._monitor.check(before, action, after, delta)
        if violation is not None:
            raise self.broken(violation)
        return delta

    def say(self, summary: str, **payload: Any) -> Delta:
        """Do an Input (what may be in it: refk8s.explore.cluster.accept)."""
        return self.act(Input({"summary": summary, **payload}))

    def send(self, who: str, request: Mapping[str, Any], name: str) -> None:
        """Put a request of the user `who` on the wire, called `name`; `serve` has it handled."""
        self.say(f"{who} sends {name}", **{"as": who, "request": request, "name": name})

    def serve(self, who: str, name: str, *, lost: bool = False) -> Response:
        """The answer of the API server to the request `name` of `who`; `lost`: `who` never hears it."""
        return self.serve_step(who, name, lost=lost)[0]

    def serve_step(self, who: str, name: str, *, lost: bool = False) -> tuple[Response, Delta]:
        """As `serve`, with the facts of the step. A lost reply still says what was done: the answer given here is the API server's own."""
        action = self._waiting(f"user/{who}/{name}")
        delta = self.act(action._replace(lost=lost))
        assert delta.served is not None
        return delta.served[1], delta

    def _waiting(self, rid: str) -> Serve:
        for p in ids(self.world.ready[REQUESTS]):
            lane = self.world.inbox[p]
            for number in lane.numbers():
                if lane[number].rid == rid:
                    return Serve(p, number)
        raise AssertionError(f"no request {rid} waits")

    # ---- rules that every cluster has

    @rule(steps=st.integers(1, 30))
    def go_on(self, steps: int) -> None:
        """The cluster goes on as the default driver has it."""
        for _ in range(steps):
            action = first(self.world)
            if action is None or is_quiet(self.model, self.world):
                return
            self.act(action)

    @rule(seed=st.integers(0, 255), steps=st.integers(1, 30))
    def go_astray(self, seed: int, steps: int) -> None:
        """The cluster goes on with delays and reorderings."""
        driver = RandomDriver(seed)
        for _ in range(steps):
            action = driver.choose(self.model, self.world)
            if action is None or is_quiet(self.model, self.world):
                return
            self.act(action)

    @rule(data=st.data(), place=st.integers(0, 63))
    def misfortune(self, data: st.DataObject, place: int) -> None:
        """A fault: of a kind that is possible now, the `place`-th (counted round)."""
        kind = data.draw(st.sampled_from(self.kinds_of_faults))
        found = (action for action in possible_of(self.model, self.world, kind) if self.may_happen(action))
        chosen = [action for _, action in zip(range(64), found, strict=False)]
        if chosen:
            self.act(chosen[place % len(chosen)])

    def may_happen(self, fault: Action) -> bool:
        """Whether a fault is one of those that this machine is about; subclasses override it."""
        return True

    # ---- the end

    def before_the_end(self) -> None:
        """What rules still have open is brought to an end here; subclasses override it."""

    def at_the_end(self) -> None:
        """What must be so in the quiet world; subclasses override it."""

    def teardown(self) -> None:
        """Faults stop, and the cluster converges. Raises Broken."""
        if self._over:
            return
        self.before_the_end()
        self.act(StopFaults())
        for _ in range(CONVERGES_WITHIN):
            if is_quiet(self.model, self.world):
                break
            action = first(self.world)
            if action is None:
                break
            self.act(action)
        else:
            finding = f"it is not quiet {CONVERGES_WITHIN} steps after the faults have stopped: expected it to be"
            raise self._report(Failure(ENDLESS, GUARANTEES[ENDLESS], finding, self.world.index), "limit")
        violation = self._monitor.check_quiet(self.model, self.world)
        if violation is not None:
            raise self.broken(violation)
        self.at_the_end()

    # ---- failures

    def broken(self, violation: Violation) -> Broken:
        """The report of a violation; its trace is written."""
        return self._report(of_violation(violation), "violated")

    def failed(self, finding: str) -> Broken:
        """The report of something that is wrong though no invariant says so; its trace is written, and names it: a replay that comes there fails, too.

        `finding` says what was observed and what was expected ("…: expected …").
        """
        return self._report(Failure(type(self).__name__, FORETOLD, finding, self.world.index), "failed")

    def _report(self, failure: Failure, verdict: str) -> Broken:
        self._over = True
        path = self._write(failure, verdict)
        return Broken("\n".join(report_of_trace(failure, read(path).steps, path)))

    def _write(self, failure: Failure, verdict: str) -> Path:
        self.failures.mkdir(parents=True, exist_ok=True)
        path = self.failures / f"{type(self).__name__}.trace.jsonl"
        header = {"scenario": self.scenario.data, "redacted": False, "seed": None, "driver": "hypothesis", "faults": {}}
        named = {"mutant": self.mutant} if self.mutant else {}
        writer = Writer(path, self.model, self.origin, {**header, **named})
        for taken in self._taken:
            writer(*taken)
        writer.close(verdict, failure.data())
        return path


def _settle(cls: type[ClusterMachine]) -> tuple[Any, ...]:
    """(scenario, model, first world, quiet world, the steps between them) of a machine: every example begins there."""
    name = cls.__name__.lower()
    document = {"apiVersion": API_VERSION, "kind": "Scenario", "metadata": {"name": name}, "spec": dict(cls.spec)}
    scenario = from_data(document)
    parts = Parts()
    if cls.mutant:
        parts = next(mutant for mutant in MUTANTS if mutant.id == cls.mutant).change(parts)
    model: Model
    model, origin = build(scenario.cluster, parts)
    world, taken = origin, []
    while not is_quiet(model, world):
        action = next(iter(enabled(world)))
        after, delta = step(model, world, action)
        taken.append((world, action, after, delta))
        world = after
    assert not failed_steps(world), failed_steps(world)
    return scenario, model, origin, world, tuple(taken)
