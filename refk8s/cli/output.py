"""What commands print: tables on a terminal, plain columns in a pipe, JSON or YAML on request. Data goes to stdout, all else to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

import typer


class Format(StrEnum):
    """The forms of output."""

    text = "text"
    json = "json"
    yaml = "yaml"


OUTPUT = typer.Option("-o", "--output", help="Form of the output.", show_default=True)


def emit(data: Any, form: Format) -> None:
    """Print data as JSON or YAML on stdout."""
    if form is Format.yaml:
        typer.echo(text_of_yaml(data), nl=False)
        return
    import orjson

    typer.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())


def text_of_yaml(data: Any, *, sort: bool = False) -> str:
    """Data as YAML without anchors: what is shared is written out where it is used."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    return yaml.dump(data, Dumper=Dumper, sort_keys=sort, allow_unicode=True)


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows: a coloured table on a terminal, else columns as kubectl prints them."""
    lines = [[str(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        made = Table(*head, box=None, header_style="bold", pad_edge=False)
        for line in lines:
            made.add_row(*[_colored(cell) for cell in line])
        Console().print(made)
        return
    widths = [max(len(name), *(len(line[i]) for line in lines)) if lines else len(name) for i, name in enumerate(head)]
    for line in [list(head), *lines]:
        typer.echo("   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


_COLORS = {
    "Running": "green",
    "Succeeded": "green",
    "held": "green",
    "ok": "green",
    "caught": "green",
    "Pending": "yellow",
    "Terminating": "yellow",
    "Failed": "red",
    "violated": "red",
    "missed": "red",
}


def _colored(cell: str) -> str:
    from rich.markup import escape

    color = _COLORS.get(cell)
    return f"[{color}]{escape(cell)}[/{color}]" if color else escape(cell)


def dim(text: str) -> str:
    """The text in a weaker colour on a terminal that wants colours."""
    return typer.style(text, dim=True) if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else text


def note(text: str) -> None:
    """Print a remark on stderr."""
    typer.echo(text, err=True)
