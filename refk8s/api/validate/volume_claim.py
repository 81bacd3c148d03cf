"""The spec of a claim, and the claim template of ephemeral volumes.

Source: pkg/apis/core/validation/validation.go (ValidatePersistentVolumeClaimTemplate, ValidatePersistentVolumeClaimSpec,
validateDataSource, validateDataSourceRef).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from refk8s.api.validate.errors import Errors, forbidden, invalid, invalid_all, named, not_supported, required
from refk8s.api.validate.meta import annotation_map, label_map
from refk8s.api.validate.resources import quantity_value
from refk8s.kinds.codec import view
from refk8s.kinds.meta import LabelSelector
from refk8s.kinds.names import dns1123_label, dns1123_subdomain
from refk8s.kinds.quantity import parse
from refk8s.kinds.selector import validate as validate_selector

Doc = Mapping[str, Any]

_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_VOLUME_MODES = ("Block", "Filesystem")
_NOT_IN_TEMPLATES = (
    *("name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp"),
    *("deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences", "finalizers", "managedFields"),
)


def ephemeral(source: Doc, path: str) -> Errors:
    """A volume that makes a claim of its own."""
    template = source.get("volumeClaimTemplate")
    at = f"{path}.volumeClaimTemplate"
    if template is None:
        return [required(at)]
    return _metadata(template.get("metadata") or {}, f"{at}.metadata") + claim_spec(
        template.get("spec") or {}, f"{at}.spec"
    )


def _metadata(metadata: Doc, path: str) -> Errors:
    errors = annotation_map(metadata.get("annotations"), f"{path}.annotations")
    errors += label_map(metadata.get("labels"), f"{path}.labels")
    shown = {"uid": "uID"}
    set_keys = [key for key in _NOT_IN_TEMPLATES if metadata.get(key)]
    return errors + [forbidden(f"{path}.{shown.get(key, key)}", "cannot be set") for key in set_keys]


def claim_spec(spec: Doc, path: str, *, any_group: bool = False) -> Errors:
    """The spec of a claim, wherever it is written; with `any_group` groups of data sources may be no names."""
    modes = spec.get("accessModes") or ()
    errors = [] if modes else [required(f"{path}.accessModes", "at least 1 access mode is required")]
    if spec.get("selector") is not None:
        errors += validate_selector(view(LabelSelector, spec["selector"]), f"{path}.selector")
    errors += access_modes(modes, f"{path}.accessModes")
    errors += _storage((spec.get("resources") or {}).get("requests") or {}, f"{path}.resources[storage]")
    errors += class_name(spec.get("storageClassName"), f"{path}.storageClassName")
    mode = spec.get("volumeMode")
    if mode is not None and mode not in _VOLUME_MODES:
        errors.append(not_supported(f"{path}.volumeMode", named(mode), _VOLUME_MODES))
    for key in ("dataSource", "dataSourceRef"):
        errors += _data_source(spec.get(key), f"{path}.{key}", any_group=any_group)
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None and reference is not None:
        if reference.get("namespace"):
            errors.append(invalid(path, {}, "may not be specified when dataSourceRef.namespace is specified"))
        elif any((source.get(key) or "") != (reference.get(key) or "") for key in ("apiGroup", "kind", "name")):
            errors.append(invalid(path, {}, "must match dataSourceRef"))
    return errors + class_name(spec.get("volumeAttributesClassName"), f"{path}.volumeAttributesClassName")


def _storage(requests: Mapping[str, str], path: str) -> Errors:
    if "storage" not in requests:
        return [required(path)]
    amount = requests["storage"]
    if parse(amount).sign() <= 0:
        return [invalid(path, amount, "must be greater than zero")]
    return quantity_value("storage", amount, path)


def access_modes(modes: Sequence[str], path: str) -> Errors:
    """Known modes; the one for a single pod stands alone."""
    errors = [not_supported(path, named(mode), _MODES) for mode in modes if mode not in _MODES]
    if "ReadWriteOncePod" in modes and any(mode in _MODES[:3] for mode in modes):
        errors.append(forbidden(path, "may not use ReadWriteOncePod with other access modes"))
    return errors


def class_name(name: str | None, path: str) -> Errors:
    """The name of a storage class or volume attributes class, if there is one."""
    return invalid_all(path, name, dns1123_subdomain(name)) if name else []


def _data_source(source: Doc | None, path: str, *, any_group: bool) -> Errors:
    if source is None:
        return []
    errors = [required(f"{path}.{key}") for key in ("name", "kind") if not source[key]]
    group, namespace = source.get("apiGroup"), source.get("namespace")
    if not group and source["kind"] != "PersistentVolumeClaim":
        detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        errors.append(invalid(path, source["kind"], detail))
    if group and not any_group:
        errors += invalid_all(f"{path}.apiGroup", group, dns1123_subdomain(group))
    return errors + (invalid_all(f"{path}.namespace", namespace, dns1123_label(namespace)) if namespace else [])
