"""The spec of a Job, in a Job or in a CronJob's template.

Source: pkg/apis/batch/validation/validation.go, validateJobSpec and what it calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate import indexes
from refk8s.api.validate.errors import (
    OMITTED,
    Errors,
    duplicate,
    invalid,
    invalid_all,
    named,
    not_supported,
    quote,
    required,
    too_long,
    too_many,
)
from refk8s.api.validate.go_json import go_tree
from refk8s.api.validate.meta import not_negative
from refk8s.api.validate.scalars import domain_prefixed_path
from refk8s.api.validate.template import template_spec
from refk8s.kinds.names import label_key

Doc = Mapping[str, Any]

_COUNTS = (
    *("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"),
    "backoffLimitPerIndex",
)
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_EXIT_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")
_INDEXED_MAX = 100_000
_HIGH_COMPLETIONS_MAX = 10_000
_RULES_MAX, _PATTERNS_MAX, _EXIT_CODES_MAX = 20, 20, 255
_MANAGED_BY_MAX, _INDEXES_MAX = 63, 64 * 1024


def job_spec(spec: Doc, path: str) -> Errors:
    """What is checked of a Job's spec but for its selector."""
    errors = [e for key in _COUNTS if spec.get(key) is not None for e in not_negative(spec[key], f"{path}.{key}")]
    if spec.get("maxFailedIndexes") is not None:
        errors += not_negative(spec["maxFailedIndexes"], f"{path}.maxFailedIndexes")
        if spec.get("backoffLimitPerIndex") is None:
            errors.append(required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    if spec.get("managedBy") is not None:
        errors += _managed_by(spec["managedBy"], f"{path}.managedBy")
    errors += _completion_mode(spec, path)
    indexed = spec.get("completionMode") == "Indexed"
    if spec.get("podFailurePolicy") is not None:
        errors += _failure_policy(spec, f"{path}.podFailurePolicy.rules")
    if spec.get("successPolicy") is not None:
        at = f"{path}.successPolicy"
        if indexed:
            errors += _success_policy(spec, f"{at}.rules")
        else:
            tree = go_tree("SuccessPolicy", spec["successPolicy"])
            errors.append(invalid(at, tree, "requires indexed completion mode"))
    errors += _replacement(spec, f"{path}.podReplacementPolicy")
    template = spec.get("template") or {}
    errors += template_spec(template.get("metadata") or {}, template.get("spec") or {}, f"{path}.template")
    return errors + _restart_policy(spec, f"{path}.template.spec.restartPolicy")


def _managed_by(value: str, path: str) -> Errors:
    errors = domain_prefixed_path(value, path)
    return errors + ([too_long(path, _MANAGED_BY_MAX)] if len(value.encode()) > _MANAGED_BY_MAX else [])


def _completion_mode(spec: Doc, path: str) -> Errors:
    mode, completions, failed = spec.get("completionMode"), spec.get("completions"), spec.get("maxFailedIndexes")
    errors: Errors = []
    if mode is not None and mode not in ("NonIndexed", "Indexed"):
        errors.append(not_supported(f"{path}.completionMode", named(mode), ("NonIndexed", "Indexed")))
    if mode in (None, "NonIndexed"):
        detail = "requires indexed completion mode"
        keys = ("backoffLimitPerIndex", "maxFailedIndexes")
        return errors + [invalid(f"{path}.{key}", spec[key], detail) for key in keys if spec.get(key) is not None]
    if mode != "Indexed":
        return errors
    if completions is None:
        errors.append(required(f"{path}.completions", "when completion mode is Indexed"))
    if (spec.get("parallelism") or 0) > _INDEXED_MAX:
        detail = f"must be less than or equal to {_INDEXED_MAX} when completion mode is Indexed"
        errors.append(invalid(f"{path}.parallelism", spec["parallelism"], detail))
    if failed is not None:
        if completions is not None and failed > completions:
            errors.append(invalid(f"{path}.maxFailedIndexes", failed, "must be less than or equal to completions"))
        if failed > _INDEXED_MAX:
            errors.append(invalid(f"{path}.maxFailedIndexes", failed, f"must be less than or equal to {_INDEXED_MAX}"))
    if (completions or 0) > _INDEXED_MAX and spec.get("backoffLimitPerIndex") is not None:
        errors += _many_completions(spec, path)
    return errors


def _many_completions(spec: Doc, path: str) -> Errors:
    most, above = _HIGH_COMPLETIONS_MAX, _INDEXED_MAX
    errors: Errors = []
    if spec.get("maxFailedIndexes") is None:
        errors.append(required(f"{path}.maxFailedIndexes", f"must be specified when completions is above {above}"))
    detail = (
        f"must be less than or equal to {most} when completions are above {above} and used with backoff limit per index"
    )
    keys = ("parallelism", "maxFailedIndexes")
    return errors + [invalid(f"{path}.{key}", spec[key], detail) for key in keys if (spec.get(key) or 0) > most]


def _valid_values(values: tuple[str, ...]) -> str:
    return f"valid values: [{' '.join(quote(value) for value in values)}]"


def _failure_policy(spec: Doc, path: str) -> Errors:
    rules = spec["podFailurePolicy"].get("rules") or ()
    errors = [too_many(path, len(rules), _RULES_MAX)] if len(rules) > _RULES_MAX else []
    pod = (spec.get("template") or {}).get("spec") or {}
    containers = {c["name"] for kind in ("containers", "initContainers") for c in pod.get(kind) or ()}
    for i, rule in enumerate(rules):
        errors += _failure_rule(spec, rule, f"{path}[{i}]", containers)
    return errors


def _failure_rule(spec: Doc, rule: Doc, path: str, containers: set[str]) -> Errors:
    action = rule.get("action") or ""
    errors: Errors = []
    if not action:
        errors.append(required(f"{path}.action", _valid_values(_ACTIONS)))
    elif action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        errors.append(invalid(f"{path}.action", named(action), "requires the backoffLimitPerIndex to be set"))
    elif action not in _ACTIONS:
        errors.append(not_supported(f"{path}.action", named(action), _ACTIONS))
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions") or ()
    if codes is not None:
        errors += _exit_codes(codes, f"{path}.onExitCodes", containers)
    if conditions:
        errors += _pod_conditions(conditions, f"{path}.onPodConditions")
    if (codes is not None) == bool(conditions):
        what = "both OnExitCodes and OnPodConditions is not supported"
        if codes is None:
            what = "one of OnExitCodes and OnPodConditions is required"
        errors.append(invalid(path, OMITTED, f"specifying {what}"))
    return errors


def _exit_codes(found: Doc, path: str, containers: set[str]) -> Errors:
    operator, container, values = found.get("operator") or "", found.get("containerName"), found.get("values")
    errors: Errors = []
    if not operator:
        errors.append(required(f"{path}.operator", _valid_values(_EXIT_OPERATORS)))
    elif operator not in _EXIT_OPERATORS:
        errors.append(not_supported(f"{path}.operator", named(operator), _EXIT_OPERATORS))
    if container is not None and container not in containers:
        detail = "must be one of the container or initContainer names in the pod template"
        errors.append(invalid(f"{path}.containerName", container, detail))
    at = f"{path}.values"
    if not values:
        errors.append(invalid(at, values, "at least one value is required"))
    elif len(values) > _EXIT_CODES_MAX:
        errors.append(too_many(at, len(values), _EXIT_CODES_MAX))
    seen: set[int] = set()
    for i, value in enumerate(values or ()):
        if operator == "In" and value == 0:
            errors.append(invalid(f"{at}[{i}]", value, "must not be 0 for the In operator"))
        if value in seen:
            errors.append(duplicate(f"{at}[{i}]", value))
        seen.add(value)
    if values and values != sorted(values):
        errors.append(invalid(at, values, "must be ordered"))
    return errors


def _pod_conditions(patterns: list[Doc], path: str) -> Errors:
    errors = [too_many(path, len(patterns), _PATTERNS_MAX)] if len(patterns) > _PATTERNS_MAX else []
    for i, pattern in enumerate(patterns):
        status, at = pattern.get("status") or "", f"{path}[{i}]"
        errors += invalid_all(f"{at}.type", pattern.get("type") or "", label_key(pattern.get("type") or ""))
        if not status:
            errors.append(required(f"{at}.status", _valid_values(_STATUSES)))
        elif status not in _STATUSES:
            errors.append(not_supported(f"{at}.status", named(status), _STATUSES))
    return errors


def _success_policy(spec: Doc, path: str) -> Errors:
    rules = spec["successPolicy"].get("rules") or ()
    errors: Errors = []
    if not rules:
        errors.append(required(path, "at least one rules must be specified when the successPolicy is specified"))
    if len(rules) > _RULES_MAX:
        errors.append(too_many(path, len(rules), _RULES_MAX))
    # without completions, an error of its own, upstream does not get here: it panics
    completions = spec.get("completions") or 0
    for i, rule in enumerate(rules):
        errors += _success_rule(rule, completions, f"{path}[{i}]")
    return errors


def _success_rule(rule: Doc, completions: int, path: str) -> Errors:
    listed, count = rule.get("succeededIndexes"), rule.get("succeededCount")
    errors: Errors = []
    if listed is None and count is None:
        errors.append(required(path, "at least one of succeededCount or succeededIndexes must be specified"))
    total = 0
    if listed is not None:
        at = f"{path}.succeededIndexes"
        if len(listed.encode()) > _INDEXES_MAX:
            errors.append(too_long(at, _INDEXES_MAX))
        try:
            total = indexes.total(listed, completions)
        except indexes.IndexesError as error:
            errors.append(invalid(at, listed, f"error parsing succeededIndexes: {error}"))
    if count is not None:
        at = f"{path}.succeededCount"
        errors += not_negative(count, at)
        bounds = [(completions, "the number of specified completions")]
        if listed is not None:
            bounds.append((total, "the number of indexes in the specified succeededIndexes field"))
        for bound, what in bounds:
            if count > bound:
                errors.append(invalid(at, count, f"must be less than or equal to {bound} ({what})"))
    return errors


def _replacement(spec: Doc, path: str) -> Errors:
    policy = spec.get("podReplacementPolicy")
    allowed = ("Failed",) if spec.get("podFailurePolicy") is not None else _REPLACEMENTS
    return [] if policy is None or policy in allowed else [not_supported(path, named(policy), allowed)]


def _restart_policy(spec: Doc, path: str) -> Errors:
    policy = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy") or ""
    if policy in ("", "Always"):
        return [required(path, 'valid values: "OnFailure", "Never"')]
    if policy not in ("OnFailure", "Never"):
        return [not_supported(path, named(policy), ("OnFailure", "Never"))]
    if spec.get("podFailurePolicy") is not None and policy != "Never":
        return [invalid(path, named(policy), 'only "Never" is supported when podFailurePolicy is specified')]
    return []
