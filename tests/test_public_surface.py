"""The public surface: what `refk8s` exports, and that it costs nothing until it is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import refk8s

EXPORTED = """
Action AdvanceTo Begin Cluster Crash DefaultDriver Deliver Driver FaultBudget Fire Hold Input Invariant Model ModelError Monitor Outcome Parts Quantity
RandomDriver Refk8sError Registry Release Relist ReplayDivergence ReplayDriver Replayed Reply Request Response Restart Result Scenario Serve
Severity Stepper Storyteller Trace TraceWriter UncontrolledNondeterminism Violation World build check enabled find first from_data from_manifests
is_quiet label load read_trace replay resolve run run_twice shipped step
"""


def test_the_exported_names_are_these() -> None:
    assert refk8s.__all__ == EXPORTED.split()


def test_every_name_is_what_type_checkers_think_it_is() -> None:
    tree = ast.parse(Path(refk8s.__file__).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    declared = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            declared[alias.asname or alias.name] = (f"refk8s.{node.module}", alias.name)
    assert sorted(declared) == sorted(refk8s.__all__)
    for name, (home, called) in declared.items():
        module = __import__(home, fromlist=[called])
        assert getattr(refk8s, name) is getattr(module, called), name


def test_importing_the_package_imports_nothing_else() -> None:
    program = "import sys; before = set(sys.modules); import refk8s; print(*sorted(m for m in set(sys.modules) - before if m.startswith('refk8s')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["refk8s"]


def test_names_are_listed_before_they_are_used_and_others_are_no_attributes() -> None:
    assert set(refk8s.__all__) <= set(dir(refk8s))
    with pytest.raises(AttributeError, match="module 'refk8s' has no attribute 'kubernetes'"):
        refk8s.kubernetes  # noqa: B018  # looking it up is the test


def test_the_example_in_the_docstring_runs() -> None:
    lines = [line[4:] for line in (refk8s.__doc__ or "").splitlines() if line.startswith("    ")]
    exec("\n".join(lines), {})
