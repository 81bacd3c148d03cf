"""Expected: a small model of what an API server does with writes to ConfigMaps and Pods, which foretells every answer.

It knows nothing of revisions but which one is the newest, nothing of history, admission or validation: a name is there or not, a write is stale or not. So it
is small enough to be right by reading, and a 409 is one if and only if it says so. Source: api-conventions, concurrency control; apiserver/pkg/registry/rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

Document = dict[str, Any]
OK: Final = ""
CONFLICT: Final = "Conflict"
MISSING: Final = "NotFound"
EXISTS: Final = "AlreadyExists"
INVALID: Final = "Invalid"
GRACE_S: Final = 30
"""The grace period of a pod that does not name another."""


@attrs.define
class Known:
    """An object as it must be now.

    `content` is what writers put into it, `leaving` whether its deletion has begun, `grace_s` the grace period of that, `node` where a pod is bound, `finished`
    whether it is done.
    """

    uid: str
    version: str
    content: Mapping[str, str]
    finalizers: frozenset[str] = frozenset()
    leaving: bool = False
    grace_s: int = 0
    finished: bool = False
    node: str = ""


@attrs.frozen
class Write:
    """A write on its way, as its sender means it. `version` and `uid` are the conditions that it carries ("": none).

    `verb`: create, update, patch, test (a JSON patch that tests the version), delete, bind. `content` and `finalizers` are those that the object will have
    (None: not written); `node` is where a bind wants the pod, or where the body of an update says that it is; `at_once`: a delete without grace.
    """

    verb: str
    resource: str
    name: str
    version: str = ""
    uid: str = ""
    content: Mapping[str, str] | None = None
    finalizers: frozenset[str] | None = None
    node: str = ""
    at_once: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What it is about."""
        return self.resource, self.name


class Expected:
    """The objects that are there, by (resource, name), and what a write will do to them."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Known] = {}

    def answer(self, write: Write) -> str:
        """The reason of the Status that refuses `write` now, OK if it will be accepted."""
        known = self.objects.get(write.key)
        if write.verb == "create":
            return OK if known is None else EXISTS
        if known is None:
            return MISSING
        if write.uid not in ("", known.uid):
            return CONFLICT
        if write.verb == "test":
            return OK if write.version == known.version else INVALID
        if write.version not in ("", known.version):
            return CONFLICT
        if write.verb == "bind" and (known.leaving or known.node):
            return CONFLICT
        if write.verb == "update" and write.node != known.node:
            return INVALID
        if write.finalizers is not None and known.leaving and write.finalizers - known.finalizers:
            return INVALID
        return OK

    def carry_out(self, write: Write) -> bool:
        """Do what an accepted write does; whether the object is changed, made or removed by it."""
        if write.verb == "create":
            content, finalizers = write.content or {}, write.finalizers or frozenset()
            self.objects[write.key] = Known("", "", dict(content), finalizers)
            return True
        known = self.objects[write.key]
        if write.verb == "delete":
            return self._delete(write, known)
        if write.verb == "bind":
            known.node = write.node
            return True
        content = known.content if write.content is None else dict(write.content)
        finalizers = known.finalizers if write.finalizers is None else write.finalizers
        changed = content != known.content or finalizers != known.finalizers
        known.content, known.finalizers = content, finalizers
        if changed and known.leaving and not finalizers and not known.grace_s:
            del self.objects[write.key]
        return changed

    def _delete(self, write: Write, known: Known) -> bool:
        graceful = write.resource == "pods" and bool(known.node) and not known.finished
        grace_s = GRACE_S if graceful and not write.at_once else 0
        if known.leaving and ((known.finalizers and not known.grace_s) or (known.grace_s and not write.at_once)):
            return False
        changed = not known.leaving or grace_s != known.grace_s
        known.leaving, known.grace_s = True, grace_s
        if grace_s or known.finalizers:
            return changed
        del self.objects[write.key]
        return True
