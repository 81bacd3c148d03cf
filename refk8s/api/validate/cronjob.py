"""CronJobs. Source: pkg/apis/batch/validation/validation.go, ValidateCronJob*; pkg/registry/batch/cronjob/strategy.go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from refk8s.api.validate import cron
from refk8s.api.validate.errors import Errors, invalid, named, not_supported, required
from refk8s.api.validate.go_json import selector_tree
from refk8s.api.validate.jobspec import job_spec
from refk8s.api.validate.meta import SUBDOMAIN, Checked, full, full_update, not_negative

Doc = Mapping[str, Any]

_NAME_MAX = 52
_POLICIES = ("Allow", "Forbid", "Replace")
_ZONE_PART = re.compile(r"[A-Za-z.\-_0-9+]{1,14}", re.ASCII)


def create(cron_job: Doc, meta: Checked) -> Errors:
    """A new CronJob; its Jobs add eleven characters to its name."""
    errors = full(meta, SUBDOMAIN, namespaced=True) + _spec(cron_job["spec"], None)
    name = meta.meta.get("name") or ""
    if len(name.encode()) > _NAME_MAX:
        errors.append(invalid("metadata.name", name, f"must be no more than {_NAME_MAX} characters"))
    return errors


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed CronJob."""
    return full_update(meta, old["metadata"]) + _spec(new["spec"], old["spec"])


def update_status(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status is not checked."""
    return []


def _spec(spec: Doc, before: Doc | None) -> Errors:
    schedule, zone = spec.get("schedule") or "", spec.get("timeZone")
    if schedule:
        errors = _schedule(schedule, zone, zone_allowed=before is not None and "TZ" in (before.get("schedule") or ""))
    else:
        errors = [required("spec.schedule")]
    if spec.get("startingDeadlineSeconds") is not None:
        errors += not_negative(spec["startingDeadlineSeconds"], "spec.startingDeadlineSeconds")
    if zone is not None and (before is None or before.get("timeZone") != zone):
        errors += _zone(zone, "spec.timeZone")
    policy = spec.get("concurrencyPolicy") or ""
    if not policy:
        errors.append(required("spec.concurrencyPolicy"))
    elif policy not in _POLICIES:
        errors.append(not_supported("spec.concurrencyPolicy", named(policy), _POLICIES))
    errors += _job_template((spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec")
    for key in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        if spec.get(key) is not None:
            errors += not_negative(spec[key], f"spec.{key}")
    return errors


def _schedule(schedule: str, zone: str | None, *, zone_allowed: bool) -> Errors:
    path, complaint = "spec.schedule", cron.complaint(schedule, is_time_zone)
    errors = [invalid(path, schedule, complaint)] if complaint else []
    if "TZ" in schedule and not zone_allowed:
        detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        errors.append(invalid(path, schedule, detail))
    elif "TZ" in schedule and zone is not None:
        detail = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
        errors.append(invalid(path, schedule, detail))
    return errors


def _zone(zone: str, path: str) -> Errors:
    if not zone:
        return [invalid(path, zone, "timeZone must be nil or non-empty string")]
    unknown = f"unknown time zone {zone}"
    for part in zone.split("/"):
        if part in (".", "..") or part.startswith("-") or not _ZONE_PART.fullmatch(part):
            return [invalid(path, zone, unknown)]
    errors: Errors = []
    if zone.lower() == "local":
        detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        errors.append(invalid(path, zone, detail))
    return errors if is_time_zone(zone) else [*errors, invalid(path, zone, unknown)]


def is_time_zone(name: str) -> bool:
    """Whether Go would find a time zone of that name."""
    return name in ("", "UTC", "Local") or name in _zones()


@cache
def _zones() -> frozenset[str]:
    text = Path(__file__).with_name("time_zones.txt").read_text("ascii")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


def _job_template(spec: Doc, path: str) -> Errors:
    errors = job_spec(spec, path)
    if spec.get("selector") is not None:
        shown = selector_tree(spec["selector"])
        errors.append(invalid(f"{path}.selector", shown, "`selector` will be auto-generated"))
    if spec.get("manualSelector"):
        errors.append(not_supported(f"{path}.manualSelector", True, ("nil", "false")))
    return errors
