"""The scale subresource: a workload's replicas as a Scale. Source: pkg/registry/apps/*/storage/storage.go, ScaleREST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ...core.wire import Response
from ...kinds import selector
from ...kinds.codec import view
from ...kinds.meta import LabelSelector
from .. import managed, schema
from ..apply import Applier
from ..crd.serving import Scale, value_at, with_value_at
from ..fieldset import EMPTY, FieldSet
from ..options import check_write_options
from ..registry import Resource
from ..status import Rejected, cause, conflict, go_quote, internal_error, invalid, not_found
from ..store import Document, Stored
from .bodies import applied, check_name, decoded, in_namespace, patched
from .call import Call
from .write import is_apply, replace

if TYPE_CHECKING:
    from .api import Api

KIND: Final = "Scale"
API_VERSION: Final = "autoscaling/v1"
_KEPT: Final = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(row: Resource, document: Document) -> Document:
    """The Scale of a workload, or of a custom resource. Rejects one that has no replicas where they should be."""
    if row.custom:
        return _of_custom(row, document)
    metadata, spec, status = document["metadata"], document["spec"], document.get("status") or {}
    replicas = spec.get("replicas", 0)
    given = spec.get("selector") or {}
    if document["kind"] == "ReplicationController":
        selected = selector.from_labels(given)
    else:
        selected = selector.from_object(view(LabelSelector, given))
    shown: Document = {"replicas": status.get("replicas", 0)}
    if str(selected):
        shown["selector"] = str(selected)
    return {
        "kind": KIND,
        "apiVersion": API_VERSION,
        "metadata": {name: metadata[name] for name in _KEPT if name in metadata},
        "spec": {"replicas": replicas} if replicas else {},
        "status": shown,
    }


def _of_custom(row: Resource, document: Document) -> Document:
    """Source: apiextensions-apiserver/pkg/registry/customresource/etcd.go, scaleFromCustomResource."""
    paths: Scale = row.definition.scale
    replicas = value_at(document, paths.spec)
    if not isinstance(replicas, int):
        raise Rejected(internal_error(f"the spec replicas field {go_quote(paths.texts[0])} does not exist"))
    shown: Document = {"replicas": value_at(document, paths.status) or 0}
    selected = value_at(document, paths.selector) if paths.selector else None
    if selected:
        shown["selector"] = selected
    return {
        "kind": KIND,
        "apiVersion": API_VERSION,
        "metadata": {name: document["metadata"][name] for name in _KEPT if name in document["metadata"]},
        "spec": {"replicas": replicas} if replicas else {},
        "status": shown,
    }


def replicas_path(row: Resource) -> FieldSet:
    """Where a resource has its replicas, as a set of one member."""
    path = row.definition.scale.spec if row.custom else ("spec", "replicas")
    made: FieldSet = EMPTY
    for part in reversed(path):
        made = {f"f:{part}": made}
    return made


def get_scale(api: Api, call: Call) -> Response:
    """The Scale of the object that the request names."""
    stored = call.current()
    if stored is None:
        raise Rejected(not_found(call.row.group, call.row.plural, call.request.name))
    return Response(200, document=scale_of(call.row, stored.document), revision=stored.revision)


def update_scale(api: Api, call: Call) -> Response:
    """Set the number of replicas to the body's."""
    check_write_options("update", call.request.options)
    scale = decoded(api, call, call.request.body, KIND, API_VERSION)
    metadata = dict(scale["metadata"])
    in_namespace(call, metadata)
    check_name(call, metadata)
    return _rescale(api, call, lambda stored: {**scale, "metadata": metadata}, metadata.get("uid", ""))


def patch_scale(api: Api, call: Call) -> Response:
    """Set the number of replicas to what the patch says."""
    check_write_options("patch", call.request.options)
    if is_apply(call):
        return _rescale(api, call, lambda stored: _applied(api, call, stored), "")
    return _rescale(
        api, call, lambda stored: patched(api, call, scale_of(call.row, stored.document), KIND, API_VERSION), ""
    )


def _applied(api: Api, call: Call, stored: Stored) -> Document:
    """The Scale with the request's configuration in it, and the managedFields that it has then."""
    manager = call.request.options.get("fieldManager") or ""
    who = Applier(schema.of_kind(KIND, API_VERSION), KIND, API_VERSION, manager, "scale", call.now)
    live = managed.with_entries(
        scale_of(call.row, stored.document), managed.scale_entries(stored.document, replicas_path(call.row))
    )
    document, entries = applied(api, call, who, live)
    metadata = {**document["metadata"], "managedFields": entries}
    return {**document, "metadata": metadata}


def _rescale(api: Api, call: Call, make: Any, uid: str) -> Response:
    def parent(stored: Stored | None) -> Document:
        assert stored is not None  # workloads are not created by their scale
        scale = make(stored)
        metadata, replicas = scale["metadata"], (scale.get("spec") or {}).get("replicas", 0)
        _check(call, scale, replicas, stored)
        document = stored.document
        kept = {name: value for name, value in document["metadata"].items() if name != "resourceVersion"}
        if metadata.get("resourceVersion"):
            kept["resourceVersion"] = metadata["resourceVersion"]
        rescaled = {**document, "metadata": kept}
        if call.row.custom:
            rescaled = with_value_at(rescaled, call.row.definition.scale.spec, replicas)
        else:
            rescaled["spec"] = {**document["spec"], "replicas": replicas}
        if is_apply(call):
            entries = managed.parent_entries(document, metadata["managedFields"], replicas_path(call.row))
            return managed.with_entries(rescaled, entries)
        return api.track_scale(call, rescaled, stored, replicas)

    response = replace(api, call, parent, uid)
    document = response.document if response.obj is None else response.obj.document
    return Response(
        response.code, document=scale_of(call.row, document), revision=response.revision, warnings=call.warnings
    )


def _check(call: Call, scale: Document, replicas: int, stored: Stored) -> None:
    uid = scale["metadata"].get("uid")
    if replicas < 0:
        text = f"Invalid value: {replicas}: must be greater than or equal to 0"
        why = cause("FieldValueInvalid", text, "spec.replicas")
        raise Rejected(invalid("autoscaling", KIND, stored.name, (why,)))
    if uid and uid != stored.uid:
        why_not = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {stored.uid}"
        raise Rejected(conflict(call.row.group, f"{call.row.plural}/scale", stored.name, why_not))
