"""Counts, pods and status of ReplicaSets."""

import pytest

from refk8s.controllers.decisions_replicaset import (
    calculate_status,
    needs_status_update,
    next_check_after_ms,
    pod_from_template,
    pods_prefix,
    replica_difference,
    slow_start_batches,
    status_document,
)
from refk8s.controllers.decisions_tally import count_pods
from refk8s.controllers.decisions_time import parse_time_ms
from refk8s.controllers.ranking import is_pod_available
from refk8s.kinds.replicaset import ReplicaSetStatus
from tests.unit.controllers.controller_objects import pod, replica_set, replica_set_doc, template

NOW = parse_time_ms("2026-01-01T00:01:00Z")


def status_of(owner, pods, terminating, failure, now_ms):
    return calculate_status(owner, count_pods(owner, pods, terminating, now_ms), failure, now_ms)


LABELS = {"metadata": {"labels": {"app": "web", "more": "x"}}}


def test_difference_is_bounded_by_the_burst():
    assert replica_difference(replica_set("a", 3), 1) == -2
    assert replica_difference(replica_set("a", 0), 4) == 4
    assert replica_difference(replica_set("a", 2000), 0) == -500
    assert replica_difference(replica_set("a", 0), 2000, burst=7) == 7


@pytest.mark.parametrize(("count", "batches"), [(0, []), (1, [1]), (2, [1, 1]), (10, [1, 2, 4, 3]), (15, [1, 2, 4, 8])])
def test_batches_double(count, batches):
    assert list(slow_start_batches(count)) == batches


def test_pods_take_labels_annotations_finalizers_and_spec_of_the_template():
    doc = replica_set_doc("web-1", 1)
    doc["spec"]["template"]["metadata"] |= {"annotations": {"a": "b"}, "finalizers": ["f"], "name": "ignored"}
    made = pod_from_template(doc, {"uid": "1"})
    assert made["metadata"] == {
        "generateName": "web-1-",
        "namespace": "default",
        "labels": {"app": "web"},
        "annotations": {"a": "b"},
        "finalizers": ["f"],
        "ownerReferences": [{"uid": "1"}],
    }
    assert made["spec"] is doc["spec"]["template"]["spec"]


def test_a_long_name_gets_no_dash():
    assert pods_prefix("web") == "web-"
    assert pods_prefix("x" * 254) == "x" * 254


def test_status_counts_labelled_ready_and_available_pods():
    owner = replica_set("web", 4, spec={"minReadySeconds": 30})
    pods = [
        pod("a", **LABELS),
        pod("b", ready_since="2026-01-01T00:00:31Z", **LABELS),
        pod("c", ready=False, **LABELS),
        pod("d"),
    ]
    status = status_of(owner, pods, 2, None, NOW)
    assert status_document(status) == {
        "replicas": 4,
        "fullyLabeledReplicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 2,
        "terminatingReplicas": 2,
        "observedGeneration": 1,
    }


def test_labels_beyond_the_template_do_not_matter_but_missing_ones_do():
    owner = replica_set("web", 1, spec={"template": template(pod_hash="1")})
    assert status_of(owner, [pod("a", **LABELS)], 0, None, NOW).fully_labeled_replicas == 0


def test_failure_is_noted_once_and_taken_away_by_success():
    owner = replica_set("web", 2)
    failed = status_of(owner, [pod("a")], 0, "no quota", NOW)
    (condition,) = status_document(failed)["conditions"]
    assert condition == {
        "type": "ReplicaFailure",
        "status": "True",
        "lastTransitionTime": "2026-01-01T00:01:00Z",
        "reason": "FailedCreate",
        "message": "no quota",
    }
    again = replica_set("web", 2, status={"conditions": [condition]})
    assert status_of(again, [], 0, "other", NOW).conditions == again.status.conditions
    assert status_of(again, [], 0, None, NOW).conditions == ()
    shrinking = status_of(replica_set("web", 0), [pod("a")], 0, "no", NOW)
    assert shrinking.conditions[0].reason == "FailedDelete"


def test_status_is_written_when_it_differs_or_the_generation_is_new():
    owner = replica_set("web", 1)
    same = status_of(owner, [pod("a", **LABELS)], 0, None, NOW)
    assert needs_status_update(owner, same)
    labelled = replica_set("web", 1, status={"fullyLabeledReplicas": 1})
    assert not needs_status_update(labelled, same)
    assert needs_status_update(replica_set("web", 1, metadata={"generation": 2}), same)


def test_status_of_nothing_still_has_replicas():
    assert status_document(ReplicaSetStatus()) == {"replicas": 0}


def test_availability_needs_readiness_for_min_ready_seconds():
    young = pod(ready_since="2026-01-01T00:00:31Z")
    assert is_pod_available(young, 0, NOW)
    assert is_pod_available(young, 29, NOW)
    assert not is_pod_available(young, 30, NOW)
    assert not is_pod_available(pod(ready=False), 0, NOW)
    assert not is_pod_available(pod(ready_since=""), 5, NOW)


def test_next_look_is_when_the_first_pod_becomes_available():
    owner = replica_set("web", 2, spec={"minReadySeconds": 30})
    pods = [pod("a", ready_since="2026-01-01T00:00:40Z"), pod("b", ready_since="2026-01-01T00:00:50Z")]
    status = status_of(owner, pods, 0, None, NOW)
    assert next_check_after_ms(owner, status, pods, NOW) == 10_000
    assert next_check_after_ms(owner, status, [pod("a", ready_since="")], NOW) == 30_000
    assert next_check_after_ms(replica_set("web", 2), status, pods, NOW) is None
    available = status_of(owner, [pod("a")], 0, None, NOW)
    assert next_check_after_ms(owner, available, [pod("a")], NOW) is None
