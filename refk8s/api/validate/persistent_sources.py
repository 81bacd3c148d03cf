"""The sources that a PersistentVolume can have: those of pods' volumes, or variants of them.

Source: pkg/apis/core/validation/validation.go, ValidatePersistentVolumeSpec, validate*PersistentVolumeSource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from refk8s.api.validate.errors import Errors, invalid, invalid_all, required, too_long
from refk8s.api.validate.pod_volume_sources import SOURCES as POD_SOURCES
from refk8s.api.validate.scalars import label_1123, no_backsteps
from refk8s.kinds.names import dns1123_label, dns1123_subdomain

Doc = Mapping[str, Any]
Check = Callable[[Doc, str], Errors]

ORDER: Final = (
    *("hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte"),
    *("cephfs", "iscsi", "cinder", "fc", "flexVolume", "azureFile", "vsphereVolume", "photonPersistentDisk"),
    *("portworxVolume", "azureDisk", "scaleIO", "local", "storageos", "csi"),
)
PATHS: Final = {"gcePersistentDisk": "persistentDisk"}
"""Where upstream reports a source under another name than its own."""
SECOND_PATHS: Final = {"cephfs": "cephFS"}
"""Likewise, when it is the second source of a volume."""
_DRIVER_MAX = 63


def _glusterfs(source: Doc, path: str) -> Errors:
    errors = POD_SOURCES["glusterfs"](source, path)
    namespace, at = source.get("endpointsNamespace"), f"{path}.endpointsNamespace"
    if namespace is None:
        return errors
    if not namespace:
        return [*errors, invalid(at, "", "if the endpointnamespace is set, it must be a valid namespace name")]
    return errors + invalid_all(at, namespace, dns1123_label(namespace))


def _iscsi(source: Doc, path: str) -> Errors:
    """As of a pod, but less is said about names."""
    errors = POD_SOURCES["iscsi"](source, path)
    start = "must be valid format starting with iqn, eui, or naa"
    errors = [invalid(e.field, e.value, "must be valid format") if e.detail == start else e for e in errors]
    ref = source.get("secretRef")
    if ref is None or ref.get("name"):
        return errors
    late = [error for error in errors if error.field.endswith(".initiatorname")]
    return [*errors[: len(errors) - len(late)], required(f"{path}.secretRef.name"), *late]


def _whole_secret(keys: tuple[str, ...]) -> Check:
    """A reference to a Secret names it and its namespace."""

    def check(source: Doc, path: str) -> Errors:
        errors = [required(f"{path}.{key}") for key in keys if not source.get(key)]
        ref = source.get("secretRef")
        if ref is None:
            return errors
        return errors + [required(f"{path}.secretRef.{key}") for key in ("name", "namespace") if not ref.get(key)]

    return check


def _azure_file(source: Doc, path: str) -> Errors:
    errors = [required(f"{path}.{key}") for key in ("secretName", "shareName") if not source.get(key)]
    return [*errors, required(f"{path}.secretNamespace")] if source.get("secretNamespace") == "" else errors


def _storage_os(source: Doc, path: str) -> Errors:
    name, namespace = source.get("volumeName"), source.get("volumeNamespace")
    errors = label_1123(name, f"{path}.volumeName") if name else [required(f"{path}.volumeName")]
    errors += label_1123(namespace, f"{path}.volumeNamespace") if namespace else []
    return errors + _whole_secret(())(source, path)


def _local(source: Doc, path: str) -> Errors:
    return no_backsteps(source["path"], f"{path}.path") if source["path"] else [required(f"{path}.path")]


def _csi(source: Doc, path: str) -> Errors:
    driver = source["driver"]
    errors: Errors = []
    if not driver:
        errors.append(required(f"{path}.driver"))
    else:
        errors += [too_long(f"{path}.driver", _DRIVER_MAX)] if len(driver.encode()) > _DRIVER_MAX else []
        errors += invalid_all(f"{path}.driver", driver, dns1123_subdomain(driver.lower()))
    if not source.get("volumeHandle"):
        errors.append(required(f"{path}.volumeHandle"))
    for key in ("controllerPublish", "controllerExpand", "nodePublish", "nodeExpand"):
        ref = source.get(f"{key}SecretRef")
        if ref is not None:
            errors += _secret(ref, f"{path}.{key}SecretRef")
    return errors


def _secret(ref: Doc, path: str) -> Errors:
    errors: Errors = []
    for key, check in (("name", dns1123_subdomain), ("namespace", dns1123_label)):
        value = ref.get(key) or ""
        errors += invalid_all(f"{path}.{key}", value, check(value)) if value else [required(f"{path}.{key}")]
    return errors


SOURCES: Final[dict[str, Check]] = {
    **{source: POD_SOURCES[source] for source in ORDER if source in POD_SOURCES},
    "glusterfs": _glusterfs,
    "iscsi": _iscsi,
    "cinder": _whole_secret(("volumeID",)),
    "azureFile": _azure_file,
    "storageos": _storage_os,
    "local": _local,
    "csi": _csi,
}
