"""What an event handler may do: enqueue keys and use its process's memory. It runs inside one step, so it cannot talk to the API server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .process import Process
    from .step import Draft


class Hands:
    """The hands of process `p` during one step. `controller` is the one whose handler runs (the default target of `enqueue`)."""

    __slots__ = ("_draft", "_p", "_process", "cause")

    def __init__(self, draft: Draft, p: int, process: Process, cause: int) -> None:
        self._draft = draft
        self._p = p
        self._process = process
        self.cause = cause

    @property
    def now_ms(self) -> int:
        """The logical time in ms."""
        return self._draft.now_ms

    @property
    def pid(self) -> str:
        """The name of the process, e.g. `kubelet/node-1`."""
        return self._process.pid

    def cache(self, stream: str) -> Any:
        """The process's cache of `stream`, or None before its first list."""
        return self._draft.cache(self._p, self._process, stream)

    def enqueue(self, controller: str, key: str) -> None:
        """Add `key` to the work queue of `controller`."""
        self._draft.enqueue(self._p, self._process, controller, key, self.cause)

    def enqueue_after(self, controller: str, key: str, after_ms: int, *, periodic: bool = False) -> None:
        """Add `key` to the work queue of `controller` after `after_ms` (sooner, if it was to be added sooner already)."""
        self._draft.enqueue_after(
            self._p, self._process, controller, key, after_ms, periodic=periodic, cause=self.cause
        )

    def recall(self, name: str, default: Any = None) -> Any:
        """The value remembered under `name`."""
        return self._process.memory.get(name, default)

    def remember(self, name: str, value: Any) -> None:
        """Keep `value` under `name` until the process crashes; None forgets it."""
        self._draft.remember(self._process, name, value)

    def note(self, kind: str, data: Any) -> None:
        """Tell invariants and stories a fact; it changes no state."""
        self._draft.delta.notes.append((self._p, kind, data))
