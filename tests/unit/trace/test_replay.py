"""Replay: strict to the digest, lenient with a report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from refk8s.core.errors import Refk8sError, ReplayDivergence
from refk8s.core.invariant import Invariant, Monitor, Severity, Writes
from refk8s.trace.diff import diff
from refk8s.trace.format import read
from refk8s.trace.replay import replay, summary

from .recorded import lines, save


def edited(place: int, **fields: object) -> list[str]:
    """The lines with fields of one of them replaced."""
    found = list(lines())
    found[place] = json.dumps({**json.loads(found[place]), **fields})
    return found


def test_a_trace_replays_to_the_same_digests(tmp_path: Path) -> None:
    trace = read(save(tmp_path / "x.jsonl", *lines()))
    done = replay(trace)
    assert done.status == "same"
    assert done.steps == len(trace.steps)
    assert summary(done)["digest"] == trace.verdict["digest"]


def test_replay_stops_before_a_step_on_request(tmp_path: Path) -> None:
    trace = read(save(tmp_path / "x.jsonl", *lines()))
    assert replay(trace, upto=5).world.index == 5


def test_a_digest_that_differs_is_named_with_its_line(tmp_path: Path) -> None:
    trace = read(save(tmp_path / "x.jsonl", *edited(8, digest="0" * 32)))
    with pytest.raises(
        ReplayDivergence, match=rf"line 9: after '.*' the digest is [0-9a-f]{{32}}, recorded was {'0' * 32}"
    ):
        replay(trace)


def test_a_label_that_is_not_enabled_is_named_with_its_line_and_what_is(tmp_path: Path) -> None:
    trace = read(save(tmp_path / "x.jsonl", *edited(8, label="deliver nobody pods ADDED default/x")))
    with pytest.raises(
        ReplayDivergence, match=r"line 9: step 7 wants 'deliver nobody .*', which is not enabled; enabled: \w+"
    ):
        replay(trace)


def test_another_first_world_is_a_divergence_of_line_1(tmp_path: Path) -> None:
    trace = read(save(tmp_path / "x.jsonl", *edited(0, digest="0" * 32)))
    with pytest.raises(ReplayDivergence, match="line 1: the first world has digest"):
        replay(trace)


@pytest.mark.parametrize(("field", "value", "said"), [("gates", {"Old": True}, "feature gates"), ("epoch", 5, "epoch")])
def test_a_header_that_says_otherwise_is_a_divergence_of_line_1(
    tmp_path: Path, field: str, value: object, said: str
) -> None:
    trace = read(save(tmp_path / "x.jsonl", *edited(0, **{field: value})))
    with pytest.raises(ReplayDivergence, match=f"line 1: .*{said} .*, recorded w"):
        replay(trace)
    assert replay(trace, lenient=True).status == "stale"


def test_lenient_replay_goes_on_and_reports_the_trace_as_stale(tmp_path: Path) -> None:
    trace = read(save(tmp_path / "x.jsonl", *edited(8, label="deliver nobody pods ADDED default/x")))
    done = replay(trace, lenient=True)
    assert done.status == "stale"
    assert done.skipped >= 1
    assert done.first_difference == "line 9: 'deliver nobody pods ADDED default/x' is not enabled any more"


def test_lenient_replay_of_a_trace_that_fits_is_not_stale(tmp_path: Path) -> None:
    assert replay(read(save(tmp_path / "x.jsonl", *lines())), lenient=True).status == "same"


def test_a_violation_ends_the_replay_and_is_reported(tmp_path: Path) -> None:
    def nothing_is_written(before: object, action: object, after: object, delta: object) -> str | None:
        return "something was written"

    never = Invariant(
        "TEST-01", "nothing", "Nothing.", Severity.SAFETY, Writes(("configmaps",)), "", "", "", nothing_is_written
    )
    done = replay(read(save(tmp_path / "x.jsonl", *lines())), monitor=Monitor((never,)))
    assert done.status == "violated"
    assert done.failure is not None
    assert done.failure.step == done.world.index - 1 or done.failure.step == done.world.index


def test_a_scenario_in_the_header_that_does_not_fit_is_named(tmp_path: Path) -> None:
    header = json.loads(lines()[0])
    header["scenario"]["spec"]["nods"] = []
    trace = read(save(tmp_path / "x.jsonl", json.dumps(header), *lines()[1:]))
    with pytest.raises(
        Refk8sError, match=r"line 1: the scenario in the header: spec.nods: unknown field \(did you mean nodes\?\)"
    ):
        replay(trace)


def test_a_trace_that_was_cut_off_replays_as_far_as_it_goes(tmp_path: Path) -> None:
    trace = read(save(tmp_path / "x.jsonl", *lines()[:20]))
    assert replay(trace).status == "same"
    assert replay(trace).steps == 19


def test_equal_traces_do_not_differ_and_others_do_where_they_part(tmp_path: Path) -> None:
    same, other = read(save(tmp_path / "a.jsonl", *lines())), read(save(tmp_path / "b.jsonl", *lines(4)))
    assert diff(same, same) is None
    found = diff(same, other)
    assert found is not None
    assert found.what == "label"
    assert (found.left, found.right) == (same.steps[found.at].label, other.steps[found.at].label)
    assert all(a == b for a, b in zip(same.steps[: found.at], other.steps[: found.at], strict=True))
    shorter = read(save(tmp_path / "c.jsonl", *lines()[:20]))
    longer = diff(shorter, same)
    assert longer is not None
    assert (longer.at, longer.what, longer.left, longer.right) == (19, "length", "", same.steps[19].label)
