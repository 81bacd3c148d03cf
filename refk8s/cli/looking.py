"""What the commands of `refk8s step` show: objects, differences, stories, actions. Functions from a Stepper to lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..core.action import Action
from ..core.enabled import cause_of, label
from ..core.errors import Refk8sError
from ..core.world import World
from ..explore.stepping import Stepper, Taken
from ..trace.differences import differences, short
from ..trace.story import Line, Storyteller
from ..users.verb import by_any
from .output import text_of_yaml
from .session import seconds

UNSEEN = ("metadata.managedFields", "metadata.resourceVersion")


def row_of_kind(kind: str) -> Any:
    """The registry's row of a resource by any of its names. Raises Refk8sError."""
    try:
        return by_any(kind)
    except KeyError:
        raise Refk8sError(f"no kind {kind!r}; for instance pods, deployments, nodes") from None


def object_named(world: World, named: str) -> tuple[Any, Any]:
    """(row, stored object) of `kind/name` or `kind/namespace/name`. Raises Refk8sError."""
    kind, _, name = named.partition("/")
    row = row_of_kind(kind)
    if not name:
        raise Refk8sError(f"{named}: no name; write {kind}/NAME")
    key = name if "/" in name or not row.namespaced else f"default/{name}"
    stored = world.store.get(row.plural, key)
    if stored is None:
        raise Refk8sError(f"{row.plural} {name!r} not found; `get {row.plural}` lists them")
    return row, stored


def described(world: World, named: str) -> Iterator[str]:
    """An object as YAML without its managed fields, and the events about it."""
    _, stored = object_named(world, named)
    metadata = {name: part for name, part in stored.document["metadata"].items() if name != "managedFields"}
    yield text_of_yaml({**stored.document, "metadata": metadata}, sort=True).rstrip()
    events = [
        event.document
        for event in world.store.collection("events").cache("events").all("")
        if (event.document.get("involvedObject") or {}).get("uid") == stored.uid
    ]
    if events:
        yield "events:"
    for event in sorted(events, key=lambda event: str(event.get("lastTimestamp"))):
        source = (event.get("source") or {}).get("component", "")
        yield f"  {event.get('lastTimestamp')}  {event.get('type')}  {event.get('reason')}  {source}  {event.get('message')}"


def changes(done: Taken) -> Iterator[str]:
    """What a step changed, leaf by leaf."""
    for change in done.delta.commits:
        yield f"#{done.before.index} {change.type} {change.resource}/{change.key}"
        if change.type != "MODIFIED" or change.prev is None:
            continue
        for leaf in differences(change.prev.document, change.obj.document):
            if leaf.path not in UNSEEN:
                yield f"    {leaf.path}: {short(leaf.old, 100)} → {short(leaf.new, 100)}"


def told(stepper: Stepper) -> Storyteller:
    """The story of the way so far."""
    teller = Storyteller(stepper.model.epoch_ms, stepper.model.is_heartbeat, stepper.model)
    for done in stepper.taken:
        teller(done.before, done.action, done.after, done.delta)
    return teller


def sentence(line: Line) -> str:
    """One line of a story."""
    return f"{seconds(line.at_ms):>10}  #{line.step:<5} {line.actor}: {line.text}"


def shown(stepper: Stepper, done: Taken) -> Iterator[str]:
    """What a step was and did."""
    model = stepper.model
    teller = Storyteller(model.epoch_ms, model.is_heartbeat)  # its label says what it was already
    teller(done.before, done.action, done.after, done.delta)
    yield f"#{done.before.index} {label(model, done.before, done.action)}"
    yield from (f"    {line.actor}: {line.text}" for line in teller.lines)


def listed(stepper: Stepper, actions: list[Action], limit: int, holds: Mapping[int, str]) -> Iterator[str]:
    """Actions by number, each with the step that enabled it."""
    model, world = stepper.model, stepper.world
    for number, action in enumerate(actions[:limit]):
        cause = cause_of(model, world, action)
        because = f"  (because of #{cause} {_label_of(stepper, cause)})" if 0 <= cause < stepper.at else ""
        yield f"{number:4}  {label(model, world, action)}{because}"
    if len(actions) > limit:
        yield f"      … and {len(actions) - limit} more; `enabled PROCESS` narrows it down"
    if not actions:
        yield "nothing can happen"
    if holds:
        yield f"held: {', '.join(holds.values())}"


def held(stepper: Stepper) -> dict[int, str]:
    """The holds in force, by informer (or, negative, process)."""
    found = {}
    for iid in stepper.world.holds:
        if iid < 0:
            found[iid] = stepper.world.pids[-iid - 1]
        else:
            p, place = stepper.world.informers[iid]
            pid = stepper.world.pids[p]
            found[iid] = f"{pid} {stepper.model.program(pid).streams[place]}"
    return found


def _label_of(stepper: Stepper, index: int) -> str:
    done = stepper.taken[index]
    return label(stepper.model, done.before, done.action)
