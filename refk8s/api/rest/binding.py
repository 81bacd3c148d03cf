"""The binding subresource: assigning a pod to a node.

Source: pkg/registry/core/pod/storage/storage.go, BindingREST; plugin/pkg/admission/podtopologylabels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.wire import Response
from ..options import check_write_options
from ..status import Rejected, bad_request, conflict, not_found, success, unclassified
from ..store import Document
from .bodies import decoded, in_namespace
from .call import Call

if TYPE_CHECKING:
    from .api import Api


def bind(api: Api, call: Call) -> Response:
    """Assign a pod to the node that the Binding names, which need not exist. Rejects a pod that is assigned already."""
    # READ
    name = call.request.name
    check_write_options("create", call.request.options)
    binding = decoded(api, call, call.request.body, "Binding", "v1")
    metadata = dict(binding["metadata"])
    in_namespace(call, metadata)
    binding = api.admit_binding(call, {**binding, "metadata": metadata})
    metadata, target = binding["metadata"], binding.get("target") or {}
    if not name:
        name = metadata.get("name", "")
        call.key = f"{call.request.namespace}/{name}"
    # CHECK
    if metadata.get("name") != name:
        raise Rejected(bad_request("name in URL does not match name in Binding object"))
    _check_target(target)
    pod = call.current()
    if pod is None:
        raise Rejected(not_found("", "pods", name))
    api.check_binding_preconditions(call, pod, metadata)
    why = api.bind_check(pod.document)
    if why:
        raise Rejected(conflict("", "pods/binding", name, why))
    # CHANGE
    node = target["name"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    document = bound(pod.document, node, labels, annotations, call.now)
    # RECORD
    stored = call.txn.update("pods", pod, document)
    return Response(201, status=success(201), revision=stored.revision)


def _check_target(target: Document) -> None:
    errors = []
    if target.get("kind", "") not in ("", "Node"):
        errors.append(f'target.kind: Unsupported value: "{target["kind"]}": supported values: "Node", "<empty>"')
    if not target.get("name"):
        errors.append("target.name: Required value")
    if errors:
        raise Rejected(unclassified(errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"))


def unbindable(pod: Document) -> str:
    """Why a pod cannot be bound, or ""."""
    name, spec = pod["metadata"]["name"], pod["spec"]
    if pod["metadata"].get("deletionTimestamp"):
        return f"pod {name} is being deleted, cannot be assigned to a host"
    if spec.get("nodeName"):
        return f'pod {name} is already assigned to node "{spec["nodeName"]}"'
    if spec.get("schedulingGates"):
        return f"pod {name} has non-empty .spec.schedulingGates"
    return ""


def bound(pod: Document, node: str, labels: Document, annotations: Document, now: str) -> Document:
    """The pod on the node: with the binding's labels and annotations, no nomination, and the condition PodScheduled."""
    status = {name: value for name, value in pod["status"].items() if name != "nominatedNodeName"}
    conditions = status.get("conditions") or []
    before = next((entry for entry in conditions if entry["type"] == "PodScheduled"), None)
    since = now if before is None or before["status"] != "True" else before.get("lastTransitionTime")
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": since}
    if pod["metadata"].get("generation") and before is not None and "observedGeneration" in before:
        scheduled["observedGeneration"] = before["observedGeneration"]
    if before is None:
        status["conditions"] = [*conditions, scheduled]
    else:
        status["conditions"] = [scheduled if entry is before else entry for entry in conditions]
    made: dict[str, Any] = {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status}
    for field, added in (("labels", labels), ("annotations", annotations)):
        if added:
            metadata = made["metadata"]
            made["metadata"] = {**metadata, field: {**(metadata.get(field) or {}), **added}}
    return made
