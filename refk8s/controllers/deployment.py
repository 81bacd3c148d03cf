"""The Deployment controller: rolls its ReplicaSets from one pod template to the next, and reports how it goes.

Source: pkg/controller/deployment/deployment_controller.go, sync.go, rolling.go, recreate.go, progress.go, rollback.go.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import attrs

from refk8s.api.store import DELETED, Cache, Change, Stored
from refk8s.controllers import deployment_math
from refk8s.controllers.adoption import candidates, claim_all, controller_uid
from refk8s.controllers.decisions_deployment import (
    HASH_LABEL,
    last_revision,
    old_pods_running,
    pause_condition,
    revision_of,
    rollback_revision,
    rolled_back_document,
)
from refk8s.controllers.decisions_rollout import is_complete
from refk8s.controllers.deployment_writes import (
    KIND,
    RECORDER,
    Sync,
    SyncFailed,
    Working,
    check,
    clean_up,
    new_and_old,
    one,
    resize_all,
    views,
    write_plain_status,
    write_rollout_status,
)
from refk8s.controllers.hash_dump import templates_equal
from refk8s.controllers.rolling import RECREATE, ROLLING_UPDATE, InvalidSize, desired_replicas, size_of
from refk8s.controllers.runtime import Controller, Handler, controller_of, update
from refk8s.core.flight import Cached, Now, Recall, Reconcile, Remember, Retry
from refk8s.core.hands import Hands
from refk8s.kinds.deployment import Deployment
from refk8s.kinds.meta import LabelSelector
from refk8s.kinds.pod import Pod
from refk8s.kinds.replicaset import ReplicaSet
from refk8s.kinds.selector import Selector, SelectorError, from_object

MAX_RETRIES = 15


@attrs.frozen(eq=False)
class DeploymentController(Controller):
    """Creates, scales and cleans up the ReplicaSets of Deployments."""

    name: str = "deployment"

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """Deployments, ReplicaSets, and the ends of pods."""
        return (
            ("deployments", self.on_deployment),
            ("replicasets", self.on_replica_set),
            ("pods", self.on_pod),
        )

    # ---- events to keys

    def on_deployment(self, hands: Hands, change: Change) -> None:
        """Every change of a Deployment wakes it."""
        hands.enqueue(self.name, change.key)

    def on_replica_set(self, hands: Hands, change: Change) -> None:
        """A ReplicaSet wakes its Deployment, the former one too; an orphan all that select it."""
        replica_set, old = change.obj, change.prev
        reference = controller_of(replica_set.document)
        gone = change.type == DELETED or (old is None and "deletionTimestamp" in replica_set.document["metadata"])
        before = controller_of(old.document) if old is not None and not gone else reference
        if reference != before and before is not None and old is not None:
            self._wake_owner(hands, old)
        if reference is not None:
            self._wake_owner(hands, replica_set)
        elif not gone and (old is None or reference != before or _labels(old) != _labels(replica_set)):
            self._wake_selecting(hands, replica_set)

    def on_pod(self, hands: Hands, change: Change) -> None:
        """The end of its last pod wakes a Deployment that recreates. Source: deletePod."""
        # DEVIATES: upstream asks the API server for the ReplicaSets, because its handlers may wait for an answer; here
        # the cache tells them.
        if change.type != DELETED:
            return
        replica_sets, pods = hands.cache("replicasets"), hands.cache("pods")
        replica_set = _controller(change.obj, "ReplicaSet", replica_sets)
        deployment = _controller(replica_set, KIND, hands.cache("deployments")) if replica_set is not None else None
        if deployment is None or deployment.view(Deployment).spec.strategy.type != RECREATE:
            return
        owned = [each for each in replica_sets.by_owner(deployment.uid) if controller_uid(each) == deployment.uid]
        if not any(_owned_pods(pods, each) for each in owned):
            hands.enqueue(self.name, deployment.key)

    def _wake_owner(self, hands: Hands, replica_set: Stored) -> None:
        deployment = _controller(replica_set, KIND, hands.cache("deployments"))
        if deployment is not None:
            hands.enqueue(self.name, deployment.key)

    def _wake_selecting(self, hands: Hands, replica_set: Stored) -> None:
        """Wake all Deployments whose selector matches an orphan with labels. Source: GetDeploymentsForReplicaSet."""
        cache, labels = hands.cache("deployments"), _labels(replica_set)
        if cache is None or not labels:
            return
        for stored in cache.all(replica_set.namespace):
            try:
                selector = from_object(stored.view(Deployment).spec.selector)
            except SelectorError:
                continue
            if not selector.is_empty() and selector.matches(labels):
                hands.enqueue(self.name, stored.key)

    # ---- reconcile

    def reconcile(self, key: str) -> Reconcile:
        """Bring a Deployment one step further; after too many failures in a row wait for the next event.

        Source: syncDeployment, handleErr.
        """
        retries = yield Recall(_retries(key), 0)
        try:
            result = yield from self._sync(key)
        except (SyncFailed, InvalidSize) as error:
            hopeless = isinstance(error, SyncFailed) and error.hopeless
            if hopeless or retries >= MAX_RETRIES:
                yield Remember(_retries(key), None)
                return None
            yield Remember(_retries(key), retries + 1)
            return Retry(str(error))
        if retries:
            yield Remember(_retries(key), None)
        return result

    def _sync(self, key: str) -> Sync:
        stored = (yield Cached("deployments")).get(key)
        if stored is None:
            return None
        work = Working(stored)
        if work.deployment.spec.selector == LabelSelector():
            yield from self._refuse_everything(work)
            return None
        replica_sets = yield from self._claim(work)
        pods = yield Cached("pods")
        if work.deployment.metadata.deletion_timestamp:
            return (yield from self._report_only(work, replica_sets))
        condition = pause_condition(work.deployment, (yield Now()))
        if condition is not None:
            work.set_condition(condition)
            check((yield update("deployments", work.document, "status")))
        if work.deployment.spec.paused:
            return (yield from self._scale(work, replica_sets))
        if rollback_revision(work.deployment.metadata.annotations) is not None:
            return (yield from self._rollback(work, replica_sets))
        new, old = yield from new_and_old(work, replica_sets, may_create=False)
        if deployment_math.is_scaling_event(work.deployment, views([*old, *one(new)])):
            return (yield from self._scale(work, replica_sets))
        strategy = work.deployment.spec.strategy.type
        if strategy == RECREATE:
            return (yield from self._recreate(work, replica_sets, pods))
        if strategy == ROLLING_UPDATE:
            return (yield from self._roll(work, replica_sets))
        raise SyncFailed(f"unexpected deployment strategy type: {strategy}")

    def _refuse_everything(self, work: Working) -> Generator[Any, Any, None]:
        """A Deployment that selects all pods does nothing but warn."""
        message = "This deployment is selecting all pods. A non-empty selector is required."
        yield from RECORDER.emit(work.stored, KIND, "Warning", "SelectingAll", message)
        deployment = work.deployment
        if deployment.status.observed_generation < deployment.metadata.generation:
            work.set_status(attrs.evolve(deployment.status, observed_generation=deployment.metadata.generation))
            yield update("deployments", work.document, "status")

    def _claim(self, work: Working) -> Generator[Any, Any, list[Stored]]:
        """The ReplicaSets of a Deployment, after adopting and releasing. Source: getReplicaSetsForDeployment."""
        meta = work.deployment.metadata
        try:
            selector: Selector = from_object(work.deployment.spec.selector)
        except SelectorError as error:
            where = f"{meta.namespace}/{meta.name}"
            raise SyncFailed(f"deployment {where} has invalid label selector: {error}") from error
        found = candidates((yield Cached("replicasets")), work.stored)
        claimed = yield from claim_all(work.stored, "deployments", selector, found, ("replicasets", "ReplicaSet"))
        if claimed.error:
            raise SyncFailed(claimed.error)
        return list(claimed.objects)

    def _report_only(self, work: Working, replica_sets: list[Stored]) -> Sync:
        """What is left to do for a Deployment that is being deleted. Source: syncStatusOnly."""
        new, old = yield from new_and_old(work, replica_sets, may_create=False)
        return (yield from write_plain_status(work, new, old))

    def _scale(self, work: Working, replica_sets: list[Stored]) -> Sync:
        """A scaling event, or a pause: no rollout, but sizes keep their proportions. Source: sync, scale."""
        new, old = yield from new_and_old(work, replica_sets, may_create=False)
        plan = deployment_math.scale(work.deployment, new.view(ReplicaSet) if new else None, views(old))
        yield from resize_all(work, [*old, *one(new)], plan)
        if work.deployment.spec.paused and rollback_revision(work.deployment.metadata.annotations) is None:
            yield from clean_up(work, old)
        return (yield from write_plain_status(work, new, old))

    def _roll(self, work: Working, replica_sets: list[Stored]) -> Sync:
        """One step of a rolling update: grow the new ReplicaSet, or else shrink the old ones.

        Source: rolloutRolling.
        """
        new, old = yield from new_and_old(work, replica_sets, may_create=True)
        if new is None:
            raise SyncFailed("no new replica set")
        everything = [*old, new]
        plan = deployment_math.reconcile_new(work.deployment, views(everything), new.view(ReplicaSet))
        yield from resize_all(work, [new], plan)
        if not any(step.scaled for step in plan):
            scaled = yield from self._shrink_old(work, new, old)
            if not scaled and is_complete(work.deployment, work.deployment.status):
                yield from clean_up(work, old)
        return (yield from write_rollout_status(work, new, old))

    def _shrink_old(self, work: Working, new: Stored, old: list[Stored]) -> Generator[Any, Any, bool]:
        """Scale old ReplicaSets down; whether anything was.

        A failed write ends it quietly. Source: reconcileOldReplicaSets.
        """
        view_of_new = new.view(ReplicaSet)
        active = [each for each in old if size_of(each.view(ReplicaSet)) > 0]
        budget = deployment_math.max_cleanup(work.deployment, view_of_new, views(active))
        if budget <= 0:
            return False
        unhealthy = deployment_math.cleanup_unhealthy(work.deployment, views(active), budget)
        try:
            written = yield from resize_all(work, active, unhealthy.steps)
            if unhealthy.problem:
                return False
            current = [written.get(each.key, each) for each in active]
            plan = deployment_math.scale_down_old(work.deployment, view_of_new, views(current))
            yield from resize_all(work, current, plan)
        except SyncFailed:
            return False
        return bool(unhealthy.steps or plan)

    def _recreate(self, work: Working, replica_sets: list[Stored], pods: Cache) -> Sync:
        """First all old pods go, then the new ReplicaSet comes. Source: rolloutRecreate."""
        new, old = yield from new_and_old(work, replica_sets, may_create=False)
        plan = deployment_math.scale_down_for_recreate(work.deployment, views(old))
        yield from resize_all(work, old, plan)
        owned = {each.uid: _owned_pods(pods, each) for each in replica_sets}
        if plan or old_pods_running(new.uid if new else "", views(old), owned):
            return (yield from write_rollout_status(work, new, old))
        if new is None:
            new, old = yield from new_and_old(work, replica_sets, may_create=True)
        if new is not None:
            desired = desired_replicas(work.deployment)
            plan = deployment_math.resize(work.deployment, new.view(ReplicaSet), desired)
            yield from resize_all(work, [new], plan)
        if is_complete(work.deployment, work.deployment.status):
            yield from clean_up(work, old)
        return (yield from write_rollout_status(work, new, old))

    def _rollback(self, work: Working, replica_sets: list[Stored]) -> Sync:
        """Go back to an earlier template, as the deprecated annotation asks. Source: rollback."""
        wanted = rollback_revision(work.deployment.metadata.annotations) or 0
        new, old = yield from new_and_old(work, replica_sets, may_create=True)
        everything = views([*old, *one(new)])
        event = ("Warning", "DeploymentRollbackRevisionNotFound", "Unable to find the revision to rollback to.")
        target = None
        if wanted == 0:
            wanted = last_revision(everything)
        if wanted == 0:
            event = (event[0], event[1], "Unable to find last revision.")
        else:
            target = next((each for each in everything if revision_of(each.metadata.annotations) == wanted), None)
        if target is not None:
            name = work.deployment.metadata.name
            if templates_equal(work.deployment.spec.template, target.spec.template, HASH_LABEL):
                same = f'The rollback revision contains the same template as current deployment "{name}"'
                event, target = ("Warning", "DeploymentRollbackTemplateUnchanged", same), None
            else:
                event = ("Normal", "DeploymentRollback", f'Rolled back deployment "{name}" to revision {wanted}')
        work.replace(rolled_back_document(work.document, target))
        if target is None:
            yield from RECORDER.emit(work.stored, KIND, *event)
        check((yield update("deployments", work.document)))
        if target is not None:
            yield from RECORDER.emit(work.stored, KIND, *event)
        return None


def _retries(key: str) -> str:
    """The memory of how often in a row a sync failed."""
    return f"deployment/retries/{key}"


def _controller(stored: Stored, kind: str, cache: Cache | None) -> Stored | None:
    """The controller of an object, if it is of this kind and in the cache. Source: resolveControllerRef."""
    reference = controller_of(stored.document)
    if reference is None or reference["kind"] != kind or cache is None:
        return None
    found = cache.get(f"{stored.namespace}/{reference['name']}")
    return found if found is not None and found.uid == reference["uid"] else None


def _owned_pods(pods: Cache, replica_set: Stored) -> list[Pod]:
    """The pods that a ReplicaSet controls."""
    owned = pods.by_owner(replica_set.uid)
    return [pod.view(Pod) for pod in owned if controller_uid(pod) == replica_set.uid]


def _labels(stored: Stored) -> dict[str, str]:
    return stored.document["metadata"].get("labels") or {}
