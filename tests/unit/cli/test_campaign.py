"""Many seeds over processes: the same result however they are spread, and errors reach whoever asked."""

from __future__ import annotations

import pytest

from refk8s.cli import campaign as campaigns
from refk8s.cli.campaign import Summary, campaign
from refk8s.core.errors import Refk8sError


def facts(summary: Summary) -> tuple[object, ...]:
    return (summary.scenario, summary.runs, summary.steps, summary.logical_ms, summary.failures)


def test_the_result_does_not_depend_on_how_many_processes_there_are() -> None:
    alone = campaign(["two-writers", "first-pod"], 12, 1)
    assert [summary.runs for summary in alone] == [13, 13]  # the default driver and seeds 0 to 11
    assert list(map(facts, campaign(["two-writers", "first-pod"], 12, 3))) == list(map(facts, alone))


@pytest.mark.parametrize("seeds", [0, 1, 9, 10, 11, 25])
def test_every_seed_is_in_one_chunk(seeds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int, int]] = []

    def spread(work: list[tuple[str, int, int]], jobs: int) -> list[campaigns.Chunk]:
        asked.extend(work)
        return [campaigns.Chunk(name, hi - lo, 1, 0.0, 1, ()) for name, lo, hi in work]

    monkeypatch.setattr(campaigns, "_spread", spread)
    (summary,) = campaign(["first-pod"], seeds, 1)
    assert [seed for _, lo, hi in asked for seed in range(lo, hi)] == list(range(-1, seeds))
    assert summary.runs == seeds + 1


def test_an_error_in_a_worker_is_raised_here() -> None:
    with pytest.raises(Refk8sError, match="nowhere: no such file"):
        campaign(["nowhere"], 1, 2)
