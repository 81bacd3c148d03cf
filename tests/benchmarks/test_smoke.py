"""Every benchmark goes through at its smallest size. Nothing here fails on time."""

from __future__ import annotations

import pytest

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
