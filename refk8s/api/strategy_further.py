"""The registry's preparation of the kinds beyond those that a running cluster always has; loaded with the first of them.

Source: pkg/registry/{apps,autoscaling,batch,core,discovery,networking,policy,rbac,storage}/*/strategy.go;
pkg/api/persistentvolumeclaim/util.go.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, Final

from refk8s.api import schema
from refk8s.api.crd import definition
from refk8s.api.default.decode import struct_normaliser
from refk8s.api.default.sharing import changed, each_under, with_value, without
from refk8s.api.default.workload import TEMPLATE_GENERATION
from refk8s.api.strategy import (
    accepted,
    counted,
    first_generation,
    restored,
    unchanged,
    ungated_template,
    with_metadata,
)
from refk8s.api.validate.semantic import semantically_equal
from refk8s.kinds.names import dns1123_subdomain

_TOPOLOGY: Final = "deprecatedTopology"
_HOST: Final = "kubernetes.io/hostname"

Doc = dict[str, Any]
Create = Callable[[Doc], Doc]
Update = Callable[[Doc, Doc], Doc]

LEGACY_JOB_LABELS: Final = ("job-name", "controller-uid")
JOB_LABELS: Final = ("batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid")


@cache
def _empty_status(kind: str) -> Doc:
    """The status of a new object as Go writes it; not to be changed."""
    status: Doc = struct_normaliser(schema.of_kind(kind).children["status"])({}, [])
    return status


def _reset(kind: str, doc: Doc) -> Doc:
    """A new object: no status yet."""
    return {**doc, "status": _empty_status(kind)}


def _counting(kind: str, doc: Doc) -> Doc:
    """As `_reset`, and the generation is counted from 1."""
    return first_generation(_reset(kind, doc))


def _update_status_kept(new: Doc, old: Doc) -> Doc:
    return restored(new, old, "status")


def _update_counted(new: Doc, old: Doc) -> Doc:
    return counted(restored(new, old, "status"), old, ("spec",))


# Workloads


def _create_stateful_set(stateful_set: Doc) -> Doc:
    stateful_set = _without_max_unavailable(stateful_set, None)
    return ungated_template(_counting("StatefulSet", stateful_set), None)


def _update_stateful_set(new: Doc, old: Doc) -> Doc:
    new = _without_max_unavailable(restored(new, old, "status"), old)
    return counted(ungated_template(new, old), old, ("spec",))


def _without_max_unavailable(new: Doc, old: Doc | None) -> Doc:
    """Gate MaxUnavailableStatefulSet is off: the field stays only where it was."""
    rolling = ((old or {"spec": {}})["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    if "maxUnavailable" in rolling:
        return new

    def strategy(found: Doc) -> Doc:
        return changed(found, "rollingUpdate", lambda rolling: without(rolling, "maxUnavailable"))

    return changed(new, "spec", lambda spec: changed(spec, "updateStrategy", strategy))


def _create_daemon_set(daemon_set: Doc) -> Doc:
    daemon_set = ungated_template(_counting("DaemonSet", daemon_set), None)
    return _with_template_generation(daemon_set, max(1, _template_generation(daemon_set)))


def _update_daemon_set(new: Doc, old: Doc) -> Doc:
    """No write sets the template's generation; it counts changes of the template."""
    new = ungated_template(restored(new, old, "status"), old)
    same = semantically_equal(new["spec"].get("template"), old["spec"].get("template"))
    new = _with_template_generation(new, _template_generation(old) + (not same))
    return counted(new, old, ("spec",))


def _template_generation(daemon_set: Doc) -> int:
    return int((daemon_set["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION, "0"))


def _with_template_generation(daemon_set: Doc, generation: int) -> Doc:
    metadata = daemon_set["metadata"]
    annotations = metadata.get("annotations") or {}
    if annotations.get(TEMPLATE_GENERATION) == str(generation):
        return daemon_set
    made = {**metadata, "annotations": {**annotations, TEMPLATE_GENERATION: str(generation)}}
    return with_metadata(daemon_set, made)


def _create_job(job: Doc) -> Doc:
    return ungated_template(first_generation(_selecting({**job, "status": _empty_status("Job")})), None)


def _update_job(new: Doc, old: Doc) -> Doc:
    return counted(ungated_template(restored(new, old, "status"), old), old, ("spec",))


def _selecting(job: Doc) -> Doc:
    """A Job without a selector of its own selects its pods by its uid; labels that it took from its template stay those of the template."""
    spec, metadata = job["spec"], job["metadata"]
    if spec.get("manualSelector"):
        return job
    template = spec.get("template") or {}
    template_metadata = template.get("metadata") or {}
    given = template_metadata.get("labels")
    own = {"job-name": metadata.get("name") or "", "controller-uid": metadata.get("uid") or ""}
    labels = dict(given or {})
    for prefix in ("", "batch.kubernetes.io/"):
        for key, value in own.items():
            labels.setdefault(prefix + key, value)
    if given is not None and metadata.get("labels") is given:
        metadata = {**metadata, "labels": labels}
    selector = spec.get("selector") or {}
    wanted = {JOB_LABELS[1]: own["controller-uid"], **(selector.get("matchLabels") or {})}
    spec = {
        **spec,
        "selector": {**selector, "matchLabels": wanted},
        "template": {**template, "metadata": {**template_metadata, "labels": labels}},
    }
    return {**job, "metadata": metadata, "spec": spec}


def _create_cron_job(cron_job: Doc) -> Doc:
    return _ungated_job_template(_counting("CronJob", cron_job), None)


def _update_cron_job(new: Doc, old: Doc) -> Doc:
    return counted(_ungated_job_template(restored(new, old, "status"), old), old, ("spec",))


def _ungated_job_template(new: Doc, old: Doc | None) -> Doc:
    """As `ungated_template`, for the template within the job template."""
    before = None if old is None else old["spec"].get("jobTemplate")

    def job(template: Doc) -> Doc:
        return ungated_template(template, before)

    return changed(new, "spec", lambda spec: changed(spec, "jobTemplate", job))


def _create_controller(controller: Doc) -> Doc:
    return ungated_template(_counting("ReplicationController", controller), None)


def _create_pod_template(template: Doc) -> Doc:
    return first_generation(_ungated_pod_template(template, None))


def _update_pod_template(new: Doc, old: Doc) -> Doc:
    return counted(_ungated_pod_template(new, old), old, ("template",))


def _ungated_pod_template(new: Doc, old: Doc | None) -> Doc:
    before = None if old is None else {"spec": old}
    made = ungated_template({"spec": new}, before)
    changed_template: Doc = made["spec"]
    return changed_template


# Storage


def _create_volume(volume: Doc) -> Doc:
    status, since = {"phase": "Pending"}, volume["metadata"].get("creationTimestamp")
    return {**volume, "status": {**status, "lastPhaseTransitionTime": since} if since else status}


def dated_phase(new: Doc, old: Doc, now: str) -> Doc:
    """A PersistentVolume whose status says since when it is in its phase."""
    status, before, key = new.get("status") or {}, old.get("status") or {}, "lastPhaseTransitionTime"
    since = status.get(key)
    if status.get("phase") == before.get("phase"):
        since = since or before.get(key)
    elif since is None or since == before.get(key):
        since = now
    return new if since is None or since == status.get(key) else {**new, "status": {**status, key: since}}


def _create_claim(claim: Doc) -> Doc:
    return _with_sources(_reset("PersistentVolumeClaim", claim), None)


def _update_claim(new: Doc, old: Doc) -> Doc:
    return _with_sources(restored(new, old, "status"), old)


def _with_sources(claim: Doc, old: Doc | None) -> Doc:
    """The two fields for the source of a claim's data agree; only dataSourceRef takes any kind.

    Gate CrossNamespaceVolumeDataSource is off: a reference into another namespace is dropped.
    """
    before = (old or {}).get("spec") or {}
    spec = claim.get("spec") or {}
    if (spec.get("dataSourceRef") or {}).get("namespace") and "dataSourceRef" not in before:
        spec = without(spec, "dataSourceRef")
    if "dataSource" in spec and not ("dataSource" in before or "dataSourceRef" in before):
        source = spec["dataSource"]
        known = (("PersistentVolumeClaim", ""), ("VolumeSnapshot", "snapshot.storage.k8s.io"))
        if "dataSourceRef" not in spec and (source.get("kind"), source.get("apiGroup") or "") not in known:
            spec = without(spec, "dataSource")
    if "dataSource" in spec and "dataSourceRef" not in spec:
        spec = {**spec, "dataSourceRef": spec["dataSource"]}
    elif "dataSourceRef" in spec and "dataSource" not in spec and not spec["dataSourceRef"].get("namespace"):
        spec = {**spec, "dataSource": without(spec["dataSourceRef"], "namespace")}
    return with_value(claim, "spec", spec) if "spec" in claim else claim


# Others


def _without_topology(new: Doc, old: Doc) -> Doc:
    """A slice without the topology of v1beta1; a node that it named before, and still does, becomes the endpoint's node."""
    found = [(endpoint.get(_TOPOLOGY) or {}).get(_HOST) for endpoint in old.get("endpoints") or ()]

    def endpoint(given: Doc) -> Doc:
        name = (given.get(_TOPOLOGY) or {}).get(_HOST)
        if given.get("nodeName") is None and name and name in found and not dns1123_subdomain(name):
            given = with_value(given, "nodeName", name)
        return without(given, _TOPOLOGY)

    return each_under(new, "endpoints", endpoint)


def _update_endpoint_slice(new: Doc, old: Doc) -> Doc:
    """The generation counts changes of anything but metadata, and of labels."""
    parts = ("addressType", "endpoints", "ports")
    if not semantically_equal(new.get("endpoints"), old.get("endpoints")):
        new = _without_topology(new, old)
    if (new["metadata"].get("labels") or {}) != (old["metadata"].get("labels") or {}):
        generation = (old["metadata"].get("generation") or 0) + 1
        return with_metadata(new, {**new["metadata"], "generation": generation})
    return counted(new, old, parts)


CREATE: Final[dict[str, Create]] = {
    "StatefulSet": _create_stateful_set,
    "DaemonSet": _create_daemon_set,
    "ControllerRevision": unchanged,
    "Job": _create_job,
    "CronJob": _create_cron_job,
    "PodDisruptionBudget": partial(_counting, "PodDisruptionBudget"),
    "HorizontalPodAutoscaler": partial(_reset, "HorizontalPodAutoscaler"),
    "ReplicationController": _create_controller,
    "PodTemplate": _create_pod_template,
    "Endpoints": unchanged,
    "EndpointSlice": lambda doc: first_generation(_without_topology(doc, {})),
    "PersistentVolume": _create_volume,
    "PersistentVolumeClaim": _create_claim,
    "StorageClass": unchanged,
    "Ingress": partial(_counting, "Ingress"),
    "IngressClass": first_generation,
    "NetworkPolicy": first_generation,
    "Role": unchanged,
    "ClusterRole": unchanged,
    "RoleBinding": unchanged,
    "ClusterRoleBinding": unchanged,
    "ResourceQuota": partial(_reset, "ResourceQuota"),
    "LimitRange": unchanged,
    "CustomResourceDefinition": definition.prepare_create,
}
UPDATE: Final[dict[str, Update]] = {
    "StatefulSet": _update_stateful_set,
    "DaemonSet": _update_daemon_set,
    "ControllerRevision": accepted,
    "Job": _update_job,
    "CronJob": _update_cron_job,
    "PodDisruptionBudget": _update_counted,
    "HorizontalPodAutoscaler": _update_status_kept,
    "ReplicationController": _update_job,
    "PodTemplate": _update_pod_template,
    "Endpoints": accepted,
    "EndpointSlice": _update_endpoint_slice,
    "PersistentVolume": _update_status_kept,
    "PersistentVolumeClaim": _update_claim,
    "StorageClass": accepted,
    "Ingress": _update_counted,
    "IngressClass": lambda new, old: counted(new, old, ("spec",)),
    "NetworkPolicy": lambda new, old: counted(new, old, ("spec",)),
    "Role": accepted,
    "ClusterRole": accepted,
    "RoleBinding": accepted,
    "ClusterRoleBinding": accepted,
    "ResourceQuota": _update_status_kept,
    "LimitRange": accepted,
    "CustomResourceDefinition": definition.prepare_update,
}
STATUS: Final[dict[str, Update]] = dict.fromkeys(
    (
        *("StatefulSet", "DaemonSet", "Job", "CronJob", "PodDisruptionBudget", "HorizontalPodAutoscaler"),
        *("ReplicationController", "PersistentVolumeClaim", "Ingress", "ResourceQuota", "PersistentVolume"),
        "CustomResourceDefinition",
    ),
    accepted,
)
