"""Every command in README and specs: run, with exit code 0 and the output that is pasted below it."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from pathlib import Path

import pytest
from typer.main import get_command

from refk8s.cli.app import app
from tests.tools import paste_sessions as sessions

PAGES = sessions.pages()
ALL_PAGES = [sessions.ROOT / "README.md", *sorted((sessions.ROOT / "specs").glob("*.md"))]
MAKE = (sessions.ROOT / "Makefile").read_text()


@lru_cache(maxsize=32)
def ran(page: Path) -> list[sessions.Ran]:
    return sessions.run(page.read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_session_of_a_page_is_what_it_prints(page: Path) -> None:
    asked, done = sessions.commands(page.read_text()), ran(page)
    assert len(asked) == len(done), "the shell ended before the last command"
    for number, (command, result) in enumerate(zip(asked, done, strict=True)):
        following = asked[number + 1].text if number + 1 < len(asked) else ""
        printed = "\n".join(result.output)
        assert result.code == 0 or following == "echo $?", f"{command.text}: exit code {result.code}\n{printed}"
        if command.left_out:
            warnings.warn(f"{page.name}: not run, because there is no kubectl: {command.text}", stacklevel=1)
        if command.left_out or command.text in sessions.NOT_COMPARED:
            continue
        assert sessions.matches(command.pasted, result.output), (
            f"{command.text} prints something else now ({sessions.COMMAND}):\n{printed}"
        )


# What people are told to type elsewhere: `refk8s …`, `make …`, `python -m …` in backticks.
INLINE = re.compile(r"`((?:refk8s|make|python -m) [^`\n]+)`")


def told() -> list[tuple[str, str]]:
    """(page, command) of the commands in running text."""
    found = []
    for page in ALL_PAGES:
        prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
        found += [(page.name, command) for command in INLINE.findall(prose)]
    return found


@pytest.mark.parametrize(("page", "command"), told())
def test_commands_in_running_text_exist_with_their_options(page: str, command: str) -> None:
    words = command.split()
    if words[0] == "make":
        assert re.search(rf"^{re.escape(words[1])}:", MAKE, flags=re.MULTILINE), command
        return
    if words[0] == "python":
        path = sessions.ROOT / words[2].replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), command
        return
    found = get_command(app)
    rest = words[1:]
    while rest and hasattr(found, "commands") and not rest[0].startswith("-"):
        assert rest[0] in found.commands, f"{page}: {command}: no command {rest[0]!r}"
        found = found.commands[rest.pop(0)]
    options = {name for parameter in found.params for name in (*parameter.opts, *parameter.secondary_opts)} | {
        "--help",
        "-h",
    }
    assert [
        word for word in rest if word.startswith("-") and word != "-" and word.partition("=")[0] not in options
    ] == []


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: page.name)
def test_programs_in_pages_run(page: Path) -> None:
    for program in re.findall(r"^```python\n(.*?)^```$", page.read_text(), flags=re.DOTALL | re.MULTILINE):
        exec(program, {"__name__": "page"})


# ---- the checker itself

PAGE = "text\n```console\n$ echo a; echo b\na\n…\n$ false\n$ echo $?\n1\n```\n```yaml\n# x.yaml\nkind: A\n```\n```console\n$ cat \\\n> x.yaml\nkind: …\n```\n"


def test_commands_are_found_with_what_is_pasted_below_them() -> None:
    assert [(c.text, c.pasted) for c in sessions.commands(PAGE)] == [
        ("echo a; echo b", ("a", "…")),
        ("false", ()),
        ("echo $?", ("1",)),
        ("cat \\\nx.yaml", ("kind: …",)),
    ]


def test_commands_run_in_one_shell_with_the_files_of_the_page() -> None:
    assert [(r.output, r.code) for r in sessions.run(PAGE)] == [
        (("a", "b"), 0),
        ((), 1),
        (("1",), 0),
        (("kind: A",), 0),
    ]


@pytest.mark.parametrize(
    ("pasted", "printed", "same"),
    [
        (("a",), ("a",), True),
        (("a",), ("b",), False),
        (("a",), ("a", "b"), False),
        (("a", "…"), ("a", "b", "c"), True),
        (("…", "c"), ("a", "b", "c"), True),
        (("a", "…", "c"), ("a", "c"), True),
        (("a…c",), ("abc",), True),
        (("a.c",), ("abc",), False),
        (("a", ""), ("a",), True),
    ],
)
def test_an_ellipsis_stands_for_anything(pasted: tuple[str, ...], printed: tuple[str, ...], same: bool) -> None:
    assert sessions.matches(pasted, printed) == same


def test_what_follows_a_prompt_is_typed() -> None:
    page = "```console\n$ refk8s step first-pod\n…\n[0]> next\n#0 relist…\n[1]> back\nat step 0…\n[0]> quit\n```\n"
    (command,) = sessions.commands(page)
    (result,) = sessions.run(page)
    assert command.typed == ["next", "back", "quit"]
    assert sessions.matches(command.pasted, result.output)


def test_pasting_anew_keeps_what_was_left_out() -> None:
    page = "```console\n$ seq 5\n1\n…\n6\n```\n```console\n$ echo a\na\n```\n"
    assert sessions.pasted_anew(page) == "```console\n$ seq 5\n1\n…\n5\n```\n```console\n$ echo a\na\n```\n"
