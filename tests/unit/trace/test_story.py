"""Stories: details are left out without breaking the chain of causes."""

from __future__ import annotations

import pytest

from refk8s.core.errors import Refk8sError
from refk8s.explore.cluster import build
from refk8s.explore.run import run
from refk8s.scenarios import from_data
from refk8s.trace.story import Line, Storyteller, without_details
from refk8s.trace.why import chain, line_about

from .recorded import SCENARIO


def line(step: int, because: int, *, detail: bool = False) -> Line:
    return Line(step, step * 10, "someone", f"did {step}", "", because, detail)


def test_a_line_whose_cause_is_a_detail_is_because_of_what_caused_the_detail() -> None:
    lines = [line(1, -1), line(2, 1, detail=True), line(3, 2, detail=True), line(4, 3), line(5, 4)]
    assert [(one.step, one.because) for one in without_details(lines)] == [(1, -1), (4, 1), (5, 4)]


def test_a_step_with_news_and_details_is_news() -> None:
    lines = [line(1, -1), line(2, 1), line(2, 1, detail=True), line(3, 2)]
    assert [(one.step, one.because) for one in without_details(lines)] == [(1, -1), (2, 1), (3, 2)]


def test_a_detail_that_nothing_caused_leaves_its_effect_without_a_cause() -> None:
    assert [one.because for one in without_details([line(1, -1, detail=True), line(2, 1)])] == [-1]


def story() -> Storyteller:
    model, world = build(from_data(SCENARIO).cluster)
    teller = Storyteller(model.epoch_ms, model.is_heartbeat)
    run(model, world, observers=(teller,))
    return teller


def test_every_cause_is_an_earlier_line() -> None:
    lines = story().lines
    told = {one.step for one in lines}
    assert all(one.because == -1 or (one.because < one.step and one.because in told) for one in lines)


def test_a_chain_goes_from_a_first_cause_to_the_line() -> None:
    teller = story()
    found = chain(teller.lines, line_about(teller, "configmap/a"))
    assert found[0].because == -1
    assert found[-1].text == "changed ConfigMap default/a: data.n 3→4"
    assert [one.because for one in found[1:]] == [one.step for one in found[:-1]]


def test_what_nothing_happened_to_is_told_with_what_there_is() -> None:
    teller = story()
    with pytest.raises(Refk8sError, match=r"nothing happened to configmaps/default/b; there were configmaps/default/a"):
        line_about(teller, "cm/b")
    with pytest.raises(Refk8sError, match=r"no kind 'widget'; write kind/name"):
        line_about(teller, "widget/b")
