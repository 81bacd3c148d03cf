"""Replay: a trace's labels drive the model again; every digest is compared.

Strict replay stops at the first step whose action is not enabled or whose digest differs. Lenient replay follows the labels where it can, skips those that are
gone, and reports the trace as stale: a trace survives changes of the model, but never passes silently.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import attrs

from ..core.action import Action, Input
from ..core.budget import FaultBudget
from ..core.digest import text
from ..core.enabled import find, is_quiet
from ..core.errors import Refk8sError, ReplayDivergence
from ..core.invariant import Monitor
from ..core.model import Model
from ..core.step import step
from ..core.world import World
from ..explore.cluster import Parts, build
from ..explore.due import Witness, usual
from ..explore.failure import FORETOLD, Failure, failure_of, of_violation
from ..explore.run import Observer, Outcome
from ..scenarios.format import Scenario, from_data
from ..scenarios.spec import Step as OneStep
from ..scenarios.structure import Misfit, structure
from .format import Step, Trace

Status = Literal["same", "stale", "violated"]


@attrs.frozen(eq=False)
class Replayed:
    """How a replay ended.

    `status`: "same" (every step and digest as recorded), "stale" (lenient only: steps were skipped or digests differ), "violated".
    `first_difference` names the line, `failure` is what was violated.
    """

    status: Status
    world: World
    model: Model
    steps: int
    skipped: int
    first_difference: str
    failure: Failure | None


def world_of(trace: Trace, parts: Parts | None = None) -> tuple[Model, World]:
    """The model and first world that a trace's header describes. Raises Refk8sError."""
    try:
        faults = FaultBudget.of(trace.header.get("faults") or {})
    except Refk8sError as error:
        raise Refk8sError(f"line 1: {error}") from None
    return build(scenario_of(trace).cluster, parts, faults)


def scenario_of(trace: Trace) -> Scenario:
    """The scenario in a trace's header. Raises Refk8sError."""
    try:
        return from_data(trace.header["scenario"])
    except Refk8sError as error:
        raise Refk8sError(f"line 1: the scenario in the header: {error}") from None


def replay(
    trace: Trace,
    *,
    lenient: bool = False,
    monitor: Monitor | None = None,
    parts: Parts | None = None,
    upto: int | None = None,
    observers: tuple[Observer, ...] = (),
) -> Replayed:
    """Replay a trace (up to step `upto`). Strict replay raises ReplayDivergence with the line; a violation of an invariant is reported, not raised."""
    model, world = world_of(trace, parts)
    difference = _difference_at_first(trace, model, world)
    if difference and not lenient:
        raise ReplayDivergence(f"{difference}. Common causes: another version of refk8s, an edited header")
    if monitor is not None:
        monitor.begin(model, world)
    skipped = done = 0
    witness = Witness()
    everybody: tuple[Observer, ...] = (witness, *observers)
    for number, line in enumerate(trace.steps[:upto], 2):
        try:
            action = action_of(model, world, line)
        except ReplayDivergence as gone:
            if not lenient:
                raise ReplayDivergence(f"line {number}: {gone}") from None
            skipped += 1
            difference = difference or f"line {number}: {line.label!r} is not enabled any more"
            continue
        after, delta = step(model, world, action)
        done += 1
        for observer in everybody:
            observer(world, action, after, delta)
        violation = monitor.check(world, action, after, delta) if monitor is not None else None
        if text(after.fingerprint) != line.digest and not difference:
            difference = f"line {number}: after {line.label!r} the digest is {text(after.fingerprint)}, recorded was {line.digest}"
            if not lenient:
                raise ReplayDivergence(
                    f"{difference}. Common causes: another version of refk8s, an edited trace, unsorted iteration"
                )
        if violation is not None:
            return Replayed("violated", after, model, done, skipped, difference, of_violation(violation))
        world = after
    failure = None
    if monitor is not None and upto is None:
        failure = _at_the_end(trace, model, world, done, monitor, witness, parts)
        if trace.verdict.get("verdict") == "failed" and trace.verdict["digest"] == text(world.fingerprint):
            failure = _as_recorded(trace)
    status: Status = "violated" if failure is not None else "stale" if difference else "same"
    return Replayed(status, world, model, done, skipped, difference, failure)


def _difference_at_first(trace: Trace, model: Model, world: World) -> str:
    """How the model and the first world differ from what the header says of them; "" if they do not."""
    header = trace.header
    if header["digest"] != text(world.fingerprint):
        return f"line 1: the first world has digest {text(world.fingerprint)}, recorded was {header['digest']}"
    if header["gates"] != dict(model.gates):
        return f"line 1: the feature gates are {dict(model.gates)}, recorded were {header['gates']}"
    if header["epoch"] != model.epoch_ms:
        return f"line 1: the run begins at epoch {model.epoch_ms} ms, recorded was {header['epoch']} ms"
    return ""


def _at_the_end(
    trace: Trace, model: Model, world: World, done: int, monitor: Monitor, witness: Witness, parts: Parts | None
) -> Failure | None:
    """What is wrong with the World at the end of a trace, as it was judged when it was recorded: at quiet, or as a run without an end."""
    verdict = trace.verdict.get("verdict")
    if verdict == "hot loop" or (verdict == "limit" and trace.verdict.get("violation")):
        if done < len(trace.steps):
            return None
        return failure_of(scenario_of(trace), Outcome(world, done, "limit"))
    if verdict not in ("quiet", "violated") or not is_quiet(model, world):
        return None
    violation = monitor.check_quiet(model, world)
    outcome = Outcome(world, done, "violated" if violation else "quiet", violation)
    scenario = scenario_of(trace)
    return failure_of(
        scenario, outcome, excused=witness.excuse(world, usual(scenario, parts)) if is_disturbed(trace) else ""
    )


def _as_recorded(trace: Trace) -> Failure:
    """What a test found wrong with the World at the end of its trace: as that is the same World, it still is."""
    found = trace.verdict["violation"]
    return Failure(found["id"], FORETOLD, found["finding"], found["step"])


def is_disturbed(trace: Trace) -> bool:
    """Whether there are faults in a trace."""
    return bool(trace.header.get("faults")) or any(is_fault(each.label) for each in trace.steps)


FAULTS: Final = ("crash", "hold", "duplicate", "batch", "stop-node", "mishap", "partition", "compact")


def is_fault(name: str) -> bool:
    """Whether a label names a fault."""
    verb = name.partition(" ")[0]
    return verb in FAULTS or (verb == "serve" and (name.endswith(" lost") or " reject=" in name)) or " lag=" in name


def action_of(model: Model, world: World, line: Step) -> Action:
    """The action that a line records. Raises ReplayDivergence if it is not enabled, or is an input that nobody can have made."""
    if line.payload is not None:
        check_payload(line)
        return Input(line.payload)
    return find(model, world, line.label)


_REQUEST: Final = {"verb": str, "resource": str, "namespace": str, "name": str, "subresource": str, "agent": str}


def check_payload(line: Step) -> None:
    """Raise ReplayDivergence for a payload that the cluster cannot read (refk8s.explore.cluster.accept): the line was edited."""
    payload, problem = line.payload, ""
    if not isinstance(payload, dict):
        problem = f"an input is a map, not {payload!r:.40}"
    elif "http" in payload or "request" in payload:
        problem = _misfit_of_request(payload.get("http", payload.get("request")), payload.get("at", 0))
    elif "compact" in payload:
        problem = "" if type(payload["compact"]) is int and payload["compact"] >= 0 else "compact: no number"
    elif "demand" in payload:
        wanted = payload["demand"]
        fits = isinstance(wanted, dict) and {"resource", "key", "content"} <= set(wanted)
        problem = "" if fits else "demand: it names resource, key and content"
    elif "expect" not in payload:
        try:
            structure(payload.get("step"), OneStep, ("step",))
        except Misfit as misfit:
            problem = str(misfit)
    if problem:
        raise ReplayDivergence(f"{line.label!r} cannot be done: {problem}; the trace was edited")


def _misfit_of_request(request: Any, at: Any) -> str:
    if type(at) is not int:
        return f"at: {at!r:.40} is no time"
    if not isinstance(request, dict) or not {"verb", "resource"} <= set(request) <= {*_REQUEST, "body", "options"}:
        return f"a request has a verb and a resource, not {request!r:.40}"
    for name, kind in _REQUEST.items():
        if not isinstance(request.get(name, ""), kind):
            return f"{name} of the request is {request[name]!r:.40}"
    return "" if isinstance(request.get("options", {}), dict) else "options of the request are no map"


def summary(replayed: Replayed) -> dict[str, Any]:
    """The replay as data."""
    return {
        "version": 1,
        "status": replayed.status,
        "steps": replayed.steps,
        "skipped": replayed.skipped,
        "difference": replayed.first_difference,
        "digest": text(replayed.world.fingerprint),
        "violation": None if replayed.failure is None else replayed.failure.data(),
    }
