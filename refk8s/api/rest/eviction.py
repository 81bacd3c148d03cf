"""The eviction subresource: deleting a pod if its PodDisruptionBudget allows it.

DEVIATES: upstream decides on what it read before it writes, and tries again when others write meanwhile; here nobody can, because the handler is one step.

Source: pkg/registry/core/pod/storage/eviction.go; pkg/controller/disruption/disruption_helper.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from ...core.wire import Request, Response
from ...kinds import selector
from ...kinds.codec import view
from ...kinds.meta import LabelSelector
from .. import finalize
from ..options import DeleteOptions, check_write_options, delete_options
from ..status import (
    Rejected,
    bad_request,
    cause,
    forbidden,
    invalid,
    not_found,
    success,
    too_many_requests,
    unclassified,
)
from ..store import Document, Stored
from . import write
from .bodies import decoded, in_namespace
from .call import Call, failure

if TYPE_CHECKING:
    from .api import Api

_REFUSAL: Final = "Cannot evict pod as it would violate the pod's disruption budget."
_SEVERAL: Final = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
_BREAKING: Final = "ignoreStoreReadErrorWithClusterBreakingPotential"
_DISRUPTED_MAX: Final = 2000
_ALLOWED: Final = "DisruptionAllowed"
_BUDGETS: Final = "poddisruptionbudgets"


def evict(api: Api, call: Call) -> Response:
    """Delete the pod that the Eviction names, and count it against its budget. Rejects with 429 what the budget does not allow."""
    # READ
    check_write_options("create", call.request.options)
    options, dry_run = _options(call, _eviction(api, call))
    pod = call.current()
    if pod is None:
        raise Rejected(not_found("", "pods", call.request.name))
    # CHECK
    budget = None if ignores_budgets(pod.document) else _budget(call, pod)
    unhealthy = budget is not None and not is_ready(pod.document) and may_be_unhealthy(budget.document)
    if budget is not None and not unhealthy:
        check_budget(budget.document)
        if not dry_run:
            _count(api, call, budget, pod.name)
    try:
        api.check_preconditions(call, pod, options)
    except Rejected as rejected:
        if budget is not None and unhealthy and not options.resource_version:
            return failure(_being_processed(budget.name), call.warnings)
        return failure(rejected.error, call.warnings)
    # CHANGE, RECORD
    if not dry_run:
        marked = marked_for_disruption(pod.document, call.now)
        stored = pod if api.is_noop(marked, pod) else call.txn.update("pods", pod, marked)
        finalize.delete_object(api, call, stored, attrs.evolve(options, uid="", resource_version=""))
    return Response(201, status=success(201), revision=call.store.revision, warnings=call.warnings)


def ignores_budgets(pod: Document) -> bool:
    """Whether a pod no longer (or not yet) counts: finished, pending or being deleted."""
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Succeeded", "Failed", "Pending") or bool(pod["metadata"].get("deletionTimestamp"))


def is_ready(pod: Document) -> bool:
    """Whether the pod's condition Ready is true."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def may_be_unhealthy(budget: Document) -> bool:
    """Whether the budget lets pods go that are not ready, without counting them."""
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    desired = status.get("desiredHealthy") or 0
    return desired > 0 and (status.get("currentHealthy") or 0) >= desired


def check_budget(budget: Document) -> None:
    """Reject an eviction that the budget does not allow, or that nobody can judge."""
    name, status = budget["metadata"]["name"], budget.get("status") or {}
    allowed = status.get("disruptionsAllowed") or 0
    if (status.get("observedGeneration") or 0) < (budget["metadata"].get("generation") or 0):
        raise Rejected(_being_processed(name))
    if allowed < 0:
        raise Rejected(forbidden("policy", "poddisruptionbudget", name, "pdb disruptions allowed is negative"))
    if len(status.get("disruptedPods") or ()) > _DISRUPTED_MAX:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise Rejected(forbidden("policy", "poddisruptionbudget", name, why))
    if allowed == 0:
        raise Rejected(too_many_requests(_REFUSAL, 0, (cause("DisruptionBudget", why_not(name, status)),)))


def why_not(name: str, status: Document) -> str:
    """Why a budget allows no disruption."""
    condition: Document = next((c for c in status.get("conditions") or () if c["type"] == _ALLOWED), {})
    said = condition.get("message") if condition.get("status") == "False" else ""
    current, desired = status.get("currentHealthy") or 0, status.get("desiredHealthy") or 0
    if said and condition.get("reason") == "SyncFailed":
        return f"The disruption budget {name} does not allow evicting pods currently because it failed sync: {said}"
    if current <= desired:
        return f"The disruption budget {name} needs {desired} healthy pods and has {current} currently"
    refusal = f"The disruption budget {name} does not allow evicting pods currently"
    return f"{refusal} ({condition.get('reason')}): {said}" if said else refusal


def counted(status: Document, pod: str, now: str) -> Document:
    """The status of a budget that has spent one of its disruptions on a pod."""
    left = status["disruptionsAllowed"] - 1
    made = {**status, "disruptionsAllowed": left, "disruptedPods": {**(status.get("disruptedPods") or {}), pod: now}}
    if left > 0:
        return made
    conditions = status.get("conditions") or []
    before = next((c for c in conditions if c["type"] == _ALLOWED), None)
    since = now if before is None or before["status"] != "False" else before["lastTransitionTime"]
    condition: Document = {
        "type": _ALLOWED,
        "status": "False",
        "lastTransitionTime": since,
        "reason": "InsufficientPods",
        "message": "",
    }
    if status.get("observedGeneration"):
        condition["observedGeneration"] = status["observedGeneration"]
    kept = [condition if c is before else c for c in conditions]
    return {**made, "conditions": kept if before is not None else [*kept, condition]}


def marked_for_disruption(pod: Document, now: str) -> Document:
    """The pod with the condition that says that it is being evicted."""
    status = pod.get("status") or {}
    conditions = status.get("conditions") or []
    before = next((c for c in conditions if c["type"] == "DisruptionTarget"), None)
    condition: Document = {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": now,
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    if before is None:
        return {**pod, "status": {**status, "conditions": [*conditions, condition]}}
    if before["status"] == "True":
        condition["lastTransitionTime"] = before.get("lastTransitionTime")
    if "observedGeneration" in before:
        condition["observedGeneration"] = before["observedGeneration"]
    if condition == before:
        return pod
    return {**pod, "status": {**status, "conditions": [condition if c is before else c for c in conditions]}}


def _eviction(api: Api, call: Call) -> Document:
    """The Eviction that was sent, in either of the versions that are accepted."""
    body = call.request.body
    if isinstance(body, dict) and body.get("apiVersion") == "policy/v1beta1":
        body = {**body, "apiVersion": "policy/v1"}
    eviction = decoded(api, call, body, "Eviction", "policy/v1")
    metadata = dict(eviction["metadata"])
    in_namespace(call, metadata)
    name = metadata.get("name") or ""
    if name != call.request.name:
        raise Rejected(bad_request("name in URL does not match name in Eviction object"))
    if (eviction.get("deleteOptions") or {}).get(_BREAKING):
        why = "Invalid value: true: can not be set for pod eviction, try after removing the option"
        causes = (cause("FieldValueInvalid", why, f"deleteOptions.{_BREAKING}"),)
        raise Rejected(invalid("policy", "Eviction", name, causes))
    api.namespace_gate(call, "CREATE", eviction)
    return eviction


def _options(call: Call, eviction: Document) -> tuple[DeleteOptions, bool]:
    """The options of the deletion, and whether it is only rehearsed. Rejects two different answers to that."""
    given = dict(eviction.get("deleteOptions") or {})
    asked = call.request.options.get("dryRun")
    of_request: list[Any] = [asked] if isinstance(asked, str) else list(asked or ())
    of_body: list[Any] = list(given.get("dryRun") or ())
    if of_request and of_body and of_request != of_body:
        listed = " and ".join(f"[{' '.join(values)}]" for values in (of_request, of_body))
        raise Rejected(unclassified(f"Non-matching dry-run options in request and content: {listed}"))
    return delete_options(given or None, {}), bool(of_request or of_body)


def _budget(call: Call, pod: Stored) -> Stored | None:
    """The budget that covers a pod, None if none does. Rejects a pod that several cover."""
    labels = pod.document["metadata"].get("labels") or {}
    budgets = call.store.collection(_BUDGETS).cache(_BUDGETS).all(call.request.namespace)
    found = [budget for budget in budgets if _covers(budget.document, labels)]
    if len(found) > 1:
        raise Rejected(unclassified(_SEVERAL))
    return found[0] if found else None


def _covers(budget: Document, labels: Document) -> bool:
    given = (budget.get("spec") or {}).get("selector")
    try:
        return selector.from_object(None if given is None else view(LabelSelector, given)).matches(labels)
    except selector.SelectorError:
        return False


def _being_processed(name: str) -> Any:
    why = cause("DisruptionBudget", f"The disruption budget {name} is still being processed by the server.")
    return too_many_requests(_REFUSAL, 10, (why,))


def _count(api: Api, call: Call, budget: Stored, pod: str) -> None:
    """Write the budget's new status, as the API server does as a client of itself."""
    document = budget.document
    body = {**document, "status": counted(document["status"], pod, call.now)}
    request = Request("update", _BUDGETS, call.request.namespace, budget.name, "status", body)
    inner = Call(call.store, request, api.resources[_BUDGETS], attrs.evolve(call.occasion, agent="kube-apiserver"))
    inner.opened = call.txn
    write.update(api, inner)
