"""State machines as tables of rows, and what is derived from them: the check, the reachability marks, the diagram and the table of the spec page.

Nothing about a machine is written twice: change the rows and everything else follows (ARCHITECTURE §8).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from .invariant import Invariant, Severity, Writes


@attrs.frozen
class Row:
    """One allowed change. `actor` is the first part of the name of the process that makes it ("kubelet" of "kubelet/node-1"; several: "a|b"; "*": anyone).

    `provided(world before, change)` is a further condition, for what only a cluster under faults may do.
    """

    id: str
    before: str
    after: str
    actor: str
    when: str
    provided: Callable[[Any, Any], bool] | None = None

    def allows(self, actor: str) -> bool:
        """Whether the process named `actor` may make this change."""
        return self.actor == "*" or actor.partition("/")[0] in self.actor.split("|")


@attrs.frozen
class Machine:
    """A state machine on one field of one resource.

    `states(document)` gives the state of each instance in an object (one named "" for a field of the object itself, one per container for container
    states); an instance that is not there is in `initial`. Writes of objects whose deletion removes the field are not judged; `outsiders`
    (first parts of process names) may also create objects in any state and write any status, because the API takes that from whoever may do it.
    """

    id: str
    resource: str
    field: str
    initial: str
    terminal: frozenset[str]
    rows: tuple[Row, ...]
    states: Callable[[Mapping[str, Any]], Mapping[str, str]]
    spec: str
    source: str
    outsiders: tuple[str, ...] = ("user",)

    def row(self, before: str, after: str, actor: str) -> Row | None:
        """The row that allows `actor` to change `before` into `after`, or None."""
        for row in self.rows:
            if row.before == before and row.after == after and row.allows(actor):
                return row
        return None

    def allowed(self, state: str, world: Any, change: Any) -> str:
        """In words, what may follow a state: that it stays, or by whom what its rows lead to. Rows whose condition the change does not meet are none."""
        onward: dict[str, list[str]] = {}
        for row in self.rows:
            if row.before == state and (row.provided is None or row.provided(world, change)):
                onward.setdefault(row.actor.replace("|", " or ").replace("*", "anyone"), []).append(row.after or "none")
        return ", or ".join([state or "none", *(f"by {actor} {', '.join(to)}" for actor, to in onward.items())])

    def fired(self, change: Any) -> list[tuple[str, str, str, Row | None]]:
        """(instance, before, after, row) of every change of state that a commit made."""
        if change.type == "DELETED":
            return []
        old = self.states(change.prev.document) if change.prev is not None else {}
        new = self.states(change.obj.document)
        found = []
        for instance in sorted(set(old) | set(new)):
            before, after = old.get(instance, self.initial), new.get(instance, self.initial)
            if before != after:
                found.append((instance, before, after, self.row(before, after, change.actor)))
        return found

    def invariant(self) -> Invariant:
        """The derived invariant: every change is a row, made by that row's actor."""

        def every_change_is_a_row(before: Any, action: Any, after: Any, delta: Any) -> str | None:
            for change in delta.commits:
                if change.resource != self.resource:
                    continue
                for instance, was, now, row in self.fired(change):
                    if row is not None and row.provided is not None and not row.provided(before, change):
                        row = None
                    if row is None and not (change.actor.partition("/")[0] in self.outsiders and _says_so(delta)):
                        what = f"{self.resource}/{change.key}{f' {instance}' if instance else ''}"
                        what = f"{what}: {change.actor} changed {self.field} from {was or 'none'} to {now or 'none'}"
                        return f"{what}, which no row of {self.id} allows: expected {self.allowed(was, before, change)}"
            return None

        guarantee = f"Every change of {self.field} of {self.resource} is a row of the table {self.id}, made by that row's actor."
        return Invariant(
            f"{self.id}-ROWS",
            "every_change_is_a_row",
            guarantee,
            Severity.SAFETY,
            Writes((self.resource,)),
            self.spec,
            self.source,
            "",
            every_change_is_a_row,
        )

    def mermaid(self) -> str:
        """The state diagram in mermaid's language."""
        states = sorted({state for row in self.rows for state in (row.before, row.after) if " " in state})
        lines = ["stateDiagram-v2", *(f'    state "{state}" as {_name(state)}' for state in states)]
        if self.initial:
            lines.append(f"    [*] --> {_name(self.initial)}")
        lines += [f"    {_name(row.before)} --> {_name(row.after)}: {row.id}" for row in self.rows]
        lines += [f"    {_name(state)} --> [*]" for state in sorted(self.terminal)]
        return "\n".join(lines)

    def table(self) -> str:
        """The rows as a Markdown table."""
        lines = ["| row | from | to | by | when |", "|---|---|---|---|---|"]
        lines += [
            f"| {r.id} | {r.before or '(none)'} | {r.after or '(none)'} | {r.actor.replace('|', ', ')} | {r.when} |"
            for r in self.rows
        ]
        return "\n".join(lines)


def _name(state: str) -> str:
    """A state as mermaid can name it."""
    return state.replace(" ", "_") or "[*]"


def _says_so(delta: Any) -> bool:
    """Whether the step was a request whose sender decides about the status: by writing it, or (a scheduler of the user's own) by binding."""
    if delta.served is None:
        return False
    request = delta.served[0].request
    return bool(request.subresource in ("status", "binding") or (request.verb == "create" and not request.subresource))
