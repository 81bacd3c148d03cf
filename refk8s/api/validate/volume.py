"""PersistentVolumes and PersistentVolumeClaims.

Source: pkg/apis/core/validation/validation.go (ValidatePersistentVolume*, validate*PersistentVolumeSource);
pkg/volume/validation/pv_validation.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any, Final

from refk8s.api.default.sharing import with_value, without
from refk8s.api.validate.errors import (
    Errors,
    forbidden,
    invalid,
    invalid_all,
    named,
    not_supported,
    required,
)
from refk8s.api.validate.go_json import go_diff, go_tree
from refk8s.api.validate.meta import IMMUTABLE, SUBDOMAIN, Checked, full, full_update
from refk8s.api.validate.persistent_sources import ORDER, PATHS, SECOND_PATHS, SOURCES
from refk8s.api.validate.pod_scheduling import node_selector
from refk8s.api.validate.resources import is_native, quantity_value
from refk8s.api.validate.semantic import semantically_equal
from refk8s.api.validate.volume_claim import access_modes, claim_spec, class_name
from refk8s.kinds.names import label_key
from refk8s.kinds.quantity import parse

Doc = Mapping[str, Any]
Spec = dict[str, Any]

_MODES: Final = ("Block", "Filesystem")
_RECLAIM: Final = ("Delete", "Recycle", "Retain")
_MOUNT_OPTIONS: Final = "volume.beta.kubernetes.io/mount-options"
_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_MOUNTABLE: Final = (
    *("gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "nfs", "rbd", "quobyte", "iscsi", "cinder", "cephfs"),
    *("azureFile", "vsphereVolume", "azureDisk", "photonPersistentDisk"),
)
_GA_LABELS: Final = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
}
_FROZEN: Final = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)
_RESIZE: Final = (
    *("ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizePending", "NodeResizeInProgress"),
    "NodeResizeInfeasible",
)


def create(volume: Doc, meta: Checked) -> Errors:
    """A new PersistentVolume."""
    return _volume(volume, meta) + _mount_options(volume)


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed PersistentVolume: everything is checked anew (twice, as upstream does), and its source stays."""
    errors = _volume(new, meta) + _mount_options(new) + _volume(new, meta)
    spec, before = dict(new.get("spec") or {}), dict(old.get("spec") or {})
    sources = [{key: part[key] for key in ORDER if key in part} for part in (before, spec)]
    csi, old_csi = sources[1].get("csi"), sources[0].get("csi")
    secret = "controllerExpandSecretRef"
    if csi is not None and old_csi is not None and secret not in old_csi:
        sources[1]["csi"] = without(dict(csi), secret)
    if not semantically_equal(*sources):
        difference = go_diff(*(go_tree("PersistentVolumeSource", source) for source in sources))
        detail = f"spec.persistentvolumesource is immutable after creation\n{difference}"
        errors.append(forbidden("spec.persistentvolumesource", detail))
    errors += _same_mode(spec, before)
    if before.get("nodeAffinity") is not None and not _same_affinity(spec.get("nodeAffinity"), before["nodeAffinity"]):
        tree = go_tree("VolumeNodeAffinity", spec.get("nodeAffinity"))
        errors.append(invalid("nodeAffinity", tree, f"{IMMUTABLE}, except for updating from beta label to GA"))
    if before.get("volumeAttributesClassName") is not None and spec.get("volumeAttributesClassName") is None:
        detail = "update from non-nil value to nil is forbidden"
        errors.append(forbidden("spec.volumeAttributesClassName", detail))
    return errors


def _same_affinity(new: Doc | None, old: Doc) -> bool:
    """Whether affinity stays, but for beta labels that become GA ones (or, by upstream's map, any other key that becomes none)."""
    terms = [((part or {}).get("required") or {}).get("nodeSelectorTerms") or () for part in (new, old)]
    return (
        new is not None
        and len(terms[0]) == len(terms[1])
        and all(
            len(needs[0]) == len(needs[1]) and all(map(_same_need, *needs))
            for pair in zip(*terms, strict=True)
            for key in ("matchExpressions", "matchFields")
            for needs in [[term.get(key) or () for term in pair]]
        )
    )


def _same_need(new: Doc, old: Doc) -> bool:
    key = new["key"] if _GA_LABELS.get(old["key"], "") == new["key"] else old["key"]
    return semantically_equal(new, {**old, "key": key})


def update_status(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status has only metadata to check."""
    return full_update(meta, old["metadata"])


def create_claim(claim: Doc, meta: Checked) -> Errors:
    """A new PersistentVolumeClaim."""
    return _claim(claim, meta)


def update_claim(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed PersistentVolumeClaim: hardly anything of its spec changes, and only when it is bound."""
    spec, before = dict(new.get("spec") or {}), dict(old.get("spec") or {})
    grouped = any((before.get(key) or {}).get("apiGroup") is not None for key in ("dataSource", "dataSourceRef"))
    errors = full_update(meta, old["metadata"]) + _claim(new, meta, any_group=grouped)
    annotations, earlier = ((doc["metadata"].get("annotations") or {}) for doc in (new, old))
    kept, bound = dict(spec), (new.get("status") or {}).get("phase") == "Bound"
    if not before.get("volumeName"):
        before_kept = with_value(before, "volumeName", kept["volumeName"]) if "volumeName" in kept else before
    else:
        before_kept = before
    name, old_name = spec.get("storageClassName"), before.get("storageClassName")
    if _CLASS in earlier and old_name is None and name == earlier[_CLASS] and annotations.get(_CLASS, name) == name:
        kept = without(kept, "storageClassName")
    else:
        if annotations.get(_CLASS, "") != earlier.get(_CLASS, ""):
            errors.append(invalid(f"metadata.annotations.{_CLASS}", annotations.get(_CLASS, ""), IMMUTABLE))
        if name is not None and old_name is None and earlier.get(_CLASS, name) == name:
            kept = without(kept, "storageClassName")
    if bound:
        kept = _with_old_size(kept, before)
        key = "volumeAttributesClassName"
        kept = with_value(kept, key, before[key]) if key in before else without(kept, key)
    if not semantically_equal(kept, before_kept):
        trees = (go_tree("PersistentVolumeClaimSpec", part) for part in (before_kept, kept))
        errors.append(forbidden("spec", f"{_FROZEN}\n{go_diff(*trees)}"))
    errors += _shrunk(spec, before, ((old.get("status") or {}).get("capacity") or {}).get("storage") or "0")
    return errors + _same_mode(spec, before) + _attributes_class(spec, before, old.get("status") or {})


def _claim(claim: Doc, meta: Checked, *, any_group: bool = False) -> Errors:
    return full(meta, SUBDOMAIN, namespaced=True) + claim_spec(claim.get("spec") or {}, "spec", any_group=any_group)


def update_claim_status(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status."""
    status = new.get("status") or {}
    errors = full_update(meta, old["metadata"])
    if not (new.get("spec") or {}).get("accessModes"):
        errors.append(required("Spec.accessModes"))
    capacity = status.get("capacity") or {}
    for name in sorted(capacity):
        errors += _not_negative(capacity[name], f"status.capacity[{name}]")
    statuses, path = status.get("allocatedResourceStatuses") or {}, "status.allocatedResourceStatuses"
    for name in sorted(statuses):
        errors += _claimed(name, path)
        if statuses[name] not in _RESIZE:
            errors.append(not_supported(path, named(name), sorted(_RESIZE)))
    allocated, path = status.get("allocatedResources") or {}, "status.allocatedResources"
    for name in sorted(allocated):
        found = _claimed(name, path) or _not_negative(allocated[name], f"{path}[{name}]")
        errors += found or quantity_value("storage", allocated[name], f"{path}[{name}]")
    return errors


def _claimed(name: str, path: str) -> Errors:
    errors = invalid_all(path, name, label_key(name))
    if not errors and is_native(name) and name != "storage":
        errors.append(not_supported(path, name, ("storage",)))
    return errors


def _not_negative(text: str, path: str) -> Errors:
    value = parse(text).value()
    return [invalid(path, value, "must be a valid resource quantity")] if value < 0 else []


def _same_mode(spec: Doc, before: Doc) -> Errors:
    mode = spec.get("volumeMode")
    return [] if mode == before.get("volumeMode") else [invalid("volumeMode", named(mode), IMMUTABLE)]


def _size(spec: Doc) -> str | None:
    size: str | None = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    return size


def _with_old_size(spec: Spec, before: Spec) -> Spec:
    if not (spec.get("resources") or {}).get("requests"):
        return spec
    resources = spec["resources"]
    requests = {**resources["requests"], "storage": _size(before) or "0"}
    return {**spec, "resources": {**resources, "requests": requests}}


def _shrunk(spec: Doc, before: Doc, capacity: str) -> Errors:
    """A claim may ask for less again, but not for less than it has."""
    size, old_size = parse(_size(spec) or "0"), parse(_size(before) or "0")
    if size.compare(old_size) >= 0 or size.compare(parse(capacity)) > 0:
        return []
    return [forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")]


def _attributes_class(spec: Doc, before: Doc, old_status: Doc) -> Errors:
    key = "volumeAttributesClassName"
    name = spec.get(key)
    if name == before.get(key) or old_status.get("currentVolumeAttributesClassName") is None or name:
        return []
    what = "nil" if name is None else "empty string"
    detail = f"update to {what} is forbidden when status.currentVolumeAttributesClassName is not nil"
    return [forbidden(f"spec.{key}", detail)]


def _mount_options(volume: Doc) -> Errors:
    spec = volume.get("spec") or {}
    given = _MOUNT_OPTIONS in (volume["metadata"].get("annotations") or {})
    if not given or any(spec.get(key) is not None for key in _MOUNTABLE):
        return []
    detail = "may not specify mount options for this volume type"
    return [forbidden(f"metadata.annotations.{_MOUNT_OPTIONS}", detail)]


def _volume(volume: Doc, meta: Checked) -> Errors:
    spec = volume.get("spec") or {}
    errors = full(meta, SUBDOMAIN, namespaced=False)
    if not spec.get("accessModes"):
        errors.append(required("spec.accessModes"))
    errors += access_modes(spec.get("accessModes") or (), "spec.accessModes")
    errors += _capacity(spec.get("capacity"))
    policy, affinity = spec.get("persistentVolumeReclaimPolicy"), spec.get("nodeAffinity")
    if policy and policy not in _RECLAIM:
        errors.append(not_supported("spec.persistentVolumeReclaimPolicy", named(policy), _RECLAIM))
    if affinity is not None:
        at = "spec.nodeAffinity.required"
        needed = affinity.get("required")
        errors += (
            node_selector(needed, at)
            if needed is not None
            else [required(at, "must specify required node constraints")]
        )
    errors += _sources(spec, meta.meta.get("name") or "")
    host_path = spec.get("hostPath")
    if host_path is not None and posixpath.normpath(host_path["path"] or ".") in ("/", "//") and policy == "Recycle":
        detail = "may not be 'recycle' for a hostPath mount of '/'"
        errors.append(forbidden("spec.persistentVolumeReclaimPolicy", detail))
    errors += class_name(spec.get("storageClassName"), "spec.storageClassName")
    mode = spec.get("volumeMode")
    if mode is not None and mode not in _MODES:
        errors.append(not_supported("spec.volumeMode", named(mode), _MODES))
    attributes = spec.get("volumeAttributesClassName")
    if attributes is None:
        return errors
    if not attributes:
        errors.append(required("spec.volumeAttributesClassName", "an empty string is disallowed"))
    errors += class_name(attributes, "spec.volumeAttributesClassName")
    if spec.get("csi") is None:
        errors.append(required("spec.csi", "has to be specified when using volumeAttributesClassName"))
    return errors


def _capacity(found: Mapping[str, str] | None) -> Errors:
    path, capacity = "spec.capacity", found or {}
    errors = [] if capacity else [required(path)]
    if "storage" not in capacity or len(capacity) > 1:
        shown = {name: capacity[name] for name in sorted(capacity)}
        errors.append(not_supported(path, None if found is None else shown, ("storage",)))
    for name in sorted(capacity):
        at = f"{path}[{name}]"
        errors += _not_negative(capacity[name], at)
        if parse(capacity[name]).sign() <= 0:
            errors.append(invalid(at, capacity[name], "must be greater than zero"))
    return errors


def _sources(spec: Doc, name: str) -> Errors:
    errors: Errors = []
    count = 0
    for source in ORDER:
        value = spec.get(source)
        if value is None:
            continue
        if count and source != "flexVolume":
            field = f"spec.{SECOND_PATHS.get(source, source)}"
            errors.append(forbidden(field, "may not specify more than 1 volume type"))
            continue
        count += 1
        errors += SOURCES[source](value, f"spec.{PATHS.get(source, source)}")
        if source == "iscsi" and value.get("initiatorName") is not None:
            errors += _portal_length(name, value["targetPortal"])
        if source == "local" and spec.get("nodeAffinity") is None:
            errors.append(required("spec.nodeAffinity", "Local volume requires node affinity"))
    return errors if count else [*errors, required("spec", "must specify a volume type")]


def _portal_length(name: str, portal: str) -> Errors:
    if len(f"{name}:{portal}".encode()) <= 64:
        return []
    detail = (
        "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters "
        "if iscsi.initiatorName is specified."
    )
    return [invalid("spec.iscsi.targetportal", portal, detail)]
