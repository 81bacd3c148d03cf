"""The sessions in README and specs: fenced blocks of kind `console`, whose `$ ` lines are run and whose output is compared.

To paste what the commands print now: python -m tests.tools.paste_sessions (part of `make traces`)

All blocks of a page are one shell session in an empty folder with refk8s on the PATH. A line `…` stands for any lines, … inside a line for any text. A block of
kind `yaml` whose first line is `# NAME.yaml` is that file. A command must end with exit code 0, unless the next one is `echo $?`. What follows the prompts of
`refk8s step` (`[7]> back`) is typed. `make` runs in the repository, with the smaller arguments of `SMALLER`.
Commands of kubectl are left out where there is none.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import attrs

ROOT: Final = Path(__file__).resolve().parents[2]
COMMAND: Final = "python -m tests.tools.paste_sessions"
BLOCK: Final = re.compile(r"^```(?P<kind>console|yaml)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
MARK: Final = "@@ended@@"
ANY: Final = "…"
PROMPT: Final = re.compile(r"\[\d+\]> ?(.*)")
SMALLER: Final[Mapping[str, str]] = {
    "make demo": f"make --no-print-directory -C {ROOT} demo SEEDS=1",
    "make test": f"make --dry-run -C {ROOT} test",
    "refk8s zoo run": "refk8s zoo run blind-put",
    "refk8s demo --seeds 2000": "refk8s demo --seeds 2",
}
"""What is run instead of a command that takes long."""

KUBECTL: Final = shutil.which("kubectl") is not None
"""Without kubectl its commands are left out, and nothing of them is compared."""

NOT_COMPARED: Final = ("make demo", "make test", "refk8s zoo run", "refk8s demo --seeds 2000")
"""Their output depends on the machine, or is that of other arguments."""


@attrs.frozen
class Command:
    """One command of a page, and the output pasted below it. `start` and `end` are the lines of that output in the page (0-based, end excluded)."""

    text: str
    pasted: tuple[str, ...]
    start: int
    end: int

    @property
    def typed(self) -> list[str]:
        """What a person types at prompts while the command runs."""
        return [match[1] for match in map(PROMPT.fullmatch, self.pasted) if match]

    @property
    def left_out(self) -> bool:
        """Whether the command cannot be run on this machine."""
        return not KUBECTL and self.text.startswith("kubectl ")

    @property
    def shell(self) -> str:
        """What is run."""
        text = "true" if self.left_out else SMALLER.get(self.text, self.text)
        return f"{text} <<'TYPED'\n" + "".join(f"{line}\n" for line in self.typed) + "TYPED" if self.typed else text


@attrs.frozen
class Ran:
    """What a command printed, and its exit code."""

    output: tuple[str, ...]
    code: int


def pages() -> list[Path]:
    """The pages with sessions."""
    return [page for page in (ROOT / "README.md", *sorted((ROOT / "specs").glob("*.md"))) if commands(page.read_text())]


def commands(text: str) -> list[Command]:
    """The commands of a page in order."""
    found = []
    for match in BLOCK.finditer(text):
        if match["kind"] == "console":
            found += list(_of_block(match["body"].splitlines(), text.count("\n", 0, match.start("body"))))
    return found


def _of_block(lines: list[str], first: int) -> Iterator[Command]:
    at = 0
    while at < len(lines):
        if not lines[at].startswith("$ "):
            raise ValueError(f"line {first + at + 1}: a console block begins with a command ($ …)")
        words = [lines[at][2:]]
        while words[-1].endswith("\\"):
            at += 1
            words.append(lines[at].removeprefix("> "))
        at += 1
        start = at
        while at < len(lines) and not lines[at].startswith("$ "):
            at += 1
        yield Command("\n".join(words), tuple(lines[start:at]), first + start, first + at)


def files(text: str) -> dict[str, str]:
    """The files that a page shows."""
    found = {}
    for match in BLOCK.finditer(text):
        head, _, rest = match["body"].partition("\n")
        name = re.fullmatch(r"# ([\w./-]+\.yaml)", head)
        if match["kind"] == "yaml" and name:
            found[name[1]] = rest
    return found


def run(text: str) -> list[Ran]:
    """Run all commands of a page in one shell."""
    asked = commands(text)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files(text).items():
            (Path(folder) / name).write_text(content)
        lines = [f"{one.shell}\n{{ code=$?; echo; echo {MARK} $code; (exit $code); }} 2>/dev/null" for one in asked]
        done = subprocess.run(
            ["bash", "-c", "exec 2>&1\n" + "\n".join(lines)],
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    parts = re.split(rf"\n{MARK} (\d+)\n", done.stdout)[:-1]
    printed = [_with_typed(one, output) for one, output in zip(asked, parts[::2], strict=False)]
    return [Ran(tuple(output.splitlines()), int(code)) for output, code in zip(printed, parts[1::2], strict=True)]


def _with_typed(command: Command, output: str) -> str:
    """The output as a terminal shows it: with what was typed after each prompt."""
    typed = iter(command.typed)
    return (
        re.sub(r"^(\[\d+\]> )", lambda prompt: f"{prompt[1]}{next(typed, '')}\n", output, flags=re.MULTILINE)
        if command.typed
        else output
    )


def _environment(home: str) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    return {"PATH": path, "HOME": home, "LANG": "C.UTF-8", "COLUMNS": "100", "PYTHONHASHSEED": "random"}


def matches(pasted: tuple[str, ...], printed: tuple[str, ...]) -> bool:
    """Whether what is pasted stands for what was printed; trailing empty lines do not count."""
    wanted, there = _trimmed(pasted), _trimmed(printed)
    pattern = "".join(r"(?:.*\n)*" if line == ANY else _line(line) + r"\n" for line in wanted)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in there)) is not None


def _line(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.rstrip().split(ANY))


def _trimmed(lines: tuple[str, ...]) -> list[str]:
    kept = [line.rstrip() for line in lines]
    while kept and not kept[-1]:
        kept.pop()
    return kept


def pasted_anew(text: str) -> str:
    """The page with the output of the commands that print something else now: as many lines before the first … and after the last one as there were,
    and the lines with … in them."""
    lines = text.splitlines()
    for command, ran in reversed(list(zip(commands(text), run(text), strict=True))):
        if command.left_out or command.text in NOT_COMPARED or matches(command.pasted, ran.output):
            continue
        old, new = _trimmed(command.pasted), _trimmed(ran.output)
        if ANY in old:
            head, tail = old.index(ANY), len(old) - 1 - max(i for i, line in enumerate(old) if line == ANY)
            if head + tail < len(new):
                new = [*new[:head], ANY, *new[len(new) - tail :]]
        kept = [line for line in old if ANY in line and line != ANY]
        new = [next((line for line in kept if re.fullmatch(_line(line), one)), one) for one in new]
        blank = list(command.pasted[len(old) :])
        lines[command.start : command.end] = [*new, *blank]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Paste anew where the output has changed, and say where."""
    for page in pages():
        text = page.read_text()
        made = pasted_anew(text)
        if made != text:
            page.write_text(made)
            print(f"{page.relative_to(ROOT)}: pasted anew")


if __name__ == "__main__":
    main()
