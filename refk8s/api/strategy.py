"""The registry's preparation: what a write may not decide by itself.

Status is kept apart from spec, generations are counted, fields behind gates that are off are dropped. Pure functions on
canonical documents (`refk8s.api.default`), run after admission and before validation. The metadata that every kind
treats alike (uid, creation and deletion timestamps, generation) is kept from the old object here too.
Source: pkg/registry/{core,apps,coordination,scheduling}/*/strategy.go; apiserver/pkg/registry/rest/update.go,
BeforeUpdate; pkg/api/pod/util.go, DropDisabledPodFields.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import orjson

from refk8s.api.default import complete
from refk8s.api.default.objects import NAME_LABEL
from refk8s.api.default.pod import CONTAINERS
from refk8s.api.default.sharing import changed, each_under, with_value, without
from refk8s.api.strategy_pod import app_armor_warnings, gated, labelled_keys, with_app_armor
from refk8s.api.strategy_service import without_former_type
from refk8s.api.validate.semantic import semantically_equal
from refk8s.kinds.codec import view
from refk8s.kinds.pod import Pod
from refk8s.kinds.resources import compute_qos

__all__ = [
    "as_read_back",
    "preparation_warnings",
    "prepare_create",
    "prepare_ephemeral_containers_update",
    "prepare_finalize_update",
    "prepare_status_update",
    "prepare_update",
    "with_kept_metadata",
]

Doc = dict[str, Any]


def prepare_create(kind: str, doc: Doc) -> Doc:
    """A new object with its initial status and generation. KeyError: unknown kind."""
    made: Doc = _table(_CREATE, kind)[kind](doc)
    return made


def as_read_back(kind: str, doc: Doc) -> Doc:
    """A new object as the store gives it back: defaults are filled in once more, after the registry's preparation.

    A Job takes labels that its template got, a claim the first phase; other kinds have nothing left to fill in.
    """
    return complete(kind, doc) if kind in _FILLED_IN_LATER else doc


_FILLED_IN_LATER = frozenset({"Job", "PersistentVolumeClaim"})


def preparation_warnings(kind: str, doc: Doc) -> tuple[str, ...]:
    """What `prepare_create` has to remark on the document, also if validation then refuses it."""
    return app_armor_warnings(doc) if kind == "Pod" else ()


def prepare_update(kind: str, new: Doc, old: Doc) -> Doc:
    """A changed object with the old status, its generation raised where upstream raises it. KeyError: unknown kind."""
    return with_kept_metadata(_table(_UPDATE, kind)[kind](_with_generation(new, old), old), old)


def prepare_status_update(kind: str, new: Doc, old: Doc, now: str = "") -> Doc:
    """A write to the `status` subresource, at time `now`, with the old spec. KeyError: unknown kind, or no such subresource."""
    new = _with_generation(new, old)
    if kind == "PersistentVolume" and now:
        from refk8s.api.strategy_further import dated_phase

        new = dated_phase(new, old, now)
    return with_kept_metadata(_table(_STATUS, kind)[kind](restored(new, old, "spec"), old), old)


def _table(table: dict[str, Any], kind: str) -> dict[str, Any]:
    """The table with the rows of the kinds beyond the first ones, which are loaded when one of them is asked for."""
    if kind not in _CREATE:
        from refk8s.api import strategy_further

        _CREATE.update(strategy_further.CREATE)
        _UPDATE.update(strategy_further.UPDATE)
        _STATUS.update(strategy_further.STATUS)
    return table


def prepare_finalize_update(new: Doc, old: Doc) -> Doc:
    """A write to a Namespace's `finalize` subresource, with the old status."""
    return with_kept_metadata(restored(_with_generation(new, old), old, "status"), old)


def prepare_ephemeral_containers_update(new: Doc, old: Doc) -> Doc:
    """A write to a Pod's `ephemeralcontainers` subresource: nothing else changes."""
    keys = ("deletionTimestamp", "generation", "labels", "annotations", "finalizers", "ownerReferences")
    metadata = new["metadata"]
    for key in keys:
        metadata = restored(metadata, old["metadata"], key)
    spec = restored(old["spec"], new["spec"], "ephemeralContainers")
    pod = restored({**new, "metadata": metadata, "spec": spec}, old, "status")
    return with_kept_metadata(counted(_without_gated(pod, old), old, ("spec",)), old)


def restored(doc: Doc, old: Doc, key: str) -> Doc:
    """`doc` with the entry that `old` has under `key`, or without one."""
    return with_value(doc, key, old[key]) if key in old else without(doc, key)


def with_metadata(doc: Doc, metadata: Doc) -> Doc:
    """`doc` with other metadata."""
    return doc if metadata is doc["metadata"] else {**doc, "metadata": metadata}


def _with_generation(new: Doc, old: Doc) -> Doc:
    """No request sets the generation."""
    return with_metadata(new, restored(new["metadata"], old["metadata"], "generation"))


def with_kept_metadata(new: Doc, old: Doc) -> Doc:
    """What an update cannot change stays, without a complaint."""
    metadata, before = new["metadata"], old["metadata"]
    if not metadata.get("uid"):
        metadata = restored(metadata, before, "uid")
    for key in ("creationTimestamp", "deletionTimestamp"):
        if before.get(key):
            metadata = with_value(metadata, key, before[key])
    key = "deletionGracePeriodSeconds"
    if before.get(key) is not None and metadata.get(key) is None:
        metadata = with_value(metadata, key, before[key])
    return with_metadata(new, metadata)


def counted(new: Doc, old: Doc, keys: tuple[str, ...], *, annotations: bool = False) -> Doc:
    """The generation counts changes of the given parts, and of annotations if asked."""
    same = all(semantically_equal(new.get(key), old.get(key)) for key in keys)
    if annotations:
        same = same and new["metadata"].get("annotations") == old["metadata"].get("annotations")
    if same:
        return new
    generation = (old["metadata"].get("generation") or 0) + 1
    return with_metadata(new, with_value(new["metadata"], "generation", generation))


def first_generation(doc: Doc) -> Doc:
    """A new object whose generation is counted from 1."""
    return with_metadata(doc, {**doc["metadata"], "generation": 1})


def unchanged(doc: Doc) -> Doc:
    """A new object of which nothing is changed."""
    return doc


def accepted(new: Doc, old: Doc) -> Doc:
    """A changed object as it was sent."""
    return new


# Pods


def _create_pod(pod: Doc) -> Doc:
    pod = first_generation(pod)
    qos = (pod.get("status") or {}).get("qosClass") or _qos(pod["spec"])  # as upstream: a class that was sent is taken
    pod = {**pod, "status": {"phase": "Pending", "qosClass": qos}}
    return with_app_armor(labelled_keys(gated(_without_gated(pod, None))))


def _qos(spec: Doc) -> str:
    parts = {kind: [{"resources": c["resources"]} for c in spec.get(kind) or ()] for kind in CONTAINERS[:2]}
    return _known_qos(orjson.dumps({**parts, "resources": spec.get("resources")}))


@lru_cache(maxsize=1024)
def _known_qos(key: bytes) -> str:
    return compute_qos(view(Pod, {"spec": orjson.loads(key)}))


def _update_pod(new: Doc, old: Doc) -> Doc:
    return counted(_without_gated(restored(new, old, "status"), old), old, ("spec",))


def _update_pod_status(new: Doc, old: Doc) -> Doc:
    metadata = without(new["metadata"], "deletionTimestamp")
    new = with_metadata(new, restored(metadata, old["metadata"], "ownerReferences"))
    status, before = new.get("status") or {}, old.get("status") or {}
    for key in ("qosClass", "observedGeneration"):
        if not status.get(key) and before.get(key):
            status = with_value(status, key, before[key])
    if not before.get("nodeAllocatableResourceClaimStatuses"):  # gate DRANodeAllocatableResources is off
        status = without(status, "nodeAllocatableResourceClaimStatuses")
    return with_value(new, "status", _observed_conditions(status, before))


def _observed_conditions(status: Doc, before: Doc) -> Doc:
    """A condition keeps the generation it was observed at until a newer one is given."""
    earlier: dict[str, list[int]] = {}
    for condition in before.get("conditions") or ():
        earlier.setdefault(condition["type"], []).append(condition.get("observedGeneration") or 0)
    if not any(any(generations) for generations in earlier.values()):
        return status

    def observed(condition: Doc) -> Doc:
        generations = earlier.get(condition["type"])
        generation = generations.pop(0) if generations else 0
        if condition.get("observedGeneration") or not generation:
            return condition
        return {**condition, "observedGeneration": generation}

    return each_under(status, "conditions", observed)


def _without_gated(pod: Doc, old: Doc | None) -> Doc:
    spec = drop_gated(pod["spec"], None if old is None else old["spec"])
    return pod if spec is pod["spec"] else {**pod, "spec": spec}


def drop_gated(spec: Doc, old: Doc | None) -> Doc:
    """A pod spec without the fields of alpha gates, unless the old spec has them already.

    Gates: GenericWorkload, ClusterTrustBundleProjection, PodCertificateRequest, ContainerStopSignals.
    """
    if spec is old:
        return spec
    if "schedulingGroup" in spec and "schedulingGroup" not in (old or {}):
        spec = without(spec, "schedulingGroup")
    for projection in ("clusterTrustBundle", "podCertificate"):
        if _projects(spec, projection) and not _projects(old or {}, projection):
            spec = each_under(spec, "volumes", partial(_unprojected, projection))
    if _signals(spec) and not _signals(old or {}):
        for kind in CONTAINERS:
            spec = each_under(spec, kind, _without_signal)
    return spec


def _projects(spec: Doc, projection: str) -> bool:
    volumes = (volume.get("projected") or {} for volume in spec.get("volumes") or ())
    return any(projection in source for volume in volumes for source in volume.get("sources") or ())


def _unprojected(projection: str, volume: Doc) -> Doc:
    def projected(source: Doc) -> Doc:
        return each_under(source, "sources", lambda item: without(item, projection))

    return changed(volume, "projected", projected)


def _signals(spec: Doc) -> bool:
    return any("stopSignal" in (c.get("lifecycle") or {}) for kind in CONTAINERS for c in spec.get(kind) or ())


def _without_signal(container: Doc) -> Doc:
    if "stopSignal" not in (container.get("lifecycle") or {}):
        return container
    rest = without(container["lifecycle"], "stopSignal")
    return {**container, "lifecycle": rest} if rest else without(container, "lifecycle")


# Workloads


def ungated_template(doc: Doc, old: Doc | None) -> Doc:
    """A workload whose template has no fields of alpha gates."""
    template = doc["spec"].get("template") or {}
    before = None if old is None else (old["spec"].get("template") or {}).get("spec")
    spec = template.get("spec") or {}
    kept = drop_gated(spec, before)
    if kept is spec:
        return doc
    return {**doc, "spec": {**doc["spec"], "template": {**template, "spec": kept}}}


def _create_deployment(deployment: Doc) -> Doc:
    return ungated_template(first_generation({**deployment, "status": {}}), None)


def _update_deployment(new: Doc, old: Doc) -> Doc:
    new = ungated_template(restored(new, old, "status"), old)
    return counted(new, old, ("spec",), annotations=True)


def _update_deployment_status(new: Doc, old: Doc) -> Doc:
    return with_metadata(new, restored(new["metadata"], old["metadata"], "labels"))


def _create_replica_set(replica_set: Doc) -> Doc:
    return ungated_template(first_generation({**replica_set, "status": {"replicas": 0}}), None)


def _update_replica_set(new: Doc, old: Doc) -> Doc:
    return counted(ungated_template(restored(new, old, "status"), old), old, ("spec",))


# Other kinds


def _create_namespace(namespace: Doc) -> Doc:
    spec = namespace.get("spec") or {}
    finalizers = spec.get("finalizers") or []
    if "kubernetes" not in finalizers:
        spec = {**spec, "finalizers": [*finalizers, "kubernetes"]}
    return _labelled({**namespace, "spec": spec, "status": {"phase": "Active"}})


def _update_namespace(new: Doc, old: Doc) -> Doc:
    spec = restored(new.get("spec") or {}, old.get("spec") or {}, "finalizers")
    return _labelled(restored(with_value(new, "spec", spec), old, "status"))


def _labelled(namespace: Doc) -> Doc:
    """Every namespace carries its name as a label."""
    metadata = namespace["metadata"]
    labels = metadata.get("labels") or {}
    if labels.get(NAME_LABEL) == metadata.get("name"):
        return namespace
    return with_metadata(namespace, {**metadata, "labels": {**labels, NAME_LABEL: metadata.get("name") or ""}})


def _create_node(node: Doc) -> Doc:
    node = changed(node, "spec", lambda spec: without(spec, "configSource"))
    return changed(node, "status", lambda status: without(status, "config"))


def _update_node(new: Doc, old: Doc) -> Doc:
    new = restored(new, old, "status")
    if (old.get("spec") or {}).get("configSource") is not None:
        return new
    return changed(new, "spec", lambda spec: without(spec, "configSource"))


def _update_node_status(new: Doc, old: Doc) -> Doc:
    if (old.get("status") or {}).get("config") is not None:
        return new
    return changed(new, "status", lambda status: without(status, "config"))


def _create_service(service: Doc) -> Doc:
    return {**service, "status": {"loadBalancer": {}}}


def _update_service(new: Doc, old: Doc) -> Doc:
    return without_former_type(restored(new, old, "status"), old)


def _create_account(account: Doc) -> Doc:
    return each_under(account, "secrets", _name_only)


def _update_account(new: Doc, old: Doc) -> Doc:
    return _create_account(new)


def _name_only(reference: Doc) -> Doc:
    if all(key == "name" for key in reference):
        return reference
    return {"name": reference["name"]} if "name" in reference else {}


def _create_lease(lease: Doc) -> Doc:
    return changed(lease, "spec", lambda spec: without(spec, "strategy", "preferredHolder"))


def _update_lease(new: Doc, old: Doc) -> Doc:
    """The fields of coordinated leader election, a gate that is off, stay only where they were."""
    before = old.get("spec") or {}
    dropped = [key for key in ("strategy", "preferredHolder") if key not in before]
    return changed(new, "spec", lambda spec: without(spec, *dropped))


_CREATE: dict[str, Callable[[Doc], Doc]] = {
    "Pod": _create_pod,
    "Node": _create_node,
    "Namespace": _create_namespace,
    "ReplicaSet": _create_replica_set,
    "Deployment": _create_deployment,
    "ConfigMap": unchanged,
    "Secret": unchanged,
    "Service": _create_service,
    "ServiceAccount": _create_account,
    "Lease": _create_lease,
    "Event": unchanged,
    "PriorityClass": first_generation,
}
_UPDATE: dict[str, Callable[[Doc, Doc], Doc]] = {
    "Pod": _update_pod,
    "Node": _update_node,
    "Namespace": _update_namespace,
    "ReplicaSet": _update_replica_set,
    "Deployment": _update_deployment,
    "ConfigMap": accepted,
    "Secret": accepted,
    "Service": _update_service,
    "ServiceAccount": _update_account,
    "Lease": _update_lease,
    "Event": accepted,
    "PriorityClass": accepted,
}
_STATUS: dict[str, Callable[[Doc, Doc], Doc]] = {
    "Pod": _update_pod_status,
    "Node": _update_node_status,
    "Namespace": accepted,
    "ReplicaSet": accepted,
    "Deployment": _update_deployment_status,
    "Service": accepted,
}
