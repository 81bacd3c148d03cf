"""The digest by which a run that goes in circles is recognised: that of a World at rest for a moment, in which times are ages, and old is old.

The canonical fingerprint of the search (canonical.py) cannot serve here: it tells every age, and ages grow for ever. Here an age counts up to OLD_MS, which
is more than any deadline that something in the cluster measures by age. It is made from scratch; who asks does so seldom.
"""

from __future__ import annotations

import re
from typing import Any, Final

from ..core.clock import unix_ms
from ..core.digest import canonical, cell, digest_bytes
from ..core.flight import token
from ..core.reconciles import HOPELESS
from ..core.world import World

OLD_MS: Final = 900_000
_TIME: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_MS: Final = re.compile(rb"\b1\d{12}\b")
_REVISION: Final = re.compile(rb"@\d+(?=\))")
_ALWAYS_NEW: Final = re.compile(rb'"(?:resourceVersion|uid)":"[^"]*"')


def lasso_digest(world: World) -> int:
    """The digest of a World in which nothing is under way (`is_idle`): equal for Worlds that go on alike, however old what is there may be.

    Events, managed fields and revisions do not count.
    """
    now_ms = world.now_ms
    total = cell("ms", now_ms % 1000)
    for resource in world.store.resources():
        if resource != "events":
            for stored in world.store.collection(resource).objects.values():
                total += digest_bytes(resource.encode() + _without_times(_bare(stored.document), now_ms))
    for p, process in world.procs.items():
        total += cell("process", p, int(process.alive), int(process.started), process.server)
        for c, queue in enumerate(process.queues):
            for key, count in queue.failures.items():
                total += cell("failures", p, c, key, min(count, HOPELESS))
        for name, value in process.memory.items():
            if not name.startswith(("~", "event:")):
                total += digest_bytes(f"{p}|{name}|".encode() + _without_times(token(value).encode(), now_ms))
    for p, timers in world.timers.armed.items():
        total += sum(cell("timer", p, name, each.kind, each.deadline_ms - now_ms) for name, each in timers.items())
    return total & ((1 << 128) - 1)


def _bare(document: Any) -> bytes:
    metadata = {name: part for name, part in document["metadata"].items() if name != "managedFields"}
    return _ALWAYS_NEW.sub(b"", canonical({**document, "metadata": metadata}))


def _without_times(data: bytes, now_ms: int) -> bytes:
    def age(at_ms: int) -> bytes:
        return b"%d" % max(min(now_ms - at_ms, OLD_MS), -OLD_MS)

    data = _REVISION.sub(b"", data)
    data = _TIME.sub(lambda found: age(unix_ms(found[0].decode())), data)
    return _MS.sub(lambda found: age(int(found[0])), data)
