"""Nodes. Source: pkg/apis/core/validation/validation.go (ValidateNode, ValidateNodeUpdate and what they call)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from refk8s.api.validate.annotated import TAINT, annotated_list
from refk8s.api.validate.errors import (
    Errors,
    duplicate,
    forbidden,
    internal,
    invalid,
    invalid_all,
    required,
)
from refk8s.api.validate.go_json import go_tree
from refk8s.api.validate.meta import SUBDOMAIN, Checked, full, full_update
from refk8s.api.validate.pod_scheduling import taints
from refk8s.api.validate.resources import quantity_value
from refk8s.api.validate.scalars import cidr, dual_stack
from refk8s.kinds.names import config_map_key, dns1123_label, dns1123_subdomain

Doc = Mapping[str, Any]

_TAINTS = "scheduler.alpha.kubernetes.io/taints"
_FEATURE = re.compile(r"[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*", re.ASCII)
_FEATURE_MAX = 253
_FIXED = 'node updates may not change {} except from "" to valid'


def create(node: Doc, meta: Checked) -> Errors:
    """A new node; also the first half of an update's checks."""
    spec, status = node.get("spec") or {}, node.get("status") or {}
    errors = full(meta, SUBDOMAIN, namespaced=False)
    errors += _annotations(meta.meta.get("annotations") or {}, "metadata.annotations")
    errors += taints(spec.get("taints") or (), "metadata.taints")
    errors += _resources(status)
    swap = ((status.get("nodeInfo") or {}).get("swap") or {}).get("capacity")
    if swap is not None and swap <= 0:
        errors.append(invalid("metadata.nodeSwapStatus.capacity", swap, "must be greater than zero"))
    errors += _features(status.get("declaredFeatures") or (), "status.declaredFeatures")
    return errors + _pod_cidrs(spec.get("podCIDRs") or [], "spec.podCIDRs")


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed node."""
    return create(new, meta) + update_status(new, old, meta)


def update_status(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status; also the second half of an update's checks."""
    spec, before, status = new.get("spec") or {}, old.get("spec") or {}, new.get("status") or {}
    errors = full_update(meta, old["metadata"])
    errors += _annotations(meta.meta.get("annotations") or {}, "metadata.annotations")
    errors += _resources(status)
    errors += _features(status.get("declaredFeatures") or (), "status.declaredFeatures")
    seen: list[Doc] = []
    for i, address in enumerate(status.get("addresses") or ()):
        if address in seen:
            errors.append(duplicate(f"status.addresses[{i}]", go_tree("NodeAddress", address)))
        seen.append(address)
    errors += _fixed(spec, before)
    if spec.get("configSource") is not None:
        errors += _config_source(spec["configSource"], "spec.configSource", in_spec=True)
    config = status.get("config") or {}
    for part in ("assigned", "active", "lastKnownGood"):
        if config.get(part) is not None:
            errors += _config_source(config[part], f"status.config.{part}", in_spec=False)
    errors += taints(spec.get("taints") or (), "metadata.taints")
    if (spec.get("externalID") or "") != (before.get("externalID") or ""):
        errors.append(forbidden("spec.externalID", "may not be updated"))
    return errors


def _annotations(found: Mapping[str, str], path: str) -> Errors:
    text = found.get(_TAINTS)
    if not text:
        return []
    listed, problem = annotated_list(text, "Taint", TAINT)
    if problem:
        return [invalid(path, _TAINTS, problem)]
    given = [{"key": "", "effect": "", **taint} for taint in listed]
    return taints(given, f"{path}.{_TAINTS}")


def _resources(status: Doc) -> Errors:
    errors: Errors = []
    for part in ("capacity", "allocatable"):
        for name, amount in sorted((status.get(part) or {}).items()):
            errors += quantity_value(name, amount, f"status.{part}.{name}")
    return errors


def _features(listed: Sequence[str], path: str) -> Errors:
    """The features that a node declares: well-formed, sorted, each once."""
    errors: Errors = []
    for i, feature in enumerate(listed):
        complaint = ""
        if len(feature.encode()) > _FEATURE_MAX:
            complaint = f"must be no more than {_FEATURE_MAX} characters"
        elif not _FEATURE.fullmatch(feature):
            complaint = (
                "must start with an UpperCamelCase segment, with subsequent segments separated by '/' "
                "(e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"
            )
        if complaint:
            errors.append(invalid(f"{path}[{i}]", feature, f'invalid feature name "{feature}": {complaint}'))
        if i + 1 < len(listed):
            at, following = f"{path}[{i + 1}]", listed[i + 1]
            if feature == following:
                errors.append(duplicate(at, following))
            elif feature > following:
                errors.append(invalid(at, following, "list must be sorted alphabetically"))
    return errors


def _pod_cidrs(listed: list[str], path: str) -> Errors:
    errors = [e for i, value in enumerate(listed) for e in cidr(value, f"{path}[{i}]")]
    if len(listed) > 1:
        both, complaint = dual_stack(listed)
        if complaint:
            detail = f"invalid PodCIDRs. failed to check with dual stack with error:{complaint}"
            errors.append(internal(path, detail))
        if not both or len(listed) > 2:
            errors.append(invalid(path, listed, "may specify no more than one CIDR for each IP family"))
    return errors


def _fixed(spec: Doc, before: Doc) -> Errors:
    """Address ranges and the provider's id do not change once set."""
    new, old = spec.get("podCIDRs") or [], before.get("podCIDRs") or []
    errors: Errors = []
    changes = (1 if len(old) != len(new) else sum(a != b for a, b in zip(old, new, strict=True))) if old else 0
    errors += [forbidden("spec.podCIDRs", _FIXED.format("podCIDR"))] * changes
    provider = before.get("providerID")
    if provider and provider != (spec.get("providerID") or ""):
        errors.append(forbidden("spec.providerID", _FIXED.format("providerID")))
    return errors


def _config_source(source: Doc, path: str, *, in_spec: bool) -> Errors:
    config = source.get("configMap")
    if config is None:
        detail = "exactly one reference subfield must be non-nil"
        return [invalid(path, go_tree("NodeConfigSource", source), detail)]
    at = f"{path}.configMap"
    errors: Errors = []
    for key in ("uid", "resourceVersion"):
        if in_spec and config.get(key):
            errors.append(forbidden(f"{at}.{key}", f"{key} must not be set in spec"))
        elif not in_spec and not config.get(key):
            errors.append(required(f"{at}.{key}"))
    rules = (("namespace", dns1123_label), ("name", dns1123_subdomain), ("kubeletConfigKey", config_map_key))
    for key, rule in rules:
        value = config[key]
        errors += invalid_all(f"{at}.{key}", value, rule(value)) if value else [required(f"{at}.{key}")]
    return errors
