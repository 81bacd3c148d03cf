"""`refk8s run`, `why`, `demo`, `scenarios`, `invariants`, `zoo`: what a user sees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from refk8s.scenarios import shipped
from refk8s.scenarios.format import HERE

from .command import refk8s

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\nspec: {containers: [{name: web, image: 'web:1'}]}\n"


def report(*words: str | Path, stdin: str = "", code: int = 0) -> Any:
    """The JSON that a command prints."""
    result = refk8s(*words, "-o", "json", stdin=stdin)
    assert result.code == code, result.err
    return json.loads(result.out)


def test_a_run_tells_who_did_what_when_and_why_then_shows_what_is_there() -> None:
    result = refk8s("run", "first-pod")
    assert result.code == 0
    story = [line for line in result.lines if " #" in line]
    actors = [line.split()[2] for line in story]
    assert actors[0] == "kubelet/node-1/node"
    texts = " ".join(story)
    for sentence in (
        "created Pod default/hello",
        "bound Pod default/hello to node-1",
        "kube-scheduler/default-scheduler",
        "changed Pod default/hello: Pending→Running, Ready, web running",
    ):
        assert sentence in texts
    table = result.lines[result.lines.index("pods") + 1 :]
    assert table[0].split() == ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "NODE"]
    assert table[1].split()[:5] == ["default", "hello", "1/1", "Running", "0"]
    assert result.lines[-1].startswith("digest ")
    assert result.err == "scenario first-pod, driver default, seed none\n"


def test_a_because_names_a_line_that_is_there() -> None:
    shown = refk8s("run", "rollout").lines
    steps = {line.split()[1] for line in shown if " #" in line}
    because = {line.rpartition("(because of ")[2].rstrip(")") for line in shown if "(because of " in line}
    assert because <= steps


def test_all_tells_details_and_quiet_tells_nothing() -> None:
    usual, everything = (refk8s("run", "first-pod", *more).out for more in ([], ["--all"]))
    assert "Lease" in everything
    assert "Lease" not in usual
    assert " #" not in refk8s("run", "first-pod", "-q").out


def test_the_shape_of_the_report_is_version_1() -> None:
    data = report("run", "rollout", "--seed", "3")
    assert list(data) == [
        "version", "scenario", "driver", "seed", "faults", "verdict", "held", "steps", "deviations", "revision", "logicalSeconds", "digest", "violation",
        "failures", "objects", "story",
    ]  # fmt: skip
    assert (data["version"], data["scenario"], data["driver"], data["seed"]) == (1, "rollout", "random", 3)
    assert (data["verdict"], data["held"], data["violation"], data["failures"]) == ("quiet", True, None, [])
    assert data["deviations"] > 0
    assert {row["status"] for row in data["objects"]["pods"]} == {"Running"}
    assert list(data["story"][0]) == ["step", "at", "actor", "text", "subject", "because"]


def test_yaml_says_the_same_as_json() -> None:
    assert yaml.safe_load(refk8s("run", "first-pod", "-o", "yaml").out) == report("run", "first-pod")


def test_the_same_seed_gives_the_same_digest_and_another_seed_another() -> None:
    digests = [report("run", "first-pod", "--seed", seed)["digest"] for seed in ("5", "5", "6")]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("seed", [[], ["--seed", "4"]])
def test_twice_runs_every_schedule_twice(seed: list[str]) -> None:
    data = report("run", "first-pod", "--driver", "twice", *seed)
    assert data["driver"] == "twice"
    assert data["digest"] == report("run", "first-pod", *seed)["digest"]


def test_random_without_a_seed_takes_and_says_seed_0() -> None:
    result = refk8s("run", "first-pod", "--driver", "random", "-q")
    assert "driver random, seed 0" in result.err


def test_until_stops_there() -> None:
    data = report("run", "first-pod", "--until", "pod/hello=Running")
    assert (data["verdict"], data["objects"]["pods"][0]["status"]) == ("until", "Running")
    assert report("run", "first-pod", "--until", "pod/default/hello")["verdict"] == "until"
    assert report("run", "rollout", "--until", "deployment/web=Available")["verdict"] == "until"


def test_until_that_never_comes_is_a_failure() -> None:
    result = refk8s("run", "first-pod", "--until", "pod/hello=Failed", "-q")
    assert result.code == 1
    assert "--until pod/hello=Failed: not reached, and nothing more will happen" in result.lines


def test_the_step_limit_is_inconclusive() -> None:
    result = refk8s("run", "rollout", "--steps", "50", "-q")
    assert result.code == 4
    assert any(line.startswith("inconclusive: stopped at the step limit after 50 steps") for line in result.lines)


def test_an_expectation_that_is_not_met_is_a_violation(tmp_path: Path) -> None:
    text = (HERE / "first-pod.yaml").read_text().replace("status.phase: Running", "status.phase: Failed")
    (tmp_path / "mine.yaml").write_text(text)
    result = refk8s("run", tmp_path / "mine.yaml", "-q")
    assert result.code == 1
    head = next(number for number, line in enumerate(result.lines) if line.startswith("EXPECT violated at step "))
    assert result.lines[head].endswith(" (0 deviations)")
    assert result.lines[head + 1 : head + 4] == [
        "  guarantee: Once the cluster is quiet, everything is as the scenario expects it.",
        "  observed:  pods/default/hello: status.phase is 'Running'",
        "  expected:  'Failed'",
    ]
    assert result.lines[head + 4].startswith("    #")
    assert f"reproduce: refk8s run {tmp_path}/mine.yaml --trace failure.trace.jsonl" in result.lines


def test_manifests_come_from_files_directories_and_standard_input(tmp_path: Path) -> None:
    (tmp_path / "pods").mkdir()
    (tmp_path / "pods/a.yaml").write_text(POD.replace("NAME", "a"))
    (tmp_path / "pods/b.yml").write_text(POD.replace("NAME", "b"))
    (tmp_path / "c.json").write_text(json.dumps(yaml.safe_load(POD.replace("NAME", "c"))))
    data = report("run", tmp_path / "pods", tmp_path / "c.json", "-", "--nodes", "2", stdin=POD.replace("NAME", "d"))
    assert [row["name"] for row in data["objects"]["pods"]] == ["a", "b", "c", "d"]
    assert len(data["objects"]["nodes"]) == 2
    assert data["scenario"] == "pods"


def test_a_scenario_may_come_from_standard_input() -> None:
    data = report("run", "-", stdin=(HERE / "first-pod.yaml").read_text())
    assert data == report("run", "first-pod")


def test_a_namespace_is_that_of_manifests_without_one(tmp_path: Path) -> None:
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"
    other = POD.replace("NAME", "other").replace("other}", "other, namespace: default}")
    (tmp_path / "x.yaml").write_text(namespace + POD.replace("NAME", "web") + "---\n" + other)
    everywhere = report("run", tmp_path / "x.yaml")
    assert [(row["namespace"], row["name"]) for row in everywhere["objects"]["pods"]] == [
        ("default", "other"),
        ("default", "web"),
    ]
    there = report("run", tmp_path / "x.yaml", "-n", "shop")
    assert [(row["namespace"], row["name"]) for row in there["objects"]["pods"]] == [("shop", "web")]


def test_a_dump_of_a_run_is_the_beginning_of_another(tmp_path: Path) -> None:
    script = "run until quiet\ndescribe pod/hello\n"
    described = refk8s("step", "first-pod", "--script", stdin=script).out
    document = described[described.index("apiVersion") : described.index("events:")]
    (tmp_path / "dump.yaml").write_text(document)
    (tmp_path / "mine.yaml").write_text(
        "apiVersion: refk8s.dev/v1\nkind: Scenario\nmetadata: {name: mine}\nspec:\n  nodes: [{name: node-1}]\n  dumps: [dump.yaml]\n"
        "  expect: [{resource: pods, count: 1, fields: {status.phase: Running}}]\n"
    )
    assert report("run", tmp_path / "mine.yaml")["held"]


def test_why_begins_with_the_user_and_ends_with_the_object() -> None:
    chain = report("why", "first-pod", "pod/hello")["chain"]
    assert (chain[0]["actor"], chain[0]["text"]) == ("user/ann", "created Pod default/hello")
    assert chain[-1]["subject"] == "pods/default/hello"
    assert [line["because"] for line in chain[1:]] == [line["step"] for line in chain[:-1]]
    text = refk8s("why", "first-pod", "pod/hello").lines
    assert len(text) == len(chain)


def test_demo_runs_what_it_is_told() -> None:
    data = report("demo", "--seeds", "2", "--jobs", "1", "--scenario", "first-pod", "--scenario", "two-writers")
    assert [(s["scenario"], s["schedules"], s["held"]) for s in data["scenarios"]] == [
        ("first-pod", 3, True),
        ("two-writers", 3, True),
    ]


def test_scenarios_are_listed_shown_and_checked(tmp_path: Path) -> None:
    assert [row["name"] for row in report("scenarios", "list")["scenarios"]] == shipped()
    shown = refk8s("scenarios", "show", "rollout").out
    assert shown == (HERE / "rollout.yaml").read_text()
    (tmp_path / "mine.yaml").write_text(shown)
    checked = refk8s("scenarios", "check", tmp_path / "mine.yaml")
    assert (checked.code, checked.err.partition(": ")[2]) == (
        0,
        "rollout: 3 nodes, 1 users with 3 steps, 3 expectations\n",
    )
    assert json.loads(refk8s("scenarios", "schema").out)["$defs"]["scale"]["required"] == [
        "resource",
        "name",
        "replicas",
    ]


def test_invariants_are_listed_and_shown_with_the_mutants_that_they_catch() -> None:
    found = report("invariants", "list")["invariants"]
    assert {"id", "claim", "guarantee", "severity", "catalogue", "spec", "source"} <= set(found[0])
    shown = report("invariants", "show", "api-01")
    assert shown["id"] == "API-01"
    assert "blind-put" in shown["mutants"]
    assert "guarantee:" in refk8s("invariants", "show", "API-01").out


def test_the_zoo_is_listed_and_a_mutant_is_caught() -> None:
    listed = {mutant["id"]: mutant for mutant in report("zoo", "list")["mutants"]}
    assert listed["blind-put"]["catches"] == ["API-01"]
    (caught,) = report("zoo", "run", "blind-put")["mutants"]
    assert (caught["id"], caught["caughtBy"]) == ("blind-put", "API-01")
    assert "a stale update overwrites a newer one" in refk8s("zoo", "show", "blind-put").out


def test_conformance_has_the_fixed_shape() -> None:
    result = refk8s("conformance", "-o", "json")
    data = json.loads(result.out)
    assert list(data) == ["cases", "agree", "groups"]
    for group in data["groups"]:
        status = ["agree_status"] if group["corpus"] == "api" else []  # as its corpus asks
        assert list(group) == ["corpus", "group", "cases", "agree", *status, "disagree"]
    assert sum(group["cases"] for group in data["groups"]) == data["cases"]
    assert result.code == (0 if data["agree"] == data["cases"] else 1)


@pytest.mark.parametrize("strict", [False, True])
def test_a_wait_that_times_out_is_said_and_fails_a_scenario_that_must_succeed(tmp_path: Path, strict: bool) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "c", "image": "a"}]},
    }
    pod["spec"]["nodeSelector"] = {"disk": "ssd"}  # type: ignore[index]  # a literal, whose values mypy joins
    wait = {"resource": "pods", "name": "web", "field": "status.phase", "value": "Running", "timeout": "10s"}
    spec = {"mustSucceed": strict, "users": {"ann": [{"apply": {"documents": [pod]}}, {"wait": wait}]}}
    scenario = {"apiVersion": "refk8s.dev/v1", "kind": "Scenario", "metadata": {"name": "x"}, "spec": spec}
    (tmp_path / "x.yaml").write_text(json.dumps(scenario))
    done = refk8s("run", tmp_path / "x.yaml")
    said = "user/ann: wait: error: timed out waiting for pod/web after 10s"
    assert any(
        "wait: error: timed out waiting for pod/web after 10s" in line and "user/ann" in line for line in done.lines
    )
    if strict:
        assert (done.code, f"refused: {said}" in done.lines) == (1, True)
    else:
        allowed = f"1 step of a user failed, which this scenario allows (no mustSucceed); first {said}"
        assert (done.code, allowed in done.lines) == (0, True)
