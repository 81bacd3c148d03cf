"""Records the pinned traces of tests/traces anew: python -m tests.tools.pin_traces (part of `make traces`).

Only for changes of behaviour that are meant: say in CHANGELOG, *Trace compatibility*, what old traces meet.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from refk8s.core.invariant import Monitor
from refk8s.core.model import Model
from refk8s.core.world import World
from refk8s.explore.cluster import build
from refk8s.explore.drivers import DefaultDriver, RandomDriver
from refk8s.explore.run import run
from refk8s.explore.stepping import Stepper
from refk8s.scenarios import resolve
from refk8s.trace.format import Writer

FOLDER: Final = Path(__file__).resolve().parents[1] / "traces"
RUNS: Final[Mapping[str, tuple[str, int | None]]] = {
    "first-pod.trace.jsonl": ("first-pod", None),
    "two-writers.seed-1.trace.jsonl.gz": ("two-writers", 1),
    "full-node.seed-2.trace.jsonl.gz": ("full-node", 2),
    "rollout.seed-7.trace.jsonl.gz": ("rollout", 7),
    "node-failure.trace.jsonl.gz": ("node-failure", None),
}
"""The traces of runs: file → scenario and seed (None: the default driver)."""

SESSION: Final = "session.trace.jsonl.gz"
"""The trace of a person who holds an informer, applies a manifest and goes on."""

CONFIG: Final = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "by-hand"}, "data": {"a": "1"}}


def main() -> None:
    """Record them all."""
    for name, (scenario, seed) in RUNS.items():
        loaded = resolve(scenario)
        model, world = build(loaded.cluster)
        writer = _writer(FOLDER / name, model, world, loaded.data, "default" if seed is None else "random", seed)
        driver = DefaultDriver() if seed is None else RandomDriver(seed)
        outcome = run(model, world, driver, observers=(writer,))
        writer.close(outcome.verdict)
        print(f"{name}: {outcome.steps} steps")
    _session()


def _session() -> None:
    loaded = resolve("first-pod")
    model, world = build(loaded.cluster)
    stepper = Stepper(model, world, Monitor(()))
    stepper.goto(30)
    stepper.hold("kube-scheduler pods")
    stepper.say({"summary": "apply by-hand.yaml", "step": {"apply": {"documents": [CONFIG]}}})
    stepper.run(None)
    stepper.hold("kube-scheduler pods", release=True)
    stepper.run(None)
    writer = _writer(FOLDER / SESSION, model, world, loaded.data, "human", None)
    for done in stepper.taken:
        writer(done.before, done.action, done.after, done.delta)
    writer.close("stopped")
    print(f"{SESSION}: {stepper.at} steps")


def _writer(
    path: Path, model: Model, world: World, scenario: Mapping[str, Any], driver: str, seed: int | None
) -> Writer:
    header = {"scenario": scenario, "redacted": True, "seed": seed, "driver": driver, "faults": {}}
    return Writer(path, model, world, header)


if __name__ == "__main__":
    main()
