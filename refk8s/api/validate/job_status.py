"""Changes of a Job's status: rules apply where what they are about has changed.

Source: pkg/apis/batch/validation/validation.go (validateJobStatus, ValidateJobStatusUpdate);
pkg/registry/batch/job/strategy.go, getStatusValidationOptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from refk8s.api.validate import indexes
from refk8s.api.validate.errors import OMITTED, Errors, FieldError, duplicate, invalid, named, required
from refk8s.api.validate.meta import IMMUTABLE, Checked, full_update
from refk8s.api.validate.replicaset import counts

Doc = Mapping[str, Any]
Found = Iterator[FieldError]

_CONDITIONS = "status.conditions"


def has_condition(status: Doc, kind: str, value: str = "True") -> bool:
    """Whether the status has a condition of that type and status."""
    return any(c.get("type") == kind and c.get("status") == value for c in status.get("conditions") or ())


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status."""
    errors = full_update(meta, old["metadata"])
    return [*errors, *_now(new["spec"], _Change(new, old)), *_transition(new["spec"], _Change(new, old))]


class _Change:
    """Both statuses and what differs between them."""

    def __init__(self, new: Doc, old: Doc) -> None:
        self.new: Doc = new.get("status") or {}
        self.old: Doc = old.get("status") or {}
        self.finished = self.is_finished(self.new)
        self.finishing = self.finished != self.is_finished(self.old)

    @staticmethod
    def is_finished(status: Doc) -> bool:
        return has_condition(status, "Complete") or has_condition(status, "Failed")

    def of(self, key: str) -> bool:
        """Whether a field changed."""
        return bool((self.new.get(key) or None) != (self.old.get(key) or None))

    def condition(self, kind: str) -> bool:
        """Whether a condition became or stopped being true."""
        return has_condition(self.new, kind) != has_condition(self.old, kind)

    def given(self, key: str) -> bool:
        """Whether a pointer changed, zero and absent told apart."""
        return bool(self.new.get(key) != self.old.get(key))


def _now(spec: Doc, change: _Change) -> Found:
    """What the new status may not be."""
    status = change.new
    yield from counts(status, ("active", "succeeded", "failed"), ("ready", "terminating"))
    yield from _uncounted(status.get("uncountedTerminatedPods") or {})
    yield from _conditions(status, change)
    yield from _times(status, change)
    complete = has_condition(status, "Complete")
    if (
        (change.condition("Failed") or change.given("failedIndexes"))
        and has_condition(status, "Failed")
        and not has_condition(status, "FailureTarget")
    ):
        detail = "cannot set Failed=True condition without the FailureTarget=true condition"
        yield invalid(_CONDITIONS, OMITTED, detail)
    if (
        (change.condition("Complete") or change.condition("SuccessCriteriaMet"))
        and complete
        and not has_condition(status, "SuccessCriteriaMet")
    ):
        detail = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"
        yield invalid(_CONDITIONS, OMITTED, detail)
    yield from _finished(spec, status, change)
    yield from _indexes(spec, status, change)
    terminating, ready, active = status.get("terminating") or 0, status.get("ready"), status.get("active") or 0
    if (change.finishing or change.given("terminating")) and terminating > 0 and change.finished:
        yield invalid("status.terminating", terminating, "terminating>0 is invalid for finished job")
    if (change.given("ready") or change.of("active")) and ready is not None and ready > active:
        yield invalid("status.ready", ready, "cannot set more ready pods than active")
    if has_condition(status, "SuccessCriteriaMet"):
        for other, shown in (("Failed", "Failed=true"), ("FailureTarget", "FailureTarget=true")):
            if has_condition(status, other):
                yield invalid(_CONDITIONS, OMITTED, f"cannot set SuccessCriteriaMet=True and {shown} conditions")
    elif spec.get("successPolicy") is not None and complete:
        detail = "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"
        yield invalid(_CONDITIONS, OMITTED, detail)


def _uncounted(pods: Doc) -> Found:
    seen: set[str] = set()
    for key in ("succeeded", "failed"):
        for i, uid in enumerate(pods.get(key) or ()):
            path = f"status.uncountedTerminatedPods.{key}[{i}]"
            if not uid:
                yield invalid(path, named(uid), "must not be empty")
            elif uid in seen:
                yield duplicate(path, named(uid))
            seen.add(uid)


def _conditions(status: Doc, change: _Change) -> Found:
    if not has_condition(status, "Complete"):
        return
    completing = change.condition("Complete")
    if (completing or change.condition("Failed")) and has_condition(status, "Failed"):
        yield invalid(_CONDITIONS, OMITTED, "cannot set Complete=True and Failed=true conditions")
    if (completing or change.condition("FailureTarget")) and has_condition(status, "FailureTarget"):
        yield invalid(_CONDITIONS, OMITTED, "cannot set Complete=True and FailureTarget=true conditions")


def _times(status: Doc, change: _Change) -> Found:
    path, start, end = "status.completionTime", status.get("startTime"), status.get("completionTime")
    complete = has_condition(status, "Complete")
    if change.condition("Complete") or change.given("completionTime"):
        if end is not None and not complete:
            yield invalid(path, end, "cannot set completionTime when there is no Complete=True condition")
        if end is None and complete:
            yield required(path, "completionTime is required for Complete jobs")
    if (change.given("startTime") or change.given("completionTime")) and start and end and end < start:
        yield invalid(path, end, "must be equal to or after `startTime`")


def _finished(spec: Doc, status: Doc, change: _Change) -> Found:
    if not change.finished:
        return
    active = status.get("active") or 0
    if (change.finishing or change.of("active")) and active > 0:
        yield invalid("status.active", active, "active>0 is invalid for finished job")
    empty = bool(spec.get("suspend")) and spec.get("completions") == 0
    if (change.finishing or change.given("startTime")) and not empty and status.get("startTime") is None:
        yield required("status.startTime", "startTime is required for finished job")
    pods = status.get("uncountedTerminatedPods") or {}
    if (change.finishing or change.given("uncountedTerminatedPods")) and (pods.get("succeeded") or pods.get("failed")):
        shown = {"Succeeded": pods.get("succeeded"), "Failed": pods.get("failed")}
        yield invalid("status.uncountedTerminatedPods", shown, "must be empty for finished job")


def _indexes(spec: Doc, status: Doc, change: _Change) -> Found:
    completions, limit = spec.get("completions"), spec.get("backoffLimitPerIndex")
    completed, failed = status.get("completedIndexes") or "", status.get("failedIndexes")
    of_completed, of_failed = change.of("completedIndexes"), change.given("failedIndexes")
    if of_completed and completions is not None:
        yield from _format("completedIndexes", completed, completions)
    if of_failed and completions is not None and limit is not None and failed is not None:
        yield from _format("failedIndexes", failed, completions)
    if of_completed and completed and spec.get("completionMode") != "Indexed":
        detail = "cannot set non-empty completedIndexes when non-indexed completion mode"
        yield invalid("status.completedIndexes", completed, detail)
    if of_failed and limit is None and failed is not None:
        detail = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        yield invalid("status.failedIndexes", failed, detail)
    if (of_failed or of_completed) and completions is not None and failed is not None:
        complaint = indexes.overlap(completed, failed, completions)
        if complaint:
            yield invalid("status.failedIndexes", failed, complaint)


def _format(key: str, text: str, completions: int) -> Found:
    try:
        indexes.total(text, completions)
    except indexes.IndexesError as error:
        yield invalid(f"status.{key}", text, f"error parsing {key}: {error}")


def _transition(spec: Doc, change: _Change) -> Found:
    """What may not follow upon the old status."""
    new, old = change.new, change.old
    for kind in ("Failed", "Complete", "FailureTarget"):
        if has_condition(old, kind) and not has_condition(new, kind):
            yield invalid(_CONDITIONS, OMITTED, f"cannot disable the terminal {kind}=True condition")
    rescaled = spec.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")
    for key, may_fall in (("failed", False), ("succeeded", rescaled)):
        if (new.get(key) or 0) < (old.get(key) or 0) and not may_fall:
            yield invalid(f"status.{key}", new.get(key) or 0, f"cannot decrease the {key} counter")
    end, start = new.get("completionTime"), new.get("startTime")
    if end and old.get("completionTime") and end != old["completionTime"]:
        yield invalid("status.completionTime", end, IMMUTABLE)
    resuming = has_condition(old, "Suspended") and has_condition(new, "Suspended", "False")
    if old.get("startTime") and start != old["startTime"] and not resuming and not spec.get("suspend"):
        yield invalid("status.startTime", start, "field is immutable for unsuspended job once set")
    was, now = has_condition(old, "SuccessCriteriaMet"), has_condition(new, "SuccessCriteriaMet")
    if was and not now:
        yield invalid(_CONDITIONS, OMITTED, "cannot disable the SuccessCriteriaMet=True condition")
    if has_condition(old, "Complete") and now and not was:
        detail = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"
        yield invalid(_CONDITIONS, OMITTED, detail)
