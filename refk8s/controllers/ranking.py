"""Which pods of a ReplicaSet go first when it has to shrink.

Source: pkg/controller/controller_utils.go (ActivePodsWithRanks), pkg/controller/replicaset/replica_set.go
(getPodsRankedByRelatedPodsOnSameNode), pkg/apis/core/helper/helpers.go (GetDeletionCostFromPodAnnotations).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cmp_to_key
from itertools import groupby
from operator import attrgetter

import attrs

from refk8s.controllers.decisions_time import parse_time_ms, parse_time_ns
from refk8s.kinds.meta import Condition
from refk8s.kinds.pod import Pod

POD_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"

_PHASE_ORDINAL = {"Pending": 0, "Unknown": 1, "Running": 2}
_COST = re.compile(r"(?:0|-?[0-9]+)\Z", re.ASCII)
_INT32_MIN, _INT32_MAX = -(2**31), 2**31 - 1


def pods_to_delete(pods: Sequence[Pod], related: Iterable[Pod], count: int, now_ns: int) -> tuple[Pod, ...]:
    """The `count` pods that a shrinking ReplicaSet deletes, first to go first.

    `pods` are its active pods, `related` all pods selected by the ReplicaSets of the same owner. When all go, their
    order stays. Source: getPodsToDelete.
    """
    if count >= len(pods):
        return tuple(pods)
    return tuple(deletion_order(pods, colocation_ranks(pods, related), now_ns)[:count])


def colocation_ranks(pods: Sequence[Pod], related: Iterable[Pod]) -> tuple[int, ...]:
    """For each pod, how many active related pods share its node (unassigned pods share the node "")."""
    on_node = Counter(pod.spec.node_name for pod in related if is_pod_active(pod))
    return tuple(on_node[pod.spec.node_name] for pod in pods)


def deletion_order(pods: Sequence[Pod], ranks: Sequence[int], now_ns: int) -> list[Pod]:
    """All pods, the one to delete first in front; `ranks` as of colocation_ranks, `now_ns` since the Unix epoch.

    Unassigned before assigned, Pending before Unknown before Running, not ready before ready, cheap (deletion cost)
    before dear, crowded before lonely, then the shorter ready, the more often restarted, the younger. The two ages
    are compared by their power of two; equal powers fall back on the uid. Equal pods keep their order.
    """
    rows = sorted((_row(pod, rank) for pod, rank in zip(pods, ranks, strict=True)), key=attrgetter("first"))
    order: list[Pod] = []
    for _, group in groupby(rows, key=attrgetter("first")):
        equals = list(group)
        if len(equals) > 1:
            equals.sort(key=cmp_to_key(lambda a, b: _compare_ages(a, b, now_ns)))
        order.extend(row.pod for row in equals)
    return order


def is_pod_active(pod: Pod) -> bool:
    """Neither finished nor being deleted."""
    return pod.status.phase not in ("Succeeded", "Failed") and not pod.metadata.deletion_timestamp


def is_pod_terminating(pod: Pod) -> bool:
    """Being deleted, but not finished yet."""
    return pod.status.phase not in ("Succeeded", "Failed") and bool(pod.metadata.deletion_timestamp)


def ready_condition(pod: Pod) -> Condition | None:
    """The first condition of type Ready."""
    for condition in pod.status.conditions:
        if condition.type == "Ready":
            return condition
    return None


def is_pod_ready(pod: Pod) -> bool:
    """Whether the pod's Ready condition is True."""
    condition = ready_condition(pod)
    return condition is not None and condition.status == "True"


def is_pod_available(pod: Pod, min_ready_seconds: int, now_ms: int) -> bool:
    """Whether a pod has been ready for `min_ready_seconds`. Source: podutil.IsPodAvailable."""
    condition = ready_condition(pod)
    if condition is None or condition.status != "True":
        return False
    if min_ready_seconds == 0:
        return True
    since = parse_time_ms(condition.last_transition_time)
    return since is not None and since + min_ready_seconds * 1000 <= now_ms


def deletion_cost(annotations: Mapping[str, str]) -> int:
    """The pod-deletion-cost annotation as an int32; 0 if absent or invalid (leading plus or zeros, out of range)."""
    text = annotations.get(POD_DELETION_COST)
    if text is None or not _COST.match(text) or (text[0] == "0" and text != "0"):
        return 0
    cost = int(text)
    return cost if _INT32_MIN <= cost <= _INT32_MAX else 0


@attrs.frozen(eq=False)
class _Row:
    pod: Pod
    first: tuple[bool, int, bool, int, int]
    """The rules that are a plain order: assigned, phase, ready, cost, rank."""
    ready_since_ns: int | None
    created_ns: int | None
    restarts: tuple[int, int]
    uid: str


def _row(pod: Pod, rank: int) -> _Row:
    condition = ready_condition(pod)
    ready = condition is not None and condition.status == "True"
    phase = _PHASE_ORDINAL.get(pod.status.phase, 0)
    return _Row(
        pod=pod,
        first=(bool(pod.spec.node_name), phase, ready, deletion_cost(pod.metadata.annotations), -rank),
        ready_since_ns=parse_time_ns(condition.last_transition_time) if condition is not None and ready else None,
        created_ns=parse_time_ns(pod.metadata.creation_timestamp),
        restarts=_max_restarts(pod),
        uid=pod.metadata.uid,
    )


def _max_restarts(pod: Pod) -> tuple[int, int]:
    """The most restarts of any main container, and of any sidecar."""
    main = max((status.restart_count for status in pod.status.container_statuses), default=0)
    sidecars = [container.name for container in pod.spec.init_containers if container.restart_policy == "Always"]
    counts = [status.restart_count for status in pod.status.init_container_statuses if status.name in sidecars]
    return max(main, 0), max([0, *counts])


def _compare_ages(a: _Row, b: _Row, now_ns: int) -> int:
    """Below zero if `a` goes before `b` by ready time, restarts and creation time, in this order."""
    if a.first[2] and a.ready_since_ns != b.ready_since_ns:
        return _compare_times(a.ready_since_ns, b.ready_since_ns, a.uid, b.uid, now_ns)
    if a.restarts != b.restarts:
        return -1 if a.restarts > b.restarts else 1
    if a.created_ns != b.created_ns:
        return _compare_times(a.created_ns, b.created_ns, a.uid, b.uid, now_ns)
    return 0


def _compare_times(a_ns: int | None, b_ns: int | None, a_uid: str, b_uid: str, now_ns: int) -> int:
    """Two different times: the zero time first, then the younger by power of two, then the lower uid."""
    if a_ns is None or b_ns is None:
        return -1 if a_ns is None else 1
    difference = _age_power(now_ns - a_ns) - _age_power(now_ns - b_ns)
    if difference == 0:
        return -1 if a_uid < b_uid else int(a_uid > b_uid)
    return difference


def _age_power(age_ns: int) -> int:
    """floor(log2(age)); -1 for ages that are not positive.

    Upstream computes it in float64; the two differ only for ages within a few hundred ns below a power of two, which
    times of whole milliseconds never are (within a century).
    """
    return age_ns.bit_length() - 1 if age_ns > 0 else -1
