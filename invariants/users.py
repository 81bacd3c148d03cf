"""What a test's own model says of the API server's answers, carried by the trace: so a failure of it fails in a replay, too."""

from __future__ import annotations

from refk8s.core.action import Action
from refk8s.core.delta import Delta
from refk8s.core.invariant import MODEL, Noted, Served
from refk8s.core.world import World

from . import SUITE

SPEC = "specs/stateful.md"


@SUITE.invariant("USER-01", severity=MODEL, on=Served(), spec=SPEC, source="refk8s/testing/expected.py", catalogue="A1")
def an_answer_is_as_foretold(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """A request whose answer an Input has foretold gets it, and writes if and only if that was foretold (a refused one does not), even if its reply is lost."""
    if delta.served is None or delta.served[0].flight is not None:
        return None
    message, response = delta.served
    memory, name = before.procs[message.sender].memory, message.rid.rpartition("/")[2]
    foretold = memory.get(f"expect:{name}")
    if foretold is None:
        return None
    changes = memory.get(f"changes:{name}", None if foretold == "" else False)
    lost, changed = response.reason == "Timeout", bool(delta.commits)
    if (not lost and response.reason != foretold) or changes not in (None, changed):
        said, right = _said(response.reason, changed), _said(foretold, changes)
        return f"{message.request} ({message.rid}) got {said}: expected {right}"
    return None


def _said(reason: str, changes: bool | None) -> str:
    """An answer in words; `changes`: whether it comes with a write (None: either way)."""
    return f"{reason or 'OK'}{'' if changes is None else ' and a write' if changes else ' and no write'}"


@SUITE.invariant("USER-02", severity=MODEL, on=Noted("demand"), spec=SPEC, source="refk8s/testing/expected.py")
def an_object_is_as_writers_left_it(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """An object of which an Input demands something is there, or gone, and has the content that its writers gave it, and the version, if one is demanded."""
    for _, kind, demand in delta.notes:
        if kind != "demand":
            continue
        stored = after.store.get(demand["resource"], demand["key"])
        what, wanted = f"{demand['resource']}/{demand['key']}", demand["content"]
        if (stored is None) != (wanted is None):
            return f"{what} is {'gone: expected it to be there' if stored is None else 'there: expected it to be gone'}"
        if stored is None:
            continue
        document = stored.document
        found = document["metadata"].get("labels") if demand["resource"] == "pods" else document.get("data")
        if (found or {}) != wanted:
            return f"{what} has {found or {}}: expected {wanted}"
        if demand.get("version", str(stored.revision)) != str(stored.revision):
            return f"{what} has version {stored.revision}: expected {demand['version']}"
    return None
