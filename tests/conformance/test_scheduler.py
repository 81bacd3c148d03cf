"""The recorded scheduling cycles: what agrees today may never disagree tomorrow.

The recordings are not vendored yet (the scheduler issue does that); they are read from the folder that lies beside the working tree.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from refk8s.conformance import scheduler
from refk8s.conformance.cases import read
from refk8s.conformance.report import Group

FOLDERS = (
    Path(__file__).resolve().parents[3] / "shared/conformance/scheduler",
    Path("/work/shared/conformance/scheduler"),
)
FOLDER = next((folder for folder in FOLDERS if folder.is_dir()), None)

recorded = pytest.mark.skipif(
    FOLDER is None, reason=f"no recorded scheduling cycles: put them into {FOLDERS[0]} to run these tests"
)

PINNED = {
    "default-spread": (40, 40),
    "image-locality": (41, 41),
    "kitchen-sink": (50, 73),
    "node-affinity": (62, 62),
    "node-selector": (26, 26),
    "nominated": (26, 38),
    "plugin-args": (36, 36),
    "pod-affinity": (67, 67),
    "pod-affinity-scoring": (51, 51),
    "pod-anti-affinity": (62, 62),
    "ports": (42, 42),
    "preemption": (23, 80),
    "preemption-pdb": (10, 52),
    "resources": (89, 89),
    "resources-scoring": (43, 43),
    "scheduling-gates": (17, 17),
    "taints": (56, 56),
    "taints-scoring": (31, 31),
    "topology-spread": (90, 90),
    "topology-spread-scoring": (54, 54),
    "unschedulable": (28, 28),
}
"""Cases that agree in every recorded field, and all cases, by family."""

MISSING = {
    "kitchen-sink": {"message": (24, 28), "preemption": (5, 28)},
    "nominated": {"message": (17, 18), "preemption": (6, 18)},
    "preemption": {"message": (61, 68), "preemption": (11, 68)},
    "preemption-pdb": {"message": (41, 42), "preemption": (0, 42)},
}
"""The only fields that do not agree everywhere: those that need the dry run of DefaultPreemption."""


@pytest.fixture(scope="module")
def groups() -> dict[str, Group]:
    assert FOLDER is not None
    return {group.name: group for group in scheduler.run(FOLDER).groups}


@recorded
def test_every_family_is_there(groups: dict[str, Group]) -> None:
    assert {name: group.cases for name, group in groups.items()} == {name: cases for name, (_, cases) in PINNED.items()}


@recorded
@pytest.mark.parametrize("family", PINNED)
def test_agreement_never_falls(groups: dict[str, Group], family: str) -> None:
    group = groups[family]
    assert group.agree >= PINNED[family][0], [f"{d.name}: {d.reason}" for d in group.disagreements]


@recorded
def test_only_what_needs_the_dry_run_of_preemption_is_missing() -> None:
    table = scheduler.fields_of(FOLDER)
    partial = {
        family: {field: counts for field, counts in fields.items() if counts[0] != counts[1]}
        for family, fields in table.items()
    }
    assert {family: fields for family, fields in partial.items() if fields} == MISSING


@recorded
def test_a_lean_cycle_decides_as_one_that_explains() -> None:
    assert FOLDER is not None
    for cases in read(FOLDER).values():
        for each in cases:
            lean, explained = (scheduler.decide(each.input, explain=explain) for explain in (False, True))
            assert (lean.best, lean.rejected, lean.message) == (
                explained.best,
                explained.rejected,
                explained.message,
            ), each.name


@recorded
@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_answers_do_not_depend_on_the_hash_seed(seed: str) -> None:
    program = "import json, sys; from refk8s.conformance import scheduler as s; print(json.dumps(s.run(sys.argv[1]).as_json()))"
    printed = subprocess.run(
        [sys.executable, "-c", program, str(FOLDER)],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        check=True,
    )
    assert FOLDER is not None
    assert json.loads(printed.stdout) == scheduler.run(FOLDER).as_json()


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
