"""The spec pages: what is generated is current, every page has the same form, and whatever a page should list is listed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from refk8s.core.machine import Machine
from refk8s.invariants import suite
from tests.tools import build_specs, check_sources

HEADINGS: Final = (
    "Purpose",
    "State",
    "Actions",
    "Transitions",
    "Invariants",
    "Liveness",
    "Faults",
    "Departures",
    "Sources",
    "TLA+ module",
    "Open questions",
)
NO_COMPONENT: Final = frozenset(
    {"README.md", "PERFORMANCE.md", "TRACK_RECORD.md", "cli.md", "conformance.md", "scenarios.md", "traces.md"}
)
"""Pages about the whole, or about files and commands, which have a form of their own."""

PAGES: Final = build_specs.pages()
COMPONENTS: Final = [page for page in PAGES if page.name not in NO_COMPONENT]

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
every_component = pytest.mark.parametrize("page", COMPONENTS, ids=lambda page: page.name)


@every_page
def test_generated_parts_are_current(page: Path) -> None:
    text = page.read_text()
    assert build_specs.rebuilt(page, text) == text, f"{page.name} has drifted; renew it: {build_specs.COMMAND}"


@every_page
def test_every_fence_is_closed_and_known(page: Path) -> None:
    text = page.read_text()
    known = list(build_specs.fences(text))
    assert len(known) == text.count("<!-- generated: ") == text.count("<!-- end generated -->")
    assert {name for name, _ in known} <= set(build_specs.PARTS)


@every_component
def test_a_page_has_the_headings_of_the_house_style_in_order(page: Path) -> None:
    found = [line.removeprefix("## ") for line in page.read_text().split("\n") if line.startswith("## ")]
    assert [heading for heading in found if heading in HEADINGS] == list(HEADINGS)


@every_component
@pytest.mark.parametrize(
    ("heading", "part"), [("Transitions", "transitions"), ("Invariants", "invariants"), ("Departures", "departures")]
)
def test_what_the_code_knows_is_generated(page: Path, heading: str, part: str) -> None:
    section = page.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert part in [name for name, _ in build_specs.fences(section)]


@every_component
def test_no_section_is_empty(page: Path) -> None:
    sections = re.split(r"^## .*\n", page.read_text(), flags=re.MULTILINE)[1:]
    assert all(section.strip() for section in sections)


# ---- links


def anchors(page: Path) -> set[str]:
    """The anchors of a page: those set by hand, and those that headings get."""
    text = page.read_text()
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'<a id="([^"]*)">', text))


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        goal = page.parent / name if name else page
        if not goal.exists() or (anchor and anchor not in anchors(goal)):
            broken.append(target)
    assert not broken


def alternatives(name: str) -> list[str]:
    """A name with {a,b} written out."""
    found = re.search(r"\{([^{}]*)\}", name)
    if found is None:
        return [name]
    before, after = name[: found.start()], name[found.end() :]
    return [each for part in found[1].split(",") for each in alternatives(before + part.strip() + after)]


@every_page
def test_files_that_a_page_names_are_there(page: Path) -> None:
    prose = build_specs.FENCE.sub("", page.read_text())
    names = [each for name in re.findall(r"`([^`\s]+\.(?:py|json|txt|yaml))`", prose) for each in alternatives(name)]
    roots = (build_specs.PACKAGE, build_specs.ROOT)
    missing = [name for name in names if not any(any(root.glob(name)) for root in roots)]
    assert [name for name in missing if "/" in name or not any(build_specs.PACKAGE.rglob(name))] == []


# ---- nothing is forgotten


def test_every_invariant_is_on_the_page_that_it_names() -> None:
    for invariant in suite().all():
        name, _, anchor = invariant.spec.partition("#")
        page = build_specs.ROOT / name
        assert page.is_file(), f"{invariant.id}: there is no {name}"
        assert f'<a id="{invariant.id.lower()}">' in page.read_text(), (
            f"{invariant.id} is not on {name}: {build_specs.COMMAND}"
        )
        assert anchor in ("", invariant.id.lower())


def test_every_machine_is_on_the_page_that_it_names() -> None:
    for machine in build_specs.machines().values():
        if machine.spec:
            assert f"**{machine.id}**" in (build_specs.ROOT / machine.spec).read_text(), machine.id


def test_every_departure_in_the_code_is_on_a_page() -> None:
    listed = {
        path
        for page in PAGES
        for name, globs in build_specs.fences(page.read_text())
        if name == "departures"
        for path in build_specs.files(globs)
    }
    marked = [path for path in sorted(build_specs.PACKAGE.rglob("*.py")) if "DEVIATES" in path.read_text()]
    assert [str(path.relative_to(build_specs.PACKAGE)) for path in marked if path not in listed] == []


def test_every_mark_of_a_departure_is_found() -> None:
    for path in sorted(build_specs.PACKAGE.rglob("*.py")):
        found = build_specs.departures_of(path)
        assert len(found) == path.read_text().count("DEVIATES"), path


# ---- the generator itself


def test_a_departure_ends_with_its_comment_and_names_its_definition(tmp_path: Path) -> None:
    path = tmp_path / "example.py"
    path.write_text(
        '"""A module.\n\nDEVIATES: all of it, because it is small.\nSource: nowhere.go.\n"""\n\n\n'
        "class Thing:\n    def act(self) -> int:\n        # DEVIATES: no\n        # waiting, because of time.\n        return 1\n\n\n"
        'def other() -> None:\n    """Done at once. What is late DEVIATES where two\n    meet, because they do."""\n'
    )
    assert build_specs.departures_of(path) == [
        ("", "All of it, because it is small."),
        ("Thing.act", "No waiting, because of time."),
        ("other", "What is late where two meet, because they do."),
    ]


def test_a_diagram_names_states_that_have_spaces() -> None:
    machine = build_specs.machines()["DEPLOYMENT"]
    assert isinstance(machine, Machine)
    assert '    state "timed out" as timed_out\n' in machine.mermaid()
    assert "progressing --> timed_out: DEPLOYMENT-T5" in machine.mermaid()


def test_a_part_that_nothing_makes_is_refused() -> None:
    page = build_specs.SPECS / "core.md"
    with pytest.raises(KeyError, match="wisdom"):
        build_specs.rebuilt(page, "<!-- generated: wisdom -->\n<!-- end generated -->\n")


def test_a_glob_without_files_is_refused() -> None:
    with pytest.raises(ValueError, match="no file matches"):
        build_specs.files(["controllers/nothing_*.py"])


# ---- the checker of sources, on a tree of its own (the real one is not here)


@pytest.fixture
def kubernetes(tmp_path: Path) -> dict[str, list[Path]]:
    sync = tmp_path / "pkg" / "controller" / "sync.go"
    sync.parent.mkdir(parents=True)
    sync.write_text("package controller\n\nfunc syncThing() {\n}\n")
    return {"sync.go": [sync]}


def test_references_name_the_file_before_them_or_its_alias() -> None:
    text = "`rules` stands for `pkg/a.go`. Sync: `pkg/b.go:3` syncThing, `:4`\nother; `rules:7` (create), `:9`; `c.go`, `:2` End"
    assert list(check_sources.references(text)) == [
        ("pkg/b.go", 3, "syncThing"),
        ("pkg/b.go", 4, "other"),
        ("pkg/a.go", 7, ""),
        ("pkg/a.go", 9, ""),
        ("c.go", 2, "End"),
    ]


@pytest.mark.parametrize(
    ("reference", "complaint"),
    [
        (("controller/sync.go", 3, "syncThing"), ""),
        (("controller/sync.go", 3, "in"), ""),
        (("controller/sync.go", 3, "syncOther"), "controller/sync.go:3 syncOther: func syncThing() {"),
        (("controller/sync.go", 2, ""), "controller/sync.go:2 : "),
        (("controller/sync.go", 99, ""), "controller/sync.go:99 : (past the end)"),
        (("gone.go", 1, ""), "gone.go: no such file"),
    ],
)
def test_a_line_that_is_not_what_a_page_says_is_named(
    kubernetes: dict[str, list[Path]], reference: tuple[str, int, str], complaint: str
) -> None:
    assert check_sources.wrong(reference, kubernetes) == complaint
