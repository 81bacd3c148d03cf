"""Pinned traces: recorded once, replayed to the digest ever since. When behaviour changes on purpose: `make traces`, and a line in CHANGELOG."""

from __future__ import annotations

from pathlib import Path

import pytest

from refk8s.core.invariant import Monitor
from refk8s.invariants import suite
from refk8s.trace.format import read
from refk8s.trace.replay import replay
from tests.tools.pin_traces import FOLDER, RUNS, SESSION

PINNED = sorted(path for path in FOLDER.iterdir() if path.name.endswith((".jsonl", ".jsonl.gz")))


def test_the_pinned_traces_are_these() -> None:
    assert {path.name for path in PINNED} == {*RUNS, SESSION}


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.name)
def test_a_pinned_trace_replays_to_every_digest_with_all_invariants_on(path: Path) -> None:
    trace = read(path)
    done = replay(trace, monitor=Monitor(suite().all()))
    assert (done.status, done.steps) == ("same", trace.verdict["steps"])
