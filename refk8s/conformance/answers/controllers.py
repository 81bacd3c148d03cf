"""Controllers, kubelet and scheduler queue: deletion order, rollout arithmetic, back-offs."""

from collections.abc import Callable, Iterable
from typing import Any

from refk8s.controllers import deployment_math, rolling
from refk8s.controllers.decisions_time import format_time_s, parse_time_ns
from refk8s.controllers.deployment_math import Resize
from refk8s.controllers.job_backoff import JobBackoff, remaining_backoff_ns
from refk8s.controllers.ranking import colocation_ranks, deletion_order
from refk8s.controllers.ratelimit import Backoff, ItemExponential, ItemFastSlow, MaxOf, replay_limiter
from refk8s.kinds.codec import view
from refk8s.kinds.deployment import Deployment
from refk8s.kinds.pod import Pod
from refk8s.kinds.replicaset import ReplicaSet
from refk8s.kubelet.backoff import SECOND_NS, BackoffPolicy, replay_crash_loop
from refk8s.scheduler.queue_sort import queue_order

__all__ = ["ANSWERS"]


def active_pods(case: Any) -> Any:
    pods = [view(Pod, document) for document in case["pods"]]
    ranks = colocation_ranks(pods, [view(Pod, document) for document in case["related"]])
    order = deletion_order(pods, ranks, _time(case["now"]))
    return {
        "order": [pod.metadata.name for pod in order],
        "ranks": {pod.metadata.name: rank for pod, rank in zip(pods, ranks, strict=True)},
    }


def fenceposts(case: Any) -> Any:
    try:
        surge, unavailable = rolling.resolve_fenceposts(case["maxSurge"], case["maxUnavailable"], case["desired"])
    except rolling.InvalidSize as error:
        return {"error": str(error)}
    return {"maxSurge": surge, "maxUnavailable": unavailable}


def int_or_percent(case: Any) -> Any:
    try:
        return {"value": rolling.scaled_value(case["value"], case["total"], round_up=case["roundUp"])}
    except rolling.InvalidSize as error:
        return {"error": str(error)}


def new_replicas(case: Any) -> Any:
    deployment, new, old = _rollout(case)
    assert new is not None
    return {
        "replicas": rolling.new_replica_set_size(deployment, [*old, new], rolling.size_of(new)),
        "maxSurge": rolling.max_surge(deployment),
        "maxUnavailable": rolling.max_unavailable(deployment),
        "minAvailable": rolling.min_available(deployment),
    }


def scaled(case: Any) -> Any:
    return _after(case, deployment_math.scale(*_rollout(case)))


def reconciled_old(case: Any) -> Any:
    deployment, new, old = _rollout(case)
    assert new is not None
    plan = deployment_math.reconcile_old(deployment, new, old)
    return {**_after(case, plan.steps), "scaled": plan.scaled}


def reconciled_new(case: Any) -> Any:
    deployment, new, old = _rollout(case)
    assert new is not None
    steps = deployment_math.reconcile_new(deployment, [*old, new], new)
    return {**_after(case, steps), "scaled": bool(steps)}


def rate_limiter(case: Any) -> Any:
    limiters: list[ItemExponential | ItemFastSlow] = []
    if "maxNs" in case:
        limiters.append(ItemExponential(case["baseNs"], case["maxNs"]))
    if "slowNs" in case:
        limiters.append(ItemFastSlow(case["baseNs"], case["slowNs"], case["maxFast"]))
    limiter = limiters[0] if len(limiters) == 1 else MaxOf(tuple(limiters))
    delays, counts = replay_limiter(limiter, case["n"], case["forget"])
    return {"delaysNs": delays, "numRequeues": counts}


def job_backoff(case: Any) -> Any:
    remaining = remaining_backoff_ns(case["failures"], case["elapsedNs"], case["defaultNs"], case["maxNs"])
    return {"remainingNs": remaining}


def job_backoff_record(case: Any) -> Any:
    record, history = JobBackoff(), []
    for step in case["steps"]:
        succeeded, failed = ([view(Pod, document) for document in step[key]] for key in ("succeeded", "failed"))
        record = record.record(succeeded, failed)
        failures: dict[str, Any] = {"failuresAfterLastSuccess": record.failures_after_last_success}
        if record.last_failure_ns is not None:
            failures["lastFailureTime"] = format_time_s(record.last_failure_ns)
        history.append(failures)
    return history


def crash_loop_backoff(case: Any) -> Any:
    initial, most = case["initialSeconds"] * SECOND_NS, case["maxSeconds"] * SECOND_NS
    policy = BackoffPolicy(initial, most)
    keys = ("exitedAt", "restartedAt", "backOffShown", "nextBackOff")
    return [dict(zip(keys, exit, strict=True)) for exit in replay_crash_loop(policy, case["runSeconds"])]


def wait_backoff(case: Any) -> Any:
    backoff = Backoff(case["durationNs"], case["factor"], case["steps"], case["capNs"])
    return {"stepsNs": backoff.first(case["n"])}


def queue_sort(case: Any) -> Any:
    return queue_order((pod["name"], pod.get("priority"), _time(pod["timestamp"])) for pod in case["pods"])


def _rollout(case: Any) -> tuple[Deployment, ReplicaSet | None, list[ReplicaSet]]:
    """Return the Deployment, its new ReplicaSet and its old ones."""
    replica_sets = [view(ReplicaSet, document) for document in case["replicaSets"]]
    new = next((each for each in replica_sets if each.metadata.name == case["new"]), None)
    return view(Deployment, case["deployment"]), new, [each for each in replica_sets if each is not new]


def _after(case: Any, steps: Iterable[Resize]) -> dict[str, Any]:
    """Return sizes and annotations of all ReplicaSets once these writes are made."""
    replica_sets = [view(ReplicaSet, document) for document in case["replicaSets"]]
    sizes = {each.metadata.name: rolling.size_of(each) for each in replica_sets}
    annotations = {each.metadata.name: {**each.metadata.annotations} for each in replica_sets}
    for step in steps:
        sizes[step.name] = step.after
        annotations[step.name] |= step.annotations
    return {"replicas": sizes, "annotations": annotations}


def _time(text: str) -> int:
    return parse_time_ns(text) or 0


ANSWERS: dict[str, Callable[[Any], Any]] = {
    "active-pods": active_pods,
    "fenceposts": fenceposts,
    "int-or-percent": int_or_percent,
    "deployment-new-replicas": new_replicas,
    "deployment-scale": scaled,
    "deployment-reconcile-old": reconciled_old,
    "deployment-reconcile-new": reconciled_new,
    "ratelimiter": rate_limiter,
    "job-backoff": job_backoff,
    "job-backoff-record": job_backoff_record,
    "crashloop-backoff": crash_loop_backoff,
    "wait-backoff": wait_backoff,
    "queue-sort": queue_sort,
}
