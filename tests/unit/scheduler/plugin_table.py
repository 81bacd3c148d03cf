"""The table of plugins on specs/scheduler.md, made from the plugins. tests/tools/build_specs.py puts it there."""

from refk8s.scheduler.events import ActionType, EventHint
from refk8s.scheduler.framework import Point
from refk8s.scheduler.plugins import DEFAULT_WEIGHTS, default_profile


def table() -> str:
    """One row per plugin of the default profile, in order."""
    lines = ["| plugin | extension points | weight | a rejected pod waits for |", "|---|---|---|---|"]
    for plugin in default_profile().plugins:
        points = ", ".join(point.value for point in Point if point in plugin.points)
        events = "; ".join(_event(row) for row in plugin.events())
        lines.append(f"| {plugin.name} | {points} | {DEFAULT_WEIGHTS.get(plugin.name, '')} | {events} |")
    return "\n".join(lines) + "\n"


def _event(row: EventHint) -> str:
    actions = [a.name.lower().replace("_", " ") for a in ActionType if a & row.event.action and a.name]
    return f"{row.event.resource.value}: {', '.join(actions)}{'' if row.hint else ' (no hint)'}"
