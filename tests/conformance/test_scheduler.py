"""The recorded scheduling cycles: what agrees today may never disagree tomorrow."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from refk8s.conformance import scheduler
from refk8s.conformance.cases import read, vendored
from refk8s.conformance.report import Group

PINNED = {
    "default-spread": 40,
    "image-locality": 41,
    "kitchen-sink": 73,
    "node-affinity": 62,
    "node-selector": 26,
    "nominated": 38,
    "plugin-args": 36,
    "pod-affinity": 67,
    "pod-affinity-scoring": 51,
    "pod-anti-affinity": 62,
    "ports": 42,
    "preemption": 80,
    "preemption-pdb": 52,
    "resources": 89,
    "resources-scoring": 43,
    "scheduling-gates": 17,
    "taints": 56,
    "taints-scoring": 31,
    "topology-spread": 90,
    "topology-spread-scoring": 54,
    "unschedulable": 28,
}
"""Cases by family: all of them agree in every recorded field. Lower a number only with a recorded departure in specs/scheduler.md."""


@pytest.fixture(scope="module")
def groups() -> dict[str, Group]:
    return {group.name: group for group in scheduler.run().groups}


def test_every_family_is_there(groups: dict[str, Group]) -> None:
    assert {name: group.cases for name, group in groups.items()} == PINNED


@pytest.mark.parametrize("family", PINNED)
def test_every_case_agrees(groups: dict[str, Group], family: str) -> None:
    group = groups[family]
    assert group.agree == PINNED[family], [f"{d.name}: {d.reason}" for d in group.disagreements]


def test_a_lean_cycle_decides_as_one_that_explains() -> None:
    for cases in read(vendored("scheduler")).values():
        for each in cases:
            lean, explained = (scheduler.decide(each.input, explain=explain) for explain in (False, True))
            assert (lean.best, lean.rejected, lean.message) == (
                explained.best,
                explained.rejected,
                explained.message,
            ), each.name


def test_the_answers_do_not_depend_on_the_hash_seed(groups: dict[str, Group]) -> None:
    program = "import json; from refk8s.conformance import scheduler as s; print(json.dumps(s.run().as_json()))"
    printed = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": "1"}, capture_output=True, check=True
    )
    assert json.loads(printed.stdout)["groups"] == [group.as_json() for group in groups.values()]


def case(**expected: Any) -> dict[str, Any]:
    nodes = [{"metadata": {"name": "a"}, "status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "9"}}}]
    pod = {"metadata": {"name": "p", "namespace": "default"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {"name": "one", "input": {"nodes": nodes, "pods": [], "pod": pod}, "expected": expected}


def run(folder: Path, recorded_case: dict[str, Any]) -> Group:
    (folder / "cases.json").write_text(json.dumps({"family": "f", "cases": [recorded_case]}))
    (group,) = scheduler.run(folder).groups
    return group


def test_only_recorded_fields_are_compared(tmp_path: Path) -> None:
    assert run(tmp_path, case(nodes={"a": {"code": "Success"}}, best=["a"])).as_json() == {
        "corpus": "scheduler",
        "group": "f",
        "cases": 1,
        "agree": 1,
        "disagree": [],
    }
    assert scheduler.fields_of(tmp_path) == {
        "f": {"verdict": (1, 1), "plugin": (1, 1), "reasons": (1, 1), "best": (1, 1)}
    }


def test_a_wrong_field_is_named_with_both_answers(tmp_path: Path) -> None:
    (found,) = run(tmp_path, case(nodes={"a": {"code": "Unschedulable"}}, best=[])).disagreements
    assert found.reason == "verdict, best: expected {'a': 'Unschedulable'}, got {'a': 'Success'}"


def test_a_field_that_the_model_does_not_answer_disagrees(tmp_path: Path) -> None:
    (found,) = run(tmp_path, case(preemption={"eligible": True})).disagreements
    assert found.reason == "preemption: expected {'eligible': True}, got None"


def test_a_crash_is_a_disagreement_with_its_name(tmp_path: Path) -> None:
    broken = case(best=["a"])
    broken["input"]["pod"]["spec"] = 7
    (found,) = run(tmp_path, broken).disagreements
    assert found.reason.startswith("best: expected ['a'], got \"")
    assert "AttributeError" in found.reason or "TypeError" in found.reason
