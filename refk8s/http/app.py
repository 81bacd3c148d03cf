"""The ASGI application: one HTTP request in, one answer or a stream of watch events out.

A raw ASGI application, because what is routed is the registry's business (paths of custom resources come and go) and every layer between costs a
tenth of a request. Source: apiserver/pkg/server/config.go, DefaultBuildHandlerChain; endpoints/handlers.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qsl

import attrs

from ..api import reviews
from ..api.endpoints import Http, Refused, Target, body_of, request_of, target_of, watch_options
from ..api.pages import page
from ..api.status import ApiError, generic, internal_error
from ..api.watch import open_watch
from ..core.wire import Request, Response
from . import negotiate
from .live import Live
from .log import LogBroken
from .protobuf import NoProtobuf, as_json
from .watches import BOOKMARK_EVERY_S, Hub, Stream, bookmark

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

READS: Final = frozenset(("get", "list"))
_TRUE: Final = ("", "0", "false", "f")
PART_WITHIN_S: Final = 60
"""A client may take so long for the next part of a body."""

_EARLY_S: Final = 0.01
"""A timer of the loop may fire so much too early."""


@attrs.define
class Answer:
    """A whole answer."""

    code: int
    body: bytes
    kind: str = negotiate.JSON
    warnings: tuple[str, ...] = ()
    headers: tuple[tuple[bytes, bytes], ...] = ()


class App:
    """The application. `token`: what clients must show, "" for nothing; `failed` hears what must never happen."""

    def __init__(self, live: Live, hub: Hub, *, token: str = "", failed: Callable[[BaseException], None]) -> None:
        self._live = live
        self._hub = hub
        self._token = token
        self._failed = failed
        self.broken: Callable[[LogBroken], None] = failed
        self.stopping = False

    def stop(self) -> None:
        """End all watches: the server stops."""
        self.stopping = True
        self._hub.end_all()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        try:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            body = await _body(receive, headers)
            found = self._answer(scope, headers, body)
        except Refused as refused:
            found = self._refused(refused.code, refused.body, headers)
        except LogBroken as error:
            self.broken(error)
            found = self._refused(500, internal_error("the log cannot be written").doc(), headers)
        except Exception as error:  # the last resort: a client gets an answer, whatever happens
            self._failed(error)
            found = self._refused(500, internal_error(f"{type(error).__name__}").doc(), headers)
        if isinstance(found, Stream):
            await self._stream(found, scope, receive, send)
        else:
            await _send(found, scope["method"], headers, send)

    # ---- one answer

    def _answer(self, scope: Scope, headers: dict[str, str], body: bytes) -> Answer | Stream:
        if self._token and not self._knows(headers.get("authorization", "")):
            raise Refused(401, ApiError(401, "Unauthorized", "Unauthorized").doc())
        path, query = scope["path"], _query(scope["query_string"])
        http = Http(scope["method"], path, query, headers, body)
        shown = page(http, self._live.world.store)
        if shown is not None:
            return Answer(shown.code, negotiate.encode(shown.body), shown.kind, headers=shown.headers)
        kind = negotiate.answer_type(headers.get("accept", ""))
        if not kind:
            raise Refused.by(negotiate.not_acceptable())
        http = attrs.evolve(http, body=_text(headers, body))
        review = reviews.answer(http)
        if review is not None:
            return Answer(201, negotiate.encode(review, kind), kind)
        target = target_of(path, self._live.world.store)
        if http.method == "GET" and (target.watches or (not target.name and _true(query.get("watch")))):
            return self._watch(http, target)
        request = request_of(http, target)
        response = self._live.read(request) if request.verb in READS else self._live.write(request)
        return self._shown(http, target, request, response, kind)

    def _shown(self, http: Http, target: Target, request: Request, response: Response, kind: str) -> Answer:
        accept = http.headers.get("accept", "")
        if response.obj is not None and "as=" not in accept:
            body = response.obj.document
        else:
            body = body_of(http, target, request, response, self._live.now_ms)
        code = response.code
        pretty = _true(http.query.get("pretty")) if "pretty" in http.query else False
        return Answer(code, negotiate.encode(body, kind, pretty=pretty), kind, response.warnings, _retry(response))

    def _refused(self, code: int, body: Any, headers: dict[str, str]) -> Answer:
        if isinstance(body, str):
            return Answer(code, body.encode(), "text/plain; charset=utf-8" if body else negotiate.JSON)
        kind = negotiate.answer_type(headers.get("accept", "")) or negotiate.JSON
        return Answer(code, negotiate.encode(body, kind), kind)

    def _knows(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and secrets.compare_digest(token.strip().encode(), self._token.encode())

    # ---- a watch

    def _watch(self, http: Http, target: Target) -> Stream:
        live = self._live
        options = watch_options(http)
        opened = open_watch(live.world.store, target.row, target.namespace, options, target.name)
        if isinstance(opened, ApiError):
            raise Refused.by(opened)
        stream = Stream(http, target.row, opened, opened.events(live.world.store), lambda: live.now_ms)
        if not stream.ended:
            self._hub.add(stream)
        return stream

    async def _stream(self, stream: Stream, scope: Scope, receive: Receive, send: Send) -> None:
        options = watch_options(stream.http)
        loop = asyncio.get_running_loop()
        # Upstream: at least --min-request-timeout (30 min), and up to twice that, if the client does not say.
        until = loop.time() + (options.get("timeoutSeconds") or 1800 * (1 + random.random()))
        marks = _true(options.get("allowWatchBookmarks"))
        gone = asyncio.ensure_future(_gone(receive, stream))
        abort = scope.get("extensions", {}).get("refk8s", {}).get("abort")
        stream.abort = abort or stream.end
        head = [
            (b"content-type", b"application/json"),
            (b"cache-control", b"no-cache, private"),
            (b"audit-id", _audit()),
        ]
        alarm: asyncio.TimerHandle | None = None
        try:
            await send({"type": "http.response.start", "status": 200, "headers": head})
            next_mark = loop.time() + BOOKMARK_EVERY_S
            alarm = loop.call_at(min(until, next_mark), stream.wake)
            while not self.stopping:
                data = await stream.take()
                if data:
                    await send({"type": "http.response.body", "body": data, "more_body": True})
                elif stream.ended:
                    break
                now = loop.time() + _EARLY_S
                if now >= until:
                    break
                if now >= next_mark:
                    next_mark = now + BOOKMARK_EVERY_S
                    alarm = loop.call_at(min(until, next_mark), stream.wake)
                    if marks:
                        stream.put(stream.encoded(bookmark(stream.row, self._live.world.store.revision)))
            if not gone.done() and not stream.dropped:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._hub.remove(stream)
            gone.cancel()
            if alarm is not None:
                alarm.cancel()


async def _gone(receive: Receive, stream: Stream) -> None:
    """End the stream when its client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()


async def _body(receive: Receive, headers: dict[str, str]) -> bytes:
    """The whole body. Raises Refused for one that is too large."""
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > negotiate.MAX_BODY_BYTES:
        raise Refused.by(negotiate.too_large())
    message = await (_soon(receive) if length not in ("", "0") or "transfer-encoding" in headers else receive())
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await _soon(receive)
        part = message.get("body", b"")
        size += len(part)
        if size > negotiate.MAX_BODY_BYTES:
            raise Refused.by(negotiate.too_large())
        parts.append(part)
    return b"".join(parts)


async def _soon(receive: Receive) -> MutableMapping[str, Any]:
    """The next part of a body. Raises Refused if it does not come. Source: apiserver/pkg/server/filters/timeout.go."""
    try:
        async with asyncio.timeout(PART_WITHIN_S):
            return await receive()
    except TimeoutError:
        error = ApiError(504, "Timeout", "Timeout: request did not complete within the allotted timeout", {})
        raise Refused.by(error) from None


def _text(headers: dict[str, str], body: bytes) -> Any:
    """The body as the API server reads it: text, or the JSON tree of a protobuf message; None if there is none."""
    if not body:
        return None
    kind = headers.get("content-type", "").partition(";")[0].strip()
    if kind == negotiate.PROTOBUF:
        try:
            return as_json(body)
        except NoProtobuf:
            raise Refused.by(negotiate.unsupported_body()) from None
    if negotiate.nested_too_deep(body):
        raise Refused.by(negotiate.too_deep())
    return body.decode("utf-8", "replace")


def _query(text: bytes) -> dict[str, Any]:
    """The parameters: text, or a list of texts for what is there more than once."""
    if not text:
        return {}
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text.decode("latin-1"), keep_blank_values=True):
        have = found.get(name)
        if have is None:
            found[name] = value
        elif isinstance(have, list):
            have.append(value)
        else:
            found[name] = [have, value]
    return found


def _true(value: Any) -> bool:
    """A boolean parameter as upstream reads it."""
    value = value[0] if isinstance(value, list) else value
    return value is not None and str(value).lower() not in _TRUE


def _retry(response: Response) -> tuple[tuple[bytes, bytes], ...]:
    seconds = ((response.status or {}).get("details") or {}).get("retryAfterSeconds") if response.status else None
    return ((b"retry-after", str(seconds).encode()),) if seconds else ()


def _audit() -> bytes:
    return str(uuid.uuid4()).encode()


def _warning(text: str) -> bytes:
    """A warning as its header. Source: apimachinery/pkg/util/net/http.go, NewWarningHeader."""
    shown = text.replace("\\", "\\\\").replace('"', '\\"')
    shown = "".join(char if char.isprintable() else " " for char in shown)
    return f'299 - "{shown}"'.encode()


async def _send(answer: Answer, method: str, headers: dict[str, str], send: Send) -> None:
    body = answer.body
    head = [
        (b"content-type", answer.kind.encode()),
        (b"cache-control", b"no-cache, private"),
        (b"audit-id", _audit()),
        *answer.headers,
    ]
    packed = negotiate.compressed(body, headers.get("accept-encoding", ""))
    if packed is not None:
        body = packed
        head += [(b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
    head += [(b"warning", _warning(text)) for text in answer.warnings]
    head.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.code, "headers": head})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


def unknown_method() -> ApiError:
    """405: the answer to what HTTP does not know."""
    return generic(405)
