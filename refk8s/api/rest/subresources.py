"""Scale, binding, and deletion of collections.

Source: pkg/registry/core/pod/storage/storage.go, BindingREST; pkg/registry/apps/*/storage, ScaleREST; generic store, DeleteCollection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.wire import Response
from .. import finalize
from ..patch import PatchError, apply_patch, patch_status
from ..status import Rejected, bad_request, conflict, not_found, precondition_failed, success
from ..store import Document, Stored
from . import write
from .call import Call

if TYPE_CHECKING:
    from .api import Api


def bind(api: Api, call: Call) -> Response:
    """Assign a pod to a node."""
    # READ
    body, name = call.request.body, call.request.name
    metadata = body.get("metadata") or {}
    if metadata.get("name") != name:
        raise Rejected(bad_request("name in URL does not match name in Binding object"))
    pod = call.current()
    # CHECK
    if pod is None:
        raise Rejected(not_found("", "pods", name))
    for field, wanted, actual in (
        ("UID", metadata.get("uid"), pod.uid),
        ("ResourceVersion", metadata.get("resourceVersion"), str(pod.revision)),
    ):
        if wanted and wanted != actual:
            key = f"/registry/pods/{call.key}"
            raise Rejected(precondition_failed("", "pods", name, key=key, field=field, wanted=wanted, actual=actual))
    why = api.bind_check(call, pod.document)
    if why:
        raise Rejected(conflict("", "pods/binding", name, why))
    # CHANGE
    document = bound(pod.document, (body.get("target") or {}).get("name", ""), metadata, call.now)
    document = api.track(call, document, pod)
    # RECORD
    stored = call.txn.update("pods", pod, document)
    return Response(201, status=success(201), revision=stored.revision)


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


def bound(pod: Document, node: str, binding: Document, now: str) -> Document:
    """The pod on the node, with the binding's labels and annotations and the condition PodScheduled."""
    status = {name: value for name, value in pod["status"].items() if name != "nominatedNodeName"}
    conditions = status.get("conditions") or []
    before = next((entry for entry in conditions if entry["type"] == "PodScheduled"), None)
    if before is None or before["status"] != "True":
        scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
    else:
        scheduled = {
            "type": "PodScheduled",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": before.get("lastTransitionTime"),
        }
    if before is None:
        status["conditions"] = [*conditions, scheduled]
    else:
        status["conditions"] = [scheduled if entry is before else entry for entry in conditions]
    made = {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status}
    for field in ("labels", "annotations"):
        if binding.get(field):
            metadata = made["metadata"]
            made["metadata"] = {**metadata, field: {**(metadata.get(field) or {}), **binding[field]}}
    return made


def scale_of(stored: Stored) -> Document:
    """The Scale of a workload."""
    document = stored.document
    metadata, spec, status = document["metadata"], document["spec"], document.get("status") or {}
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    scale: Document = {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: metadata[name] for name in kept if name in metadata},
        "spec": {},
        "status": {"replicas": status.get("replicas", 0)},
    }
    if spec.get("replicas"):
        scale["spec"]["replicas"] = spec["replicas"]
    labels = (spec.get("selector") or {}).get("matchLabels") or {}
    text = ",".join(f"{name}={labels[name]}" for name in sorted(labels))
    if text:
        scale["status"]["selector"] = text
    return scale


def get_scale(api: Api, call: Call) -> Response:
    """The Scale of the object that the request names."""
    stored = call.current()
    if stored is None:
        raise Rejected(not_found(call.row.group, f"{call.row.plural}/scale", call.request.name))
    return Response(200, document=scale_of(stored), revision=stored.revision)


def update_scale(api: Api, call: Call) -> Response:
    """Set the number of replicas to the body's."""
    return _rescale(api, call, lambda scale: call.request.body)


def patch_scale(api: Api, call: Call) -> Response:
    """Set the number of replicas to what the patch says."""
    patch_type = call.request.options.get("patchType", "strategic")

    def make(scale: Document) -> Any:
        try:
            return apply_patch(patch_type, "autoscaling/v1/Scale", scale, call.request.body)
        except PatchError as error:
            raise Rejected(patch_status(patch_type, error)) from None

    return _rescale(api, call, make)


def _rescale(api: Api, call: Call, make: Any) -> Response:
    old = call.current()
    if old is None:
        raise Rejected(not_found(call.row.group, call.row.plural, call.request.name))
    scale = make(scale_of(old))
    metadata = scale.get("metadata") or {}
    version = {"resourceVersion": metadata["resourceVersion"]} if metadata.get("resourceVersion") else {}
    replicas = (scale.get("spec") or {}).get("replicas") or 0

    def document(stored: Stored | None) -> Document:
        assert stored is not None
        kept = {name: value for name, value in stored.document["metadata"].items() if name != "resourceVersion"}
        return {
            **stored.document,
            "metadata": {**kept, **version},
            "spec": {**stored.document["spec"], "replicas": replicas},
        }

    response = write.replace(api, call, document, metadata.get("uid", ""))
    return Response(response.code, document=scale_of(response.obj), revision=response.revision)


def delete_collection(api: Api, call: Call) -> Response:
    """Delete each object that the selectors select, in the order of their keys."""
    found = call.txn.collection(call.row.plural).cache(call.row.plural).all(call.request.namespace)
    matches = api.selection(call)
    options = api.delete_options(call)
    gone = [stored for stored in found if matches is None or matches(stored.document)]
    for stored in gone:
        finalize.delete_object(api, call, stored, options)
    return Response(200, items=tuple(gone), revision=call.txn.revision)
