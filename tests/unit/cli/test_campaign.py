"""Many seeds over processes: the same result however they are spread, what was done is not done again, and errors reach whoever asked."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path

import pytest

from refk8s.cli import campaign as campaigns
from refk8s.cli.campaign import DEFAULT, Job, Summary, campaign, job_of, missing, run_chunk
from refk8s.cli.catching import distinct
from refk8s.cli.fuzz import coverage, ranges
from refk8s.cli.workers import Workers
from refk8s.core.errors import Refk8sError
from refk8s.scenarios import resolve
from refk8s.zoo import MUTANTS


def job(name: str = "two-writers", **others: str) -> Job:
    return job_of(resolve(name), **others)


def facts(summary: Summary) -> tuple[object, ...]:
    return (summary.scenario, summary.runs, summary.steps, summary.logical, summary.failures, coverage(summary))


def test_the_result_does_not_depend_on_how_many_processes_there_are() -> None:
    jobs = [job("two-writers", faults="2"), job("first-pod")]
    alone = campaign(jobs, DEFAULT, 12, 1)
    assert [summary.runs for summary in alone] == [13, 13]  # the default driver and seeds 0 to 11
    assert list(map(facts, campaign(jobs, DEFAULT, 12, 3))) == list(map(facts, alone))


@pytest.mark.parametrize("seeds", [1, 9, 11, 25, 300])
@pytest.mark.parametrize("processes", [1, 2, 7])
def test_every_seed_is_in_one_chunk(seeds: int, processes: int) -> None:
    orders = list(campaigns._orders([(0, -1, seeds), (1, 5, seeds + 5)], 2 * seeds + 1, processes))
    assert [seed for n, lo, hi in orders for seed in range(lo, hi) if n == 0] == list(range(-1, seeds))
    assert [seed for n, lo, hi in orders for seed in range(lo, hi) if n == 1] == list(range(5, seeds + 5))
    assert orders[-1][2] - orders[-1][1] == 1


def test_an_error_in_a_worker_is_raised_here() -> None:
    broken = Job("x", b'{"kind": "Scenario"}')
    with pytest.raises(Refk8sError, match="not a scenario"):
        campaign([broken], 0, 1, 2)


@pytest.mark.parametrize(
    ("done", "left"),
    [([], [(0, 9)]), ([(0, 9)], []), ([(2, 4), (6, 20)], [(0, 2), (4, 6)]), ([(4, 6), (0, 2)], [(2, 4), (6, 9)])],
)
def test_what_is_missing(done: list[tuple[int, int]], left: list[tuple[int, int]]) -> None:
    assert list(missing(done, 0, 9)) == left


def test_with_a_ledger_nothing_is_done_or_counted_twice(tmp_path: Path) -> None:
    ledger = tmp_path / "x.db"
    (whole,) = campaign([job()], 0, 30, 2)
    (first,) = campaign([job()], 0, 12, 1, ledger=ledger)
    assert (first.runs, first.ran) == (12, 12)
    (second,) = campaign([job()], 0, 30, 2, ledger=ledger)
    assert (second.runs, second.ran) == (30, 18)
    assert facts(second) == facts(whole)
    (third,) = campaign([job()], 0, 30, 2, ledger=ledger)
    assert third.ran == 0
    assert facts(third) == facts(whole)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE chunks SET result = '{}'", "what seeds 0 to 0 of two-writers gave cannot be read; give another file"),
        ("UPDATE chunks SET result = 'nonsense'", "what seeds 0 to 0 gave cannot be read; give another file"),
        ("UPDATE chunks SET hi = 3 WHERE lo = 1", "what seeds 1 to 2 of two-writers gave cannot be read"),
        ("DROP TABLE chunks", r"cannot be used \(no such table: chunks\); give another file"),
    ],
)
def test_a_ledger_that_somebody_has_changed_is_refused(tmp_path: Path, statement: str, said: str) -> None:
    path = tmp_path / "l.db"
    campaign([job()], 0, 2, 1, ledger=path)
    with sqlite3.connect(path) as there:
        there.execute(statement)
    there.close()
    with pytest.raises(Refk8sError, match=said):
        campaign([job()], 0, 2, 1, ledger=path)


def test_no_time_left_begins_nothing() -> None:
    (summary,) = campaign([job()], 0, 30, 1, seconds=-1.0)
    assert summary.runs == 0


def test_a_crash_of_the_model_is_a_failure_of_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("lost")

    monkeypatch.setattr("refk8s.explore.run.step", broken)
    (failed,) = run_chunk(job(), 3, 4).failures
    assert (failed.seed, failed.id, failed.finding) == (3, "CRASH", "KeyError: 'lost'")


def test_failures_about_the_same_are_one(tmp_path: Path) -> None:
    bug = next(each for each in MUTANTS if each.id == "blind-put")
    chunk = run_chunk(job_of(bug.load(), mutant="blind-put"), 0, 6)
    (found,) = distinct(chunk.failures)
    assert found.first.id == "API-01"
    assert found.seeds == (0, 1, 2, 3, 4, 5)


def test_coverage_names_what_was_never_reached() -> None:
    found = coverage(Summary(job(), (run_chunk(job(faults="crash"), 0, 2),)))
    assert set(found) == {"invariants", "rows", "faults", "replies"}
    assert found["faults"]["reached"]["crash"] == 2
    assert "lost" in found["faults"]["never"]
    assert "404 NotFound" in found["replies"]["reached"]
    assert "API-01" in found["invariants"]["reached"]
    assert "DEPLOYMENT-T1" in found["rows"]["never"]


def test_consecutive_numbers_are_put_together() -> None:
    assert ranges(["A-T1", "A-T2", "A-T3", "B-T1", "429 TooMany", "API-01", "A-T5"]) == [
        "A-T1..3",
        "B-T1",
        "429 TooMany",
        "API-01",
        "A-T5",
    ]


# ---- workers


def dies_once(order: tuple[str, int]) -> int:
    mark = Path(order[0]) / str(order[1])
    if order[1] % 3 == 0 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return order[1] * 2


def test_a_killed_worker_is_replaced_and_its_order_done_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orders = iter([(str(tmp_path), n) for n in range(10)])
    workers = Workers(dies_once, 3, lambda order: f"order {order[1]}")
    found = sorted((order[1], result) for order, result in workers.results(lambda: next(orders, None)))
    assert found == [(n, 2 * n) for n in range(10)]
    assert workers.restarted == 4
    said = sorted(capsys.readouterr().err.splitlines())
    assert said == [
        f"a worker process was killed (SIGKILL: out of memory?); begun anew: order {n}" for n in (0, 3, 6, 9)
    ]


def dies(order: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_an_order_that_kills_every_worker_is_named() -> None:
    orders = iter([7])
    with pytest.raises(Refk8sError, match="7: 3 worker processes were killed over it"):
        list(Workers(dies, 2).results(lambda: next(orders, None)))
