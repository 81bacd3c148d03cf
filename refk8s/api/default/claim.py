"""Defaults of claims and volumes. Source: pkg/apis/core/v1/defaults.go; zz_generated.defaults.go."""

from __future__ import annotations

from refk8s.api.default.sharing import Doc, changed, with_missing
from refk8s.api.default.volumes import SOURCES

_VOLUME = {"persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem"}
_SOURCES = ("hostPath", "rbd", "iscsi", "azureDisk", "scaleIO")


def default_claim(claim: Doc) -> Doc:
    """A decoded PersistentVolumeClaim with its defaults."""
    claim = changed(claim, "spec", lambda spec: with_missing(spec, {"volumeMode": "Filesystem"}))
    return changed(claim, "status", lambda status: with_missing(status, {"phase": "Pending"}))


def default_volume(volume: Doc) -> Doc:
    """A decoded PersistentVolume with its defaults and those of its source."""
    volume = changed(volume, "spec", _spec)
    return changed(volume, "status", lambda status: with_missing(status, {"phase": "Pending"}))


def _spec(spec: Doc) -> Doc:
    spec = with_missing(spec, _VOLUME)
    for source in _SOURCES:
        spec = changed(spec, source, SOURCES[source])
    return spec
