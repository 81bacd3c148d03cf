"""New and old ReplicaSets, revisions, annotations, pauses, clean-up."""

from refk8s.controllers.decisions_deployment import (
    cleanup_candidates,
    find_new_replica_set,
    find_old_replica_sets,
    last_revision,
    max_revision,
    new_replica_set_annotations,
    new_replica_set_document,
    old_pods_running,
    pause_condition,
    replica_set_name,
    resized_document,
    revision_of,
    rollback_revision,
    rolled_back_document,
)
from refk8s.controllers.deployment_math import resize
from refk8s.controllers.hash import compute_hash
from refk8s.kinds.codec import view
from refk8s.kinds.deployment import Deployment
from tests.unit.controllers.controller_objects import (
    DESIRED,
    MAXIMUM,
    REVISION,
    deployment,
    deployment_doc,
    pod,
    replica_set,
    replica_set_doc,
    template,
)

HISTORY = "deployment.kubernetes.io/revision-history"


def rs(name, replicas=0, *, image="i", created="2026-01-01T00:00:00Z", **annotations):
    metadata = {"creationTimestamp": created, "annotations": annotations.pop("annotations", {})}
    return replica_set(name, replicas, spec={"template": template(image, name)}, metadata=metadata)


def test_the_oldest_replica_set_with_the_template_is_the_new_one_whatever_its_hash():
    younger, older = rs("b", created="2026-01-02T00:00:00Z"), rs("a", created="2026-01-01T00:00:00Z")
    other = rs("c", image="old")
    assert find_new_replica_set(template(), [younger, older, other]) is older
    assert find_new_replica_set(template("new"), [younger, older, other]) is None
    assert find_old_replica_sets(older, [younger, older, other]) == [other, younger]


def test_templates_are_compared_by_meaning():
    asked = template()
    asked["spec"]["containers"][0] |= {"resources": {"limits": {"memory": "1Gi"}}, "args": []}
    stored = template(pod_hash="x")
    stored["spec"]["containers"][0] |= {"resources": {"limits": {"memory": "1073741824"}}}
    each = replica_set("a", 0, spec={"template": stored})
    assert find_new_replica_set(asked, [each]) is each


def test_revisions_that_are_no_numbers_do_not_count():
    sets = [rs(str(n), annotations={REVISION: value}) for n, value in enumerate(["3", "x", "7", ""])] + [rs("none")]
    assert [revision_of(each.metadata.annotations) for each in sets] == [3, None, 7, None, 0]
    assert max_revision(sets) == 7
    assert last_revision(sets) == 3
    assert max_revision([]) == last_revision([]) == 0


def test_new_replica_set_takes_name_labels_selector_and_owner_from_deployment_and_hash():
    doc = deployment_doc(3, spec={"minReadySeconds": 5}, metadata={"annotations": {"a": "b", REVISION: "1"}})
    pod_hash = compute_hash(doc["spec"]["template"])
    made = new_replica_set_document(
        doc, view(Deployment, doc), [rs("old", 3, annotations={REVISION: "1"})], {"uid": "u"}
    )
    assert made["metadata"] == {
        "name": f"web-{pod_hash}",
        "namespace": "default",
        "labels": {"app": "web", "pod-template-hash": pod_hash},
        "annotations": {"a": "b", REVISION: "2", DESIRED: "3", MAXIMUM: "4"},
        "ownerReferences": [{"uid": "u"}],
    }
    assert made["spec"]["replicas"] == 1
    assert made["spec"]["minReadySeconds"] == 5
    assert made["spec"]["selector"] == {"matchLabels": {"app": "web", "pod-template-hash": pod_hash}}
    assert made["spec"]["template"]["metadata"]["labels"] == {"app": "web", "pod-template-hash": pod_hash}
    assert "pod-template-hash" not in doc["spec"]["template"]["metadata"]["labels"]


def test_collision_count_gives_another_name():
    doc = deployment_doc(3, status={"collisionCount": 1})
    names = {
        new_replica_set_document(d, view(Deployment, d), [], {})["metadata"]["name"] for d in (doc, deployment_doc(3))
    }
    assert len(names) == 2


def test_long_names_are_cut_for_the_hash():
    assert replica_set_name("d" * 253, "abc") == "d" * 249 + "-abc"


def test_existing_replica_set_takes_over_annotations_but_not_bookkeeping():
    owner = deployment(
        metadata={
            "annotations": {"note": "new", REVISION: "9", "kubectl.kubernetes.io/last-applied-configuration": "{}"}
        }
    )
    current = {"note": "old", "own": "kept", REVISION: "2"}
    assert new_replica_set_annotations(owner, current, 2, exists=True) == (current | {"note": "new"}, True)
    assert new_replica_set_annotations(deployment(), current, 2, exists=True) == (current, False)


def test_rolling_back_raises_the_revision_and_remembers_the_old_one():
    annotations, changed = new_replica_set_annotations(deployment(), {REVISION: "1"}, 3, exists=True)
    assert (annotations, changed) == ({REVISION: "3", HISTORY: "1"}, True)
    annotations, _ = new_replica_set_annotations(deployment(), annotations, 5, exists=True)
    assert annotations == {REVISION: "5", HISTORY: "1,3"}
    assert new_replica_set_annotations(deployment(), {REVISION: "8"}, 5, exists=True) == ({REVISION: "8"}, False)


def test_history_forgets_the_oldest_when_it_gets_too_long():
    history = ",".join(["10000"] * 333)
    annotations, _ = new_replica_set_annotations(
        deployment(), {REVISION: "20000", HISTORY: history}, 20001, exists=True
    )
    assert annotations[HISTORY] == ",".join([*["10000"] * 332, "20000"])
    assert len(annotations[HISTORY]) <= 2000


def test_unreadable_revision_blocks_the_update():
    assert new_replica_set_annotations(deployment(), {REVISION: "x"}, 5, exists=True)[1] is False


def test_resize_changes_size_and_annotations_only():
    doc = replica_set_doc("a", 1, metadata={"annotations": {"x": "y"}})
    owner = deployment(3)
    (step,) = resize(owner, replica_set("a", 1), 2)
    made = resized_document(doc, step)
    assert made["spec"]["replicas"] == 2
    assert made["metadata"]["annotations"] == {"x": "y", DESIRED: "3", MAXIMUM: "4"}
    assert doc["spec"]["replicas"] == 1
    assert made["status"] is doc["status"]


def test_old_pods_run_while_a_replica_set_reports_them_or_one_is_unfinished():
    assert old_pods_running("", [replica_set("a", 1)], {})
    assert old_pods_running("new", [replica_set("a", 0)], {"old": [pod()]})
    assert not old_pods_running("new", [replica_set("a", 0)], {"new": [pod()], "old": []})
    assert not old_pods_running("new", [], {"old": [pod(status={"phase": "Failed"})]})


def progressing(reason):
    return {"conditions": [{"type": "Progressing", "status": "True", "reason": reason}]}


def test_pause_and_its_end_are_noted_once():
    paused = {"spec": {"paused": True}}
    condition = pause_condition(deployment(**paused), 0)
    assert (condition.status, condition.reason, condition.message) == (
        "Unknown",
        "DeploymentPaused",
        "Deployment is paused",
    )
    assert pause_condition(deployment(**paused, status=progressing("DeploymentPaused")), 0) is None
    resumed = pause_condition(deployment(status=progressing("DeploymentPaused")), 0)
    assert (resumed.reason, resumed.message) == ("DeploymentResumed", "Deployment is resumed")
    assert pause_condition(deployment(), 0) is None


def test_a_pause_does_not_hide_a_missed_deadline_nor_count_without_one():
    assert pause_condition(deployment(spec={"paused": True}, status=progressing("ProgressDeadlineExceeded")), 0) is None
    assert pause_condition(deployment(spec={"paused": True, "progressDeadlineSeconds": 2**31 - 1}), 0) is None


def test_clean_up_takes_the_lowest_revisions_beyond_the_limit_that_are_unused():
    old = [rs(f"r{n}", annotations={REVISION: str(n)}) for n in (10, 9, 2, 1)]
    busy = rs("r0", 1, annotations={REVISION: "0"})
    limit = deployment(spec={"revisionHistoryLimit": 2})
    assert [each.metadata.name for each in cleanup_candidates(limit, [*old, busy])] == ["r1", "r2"]
    assert cleanup_candidates(deployment(spec={"revisionHistoryLimit": 2**31 - 1}), old) == []
    assert cleanup_candidates(deployment(spec={"revisionHistoryLimit": 4}), old) == []


def test_unobserved_replica_sets_stay():
    stale = replica_set("a", 0, metadata={"generation": 2})
    assert cleanup_candidates(deployment(spec={"revisionHistoryLimit": 0}), [stale]) == []


def test_rollback_annotation_asks_for_a_revision():
    key = "deprecated.deployment.rollback.to"
    assert rollback_revision({key: "3"}) == 3
    assert rollback_revision({key: "x"}) is None
    assert rollback_revision({}) is None


def test_rollback_takes_template_and_annotations_back():
    key = "deprecated.deployment.rollback.to"
    doc = deployment_doc(metadata={"annotations": {key: "1", "cause": "edit", REVISION: "2"}})
    to = rs("old", image="old", annotations={"cause": "create", REVISION: "1"})
    made = rolled_back_document(doc, to)
    assert made["metadata"]["annotations"] == {"cause": "create", REVISION: "2"}
    assert made["spec"]["template"] == template("old")
    unchanged = rolled_back_document(doc, None)
    assert unchanged["metadata"]["annotations"] == {"cause": "edit", REVISION: "2"}
    assert unchanged["spec"] is doc["spec"]
