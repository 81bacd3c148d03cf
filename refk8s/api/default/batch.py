"""Defaults of Jobs and CronJobs. Source: pkg/apis/batch/v1/defaults.go."""

from __future__ import annotations

from refk8s.api.default.pod import default_template
from refk8s.api.default.sharing import Doc, changed, each_under, with_missing
from refk8s.api.default.workload import with_labels

_MAX_INT32 = 2**31 - 1
_JOB = {"completionMode": "NonIndexed", "suspend": False, "manualSelector": False}
_CRON_JOB = {
    "concurrencyPolicy": "Allow",
    "suspend": False,
    "successfulJobsHistoryLimit": 3,
    "failedJobsHistoryLimit": 1,
}


def default_job(job: Doc) -> Doc:
    """A decoded Job with its defaults; without labels of its own it takes those of its template."""
    job = changed(job, "spec", lambda spec: _conditions(_template(_job_spec(spec))))
    labels = (job["spec"]["template"].get("metadata") or {}).get("labels")
    return changed(job, "metadata", lambda metadata: with_labels(metadata, labels))


def default_cron_job(cron_job: Doc) -> Doc:
    """A decoded CronJob with its defaults; its job template gets only those of the pod template."""

    def job(template: Doc) -> Doc:
        return changed(template, "spec", lambda spec: _conditions(_template(spec)))

    return changed(cron_job, "spec", lambda spec: changed(with_missing(spec, _CRON_JOB), "jobTemplate", job))


def _job_spec(spec: Doc) -> Doc:
    if "completions" not in spec and "parallelism" not in spec:
        spec = {**spec, "completions": 1, "parallelism": 1}
    limit = 6 if "backoffLimitPerIndex" not in spec else _MAX_INT32
    replacement = "TerminatingOrFailed" if "podFailurePolicy" not in spec else "Failed"
    defaults = {**_JOB, "parallelism": 1, "backoffLimit": limit, "podReplacementPolicy": replacement}
    return with_missing(spec, defaults)


def _template(spec: Doc) -> Doc:
    return changed(spec, "template", default_template)


def _conditions(spec: Doc) -> Doc:
    def rule(found: Doc) -> Doc:
        return each_under(found, "onPodConditions", _condition)

    return changed(spec, "podFailurePolicy", lambda policy: each_under(policy, "rules", rule))


def _condition(pattern: Doc) -> Doc:
    return pattern if pattern.get("status") else {**pattern, "status": "True"}
