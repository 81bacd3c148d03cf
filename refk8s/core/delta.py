"""What one step did, for invariants, stories and traces."""

from __future__ import annotations

from typing import Any

from .wire import InFlight, Response


class Delta:
    """The facts of one step.

    `commits`: the store's changes (refk8s.api.store.Change) in order; `served`: the request that an API server handled and its response;
    `delivered`: (p, stream, change) of an informer that moved (change None: a list; the last of a batch, which `batch` holds whole), `place` its place
    among those of its process; `finished`:
    (p, controller name, key, result) of the reconciles that ended; `notes`: (p, kind, data) facts told by components; `cause`: the step that enabled
    this one (-1: none).
    """

    __slots__ = ("batch", "cause", "commits", "delivered", "finished", "notes", "place", "served")

    def __init__(self) -> None:
        self.commits: tuple[Any, ...] = ()
        self.served: tuple[InFlight, Response] | None = None
        self.delivered: tuple[int, str, Any] | None = None
        self.batch: tuple[Any, ...] = ()
        self.place = -1
        self.finished: list[tuple[int, str, str, Any]] = []
        self.notes: list[tuple[int, str, Any]] = []
        self.cause = -1
