"""The shape of a KubeSchedulerConfiguration: which fields there are and of which type. Unknown fields are errors, as upstream decodes strictly.

Source: staging/src/k8s.io/kube-scheduler/config/v1/types.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["ANY", "CONFIGURATION", "PLUGINS", "check_shape"]

Shape = Any
"""A type; a list of one shape; a dict of field → shape; ANY."""

ANY: Final = object()

_SET: Final = {"enabled": [{"name": str, "weight": int}], "disabled": [{"name": str, "weight": int}]}
_CYCLE: Final = (
    "preEnqueue",
    "queueSort",
    "preFilter",
    "filter",
    "postFilter",
    "preScore",
    "score",
    "reserve",
    "permit",
)
_AFTER: Final = ("preBind", "bind", "postBind", "multiPoint", "placementGenerate", "placementScore")
PLUGINS: Final = dict.fromkeys((*_CYCLE, *_AFTER), _SET)

CONFIGURATION: Final = {
    "apiVersion": str,
    "kind": str,
    "parallelism": int,
    "leaderElection": dict,
    "clientConnection": dict,
    "enableProfiling": bool,
    "enableContentionProfiling": bool,
    "percentageOfNodesToScore": int,
    "podInitialBackoffSeconds": int,
    "podMaxBackoffSeconds": int,
    "profiles": [
        {
            "schedulerName": str,
            "percentageOfNodesToScore": int,
            "plugins": PLUGINS,
            "pluginConfig": [{"name": str, "args": dict}],
        }
    ],
    "extenders": [dict],
    "delayCacheUntilActive": bool,
}

_NAMES: Final = {str: "a string", int: "an integer", bool: "true or false", dict: "a map"}


def check_shape(value: Any, shape: Shape, error: type[Exception], before: str = "") -> None:
    """Raise `error` with one line if the value has fields that do not exist, or of another type. A null is as good as nothing."""
    unknown: list[str] = []
    wrong = _mismatch(value, shape, "", unknown)
    if wrong:
        raise error(before + wrong)
    if unknown:
        raise error(f"{before}strict decoding error: {', '.join(f'unknown field {quoted}' for quoted in unknown)}")


def _mismatch(value: Any, shape: Shape, path: str, unknown: list[str]) -> str:
    """Return what is wrong with the type of something, "" if nothing is; unknown fields are collected."""
    if value is None or shape is ANY:
        return ""
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{path}: expected a list, got {_said(value)}"
        found = (_mismatch(item, shape[0], f"{path}[{i}]", unknown) for i, item in enumerate(value))
        missing = [i for i, item in enumerate(value) if item is None]
        if missing:
            return f"{path}[{missing[0]}]: expected something, got null"
        return next((wrong for wrong in found if wrong), "")
    if isinstance(shape, Mapping):
        if not isinstance(value, Mapping):
            return f"{path or 'configuration'}: expected a map, got {_said(value)}"
        for key, inner in value.items():
            where = f"{path}.{key}" if path else str(key)
            if key not in shape:
                unknown.append(f'"{where}"')
                continue
            wrong = _mismatch(inner, shape[key], where, unknown)
            if wrong:
                return wrong
        if shape.get("name") is str and not value.get("name"):
            return f"{path}.name: expected the name of a plugin, got nothing"
        return ""
    fits = isinstance(value, shape) and not (shape is int and isinstance(value, bool))
    return "" if fits else f"{path}: expected {_NAMES[shape]}, got {_said(value)}"


def _said(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return "a map" if isinstance(value, Mapping) else "a list" if isinstance(value, list) else str(value).lower()
