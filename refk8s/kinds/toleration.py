"""Taints and tolerations: the two types and when one tolerates the other.

Source: staging/src/k8s.io/api/core/v1/toleration.go, ToleratesTaint;
staging/src/k8s.io/component-helpers/scheduling/corev1/helpers.go, FindMatchingUntoleratedTaint.
"""

from collections.abc import Collection, Iterable

import attrs

from refk8s.kinds.names import decimal_integer
from refk8s.kinds.numbers import parse_int64

__all__ = ["NO_EXECUTE", "NO_SCHEDULE", "PREFER_NO_SCHEDULE", "Taint", "Toleration", "tolerated", "untolerated"]

NO_SCHEDULE = "NoSchedule"
PREFER_NO_SCHEDULE = "PreferNoSchedule"
NO_EXECUTE = "NoExecute"


@attrs.frozen(weakref_slot=False)
class Taint:
    key: str = ""
    value: str = ""
    effect: str = ""
    time_added: str = ""


@attrs.frozen(weakref_slot=False)
class Toleration:
    key: str = ""
    operator: str = ""
    value: str = ""
    effect: str = ""
    toleration_seconds: int | None = None

    def tolerates(self, taint: Taint, *, compare: bool = False) -> bool:
        """Say whether this toleration is one for that taint.

        `compare` is the feature gate TaintTolerationComparisonOperators (operators Gt and Lt), off by default.
        """
        if (self.effect and self.effect != taint.effect) or (self.key and self.key != taint.key):
            return False
        if self.operator in ("", "Equal"):
            return self.value == taint.value
        if self.operator == "Exists":
            return True
        return compare and self._compares(taint.value)

    def _compares(self, value: str) -> bool:
        have, limit = parse_int64(value), parse_int64(self.value)
        if have is None or limit is None or decimal_integer(value) or decimal_integer(self.value):
            return False
        return (self.operator == "Gt" and have > limit) or (self.operator == "Lt" and have < limit)


def tolerated(tolerations: Iterable[Toleration], taint: Taint, *, compare: bool = False) -> bool:
    """Say whether any of the tolerations is one for the taint."""
    return any(toleration.tolerates(taint, compare=compare) for toleration in tolerations)


def untolerated(
    taints: Iterable[Taint],
    tolerations: Collection[Toleration],
    effects: Collection[str] = (NO_SCHEDULE, NO_EXECUTE),
    *,
    compare: bool = False,
) -> Taint | None:
    """Return the first taint with one of these effects that no toleration is for, None if all are tolerated."""
    for taint in taints:
        if taint.effect in effects and not tolerated(tolerations, taint, compare=compare):
            return taint
    return None
