"""The Deployment controller (with that of ReplicaSets) on the real engine and API server.

Names and messages are those recorded in the conformance corpus (controlplane), as are the sequences of scalings.
"""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from refk8s.api.rest import Api
from refk8s.api.status import Rejected, forbidden
from refk8s.core.wire import Request
from refk8s.explore.drivers import RandomDriver
from refk8s.explore.run import run, run_twice
from tests.unit.controllers.small_cluster import Cluster, create_deployment, patch_deployment, set_image

FIRST, SECOND, BAD = "d-5b885996ff", "d-6f88966d4d", "d-84d754446b"


def condition(cluster: Cluster, kind: str) -> dict[str, Any]:
    (found,) = [each for each in cluster.get("deployments", "d")["status"]["conditions"] if each["type"] == kind]
    return found


def scalings(cluster: Cluster) -> list[str]:
    prefix = "ScalingReplicaSet: Scaled "
    return [event.removeprefix(prefix) for event in cluster.events("Deployment") if event.startswith(prefix)]


def revision(cluster: Cluster, kind: str = "deployments", name: str = "d") -> str:
    return str(cluster.get(kind, name)["metadata"]["annotations"]["deployment.kubernetes.io/revision"])


def roll(to: str = "nginx:2", **options: Any) -> Cluster:
    return Cluster().send(create_deployment(**options)).settle().send(set_image(to))


def test_first_rollout_creates_the_replica_set_with_its_recorded_name() -> None:
    cluster = Cluster().send(create_deployment()).settle()
    assert cluster.sizes() == {FIRST: 3}
    assert cluster.images() == {"nginx:1": 3}
    assert scalings(cluster) == [f"up replica set {FIRST} from 0 to 3"]
    made = cluster.get("replicasets", FIRST)["metadata"]
    assert made["labels"] == {"app": "a", "pod-template-hash": "5b885996ff"}
    assert made["annotations"] == {
        "deployment.kubernetes.io/desired-replicas": "3",
        "deployment.kubernetes.io/max-replicas": "4",
        "deployment.kubernetes.io/revision": "1",
    }
    status = cluster.get("deployments", "d")["status"]
    assert {name: value for name, value in status.items() if name != "conditions"} == {
        "observedGeneration": 1,
        "replicas": 3,
        "updatedReplicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "terminatingReplicas": 0,
    }
    assert condition(cluster, "Available")["message"] == "Deployment has minimum availability."
    assert condition(cluster, "Progressing")["message"] == f'ReplicaSet "{FIRST}" has successfully progressed.'
    assert revision(cluster) == "1"


def test_rolling_update_without_surge_goes_one_by_one() -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    cluster = roll(replicas=2, strategy=rolling).settle()
    assert scalings(cluster)[1:] == [
        f"down replica set {FIRST} from 2 to 1",
        f"up replica set {SECOND} from 0 to 1",
        f"down replica set {FIRST} from 1 to 0",
        f"up replica set {SECOND} from 1 to 2",
    ]
    assert cluster.sizes() == {FIRST: 0, SECOND: 2}
    assert cluster.images() == {"nginx:2": 2}
    assert revision(cluster) == "2"


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("surge", "unavailable"), [(1, 0), (0, 2), ("25%", "25%")])
def test_every_schedule_of_a_rollout_stays_within_its_bounds_and_ends(seed: int, surge: Any, unavailable: Any) -> None:
    bounds = {"maxSurge": surge, "maxUnavailable": unavailable}
    cluster = roll(replicas=4, strategy={"type": "RollingUpdate", "rollingUpdate": bounds})
    most = 4 + (surge if isinstance(surge, int) else 1)

    def check(before: Any, action: Any, after: Any, delta: Any) -> None:
        wanted = [each.document["spec"]["replicas"] for each in after.store.collection("replicasets").objects.values()]
        assert sum(wanted) <= most

    outcome = run(cluster.model, cluster.world, RandomDriver(seed), observers=(check,), max_steps=50_000)
    assert outcome.verdict == "quiet"
    cluster.world = outcome.world
    assert cluster.images() == {"nginx:2": 4}
    assert cluster.sizes() == {FIRST: 0, SECOND: 4}
    assert condition(cluster, "Progressing")["reason"] == "NewReplicaSetAvailable"


def test_going_back_reuses_the_old_replica_set_under_a_new_revision() -> None:
    cluster = roll(replicas=2).settle().send(set_image("nginx:1")).settle()
    assert cluster.sizes() == {FIRST: 2, SECOND: 0}
    assert revision(cluster) == revision(cluster, "replicasets", FIRST) == "3"
    annotations = cluster.get("replicasets", FIRST)["metadata"]["annotations"]
    assert annotations["deployment.kubernetes.io/revision-history"] == "1"


def test_recreate_starts_new_pods_only_after_all_old_ones_are_gone() -> None:
    cluster = roll(strategy={"type": "Recreate"})
    seen: list[set[str]] = []

    def watch(before: Any, action: Any, after: Any, delta: Any) -> None:
        pods = [each.document for each in after.store.collection("pods").objects.values()]
        seen.append({pod["spec"]["containers"][0]["image"] for pod in pods})

    cluster.world = run(cluster.model, cluster.world, observers=(watch,)).world
    assert {"nginx:1", "nginx:2"} not in seen
    assert cluster.images() == {"nginx:2": 3}
    assert scalings(cluster)[1:] == [f"down replica set {FIRST} from 3 to 0", f"up replica set {SECOND} from 0 to 3"]


def test_a_rollout_that_is_replaced_midway_scales_its_unhealthy_pods_down_first() -> None:
    cluster = roll("bad:1", replicas=4).run_until(lambda now: now.sizes().get(BAD) == 2)
    cluster.send(set_image("nginx:2")).settle()
    assert cluster.sizes() == {FIRST: 0, BAD: 0, SECOND: 4}
    assert f"down replica set {BAD} from 2 to 0" in scalings(cluster)


def test_scaling_during_a_rollout_keeps_proportions() -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
    cluster = roll("bad:1", replicas=10, strategy=rolling)
    cluster.run_until(lambda now: now.sizes() == {FIRST: 8, BAD: 5})
    cluster.send(patch_deployment({"replicas": 15}))
    cluster.run_until(lambda now: sum(now.sizes().values()) == 18)
    assert cluster.sizes() == {FIRST: 11, BAD: 7}


def test_missed_deadline_is_reported_and_a_good_template_mends_it() -> None:
    cluster = roll("bad:1", replicas=2, progressDeadlineSeconds=3)
    changed_ms = cluster.world.now_ms
    cluster.run_until(lambda now: condition(now, "Progressing")["reason"] == "ProgressDeadlineExceeded")
    assert 3_000 < cluster.world.now_ms - changed_ms <= 5_100
    assert condition(cluster, "Progressing")["status"] == "False"
    assert condition(cluster, "Progressing")["message"] == f'ReplicaSet "{BAD}" has timed out progressing.'
    cluster.send(set_image("nginx:1")).settle()
    assert condition(cluster, "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert cluster.sizes() == {FIRST: 2, BAD: 0}


def test_a_finished_rollout_leaves_nothing_to_wait_for() -> None:
    cluster = Cluster().send(create_deployment()).settle()
    assert cluster.world.now_ms - cluster.model.epoch_ms < 10_000


def test_paused_deployment_scales_but_does_not_roll_until_resumed() -> None:
    cluster = Cluster().send(create_deployment(replicas=2)).settle().send(patch_deployment({"paused": True})).settle()
    assert condition(cluster, "Progressing")["reason"] == "DeploymentPaused"
    cluster.send(set_image("nginx:2")).send(patch_deployment({"replicas": 3})).settle()
    assert cluster.sizes() == {FIRST: 3}
    cluster.send(patch_deployment({"paused": False})).settle()
    assert cluster.sizes() == {FIRST: 0, SECOND: 3}
    assert condition(cluster, "Progressing")["reason"] == "NewReplicaSetAvailable"


def test_history_beyond_the_limit_is_deleted() -> None:
    cluster = Cluster().send(create_deployment(replicas=1, revisionHistoryLimit=1)).settle()
    for image in ("nginx:2", "nginx:3", "nginx:4"):
        cluster.send(set_image(image)).settle()
    assert sorted(cluster.sizes().values()) == [0, 1]


def test_a_deleted_replica_set_is_created_anew() -> None:
    cluster = Cluster().send(create_deployment(replicas=2)).settle()
    cluster.send(Request("delete", "replicasets", "default", FIRST, options={"propagationPolicy": "Background"}))
    cluster.settle()
    assert cluster.sizes() == {FIRST: 2}


def test_a_foreign_replica_set_of_the_same_name_is_a_collision() -> None:
    template = {"metadata": {"labels": {"x": "y"}}, "spec": {"containers": [{"name": "c", "image": "other"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"x": "y"}}, "template": template}
    foreign = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": FIRST}, "spec": spec}
    cluster = Cluster().send(Request("create", "replicasets", "default", body=foreign)).settle()
    cluster.send(create_deployment(replicas=1)).settle()
    assert cluster.get("deployments", "d")["status"]["collisionCount"] == 1
    (name,) = [name for name, size in cluster.sizes().items() if size == 1]
    assert name != FIRST
    assert cluster.images() == {"nginx:1": 1}


def test_a_refused_replica_set_is_reported_and_tried_again() -> None:
    @attrs.frozen(eq=False)
    class NoReplicaSets(Api):
        def prepare_create(self, call: Any, document: Any) -> Any:
            if call.row.plural == "replicasets":
                raise Rejected(forbidden("apps", "replicasets", document["metadata"]["name"], "exceeded quota"))
            return super().prepare_create(call, document)

    cluster = Cluster(NoReplicaSets()).send(create_deployment())
    cluster.run_until(lambda now: any("ReplicaSetCreateError" in event for event in now.events("Deployment")))
    message = f'Failed to create new replica set "{FIRST}": replicasets.apps "{FIRST}" is forbidden: exceeded quota'
    assert f"ReplicaSetCreateError: {message}" in cluster.events("Deployment")
    progressing = condition(cluster, "Progressing")
    assert (progressing["status"], progressing["reason"]) == ("False", "ReplicaSetCreateError")
    assert progressing["message"] == message
    cluster.model = attrs.evolve(cluster.model, api=Api())
    cluster.settle()
    assert cluster.images() == {"nginx:1": 3}


def test_matching_orphan_replica_set_is_adopted() -> None:
    cluster = Cluster().send(create_deployment(replicas=2)).settle()
    body = {"metadata": {"ownerReferences": None}}
    cluster.send(Request("patch", "replicasets", "default", FIRST, body=body, options={"patchType": "merge"})).settle()
    (reference,) = cluster.get("replicasets", FIRST)["metadata"]["ownerReferences"]
    assert (reference["kind"], reference["name"], reference["controller"]) == ("Deployment", "d", True)


def test_annotations_of_the_deployment_reach_the_new_replica_set() -> None:
    cluster = Cluster().send(create_deployment(replicas=1)).settle()
    cluster.send(patch_deployment({"minReadySeconds": 1}, annotations={"note": "x"})).settle()
    made = cluster.get("replicasets", FIRST)
    assert made["metadata"]["annotations"]["note"] == "x"
    assert made["spec"]["minReadySeconds"] == 1


def test_rollback_annotation_goes_back_to_its_revision() -> None:
    cluster = roll(replicas=1).settle()
    cluster.send(patch_deployment({}, annotations={"deprecated.deployment.rollback.to": "1"})).settle()
    assert cluster.sizes() == {FIRST: 1, SECOND: 0}
    assert 'DeploymentRollback: Rolled back deployment "d" to revision 1' in cluster.events("Deployment")
    assert "deprecated.deployment.rollback.to" not in cluster.get("deployments", "d")["metadata"]["annotations"]


def test_reconciles_can_be_run_again_from_their_logs() -> None:
    cluster = roll(replicas=3)
    assert run_twice(cluster.model, cluster.world, lambda: RandomDriver(3), max_steps=50_000).verdict == "quiet"
