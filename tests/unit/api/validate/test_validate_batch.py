"""Jobs and CronJobs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.validate.validated import NEGATIVE, Doc, created, remarks, stored, updated, with_status

POD: Doc = {"containers": [{"name": "c", "image": "x:1"}], "restartPolicy": "Never"}
INDEXED: Doc = {"completionMode": "Indexed", "completions": 5}


def job(**spec: Any) -> Doc:
    return {"spec": {"template": {"spec": POD}, **spec}}


def rule(**fields: Any) -> Doc:
    return {"podFailurePolicy": {"rules": [{"action": "FailJob", **fields}]}}


SUCCESS = "spec.successPolicy.rules[0]"
RESTART = "spec.template.spec.restartPolicy"
REPLACEMENT = "spec.podReplacementPolicy"
INDEXES = 'status.completedIndexes: Invalid value: "1"'
AT = "spec.podFailurePolicy.rules[0]"
CODES: Doc = {"operator": "In", "values": [1, 2]}
JOBS: list[tuple[Doc, list[str]]] = [
    ({}, []),
    ({"parallelism": -1}, [f"spec.parallelism: Invalid value: -1: {NEGATIVE}"]),
    (INDEXED, []),
    ({"completionMode": "Odd"}, ['spec.completionMode: Unsupported value: "Odd": supported values: "NonIndexed", "Indexed"']),
    ({"completionMode": "Indexed", "parallelism": 1}, ["spec.completions: Required value: when completion mode is Indexed"]),
    ({"backoffLimitPerIndex": 1}, ["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"]),
    (
        {**INDEXED, "maxFailedIndexes": 6},
        [
            "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
            "spec.maxFailedIndexes: Invalid value: 6: must be less than or equal to completions",
        ],
    ),
    (
        {"completionMode": "Indexed", "completions": 100_001, "backoffLimitPerIndex": 1},
        ["spec.maxFailedIndexes: Required value: must be specified when completions is above 100000"],
    ),
    (
        {"managedBy": "acme"},
        ['spec.managedBy: Invalid value: "acme": must be a domain-prefixed path (such as "acme.io/foo")'],
    ),
    ({"managedBy": "acme.io/foo"}, []),
    ({"podReplacementPolicy": "Never"}, ['spec.podReplacementPolicy: Unsupported value: "Never": supported values: "Failed", "TerminatingOrFailed"']),
    (rule(onExitCodes=CODES), []),
    (
        {**rule(onExitCodes=CODES), "podReplacementPolicy": "TerminatingOrFailed"},
        [f'{REPLACEMENT}: Unsupported value: "TerminatingOrFailed": supported values: "Failed"'],
    ),
    (rule(), [f"{AT}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required"]),
    (
        rule(onExitCodes=CODES, onPodConditions=[{"type": "a"}]),
        [f"{AT}: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported"],
    ),
    (rule(action="FailIndex", onExitCodes=CODES), [f'{AT}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set']),
    (rule(action="", onExitCodes=CODES), [f'{AT}.action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]']),
    (
        rule(onExitCodes={"operator": "In", "values": [2, 0, 2], "containerName": "z"}),
        [
            f'{AT}.onExitCodes.containerName: Invalid value: "z": must be one of the container or initContainer names in the pod template',
            f"{AT}.onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator",
            f"{AT}.onExitCodes.values[2]: Duplicate value: 2",
            f"{AT}.onExitCodes.values: Invalid value: [2,0,2]: must be ordered",
        ],
    ),
    (
        {**INDEXED, "successPolicy": {"rules": [{"succeededIndexes": "0-2,1", "succeededCount": 6}]}},
        [
            f'{SUCCESS}.succeededIndexes: Invalid value: "0-2,1": error parsing succeededIndexes: non-increasing order, previous: 2, current: 1',
            f"{SUCCESS}.succeededCount: Invalid value: 6: must be less than or equal to 5 (the number of specified completions)",
            f"{SUCCESS}.succeededCount: Invalid value: 6: must be less than or equal to 0 (the number of indexes in the specified succeededIndexes field)",
        ],
    ),
    (
        {"successPolicy": {"rules": [{"succeededCount": 1}]}},
        ['spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}: requires indexed completion mode'],
    ),
    ({"template": {"spec": {**POD, "restartPolicy": "Always"}}}, ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']),
    (
        {**rule(onExitCodes=CODES), "template": {"spec": {**POD, "restartPolicy": "OnFailure"}}},
        [f'{RESTART}: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified'],
    ),
    (
        {"manualSelector": True},
        ["spec.selector: Required value", "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "errors"), JOBS)
def test_new_jobs(spec: Doc, errors: list[str]) -> None:
    assert created("Job", job(**spec)) == errors


def test_a_job_selects_its_pods_by_its_uid_and_takes_the_labels_of_its_template() -> None:
    made = stored("Job", job())
    labels = {"controller-uid": "u", "job-name": "x"}
    labels |= {f"batch.kubernetes.io/{key}": value for key, value in labels.items()}
    assert made["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}}
    assert made["spec"]["template"]["metadata"]["labels"] == labels
    assert made["metadata"]["labels"] == labels
    template = {"metadata": {"labels": {"a": "b"}}, "spec": POD}
    assert stored("Job", job(template=template))["metadata"]["labels"] == {"a": "b", **labels}
    own = {"metadata": {"labels": {"mine": "1"}}, **job(template=template)}
    assert stored("Job", own)["metadata"]["labels"] == {"mine": "1"}


def test_labels_that_the_registry_generates_may_not_be_others() -> None:
    template = {"metadata": {"labels": {"job-name": "other"}}, "spec": POD}
    (error,) = created("Job", job(template=template))
    assert error.startswith("spec.template.metadata.labels[job-name]: Invalid value: {")
    assert error.endswith("must be 'x'")


def test_a_name_that_makes_no_host_name_is_too_long_for_an_indexed_job() -> None:
    name = "a" * 61
    (error,) = created("Job", {"metadata": {"name": name}, **job(completionMode="Indexed", completions=101)})
    assert (
        error
        == f'metadata.name: Invalid value: "{name}": will not able to create pod with invalid DNS label: {name}-100'
    )


CHANGES: list[tuple[Doc, Doc, list[str]]] = [
    ({}, {"completions": 1, "parallelism": 3, "suspend": True, "backoffLimit": 1}, []),
    ({}, {"completions": 2}, ["spec.completions: Invalid value: 2: field is immutable"]),
    ({**INDEXED, "parallelism": 5}, {**INDEXED, "completions": 4, "parallelism": 4}, []),
    (
        {**INDEXED, "parallelism": 5},
        {**INDEXED, "completions": 4, "parallelism": 5},
        ["spec.completions: Invalid value: 4: can only be modified in tandem with spec.parallelism"],
    ),
    ({}, {"managedBy": "a.b/c"}, ['spec.managedBy: Invalid value: "a.b/c": field is immutable']),
    ({"suspend": True}, {"suspend": True, "template": {"spec": {**POD, "nodeSelector": {"a": "b"}}}}, []),
    (
        {"suspend": True},
        {
            "suspend": True,
            "template": {
                "spec": {**POD, "containers": [{"name": "c", "image": "x:1", "resources": {"limits": {"cpu": "1"}}}]}
            },
        },
        [],
    ),
]


@pytest.mark.parametrize(("before", "after", "errors"), CHANGES)
def test_changed_jobs(before: Doc, after: Doc, errors: list[str]) -> None:
    old = stored("Job", job(**before))
    generated = {"selector": old["spec"]["selector"]}
    template = after.get("template") or {"spec": POD}
    template = {**template, "metadata": {"labels": old["spec"]["template"]["metadata"]["labels"]}}
    assert updated("Job", job(**before), job(**{**after, **generated, "template": template})) == errors


def test_a_running_jobs_template_stays() -> None:
    old = stored("Job", job())["spec"]
    spec = {**old, "template": {**old["template"], "spec": {**old["template"]["spec"], "nodeSelector": {"a": "b"}}}}
    (error,) = updated("Job", job(), {"spec": spec})
    assert error.startswith('spec.template: Invalid value: {"labels":{"batch.kubernetes.io/controller-uid":"u",')
    assert error.endswith(": field is immutable")


DONE: Doc = {
    "startTime": "2024-01-01T00:00:00Z",
    "completionTime": "2024-01-01T00:00:05Z",
    "succeeded": 1,
    "conditions": [{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}],
}
STATUSES: list[tuple[Doc, Doc, list[str]]] = [
    ({}, DONE, []),
    ({}, {"active": -1}, [f"status.active: Invalid value: -1: {NEGATIVE}"]),
    ({}, {"active": 1, "ready": 2}, ["status.ready: Invalid value: 2: cannot set more ready pods than active"]),
    (
        {},
        {"conditions": [{"type": "Failed", "status": "True"}]},
        [
            "status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition",
            "status.startTime: Required value: startTime is required for finished job",
        ],
    ),
    (
        {},
        {"completedIndexes": "1"},
        [f'{INDEXES}: error parsing completedIndexes: too large index: "1"',
         f'{INDEXES}: cannot set non-empty completedIndexes when non-indexed completion mode'],
    ),
    ({"failed": 2}, {"failed": 1}, ["status.failed: Invalid value: 1: cannot decrease the failed counter"]),
    (
        DONE,
        {**DONE, "completionTime": "2024-01-01T00:00:06Z"},
        ['status.completionTime: Invalid value: "2024-01-01T00:00:06Z": field is immutable'],
    ),
    (
        {},
        {**DONE, "completionTime": "2023-01-01T00:00:00Z"},
        ['status.completionTime: Invalid value: "2023-01-01T00:00:00Z": must be equal to or after `startTime`'],
    ),
    (
        {},
        {"uncountedTerminatedPods": {"succeeded": ["a", ""], "failed": ["a"]}},
        [
            'status.uncountedTerminatedPods.succeeded[1]: Invalid value: "": must not be empty',
            'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
        ],
    ),
    (
        {"startTime": "2024-01-01T00:00:00Z"},
        {"startTime": "2024-01-02T00:00:00Z"},
        ['status.startTime: Invalid value: "2024-01-02T00:00:00Z": field is immutable for unsuspended job once set'],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "errors"), STATUSES)
def test_statuses_of_jobs(before: Doc, after: Doc, errors: list[str]) -> None:
    assert with_status("Job", job(), after, before) == errors


def cron_job(**spec: Any) -> Doc:
    return {"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": POD}}}, **spec}}


SCHEDULES = [
    ("* * * * *", ""),
    ("*/5 0-6,12 ? JAN-mar MON", ""),
    ("@hourly", ""),
    ("@every 1h30m", ""),
    ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
    ("60 * * * *", "end of range (60) above maximum (59): 60"),
    ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
    ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
    ("*/0 * * * *", "step of range should be a positive number: */0"),
    ("a * * * *", 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'),
    ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
    ("1/2/3 * * * *", "too many slashes: 1/2/3"),
    ("@daily2", "unrecognized descriptor: @daily2"),
    ("@every 5x", 'failed to parse duration @every 5x: time: unknown unit "x" in duration "5x"'),
]


@pytest.mark.parametrize(("schedule", "complaint"), SCHEDULES)
def test_schedules(schedule: str, complaint: str) -> None:
    errors = created("CronJob", cron_job(schedule=schedule))
    assert errors == ([f'spec.schedule: Invalid value: "{schedule}": {complaint}'] if complaint else [])


CRON_JOBS: list[tuple[Doc, list[str]]] = [
    ({"schedule": ""}, ["spec.schedule: Required value"]),
    ({"timeZone": "Europe/Berlin"}, []),
    ({"timeZone": ""}, ['spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string']),
    ({"timeZone": "Europe/Nowhere"}, ['spec.timeZone: Invalid value: "Europe/Nowhere": unknown time zone Europe/Nowhere']),
    (
        {"timeZone": "Local"},
        ['spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'],
    ),
    (
        {"schedule": "TZ=UTC * * * * *"},
        ['spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead'],
    ),
    ({"concurrencyPolicy": "Both"}, ['spec.concurrencyPolicy: Unsupported value: "Both": supported values: "Allow", "Forbid", "Replace"']),
    ({"failedJobsHistoryLimit": -1}, [f"spec.failedJobsHistoryLimit: Invalid value: -1: {NEGATIVE}"]),
    (
        {"jobTemplate": {"spec": {"template": {"spec": POD}, "selector": {"matchLabels": {"a": "b"}}, "manualSelector": True}}},
        [
            'spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated',
            'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "errors"), CRON_JOBS)
def test_new_cron_jobs(spec: Doc, errors: list[str]) -> None:
    assert created("CronJob", cron_job(**spec)) == errors


def test_the_name_of_a_cron_job_leaves_room_for_its_jobs() -> None:
    name = "a" * 53
    (error,) = created("CronJob", {"metadata": {"name": name}, **cron_job()})
    assert error == f'metadata.name: Invalid value: "{name}": must be no more than 52 characters'


def test_names_with_dots_are_remarked_on() -> None:
    advice = "a DNS label is recommended: [must not contain dots]"
    said = f"metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; {advice}"
    assert remarks("Job", {"metadata": {"name": "a.b"}, **job()}) == (said,)
    assert remarks("CronJob", {"metadata": {"name": "a.b"}, **cron_job()}) == (said,)
