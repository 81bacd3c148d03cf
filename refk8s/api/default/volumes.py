"""Defaults of volumes. Source: pkg/apis/core/v1/defaults.go; zz_generated.defaults.go, SetObjectDefaults_Pod."""

from __future__ import annotations

from collections.abc import Callable

from refk8s.api.default.images import pull_policy
from refk8s.api.default.sharing import Doc, changed, each_under, with_missing

_FILE_MODE = 0o644


def default_volume(volume: Doc) -> Doc:
    """A volume with the defaults of its source; one without a source becomes an emptyDir."""
    if len(volume) == 1 or all(volume[key] is None for key in volume if key != "name"):
        return {**volume, "emptyDir": {}}
    for source, default in SOURCES.items():
        if source in volume:
            volume = changed(volume, source, default)
    return volume


def default_field_ref(holder: Doc) -> Doc:
    """What holds a fieldRef, with the reference's apiVersion filled in."""
    return changed(holder, "fieldRef", lambda ref: with_missing(ref, {"apiVersion": "v1"}))


def _mode(source: Doc) -> Doc:
    return with_missing(source, {"defaultMode": _FILE_MODE})


def _downward_api(source: Doc) -> Doc:
    return each_under(_mode(source), "items", default_field_ref)


def _projected(source: Doc) -> Doc:
    return each_under(_mode(source), "sources", _projection)


def _projection(source: Doc) -> Doc:
    source = changed(source, "downwardAPI", lambda api: each_under(api, "items", default_field_ref))
    return changed(source, "serviceAccountToken", lambda token: with_missing(token, {"expirationSeconds": 3600}))


def _ephemeral(source: Doc) -> Doc:
    def claim(template: Doc) -> Doc:
        return changed(template, "spec", lambda spec: with_missing(spec, {"volumeMode": "Filesystem"}))

    return changed(source, "volumeClaimTemplate", claim)


def _image(source: Doc) -> Doc:
    return with_missing(source, {"pullPolicy": pull_policy(source.get("reference", ""))})


def _azure_disk(source: Doc) -> Doc:
    return with_missing(source, {"cachingMode": "ReadWrite", "fsType": "ext4", "readOnly": False, "kind": "Shared"})


SOURCES: dict[str, Callable[[Doc], Doc]] = {
    "hostPath": lambda source: with_missing(source, {"type": ""}),
    "secret": _mode,
    "configMap": _mode,
    "downwardAPI": _downward_api,
    "projected": _projected,
    "ephemeral": _ephemeral,
    "image": _image,
    "iscsi": lambda source: with_missing(source, {"iscsiInterface": "default"}),
    "rbd": lambda source: with_missing(source, {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"}),
    "azureDisk": _azure_disk,
    "scaleIO": lambda source: with_missing(source, {"storageMode": "ThinProvisioned", "fsType": "xfs"}),
}
