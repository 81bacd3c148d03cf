"""Volumes of a pod spec.

Source: pkg/apis/core/validation/validation.go (ValidateVolumes, validateVolumeSource, the sources themselves).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from refk8s.api.validate.errors import Errors, duplicate, forbidden, invalid, invalid_all, required
from refk8s.api.validate.pod_volume_sources import SOURCES
from refk8s.api.validate.projected import projected
from refk8s.api.validate.scalars import label_1123
from refk8s.api.validate.volume_claim import ephemeral
from refk8s.kinds.names import dns1123_subdomain

Doc = Mapping[str, Any]
Check = Callable[[Doc, str], Errors]

_ORDER = (
    *("emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi"),
    *("glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc"),
    *("flexVolume", "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk"),
    *("storageos", "projected", "scaleIO", "csi", "ephemeral", "image"),
)
_PATHS = {"gcePersistentDisk": "persistentDisk"}
"""Where upstream reports a source under another name than its own."""
_SECOND_PATHS = {"cephfs": "cephFS", "downwardAPI": "downwarAPI"}
"""Likewise, when it is the second source of a volume."""
_CHECKS: dict[str, Check] = {**SOURCES, "projected": projected, "ephemeral": ephemeral}


def volumes(listed: Sequence[Doc], pod_name: str | None, path: str, *, of_pod: bool) -> tuple[dict[str, Doc], Errors]:
    """The valid volumes by name, and the errors. `pod_name` is None in templates, where claims have no names yet."""
    errors: Errors = []
    valid: dict[str, Doc] = {}
    made = {f"{pod_name}-{v['name']}" for v in listed if v.get("ephemeral") is not None} if pod_name else set()
    for i, volume in enumerate(listed):
        at, name = f"{path}[{i}]", volume["name"]
        found = _source(volume, pod_name, at, of_pod=of_pod)
        found += label_1123(name, f"{at}.name") if name else [required(f"{at}.name")]
        if name in valid:
            found.append(duplicate(f"{at}.name", name))
        if found:
            errors += found
        else:
            valid[name] = volume
        claim = volume.get("persistentVolumeClaim")
        if claim is not None and claim["claimName"] in made:
            field = f"{at}.persistentVolumeClaim.claimName"
            detail = "must not reference a PVC that gets created for an ephemeral volume"
            errors.append(invalid(field, claim["claimName"], detail))
    return valid, errors


def _source(volume: Doc, pod_name: str | None, path: str, *, of_pod: bool) -> Errors:
    errors: Errors = []
    count = 0
    for source in _ORDER:
        value = volume.get(source)
        if value is None:
            continue
        if count and source != "emptyDir":
            field = f"{path}.{_SECOND_PATHS.get(source, source)}"
            errors.append(forbidden(field, "may not specify more than 1 volume type"))
        else:
            if source == "image" and of_pod and not value.get("reference"):
                errors.append(required(f"{path}.image.reference"))
            errors += _CHECKS[source](value, f"{path}.{_PATHS.get(source, source)}")
            if source == "ephemeral":
                errors += _claim_name(volume["name"], pod_name, path)
            count += 1
        if source == "iscsi":
            errors += _iscsi_length(volume, path)
    return errors if count else [*errors, required(path, "must specify a volume type")]


def _claim_name(name: str, pod_name: str | None, path: str) -> Errors:
    """The claim that an ephemeral volume makes is named after pod and volume."""
    if not pod_name or not name:
        return []
    claim = f"{pod_name}-{name}"
    return invalid_all(f"{path}.name", name, [f'PVC name "{claim}": {m}' for m in dns1123_subdomain(claim)])


def _iscsi_length(volume: Doc, path: str) -> Errors:
    source = volume["iscsi"]
    if source.get("initiatorName") is None or len(f"{volume['name']}:{source['targetPortal']}".encode()) <= 64:
        return []
    detail = (
        "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters "
        "if iscsi.initiatorName is specified."
    )
    return [invalid(f"{path}.name", volume["name"], detail)]
