"""Traces at the command line: written by `run`, replayed, shown, compared."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from refk8s.trace.format import read

from .command import refk8s

SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {token: hunter2}\n"


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace of a random schedule."""
    path = tmp_path_factory.mktemp("traces") / "first-pod.trace.jsonl"
    assert refk8s("run", "first-pod", "--seed", "7", "--trace", path, "-q").code == 0
    return path


def test_a_run_with_a_trace_has_the_digest_of_one_without(trace: Path) -> None:
    lines = refk8s("run", "first-pod", "--seed", "7", "-q").lines
    assert f"digest {read(trace).verdict['digest']}" in lines


@pytest.mark.parametrize("driver", [[], ["--seed", "7"], ["--driver", "twice", "--seed", "7"]])
@pytest.mark.parametrize("name", ["x.jsonl", "x.trace.jsonl.gz"])
def test_what_a_run_writes_replays(tmp_path: Path, driver: list[str], name: str) -> None:
    lines = refk8s("run", "first-pod", *driver, "--trace", tmp_path / name, "-q").lines
    assert lines[-1] == f"replay: refk8s replay {tmp_path / name}"
    replayed = refk8s("replay", tmp_path / name)
    assert replayed.code == 0
    assert replayed.lines[0] == f"same: {len(read(tmp_path / name).steps)} steps, {lines[-2]}; recorded as quiet"


def test_replay_reports_as_data(trace: Path) -> None:
    data = json.loads(refk8s("replay", trace, "-o", "json").out)
    assert list(data) == ["version", "status", "steps", "skipped", "difference", "digest", "violation", "recorded"]
    assert (data["version"], data["status"], data["recorded"]) == (1, "same", "quiet")
    assert json.loads(refk8s("replay", trace, "--upto", "9", "-o", "json").out)["steps"] == 9


def edited(trace: Path, tmp_path: Path, line: int, pattern: str, by: str) -> Path:
    """A copy of the trace with one line changed."""
    lines = trace.read_text().splitlines()
    lines[line - 1], count = re.subn(pattern, by, lines[line - 1], count=1)
    assert count == 1
    (tmp_path / "x.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path / "x.jsonl"


def test_a_divergence_is_named_to_the_line_and_ends_with_3(trace: Path, tmp_path: Path) -> None:
    path = edited(trace, tmp_path, 40, r'"digest":"\w{4}', '"digest":"0000')
    strict = refk8s("replay", path)
    assert (strict.code, strict.out) == (3, "")
    assert strict.err.startswith(f"error: {path}: line 40: after '")
    assert "recorded was 0000" in strict.err
    assert len(strict.err.splitlines()) == 1
    lenient = refk8s("replay", path, "--lenient")
    assert lenient.code == 3
    assert lenient.lines[0].startswith("stale: ")
    assert lenient.lines[1].startswith("  first difference: line 40: ")


def test_a_step_that_is_gone_is_skipped_by_a_lenient_replay(trace: Path, tmp_path: Path) -> None:
    path = edited(trace, tmp_path, 40, r'"label":"', '"label":"un')
    assert refk8s("replay", path).err.startswith(f"error: {path}: line 40: step 38 wants 'un")
    assert re.search(r"[1-9]\d* skipped", refk8s("replay", path, "--lenient").lines[0])


def test_secrets_stay_out_of_traces_and_the_redacted_run_replays(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(SECRET)
    path = tmp_path / "x.trace.jsonl"
    redacted = refk8s("run", tmp_path / "x.yaml", "--trace", path, "-q")
    assert "the data of Secrets is redacted in this run and its trace; --secrets keeps it" in redacted.err
    assert "hunter2" not in path.read_text()
    assert read(path).header["redacted"]
    assert refk8s("replay", path).code == 0
    kept = refk8s("run", tmp_path / "x.yaml", "--trace", path, "--secrets", "-q")
    assert "redacted" not in kept.err
    assert "hunter2" in path.read_text()
    assert refk8s("replay", path).code == 0


def test_a_run_that_hit_its_limit_replays_too(tmp_path: Path) -> None:
    assert refk8s("run", "rollout", "--steps", "90", "--trace", tmp_path / "x.jsonl", "-q").code == 4
    assert refk8s("replay", tmp_path / "x.jsonl").lines[0].endswith("recorded as limit")


def test_show_lists_steps_and_marks_deviations(trace: Path) -> None:
    lines = refk8s("trace", "show", trace).lines
    assert lines[0] == "scenario first-pod, driver random, seed 7"
    assert lines[1].split() == ["STEP", "BECAUSE", "LABEL", "WROTE"]
    assert lines[-1] == f"verdict: quiet after {len(read(trace).steps)} steps"
    assert len(lines) == len(read(trace).steps) + 3
    part = refk8s("trace", "show", trace, "--from", "10", "--count", "2").lines
    assert [line.split()[0] for line in part[2:4]] == ["10", "11"]
    marked = refk8s("trace", "show", trace, "--deviations").lines[2:-1]
    assert [line.split()[:2] for line in marked] == [[str(step.i), "*"] for step in read(trace).steps if step.dev]
    data = json.loads(refk8s("trace", "show", trace, "-o", "json").out)
    assert list(data) == ["version", "header", "steps", "verdict"]


def test_diff_names_the_step_at_which_two_traces_part(trace: Path, tmp_path: Path) -> None:
    assert refk8s("trace", "diff", trace, trace).lines == ["the same run"]
    refk8s("run", "first-pod", "--seed", "8", "--trace", tmp_path / "x.jsonl", "-q")
    result = refk8s("trace", "diff", trace, tmp_path / "x.jsonl")
    assert result.code == 3
    assert re.match(r"they part at step \d+: label", result.lines[0])
    data = json.loads(refk8s("trace", "diff", trace, tmp_path / "x.jsonl", "-o", "json").out)
    assert (data["version"], data["same"], data["difference"]["what"]) == (1, False, "label")


def test_why_reads_a_trace(trace: Path) -> None:
    lines = refk8s("why", trace, "pod/hello").lines
    assert "changed Pod default/hello" in lines[-1]
    assert lines == refk8s("why", "first-pod", "pod/hello", "--seed", "7").lines
