"""Work spread over processes: orders go out, results come back as they get done; a worker that dies is replaced and its order given to another one."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from multiprocessing.connection import wait
from typing import Any, Final

from ..core.errors import Refk8sError
from .output import note

MOST_DEATHS: Final = 3
"""An order that has cost so many workers their lives is not given to another one."""

Next = Callable[[], Any]
"""Gives the next order, or None if there is none (any more)."""


class Workers:
    """`jobs` processes that call `work(order)`. They end with whoever made them, at once, when it is interrupted or killed.

    `restarted` counts the processes that had to be replaced; `name` says for people what an order is.
    """

    def __init__(self, work: Callable[[Any], Any], jobs: int, name: Callable[[Any], str] = str) -> None:
        self._work = work
        self._name = name
        self._jobs = jobs
        self._busy: dict[Any, tuple[Any, Any]] = {}
        self._deaths: dict[str, int] = {}
        self.restarted = 0

    def results(self, following: Next) -> Iterator[tuple[Any, Any]]:
        """(order, result) of all orders, as they get done. Raises what `work` raises, and Refk8sError for an order that kills every worker."""
        try:
            for _ in range(self._jobs):
                order = following()
                if order is None:
                    break
                self._start(order)
            while self._busy:
                ready: list[Any] = wait(list(self._busy))
                for pipe in ready:
                    order, result = self._take(pipe, following)
                    if order is not None:
                        yield order, result
        finally:
            for process, _ in self._busy.values():
                process.kill()
                process.join()
            self._busy.clear()

    def _start(self, order: Any) -> None:
        ends: tuple[Any, Any] = multiprocessing.Pipe()
        ours, theirs = ends
        process = multiprocessing.Process(target=_serve, args=(theirs, self._work), daemon=True)
        # Ctrl-C reaches the whole group of processes; it is for this one to end the others, so they never hear of it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
            self._busy[ours] = (process, order)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        ours.send(order)

    def _take(self, pipe: Any, following: Next) -> tuple[Any, Any]:
        """(order, result) from a pipe; (None, None) if its worker has died."""
        process, order = self._busy[pipe]
        try:
            result = pipe.recv()
        except (EOFError, OSError):
            self._replace(pipe, process, order)
            return None, None
        if isinstance(result, Exception):
            raise result
        upcoming = following()
        if upcoming is None:
            del self._busy[pipe]
            process.kill()
            process.join()
        else:
            pipe.send(upcoming)
            self._busy[pipe] = (process, upcoming)
        return order, result

    def _replace(self, pipe: Any, process: Any, order: Any) -> None:
        del self._busy[pipe]
        process.join()
        deaths = self._deaths[repr(order)] = self._deaths.get(repr(order), 0) + 1
        if deaths >= MOST_DEATHS:
            raise Refk8sError(
                f"{self._name(order)}: {deaths} worker processes were killed over it (out of memory?); try fewer with --jobs, or a smaller scenario"
            )
        self.restarted += 1
        note(f"a worker process was killed ({_cause(process.exitcode)}); begun anew: {self._name(order)}")
        self._start(order)


def _cause(code: int | None) -> str:
    """What a dead process's exit code means."""
    if code is None or code >= 0:
        return f"exit code {code}"
    out_of_memory = ": out of memory?" if -code == signal.SIGKILL else ""
    return f"{signal.Signals(-code).name}{out_of_memory}"


def _serve(pipe: Any, work: Callable[[Any], Any]) -> None:
    """What a worker does: orders, until it is killed, or nobody is there any more to give one."""
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive():
        if not pipe.poll(5):
            continue
        try:
            order = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(work(order))
        except Refk8sError as error:  # told to the one who asked, who raises it
            pipe.send(Refk8sError(str(error)))
        except Exception as error:
            pipe.send(RuntimeError(f"{type(error).__name__} in a worker process: {error}"))
