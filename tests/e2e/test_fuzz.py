"""`refk8s fuzz`: failures found, shrunk and replayed; ledgers that survive kill -9; bad input."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from refk8s.cli.ledger import Ledger
from refk8s.trace.format import read

from .command import BINARY, environment, process, refk8s


def test_a_bug_is_found_shrunk_and_replayed(tmp_path: Path) -> None:
    done = refk8s("fuzz", "--mutant", "blind-put", "--seeds", 3, "--jobs", 1, "--out", tmp_path)
    assert done.code == 1
    assert done.lines[0] == "API-01 violated at step 7 (1 deviation)"
    (trace,) = tmp_path.iterdir()
    assert f"reproduce: refk8s replay {trace}" in done.lines
    again = refk8s("replay", trace)
    assert again.code == 1
    assert again.lines[:-1] == done.lines[: len(again.lines) - 1]
    sound = refk8s("replay", trace, "--without-mutant", "--lenient")
    assert (sound.code, sound.lines[0].partition(":")[0]) == (3, "stale")


def test_the_summary_as_json_has_this_shape(tmp_path: Path) -> None:
    done = refk8s(
        "fuzz", "two-writers", "--seeds", 4, "--faults", "crash=1", "--jobs", 1, "-o", "json", "--out", tmp_path
    )
    assert done.code == 0
    found = json.loads(done.out)
    assert list(found) == ["scenario", "seeds", "failures", "seeds_per_s", "steps", "coverage"]
    assert (found["scenario"], found["seeds"], found["failures"]) == ("two-writers", 4, [])
    assert found["steps"] > 400
    assert found["coverage"]["faults"]["reached"]["crash"] == 4
    assert list(tmp_path.iterdir()) == []


def test_the_summary_of_a_failure_names_its_trace(tmp_path: Path) -> None:
    done = refk8s(
        "fuzz", "--mutant", "blind-put", "--seeds", 3, "--jobs", 1, "--out", tmp_path, "-o", "json", "--no-shrink"
    )
    (failure,) = json.loads(done.out)["failures"]
    assert (failure["id"], failure["count"], failure["seed"]) == ("API-01", 3, 0)
    assert Path(failure["trace"]).exists()
    assert refk8s("replay", failure["trace"]).code == 1


SEEDS = 400


def test_kill_9_loses_nothing_and_nothing_is_counted_twice(tmp_path: Path) -> None:
    ledger = tmp_path / "l.db"
    words = ["fuzz", "two-writers", "--seeds", str(SEEDS), "--jobs", "2", "--ledger", str(ledger), "-o", "json"]
    killed = subprocess.Popen(
        [BINARY, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,
    )
    log = Path(f"{ledger}-wal")
    while (not log.exists() or log.stat().st_size < 40_000) and killed.poll() is None:
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert killed.returncode == -signal.SIGKILL
    kept = _intervals(ledger)
    assert 0 < sum(hi - lo for lo, hi in kept) < SEEDS
    went_on = json.loads(process(*words).out)
    assert went_on["seeds"] == SEEDS
    assert [seed for lo, hi in _intervals(ledger) for seed in range(lo, hi)] == list(range(SEEDS))
    whole = json.loads(refk8s("fuzz", "two-writers", "--seeds", SEEDS, "--jobs", 1, "-o", "json").out)
    assert {**went_on, "seeds_per_s": 0} == {**whole, "seeds_per_s": 0}


def _intervals(ledger: Path) -> list[tuple[int, int]]:
    with sqlite3.connect(ledger) as book:
        found: list[tuple[int, int]] = book.execute("SELECT lo, hi FROM chunks ORDER BY lo").fetchall()
    book.close()
    return found


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    ledger = tmp_path / "l.db"
    words = ["fuzz", "rollout", "--seeds", "5000", "--jobs", "2", "--ledger", str(ledger)]
    running = subprocess.Popen(
        [BINARY, *words], stderr=subprocess.PIPE, text=True, env=environment(), start_new_session=True
    )
    while not Path(f"{ledger}-wal").exists() and running.poll() is None:
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert f"what is done is in {ledger}; the same command goes on from there" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fuzz"], "what shall be fuzzed? Name a scenario or manifests"),
        (["fuzz", "nowhere"], "nowhere: no such file, and no shipped scenario"),
        (["fuzz", "rollout", "--driver", "best"], "--driver best: many schedules need one of random, pct, swarm"),
        (["fuzz", "rollout", "--driver", "hypothesis"], "--driver hypothesis: many schedules need one of random"),
        (["fuzz", "rollout", "--faults", "fire=1"], "no kind 'fire'"),
        (["fuzz", "rollout", "--faults", "crash=10001"], "'crash=10001': at most 10000 faults of a kind"),
        (["fuzz", "rollout", "--first", str(10**23)], "Invalid value for '--first'"),
        (["fuzz", "rollout", "--nodes", "3"], "--nodes 3: rollout is a scenario, which has its own nodes"),
        (["fuzz", "rollout", "-n", "shop"], "--namespace shop: rollout is a scenario, whose objects have theirs"),
        (["fuzz", "--mutant", "blind-put", "--nodes", "3"], "--nodes 3: --mutant blind-put is a bug in a scenario"),
        (["fuzz", "rollout", "--out", "/dev/null/x"], "/dev/null/x: cannot be made: /dev/null is a file"),
        (["fuzz", "rollout", "--time", "soon"], "--time soon: write 30s, 10m or 2h"),
        (
            ["fuzz", "rollout", "--mutant", "blind-put"],
            "--mutant blind-put has a scenario of its own; leave rollout away",
        ),
        (["fuzz", "--mutant", "bug"], "no mutant 'bug'; `refk8s zoo list` names them all"),
        (["shrink", "x.trace.jsonl", "-t", "small"], "small: a trace's name ends in .jsonl"),
        (["shrink", "x.trace.jsonl", "-t", "/nowhere/small.jsonl"], "/nowhere/small.jsonl: cannot be written"),
        (["shrink", "x.trace.jsonl", "-t", "small.jsonl"], "x.trace.jsonl: No such file"),
    ],
)
def test_bad_input_gets_one_clear_line(words: list[str], message: str) -> None:
    done = refk8s(*words)
    assert done.code == 2
    assert message in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_a_ledger_of_another_scenario_is_refused(tmp_path: Path) -> None:
    ledger = tmp_path / "l.db"
    assert refk8s("fuzz", "first-pod", "--seeds", 1, "--jobs", 1, "--ledger", ledger).code == 0
    done = refk8s("fuzz", "two-writers", "--seeds", 1, "--jobs", 1, "--ledger", ledger)
    assert done.code == 2
    assert f"{ledger}: this ledger is of another scenario (first-pod, now two-writers)" in done.err
    done = refk8s("fuzz", "first-pod", "--seeds", 1, "--jobs", 1, "--ledger", ledger, "--faults", "crash")
    assert "of another budget of faults (none, now crash)" in done.err


def test_a_trace_that_holds_is_nothing_to_shrink(tmp_path: Path) -> None:
    trace = tmp_path / "held.trace.jsonl"
    assert refk8s("run", "first-pod", "--quiet", "--trace", trace).code == 0
    done = refk8s("shrink", trace, "-t", tmp_path / "small.jsonl")
    assert done.code == 2
    assert f"{trace}: it does not fail (" in done.err


def test_an_effort_that_is_not_enough_for_one_run_is_said(tmp_path: Path) -> None:
    assert (
        refk8s("fuzz", "--mutant", "blind-put", "--seeds", 1, "--jobs", 1, "--no-shrink", "--out", tmp_path).code == 1
    )
    (trace,) = tmp_path.iterdir()
    done = refk8s("shrink", trace, "-t", tmp_path / "small.jsonl", "--effort", 5)
    assert done.code == 2
    assert "an effort of 5 steps is not enough to do its " in done.err


def test_an_interrupted_campaign_reports_what_it_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupt(ledger: Ledger, *chunk: object) -> None:
        add(ledger, *chunk)  # type: ignore[arg-type]  # as it was called
        raise KeyboardInterrupt

    add = Ledger.add
    ledger = tmp_path / "l.db"
    monkeypatch.setattr(Ledger, "add", interrupt)
    words = ("fuzz", "--mutant", "blind-put", "--seeds", 30, "--jobs", 1, "--ledger", ledger, "--out", tmp_path / "out")
    done = refk8s(*words)
    assert done.code == 130
    assert done.lines[0].startswith("API-01 with seed 0: ")
    assert done.lines[1] == "reproduce: refk8s fuzz --mutant blind-put --seeds 1 --first 0"
    assert " of 30 seeds (interrupted), " in done.lines[-1]
    assert f"what is done is in {ledger}; the same command goes on from there" in done.err
    monkeypatch.undo()
    went_on = refk8s(*words, "-o", "json")
    assert (went_on.code, json.loads(went_on.out)["seeds"]) == (1, 30)
    assert "of these seeds are in " in went_on.err


def test_time_that_comes_first_is_said(tmp_path: Path) -> None:
    nothing = refk8s("fuzz", "first-pod", "--seeds", 50, "--jobs", 1, "--time", "0s")
    assert nothing.code == 4
    assert nothing.lines[-1].startswith("nothing was done: 0 of 50 seeds (--time came first), ")


def test_the_data_of_secrets_is_in_no_trace(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {password: aHVudGVyMg==}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: Not_A_Name}\nspec: {containers: [{name: c, image: a}]}\n"
    )
    done = refk8s("fuzz", tmp_path / "s.yaml", "--seeds", 1, "--jobs", 1, "--no-shrink", "--out", tmp_path / "out")
    assert done.code == 1
    assert "the data of Secrets is redacted" in done.err
    (trace,) = (tmp_path / "out").iterdir()
    assert "aHVudGVyMg==" not in trace.read_text()


def test_an_expectation_that_is_not_met_is_recorded_as_violated(tmp_path: Path) -> None:
    counter = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "counter"}, "data": {"count": "0"}}
    once = {"resource": "configmaps", "name": "counter", "field": "data.count", "retry": False}
    users = {"ann": [{"increment": once}], "bob": [{"increment": once}]}
    expect = [{"resource": "configmaps", "name": "counter", "fields": {"data.count": "2"}}]
    spec = {"nodes": [], "objects": [counter], "users": users, "expect": expect}
    scenario = {"apiVersion": "refk8s.dev/v1", "kind": "Scenario", "metadata": {"name": "lossy"}, "spec": spec}
    (tmp_path / "lossy.yaml").write_text(json.dumps(scenario))
    assert refk8s("run", tmp_path / "lossy.yaml").code == 0
    done = refk8s("fuzz", tmp_path / "lossy.yaml", "--seeds", 10, "--jobs", 1, "--out", tmp_path / "out")
    assert done.code == 1
    assert re.fullmatch(r"EXPECT violated at step \d+ \(1 deviation\)", done.lines[0])
    (trace,) = (tmp_path / "out").iterdir()
    again = refk8s("replay", trace)
    assert (again.code, again.lines[-1].rpartition("; ")[2]) == (1, "recorded as violated")
    seed = json.loads(trace.read_text().partition("\n")[0])["seed"]
    ran = refk8s("run", tmp_path / "lossy.yaml", "--seed", seed, "--trace", tmp_path / "r.jsonl")
    assert (ran.code, read(tmp_path / "r.jsonl").verdict["violation"]["id"]) == (1, "EXPECT")


def test_a_step_that_must_succeed_and_does_not_is_shrunk(tmp_path: Path) -> None:
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web"},
            "spec": {"containers": [{"name": "c", "image": "a"}]},
        }
    ]
    wait = {"resource": "pods", "name": "web", "field": "status.phase", "value": "Running", "timeout": "3s"}
    users = {"ann": [{"apply": {"documents": pods}}, {"wait": wait}]}
    spec = {"mustSucceed": True, "nodes": [], "users": users}
    scenario = {"apiVersion": "refk8s.dev/v1", "kind": "Scenario", "metadata": {"name": "waits"}, "spec": spec}
    (tmp_path / "waits.yaml").write_text(json.dumps(scenario))
    done = refk8s("fuzz", tmp_path / "waits.yaml", "--seeds", 1, "--jobs", 1, "--out", tmp_path / "out")
    assert (done.code, done.lines[0].endswith(" (0 deviations)")) == (1, True)
    assert "  observed:  user/ann: wait: error: timed out waiting for pod/web after 3s" in done.lines
    (trace,) = (tmp_path / "out").iterdir()
    assert refk8s("replay", trace).code == 1


def test_a_failure_whose_trace_cannot_be_made_is_told_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("refk8s.explore.shrunk.write", full)
    done = refk8s("fuzz", "--mutant", "blind-put", "--seeds", 2, "--jobs", 1, "--out", tmp_path)
    assert done.code == 1
    assert "no trace written: " in done.err
    assert done.lines[1] == "reproduce: refk8s fuzz --mutant blind-put --seeds 1 --first 0"
