"""The parts of a Deployment's sync that write: its new ReplicaSet, sizes, clean-up and status.

Source: pkg/controller/deployment/sync.go, progress.go.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import attrs

from refk8s.api.store import Stored
from refk8s.controllers import deployment_math
from refk8s.controllers.adoption import controller_uid, error_text, is_namespace_terminating
from refk8s.controllers.decisions_conditions import (
    find_condition,
    new_deployment_condition,
    set_deployment_condition,
)
from refk8s.controllers.decisions_deployment import (
    HASH_LABEL,
    PROGRESSING,
    SCALING_REPLICA_SET,
    cleanup_candidates,
    find_new_replica_set,
    find_old_replica_sets,
    has_progress_deadline,
    max_revision,
    new_replica_set_annotations,
    new_replica_set_document,
    resized_document,
)
from refk8s.controllers.decisions_rollout import (
    NEW_REPLICA_SET_AVAILABLE,
    calculate_status,
    rollout_status,
    status_document,
    stuck_check_after_ms,
)
from refk8s.controllers.hash_dump import templates_equal
from refk8s.controllers.runtime import Recorder, create, delete, owner_reference, update
from refk8s.core.flight import Cached, Cancel, Now, Requeue
from refk8s.core.wire import Response
from refk8s.kinds.codec import view
from refk8s.kinds.deployment import Deployment, DeploymentStatus
from refk8s.kinds.meta import Condition
from refk8s.kinds.replicaset import ReplicaSet

KIND = "Deployment"
FIRST_BACKOFF_MS = 5
RECORDER = Recorder("deployment-controller")

Sync = Generator[Any, Any, "Requeue | None"]
"""A sync: returns when to look again, if it is to. Raises SyncFailed."""


class SyncFailed(Exception):
    """A sync that ends with an error; `hopeless` when trying again is pointless because the namespace is going away."""

    def __init__(self, why: str, *, hopeless: bool = False) -> None:
        super().__init__(why)
        self.hopeless = hopeless


class Working:
    """The Deployment that a sync works on: the cached version, and what the sync has changed in it.

    Like upstream's deep copy it keeps its resourceVersion, so a second write in one sync conflicts, as it does upstream.
    """

    __slots__ = ("_view", "document", "stored")

    def __init__(self, stored: Stored) -> None:
        self.stored = stored
        self.document = stored.document
        self._view: Deployment | None = stored.view(Deployment)

    @property
    def deployment(self) -> Deployment:
        """The view of the document as it is now."""
        if self._view is None:
            self._view = view(Deployment, self.document)
        return self._view

    def replace(self, document: dict[str, Any]) -> None:
        """Go on with another document."""
        self.document = document
        self._view = None

    def set_status(self, status: DeploymentStatus) -> None:
        """Change the status."""
        self.replace({**self.document, "status": status_document(status)})

    def set_condition(self, condition: Condition) -> None:
        """Set a condition, unless one with its status and reason is there."""
        status = self.deployment.status
        conditions = set_deployment_condition(status.conditions, condition)
        self.set_status(attrs.evolve(status, conditions=conditions))

    def set_revision(self, revision: str) -> bool:
        """Note the revision of the new ReplicaSet; whether that is news."""
        metadata = self.document["metadata"]
        annotations = metadata.get("annotations") or {}
        if annotations.get(deployment_math.REVISION, "") == revision:
            return False
        annotations = {**annotations, deployment_math.REVISION: revision}
        self.replace({**self.document, "metadata": {**metadata, "annotations": annotations}})
        return True


# ---- the new ReplicaSet


def new_and_old(
    work: Working, replica_sets: list[Stored], *, may_create: bool
) -> Generator[Any, Any, tuple[Stored | None, list[Stored]]]:
    """The new ReplicaSet (brought up to date, or created if allowed) and the old ones, oldest first.

    Source: getAllReplicaSetsAndSyncRevision, getNewReplicaSet.
    """
    by_uid = {stored.uid: stored for stored in replica_sets}
    every_view = views(replica_sets)
    found = find_new_replica_set(work.deployment.spec.template, every_view)
    old_views = find_old_replica_sets(found, every_view)
    old = [by_uid[each.metadata.uid] for each in old_views]
    if found is not None:
        return (yield from _update_new(work, by_uid[found.metadata.uid], old_views)), old
    if not may_create:
        return None, old
    return (yield from _create_new(work, old_views)), old


def _update_new(work: Working, new: Stored, old: Sequence[ReplicaSet]) -> Generator[Any, Any, Stored]:
    """Bring annotations and minReadySeconds of the new ReplicaSet up to date, else the Deployment's own record of it."""
    deployment, current = work.deployment, new.view(ReplicaSet)
    revision = max_revision(old) + 1
    annotations, changed = new_replica_set_annotations(deployment, current.metadata.annotations, revision, exists=True)
    seconds = deployment.spec.min_ready_seconds
    if changed or current.spec.min_ready_seconds != seconds:
        spec = {name: value for name, value in new.document["spec"].items() if name != "minReadySeconds"}
        document = {
            **new.document,
            "metadata": {**new.document["metadata"], "annotations": annotations},
            "spec": {**spec, **({"minReadySeconds": seconds} if seconds else {})},
        }
        response = check((yield update("replicasets", document)))
        made: Stored = response.obj
        return made
    news = work.set_revision(annotations.get(deployment_math.REVISION, ""))
    if has_progress_deadline(deployment) and find_condition(deployment.status.conditions, PROGRESSING) is None:
        message = f'Found new replica set "{new.name}"'
        work.set_condition(new_deployment_condition(PROGRESSING, "True", "FoundNewReplicaSet", message, (yield Now())))
        news = True
    if news:
        check((yield update("deployments", work.document, "status")))
    return new


def _create_new(work: Working, old: Sequence[ReplicaSet]) -> Generator[Any, Any, Stored]:
    """Create the new ReplicaSet, or find out whose its name is. Raises SyncFailed if there is none afterwards."""
    deployment = work.deployment
    reference = owner_reference(work.stored, "apps/v1", KIND)
    document = new_replica_set_document(work.document, deployment, old, reference)
    response = yield create("replicasets", document)
    created = response.ok
    if response.reason == "AlreadyExists":
        made = yield from _resolve_collision(work, document["metadata"]["name"], response)
    elif not created:
        yield from _report_failed_create(work, document["metadata"]["name"], response)
        raise failure(response)
    else:
        made = response.obj
    size = document["spec"]["replicas"]
    if created and size > 0:
        message = f"Scaled up replica set {made.name} from 0 to {size}"
        yield from RECORDER.emit(work.stored, KIND, "Normal", SCALING_REPLICA_SET, message)
    news = work.set_revision(str(max_revision(old) + 1))
    if created and has_progress_deadline(deployment):
        message = f'Created new replica set "{made.name}"'
        work.set_condition(
            new_deployment_condition(PROGRESSING, "True", "NewReplicaSetCreated", message, (yield Now()))
        )
        news = True
    if news:
        check((yield update("deployments", work.document, "status")))
    return made


def _resolve_collision(work: Working, name: str, refused: Response) -> Generator[Any, Any, Stored]:
    """The ReplicaSet of that name if it is the new one already; else the collision count goes up, and the sync fails."""
    deployment = work.deployment
    stored: Stored | None = (yield Cached("replicasets")).get(f"{deployment.metadata.namespace}/{name}")
    if stored is None:
        raise SyncFailed(f'replicaset.apps "{name}" not found')
    template = stored.view(ReplicaSet).spec.template
    mine = controller_uid(stored) == work.stored.uid
    if mine and templates_equal(deployment.spec.template, template, HASH_LABEL):
        return stored
    count = (deployment.status.collision_count or 0) + 1
    work.set_status(attrs.evolve(deployment.status, collision_count=count))
    yield update("deployments", work.document, "status")
    raise failure(refused)


def _report_failed_create(work: Working, name: str, refused: Response) -> Generator[Any, Any, None]:
    """Say in condition and event why the new ReplicaSet could not be created, unless its namespace is going away."""
    if is_namespace_terminating(refused):
        return
    message = f'Failed to create new replica set "{name}": {error_text(refused)}'
    reason = "ReplicaSetCreateError"
    if has_progress_deadline(work.deployment):
        work.set_condition(new_deployment_condition(PROGRESSING, "False", reason, message, (yield Now())))
        yield update("deployments", work.document, "status")
    yield from RECORDER.emit(work.stored, KIND, "Warning", reason, message)


# ---- writes


def resize_all(
    work: Working, replica_sets: Sequence[Stored], plan: Sequence[deployment_math.Resize]
) -> Generator[Any, Any, dict[str, Stored]]:
    """Carry out a plan, with an event per change of size; the new versions by key.

    Raises SyncFailed at the first failure.
    """
    by_uid = {stored.uid: stored for stored in replica_sets}
    written: dict[str, Stored] = {}
    for step in plan:
        stored = by_uid[step.replica_set.metadata.uid]
        document = resized_document(stored.document, step)
        response = check((yield update("replicasets", document)))
        written[stored.key] = response.obj
        if step.scaled:
            yield from RECORDER.emit(work.stored, KIND, "Normal", SCALING_REPLICA_SET, step.message)
    return written


def clean_up(work: Working, old: Sequence[Stored]) -> Generator[Any, Any, None]:
    """Delete old ReplicaSets beyond the history limit. Source: cleanupDeployment."""
    for each in cleanup_candidates(work.deployment, views(old)):
        response = yield delete("replicasets", f"{each.metadata.namespace}/{each.metadata.name}")
        if not response.ok and response.reason != "NotFound":
            raise failure(response)


def write_plain_status(work: Working, new: Stored | None, old: Sequence[Stored]) -> Sync:
    """Write the counters if they are news. Source: syncDeploymentStatus."""
    view_of_new = new.view(ReplicaSet) if new else None
    status = calculate_status(work.deployment, views([*old, *one(new)]), view_of_new, (yield Now()))
    if status != work.deployment.status:
        work.set_status(status)
        check((yield update("deployments", work.document, "status")))
    return None


def write_rollout_status(work: Working, new: Stored | None, old: Sequence[Stored]) -> Sync:
    """Write counters and progress if they are news, else plan the look at the deadline. Source: syncRolloutStatus."""
    now_ms = yield Now()
    view_of_new = new.view(ReplicaSet) if new else None
    status = rollout_status(work.deployment, views([*old, *one(new)]), view_of_new, now_ms)
    if status == work.deployment.status:
        after_ms = stuck_check_after_ms(work.deployment, status, now_ms)
        # DEVIATES: a Deployment that was complete once and has lost (or not got) pods since keeps the reason NewReplicaSetAvailable, which never times
        # out; upstream looks at it again and again all the same, after its deadline as fast as its rate limiter lets it (a hot loop without an end).
        if after_ms is not None and not _was_available(work.deployment):
            return Requeue(after_ms or FIRST_BACKOFF_MS)
        # DEVIATES: upstream lets the last planned look at the deadline happen and find nothing to do; it is called off
        # here, so that a finished rollout leaves nothing to wait for.
        yield Cancel("deployment", work.stored.key)
        return None
    work.set_status(status)
    check((yield update("deployments", work.document, "status")))
    return None


# ---- small parts


def _was_available(deployment: Deployment) -> bool:
    """Whether the condition Progressing says that the rollout has ended well."""
    condition = find_condition(deployment.status.conditions, PROGRESSING)
    return condition is not None and condition.reason == NEW_REPLICA_SET_AVAILABLE


def check(response: Response) -> Response:
    """The response, if it is a success. Raises SyncFailed."""
    if not response.ok:
        raise failure(response)
    return response


def failure(response: Response) -> SyncFailed:
    """The end of a sync that a refused request makes."""
    return SyncFailed(error_text(response), hopeless=is_namespace_terminating(response))


def views(replica_sets: Sequence[Stored]) -> list[ReplicaSet]:
    """The views of stored ReplicaSets."""
    return [stored.view(ReplicaSet) for stored in replica_sets]


def one(stored: Stored | None) -> list[Stored]:
    """A list of what there is."""
    return [] if stored is None else [stored]
