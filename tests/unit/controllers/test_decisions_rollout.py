"""Status, conditions and progress of Deployments."""

from refk8s.controllers.decisions_rollout import (
    calculate_status,
    is_complete,
    is_progressing,
    is_timed_out,
    rollout_status,
    status_document,
    stuck_check_after_ms,
)
from refk8s.controllers.decisions_time import parse_time_ms
from refk8s.kinds.codec import view
from refk8s.kinds.deployment import DeploymentStatus
from tests.unit.controllers.controller_objects import deployment, replica_set

NOW = parse_time_ms("2026-01-01T01:00:00Z")
STAMP = "2026-01-01T01:00:00Z"


def progressing(reason="ReplicaSetUpdated", status="True", since="2026-01-01T00:59:00Z", **counts):
    return counts | {
        "conditions": [
            {
                "type": "Progressing",
                "status": status,
                "reason": reason,
                "lastUpdateTime": since,
                "lastTransitionTime": since,
                "message": "m",
            }
        ]
    }


def condition(status, kind="Progressing"):
    return next((each for each in status.conditions if each.type == kind), None)


def test_counters_add_up_and_available_follows_the_minimum():
    old, new = replica_set("old", 2, 2), replica_set("new", 3, 1, status={"terminatingReplicas": 2})
    status = calculate_status(deployment(3, 2, 0), [old, new], new, NOW)
    assert status_document(status) == {
        "observedGeneration": 1,
        "replicas": 5,
        "updatedReplicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "unavailableReplicas": 2,
        "terminatingReplicas": 2,
        "conditions": [
            {
                "type": "Available",
                "status": "True",
                "lastUpdateTime": STAMP,
                "lastTransitionTime": STAMP,
                "reason": "MinimumReplicasAvailable",
                "message": "Deployment has minimum availability.",
            }
        ],
    }


def test_unavailable_deployment_says_so():
    status = calculate_status(deployment(3), [replica_set("new", 3, 2)], None, NOW)
    available = condition(status, "Available")
    assert (available.status, available.reason) == ("False", "MinimumReplicasUnavailable")
    assert available.message == "Deployment does not have minimum availability."


def test_terminating_pods_are_unknown_if_a_synced_replica_set_does_not_tell():
    silent = replica_set("a", 1, status={"terminatingReplicas": None})
    fresh = replica_set("b", 1, status={"terminatingReplicas": None, "observedGeneration": 0})
    assert calculate_status(deployment(), [silent], None, NOW).terminating_replicas is None
    assert calculate_status(deployment(), [fresh], None, NOW).terminating_replicas == 0


def test_more_available_than_wanted_is_not_negative():
    assert calculate_status(deployment(), [replica_set("a", 1, 4)], None, NOW).unavailable_replicas == 0


def test_unchanged_availability_keeps_its_times():
    before = {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": "old"}
    owner = deployment(status={"conditions": [before | {"lastUpdateTime": "2026-01-01T00:00:00Z"}]})
    status = calculate_status(owner, [replica_set("a", 3)], None, NOW)
    assert status.conditions == owner.status.conditions


def test_finished_rollout_is_reported_and_then_left_alone():
    new = replica_set("new", 3)
    status = rollout_status(deployment(3, status=progressing()), [new], new, NOW)
    done = condition(status)
    assert (done.reason, done.message) == ("NewReplicaSetAvailable", 'ReplicaSet "new" has successfully progressed.')
    assert done.last_transition_time == "2026-01-01T00:59:00Z"
    assert done.last_update_time == STAMP
    settled = deployment(3, status=status_document(status))
    assert rollout_status(settled, [new], new, NOW + 60_000) == settled.status


def test_progress_is_noted_with_a_new_update_time_each_time():
    new = replica_set("new", 2, 0)
    status = rollout_status(deployment(3, status=progressing(replicas=1, updatedReplicas=1)), [new], new, NOW)
    going = condition(status)
    assert (going.reason, going.message) == ("ReplicaSetUpdated", 'ReplicaSet "new" is progressing.')
    assert (going.last_update_time, going.last_transition_time) == (STAMP, "2026-01-01T00:59:00Z")


def test_without_a_new_replica_set_the_deployment_is_the_subject():
    status = rollout_status(deployment(3, status=progressing(replicas=2)), [replica_set("old", 1)], None, NOW)
    assert condition(status).message == 'Deployment "web" is progressing.'


def test_missed_deadline_is_reported_once():
    late = deployment(3, spec={"progressDeadlineSeconds": 59}, status=progressing(replicas=1, updatedReplicas=1))
    new = replica_set("new", 1, 0)
    status = rollout_status(late, [new], new, NOW)
    missed = condition(status)
    assert (missed.status, missed.reason) == ("False", "ProgressDeadlineExceeded")
    assert missed.message == 'ReplicaSet "new" has timed out progressing.'
    assert is_timed_out(late, view(DeploymentStatus, progressing("ProgressDeadlineExceeded")), 0)
    in_time = deployment(3, spec={"progressDeadlineSeconds": 60}, status=progressing())
    assert not is_timed_out(in_time, in_time.status, NOW)
    done = deployment(3, spec={"progressDeadlineSeconds": 1}, status=progressing("NewReplicaSetAvailable"))
    assert not is_timed_out(done, done.status, NOW)


def test_without_a_deadline_there_is_no_progressing_condition():
    owner = deployment(3, spec={"progressDeadlineSeconds": 2**31 - 1}, status=progressing())
    assert condition(rollout_status(owner, [replica_set("new", 1)], None, NOW)) is None


def test_replica_failures_are_passed_on_and_taken_away():
    failed = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"}
    failing = replica_set("old", 1, status={"conditions": [failed | {"lastTransitionTime": STAMP}]})
    status = rollout_status(deployment(3), [failing], None, NOW)
    passed = condition(status, "ReplicaFailure")
    assert (passed.message, passed.last_update_time, passed.last_transition_time) == ("quota", STAMP, STAMP)
    owner = deployment(3, status=status_document(status))
    assert condition(rollout_status(owner, [replica_set("old", 1)], None, NOW), "ReplicaFailure") is None


def test_completeness_needs_all_counts_and_the_observed_generation():
    done = {"updatedReplicas": 3, "replicas": 3, "availableReplicas": 3, "observedGeneration": 1}
    assert is_complete(deployment(3), view(DeploymentStatus, done))
    for worse in ({"updatedReplicas": 2}, {"replicas": 4}, {"availableReplicas": 2}, {"observedGeneration": 0}):
        assert not is_complete(deployment(3), view(DeploymentStatus, done | worse))


def test_any_better_count_is_progress():
    owner = deployment(3, status={"replicas": 4, "updatedReplicas": 1, "readyReplicas": 2, "availableReplicas": 2})
    same = {"replicas": 4, "updatedReplicas": 1, "readyReplicas": 2, "availableReplicas": 2}
    assert not is_progressing(owner, view(DeploymentStatus, same))
    for better in ({"replicas": 3}, {"updatedReplicas": 2}, {"readyReplicas": 3}, {"availableReplicas": 3}):
        assert is_progressing(owner, view(DeploymentStatus, same | better))


def test_a_stuck_rollout_is_looked_at_when_its_deadline_is_over():
    owner = deployment(3, spec={"progressDeadlineSeconds": 100}, status=progressing())
    assert stuck_check_after_ms(owner, owner.status, NOW) == 41_000
    assert stuck_check_after_ms(owner, owner.status, NOW + 39_001) == 0
    assert stuck_check_after_ms(deployment(3), DeploymentStatus(), NOW) is None
    missed = deployment(3, status=progressing("ProgressDeadlineExceeded"))
    assert stuck_check_after_ms(missed, missed.status, NOW) is None
