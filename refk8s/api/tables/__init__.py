"""Tables: what a client that asks for `as=Table` gets, with the columns of the real server, wide ones included (priority 1).

`columns.json` holds the columns of each kind; `tests/tools/build_tables.py` derives it from upstream's printers and their descriptions of fields. Kinds
without printers, such as Role, get a name and a time of creation; custom resources the columns that their definition lists.
Source: pkg/printers/internalversion/printers.go; apiserver/pkg/registry/rest/table.go; endpoints/handlers/response.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson

from ..default.sharing import without
from ..default.workload import TEMPLATE_GENERATION
from ..status import Rejected, bad_request, go_quote
from . import objects, pods, workloads

Doc = dict[str, Any]
Cells = Callable[[Doc, int], list[Any]]

INCLUDE: Final = ("", "Metadata", "Object", "None")
API_VERSION: Final = "meta.k8s.io/v1"

_CELLS: Final[Mapping[str, Cells]] = {
    "Pod": pods.cells,
    "Node": objects.node,
    "Namespace": objects.namespace,
    "ConfigMap": objects.config_map,
    "Secret": objects.secret,
    "Service": objects.service,
    "ServiceAccount": objects.plain,
    "Event": objects.event,
    "Endpoints": objects.endpoints,
    "EndpointSlice": objects.endpoint_slice,
    "PersistentVolume": objects.persistent_volume,
    "PersistentVolumeClaim": objects.persistent_volume_claim,
    "StorageClass": objects.storage_class,
    "VolumeAttachment": objects.volume_attachment,
    "CSINode": objects.csi_node,
    "CSIDriver": objects.csi_driver,
    "Ingress": objects.ingress,
    "IngressClass": objects.ingress_class,
    "NetworkPolicy": objects.network_policy,
    "ReplicaSet": workloads.replica_set,
    "Deployment": workloads.deployment,
    "StatefulSet": workloads.stateful_set,
    "DaemonSet": workloads.daemon_set,
    "ControllerRevision": workloads.controller_revision,
    "Job": workloads.job,
    "CronJob": workloads.cron_job,
    "PodDisruptionBudget": workloads.pod_disruption_budget,
    "PodTemplate": workloads.pod_template,
    "ReplicationController": workloads.replication_controller,
    "HorizontalPodAutoscaler": workloads.horizontal_pod_autoscaler,
    "Scale": workloads.scale,
    "PriorityClass": objects.priority_class,
    "Lease": objects.lease,
    "ResourceQuota": objects.resource_quota,
    "RoleBinding": objects.role_binding,
    "ClusterRoleBinding": objects.role_binding,
}


def check_include(include: str) -> None:
    """Reject another value of `includeObject` than those of INCLUDE."""
    if include not in INCLUDE:
        text = f"Invalid value: {go_quote(include)}: must be 'Metadata', 'Object', 'None', or empty"
        raise Rejected(bad_request(f"Unable to convert to Table as requested: includeObject: {text}"))


def table(
    kind: str,
    documents: Sequence[Doc],
    metadata: Doc,
    now_ms: int,
    *,
    include: str = "",
    headers: bool = True,
    printer: tuple[Sequence[Doc], Cells] | None = None,
) -> Doc:
    """The Table of some objects of a kind; `metadata` is the list's.

    `include`: how much of each object its row carries (see INCLUDE); `headers`: whether the columns are defined; `printer`: (columns, cells) in place of the
    kind's own. Times are shown as of `now_ms`.
    """
    columns, cells = printer or _printer(kind)
    rows = []
    for document in documents:
        row: Doc = {"cells": cells(document, now_ms)}
        if kind == "Pod" and (conditions := pods.conditions(document)):
            row["conditions"] = conditions
        rows.append({**row, "object": _object(document, include)})
    shown = list(columns) if headers else None
    return {"kind": "Table", "apiVersion": API_VERSION, "metadata": metadata, "columnDefinitions": shown, "rows": rows}


def _printer(kind: str) -> tuple[Sequence[Doc], Cells]:
    cells = _CELLS.get(kind)
    if cells is not None:
        return _columns()[kind], cells
    name, created = (
        column("Name", "string", described("Name"), form="name"),
        column("Created At", "date", described("Age")),
    )
    return (name, created), _created


def _object(document: Doc, include: str) -> Doc | None:
    if include == "None":
        return None
    if include == "Object":
        return document
    return {"kind": "PartialObjectMetadata", "apiVersion": API_VERSION, "metadata": internal_metadata(document)}


def internal_metadata(document: Doc) -> Doc:
    """The metadata of an object as the API server holds it: the annotation of a DaemonSet that stands for a field is none there."""
    metadata: Doc = document["metadata"]
    annotations = metadata.get("annotations")
    if document.get("kind") != "DaemonSet" or not annotations or TEMPLATE_GENERATION not in annotations:
        return metadata
    kept = without(annotations, TEMPLATE_GENERATION)
    return {**metadata, "annotations": kept} if kept else without(metadata, "annotations")


def _created(document: Doc, now_ms: int) -> list[Any]:
    return [workloads.name_of(document), document["metadata"].get("creationTimestamp") or "0001-01-01T00:00:00Z"]


@lru_cache(maxsize=1)
def _columns() -> dict[str, list[Doc]]:
    found: dict[str, list[Doc]] = orjson.loads(Path(__file__).with_name("columns.json").read_bytes())
    return found


def described(name: str, kind: str = "Namespace") -> str:
    """The description that a column of a kind carries, by its name."""
    return str(next(column["description"] for column in _columns()[kind] if column["name"] == name))


def column(name: str, kind: str, description: str, *, form: str = "", priority: int = 0) -> Doc:
    """The definition of one column."""
    return {"name": name, "type": kind, "format": form, "description": description, "priority": priority}
