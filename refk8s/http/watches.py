"""Watches over HTTP: readers of the store's commits, outside the World and not recorded.

A step's commits are put to all streams that they concern at once, encoded once for all that want the same; each stream sends what waits for it when its
client takes it. A client that lets too much pile up is dropped, not waited for. Source: apiserver/pkg/storage/cacher/cache_watcher.go;
endpoints/handlers/watch.go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import orjson

from ..api.crd.serving import DEFINITIONS
from ..api.endpoints import Http, event_object
from ..api.registry import Resource
from ..api.store import DELETED, Change
from ..api.watch import BOOKMARK, ERROR, Event, Watch, seen

MOST_WAITING: Final = 20_000
MOST_WAITING_BYTES: Final = 32 * 1024 * 1024
"""So many events, or bytes, may wait for a client (upstream: some hundred, and some time)."""

BOOKMARK_EVERY_S: Final = 60.0


class Stream:
    """One open watch: what waits for its client, and whether it has ended."""

    def __init__(
        self, http: Http, row: Resource, watch: Watch, initial: tuple[Event, ...], now_ms: Callable[[], int]
    ) -> None:
        self.http = http
        self.row = row
        self.watch = watch
        self.accept = next((value for name, value in http.headers.items() if name == "accept"), "")
        self.ended = bool(initial) and initial[-1].type == ERROR
        self.dropped = False
        self.abort: Callable[[], None] = self.end
        self.started = False
        self._now_ms = now_ms
        self._waiting: list[bytes] = []
        for event in initial:
            self._waiting.append(self.encoded(event))
            self.started = True
        self._bytes = 0
        self._waiter: asyncio.Future[None] | None = None

    def encoded(self, event: Event) -> bytes:
        """The next event as the line that the client reads; only the first one of tables defines the columns."""
        return line_of(self.http, self.row, event, self._now_ms(), first=not self.started)

    def put(self, line: bytes) -> None:
        """One more event for the client."""
        self.started = True
        self._bytes += len(line)
        if len(self._waiting) >= MOST_WAITING or self._bytes > MOST_WAITING_BYTES:
            self.dropped = self.ended = True
            self._waiting.clear()
        else:
            self._waiting.append(line)
        self.wake()

    def end(self) -> None:
        """No more events; what waits is still sent."""
        self.ended = True
        self.wake()

    def wake(self) -> None:
        """Let `take` return."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def take(self) -> bytes:
        """What waits; b"" if nothing does when the stream is woken, or has ended."""
        if not self._waiting and not self.ended:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        lines, self._waiting, self._bytes = self._waiting, [], 0
        return lines[0] if len(lines) == 1 else b"".join(lines)


def line_of(http: Http, row: Resource, event: Event, now_ms: int, *, first: bool = False) -> bytes:
    """A watch event as the line that the client reads."""
    shown = event.object if event.type == ERROR else event_object(http, row, event.object, now_ms, first=first)
    return orjson.dumps({"type": event.type, "object": shown}, option=orjson.OPT_APPEND_NEWLINE)


class Hub:
    """All open watches, by resource."""

    def __init__(self) -> None:
        self._streams: dict[str, set[Stream]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._streams.values()))

    def add(self, stream: Stream) -> None:
        """From now on the stream gets what it watches."""
        self._streams.setdefault(stream.watch.resource, set()).add(stream)

    def remove(self, stream: Stream) -> None:
        """The stream gets nothing any more."""
        self._streams.get(stream.watch.resource, set()).discard(stream)

    def hear(self, commits: tuple[Change, ...]) -> None:
        """Put the events of a step's commits to the streams that they concern."""
        for change in commits:
            streams = self._streams.get(change.resource)
            if streams:
                self._tell(change, streams)
            if change.resource == DEFINITIONS and change.type == DELETED:
                for stream in self._streams.get(change.key, ()):  # what is not served any more cannot be watched
                    stream.end()

    def _tell(self, change: Change, streams: set[Stream]) -> None:
        namespace = change.obj.namespace
        lines: dict[tuple[str, bool, str, bool], bytes] = {}
        for stream in list(streams):
            watch = stream.watch
            if watch.namespace and watch.namespace != namespace:
                continue
            event = seen(change, watch.matches)
            if event is None:
                continue
            event = watch.shown(event)
            alike = (stream.accept, stream.started, event.type, event.object is change.obj.document)
            line = lines.get(alike)
            if line is None:
                line = lines[alike] = stream.encoded(event)
            stream.put(line)
            if stream.dropped:
                streams.discard(stream)
                stream.abort()

    def end_all(self) -> None:
        """End all streams: the server stops."""
        for streams in self._streams.values():
            for stream in streams:
                stream.end()


def bookmark(row: Resource, revision: int) -> Event:
    """The event that only tells how far a watch has come."""
    metadata = {"resourceVersion": str(revision)}
    return Event(BOOKMARK, {"kind": row.kind, "apiVersion": row.api_version, "metadata": metadata})
