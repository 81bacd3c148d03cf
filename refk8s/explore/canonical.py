"""The canonical fingerprint: equal for Worlds that can do the same from now on (ARCHITECTURE §6). specs/search.md argues why.

It leaves out what the exact fingerprint has: revisions (versions count by content, references to them by how many versions they are behind), absolute time
(times are relative to now, see shapes.py), step numbers, incarnations, and the positions of informers (what they have not yet been delivered counts, in its
order).

Every part is a linear form in now, so that nothing has to be hashed again when time passes. What belongs to an immutable value (an object's version, a
collection, a process, a message) is computed once per value and kept; a fresh `Canonical(model).fingerprint(world)` is the recomputation from scratch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from ..api.registry import RESOURCES
from ..api.store import DELETED, Cache, Change, Collection, Store, Stored
from ..core.budget import NO_FAULTS
from ..core.clock import Timers
from ..core.digest import MASK, cell, mix
from ..core.enabled import owed
from ..core.flight import Cached, Flight, Now, Recall
from ..core.model import Model
from ..core.process import Informer, Process, WorkQueue
from ..core.table import Log
from ..core.wire import InFlight, Request, Response
from ..core.world import BEHIND, World
from .renaming import UNCHANGED, Renaming
from .shapes import Known, Shape, document_shape, value_shape

_KEPT: Final = 20_000
"""So many values of a kind are kept with their forms before all are forgotten."""

REVISIONS: Final = {"replicaset/wrote/": ("", "pods", "replicasets")}
"""Memory that holds revisions: the beginning of its name → of each part of the value the stream whose cache it is compared with ("": it is no revision)."""

_REVISIONS: Final = tuple(REVISIONS)

_RESOURCE_OF: Final = {row.kind: row.plural for row in RESOURCES.values()}


class Form:
    """A sum of shapes: a linear form in now, with what depends on the store besides.

    `fresh`: (second, what counts in that second); `refs`: (weight, version of an object), `caches`: (weight, stream, cache): what they are behind the store
    counts; `waits`: (weight, stream, revision): how far the process's cache is from it. `moves`: there is any of these.
    """

    __slots__ = ("a", "caches", "fresh", "moves", "refs", "w", "waits")

    def __init__(self, a: int = 0) -> None:
        self.a = a
        self.w = 0
        self.moves = False
        self.fresh: list[tuple[int, int]] = []
        self.refs: list[tuple[int, str, Stored]] = []
        self.caches: list[tuple[int, str, Cache]] = []
        self.waits: list[tuple[int, str, int]] = []

    def shape(self, weight: int, shape: Shape) -> None:
        """Add a shape; its refs are the caller's."""
        self.a += weight * shape.a
        self.w += weight * shape.w
        if shape.second >= 0:
            self.fresh.append((shape.second, weight * shape.fresh))

    def form(self, weight: int, other: Form) -> None:
        """Add another form."""
        self.a += weight * other.a
        self.w += weight * other.w
        if other.fresh:
            self.fresh += [(second, weight * value) for second, value in other.fresh]
        if other.refs:
            self.refs += [(weight * each & MASK, resource, stored) for each, resource, stored in other.refs]
        if other.caches:
            self.caches += [(weight * each & MASK, stream, cache) for each, stream, cache in other.caches]

    def done(self) -> Form:
        """The form with short numbers."""
        self.moves = bool(self.fresh or self.refs or self.caches or self.waits)
        self.a &= MASK
        self.w &= MASK
        return self

    def at(self, now_ms: int) -> int:
        """The value at a time, of what does not depend on the store."""
        found = self.a + self.w * now_ms
        if self.fresh:
            now_s = now_ms // 1000
            for second, value in self.fresh:
                if second == now_s:
                    found += value
        return found


class Canonical:
    """Canonical fingerprints of the Worlds of one model. It remembers forms of values, never anything that a result depends on.

    `renaming` gives every name another one (symmetry.py). `budgets`: what is left of each kind of fault counts; a search leaves it out where there is enough of
    each kind for every schedule within its bound.
    """

    def __init__(self, model: Model, *, budgets: bool = True, renaming: Renaming = UNCHANGED) -> None:
        self._budgets = budgets
        self._renaming = renaming
        self._text = renaming.text
        self._events = model.events
        self._program = model.program
        self._quiet_ms = model.quiet_ms
        self._heartbeats = model.heartbeats
        self._shapes: dict[Any, Shape] = {}
        self._contents: dict[tuple[str, int], Shape] = {}
        self._values: dict[Any, Shape] = {}
        self._parts: Known = {}
        self._collections: dict[Collection, Form] = {}
        self._visible: dict[tuple[Collection, str], Form] = {}
        self._changes: dict[Change, Form] = {}
        self._responses: dict[Response, Form] = {}
        self._messages: dict[InFlight, Form] = {}
        self._flights: dict[Flight, Form] = {}
        self._processes: dict[Process, Form] = {}
        self._behinds: dict[Process, tuple[Store, int]] = {}
        self._heards: dict[Process, tuple[Store, int]] = {}
        self._queues: dict[WorkQueue, int] = {}
        self._weights: dict[str, dict[str, int]] = {}
        self._stores: dict[Store, Form] = {}
        self._timers: dict[Timers, Form] = {}

    def fingerprint(self, world: World) -> int:
        """The canonical fingerprint of a World: 128 bits."""
        now_ms, store = world.now_ms, world.store
        total = self._store(store).at(now_ms) + self._timer(world.timers).at(now_ms)
        known, w = self._processes, 0
        processes = [world.procs[p] for p in range(len(world.pids))]
        for process in processes:
            form = known.get(process) or self._process(process)
            total += form.a
            w += form.w
            if form.moves:
                total += self._moving(process, form, world)
        total += w * now_ms + self._inboxes(world) + self._undelivered(world, processes) + self._rest(world)
        return total & MASK

    def _rest(self, world: World) -> int:
        total = cell("ms", world.now_ms % 1000)
        if world.faults is not NO_FAULTS:
            total += world.faults.cell if self._budgets else cell("faults")
            total += sum(cell("held", self._renaming.iid(iid)) for iid in world.holds)
            total += sum(cell("down", self._renaming.p(p)) for p in world.down) + sum(
                cell("cut", self._renaming.p(p), server) for p, server in world.cuts
            )
            total += self._fault_matters(world)
        total += sum(cell("owed", self._renaming.p(p), self._text(name)) for p, name in owed(world))
        if self._heartbeats:
            total += cell("idle", min(world.now_ms - world.last_effect_ms, self._quiet_ms))
        return total

    def _fault_matters(self, world: World) -> int:
        """What only faults ask for: the event that each informer has heard last, and whether there is history to forget."""
        total = 0
        if world.faults.left("duplicate"):
            total += sum(self._heard(process, world.store) for process in world.procs.values())
        if world.faults.left("compact"):
            total += cell("history", int(world.store.compacted < world.store.revision))
        return total

    def _heard(self, process: Process, store: Store) -> int:
        """Of what object each informer of a process would hear if the last event came again (core/informers.py, heard_last)."""
        known = self._heards.get(process)
        if known is not None and known[0] is store:
            return known[1]
        total = 0
        for place, informer in enumerate(process.informers):
            if informer is not None:
                log = store.log(self._program(process.pid).streams[place])
                if log.base < informer.position <= log.end and log[informer.position - 1].type != DELETED:
                    total += cell("heard", self._text(process.pid), place, self._text(log[informer.position - 1].key))
        _keep(self._heards, process, (store, total))
        return total

    # ---- the store

    def _store(self, store: Store) -> Form:
        found = self._stores.get(store)
        if found is None:
            found = Form(sum(cell("counter", self._text(name)) * count for name, count in store.counters.items()))
            for resource in store.resources():
                found.form(1, self._collection(store.collection(resource)))
            _keep(self._stores, store, found.done())
        return found

    def _collection(self, collection: Collection) -> Form:
        found = self._collections.get(collection)
        if found is None:
            found = self._sum(collection.resource, collection.objects.values())
            _keep(self._collections, collection, found)
        return found

    def _sum(self, resource: str, objects: Iterable[Stored]) -> Form:
        made = Form()
        fresh: dict[int, int] = {}
        for stored in objects:
            shape = self._shapes.get(stored) or self.content(resource, stored)
            made.a += shape.a
            made.w += shape.w
            if shape.second >= 0:
                fresh[shape.second] = fresh.get(shape.second, 0) + shape.fresh
        made.fresh = sorted(fresh.items())
        return made.done()

    def content(self, resource: str, stored: Stored) -> Shape:
        """The shape of one version of an object."""
        known = (resource, stored.digest)
        shape = self._contents.get(known)
        if shape is None:
            shape = document_shape(resource, stored.document, self._renaming)
            _keep(self._contents, known, shape)
        _keep(self._shapes, stored, shape)
        return shape

    def _seen(self, stream: str, cache: Cache) -> Form:
        """What a cache shows."""
        known = (cache.collection, stream)
        found = self._visible.get(known)
        if found is None:
            resource, _, selector = stream.partition("@")
            found = self._sum(resource, cache.all()) if selector else self._collection(cache.collection)
            _keep(self._visible, known, found)
        return found

    # ---- processes

    def _process(self, process: Process) -> Form:
        pid, program = self._text(process.pid), self._program(process.pid)
        made = Form(cell("process", pid, int(process.alive), int(process.started), process.server, process.home))
        for c, queue in enumerate(process.queues):
            value = self._queues.get(queue)
            if value is None:
                value = self._queue(queue)
            if value:
                made.a += value * (cell("queue", pid, c) | 1)
        for (c, key), flight in process.flights.items():
            made.form(cell("flight", pid, c, self._text(key)) | 1, self._flights.get(flight) or self._flight(flight))
        weights = self._weights.setdefault(pid, {})
        for name, value in process.memory.items():
            weight = weights.get(name)
            if weight is None:
                weight = weights[name] = 0 if name.startswith("~") else cell("memory", pid, self._text(name)) | 1
            if weight:
                if name.startswith("event:"):
                    value = value[1]  # what the Event is called follows from the rest
                if name.startswith(_REVISIONS):
                    value, revisions = without_revisions(name, value)
                    made.waits += [(weight * cell("wait", stream), stream, revision) for stream, revision in revisions]
                self._remembered(made, weight, value)
        for place, informer in enumerate(process.informers):
            if informer is None:
                made.a += cell("unlisted", pid, place)
            elif informer.overlay:
                stream = program.streams[place]
                made.a += cell("overlay", pid, place, informer.overlay)
                made.form(
                    cell("shown", pid, place) | 1, self._seen(stream, informer.root.cache(stream, informer.revision))
                )
        _keep(self._processes, process, made.done())
        return made

    def _queue(self, queue: WorkQueue) -> int:
        """A work queue, whoever's it is; 0 if it is empty."""
        lane = queue.lane
        waiting = [lane[number] for number in lane.numbers()]
        total = sum(mix(cell("waits", self._text(key)), rank) for rank, key in enumerate(waiting))
        total += sum(cell("again", self._text(key)) for key in queue.dirty if key not in waiting)
        total += sum(cell("failures", self._text(key), count) for key, count in queue.failures.items())
        _keep(self._queues, queue, total)
        return total

    def _remembered(self, made: Form, weight: int, value: Any) -> None:
        shape = self._values.get(value)
        if shape is None:
            shape = value_shape(value, self._parts, self._renaming, events=self._events)
            _keep(self._values, value, shape)
        made.shape(weight, shape)
        for place, stored in enumerate(shape.refs):
            self._version(made, weight * cell("ref", place), stored)

    def _version(self, made: Form, weight: int, stored: Stored) -> None:
        """Add a version of an object that is referred to: its content, and later how far it is behind."""
        resource = _resource(stored)
        made.shape(weight, self._shapes.get(stored) or self.content(resource, stored))
        made.refs.append((weight * _BEHIND & MASK, resource, stored))

    def _flight(self, flight: Flight) -> Form:
        made = Form(cell("told", flight.log.end, flight.missing))
        for place, (effect, answer) in enumerate(flight.log, 1):
            weight = cell("answer", place) | 1
            kind = type(effect)
            if kind is Recall:
                if not effect.name.startswith("~"):
                    answer, revisions = without_revisions(effect.name, answer)
                    self._remembered(made, weight, answer)
                    made.a += sum(weight * cell(*each) for each in _compared(flight, revisions))
            elif kind is Cached:
                made.form(weight, self._seen(effect.stream, answer))
                made.caches.append((weight * _BEHIND, effect.stream, answer))
            elif kind is Now:
                made.a -= weight * answer
                made.w += weight
            elif kind is Request:
                made.form(weight, self._response(answer))
            elif type(answer) is tuple:
                for part, each in enumerate(answer):
                    made.form(weight * cell("part", part) | 1, self._response(each))
        for part, response in enumerate(flight.got):
            if response is not None:
                made.form(cell("got", part) | 1, self._response(response))
        _keep(self._flights, flight, made.done())
        return made

    def _response(self, response: Response) -> Form:
        found = self._responses.get(response)
        if found is not None:
            return found
        made = Form(cell("response", response.code))
        if response.obj is not None:
            self._version(made, cell("object"), response.obj)
        for place, stored in enumerate(response.items):
            self._version(made, cell("item", place), stored)
        for name, tree in (("status", response.status), ("document", response.document)):
            if tree is not None:
                made.shape(cell(name), document_shape("", tree, self._renaming))
        _keep(self._responses, response, made.done())
        return made

    def _moving(self, process: Process, form: Form, world: World) -> int:
        """What of a process the time or the store changes in another way than a linear one."""
        total, store = 0, world.store
        if form.fresh:
            now_s = world.now_ms // 1000
            total += sum(value for second, value in form.fresh if second == now_s)
        known = self._behinds.get(process)
        if known is not None and known[0] is store:
            return total + known[1]
        found = behind(form, store, self._text)
        program = self._program(process.pid)
        for weight, stream, revision in form.waits:
            found += weight * _missing(process.informers[program.stream_index[stream]], store.log(stream), revision)
        _keep(self._behinds, process, (store, found))
        return total + found

    # ---- messages, informers, timers

    def _inboxes(self, world: World) -> int:
        total, now_ms, store = 0, world.now_ms, world.store
        for p in world.inbox:
            lane = world.inbox[p]
            for rank, number in enumerate(lane.numbers() if lane.size > 1 else (lane.head,) if lane.size else ()):
                message = lane[number]
                form = self._messages.get(message) or self._message(message)
                value = form.at(now_ms)
                if message.response is None and (message.flight is None or self._is_orphan(world, message)):
                    form = self._orphan(message)
                    value += form.at(now_ms)
                if form.refs:
                    value += behind(form, store, self._text)
                total += value * (cell("rank", self._renaming.p(p), rank) | 1)
        return total

    def _message(self, message: InFlight) -> Form:
        """A message of a reconcile that goes on: the flight says what it asks for."""
        c, key = message.flight or (-1, "")
        made = Form(
            cell(
                "message",
                self._renaming.p(message.sender),
                c,
                self._text(key),
                message.part,
                int(message.response is not None),
            )
        )
        if message.response is not None:
            made.form(cell("reply") | 1, self._response(message.response))
        _keep(self._messages, message, made.done())
        return made

    @staticmethod
    def _is_orphan(world: World, message: InFlight) -> bool:
        sender = world.procs[message.sender]
        return not sender.alive or sender.incarnation != message.incarnation

    def _orphan(self, message: InFlight) -> Form:
        """A request that nobody waits for: what it asks for is all that is known of it."""
        made = Form(cell("orphan"))
        request = message.request
        self._remembered(made, cell("request") | 1, request)
        wanted = (
            ((request.body or {}).get("metadata") or {}).get("resourceVersion") if type(request.body) is dict else None
        )
        wanted = wanted or (request.options.get("preconditions") or {}).get("resourceVersion")
        if wanted:
            key = f"{request.namespace}/{request.name}" if request.namespace else request.name
            made.refs.append(
                (cell("precondition"), request.resource, Stored(key, {"kind": request.resource}, int(wanted), 0, 0))
            )
        return made

    def _undelivered(self, world: World, processes: list[Process]) -> int:
        """What each informer has not yet been delivered, in its order."""
        total, now_ms = 0, world.now_ms
        informers, bits = world.informers, world.ready[BEHIND] | world.lagging
        while bits:
            low = bits & -bits
            bits ^= low
            iid = low.bit_length() - 1
            p, place = informers[iid]
            process = processes[p]
            informer = process.informers[place]
            if informer is None:
                continue
            if informer.position < 0:
                total += cell("gone", self._renaming.iid(iid))
                continue
            iid = self._renaming.iid(iid)
            log = world.store.log(self._program(process.pid).streams[place])
            for number in range(informer.position, log.end):
                change = log[number]
                form = self._changes.get(change) or self._change(change)
                total += form.at(now_ms) * (cell("undelivered", iid, number - informer.position) | 1)
        return total

    def _change(self, change: Change) -> Form:
        made = Form(cell("change", change.type, change.resource, self._text(change.key)))
        for weight, stored in ((cell("now"), change.obj), (cell("before"), change.prev)):
            if stored is not None:
                made.shape(weight, self._shapes.get(stored) or self.content(change.resource, stored))
        _keep(self._changes, change, made.done())
        return made

    def _timer(self, timers: Timers) -> Form:
        found = self._timers.get(timers)
        if found is not None:
            return found
        made = Form()
        for p, lane in timers.due.items():
            for rank, number in enumerate(lane.numbers()):
                made.a += mix(cell("due", self._renaming.p(p), self._text(lane[number].name), lane[number].kind), rank)
        for p, mine in timers.armed.items():
            rank, last_ms = 0, -1
            for timer in sorted(mine.values(), key=_arming):
                if p in timers.due and any(timers.due[p][n] is timer for n in timers.due[p].numbers()):
                    continue
                rank, last_ms = (rank + 1 if timer.deadline_ms == last_ms else 0), timer.deadline_ms
                weight = cell("timer", self._renaming.p(p), self._text(timer.name), timer.kind, rank)
                made.a += weight * timer.deadline_ms
                made.w -= weight
        _keep(self._timers, timers, made.done())
        return made


_BEHIND: Final = cell("versions behind") | 1


def behind(form: Form, store: Store, text: Callable[[str], str]) -> int:
    """How many versions the references of a form are behind the store."""
    total = 0
    for weight, resource, stored in form.refs:
        total += weight * versions_behind(store, resource, stored)
    for weight, stream, cache in form.caches:
        log = store.log(stream)
        for change in reversed(log):
            if change.revision <= cache.revision:
                break
            total += weight * cell("changed", text(change.key))
    return total


def without_revisions(name: str, value: Any) -> tuple[Any, list[tuple[str, int]]]:
    """A value of memory with nothing in place of its revisions, and these, each with the stream that it is about."""
    for prefix, streams in REVISIONS.items():
        if name.startswith(prefix) and value is not None:
            bare = tuple(None if stream else part for part, stream in zip(value, streams, strict=True))
            return bare, [(stream, value[place]) for place, stream in enumerate(streams) if stream]
    return value, []


def _compared(flight: Flight, revisions: list[tuple[str, int]]) -> Iterator[tuple[str, str, int, int]]:
    """What a reconcile can have found out when it compared revisions with the caches that it has read."""
    for stream, revision in revisions:
        for place, (effect, answer) in enumerate(flight.log):
            if type(effect) is Cached and effect.stream == stream:
                yield "compared", stream, place, int(answer.revision < revision)


def _missing(informer: Informer | None, log: Log[Change], revision: int) -> int:
    """How many changes an informer still has to be delivered until it has seen a revision; 0 if it has."""
    if informer is None or informer.revision >= revision:
        return 0
    position = informer.position
    if position < log.base:
        return -1  # it lists anew
    while position < log.end and log[position].revision < revision:
        position += 1
    return position - informer.position + 1


def versions_behind(store: Store, resource: str, stored: Stored) -> int:
    """How many times an object has been written since this version of it."""
    current = store.get(resource, stored.key)
    if current is stored or (current is not None and current.revision == stored.revision):
        return 0
    count = 0
    for change in reversed(store.log(resource)):
        if change.revision <= stored.revision:
            break
        count += change.key == stored.key
    return count


def _resource(stored: Stored) -> str:
    kind = str(stored.document["kind"])
    return _RESOURCE_OF.get(kind, kind)


def _arming(timer: Any) -> tuple[int, int]:
    return timer.deadline_ms, timer.number


def _keep(kept: dict[Any, Any], key: Any, value: Any) -> None:
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = value
