"""Columns of what local plugins say: each node is asked when it has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from refk8s.scheduler.fast.mirror import Mirror
from refk8s.scheduler.filters import first_rejection
from refk8s.scheduler.framework import Plugin
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo

__all__ = ["Scores", "Verdicts"]


@attrs.define(eq=False)
class Verdicts:
    """The code of the first rejection of each node by filters that are local; `pod` is any with these states."""

    mirror: Mirror
    checks: list[tuple[Callable[..., Any], Any]]
    pod: PodInfo
    codes: Any

    def change(self, position: int, before: NodeInfo | None, after: NodeInfo) -> None:
        """Ask about the node at `position`."""
        self.codes[position] = self.mirror.code(first_rejection(self.checks, self.pod, after))


@attrs.define(eq=False)
class Scores:
    """The raw score that a local plugin gives each node."""

    plugin: Plugin
    state: Any
    pod: PodInfo
    scores: Any

    def change(self, position: int, before: NodeInfo | None, after: NodeInfo) -> None:
        """Ask about the node at `position`."""
        self.scores[position] = self.plugin.score(self.state, self.pod, after)
