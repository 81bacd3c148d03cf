"""The server: a socket, uvicorn, the pacer, and an end within a second."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import http
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs
import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..core.errors import Refk8sError
from . import negotiate
from .app import App, unknown_method
from .clock import Pacer

GRACE_S: Final = 1
MAX_HEAD_BYTES: Final = 1 << 20
HEAD_WITHIN_S: Final = 32
"""A request's head may be so long and take so long. Source: net/http, DefaultMaxHeaderBytes; apiserver/pkg/server/secure_serving.go, ReadHeaderTimeout."""


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which lets the application break a connection, and answers as upstream does to what is no HTTP."""

    _head_left = MAX_HEAD_BYTES
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client has come."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """A client has gone."""
        self._head_is_there()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        """The head of a request is there."""
        self._head_is_there()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._head_left = MAX_HEAD_BYTES
        self._patience = self.loop.call_later(HEAD_WITHIN_S, self.transport.close)

    def _head_is_there(self) -> None:
        self._head_left = -1
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def on_message_begin(self) -> None:
        """A request begins."""
        if self._head_left < 0:
            self._await_head()
        super().on_message_begin()
        self.scope["extensions"] = {"refk8s": {"abort": self.transport.abort}}

    def data_received(self, data: bytes) -> None:
        """More bytes from the client."""
        self._unset_keepalive_if_required()
        if self._head_left >= 0:
            self._head_left -= len(data)
            if self._head_left < 0:
                self._refuse(431, b"431 Request Header Fields Too Large", "text/plain; charset=utf-8")
                return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserInvalidMethodError:
            self._refuse(405, negotiate.encode(unknown_method().doc()), negotiate.JSON)
        except httptools.HttpParserUpgrade:
            pass  # no other protocol is spoken: the request is answered in this one
        except httptools.HttpParserError:
            self._refuse(400, b"400 Bad Request", "text/plain; charset=utf-8")

    def _refuse(self, code: int, body: bytes, kind: str) -> None:
        """Answer what the parser cannot read, and close."""
        reason = http.HTTPStatus(code).phrase
        head = f"HTTP/1.1 {code} {reason}\r\ncontent-type: {kind}\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
        if not self.transport.is_closing():
            self.transport.write(head.encode() + body)
            self.transport.close()


@attrs.frozen
class Listening:
    """Where the server listens. `url` is how clients on this machine reach it."""

    socket: socket.socket
    url: str


def listen(host: str, port: int, *, tls: bool) -> Listening:
    """A socket that is bound to the port (0: a free one). Raises Refk8sError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        how = "take another --port, or 0 for a free one" if port else "take another --host"
        raise Refk8sError(f"cannot listen on {host}:{port}: {error.strerror}; {how}") from None
    except OverflowError:
        raise Refk8sError(f"--port {port}: a port is a number from 0 to 65535") from None
    bound.listen(2048)  # from now on clients can connect, and wait
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    shown = f"[{shown}]" if ":" in shown else shown
    return Listening(bound, f"{'https' if tls else 'http'}://{shown}:{bound.getsockname()[1]}")


class _Server(uvicorn.Server):
    """uvicorn's server without its handling of signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to us."""
        yield


async def serve(
    app: App, pacer: Pacer, listening: Listening, tls: tuple[str, str] | None, ready: Callable[[], None]
) -> None:
    """Serve until SIGINT or SIGTERM comes or the log breaks (then it raises LogBroken). `ready` is called once requests are taken."""
    more: dict[str, Any] = {"ssl_certfile": tls[0], "ssl_keyfile": tls[1]} if tls else {}
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_S,
        **more,
    )
    server = _Server(config)
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    app.broken = lambda error: ended.set_exception(error) if not ended.done() else None

    def stop() -> None:
        if not ended.done():
            ended.set_result(None)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    serving = asyncio.ensure_future(server.serve(sockets=[listening.socket]))
    stepping = asyncio.ensure_future(pacer.run())
    while not server.started and not serving.done():
        await asyncio.sleep(0.005)
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    ready()
    try:
        await asyncio.wait({ended, serving, stepping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        app.stop()
        server.should_exit = True
        await asyncio.wait({serving}, timeout=GRACE_S + 2)
        stepping.cancel()
    for task in (ended, stepping):
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            raise error


def run(main: Any) -> None:
    """Run a coroutine on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
        return
    uvloop.run(main)


__all__ = ["GRACE_S", "Listening", "Protocol", "listen", "run", "serve"]
