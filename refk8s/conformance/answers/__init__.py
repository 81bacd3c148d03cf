"""One adapter per family of the functions corpus."""

from collections.abc import Callable
from typing import Any

from refk8s.conformance.answers import controllers, pods, quantities, selectors

__all__ = ["ANSWERS"]

ANSWERS: dict[str, Callable[[Any], Any]] = {
    **quantities.ANSWERS,
    **selectors.ANSWERS,
    **pods.ANSWERS,
    **controllers.ANSWERS,
}
