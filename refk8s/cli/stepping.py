"""The commands of `refk8s step`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import typer

from ..core.action import Action
from ..core.digest import text
from ..core.errors import Refk8sError, ReplayDivergence
from ..core.invariant import Monitor
from ..explore.cluster import build
from ..explore.expect import until
from ..explore.stepping import Stepper, Taken
from ..scenarios import Scenario, from_data
from ..scenarios.yaml import documents_of
from ..trace.format import Writer, is_trace, read
from ..trace.objects import head_of, rows
from ..trace.redact import redact
from ..trace.replay import action_of, scenario_of, world_of
from ..trace.report import middle
from ..trace.story import without_details
from ..trace.why import chain, line_about, linked
from . import looking, meddling
from .output import table
from .session import find_scenario, invariants, only_for_manifests, parts_of, seconds

SHOWN = 12
_STEP_NUMBER = re.compile(r"(?<=\s)#(?=\d+\b)")
"""The sign before a step's number, as the story prints it: `why #40` is no comment."""
MOST_STEPS = 5_000
"""`run until` stops there; saying it again goes on."""

HELP = """\
next [N]                 do what the default driver would do (also: an empty line)
NUMBER                   do the enabled action with this number
enabled [PROCESS]        what may happen next, and because of what
back [N]                 undo N steps
goto N                   go to the world after N steps
run until WHAT           quiet, kind/name=STATE, or the id of an invariant
get KIND [NAME] [-n NS]  objects as kubectl shows them
describe KIND/NAME       one object as YAML, and its events
diff [N]                 what the last N steps changed
why KIND/NAME | STEP     the chain of causes
story [N]                the last N sentences of the story
apply -f FILE [-n NS]    apply manifests as the user `you`
hold PROCESS [STREAM]    nothing reaches this process (or this informer) until release
release PROCESS [STREAM]
faults [KIND]            what an adversary could do now; its NUMBER does it
lost NUMBER              serve this request, and lose the reply
reject NUMBER [CODE]     refuse this request unseen, with 429 or 500
crash PROCESS            it loses its state until restart PROCESS
stop-node KUBELET [lost] its machine stops (and loses all containers) until restart
partition PROCESS from API-SERVER, and heal
relist PROCESS STREAM [lag=N], batch PROCESS STREAM size=N, duplicate PROCESS STREAM KEY
compact keep=N           all history but the last N revisions is forgotten
mishap KUBELET POD CONTAINER exit=N
stop-faults              all of these end
save FILE                write the way so far as a trace
digest                   the fingerprint of this world
quit"""


class Shell:
    """Reads one command after the other and prints what it did. `failed`: an invariant has broken on the way, or a `run until` did not reach what it was to."""

    def __init__(self, stepper: Stepper, scenario: Scenario, *, keep_secrets: bool = False, mutant: str = "") -> None:
        self.stepper = stepper
        self._scenario = scenario
        self._keep_secrets = keep_secrets
        self._mutant = mutant
        self._listed: list[Action] = []
        self.failed = False
        self.commands: dict[str, Callable[[list[str]], None]] = {
            "next": self._next,
            "n": self._next,
            "enabled": self._enabled,
            "list": self._enabled,
            "back": self._back,
            "b": self._back,
            "goto": self._goto,
            "run": self._run,
            "get": self._get,
            "describe": self._describe,
            "diff": self._diff,
            "why": self._why,
            "story": self._story,
            "apply": self._apply,
            "hold": lambda words: self._hold("hold", words),
            "release": lambda words: self._hold("release", words),
            "faults": self._faults,
            "lost": lambda words: self._outcome("lost", words),
            "reject": lambda words: self._outcome("reject", words),
            **{verb: partial(self._fault, verb) for verb in meddling.FORMS},
            "save": self._save,
            "digest": lambda words: typer.echo(text(self.stepper.world.fingerprint)),
            "help": lambda words: typer.echo(HELP),
        }

    def welcome(self) -> None:
        """The first screen."""
        typer.echo(f"{self._scenario.name}: {self._scenario.description or 'your manifests'}")
        typer.echo("an empty line does the next step, `back` undoes it, `help` lists the commands")
        self._enabled([])

    def do(self, line: str) -> bool:
        """Carry out one command; False for `quit`. Raises Refk8sError."""
        try:
            words = shlex.split(_STEP_NUMBER.sub("", line), comments=True)
        except ValueError as error:
            raise Refk8sError(f"{line!r}: {error}") from None
        if not words:
            if not line.startswith("#"):
                self._next([])
            return True
        verb, *rest = words
        if verb in ("quit", "exit", "q"):
            return False
        if verb.isdecimal():
            self._pick(int(verb))
            return True
        command = self.commands.get(verb)
        if command is None:
            raise Refk8sError(f"no command {verb!r}; `help` lists them")
        command(rest)
        return True

    # ---- moving

    def _next(self, words: list[str]) -> None:
        for _ in range(_count(words, "next")):
            done = self.stepper.next()
            if done is None:
                typer.echo("nothing can happen")
                return
            self._show(done)

    def _pick(self, number: int) -> None:
        if not self._listed:
            self._listed = self.stepper.enabled()
        if number >= len(self._listed):
            raise Refk8sError(f"{number}: there are actions 0 to {len(self._listed) - 1}; `enabled` lists them")
        self._show(self.stepper.take(self._listed[number]))

    def _back(self, words: list[str]) -> None:
        self.stepper.back(_count(words, "back"))
        self.moved()

    def _goto(self, words: list[str]) -> None:
        if len(words) != 1 or not words[0].isdecimal():
            raise Refk8sError("goto N: N is a number of steps")
        self.stepper.goto(int(words[0]))
        self.moved()

    def _run(self, words: list[str]) -> None:
        if len(words) != 2 or words[0] != "until":
            raise Refk8sError("run until WHAT: quiet, kind/name=STATE, or the id of an invariant")
        known = {invariant.id for invariant in invariants().all()}
        wanted = words[1].upper() if words[1].upper() in known else ""
        began = self.stepper.at
        try:
            condition = None if wanted else until(words[1])
        except Refk8sError as error:
            hint = "; the id of an invariant is possible too (`refk8s invariants list`)"
            raise Refk8sError(f"run until {str(error).removeprefix('--until ')}{hint}") from None
        how = self.stepper.run(condition, wanted, MOST_STEPS)
        reached = how == "violated" or (
            how == "quiet" if condition is None and not wanted else how == "condition reached"
        )
        more = f"; `run until {words[1]}` again goes on" if how == "stopped at the step limit" else ""
        typer.echo(f"{'' if reached else f'{words[1]} not reached: '}{how} after {self.stepper.at - began} steps{more}")
        self.failed = self.failed or not (reached or wanted)
        self.moved()
        if self.stepper.taken and self.stepper.taken[-1].violation is not None:
            self._alarm(self.stepper.taken[-1])

    def moved(self) -> None:
        """Say where the way stands now."""
        self._listed = []
        world = self.stepper.world
        at = seconds(world.now_ms - self.stepper.model.epoch_ms)
        holds = looking.held(self.stepper)
        held = f"; held: {', '.join(holds.values())}" if holds else ""
        typer.echo(f"at step {self.stepper.at}, {at}, revision {world.store.revision}{held}")

    def _show(self, done: Taken) -> None:
        self._listed = []
        _say(looking.shown(self.stepper, done))
        if done.violation is not None:
            self._alarm(done)

    def _alarm(self, done: Taken) -> None:
        self.failed = True
        violation = done.violation
        assert violation is not None
        typer.echo(f"{violation.invariant.id} violated at step {violation.step}")
        for line in middle(violation.invariant.guarantee, violation.finding):
            typer.echo(line)

    # ---- looking

    def _enabled(self, words: list[str]) -> None:
        pids = self.stepper.world.pids
        if words and words[0] not in (*pids, "clock"):
            raise Refk8sError(f"enabled {words[0]}: no such process; there are {', '.join(pids)}, clock")
        self._listed = self.stepper.actions_of(words[0]) if words else self.stepper.enabled()
        limit = len(self._listed) if words else SHOWN
        _say(looking.listed(self.stepper, self._listed, limit, looking.held(self.stepper)))

    def _get(self, words: list[str]) -> None:
        words, namespace = _namespace(words)
        if not words or len(words) > 2:
            raise Refk8sError("get KIND [NAME] [-n NAMESPACE]: for instance get pods")
        kind, _, name = words[0].partition("/")
        name = name or (words[1] if len(words) > 1 else "")
        row = looking.row_of_kind(kind)
        head = head_of(row.plural)
        column = head.index("NAME")
        found = rows(self.stepper.world, row.plural, namespace if row.namespaced else "")
        found = [cells for cells in found if not name or cells[column] == name]
        if name and not found:
            raise Refk8sError(f"{row.plural} {name!r} not found; `get {row.plural}` lists them")
        if found:
            table(head, found)
        else:
            typer.echo(f"no {row.plural} found" + (f" in namespace {namespace}" if namespace else ""))

    def _describe(self, words: list[str]) -> None:
        if len(words) != 1:
            raise Refk8sError("describe KIND/NAME: for instance describe pod/web")
        _say(looking.described(self.stepper.world, words[0]))

    def _diff(self, words: list[str]) -> None:
        count = _count(words, "diff")
        if count > self.stepper.at:
            raise Refk8sError(f"diff {count}: only {self.stepper.at} steps have been taken")
        lines = [line for done in self.stepper.taken[self.stepper.at - count :] for line in looking.changes(done)]
        _say(lines or ["nothing in the store"])

    def _why(self, words: list[str]) -> None:
        if len(words) != 1:
            raise Refk8sError("why KIND/NAME, or why STEP")
        teller = looking.told(self.stepper)
        _say(linked(chain(teller.lines, line_about(teller, words[0]))))

    def _story(self, words: list[str]) -> None:
        count = _count(words, "story", 20)
        lines = without_details(looking.told(self.stepper).lines)
        _say(map(looking.sentence, lines[len(lines) - min(count, len(lines)) :]))

    # ---- doing

    def _apply(self, words: list[str]) -> None:
        words, namespace = _namespace(words)
        if len(words) != 2 or words[0] != "-f":
            raise Refk8sError("apply -f FILE [-n NAMESPACE]")
        documents = documents_of(Path(words[1]))
        step = {"apply": {"documents": documents, "namespace": namespace or "default"}}
        step = step if self._keep_secrets else redact(step)
        self._show(self.stepper.say({"summary": f"apply {words[1]}", "step": step}))

    def _hold(self, verb: str, words: list[str]) -> None:
        if not 1 <= len(words) <= 2:
            raise Refk8sError(f"{verb} PROCESS [STREAM]: for instance {verb} kube-scheduler pods")
        self._show(self.stepper.hold(" ".join(words), release=verb == "release"))

    def _faults(self, words: list[str]) -> None:
        self._listed = meddling.possible_now(self.stepper, words)
        if not self._listed:
            typer.echo("no fault of this kind would make a difference now")
            return
        _say(looking.listed(self.stepper, self._listed, len(self._listed), looking.held(self.stepper)))

    def _fault(self, verb: str, words: list[str]) -> None:
        self._show(self.stepper.take(meddling.typed(self.stepper, verb, words)))

    def _outcome(self, verb: str, words: list[str]) -> None:
        listed = self._listed or self.stepper.enabled()
        self._show(self.stepper.take(meddling.outcome(self.stepper, verb, words, listed)))

    def _save(self, words: list[str]) -> None:
        if len(words) != 1:
            raise Refk8sError("save FILE")
        path = Path(words[0])
        stepper = self.stepper
        header = {"scenario": self._scenario.data, "redacted": not self._keep_secrets, "seed": None, "driver": "human"}
        header |= {"faults": stepper.world_at(0).faults.data()} | ({"mutant": self._mutant} if self._mutant else {})
        writer = Writer(path, stepper.model, stepper.world_at(0), header)
        for done in stepper.taken:
            writer(done.before, done.action, done.after, done.delta)
        found = [done.violation for done in stepper.taken if done.violation is not None]
        writer.close("violated" if found else "stopped", found[0] if found else None)
        typer.echo(f"{stepper.at} steps in {path}; replay: refk8s replay {path}")


def shell_for(targets: list[str], nodes: int | None, namespace: str, *, keep_secrets: bool) -> Shell:
    """The shell on a scenario, manifests, or (at its end) a trace, which must replay as recorded. Raises Refk8sError.

    Secrets are redacted before anything happens, unless they are to be kept: what is saved must be what was done.
    """
    monitor = Monitor(invariants().all())
    if len(targets) == 1 and is_trace(targets[0]):
        only_for_manifests(targets[0], "a trace", nodes, namespace)
        return _on_trace(targets[0], monitor)
    scenario = find_scenario(targets, nodes, namespace)
    if not keep_secrets:
        scenario = from_data(redact(scenario.data))
    model, world = build(scenario.cluster)
    return Shell(Stepper(model, world, monitor), scenario, keep_secrets=keep_secrets)


def _on_trace(path: str, monitor: Monitor) -> Shell:
    trace = read(Path(path))
    try:
        model, world = world_of(trace, parts_of(trace.header))
    except Refk8sError as error:
        raise type(error)(f"{path}: {error}") from None
    stepper = Stepper(model, world, monitor)
    for number, line in enumerate(trace.steps, 2):
        try:
            after = stepper.take(action_of(model, stepper.world, line)).after
        except ReplayDivergence as gone:
            raise ReplayDivergence(f"{path}:{number}: {gone}") from None
        if text(after.fingerprint) != line.digest:
            raise ReplayDivergence(
                f"{path}:{number}: after {line.label!r} the digest is {text(after.fingerprint)}, recorded was {line.digest};"
                " `refk8s replay --lenient` says how far the trace still holds"
            )
    redacted = bool(trace.header.get("redacted", True))
    return Shell(stepper, scenario_of(trace), keep_secrets=not redacted, mutant=trace.header.get("mutant") or "")


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def _namespace(words: list[str]) -> tuple[list[str], str]:
    """The words without `-n NAMESPACE` (`-A`: all of them), and the namespace ("": all)."""
    rest = [word for word in words if word not in ("-A", "--all-namespaces")]
    for flag in ("-n", "--namespace"):
        if flag in rest:
            place = rest.index(flag)
            if place + 1 == len(rest):
                raise Refk8sError(f"{flag} NAMESPACE: which one?")
            return rest[:place] + rest[place + 2 :], rest[place + 1]
    return rest, ""


def _count(words: list[str], verb: str, default: int = 1) -> int:
    if not words:
        return default
    if len(words) > 1 or not words[0].isdecimal():
        raise Refk8sError(f"{verb} N: N is a number")
    return int(words[0])
