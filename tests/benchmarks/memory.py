"""What it costs to keep every World on the way."""

from __future__ import annotations

import gc
import tracemalloc

from refk8s.explore.stepping import Stepper

from .measure import Figure, Size, benchmark
from .workloads import applied, cluster, counter, counting, deployment, monitor, scaling


@benchmark("back")
def back(size: Size) -> list[Figure]:
    """Memory (tracemalloc) that a stepping session holds after 10,000 steps of the default driver, every World kept for `back`: nodes that start, users
    who count, a Deployment scaled up and down. What modules and caches need before the session is not counted.
    """
    steps, rounds = (10_000, 30) if size == "full" else (200, 1)
    scripts = {
        "owner": applied(deployment("web", 2)),
        **counting(4, 10, rounds, "20s"),
        **scaling(rounds, "20s", low=2, high=6),
    }
    objects = [counter(f"count-{n}") for n in range(4)]
    _session(Stepper(*cluster(3, scripts, objects), monitor()), min(steps, 500))
    session = Stepper(*cluster(3, scripts, objects), monitor())
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    _session(session, steps)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    worlds = session.at
    return [
        Figure(f"{worlds:,} worlds kept", (after - before) / 1e6, "MB", 60),
        Figure("per world", (after - before) / worlds / 1000, "kB"),
        Figure("per commit", (after - before) / session.world.store.revision / 1000, "kB"),
    ]


def _session(session: Stepper, steps: int) -> None:
    for _ in range(steps):
        if session.next() is None:
            raise RuntimeError(f"nothing can happen after step {session.at}")
