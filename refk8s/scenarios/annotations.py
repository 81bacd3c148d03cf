"""What pods are told to do by their annotation refk8s.dev/behaviour, checked when manifests and scenarios are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..kubelet.behaviour import ANNOTATION, BehaviourError, check_annotation


class BadBehaviour(ValueError):
    """An annotation that cannot be read; `path` leads to it."""

    def __init__(self, problem: str, path: tuple[str | int, ...]) -> None:
        super().__init__(problem)
        self.path = path


def check_behaviour(document: Mapping[str, Any]) -> None:
    """Raise BadBehaviour if the annotation of a pod, or of the template of pods, cannot be read."""
    path: tuple[str, ...] = ("metadata", "annotations", ANNOTATION)
    if document.get("kind") != "Pod":
        path = ("spec", "template", *path)
    value: Any = document
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None:
        return
    try:
        check_annotation(value)
    except BehaviourError as error:
        raise BadBehaviour(f"{'.'.join(path)}: {error}", path) from None
