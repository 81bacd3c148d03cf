"""Roles and their bindings: stored as upstream stores them; nothing here authorises anybody.

DEVIATES: upstream refuses to let a user give rights that he does not have; here there is no authorisation to ask.

Source: pkg/apis/rbac/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from refk8s.api.validate.errors import Errors, invalid, invalid_all, not_supported, required
from refk8s.api.validate.meta import SEGMENT, Checked, full, full_update
from refk8s.kinds.codec import view
from refk8s.kinds.meta import LabelSelector
from refk8s.kinds.names import dns1123_subdomain, path_segment
from refk8s.kinds.selector import SelectorError, from_object
from refk8s.kinds.selector import validate as validate_selector

Doc = Mapping[str, Any]

_GROUP = "rbac.authorization.k8s.io"


def _role(role: Doc, meta: Checked, *, namespaced: bool) -> Errors:
    errors = full(meta, SEGMENT, namespaced=namespaced)
    for i, rule in enumerate(role.get("rules") or ()):
        errors += _rule(rule, f"rules[{i}]", namespaced=namespaced)
    return errors


def _cluster_role(role: Doc, meta: Checked) -> Errors:
    errors = _role(role, meta, namespaced=False)
    aggregation, path = role.get("aggregationRule"), "aggregationRule.clusterRoleSelectors"
    if aggregation is None:
        return errors
    selectors = aggregation.get("clusterRoleSelectors") or ()
    if not selectors:
        detail = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        errors.append(required(path, detail))
    for i, selector in enumerate(selectors):
        found = view(LabelSelector, selector)
        errors += validate_selector(found, f"{path}[{i}]")
        try:
            from_object(found)
        except SelectorError:
            errors.append(invalid(f"{path}[{i}]", None, "invalid label selector."))
    return errors


def _rule(rule: Doc, path: str, *, namespaced: bool) -> Errors:
    errors = [] if rule.get("verbs") else [required(f"{path}.verbs", "verbs must contain at least one value")]
    urls = rule.get("nonResourceURLs")
    if urls:
        at = f"{path}.nonResourceURLs"
        if namespaced:
            errors.append(invalid(at, urls, "namespaced rules cannot apply to non-resource URLs"))
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            errors.append(invalid(at, urls, detail))
        return errors
    if not rule.get("apiGroups"):
        errors.append(required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
    if not rule.get("resources"):
        errors.append(required(f"{path}.resources", "resource rules must supply at least one resource"))
    return errors


def _binding(binding: Doc, meta: Checked, *, namespaced: bool) -> Errors:
    errors = full(meta, SEGMENT, namespaced=namespaced)
    ref = binding.get("roleRef") or {}
    group, kind, name = ref.get("apiGroup") or "", ref.get("kind") or "", ref.get("name") or ""
    if group != _GROUP:
        errors.append(not_supported("roleRef.apiGroup", group, (_GROUP,)))
    kinds = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)
    if kind not in kinds:
        errors.append(not_supported("roleRef.kind", kind, kinds))
    errors += invalid_all("roleRef.name", name, path_segment(name)) if name else [required("roleRef.name")]
    for i, subject in enumerate(binding.get("subjects") or ()):
        errors += _subject(subject, f"subjects[{i}]", namespaced=namespaced)
    return errors


def _subject(subject: Doc, path: str, *, namespaced: bool) -> Errors:
    kind, name, group = subject.get("kind") or "", subject.get("name") or "", subject.get("apiGroup") or ""
    errors = [] if name else [required(f"{path}.name")]
    if kind == "ServiceAccount":
        errors += invalid_all(f"{path}.name", name, dns1123_subdomain(name)) if name else []
        if group:
            errors.append(not_supported(f"{path}.apiGroup", group, ("",)))
        if not namespaced and not subject.get("namespace"):
            errors.append(required(f"{path}.namespace"))
    elif kind in ("User", "Group"):
        if group != _GROUP:
            errors.append(not_supported(f"{path}.apiGroup", group, (_GROUP,)))
    else:
        errors.append(not_supported(f"{path}.kind", kind, ("ServiceAccount", "User", "Group")))
    return errors


def _update_role(new: Doc, old: Doc, meta: Checked) -> Errors:
    return create_role(new, meta) + full_update(meta, old["metadata"])


def _update_cluster_role(new: Doc, old: Doc, meta: Checked) -> Errors:
    return _cluster_role(new, meta) + full_update(meta, old["metadata"])


def _update_binding(new: Doc, old: Doc, meta: Checked, *, namespaced: bool) -> Errors:
    errors = _binding(new, meta, namespaced=namespaced) + full_update(meta, old["metadata"])
    ref = new.get("roleRef") or {}
    if ref == (old.get("roleRef") or {}):
        return errors
    shown = {"APIGroup": ref.get("apiGroup") or "", "Kind": ref.get("kind") or "", "Name": ref.get("name") or ""}
    return [*errors, invalid("roleRef", shown, "cannot change roleRef")]


create_role = partial(_role, namespaced=True)
create_cluster_role = _cluster_role
create_binding = partial(_binding, namespaced=True)
create_cluster_binding = partial(_binding, namespaced=False)
update_role = _update_role
update_cluster_role = _update_cluster_role
update_binding = partial(_update_binding, namespaced=True)
update_cluster_binding = partial(_update_binding, namespaced=False)
