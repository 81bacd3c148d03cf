"""Tables: cells of rows, ages, and what of each object they carry."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.endpoints import Http, Refused, Shape, event_object, shape_of
from refk8s.api.registry import RESOURCES
from refk8s.api.tables import internal_metadata, table
from refk8s.api.tables.durations import human, since

Doc = dict[str, Any]
NOW_MS = 1_767_225_600_000
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("duration_ms", "text"),
    [
        (-2 * SECOND, "<invalid>"),
        (-500, "0s"),
        (0, "0s"),
        (119 * SECOND, "119s"),
        (2 * MINUTE, "2m"),
        (5 * MINUTE + 10 * SECOND, "5m10s"),
        (10 * MINUTE + 10 * SECOND, "10m"),
        (3 * HOUR, "3h"),
        (3 * HOUR + 5 * MINUTE, "3h5m"),
        (47 * HOUR, "47h"),
        (3 * DAY + 4 * HOUR, "3d4h"),
        (9 * DAY, "9d"),
        (3 * 365 * DAY + 2 * DAY, "3y2d"),
        (9 * 365 * DAY, "9y"),
    ],
)
def test_a_duration_has_two_or_three_figures(duration_ms: int, text: str) -> None:
    assert human(duration_ms) == text


def test_without_a_time_an_age_is_unknown() -> None:
    assert since(None, NOW_MS) == "<unknown>"


def pod(*statuses: Doc, **more: Any) -> Doc:
    status = {"phase": "Running", "containerStatuses": list(statuses), **more.pop("status", {})}
    spec = {"containers": [{"name": f"c{index}"} for index in range(max(1, len(statuses)))], **more.pop("spec", {})}
    return {"kind": "Pod", "metadata": {"name": "p", **more}, "spec": spec, "status": status}


def state(ready: bool = False, restarts: int = 0, **state: Doc) -> Doc:
    return {"name": "c", "ready": ready, "restartCount": restarts, "state": state}


WAITING = state(waiting={"reason": "CrashLoopBackOff"}, restarts=3)
RUNNING = state(running={}, ready=True)
DONE = state(terminated={"reason": "Completed", "exitCode": 0})
FAILED = state(terminated={"exitCode": 3})
KILLED = state(terminated={"exitCode": 137, "signal": 9})
GATED = {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]}
SIDECAR = {"initContainers": [{"name": "s", "restartPolicy": "Always"}]}


@pytest.mark.parametrize(
    ("given", "ready", "shown"),
    [
        (pod(WAITING), "0/1", "CrashLoopBackOff"),
        (pod(RUNNING, DONE), "1/2", "NotReady"),
        (pod(DONE, RUNNING), "1/2", "NotReady"),
        (pod(DONE, RUNNING, status={"conditions": [{"type": "Ready", "status": "True"}]}), "1/2", "Running"),
        (pod(FAILED), "0/1", "ExitCode:3"),
        (pod(KILLED), "0/1", "Signal:9"),
        (pod(RUNNING, deletionTimestamp="2026-01-01T00:00:00Z"), "1/1", "Terminating"),
        (pod(status={"reason": "NodeLost"}, deletionTimestamp="2026-01-01T00:00:00Z"), "0/1", "Unknown"),
        (pod(status={"phase": "Pending", **GATED}), "0/1", "SchedulingGated"),
        (pod(status={"initContainerStatuses": [state(running={})]}, spec={"initContainers": [{"name": "i"}]}), "0/1", "Init:0/1"),
        (pod(status={"initContainerStatuses": [{**FAILED, "name": "i"}]}), "0/1", "Init:ExitCode:3"),
        (pod(RUNNING, status={"initContainerStatuses": [{**RUNNING, "name": "s", "started": True}]}, spec=SIDECAR), "2/2", "Running"),
    ],
)  # fmt: skip
def test_the_status_of_a_pod(given: Doc, ready: str, shown: str) -> None:
    cells = table("Pod", [given], {}, NOW_MS)["rows"][0]["cells"]
    assert cells[1:3] == [ready, shown]


def test_restarts_tell_when_the_last_one_was() -> None:
    last = {"lastState": {"terminated": {"finishedAt": "2025-12-31T23:55:00Z"}}}
    cells = table("Pod", [pod({**WAITING, **last})], {}, NOW_MS)["rows"][0]["cells"]
    assert cells[3] == "3 (5m ago)"


def test_every_row_has_as_many_cells_as_there_are_columns() -> None:
    empty = {"metadata": {"name": "x"}, "spec": {}}
    kinds = sorted(row.kind for row in RESOURCES.values())
    for kind in (*kinds, "StatefulSet", "DaemonSet", "Job", "CronJob", "Ingress", "HorizontalPodAutoscaler", "Role"):
        made = table(kind, [{**empty, "kind": kind}], {}, NOW_MS)
        assert len(made["rows"][0]["cells"]) == len(made["columnDefinitions"]), kind


@pytest.mark.parametrize(
    ("accept", "shape"),
    [
        ("", Shape()),
        ("application/json", Shape()),
        ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", Shape("Table", "meta.k8s.io/v1")),
        ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json", Shape()),
        (
            "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
            Shape("PartialObjectMetadata", "meta.k8s.io/v1"),
        ),
    ],
)
def test_the_first_form_that_is_served_counts(accept: str, shape: Shape) -> None:
    assert shape_of(accept) == shape


def test_a_form_that_is_not_served_is_not_acceptable() -> None:
    with pytest.raises(Refused) as refused:
        shape_of("application/json;as=Nothing;v=v1;g=meta.k8s.io")
    assert refused.value.code == 406


def test_only_the_first_table_of_a_watch_has_columns() -> None:
    http = Http("GET", "", {}, {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"})
    document = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", "resourceVersion": "5"}}
    row = RESOURCES["configmaps"]
    first, second = (event_object(http, row, document, NOW_MS, first=first) for first in (True, False))
    assert len(first["columnDefinitions"]) == 3
    assert second["columnDefinitions"] is None


def test_the_annotation_that_stands_for_a_field_is_not_shown_with_a_daemon_sets_metadata_alone() -> None:
    generation = "deprecated.daemonset.template.generation"
    document = {"kind": "DaemonSet", "metadata": {"name": "d", "annotations": {generation: "1"}}}
    assert internal_metadata(document) == {"name": "d"}
    other = {**document, "metadata": {"name": "d", "annotations": {generation: "1", "a": "b"}}}
    assert internal_metadata(other) == {"name": "d", "annotations": {"a": "b"}}
    assert internal_metadata({**other, "kind": "Deployment"}) is other["metadata"]
