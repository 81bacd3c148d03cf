"""Every benchmark goes through at its smallest size. Nothing here fails on time."""

from __future__ import annotations

import pytest

from .__main__ import main
from .all import BENCHMARKS
from .report import page


@pytest.mark.parametrize("name", sorted(BENCHMARKS))
def test_benchmark_gives_positive_figures(name: str) -> None:
    figures = BENCHMARKS[name].run("smoke")
    assert figures
    assert all(figure.value > 0 for figure in figures)
    assert any(figure.limit is not None for figure in figures)


def test_page_names_every_target() -> None:
    found = {"throughput": BENCHMARKS["throughput"].run("smoke")}
    text = page(found)
    assert "commits per second" in text
    assert "`python -m tests.benchmarks throughput`" in text


def test_a_benchmark_runs_in_a_process_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", "faults", "--size", "smoke"])
    assert main() in (0, 1)  # the figures of the smallest size mean nothing
    assert "steps per schedule" in capsys.readouterr().out
