"""The sources that a volume can have, one check each; projected and ephemeral ones have modules of their own.

Source: pkg/apis/core/validation/validation.go, validate*VolumeSource.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from refk8s.api.validate.errors import (
    Errors,
    forbidden,
    invalid,
    invalid_all,
    named,
    not_supported,
    required,
    too_long,
)
from refk8s.api.validate.pod_containers import pull_policy
from refk8s.api.validate.pod_env import VOLUME_FIELDS, field_ref, resource_field_ref
from refk8s.api.validate.scalars import (
    descending_path,
    file_mode,
    in_range,
    label_1123,
    no_backsteps,
    unreserved_path,
)
from refk8s.kinds.names import dns1123_subdomain
from refk8s.kinds.quantity import parse

Doc = Mapping[str, Any]
Check = Callable[[Doc, str], Errors]

_HOST_PATH_TYPES = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")
_IQN = re.compile(r"iqn\.\d{4}-\d{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)$", re.ASCII)
_EUI = re.compile(r"eui.[A-Za-z0-9]{16}$", re.ASCII)
_NAA = re.compile(r"naa.[A-Za-z0-9]{32}$", re.ASCII)
_DRIVER_MAX = 63


def _needs(*keys: str) -> Check:
    """A check that demands the given fields and nothing else."""

    def check(source: Doc, path: str) -> Errors:
        return [required(f"{path}.{key}") for key in keys if not source.get(key)]

    return check


def _all(*checks: Check) -> Check:
    return lambda source, path: [error for check in checks for error in check(source, path)]


def _named_secret(source: Doc, path: str) -> Errors:
    ref = source.get("secretRef")
    return [required(f"{path}.secretRef.name")] if ref is not None and not ref.get("name") else []


def key_to_path(item: Doc, path: str) -> Errors:
    """One key of a ConfigMap or Secret and the file that it becomes."""
    errors = [required(f"{path}.{field}") for field in ("key", "path") if not item[field]]
    return errors + unreserved_path(item["path"], f"{path}.path") + file_mode(item.get("mode"), f"{path}.mode")


def downward_file(item: Doc, path: str) -> Errors:
    """One file of the downward API: a field of the pod or a resource of a container."""
    errors = [] if item["path"] else [required(f"{path}.path")]
    errors += unreserved_path(item["path"], f"{path}.path")
    field, resource = item.get("fieldRef"), item.get("resourceFieldRef")
    if field is not None:
        errors += field_ref(field, VOLUME_FIELDS, f"{path}.fieldRef")
        if resource is not None:
            detail = "fieldRef and resourceFieldRef can not be specified simultaneously"
            errors.append(invalid(path, "resource", detail))
    elif resource is not None:
        errors += resource_field_ref(resource, f"{path}.resourceFieldRef", in_volume=True)
    else:
        errors.append(required(path, "one of fieldRef and resourceFieldRef is required"))
    return errors + file_mode(item.get("mode"), f"{path}.mode")


def _empty_dir(source: Doc, path: str) -> Errors:
    limit = source.get("sizeLimit")
    if limit is None or parse(limit).sign() >= 0:
        return []
    return [forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")]


def _host_path(source: Doc, path: str) -> Errors:
    if not source["path"]:
        return [required(f"{path}.path")]
    errors = no_backsteps(source["path"], f"{path}.path")
    kind = source.get("type")
    if kind is not None and kind not in _HOST_PATH_TYPES:
        errors.append(not_supported(f"{path}.type", named(kind), _HOST_PATH_TYPES))
    return errors


def _git_repo(source: Doc, path: str) -> Errors:
    errors = [] if source["repository"] else [required(f"{path}.repository")]
    return errors + descending_path(source.get("directory") or "", f"{path}.directory")


def _partitioned(key: str) -> Check:
    def check(source: Doc, path: str) -> Errors:
        errors = [] if source[key] else [required(f"{path}.{key}")]
        partition = source.get("partition") or 0
        if not 0 <= partition <= 255:
            errors.append(invalid(f"{path}.partition", partition, in_range(1, 255)))
        return errors

    return check


def _files(key: str) -> Check:
    """A ConfigMap or Secret whose keys become files."""

    def check(source: Doc, path: str) -> Errors:
        errors = [] if source.get(key) else [required(f"{path}.{key}")]
        errors += file_mode(source.get("defaultMode"), f"{path}.defaultMode")
        for i, item in enumerate(source.get("items") or ()):
            errors += key_to_path(item, f"{path}.items[{i}]")
        return errors

    return check


def _downward_api(source: Doc, path: str) -> Errors:
    errors = file_mode(source.get("defaultMode"), f"{path}.defaultMode")
    return errors + [error for item in source.get("items") or () for error in downward_file(item, path)]


def _nfs(source: Doc, path: str) -> Errors:
    errors = [required(f"{path}.{key}") for key in ("server", "path") if not source[key]]
    if not source["path"].startswith("/"):
        errors.append(invalid(f"{path}.path", source["path"], "must be an absolute path"))
    return errors


def _iscsi(source: Doc, path: str) -> Errors:
    errors = [] if source["targetPortal"] else [required(f"{path}.targetPortal")]
    errors += _initiator(source["iqn"], f"{path}.iqn") if source["iqn"] else [required(f"{path}.iqn")]
    if not 0 <= source["lun"] <= 255:
        errors.append(invalid(f"{path}.lun", source["lun"], in_range(0, 255)))
    authenticates = source.get("chapAuthDiscovery") or source.get("chapAuthSession")
    if authenticates and source.get("secretRef") is None:
        errors.append(required(f"{path}.secretRef"))
    initiator = source.get("initiatorName")
    return errors if initiator is None else errors + _initiator(initiator, f"{path}.initiatorname")


def _initiator(name: str, path: str) -> Errors:
    for prefix, pattern in (("iqn", _IQN), ("eui", _EUI), ("naa", _NAA)):
        if name.startswith(prefix):
            fits = pattern.search(name) if prefix == "iqn" else pattern.match(name)
            return [] if fits else [invalid(path, name, "must be valid format")]
    return [invalid(path, name, "must be valid format starting with iqn, eui, or naa")]


def _flocker(source: Doc, path: str) -> Errors:
    name, uuid = source.get("datasetName") or "", source.get("datasetUUID") or ""
    errors: Errors = []
    if not name and not uuid:
        errors.append(required(path, "one of datasetName and datasetUUID is required"))
    if name and uuid:
        detail = "datasetName and datasetUUID can not be specified simultaneously"
        errors.append(invalid(path, "resource", detail))
    if "/" in name:
        errors.append(invalid(f"{path}.datasetName", name, "must not contain '/'"))
    return errors


def _quobyte(source: Doc, path: str) -> Errors:
    registry = source["registry"]
    detail = "must be a host:port pair or multiple pairs separated by commas"
    if not registry:
        errors = [required(f"{path}.registry", detail)]
    elif len((source.get("tenant") or "").encode()) >= 65:
        errors = [required(f"{path}.tenant", "must be a UUID and may not exceed a length of 64 characters")]
    else:
        bad = [pair for pair in registry.split(",") if not _is_host_port(pair)]
        errors = [invalid(f"{path}.registry", registry, detail) for _ in bad]
    return errors if source["volume"] else [*errors, required(f"{path}.volume")]


def _is_host_port(pair: str) -> bool:
    host, colon, port = pair.rpartition(":")
    if host.startswith("["):
        return host.endswith("]") and "[" not in host[1:] and "]" not in host[:-1]
    return bool(colon) and ":" not in host and not any(c in "[]" for c in host + port)


def _fibre_channel(source: Doc, path: str) -> Errors:
    targets, ids, lun = source.get("targetWWNs") or [], source.get("wwids") or [], source.get("lun")
    errors: Errors = []
    if not targets and not ids:
        detail = "must specify either targetWWNs or wwids, but not both"
        errors.append(required(f"{path}.targetWWNs", detail))
    if targets and ids:
        detail = "targetWWNs and wwids can not be specified simultaneously"
        errors.append(invalid(f"{path}.targetWWNs", targets, detail))
    if targets and lun is None:
        errors.append(required(f"{path}.lun", "lun is required if targetWWNs is specified"))
    elif targets and lun is not None and not 0 <= lun <= 255:
        errors.append(invalid(f"{path}.lun", lun, in_range(0, 255)))
    return errors


def _flex(source: Doc, path: str) -> Errors:
    errors = [] if source["driver"] else [required(f"{path}.driver")]
    for key in sorted(source.get("options") or ()):
        domain = "." + key.partition("/")[0].lower()
        if domain.endswith((".kubernetes.io", ".k8s.io")):
            detail = "kubernetes.io and k8s.io namespaces are reserved"
            errors.append(invalid(f"{path}.options[{key}]", key, detail))
    return errors


_AZURE_CACHING = ("None", "ReadOnly", "ReadWrite")
_AZURE_KINDS = ("Dedicated", "Managed", "Shared")
_AZURE_MANAGED = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
_AZURE_BLOB = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"


def _azure_disk(source: Doc, path: str) -> Errors:
    errors = [required(f"{path}.{key}") for key in ("diskName", "diskURI") if not source[key]]
    caching, kind, uri = source.get("cachingMode"), source.get("kind"), source["diskURI"]
    if caching is not None and caching not in _AZURE_CACHING:
        errors.append(not_supported(f"{path}.cachingMode", named(caching), _AZURE_CACHING))
    if kind is not None and kind not in _AZURE_KINDS:
        errors.append(not_supported(f"{path}.kind", named(kind), _AZURE_KINDS))
    if kind == "Managed" and not uri.startswith("/subscriptions/"):
        errors.append(not_supported(f"{path}.diskURI", uri, (_AZURE_MANAGED,)))
    if kind not in (None, "Managed") and not uri.startswith("https://"):
        errors.append(not_supported(f"{path}.diskURI", uri, (_AZURE_BLOB,)))
    return errors


def _storage_os(source: Doc, path: str) -> Errors:
    name, namespace = source.get("volumeName"), source.get("volumeNamespace")
    errors = label_1123(name, f"{path}.volumeName") if name else [required(f"{path}.volumeName")]
    errors += label_1123(namespace, f"{path}.volumeNamespace") if namespace else []
    return errors + _named_secret(source, path)


def _csi(source: Doc, path: str) -> Errors:
    driver, ref = source["driver"], source.get("nodePublishSecretRef")
    errors: Errors = []
    if not driver:
        errors.append(required(f"{path}.driver"))
    else:
        errors += [too_long(f"{path}.driver", _DRIVER_MAX)] if len(driver.encode()) > _DRIVER_MAX else []
        errors += invalid_all(f"{path}.driver", driver, dns1123_subdomain(driver.lower()))
    if ref is not None and not ref.get("name"):
        errors.append(required(f"{path}.nodePublishSecretRef.name"))
    elif ref is not None:
        errors += invalid_all(f"{path}.name", ref["name"], dns1123_subdomain(ref["name"]))
    return errors


def _image(source: Doc, path: str) -> Errors:
    return pull_policy(source.get("pullPolicy"), f"{path}.pullPolicy")


SOURCES: dict[str, Check] = {
    "emptyDir": _empty_dir,
    "hostPath": _host_path,
    "gitRepo": _git_repo,
    "gcePersistentDisk": _partitioned("pdName"),
    "awsElasticBlockStore": _partitioned("volumeID"),
    "secret": _files("secretName"),
    "nfs": _nfs,
    "iscsi": _iscsi,
    "glusterfs": _needs("endpoints", "path"),
    "flocker": _flocker,
    "persistentVolumeClaim": _needs("claimName"),
    "rbd": _needs("monitors", "image"),
    "cinder": _all(_needs("volumeID"), _named_secret),
    "cephfs": _needs("monitors"),
    "quobyte": _quobyte,
    "downwardAPI": _downward_api,
    "fc": _fibre_channel,
    "flexVolume": _flex,
    "configMap": _files("name"),
    "azureFile": _needs("secretName", "shareName"),
    "vsphereVolume": _needs("volumePath"),
    "photonPersistentDisk": _needs("pdID"),
    "portworxVolume": _needs("volumeID"),
    "azureDisk": _azure_disk,
    "storageos": _storage_os,
    "scaleIO": _needs("gateway", "system", "volumeName"),
    "csi": _csi,
    "image": _image,
}
