"""How quickly commands start and the smallest scenario is done."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from .measure import Figure, Size, benchmark, command_cpu_s, interleaved, ratio

_HEAD = '''"""A Typer application that does nothing, with as many commands and groups of commands as refk8s has."""

import typer

app = typer.Typer(name="bare", no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False)
'''

_GROUP = """
{group} = typer.Typer(help="Do nothing, in several ways.", no_args_is_help=True)
app.add_typer({group}, name="{group}")
"""

_COMMAND = '''

@{group}.command("{name}")
def {group}_{name}(name: str = typer.Option("", help="A name."), count: int = typer.Option(1, help="How many.")) -> None:
    """Do nothing.

    Example: bare {name}
    """
'''

_SHAPE = """
from refk8s.cli.app import app
print(len(app.registered_commands), *(len(group.typer_instance.registered_commands) for group in app.registered_groups))
"""


@benchmark("help")
def help_(size: Size) -> list[Figure]:
    """CPU time of `refk8s --help` against that of a bare Typer application with as many commands and groups, both as `python FILE --help`."""
    rounds = 9 if size == "full" else 1
    with TemporaryDirectory() as folder:
        bare, ours = Path(folder, "bare.py"), Path(folder, "ours.py")
        bare.write_text(_bare())
        ours.write_text("import sys\nfrom refk8s.cli import main\nsys.argv[0] = 'refk8s'\nmain()\n")
        for file in (ours, bare):
            command_cpu_s(sys.executable, str(file), "--help")  # byte code and page cache
        mine, other = interleaved(
            rounds,
            lambda: command_cpu_s(sys.executable, str(ours), "--help"),
            lambda: command_cpu_s(sys.executable, str(bare), "--help"),
        )
    return [
        Figure("refk8s --help / bare typer app --help", ratio(mine, other), "x", 1.3),
        Figure("refk8s --help", median(mine), "s"),
        Figure("bare typer app --help", median(other), "s"),
    ]


def _bare() -> str:
    """The bare application. What refk8s has is asked in a process of its own: importing the CLI is what is measured."""
    shape = subprocess.run([sys.executable, "-c", _SHAPE], check=True, capture_output=True, text=True).stdout.split()
    parts = [_HEAD]
    for number, commands in enumerate(map(int, shape)):
        group = f"group_{number}" if number else "app"
        parts.append(_GROUP.format(group=group) if number else "")
        parts += [_COMMAND.format(group=group, name=f"command_{n}") for n in range(commands)]
    return "".join([*parts, '\n\nif __name__ == "__main__":\n    app()\n'])


@benchmark("first-pod")
def first_pod(size: Size) -> list[Figure]:
    """CPU time of `refk8s run first-pod`: one pod on one node from apply to Running and quiet, interpreter start and imports included."""
    rounds = 7 if size == "full" else 1
    code = "import sys; from refk8s.cli import main; sys.argv = ['refk8s', 'run', 'first-pod']; main()"
    (values,) = interleaved(rounds, lambda: command_cpu_s(sys.executable, "-c", code))
    return [Figure("refk8s run first-pod", median(values), "s", 0.5)]
