"""The commands of `refk8s step`."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from ..core.action import Action
from ..core.digest import text
from ..core.enabled import cause_of, label
from ..core.errors import Refk8sError
from ..core.invariant import Monitor
from ..explore.cluster import build
from ..explore.expect import until
from ..explore.stepping import Stepper, Taken
from ..scenarios import Scenario, from_data
from ..scenarios.yaml import documents_of
from ..trace.format import Writer, read
from ..trace.objects import head_of, rows
from ..trace.replay import action_of, world_of
from ..trace.story import Line, Storyteller, differences
from ..trace.why import chain, line_about
from ..users.verb import by_any
from .output import table
from .session import find_scenario, invariants, seconds

SHOWN = 12

HELP = """\
next [N]                 do what the default driver would do (also: an empty line)
NUMBER                   do the enabled action with this number
enabled [PROCESS]        what may happen next, and because of what
back [N]                 undo N steps
goto N                   go to the world after N steps
run until WHAT           quiet, kind/name=STATE, or the id of an invariant
get KIND [NAME]          objects as kubectl shows them
describe KIND/NAME       one object as YAML
diff [N]                 what the last N steps changed
why KIND/NAME | STEP     the chain of causes
story [N]                the last N sentences of the story
apply -f FILE            apply manifests as the user `you`
hold PROCESS [STREAM]    nothing reaches this process (or this informer) until release
release PROCESS [STREAM]
save FILE                write the way so far as a trace
digest                   the fingerprint of this world
quit"""


class Shell:
    """Reads one command after the other and prints what it did. `violated`: an invariant has broken on the way."""

    def __init__(self, stepper: Stepper, scenario: Scenario) -> None:
        self.stepper = stepper
        self._scenario = scenario
        self._listed: list[Action] = []
        self.violated = False
        self._commands: dict[str, Callable[[list[str]], None]] = {
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
            "hold": lambda words: self._show(self.stepper.hold(" ".join(words))),
            "release": lambda words: self._show(self.stepper.hold(" ".join(words), release=True)),
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
            words = shlex.split(line, comments=True)
        except ValueError as error:
            raise Refk8sError(f"{line!r}: {error}") from None
        if not words:
            if not line.startswith("#"):
                self._next([])
            return True
        verb, *rest = words
        if verb in ("quit", "exit", "q"):
            return False
        if verb.isdigit():
            self._pick(int(verb))
            return True
        command = self._commands.get(verb)
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
        self._moved()

    def _goto(self, words: list[str]) -> None:
        if len(words) != 1 or not words[0].isdigit():
            raise Refk8sError("goto N: N is a number of steps")
        self.stepper.goto(int(words[0]))
        self._moved()

    def _run(self, words: list[str]) -> None:
        if len(words) != 2 or words[0] != "until":
            raise Refk8sError("run until WHAT: quiet, kind/name=STATE, or the id of an invariant")
        known = {invariant.id for invariant in invariants().all()}
        wanted = words[1].upper() if words[1].upper() in known else ""
        began = self.stepper.at
        how = self.stepper.run(None if wanted else until(words[1]), wanted)
        typer.echo(f"{how} after {self.stepper.at - began} steps")
        self._moved()
        if self.stepper.taken and self.stepper.taken[-1].violation is not None:
            self._alarm(self.stepper.taken[-1])

    def _moved(self) -> None:
        self._listed = []
        world = self.stepper.world
        typer.echo(
            f"at step {self.stepper.at}, {seconds(world.now_ms - self.stepper.model.epoch_ms)}, revision {world.store.revision}"
        )

    def _show(self, done: Taken) -> None:
        self._listed = []
        model = self.stepper.model
        teller = Storyteller(model.epoch_ms, model.is_heartbeat)
        teller(done.before, done.action, done.after, done.delta)
        typer.echo(f"#{done.before.index} {label(model, done.before, done.action)}")
        for line in teller.lines:
            typer.echo(f"    {line.actor}: {line.text}")
        if done.delta.served is not None and not done.delta.served[1].ok:
            typer.echo(f"    refused: {done.delta.served[1].message or done.delta.served[1].reason}")
        if done.violation is not None:
            self._alarm(done)

    def _alarm(self, done: Taken) -> None:
        self.violated = True
        violation = done.violation
        assert violation is not None
        typer.echo(f"{violation.invariant.id} violated at step {violation.step}: {violation.finding}")
        typer.echo(f"  guarantee: {violation.invariant.guarantee}")

    # ---- looking

    def _enabled(self, words: list[str]) -> None:
        world, model = self.stepper.world, self.stepper.model
        if words and words[0] not in (*world.pids, "clock"):
            raise Refk8sError(f"enabled {words[0]}: no such process; there are {', '.join(world.pids)}, clock")
        self._listed = self.stepper.actions_of(words[0]) if words else self.stepper.enabled()
        for number, action in enumerate(self._listed[:SHOWN]):
            cause = cause_of(model, world, action)
            because = f"  (because of #{cause} {self._label_of(cause)})" if 0 <= cause < self.stepper.at else ""
            typer.echo(f"{number:4}  {label(model, world, action)}{because}")
        if len(self._listed) > SHOWN:
            typer.echo(f"      … and {len(self._listed) - SHOWN} more; `enabled PROCESS` narrows it down")
        if not self._listed:
            typer.echo("nothing can happen")

    def _label_of(self, index: int) -> str:
        done = self.stepper.taken[index]
        return label(self.stepper.model, done.before, done.action)

    def _get(self, words: list[str]) -> None:
        if not words:
            raise Refk8sError("get KIND [NAME]: for instance get pods")
        kind, _, name = words[0].partition("/")
        name = name or (words[1] if len(words) > 1 else "")
        row = _row(kind)
        found = rows(self.stepper.world, row.plural)
        column = list(head_of(row.plural)).index("NAME")
        table(head_of(row.plural), [cells for cells in found if not name or cells[column] == name])

    def _describe(self, words: list[str]) -> None:
        import yaml

        if not words:
            raise Refk8sError("describe KIND/NAME: for instance describe pod/web")
        typer.echo(
            yaml.safe_dump(self._object(self.stepper.world, words[0]), sort_keys=False, allow_unicode=True), nl=False
        )

    def _object(self, world: Any, named: str) -> Any:
        kind, _, name = named.partition("/")
        row = _row(kind)
        key = name if "/" in name or not row.namespaced else f"default/{name}"
        stored = world.store.get(row.plural, key)
        if stored is None:
            raise Refk8sError(f"{row.plural} {name!r} not found; `get {row.plural}` lists them")
        return stored.document

    def _diff(self, words: list[str]) -> None:
        count = _count(words, "diff")
        if count > self.stepper.at:
            raise Refk8sError(f"diff {count}: only {self.stepper.at} steps have been taken")
        for done in self.stepper.taken[self.stepper.at - count :]:
            for change in done.delta.commits:
                typer.echo(f"#{done.before.index} {change.type} {change.resource}/{change.key}")
                was = change.prev.document if change.prev is not None else {}
                for path, old, new in differences(was, change.obj.document) if change.type == "MODIFIED" else ():
                    typer.echo(f"    {path}: {_short(old)} → {_short(new)}")

    def _lines(self) -> list[Line]:
        teller = Storyteller(self.stepper.model.epoch_ms, self.stepper.model.is_heartbeat)
        for done in self.stepper.taken:
            teller(done.before, done.action, done.after, done.delta)
        return teller.lines

    def _why(self, words: list[str]) -> None:
        if len(words) != 1:
            raise Refk8sError("why KIND/NAME, or why STEP")
        lines = self._lines()
        for line in chain(lines, line_about(lines, words[0])):
            typer.echo(f"{seconds(line.at_ms):>10}  #{line.step:<5} {line.actor}: {line.text}")

    def _story(self, words: list[str]) -> None:
        told = [line for line in self._lines() if not line.heartbeat]
        for line in told[-_count(words, "story", 20) :]:
            typer.echo(f"{seconds(line.at_ms):>10}  #{line.step:<5} {line.actor}: {line.text}")

    # ---- doing

    def _apply(self, words: list[str]) -> None:
        if len(words) != 2 or words[0] != "-f":
            raise Refk8sError("apply -f FILE")
        documents = documents_of(Path(words[1]))
        self._show(self.stepper.say({"summary": f"apply {words[1]}", "step": {"apply": {"documents": documents}}}))

    def _save(self, words: list[str]) -> None:
        if len(words) != 1:
            raise Refk8sError("save FILE")
        path = Path(words[0])
        stepper = self.stepper
        header = {"scenario": self._scenario.data, "seed": None, "driver": "human", "faults": {}}
        writer = Writer(path, stepper.model, stepper.world_at(0), header)
        for done in stepper.taken:
            writer(done.before, done.action, done.after, done.delta)
        writer.close(stepper.world, "stopped", None)
        typer.echo(f"{stepper.at} steps in {path}; replay: refk8s replay {path}")


def shell_for(targets: list[str], nodes: int) -> Shell:
    """The shell on a scenario, manifests, or (at its end) a trace. Raises Refk8sError."""
    monitor = Monitor(invariants().all())
    if len(targets) == 1 and ".trace" in Path(targets[0]).name:
        trace = read(Path(targets[0]))
        model, world = world_of(trace)
        stepper = Stepper(model, world, monitor)
        for line in trace.steps:
            stepper.take(action_of(model, stepper.world, line))
        return Shell(stepper, from_data(trace.header["scenario"]))
    scenario = find_scenario(targets, nodes)
    model, world = build(scenario.cluster)
    return Shell(Stepper(model, world, monitor), scenario)


def _row(kind: str) -> Any:
    try:
        return by_any(kind)
    except KeyError:
        raise Refk8sError(f"no kind {kind!r}; for instance pods, deployments, nodes") from None


def _count(words: list[str], verb: str, default: int = 1) -> int:
    if not words:
        return default
    if len(words) > 1 or not words[0].isdigit():
        raise Refk8sError(f"{verb} N: N is a number")
    return int(words[0])


def _short(value: Any) -> str:
    shown = "∅" if value is None else str(value)
    return shown if len(shown) <= 100 else f"{shown[:97]}…"


__all__ = ["Shell", "shell_for"]
