"""`refk8s explore`: verdicts, bounds, counterexamples that replay, bad input."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from refk8s.cli import exploring
from refk8s.trace.format import read

from .command import refk8s


def test_a_scenario_that_holds_is_searched_completely() -> None:
    done = refk8s("explore", "two-writers", "--rested", "-k", 1, "--faults", "crash=1,lost")
    assert done.code == 0
    assert done.lines[-1] == "bound: 1 deviations; complete: yes"
    assert done.lines[0].startswith("all schedules with 0 deviations: ")
    assert done.err.startswith("scenario two-writers, at most 1 deviation, faults crash=1,lost")


def test_a_counterexample_replays_strictly_and_fails_in_the_same_way(tmp_path: Path) -> None:
    trace = tmp_path / "lost.trace.jsonl.gz"
    searched = ("explore", "two-writers", "--rested", "--faults", "none", "--mutant", "blind-put")
    done = refk8s(*searched, "--trace", trace)
    assert done.code == 1
    assert done.lines[0] == "API-01 violated at step 9 (1 deviation)"
    assert f"reproduce: refk8s replay {trace}" in done.lines
    again = refk8s("replay", trace)
    assert again.code == 1
    assert again.lines[-1].startswith("violated: 10 steps")
    report = done.lines[: len(again.lines) - 1]
    assert again.lines[:-1] == report
    spec = read(trace).header["scenario"]["spec"]
    assert (spec["heartbeats"], spec["events"], spec["given"]) == (False, False, [])


def test_without_a_trace_the_report_says_how_to_get_one() -> None:
    done = refk8s("explore", "two-writers", "--rested", "--faults", "none", "--mutant", "blind-put")
    command = "refk8s explore two-writers --rested --faults none --mutant blind-put --trace failure.trace.jsonl"
    assert f"reproduce: {command}" in done.lines


def test_json_has_bound_coverage_and_failure() -> None:
    held = json.loads(refk8s("explore", "first-pod", "--rested", "-k", 2, "--faults", "none", "-o", "json").out)
    assert (held["version"], held["held"], held["complete"], held["covered"], held["stopped"]) == (1, True, True, 2, "")
    assert held["bound"] == {"deviations": 2, "faults": {}, "maxStates": 1_000_000, "memory": 2 << 30}
    assert held["states"] == sum(level["states"] for level in held["levels"])
    words = ("--rested", "--faults", "none", "--mutant", "blind-put", "-o", "json")
    broken = json.loads(refk8s("explore", "two-writers", *words).out)
    assert (broken["held"], broken["complete"], broken["covered"]) == (False, False, 0)
    assert (broken["failure"]["id"], broken["failure"]["deviations"], len(broken["failure"]["labels"])) == (
        "API-01",
        1,
        10,
    )


@pytest.mark.parametrize(
    ("bound", "reason"), [(("--max-states", 300), "states"), (("--memory", "20M"), "memory")], ids=["states", "memory"]
)
def test_a_bound_that_comes_first_is_inconclusive_and_says_what_was_covered(
    bound: tuple[object, ...], reason: str
) -> None:
    done = refk8s("explore", "two-writers", "-k", 2, "--faults", "none", *map(str, bound))
    assert done.code == 4
    stopped, last = done.lines[-2:]
    assert stopped.startswith(f"stopped: the bound on {reason} came first; looked at ")
    assert last == "bound: 2 deviations; complete: no"


def test_an_interrupted_search_says_what_was_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploring._Watch, "show", lambda watch, found: signal.raise_signal(signal.SIGINT))
    done = refk8s("explore", "scale-storm", "-k", 3, "-o", "json")
    assert done.code == 130
    found = json.loads(done.out)
    assert (found["stopped"], found["complete"], found["covered"]) == ("interrupted", False, -1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--memory", "much"), "--memory much: no size; write a number and K, M or G, for instance 500M"),
        (("--faults", "cosmic-rays"), "no kind 'cosmic-rays'"),
        (("--mutant", "nessie"), "no mutant 'nessie'"),
        (("--trace", "failure.txt"), "a trace's name ends in .jsonl"),
        (("-k", "-1"), "-1"),
    ],
    ids=str,
)
def test_bad_input_is_one_line(words: tuple[str, ...], said: str) -> None:
    done = refk8s("explore", "first-pod", *words)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert said in done.err
