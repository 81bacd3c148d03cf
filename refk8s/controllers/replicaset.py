"""The ReplicaSet controller: as many active pods as spec.replicas says.

Source: pkg/controller/replicaset/replica_set.go, replica_set_utils.go; pkg/controller/util/consistency.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import attrs

from refk8s.api.store import DELETED, MODIFIED, Cache, Change, Stored
from refk8s.controllers import decisions_expectations as expect
from refk8s.controllers.adoption import (
    Claimed,
    candidates,
    claim_all,
    controller_uid,
    error_text,
    is_namespace_terminating,
    metadata_of,
)
from refk8s.controllers.decisions_claim import ADOPT, claim, is_claimed
from refk8s.controllers.decisions_replicaset import (
    BURST_REPLICAS,
    FAILED_CREATE,
    FAILED_DELETE,
    SUCCESSFUL_CREATE,
    SUCCESSFUL_DELETE,
    calculate_status,
    needs_status_update,
    next_check_after_ms,
    pod_from_template,
    replica_difference,
    slow_start_batches,
    status_document,
)
from refk8s.controllers.decisions_tally import EMPTY_TALLY, count_pods, count_tally, moved, sort_of
from refk8s.controllers.decisions_time import MS_NS
from refk8s.controllers.ranking import is_pod_active, is_pod_ready, is_pod_terminating, pods_to_delete
from refk8s.controllers.rolling import size_of
from refk8s.controllers.runtime import (
    Controller,
    Handler,
    Recorder,
    controller_of,
    create,
    delete,
    get,
    owner_reference,
    update,
)
from refk8s.core.flight import Cached, Now, Parallel, Recall, Reconcile, Remember, Requeue, Retry
from refk8s.core.hands import Hands
from refk8s.kinds.pod import Pod
from refk8s.kinds.replicaset import ReplicaSet, ReplicaSetStatus
from refk8s.kinds.selector import Selector, SelectorError, from_object

KIND = "ReplicaSet"
RECORDER = Recorder("replicaset-controller")

Failure = Generator[Any, Any, str | None]
"""A part of a sync: returns why it failed, or None."""


@attrs.frozen(eq=False)
class ReplicaSetController(Controller):
    """Creates, deletes, adopts and releases pods, and reports them.

    `burst` bounds what one sync creates or deletes. `read_your_writes` is the gate
    StaleControllerConsistencyReplicaSet: a sync waits until the caches show what earlier ones wrote.
    """

    name: str = "replicaset"
    burst: int = BURST_REPLICAS
    read_your_writes: bool = True

    def watches(self) -> tuple[tuple[str, Handler], ...]:
        """ReplicaSets, and pods."""
        return (("replicasets", self.on_replica_set), ("pods", self.on_pod))

    # ---- events to keys

    def on_replica_set(self, hands: Hands, change: Change) -> None:
        """Every change of a ReplicaSet wakes it; a removal also ends what was expected of it."""
        replaced = change.prev is not None and change.prev.uid != change.obj.uid
        if change.type == DELETED or replaced:
            gone = change.prev if replaced and change.prev is not None else change.obj
            hands.remember(_expected(change.key), None)
            wrote = hands.recall(_wrote(change.key))
            if wrote is not None and wrote[0] == gone.uid:
                hands.remember(_wrote(change.key), None)
        hands.enqueue(self.name, change.key)

    def on_pod(self, hands: Hands, change: Change) -> None:
        """A pod wakes its ReplicaSet (an orphan all that select it), and fulfils what was expected."""
        self._count(hands, change)
        pod = change.obj
        if change.type == DELETED or _is_deleting(pod):
            self._pod_deleted(hands, pod)
            if change.type == MODIFIED and change.prev is not None and _labels(change.prev) != _labels(pod):
                self._pod_deleted(hands, change.prev)
        elif change.type == MODIFIED and change.prev is not None:
            self._pod_updated(hands, change.prev, pod)
        else:
            self._pod_added(hands, pod)

    def _count(self, hands: Hands, change: Change) -> None:
        """Keep the tally of the pod's owner, and of its former one."""
        gone = change.type == DELETED
        old = (change.prev or change.obj) if gone else change.prev
        new = None if gone else change.obj
        before, after = controller_uid(old) if old else "", controller_uid(new) if new else ""
        was = sort_of(old.view(Pod)) if old is not None and before else None
        now = sort_of(new.view(Pod)) if new is not None and after else None
        moves = [(after, was, now)] if before == after else [(before, was, None), (after, None, now)]
        for uid, leaves, enters in moves:
            if uid and leaves != enters:
                tally = moved(hands.recall(_tally(uid), EMPTY_TALLY), leaves, enters)
                hands.remember(_tally(uid), tally or None)

    def _pod_added(self, hands: Hands, pod: Stored) -> None:
        if controller_of(pod.document) is None:
            self._wake_selecting(hands, pod)
            return
        owner = _owner(hands, pod)
        if owner is None:
            return
        expected = hands.recall(_expected(owner.key))
        if expected is not None and expected.creations > 0:
            hands.remember(_expected(owner.key), expected.observed_creations())
        hands.enqueue(self.name, owner.key)

    def _pod_updated(self, hands: Hands, old: Stored, pod: Stored) -> None:
        reference, before = controller_of(pod.document), controller_of(old.document)
        if reference != before and before is not None:
            former = _owner(hands, old)
            if former is not None:
                hands.enqueue(self.name, former.key)
        if reference is not None:
            owner = _owner(hands, pod)
            if owner is None:
                return
            hands.enqueue(self.name, owner.key)
            seconds = owner.document["spec"].get("minReadySeconds") or 0
            if seconds > 0 and is_pod_ready(pod.view(Pod)) and not is_pod_ready(old.view(Pod)):
                hands.enqueue_after(self.name, owner.key, seconds * 1000)
        elif reference != before or _labels(old) != _labels(pod):
            self._wake_selecting(hands, pod)

    def _pod_deleted(self, hands: Hands, pod: Stored) -> None:
        owner = _owner(hands, pod)
        if owner is None:
            return
        expected = hands.recall(_expected(owner.key))
        if expected is not None and pod.key in expected.deleting:
            hands.remember(_expected(owner.key), expected.observed_deletion(pod.key))
        hands.enqueue(self.name, owner.key)

    def _wake_selecting(self, hands: Hands, pod: Stored) -> None:
        """Wake all ReplicaSets whose selector matches an orphan with labels. Source: GetPodReplicaSets."""
        cache = hands.cache("replicasets")
        labels = _labels(pod)
        if cache is None or not labels:
            return
        for stored in cache.all(pod.namespace):
            selector = _selector(stored)
            if selector is not None and not selector.is_empty() and selector.matches(labels):
                hands.enqueue(self.name, stored.key)

    # ---- reconcile

    def reconcile(self, key: str) -> Reconcile:
        """Claim pods, create or delete what differs, write the status. Source: syncReplicaSet."""
        if self.read_your_writes:
            stale = yield from self._stale(key)
            if stale:
                return Retry(stale)
        stored = (yield Cached("replicasets")).get(key)
        if stored is None:
            yield Remember(_wrote(key), None)
            yield Remember(_expected(key), None)
            return None
        may_manage = expect.is_satisfied((yield Recall(_expected(key))), (yield Now()))
        selector = _selector(stored)
        if selector is None:
            return None

        replica_set = stored.view(ReplicaSet)
        if replica_set.metadata.deletion_timestamp:
            may_manage = False

        # CLAIM
        counts = count_tally((yield Recall(_tally(stored.uid), EMPTY_TALLY)), replica_set, selector)
        cache = yield Cached("pods")
        active: list[Pod] = []
        if counts is None or counts.active > size_of(replica_set) or _has_orphan(cache, replica_set, selector):
            claimed = yield from self._claim(stored, selector, cache)
            if claimed.error:
                return Retry(claimed.error)
            active = [pod.view(Pod) for pod in claimed.objects]
            counts = count_pods(replica_set, active, _terminating(cache, stored, selector), (yield Now()))

        # MANAGE
        failure = None
        if may_manage:
            failure = yield from self._manage(stored, active, counts.active)

        # REPORT
        now_ms = yield Now()
        if replica_set.spec.min_ready_seconds:
            counts = count_pods(replica_set, active, counts.terminating, now_ms)
        status = calculate_status(replica_set, counts, failure, now_ms)
        error, written = yield from self._write_status(stored, status)
        if error:
            return Retry(error)
        if written is not stored:
            yield from self._note_writes(stored, replica_sets=written.revision)
        if failure:
            return Retry(failure)
        current = written.view(ReplicaSet)
        after_ms = next_check_after_ms(current, current.status, active, now_ms)
        return None if after_ms is None else Requeue(after_ms)

    def _claim(self, stored: Stored, selector: Selector, cache: Cache) -> Generator[Any, Any, Claimed]:
        """Adopt and release pods; the active ones that are owned then. Source: claimPods."""
        pods = [pod for pod in candidates(cache, stored) if is_pod_active(pod.view(Pod))]
        claimed = yield from claim_all(stored, "replicasets", selector, pods, ("pods", "Pod"))
        yield from self._note_writes(stored, pods=max([0, *(response.obj.revision for response in claimed.adopted)]))
        return claimed

    def _manage(self, stored: Stored, active: list[Pod], count: int) -> Failure:
        """Create or delete pods; `active` need not be filled where their `count` is not too high.

        Source: manageReplicas.
        """
        difference = replica_difference(stored.view(ReplicaSet), count, self.burst)
        if difference < 0:
            return (yield from self._create_pods(stored, -difference))
        if difference > 0:
            return (yield from self._delete_pods(stored, active, difference))
        return None

    def _create_pods(self, stored: Stored, count: int) -> Failure:
        """Create `count` pods in batches that double; what is not tried is not expected either."""
        expected = yield Recall(_expected(stored.key))
        yield Remember(_expected(stored.key), expect.expect_creations(expected, count, (yield Now())))
        document = pod_from_template(stored.document, owner_reference(stored, "apps/v1", KIND))
        created, failure = 0, None
        if not document["metadata"].get("labels"):
            failure, count_tried = "unable to create pods, no labels", 0
        else:
            count_tried = count
        for size in slow_start_batches(count_tried):
            responses = yield Parallel((create("pods", document),) * size)
            newest = 0
            for response in responses:
                if response.ok:
                    message = f"Created pod: {response.obj.name}"
                    yield from RECORDER.emit(stored, KIND, "Normal", SUCCESSFUL_CREATE, message)
                    newest = max(newest, response.obj.revision)
                elif not is_namespace_terminating(response):
                    message = f"Error creating: {error_text(response)}"
                    yield from RECORDER.emit(stored, KIND, "Warning", FAILED_CREATE, message)
                    failure = failure or error_text(response)
                    continue
                created += 1
            yield from self._note_writes(stored, pods=newest)
            if failure:
                break
        if created < count:
            expected = yield Recall(_expected(stored.key))
            if expected is not None:
                yield Remember(_expected(stored.key), expected.observed_creations(count - created))
        return failure

    def _delete_pods(self, stored: Stored, active: list[Pod], count: int) -> Failure:
        """Delete the `count` pods that rank first, all at once."""
        related: list[Pod] = []
        if count < len(active):
            related = yield from self._related_pods(stored)
        now_ms = yield Now()
        doomed = pods_to_delete(active, related, count, now_ms * MS_NS)
        keys = [f"{pod.metadata.namespace}/{pod.metadata.name}" for pod in doomed]
        yield Remember(_expected(stored.key), expect.expect_deletions(keys, now_ms))
        responses = yield Parallel(tuple(delete("pods", key) for key in keys))
        failure = None
        for pod, key, response in zip(doomed, keys, responses, strict=True):
            if response.ok:
                message = f"Deleted pod: {pod.metadata.name}"
                yield from RECORDER.emit(stored, KIND, "Normal", SUCCESSFUL_DELETE, message)
                continue
            expected = yield Recall(_expected(stored.key))
            if expected is not None:
                yield Remember(_expected(stored.key), expected.observed_deletion(key))
            if response.reason != "NotFound":
                message = f"Error deleting: {error_text(response)}"
                yield from RECORDER.emit(stored, KIND, "Warning", FAILED_DELETE, message)
                failure = failure or f"unable to delete pods: {error_text(response)}"
        return failure

    def _related_pods(self, stored: Stored) -> Generator[Any, Any, list[Pod]]:
        """The pods selected by the ReplicaSets of the same controller, each once. Source: getIndirectlyRelatedPods.

        DEVIATES: pods of foreign controllers do not count even if they match, because then every scale-down would
        read all pods of the namespace; selectors that overlap so are an error of their user.
        """
        owner = controller_uid(stored)
        if not owner:
            return []
        pods = yield Cached("pods")
        found: dict[str, Pod] = {}
        for sibling in (yield Cached("replicasets")).by_owner(owner):
            selector = _selector(sibling)
            if selector is None or controller_uid(sibling) != owner:
                continue
            for pod in candidates(pods, sibling):
                if selector.matches(_labels(pod)):
                    found.setdefault(pod.uid, pod.view(Pod))
        return list(found.values())

    def _write_status(self, stored: Stored, status: ReplicaSetStatus) -> Generator[Any, Any, tuple[str, Stored]]:
        """Write the status if it is news; after a failure once more on the live version.

        Source: updateReplicaSetStatus.
        """
        replica_set = stored.view(ReplicaSet)
        if not needs_status_update(replica_set, status):
            return "", stored
        status = attrs.evolve(status, observed_generation=replica_set.metadata.generation)
        document = {**stored.document, "status": status_document(status)}
        response = yield update("replicasets", document, "status")
        if response.ok:
            return "", response.obj
        fresh = yield get("replicasets", stored.key)
        if not fresh.ok:
            return error_text(fresh), stored
        document = {**fresh.obj.document, "status": document["status"]}
        response = yield update("replicasets", document, "status")
        return ("", response.obj) if response.ok else (error_text(response), stored)

    # ---- the gate StaleControllerConsistencyReplicaSet

    def _stale(self, key: str) -> Generator[Any, Any, str]:
        """Why the caches are not as new as what was written for `key`; "" if they are. Source: EnsureReady."""
        wrote = yield Recall(_wrote(key))
        if wrote is None:
            return ""
        _, pods, replica_sets = wrote
        for stream, group_resource, revision in (
            ("pods", "pods", pods),
            ("replicasets", "replicasets.apps", replica_sets),
        ):
            read = (yield Cached(stream)).revision
            if read < revision:
                what = f"read version: {read} is not as new as written version: {revision}"
                return f"{what} for group resource {group_resource}"
        yield Remember(_wrote(key), None)
        return ""

    def _note_writes(self, stored: Stored, pods: int = 0, replica_sets: int = 0) -> Generator[Any, Any, None]:
        """Remember the newest revisions written for a ReplicaSet. Source: WroteAt."""
        if not self.read_your_writes or not (pods or replica_sets):
            return
        wrote = yield Recall(_wrote(stored.key))
        if wrote is not None and wrote[0] == stored.uid:
            pods, replica_sets = max(pods, wrote[1]), max(replica_sets, wrote[2])
        yield Remember(_wrote(stored.key), (stored.uid, pods, replica_sets))


def _expected(key: str) -> str:
    """The memory of the expectations of a ReplicaSet."""
    return f"replicaset/expected/{key}"


def _wrote(key: str) -> str:
    """The memory of (uid, newest pod revision, newest ReplicaSet revision) written for a ReplicaSet."""
    return f"replicaset/wrote/{key}"


def _tally(uid: str) -> str:
    """The memory of the tally of pods that a controller owns; derived from the pod cache."""
    return f"~replicaset/tally/{uid}"


def _has_orphan(cache: Cache, replica_set: ReplicaSet, selector: Selector) -> bool:
    """Whether there is a pod to adopt."""
    orphans = cache.orphans(replica_set.metadata.namespace)
    pods = (orphan.view(Pod) for orphan in orphans)
    return any(claim(replica_set.metadata, selector, pod.metadata) == ADOPT for pod in pods if is_pod_active(pod))


def _terminating(cache: Cache, stored: Stored, selector: Selector) -> int:
    """How many selected pods of a ReplicaSet are being deleted."""
    owner = metadata_of(stored)
    pods = (pod.view(Pod) for pod in cache.by_owner(stored.uid))
    return sum(1 for pod in pods if is_pod_terminating(pod) and is_claimed(owner, selector, pod.metadata))


def _owner(hands: Hands, pod: Stored) -> Stored | None:
    """The ReplicaSet that controls a pod, if the cache knows it. Source: resolveControllerRef."""
    reference = controller_of(pod.document)
    cache = hands.cache("replicasets")
    if reference is None or reference["kind"] != KIND or cache is None:
        return None
    stored: Stored | None = cache.get(f"{pod.namespace}/{reference['name']}")
    return stored if stored is not None and stored.uid == reference["uid"] else None


def _selector(stored: Stored) -> Selector | None:
    """What a ReplicaSet selects, or None if its selector is invalid."""
    try:
        return from_object(stored.view(ReplicaSet).spec.selector)
    except SelectorError:
        return None


def _labels(stored: Stored) -> dict[str, str]:
    return stored.document["metadata"].get("labels") or {}


def _is_deleting(stored: Stored) -> bool:
    return "deletionTimestamp" in stored.document["metadata"]
