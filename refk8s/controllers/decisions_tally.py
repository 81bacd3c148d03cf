"""How many pods of each sort a ReplicaSet has, kept up with every pod event: so a sync need not look at all of them.

A tally counts the pods that one controller owns by what matters about them. It follows from the pod cache alone:
handlers move one pod at a time from sort to sort. Upstream counts anew in every sync; the outcome is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from refk8s.controllers.ranking import is_pod_active, is_pod_available, is_pod_ready, is_pod_terminating
from refk8s.kinds.pod import Pod
from refk8s.kinds.replicaset import ReplicaSet
from refk8s.kinds.selector import Selector

Labels = tuple[tuple[str, str], ...]
Sort = tuple[bool, bool, bool, Labels]
"""Active, terminating, ready, and the labels in order."""
Tally = Mapping[Sort, int]

EMPTY_TALLY: Tally = {}


@attrs.frozen
class PodCounts:
    """What the status of a ReplicaSet tells of its pods."""

    active: int = 0
    fully_labeled: int = 0
    ready: int = 0
    available: int = 0
    terminating: int = 0


def sort_of(pod: Pod) -> Sort:
    """What matters about a pod."""
    labels = tuple(sorted(pod.metadata.labels.items()))
    return (is_pod_active(pod), is_pod_terminating(pod), is_pod_ready(pod), labels)


def moved(tally: Tally, old: Sort | None, new: Sort | None) -> Tally:
    """The tally after a pod of sort `old` has become one of sort `new`; None: it was not there, or is not any more."""
    if old == new:
        return tally
    counts = dict(tally)
    if old is not None:
        counts[old] = counts.get(old, 0) - 1
        if not counts[old]:
            del counts[old]
    if new is not None:
        counts[new] = counts.get(new, 0) + 1
    return counts


def count_tally(tally: Tally, replica_set: ReplicaSet, selector: Selector) -> PodCounts | None:
    """The counts of a ReplicaSet from its tally; None if pods have to be looked at one by one.

    So it is when a pod has to be released, or when readiness does not make a pod available at once.
    """
    if replica_set.spec.min_ready_seconds:
        return None
    wanted = _template_labels(replica_set).items()
    active = fully_labeled = ready = terminating = 0
    for (is_active, is_terminating, is_ready, labels), count in tally.items():
        if not (is_active or is_terminating):
            continue
        label_map = dict(labels)
        matches = selector.matches(label_map)
        if is_active:
            if not matches:
                return None
            active += count
            ready += count if is_ready else 0
            fully_labeled += count if wanted <= label_map.items() else 0
        elif matches:
            terminating += count
    return PodCounts(active, fully_labeled, ready, ready, terminating)


def count_pods(replica_set: ReplicaSet, active: Iterable[Pod], terminating: int, now_ms: int) -> PodCounts:
    """The counts of a ReplicaSet from its active pods and the number of terminating ones."""
    wanted = _template_labels(replica_set).items()
    pods = list(active)
    ready = [pod for pod in pods if is_pod_ready(pod)]
    seconds = replica_set.spec.min_ready_seconds
    return PodCounts(
        active=len(pods),
        fully_labeled=sum(1 for pod in pods if wanted <= pod.metadata.labels.items()),
        ready=len(ready),
        available=sum(1 for pod in ready if is_pod_available(pod, seconds, now_ms)),
        terminating=terminating,
    )


def _template_labels(replica_set: ReplicaSet) -> Mapping[str, str]:
    metadata = replica_set.spec.template.get("metadata") or {}
    labels: Mapping[str, str] = metadata.get("labels") or {}
    return labels
