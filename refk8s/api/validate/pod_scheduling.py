"""Where a pod may run: affinity, tolerations, taints, topology spread, scheduling gates.

Source: pkg/apis/core/validation/validation.go (validateAffinity, ValidateTolerations, validateNodeTaints,
validateTopologySpreadConstraints, validateSchedulingGates and what they call).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from refk8s.api.validate.errors import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    invalid_all,
    named,
    not_supported,
    required,
)
from refk8s.api.validate.go_json import go_tree
from refk8s.kinds.codec import view
from refk8s.kinds.meta import LabelSelector
from refk8s.kinds.names import (
    decimal_integer,
    dns1123_label,
    dns1123_subdomain,
    label_key,
    label_value,
)
from refk8s.kinds.selector import validate as _validate_selector

Doc = Mapping[str, Any]

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_OPERATORS = ("Equal", "Exists")
_COMPARISONS = ("Lt", "Gt")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_WEIGHT = "must be in the range 1-100"
_OPERATOR = "not a valid selector operator"
_ONE_OR_MORE = "must be specified when `operator` is 'In' or 'NotIn'"
_NONE = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"


def affinity(found: Doc | None, path: str) -> Errors:
    """Node affinity, pod affinity and pod anti-affinity."""
    if found is None:
        return []
    errors: Errors = []
    if found.get("nodeAffinity") is not None:
        errors += _node_affinity(found["nodeAffinity"], f"{path}.nodeAffinity")
    for kind in ("podAffinity", "podAntiAffinity"):
        if found.get(kind) is not None:
            errors += _pod_affinity(found[kind], f"{path}.{kind}")
    return errors


def tolerations(listed: Sequence[Doc], path: str, *, compare: bool = False) -> Errors:
    """Tolerations; `compare` allows Lt and Gt, as upstream does where the pod had them before."""
    errors: Errors = []
    for i, toleration in enumerate(listed):
        at = f"{path}[{i}]"
        key, operator = toleration.get("key") or "", toleration.get("operator") or ""
        effect = toleration.get("effect") or ""
        if key:
            errors += invalid_all(f"{at}.key", key, label_key(key))
        elif operator != "Exists":
            detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            errors.append(invalid(f"{at}.operator", named(operator), detail))
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            errors.append(invalid(f"{at}.effect", named(effect), detail))
        errors += _toleration_value(operator, toleration.get("value") or "", at, compare=compare)
        if effect and effect not in EFFECTS:
            errors.append(not_supported(f"{at}.effect", named(effect), EFFECTS))
    return errors


def taints(listed: Sequence[Doc], path: str) -> Errors:
    """The taints of a node: unique by key and effect."""
    errors: Errors = []
    seen: set[tuple[str, str]] = set()
    for i, taint in enumerate(listed):
        at, key, value, effect = f"{path}[{i}]", taint["key"], taint.get("value") or "", taint["effect"]
        errors += invalid_all(f"{at}.key", key, label_key(key))
        if label_value(value):
            errors.append(invalid(f"{at}.value", value, ";".join(label_value(value))))
        if not effect:
            errors.append(required(f"{at}.effect"))
        elif effect not in EFFECTS:
            errors.append(not_supported(f"{at}.effect", named(effect), EFFECTS))
        if (effect, key) in seen:
            detail = "taints must be unique by key and effect pair"
            errors.append(duplicate(at, go_tree("Taint", taint), detail))
        seen.add((effect, key))
    return errors


def spread_constraints(listed: Sequence[Doc], path: str) -> Errors:
    """Topology spread constraints: one per topology key and mode."""
    errors: Errors = []
    for i, constraint in enumerate(listed):
        at, key, mode = f"{path}[{i}]", constraint["topologyKey"], constraint["whenUnsatisfiable"]
        errors += _positive(constraint["maxSkew"], f"{at}.maxSkew")
        if not key:
            errors.append(required(f"{at}.topologyKey", "can not be empty"))
        if mode not in ("DoNotSchedule", "ScheduleAnyway"):
            supported = ("DoNotSchedule", "ScheduleAnyway")
            errors.append(not_supported(f"{at}.whenUnsatisfiable", named(mode), supported))
        if any(c["topologyKey"] == key and c["whenUnsatisfiable"] == mode for c in listed[i + 1 :]):
            errors.append(duplicate(f"{at}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {mode}}}"))
        errors += _min_domains(constraint.get("minDomains"), mode, f"{at}.minDomains")
        for policy in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            value = constraint.get(policy)
            if value is not None and value not in ("Honor", "Ignore"):
                errors.append(not_supported(f"{at}.{policy}", named(value), ("Honor", "Ignore")))
        selector = constraint.get("labelSelector")
        errors += _label_keys(constraint.get("matchLabelKeys") or (), (), selector, at)
        errors += _selector(selector, f"{at}.labelSelector")
    return errors


def scheduling_gates(listed: Sequence[Doc], path: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for i, gate in enumerate(listed):
        name = gate["name"]
        errors += invalid_all(f"{path}[{i}]", name, label_key(name))
        if name in seen:
            errors.append(duplicate(f"{path}[{i}]", name))
        seen.add(name)
    return errors


def _selector(selector: Doc | None, path: str) -> Errors:
    return [] if selector is None else _validate_selector(view(LabelSelector, selector), path)


def _toleration_value(operator: str, value: str, path: str, *, compare: bool) -> Errors:
    if operator in ("", "Equal"):
        messages = label_value(value)
        return [invalid(f"{path}.operator", value, ";".join(messages))] if messages else []
    if operator == "Exists":
        detail = "value must be empty when `operator` is 'Exists'"
        return [invalid(f"{path}.operator", value, detail)] if value else []
    if operator in _COMPARISONS and not compare:
        return [not_supported(f"{path}.operator", named(operator), (*_OPERATORS, *_COMPARISONS))]
    if operator in _COMPARISONS:
        return _compared(value, f"{path}.value")
    return [not_supported(f"{path}.operator", named(operator), _OPERATORS)]


def _compared(value: str, path: str) -> Errors:
    errors = invalid_all(path, value, decimal_integer(value))
    digits = value[1:] if value[:1] in ("+", "-") else value
    if not (digits.isascii() and digits.isdigit()):
        errors.append(invalid(path, value, f'strconv.ParseInt: parsing "{value}": invalid syntax'))
    elif not -(2**63) <= int(value) < 2**63:
        errors.append(invalid(path, value, f'strconv.ParseInt: parsing "{value}": value out of range'))
    return errors


def _node_affinity(found: Doc, path: str) -> Errors:
    errors: Errors = []
    if found.get(_REQUIRED) is not None:
        errors += node_selector(found[_REQUIRED], f"{path}.{_REQUIRED}")
    for i, term in enumerate(found.get(_PREFERRED) or ()):
        at = f"{path}.{_PREFERRED}[{i}]"
        if not 0 < term["weight"] <= 100:
            errors.append(invalid(f"{at}.weight", term["weight"], _WEIGHT))
        errors += _node_term(term["preference"], f"{at}.preference", check_values=False)
    return errors


def node_selector(selector: Doc, path: str) -> Errors:
    """The terms of a required node selector, at least one."""
    terms = selector.get("nodeSelectorTerms") or ()
    if not terms:
        return [required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")]
    return [e for i, term in enumerate(terms) for e in _node_term(term, f"{path}.nodeSelectorTerms[{i}]")]


def _node_term(term: Doc, path: str, *, check_values: bool = True) -> Errors:
    errors: Errors = []
    for i, requirement in enumerate(term.get("matchExpressions") or ()):
        errors += _node_requirement(requirement, f"{path}.matchExpressions[{i}]", check_values=check_values)
    for i, requirement in enumerate(term.get("matchFields") or ()):
        errors += _field_requirement(requirement, f"{path}.matchFields[{i}]")
    return errors


def _node_requirement(requirement: Doc, path: str, *, check_values: bool) -> Errors:
    operator, values, key = requirement["operator"], requirement.get("values") or (), requirement["key"]
    errors: Errors = []
    if operator in ("In", "NotIn"):
        errors += [] if values else [required(f"{path}.values", _ONE_OR_MORE)]
    elif operator in ("Exists", "DoesNotExist"):
        errors += [forbidden(f"{path}.values", _NONE)] if values else []
    elif operator in ("Gt", "Lt"):
        detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
        errors += [] if len(values) == 1 else [required(f"{path}.values", detail)]
    else:
        errors.append(invalid(f"{path}.operator", named(operator), _OPERATOR))
    errors += invalid_all(f"{path}.key", key, label_key(key))
    if check_values:
        for i, value in enumerate(values):
            errors += invalid_all(f"{path}.values[{i}]", value, label_value(value))
    return errors


def _field_requirement(requirement: Doc, path: str) -> Errors:
    operator, values, key = requirement["operator"], requirement.get("values") or (), requirement["key"]
    errors: Errors = []
    if operator not in ("In", "NotIn"):
        errors.append(invalid(f"{path}.operator", named(operator), _OPERATOR))
    elif len(values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        errors.append(required(f"{path}.values", detail))
    if key != "metadata.name":
        return [*errors, invalid(f"{path}.key", key, "not a valid field selector key")]
    for i, value in enumerate(values):
        errors += invalid_all(f"{path}.values[{i}]", value, dns1123_subdomain(value))
    return errors


def _pod_affinity(found: Doc, path: str) -> Errors:
    errors: Errors = []
    for i, term in enumerate(found.get(_REQUIRED) or ()):
        errors += _pod_term(term, f"{path}.{_REQUIRED}[{i}]")
    for i, weighted in enumerate(found.get(_PREFERRED) or ()):
        at = f"{path}.{_PREFERRED}[{i}]"
        if not 0 < weighted["weight"] <= 100:
            errors.append(invalid(f"{at}.weight", weighted["weight"], _WEIGHT))
        errors += _pod_term(weighted["podAffinityTerm"], f"{at}.podAffinityTerm")
    return errors


def _pod_term(term: Doc, path: str) -> Errors:
    selector = term.get("labelSelector")
    errors = _selector(selector, f"{path}.labelSelector")
    errors += _selector(term.get("namespaceSelector"), f"{path}.namespaceSelector")
    for name in term.get("namespaces") or ():
        errors += invalid_all(f"{path}.namespace", name, dns1123_label(name))
    errors += _label_keys(term.get("matchLabelKeys") or (), term.get("mismatchLabelKeys") or (), selector, path)
    key = term["topologyKey"]
    if not key:
        errors.append(required(f"{path}.topologyKey", "can not be empty"))
    return errors + invalid_all(f"{path}.topologyKey", key, label_key(key))


def _label_keys(match: Sequence[str], mismatch: Sequence[str], selector: Doc | None, path: str) -> Errors:
    """Keys whose values are taken from the pod; a key may not also be in the selector more than once, or in both lists."""
    if not match and not mismatch:
        return []
    errors = _listed_keys(match, selector, f"{path}.matchLabelKeys")
    errors += _listed_keys(mismatch, selector, f"{path}.mismatchLabelKeys")
    if selector is not None:
        index = {key: i for i, key in enumerate(match)}
        selected = set(selector.get("matchLabels") or ())
        for expression in selector.get("matchExpressions") or ():
            key = expression["key"]
            if key in index and key in selected:
                detail = "exists in both matchLabelKeys and labelSelector"
                errors.append(invalid(f"{path}[{index[key]}]", key, detail))
            selected.add(key)
    for i, key in enumerate(match):
        if key in mismatch:
            detail = "exists in both matchLabelKeys and mismatchLabelKeys"
            errors.append(invalid(f"{path}.matchLabelKeys[{i}]", key, detail))
    return errors


def _listed_keys(keys: Sequence[str], selector: Doc | None, path: str) -> Errors:
    if keys and selector is None:
        return [forbidden(path, "must not be specified when labelSelector is not set")]
    return [e for i, key in enumerate(keys) for e in invalid_all(f"{path}[{i}]", key, label_key(key))]


def _positive(number: int, path: str) -> Errors:
    return [] if number > 0 else [invalid(path, number, "must be greater than zero")]


def _min_domains(number: int | None, mode: str, path: str) -> Errors:
    if number is None:
        return []
    errors = _positive(number, path)
    if mode != "DoNotSchedule":
        detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {mode}"
        errors.append(invalid(path, number, detail))
    return errors
