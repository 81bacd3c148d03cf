"""`refk8s schedule` as a user meets it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from refk8s.scheduler.cycle import MANY_NODES
from tests.benchmarks.__main__ import main as benchmarks
from tests.benchmarks.all import figures
from tests.e2e.command import refk8s
from tests.unit.schedule.dumps import listed, node, pod, priority_class


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    dump = listed(
        node("a"), node("b", cpu="2"), pod("batch", "a", cpu="3"), pod("waits", cpu="9"), priority_class("high", 9)
    )
    Path("dump.yaml").write_text(yaml.safe_dump(dump))
    web = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {"containers": [pod("x")["spec"]["containers"][0]]},
    }
    Path("web.yaml").write_text(yaml.safe_dump(web))
    return tmp_path


def data(*words: str) -> Any:
    result = refk8s("schedule", *words, "-o", "json")
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_one_pod_is_told_with_every_score(here: Path) -> None:
    result = refk8s("schedule", "-f", "web.yaml", "--cluster", "dump.yaml")
    assert result.code == 0
    assert result.lines[0] == "pod default/web, priority 0, profile default-scheduler"
    assert result.lines[1].split()[:4] == ["NODE", "VERDICT", "TOTAL", "TaintToleration"]
    assert result.lines[2].split()[:2] == ["b", "chosen"]
    assert result.lines[-1].startswith("ahead of a by ")


def test_without_a_file_the_pending_pods_of_the_dump_are_told(here: Path) -> None:
    result = refk8s("schedule", "--cluster", "dump.yaml")
    assert result.lines[0].startswith("pod default/waits")
    assert result.lines[-1].startswith(
        "pending: 0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: "
    )


def test_json_has_the_form_of_the_recordings(here: Path) -> None:
    found = data("-f", "web.yaml", "--cluster", "dump.yaml")
    assert list(found) == ["version", "cases"]
    (case,) = found["cases"]
    assert (case["name"], case["node"], case["answer"]["best"]) == ("default/web", "b", ["b"])
    assert case["answer"]["totals"]["b"] > case["answer"]["totals"]["a"]
    assert case["answer"]["scores"]["TaintToleration"] == {"a": [0, 100], "b": [0, 100]}


def test_many_pods_are_a_table(here: Path) -> None:
    result = refk8s("schedule", "-f", "web.yaml", "--cluster", "dump.yaml", "--what-if", "drain a")
    assert [line.split()[:3] for line in result.lines[:3]] == [
        ["POD", "PRIORITY", "NODE"],
        ["default/batch", "0", "<none>"],
        ["default/web", "0", "b"],
    ]
    assert result.lines[-1] == "1 of 2 pods find a node"
    assert "drain a: 1 pods leave, 1 of them are made again, 0 stay" in result.err


def test_a_configuration_changes_the_scores(here: Path) -> None:
    Path("packed.yaml").write_text(
        yaml.safe_dump(
            {
                "apiVersion": "kubescheduler.config.k8s.io/v1",
                "kind": "KubeSchedulerConfiguration",
                "profiles": [
                    {
                        "plugins": {"multiPoint": {"disabled": [{"name": "NodeResourcesBalancedAllocation"}]}},
                        "pluginConfig": [
                            {"name": "NodeResourcesFit", "args": {"scoringStrategy": {"type": "MostAllocated"}}}
                        ],
                    }
                ],
            }
        )
    )
    assert data("-f", "web.yaml", "-c", "dump.yaml", "--config", "packed.yaml")["cases"][0]["node"] == "a"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-f", "web.yaml"], "Missing option '--cluster' / '-c'"),
        (["-f", "nowhere.yaml", "-c", "dump.yaml"], "nowhere.yaml: No such file or directory"),
        (["-f", "web.yaml", "-c", "nowhere.yaml"], "nowhere.yaml: No such file or directory"),
        (["-c", "dump.yaml", "--what-if", "pray"], "--what-if 'pray': not understood"),
        (["-c", "dump.yaml", "--config", "web.yaml"], 'web.yaml: no kind "Pod" is registered for version "v1"'),
    ],
)
def test_what_does_not_fit_is_one_line(words: list[str], said: str, here: Path) -> None:
    result = refk8s("schedule", *words)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert len([line for line in result.err.splitlines() if line.startswith("error")]) == 1


def test_the_answer_is_the_same_in_another_process(here: Path) -> None:
    words = ["schedule", "-f", "web.yaml", "-c", "dump.yaml", "-o", "json"]
    program = "import sys; sys.argv = ['refk8s', *sys.argv[1:]]; from refk8s.cli.app import main; main()"
    other = subprocess.run(
        [sys.executable, "-c", program, *words], env={"PYTHONHASHSEED": "5"}, capture_output=True, check=True, text=True
    )
    assert other.stdout == refk8s(*words).out


def test_many_nodes_without_numpy_work_and_are_told_what_would_help(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = listed(*(node(f"node-{i}") for i in range(MANY_NODES)), pod("a"), pod("b"))
    Path("many.yaml").write_text(json.dumps(dump))
    hint = "with 500 nodes and more this is many times faster with numpy: pip install 'refk8s[fast]'"
    fast = refk8s("schedule", "--cluster", "many.yaml")
    assert (fast.code, hint in fast.err) == (0, False)
    monkeypatch.setattr("refk8s.scheduler.cycle.has_arrays", lambda: False)
    clear = refk8s("schedule", "--cluster", "many.yaml")
    assert (clear.code, clear.out, clear.err.count(hint)) == (0, fast.out, 1)


def test_the_benchmark_of_the_fast_path_measures_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.benchmarks.scheduling.has_arrays", lambda: False)
    monkeypatch.setattr("tests.benchmarks.__main__._measured", figures)  # in this process: a fresh one would have numpy
    monkeypatch.setattr(sys, "argv", ["benchmarks", "scheduling"])
    assert benchmarks() == 2
