"""What was done before the beginning: a cluster at rest in which users only begin."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from refk8s.core.enabled import first, label
from refk8s.core.errors import Refk8sError
from refk8s.explore.check import check
from refk8s.explore.cluster import build
from refk8s.scenarios import from_data

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "c", "image": "c:1"}]},
}


def scenario(**spec: Any) -> Any:
    return from_data({"apiVersion": "refk8s.dev/v1", "kind": "Scenario", "metadata": {"name": "x"}, "spec": spec})


def test_the_run_begins_when_given_is_done_and_all_is_quiet() -> None:
    made = scenario(
        given=[{"apply": {"documents": [POD]}}], users={"ann": [{"delete": {"resource": "pods", "name": "web"}}]}
    )
    model, world = build(made.cluster)
    assert world.index == 0
    assert world.store.get("pods", "default/web").document["status"]["phase"] == "Running"
    action = first(world)
    assert action is not None
    assert label(model, world, action) == "begin user/ann/script next"
    assert check(made).held


def test_nothing_is_because_of_what_was_before() -> None:
    causes: list[int] = []
    made = scenario(
        given=[{"apply": {"documents": [POD]}}], users={"ann": [{"delete": {"resource": "pods", "name": "web"}}]}
    )
    check(made, observers=(lambda before, action, after, delta: causes.append(delta.cause),))
    assert all(cause < number for number, cause in enumerate(causes))


def test_controllers_are_chosen_by_name_with_their_parts() -> None:
    model, _ = build(scenario(components={"controllers": ["gc", "podgc"]}).cluster)
    assert [each.name for each in model.program("kube-controller-manager").controllers] == ["gc", "gc-orphan", "podgc"]


def test_an_unknown_controller_is_named() -> None:
    with pytest.raises(Refk8sError, match="no controller 'replicasets'; there are deployment, replicaset, gc"):
        build(scenario(components={"controllers": ["replicasets"]}).cluster)


def test_a_beginning_that_never_comes_is_an_error() -> None:
    cluster = scenario(given=[{"apply": {"documents": [POD]}}]).cluster
    with pytest.raises(Refk8sError, match="not quiet after 11 steps"):
        build(attrs.evolve(cluster, given_steps=10))
