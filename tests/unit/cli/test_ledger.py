"""Ledgers: whole chunks, none twice, and only of the campaign that they are of."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from refk8s.cli.ledger import Ledger
from refk8s.core.errors import Refk8sError

ABOUT = {"refk8s": "1", "scenario": "a"}


def test_what_was_added_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "x.db", ABOUT)
    ledger.add("a", 5, 9, {"steps": 1})
    ledger.add("a", 0, 5, {"steps": 2})
    ledger.close()
    again = Ledger(tmp_path / "x.db", ABOUT)
    assert again.done("a") == [(0, 5), (5, 9)]
    assert again.results("a") == [{"steps": 2}, {"steps": 1}]
    assert again.done("b") == []


@pytest.mark.parametrize(("lo", "hi"), [(0, 5), (4, 6), (1, 2), (0, 9)])
def test_no_seed_is_in_it_twice(lo: int, hi: int, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "x.db", ABOUT)
    ledger.add("a", 0, 5, {})
    with pytest.raises(Refk8sError, match="are in it already"):
        ledger.add("a", lo, hi, {})
    assert ledger.done("a") == [(0, 5)]


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"refk8s": "2", "scenario": "a"}, r"of another version of refk8s \(1, now 2\); give another file"),
        ({"refk8s": "1", "scenario": "b"}, r"of another scenario \(a, now b\); give another file"),
    ],
)
def test_a_ledger_of_something_else_is_refused_by_name(about: dict[str, str], message: str, tmp_path: Path) -> None:
    Ledger(tmp_path / "x.db", ABOUT).close()
    with pytest.raises(Refk8sError, match=message):
        Ledger(tmp_path / "x.db", about)


def test_of_lists_the_items_that_differ_are_shown(tmp_path: Path) -> None:
    Ledger(tmp_path / "x.db", {"scenario": "first-pod, " + "rollout, " * 5 + "two-writers"}).close()
    with pytest.raises(Refk8sError, match=r"of another scenario \(two-writers, now preemption\)"):
        Ledger(tmp_path / "x.db", {"scenario": "first-pod, " + "rollout, " * 5 + "preemption"})


def test_a_ledger_in_use_is_refused(tmp_path: Path) -> None:
    mine = Ledger(tmp_path / "x.db", ABOUT)
    with pytest.raises(Refk8sError, match="in use by another campaign"):
        Ledger(tmp_path / "x.db", ABOUT)
    mine.close()


def test_what_is_no_ledger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database, and long enough to be seen as one that is broken\n" * 40)
    with pytest.raises(Refk8sError, match="no ledger of refk8s"):
        Ledger(tmp_path / "text.db", ABOUT)
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE t (x)")
    other.commit()
    other.close()
    with pytest.raises(Refk8sError, match="a database, but no ledger of refk8s"):
        Ledger(tmp_path / "other.db", ABOUT)
    with pytest.raises(Refk8sError, match="cannot be opened or made"):
        Ledger(tmp_path / "nowhere" / "x.db", ABOUT)
