"""The arithmetic of a rolling update: percentages, fenceposts, and the next size of the new ReplicaSet.

Sizes are int32 and wrap as upstream's do; percentages go through float64 as upstream's do.
Source: apimachinery/pkg/util/intstr/intstr.go, pkg/controller/deployment/util/deployment_util.go.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable

from refk8s.kinds.codec import IntOrString
from refk8s.kinds.deployment import Deployment
from refk8s.kinds.replicaset import ReplicaSet

ROLLING_UPDATE = "RollingUpdate"
RECREATE = "Recreate"

_INTEGER = re.compile(r"[+-]?[0-9]+\Z", re.ASCII)


class InvalidSize(ValueError):
    """A size that cannot be resolved; its text is upstream's.

    Common causes: a Deployment that never went through validation.
    """


def scaled_value(value: IntOrString | None, total: int, *, round_up: bool) -> int:
    """An IntOrString as a number: an integer as it is, a percentage of `total` rounded up or down.

    Raises InvalidSize if it is absent, or a string other than an integer with a trailing %.
    Source: GetScaledValueFromIntOrPercent.
    """
    if value is None:
        raise InvalidSize("nil value for IntOrString")
    if isinstance(value, int):
        return value
    if not value.endswith("%"):
        raise InvalidSize("invalid value for IntOrString: invalid type: string is not a percentage")
    exact = float(_parse_percentage(value)) * float(total) / 100
    return _int64_of_float(math.ceil(exact) if round_up else math.floor(exact))


def resolve_fenceposts(
    max_surge: IntOrString | None, max_unavailable: IntOrString | None, desired: int
) -> tuple[int, int]:
    """maxSurge (rounded up) and maxUnavailable (rounded down) as numbers of pods; absent counts as 0.

    If both come out as 0, maxUnavailable becomes 1, or nothing could ever move. Raises InvalidSize.
    Source: ResolveFenceposts.
    """
    surge = scaled_value(0 if max_surge is None else max_surge, desired, round_up=True)
    unavailable = scaled_value(0 if max_unavailable is None else max_unavailable, desired, round_up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return int32(surge), int32(unavailable)


def max_surge(deployment: Deployment) -> int:
    """How many pods above the desired number a Deployment may have; 0 unless it rolls. Source: MaxSurge."""
    if not is_rolling_update(deployment):
        return 0
    return _fenceposts(deployment)[0]


def max_unavailable(deployment: Deployment) -> int:
    """How many of the desired pods may be unavailable, at most all; 0 unless it rolls. Source: MaxUnavailable."""
    desired = desired_replicas(deployment)
    if not is_rolling_update(deployment) or desired == 0:
        return 0
    return min(_fenceposts(deployment)[1], desired)


def min_available(deployment: Deployment) -> int:
    """How many pods have to stay available; 0 unless it rolls. Source: MinAvailable."""
    if not is_rolling_update(deployment):
        return 0
    return int32(desired_replicas(deployment) - max_unavailable(deployment))


def new_replica_set_size(deployment: Deployment, replica_sets: Iterable[ReplicaSet | int], new_size: int) -> int:
    """The next size of the new ReplicaSet, now `new_size`; `replica_sets` are all of them, the new one too.

    Raises InvalidSize for an unresolvable maxSurge or an unknown strategy. Source: NewRSNewReplicas.
    """
    desired = desired_replicas(deployment)
    strategy = deployment.spec.strategy
    if strategy.type == RECREATE:
        return desired
    if strategy.type != ROLLING_UPDATE:
        raise InvalidSize(f"deployment type {strategy.type} isn't supported")
    surge = scaled_value(strategy.rolling_update.max_surge if strategy.rolling_update else None, desired, round_up=True)
    pods = total_size(replica_sets)
    most = int32(desired + int32(surge))
    if pods >= most:
        return new_size
    return int32(new_size + min(int32(most - pods), int32(desired - new_size)))


def total_size(replica_sets: Iterable[ReplicaSet | int]) -> int:
    """The sum of the wanted sizes of ReplicaSets (or of sizes). Source: GetReplicaCountForReplicaSets."""
    return int32(sum(each if isinstance(each, int) else size_of(each) for each in replica_sets))


def size_of(replica_set: ReplicaSet) -> int:
    """spec.replicas of a ReplicaSet; absent (never so in a stored one) is the default 1."""
    return 1 if replica_set.spec.replicas is None else replica_set.spec.replicas


def desired_replicas(deployment: Deployment) -> int:
    """spec.replicas of a Deployment; absent (never so in a stored one) is the default 1."""
    return 1 if deployment.spec.replicas is None else deployment.spec.replicas


def is_rolling_update(deployment: Deployment) -> bool:
    """Whether the strategy is RollingUpdate."""
    return deployment.spec.strategy.type == ROLLING_UPDATE


def int32(number: int) -> int:
    """The number as Go's int32 holds it."""
    return (number + 2**31) % 2**32 - 2**31


def _fenceposts(deployment: Deployment) -> tuple[int, int]:
    rolling = deployment.spec.strategy.rolling_update
    try:
        return resolve_fenceposts(
            rolling.max_surge if rolling else None,
            rolling.max_unavailable if rolling else None,
            desired_replicas(deployment),
        )
    except InvalidSize:  # upstream drops the error: validation keeps such values out
        return 0, 0


def _parse_percentage(value: str) -> int:
    """The integer before the trailing %; the error is that of Go's strconv.Atoi."""
    digits = value[:-1]
    if not _INTEGER.match(digits):
        problem = "invalid syntax"
    elif not -(2**63) <= int(digits) < 2**63:
        problem = "value out of range"
    else:
        return int(digits)
    reason = f"strconv.Atoi: parsing {_quoted(digits)}: {problem}"
    raise InvalidSize(f"invalid value for IntOrString: invalid value {_quoted(value)}: {reason}")


def _quoted(text: str) -> str:
    """Go's %q, for the characters that JSON escapes in the same way."""
    return json.dumps(text, ensure_ascii=False)


def _int64_of_float(number: int) -> int:
    """What Go's conversion (on amd64) makes of a whole float64: out of range is the least int64."""
    return number if -(2**63) <= number < 2**63 else -(2**63)
