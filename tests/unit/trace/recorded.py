"""A recorded run to test with: written once per process, copied by who changes it."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from refk8s.explore.cluster import build
from refk8s.explore.drivers import RandomDriver
from refk8s.explore.run import run
from refk8s.scenarios import from_data
from refk8s.trace.format import Writer

CONFIG = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "a", "namespace": "default"},
    "data": {"n": "0"},
}
COUNT = {"increment": {"resource": "configmaps", "name": "a", "field": "data.n", "times": 2}}
SCENARIO: dict[str, Any] = {
    "apiVersion": "refk8s.dev/v1",
    "kind": "Scenario",
    "metadata": {"name": "counting"},
    "spec": {"nodes": [], "objects": [CONFIG], "users": {"ann": [COUNT], "bob": [COUNT]}},
}


def write(path: Path, seed: int = 3, data: dict[str, Any] = SCENARIO, verdict: str = "quiet") -> None:
    """Record a run of the scenario under a seed."""
    model, world = build(from_data(data).cluster)
    writer = Writer(path, model, world, {"scenario": data, "seed": seed, "driver": "random", "faults": {}})
    run(model, world, RandomDriver(seed), observers=(writer,))
    writer.close(verdict)


@lru_cache(maxsize=8)
def lines(seed: int = 3) -> tuple[str, ...]:
    """The lines of such a trace."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.jsonl"
        write(path, seed)
        return tuple(path.read_text().splitlines())


def save(path: Path, *changed: str) -> Path:
    """Write lines as a trace."""
    path.write_text("".join(f"{line}\n" for line in changed))
    return path
