"""Which invariants a command checks: ours, and those that other packages announce."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from refk8s.cli.session import invariants, other_suites
from refk8s.invariants import suite

MODULE = """
from refk8s.core.invariant import SAFETY, Registry, writes

SUITE = Registry()


@SUITE.invariant("ELSEWHERE-01", severity=SAFETY, on=writes(), spec="none", source="none")
def nothing_is_wrong(before, action, after, delta):
    "Nothing is wrong."


def suite():
    return SUITE
"""


def test_without_other_packages_the_invariants_are_ours() -> None:
    assert other_suites() == []
    assert [each.id for each in invariants().all()] == [each.id for each in suite().all()]


def test_an_installed_package_may_bring_a_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere.py").write_text(MODULE)
    info = tmp_path / "elsewhere-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[refk8s.invariants]\nelsewhere = elsewhere\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [point.name for point in other_suites()] == ["elsewhere"]
    ids = [each.id for each in invariants().all()]
    assert "ELSEWHERE-01" in ids
    assert {each.id for each in suite().all()} < set(ids)
    sys.modules.pop("elsewhere")
