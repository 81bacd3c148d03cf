"""The house rules that a machine can check: import arrows, banned sources of nondeterminism, the shape of the tree, docstrings."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "refk8s"

# A package may import those named after it (and itself). ARCHITECTURE §2.
ARROWS: dict[str, set[str]] = {
    "core": set(),
    "kinds": {"core"},
    "api": {"core", "kinds"},
    "controllers": {"core", "kinds", "api"},
    "scheduler": {"core", "kinds", "api", "controllers"},  # controllers: only runtime, the common form of a controller
    "kubelet": {"core", "kinds", "api", "controllers"},
    "users": {"core", "kinds", "api", "controllers"},
    "explore": {
        "core",
        "kinds",
        "api",
        "controllers",
        "scheduler",
        "kubelet",
        "users",
        "scenarios",
        "trace",
        "invariants",
    },
    "scenarios": {"core", "kinds", "api", "scheduler", "kubelet", "users", "explore"},
    "trace": {"core", "kinds", "api", "users", "explore", "scenarios"},
    "zoo": {
        "core",
        "kinds",
        "api",
        "controllers",
        "scheduler",
        "kubelet",
        "users",
        "explore",
        "scenarios",
        "trace",
        "invariants",
    },
    "conformance": {"core", "kinds", "api", "controllers", "scheduler", "kubelet", "explore"},
    "invariants": {"core", "kinds", "api", "controllers", "scheduler", "kubelet", "explore"},
    "schedule": {"core", "kinds", "api", "controllers", "scheduler", "scenarios"},
    "http": {"core", "kinds", "api", "explore", "scenarios", "trace", "conformance"},
    "testing": {
        "core",
        "api",
        "explore",
        "scenarios",
        "trace",
        "zoo",
        "invariants",
    },
    "cli": {
        "core",
        "kinds",
        "api",
        "controllers",
        "scheduler",
        "schedule",
        "kubelet",
        "users",
        "explore",
        "scenarios",
        "trace",
        "zoo",
        "conformance",
        "invariants",
        "http",
    },
}
BANNED_MODULES = {"time", "random", "uuid", "secrets"}
BANNED_CALLS = {"hash", "id"}
MAY_USE_THE_MACHINE = ("cli", "http")
# __hash__ methods: no order depends on them, and both hash integers or delegate.
ALLOWED_CALLS = {("core/table.py", "hash"), ("kinds/quantity.py", "hash")}


def modules() -> Iterator[Path]:
    yield from sorted(PACKAGE.rglob("*.py"))


def package_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """(first part below refk8s, line) of every import of our own."""
    here = ("refk8s", *path.relative_to(PACKAGE).parts)[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = list(here[: len(here) - node.level + 1]) if node.level else []
            name = ".".join(base + ([node.module] if node.module else []))
            targets = [f"{name}.{alias.name}" for alias in node.names] if name == "refk8s" else [name]
        elif isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        else:
            continue
        for target in targets:
            parts = target.split(".")
            if parts[0] == "refk8s" and len(parts) > 1:
                yield parts[1], node.lineno


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_arrows(path: Path) -> None:
    package = package_of(path)
    if not package:
        return
    allowed = ARROWS[package] | {package}
    wrong = [f"line {line}: {target}" for target, line in imported(path) if target not in allowed]
    assert not wrong, f"{package} may import {sorted(allowed)}"


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_ambient_nondeterminism(path: Path) -> None:
    if package_of(path) in MAY_USE_THE_MACHINE:
        return
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in BANNED_MODULES]
        elif (
            isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] in BANNED_MODULES
        ):
            found.append(node.module or "")
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and (node.value.id, node.attr)
            in {
                ("os", "environ"),
                ("datetime", "now"),
                ("datetime", "utcnow"),
                ("datetime", "today"),
            }
        ):
            found.append(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BANNED_CALLS:
            if (str(path.relative_to(PACKAGE)), node.func.id) not in ALLOWED_CALLS:
                found.append(f"{node.func.id}() in line {node.lineno}")
        elif isinstance(node, (ast.For, ast.comprehension)) and _is_a_set(node.iter):
            found.append(f"iteration over a set near {ast.unparse(node.iter)}")
    assert not found


def _is_a_set(node: ast.expr) -> bool:
    """Whether an expression is a set as far as its own text shows."""
    if isinstance(node, (ast.Set, ast.SetComp)):
        return True
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"set", "frozenset"}


# Views mirror the Go types and are explained there; a checker of one field is named after it and explained by its messages.
SPEAK_FOR_THEMSELVES = ("kinds", "api/validate", "conformance/answers")


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_and_public_definitions_have_docstrings(path: Path) -> None:
    tree = ast.parse(path.read_text())
    missing = [] if ast.get_docstring(tree) or not tree.body else ["module"]
    if not str(path.relative_to(PACKAGE)).startswith(SPEAK_FOR_THEMSELVES):
        for node in tree.body:
            if (
                isinstance(node, (ast.FunctionDef, ast.ClassDef))
                and not node.name.startswith("_")
                and not ast.get_docstring(node)
            ):
                missing.append(node.name)
    assert not missing


def test_the_top_level_is_what_the_project_fixed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    top = {line.split("/")[0] for line in listed if line}
    visible = {name for name in top if not name.startswith(".")}
    assert visible == {
        "pyproject.toml",
        "refk8s",
        "invariants",
        "tests",
        "specs",
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "Makefile",
    }


def test_nothing_in_the_repository_needs_the_folder_beside_it() -> None:
    """Data beside the repository may be used by path where it is, never imported."""
    for path in [*modules(), *sorted((ROOT / "tests").rglob("*.py"))]:
        assert not re.search(r"sys\.path(\.(insert|append|extend)\(| ?\+?= )", path.read_text()), path


def test_what_the_checkers_are_told_to_overlook_has_its_reason() -> None:
    comment = re.compile(r"# (type: ignore|noqa)\b(\[[^\]]*\]|: [A-Z0-9]+(, ?[A-Z0-9]+)*)?(?P<rest>.*)$")
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in [*modules(), *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "invariants").rglob("*.py"))]
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (found := comment.search(line)) and not re.match(r"\s+# \w", found["rest"])
        if "re.compile" not in line
    ]
    assert not bare
