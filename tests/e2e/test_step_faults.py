"""`refk8s step` and `refk8s run` with faults: what a person can do to a cluster, and that it replays."""

from __future__ import annotations

from pathlib import Path

import pytest

from refk8s.trace.format import read

from .command import refk8s

SERVING = "run until pod/hello\nnext 3\n"


def scripted(*commands: str) -> list[str]:
    result = refk8s("step", "first-pod", "--script", stdin="\n".join(commands) + "\n")
    assert result.code == 0, result.err
    return result.lines


def refused(*commands: str) -> str:
    result = refk8s("step", "first-pod", "--script", stdin="\n".join(commands) + "\n")
    assert result.code == 2
    return result.err


def test_faults_lists_what_is_possible_and_a_number_does_it() -> None:
    lines = scripted("run until pod/hello", "faults crash", "2", "faults crash", "restart kube-scheduler")
    assert "   2  crash kube-scheduler" in lines
    assert "#77 crash kube-scheduler" in lines
    assert lines.count("   2  crash kube-scheduler") == 1
    assert "#78 restart kube-scheduler" in lines


def test_a_cluster_recovers_from_all_that_a_person_does_to_it_and_the_way_replays(tmp_path: Path) -> None:
    trace = tmp_path / "x.jsonl"
    lines = scripted(
        "run until pod/hello",
        "crash kube-controller-manager",
        "relist kube-scheduler pods",
        "partition kubelet/node-1 from kube-apiserver",
        "run until quiet",
        "stop-node kubelet/node-1 lost",
        "compact keep=0",
        "heal kubelet/node-1 from kube-apiserver",
        "restart kubelet/node-1",
        "run until quiet",
        "duplicate kube-scheduler pods default/hello",
        "mishap kubelet/node-1 default/hello web exit=1",
        "hold kubelet/node-1",
        "stop-faults",
        "run until quiet",
        "get pods",
        f"save {trace}",
    )
    (row,) = [line for line in lines if line.startswith("default ")]
    assert row.split()[3] == "Running"
    assert int(row.split()[4]) >= 1
    assert refk8s("replay", trace).code == 0
    told = refk8s("step", trace, "--script", stdin="story 200\n").out
    assert "adversary: mishap kubelet/node-1 default/hello web exit=1" in told


def test_a_reply_is_lost_or_a_request_refused_by_its_number() -> None:
    lines = scripted("enabled", "run until node/node-1", "back", "enabled", "lost 0", "enabled")
    assert any(line.endswith("create nodes node-1 lost") for line in lines)
    lines = scripted("run until node/node-1", "back", "reject 0 500")
    assert any(line.endswith("create nodes node-1 reject=500") for line in lines)


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("crash kube-nothing", "crash kube-nothing: not possible now (crash PROCESS); `faults` lists what is"),
        ("restart kube-scheduler", "restart kube-scheduler: not possible now"),
        ("batch kube-scheduler pods size=9", "not possible now (batch PROCESS STREAM size=N)"),
        ("faults flood", "faults [KIND]: KIND is one of crash, lost"),
        ("lost 0", "only a `serve` has another outcome"),
        ("lost x", "lost NUMBER, or reject NUMBER [429|500]"),
        ("reject 99", "that is not there"),
        ("heal kubelet/node-1 from kube-apiserver", "not possible now (heal PROCESS from API-SERVER)"),
    ],
)
def test_what_is_not_possible_is_refused_with_its_form(command: str, complaint: str) -> None:
    assert complaint in refused("run until pod/hello", command)


@pytest.mark.parametrize("driver", ["random", "pct", "swarm"])
def test_a_run_with_faults_says_so_holds_and_replays(driver: str, tmp_path: Path) -> None:
    trace = tmp_path / "x.jsonl.gz"
    result = refk8s(
        "run", "rollout-with-crashes", "--driver", driver, "--seed", "4", "--faults", "all", "--trace", trace
    )
    assert result.code == 0, result.out
    assert "adversary" in result.out
    assert "stop-faults" in [step.label for step in read(trace).steps]
    assert read(trace).header["faults"]["total"] >= 1
    assert refk8s("replay", trace).code == 0


def test_twice_holds_for_runs_with_faults() -> None:
    assert refk8s("run", "first-pod", "--driver", "twice", "--seed", "3", "--faults", "all=2").code == 0
