"""refk8s: the Kubernetes control plane as a deterministic, seedable reference implementation with invariants.

The public surface, re-exported by hand and loaded when it is first used (PEP 562), so that `import refk8s` costs nothing:

    import refk8s

    result = refk8s.check(refk8s.resolve("rollout"), seed=7)
    assert result.held, result.why()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core.action import (
        Action,
        AdvanceTo,
        Begin,
        Crash,
        Deliver,
        Fire,
        Hold,
        Input,
        Release,
        Relist,
        Reply,
        Restart,
        Serve,
    )
    from .core.budget import FaultBudget
    from .core.enabled import enabled, find, first, is_quiet, label
    from .core.errors import ModelError, Refk8sError, ReplayDivergence, UncontrolledNondeterminism
    from .core.invariant import Invariant, Monitor, Registry, Severity, Violation
    from .core.model import Model
    from .core.step import step
    from .core.wire import Request, Response
    from .core.world import World
    from .explore.check import Result, check
    from .explore.cluster import Cluster, Parts, build
    from .explore.drivers import DefaultDriver, Driver, RandomDriver, ReplayDriver
    from .explore.run import Outcome, run, run_twice
    from .explore.stepping import Stepper
    from .kinds.quantity import Quantity
    from .scenarios import Scenario, from_data, from_manifests, load, resolve, shipped
    from .trace.format import Trace
    from .trace.format import Writer as TraceWriter
    from .trace.format import read as read_trace
    from .trace.replay import Replayed, replay
    from .trace.story import Storyteller

_HOMES = {
    "core.action": (
        "Action",
        "AdvanceTo",
        "Begin",
        "Crash",
        "Deliver",
        "Fire",
        "Hold",
        "Input",
        "Release",
        "Relist",
        "Reply",
        "Restart",
        "Serve",
    ),
    "core.budget": ("FaultBudget",),
    "core.enabled": (
        "enabled",
        "find",
        "first",
        "is_quiet",
        "label",
    ),
    "core.errors": (
        "ModelError",
        "Refk8sError",
        "ReplayDivergence",
        "UncontrolledNondeterminism",
    ),
    "core.invariant": (
        "Invariant",
        "Monitor",
        "Registry",
        "Severity",
        "Violation",
    ),
    "core.model": ("Model",),
    "core.step": ("step",),
    "core.wire": (
        "Request",
        "Response",
    ),
    "core.world": ("World",),
    "explore.check": (
        "Result",
        "check",
    ),
    "explore.cluster": (
        "Cluster",
        "Parts",
        "build",
    ),
    "explore.drivers": (
        "DefaultDriver",
        "Driver",
        "RandomDriver",
        "ReplayDriver",
    ),
    "explore.run": (
        "Outcome",
        "run",
        "run_twice",
    ),
    "explore.stepping": ("Stepper",),
    "kinds.quantity": ("Quantity",),
    "scenarios": (
        "Scenario",
        "from_data",
        "from_manifests",
        "load",
        "resolve",
        "shipped",
    ),
    "trace.format": (
        "Trace",
        "read_trace",
        "TraceWriter",
    ),
    "trace.replay": (
        "Replayed",
        "replay",
    ),
    "trace.story": ("Storyteller",),
}
"""Where each name lives."""

_OTHERWISE = {"read_trace": "read", "TraceWriter": "Writer"}
"""What names are called at home, where that is too short to go abroad."""

_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Action",
    "AdvanceTo",
    "Begin",
    "Cluster",
    "Crash",
    "DefaultDriver",
    "Deliver",
    "Driver",
    "FaultBudget",
    "Fire",
    "Hold",
    "Input",
    "Invariant",
    "Model",
    "ModelError",
    "Monitor",
    "Outcome",
    "Parts",
    "Quantity",
    "RandomDriver",
    "Refk8sError",
    "Registry",
    "Release",
    "Relist",
    "ReplayDivergence",
    "ReplayDriver",
    "Replayed",
    "Reply",
    "Request",
    "Response",
    "Restart",
    "Result",
    "Scenario",
    "Serve",
    "Severity",
    "Stepper",
    "Storyteller",
    "Trace",
    "TraceWriter",
    "UncontrolledNondeterminism",
    "Violation",
    "World",
    "build",
    "check",
    "enabled",
    "find",
    "first",
    "from_data",
    "from_manifests",
    "is_quiet",
    "label",
    "load",
    "read_trace",
    "replay",
    "resolve",
    "run",
    "run_twice",
    "shipped",
    "step",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), _OTHERWISE.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
