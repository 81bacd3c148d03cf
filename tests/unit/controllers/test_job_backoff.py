"""Failures of Jobs (recorded: job-backoff, job-backoff-record)."""

from refk8s.controllers.decisions_time import parse_time_ns
from refk8s.controllers.job_backoff import JobBackoff, finished_ns, remaining_backoff_ns
from tests.unit.controllers.controller_objects import pod


def finished(name, at, *, sidecar=None):
    done = {"state": {"terminated": {"exitCode": 1, "finishedAt": at}}}
    status = {"containerStatuses": [{"name": "c"} | done]}
    spec = {}
    if sidecar is not None:
        spec["initContainers"] = [{"name": "s", "restartPolicy": "Always"}]
        status["initContainerStatuses"] = [{"name": "s"} | sidecar]
    return pod(name, spec=spec, status=status)


def at(text):
    return parse_time_ns(f"2026-01-01T{text}Z")


def stamp(text):
    return f"2026-01-01T{text}Z"


def test_failures_add_up_until_a_success():
    record = JobBackoff().record([], [finished("a", stamp("00:00:10")), finished("b", stamp("00:00:05"))])
    assert record == JobBackoff(2, at("00:00:10"))
    record = record.record([], [finished("c", stamp("00:00:20"))])
    assert record == JobBackoff(3, at("00:00:20"))
    assert record.record([], []) is record
    failed = [finished(str(n), stamp(f"00:00:{n}")) for n in (30, 40, 50)]
    assert record.record([finished("ok", stamp("00:00:40"))], failed) == JobBackoff(1, at("00:00:50"))


def test_first_wait_ignores_the_maximum_and_later_ones_double_up_to_it():
    assert [remaining_backoff_ns(n, 0, 10, 60) for n in range(5)] == [0, 10, 20, 40, 60]
    assert remaining_backoff_ns(1, 0, 10, 5) == 10
    assert remaining_backoff_ns(3, 30, 10, 60) == 10
    assert JobBackoff(2, 100).remaining_ns(110, 10, 60) == 10


def test_finish_time_falls_back_from_containers_to_readiness_to_deletion_to_creation():
    running = {"state": {"running": {}}}
    assert finished_ns(finished("a", stamp("00:00:10"), sidecar=running)) == at("00:00:00")
    ended = {"state": {"terminated": {"finishedAt": stamp("00:00:30")}}}
    assert finished_ns(finished("a", stamp("00:00:10"), sidecar=ended)) == at("00:00:30")
    assert finished_ns(pod(ready=False, ready_since=stamp("00:00:07"))) == at("00:00:07")
    deleted = {"deletionTimestamp": stamp("00:01:00"), "deletionGracePeriodSeconds": 30}
    assert finished_ns(pod(metadata=deleted)) == at("00:00:30")
    assert finished_ns(pod()) == at("00:00:00")
