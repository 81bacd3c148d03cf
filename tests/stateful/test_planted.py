"""The machines find bugs that are planted through seams, within the ci profile; what they print is enough to go on with, and the trace fails outside, too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from hypothesis import Phase
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from refk8s.testing import Broken, ClusterMachine, RolloutMachine, SchedulingMachine, WritersMachine
from refk8s.zoo.scenes import apply, replica_set
from tests.e2e.command import refk8s

from .profiles import stateful

PLANTED = [
    ("a lost update", WritersMachine, "blind-put", {"API-01"}),
    ("an overshoot", RolloutMachine, "overshoot", {"DEPLOYMENT-01"}),
    ("a double bind", SchedulingMachine, "double-binding", {"SCHED-05", "POD-02", "API-09"}),
]


@pytest.mark.parametrize(("bug", "machine", "mutant_id", "invariants"), PLANTED, ids=[row[2] for row in PLANTED])
def test_a_planted_bug_is_found_and_its_trace_fails_outside_hypothesis(
    bug: str, machine: type[ClusterMachine], mutant_id: str, invariants: set[str], tmp_path: Path
) -> None:
    class Planted(machine):  # type: ignore[misc, valid-type]  # a base that is known at run time only
        mutant = mutant_id
        failures = tmp_path

    with pytest.raises(Broken) as found:
        run_state_machine_as_test(Planted, settings=stateful(200, phases=[Phase.generate], planted=True))
    report = str(found.value)
    path = tmp_path / "Planted.trace.jsonl"
    invariant = report.partition(" ")[0]
    assert invariant in invariants
    assert re.match(
        r"\S+ violated at step \d+ \(\d+ deviations?\)\n  guarantee: .+\n  observed:  .+\n  expected:  .+\n  [* ] #",
        report,
    )
    assert report.endswith(f"\nreproduce: refk8s replay {path}")
    assert "state = Planted()" in "\n".join(found.value.__notes__)
    again = refk8s("replay", path)
    assert again.code == 1
    assert again.out.startswith(report)


def test_hypothesis_shrinks_a_lost_update_to_a_program_that_reads_in_a_minute(tmp_path: Path) -> None:
    class Planted(WritersMachine):
        mutant = "blind-put"
        failures = tmp_path

    with pytest.raises(Broken) as found:
        run_state_machine_as_test(Planted, settings=stateful(200, steps=12, planted=True))
    program = [line for line in found.value.__notes__[0].splitlines() if ".every_" not in line]
    assert len(program) <= 12, program
    assert refk8s("replay", tmp_path / "Planted.trace.jsonl").code == 1


def test_invariants_with_a_memory_of_the_run_are_asked_too(tmp_path: Path) -> None:
    class Restless(ClusterMachine):
        spec: ClassVar[Any] = {
            "nodes": [{"name": "node"}],
            "users": {"ann": []},
            "bounds": {"writes": 10},
        }
        mutant = "wakes-itself"
        failures = tmp_path

        @initialize()
        def begin(self) -> None:
            self.say("ann creates", **{"as": "ann", "step": apply(replica_set(replicas=1))})

    with pytest.raises(Broken, match="LIVE-03 violated at step ") as found:
        run_state_machine_as_test(Restless, settings=stateful(1, phases=[Phase.generate]))
    assert replays(str(found.value), tmp_path / "Restless.trace.jsonl")


def test_a_cluster_that_never_comes_to_rest_is_a_failure_outside_hypothesis_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Restless(ClusterMachine):
        spec: ClassVar[Any] = {"nodes": [{"name": "node"}], "users": {"ann": []}}
        mutant = "polls-for-ever"
        failures = tmp_path

        @initialize()
        def begin(self) -> None:
            place = {"verb": "create", "resource": "replicasets", "namespace": "default"}
            self.send("ann", {**place, "body": replica_set(replicas=1)}, "r1")
            self.serve("ann", "r1")

    monkeypatch.setattr("refk8s.testing.cluster.CONVERGES_WITHIN", 1_500)
    with pytest.raises(Broken, match="ENDLESS violated at step ") as found:
        run_state_machine_as_test(Restless, settings=stateful(1, phases=[Phase.generate], planted=True))
    again = refk8s("replay", tmp_path / "Restless.trace.jsonl")
    assert again.code == 1
    assert "ENDLESS violated at step " in again.out
    assert str(found.value).endswith("reproduce: refk8s replay " + str(tmp_path / "Restless.trace.jsonl"))


def refused_by_its_own_model(machine: type[WritersMachine], wrong: Callable[[Any], object]) -> Broken:
    """What a machine says whose model of the cluster is made wrong before its first rule."""
    example = machine()
    wrong(example)

    def rules() -> None:
        example.begin()
        example.read("bob", "configmaps", "a", False)

    with pytest.raises(Broken) as found:
        rules()
    return found.value


def replays(report: str, path: Path) -> bool:
    """Whether `refk8s replay` of the written trace fails with the same report."""
    again = refk8s("replay", path)
    return again.code == 1 and again.out.startswith(report) and report.endswith(f"reproduce: refk8s replay {path}")


def forget(key: str) -> Callable[[Any], None]:
    """A model that takes one answer for another."""

    def change(machine: Any) -> None:
        carry_out = machine.expected.carry_out

        def wrong(write: Any) -> bool:
            changed = carry_out(write)
            if key == "object":
                machine.expected.objects.clear()
            elif key == "content":
                machine.expected.objects[write.key].content = {"n": "7"}
            return changed and key != "write"

        machine.expected.carry_out = wrong

    return change


@pytest.mark.parametrize(
    ("key", "report"),
    [
        (
            "write",
            r"USER-01 violated .*\n.*\n  observed:  create .* got OK and a write\n  expected:  OK and no write\n",
        ),
        (
            "object",
            r"USER-02 violated .*\n.*\n  observed:  configmaps/default/a is there\n  expected:  it to be gone\n",
        ),
        ("content", r"USER-02 violated .*\n.*\n  observed:  configmaps/default/a has .*\n  expected:  {'n': '7'}\n"),
    ],
)
def test_what_the_writers_model_did_not_foretell_fails_in_a_replay_too(key: str, report: str, tmp_path: Path) -> None:
    class Wrong(WritersMachine):
        failures = tmp_path

    found = str(refused_by_its_own_model(Wrong, forget(key)))
    assert re.match(report, found), found
    assert replays(found, tmp_path / "Wrong.trace.jsonl")


def test_a_read_that_the_writers_model_did_not_foretell_fails_in_a_replay_too(tmp_path: Path) -> None:
    class Wrong(WritersMachine):
        failures = tmp_path

        def every_object_is_as_foretold(self) -> None:
            self.expected.objects.clear()

    found = str(refused_by_its_own_model(Wrong, lambda machine: None))
    assert "observed:  get configmaps default/a" in found
    assert "expected:  NotFound and no write" in found
    assert replays(found, tmp_path / "Wrong.trace.jsonl")


def test_a_version_that_is_not_the_newest_fails_in_a_replay_too(tmp_path: Path) -> None:
    class Wrong(WritersMachine):
        failures = tmp_path

        def _learn_version(self, write: Any, known: Any, stored: Any, delta: Any) -> None:
            newer = SimpleNamespace(revision=stored.revision + 5)
            super()._learn_version(write, known, stored, SimpleNamespace(commits=(newer,)))

    found = str(refused_by_its_own_model(Wrong, lambda machine: None))
    assert re.search(
        r"USER-02 violated .*\n.*\n  observed:  configmaps/default/a has version (\d+)\n  expected:  \d+\n", found
    )
    assert replays(found, tmp_path / "Wrong.trace.jsonl")


def test_what_only_a_machine_of_ones_own_sees_fails_in_a_replay_too_if_it_ends_in_the_same_world(
    tmp_path: Path,
) -> None:
    class Strict(ClusterMachine):
        spec: ClassVar[Any] = {"nodes": [{"name": "node"}]}
        failures = tmp_path

        @rule()
        def look(self) -> None:
            nodes = len(self.world.store.collection("nodes").objects)
            if nodes != 2:
                raise self.failed(f"there are {nodes} nodes: expected 2")

    with pytest.raises(Broken) as found:
        run_state_machine_as_test(Strict, settings=stateful(5, phases=[Phase.generate], planted=True))
    report, path = str(found.value), tmp_path / "Strict.trace.jsonl"
    assert "  observed:  there are 1 nodes\n  expected:  2\n" in report
    assert replays(report, path)
    *steps, last = path.read_text().splitlines()
    verdict = json.loads(last)
    shorter = {**verdict, "steps": verdict["steps"] - 1}
    path.write_text("\n".join([*steps[:-1], json.dumps(shorter)]))
    assert refk8s("replay", path).code == 0
    path.write_text("\n".join([*steps, json.dumps({**verdict, "violation": None})]))
    again = refk8s("replay", path)
    assert (again.code, again.out) == (2, "")
    assert "'violation' of the verdict is None" in again.err
