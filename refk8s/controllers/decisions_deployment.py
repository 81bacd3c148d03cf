"""What a Deployment does besides arithmetic: its new and old ReplicaSets, revisions, annotations, pauses and clean-up.

Source: pkg/controller/deployment/sync.go, rollback.go; pkg/controller/deployment/util/deployment_util.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from refk8s.controllers.decisions_conditions import find_condition, new_deployment_condition
from refk8s.controllers.deployment_math import (
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    REVISION,
    Resize,
    creation_key,
    oldest_first,
    replica_annotations,
)
from refk8s.controllers.hash import compute_hash
from refk8s.controllers.hash_dump import templates_equal
from refk8s.controllers.rolling import new_replica_set_size, size_of
from refk8s.kinds.deployment import Deployment
from refk8s.kinds.meta import Condition
from refk8s.kinds.pod import Pod
from refk8s.kinds.replicaset import ReplicaSet

HASH_LABEL = "pod-template-hash"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
ROLLBACK_TO = "deprecated.deployment.rollback.to"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
PROGRESSING = "Progressing"
SCALING_REPLICA_SET = "ScalingReplicaSet"

NOT_COPIED = frozenset({LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS, ROLLBACK_TO})
"""Annotations that never pass between a Deployment and its ReplicaSets."""

_HISTORY_LIMIT = 2000
_NAME_LIMIT = 253
_NO_LIMIT = 2**31 - 1
_INTEGER = re.compile(r"[+-]?[0-9]+\Z", re.ASCII)


# ---- new and old ReplicaSets


def find_new_replica_set(template: Mapping[str, Any], replica_sets: Iterable[ReplicaSet]) -> ReplicaSet | None:
    """The oldest ReplicaSet with the Deployment's pod template, or None. Source: FindNewReplicaSet."""
    for each in oldest_first(replica_sets):
        if templates_equal(each.spec.template, template, HASH_LABEL):
            return each
    return None


def find_old_replica_sets(new: ReplicaSet | None, replica_sets: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    """All but the new ReplicaSet, oldest first. Source: FindOldReplicaSets."""
    return [each for each in oldest_first(replica_sets) if new is None or each.metadata.uid != new.metadata.uid]


def old_pods_running(new_uid: str, old: Iterable[ReplicaSet], pods: Mapping[str, Sequence[Pod]]) -> bool:
    """Whether an old ReplicaSet reports pods, or has one that is not finished; `pods` by the uid of their ReplicaSet.

    `new_uid` is "" if there is no new ReplicaSet. Source: oldPodsRunning.
    """
    if sum(each.status.replicas for each in old) > 0:
        return True
    others = (pod for uid, owned in sorted(pods.items()) if uid != new_uid for pod in owned)
    return any(pod.status.phase not in ("Failed", "Succeeded") for pod in others)


def new_replica_set_document(
    document: Mapping[str, Any], deployment: Deployment, old: Sequence[ReplicaSet], reference: dict[str, Any]
) -> dict[str, Any]:
    """The ReplicaSet that a Deployment without a new one creates, owned through `reference`.

    `document` and `deployment` are the same version. Raises InvalidSize for an unresolvable maxSurge.
    Source: getNewReplicaSet.
    """
    spec = document["spec"]
    template = spec["template"]
    pod_hash = compute_hash(template, deployment.status.collision_count)
    metadata = template.get("metadata") or {}
    labels = {**(metadata.get("labels") or {}), HASH_LABEL: pod_hash}
    selector = spec["selector"]
    annotations, _ = new_replica_set_annotations(deployment, {}, max_revision(old) + 1, exists=False)
    new_spec = {
        "replicas": new_replica_set_size(deployment, [*old, 0], 0),
        **({"minReadySeconds": deployment.spec.min_ready_seconds} if deployment.spec.min_ready_seconds else {}),
        "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), HASH_LABEL: pod_hash}},
        "template": {**template, "metadata": {**metadata, "labels": labels}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": replica_set_name(deployment.metadata.name, pod_hash),
            "namespace": deployment.metadata.namespace,
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [reference],
        },
        "spec": new_spec,
    }


def replica_set_name(deployment: str, pod_hash: str) -> str:
    """The Deployment's name, cut if need be, and the hash of the template. Source: generateReplicaSetName."""
    room = _NAME_LIMIT - 1 - len(pod_hash)
    return f"{deployment[:room]}-{pod_hash}"


def resized_document(document: Mapping[str, Any], step: Resize) -> dict[str, Any]:
    """A ReplicaSet document with the size and the replica annotations of a resize."""
    metadata = document["metadata"]
    annotations = {**(metadata.get("annotations") or {}), **step.annotations}
    return {
        **document,
        "metadata": {**metadata, "annotations": annotations},
        "spec": {**document["spec"], "replicas": step.after},
    }


# ---- revisions and annotations


def revision_of(annotations: Mapping[str, str]) -> int | None:
    """The revision annotation as a number: 0 if absent, None if it is no int64. Source: Revision."""
    return parse_int64(annotations.get(REVISION, "0"))


def max_revision(replica_sets: Iterable[ReplicaSet]) -> int:
    """The highest revision of ReplicaSets, at least 0; what is no number does not count. Source: MaxRevision."""
    return max([0, *(revision_of(each.metadata.annotations) or 0 for each in replica_sets)])


def last_revision(replica_sets: Iterable[ReplicaSet]) -> int:
    """The second highest revision, 0 if there is none: what a rollback to revision 0 means. Source: LastRevision."""
    revisions = (revision_of(each.metadata.annotations) for each in replica_sets)
    return sorted([0, 0, *(revision for revision in revisions if revision is not None)])[-2]


def new_replica_set_annotations(
    deployment: Deployment, current: Mapping[str, str], revision: int, *, exists: bool
) -> tuple[dict[str, str], bool]:
    """The annotations of the new ReplicaSet, and whether they differ enough from `current` to be written.

    Takes over the Deployment's, raises the revision to `revision` unless it is higher already, and remembers revisions
    that it had before. Source: SetNewReplicaSetAnnotations.
    """
    annotations = {**current, **{k: v for k, v in deployment.metadata.annotations.items() if k not in NOT_COPIED}}
    changed = annotations != current
    old_text = current.get(REVISION)
    old = parse_int64(old_text) if old_text else 0
    if old is None:
        return annotations, False
    if old < revision:
        annotations[REVISION] = str(revision)
        changed = True
        if old_text is not None:
            annotations |= _history(current.get(REVISION_HISTORY, ""), old_text)
    if not exists:
        annotations |= replica_annotations(deployment)
        changed = True
    return annotations, changed


def _history(history: str, revision: str) -> dict[str, str]:
    """The history annotation with one more revision; the oldest go when it gets too long."""
    if not history or history.startswith(","):
        return {REVISION_HISTORY: revision}
    revisions = history.split(",")
    length = len(history) + len(revision) + 1
    dropped = 0
    while length > _HISTORY_LIMIT and dropped < len(revisions):
        length -= len(revisions[dropped]) + 1
        dropped += 1
    if length > _HISTORY_LIMIT:
        return {}
    return {REVISION_HISTORY: ",".join([*revisions[dropped:], revision])}


# ---- rollback by annotation (apps/v1beta1 clients)


def rollback_revision(annotations: Mapping[str, str]) -> int | None:
    """The revision that the deprecated rollback annotation asks for, 0 meaning the last one. Source: getRollbackTo."""
    text = annotations.get(ROLLBACK_TO)
    return parse_int64(text) if text else None


def rolled_back_document(document: Mapping[str, Any], to: ReplicaSet | None) -> dict[str, Any]:
    """A Deployment document without its rollback wish and, if `to` is given, with the template and annotations of that.

    Source: SetFromReplicaSetTemplate, SetDeploymentAnnotationsTo.
    """
    metadata, spec = document["metadata"], document["spec"]
    annotations = dict(metadata.get("annotations") or {})
    if to is not None:
        kept = {name: value for name, value in annotations.items() if name in NOT_COPIED}
        taken = {name: value for name, value in to.metadata.annotations.items() if name not in NOT_COPIED}
        annotations = kept | taken
        template = to.spec.template
        labels = {k: v for k, v in (template.get("metadata") or {}).get("labels", {}).items() if k != HASH_LABEL}
        spec = {**spec, "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}}}
    annotations.pop(ROLLBACK_TO, None)
    return {**document, "metadata": {**metadata, "annotations": annotations}, "spec": spec}


# ---- pause, deadline, clean-up


def pause_condition(deployment: Deployment, now_ms: int) -> Condition | None:
    """The Progressing condition that a pause or its end has to set, or None. Source: checkPausedConditions."""
    if not has_progress_deadline(deployment):
        return None
    current = find_condition(deployment.status.conditions, PROGRESSING)
    if current is not None and current.reason == "ProgressDeadlineExceeded":
        return None
    noted = current is not None and current.reason == "DeploymentPaused"
    if deployment.spec.paused and not noted:
        return new_deployment_condition(PROGRESSING, "Unknown", "DeploymentPaused", "Deployment is paused", now_ms)
    if not deployment.spec.paused and noted:
        return new_deployment_condition(PROGRESSING, "Unknown", "DeploymentResumed", "Deployment is resumed", now_ms)
    return None


def has_progress_deadline(deployment: Deployment) -> bool:
    """Whether a lack of progress is to be reported. Source: HasProgressDeadline."""
    seconds = deployment.spec.progress_deadline_seconds
    return seconds is not None and seconds != _NO_LIMIT


def cleanup_candidates(deployment: Deployment, old: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    """The old ReplicaSets beyond the revision history limit that can go, lowest revision first.

    Those that still have or want pods, or whose spec was not observed yet, stay though they count.
    Source: cleanupDeployment.
    """
    limit = deployment.spec.revision_history_limit
    if limit is None or limit == _NO_LIMIT:
        return []
    alive = [each for each in old if not each.metadata.deletion_timestamp]
    surplus = sorted(alive, key=_revision_key)[: max(0, len(alive) - limit)]
    return [each for each in surplus if _is_unused(each)]


def _is_unused(replica_set: ReplicaSet) -> bool:
    observed = replica_set.metadata.generation <= replica_set.status.observed_generation
    return replica_set.status.replicas == 0 and size_of(replica_set) == 0 and observed


def _revision_key(replica_set: ReplicaSet) -> tuple[int, tuple[int, str]]:
    """By revision, then age.

    DEVIATES: an unreadable revision counts as 0, because upstream's order is no order then.
    """
    return (revision_of(replica_set.metadata.annotations) or 0, creation_key(replica_set))


def parse_int64(text: str) -> int | None:
    """A decimal int64 with an optional sign; None for all else. Source: strconv.ParseInt."""
    if not _INTEGER.match(text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None
