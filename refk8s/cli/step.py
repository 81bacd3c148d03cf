"""`refk8s step`: walk through a cluster one action at a time, forwards and backwards."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def step(
    targets: Annotated[
        list[str],
        typer.Argument(help="A shipped scenario, a scenario file, manifests, or a trace (opened at its end)."),
    ],
    script: Annotated[
        bool, typer.Option("--script", help="Read commands from standard input and stop at the first error.")
    ] = False,
    nodes: Annotated[int, typer.Option(help="Nodes of the cluster that manifests are applied to.", min=1)] = 3,
) -> None:
    """Step through a cluster interactively; `help` lists the commands.

    Examples:

      refk8s step first-pod

      echo "run until pod/hello=Running\\nwhy pod/hello\\nback 3\\nenabled" | refk8s step first-pod --script
    """
    from ..core.errors import Refk8sError
    from .stepping import Shell, shell_for

    shell: Shell = shell_for(targets, nodes)
    if script:
        for number, line in enumerate(sys.stdin, 1):
            try:
                if not shell.do(line.strip()):
                    break
            except Refk8sError as error:
                raise Refk8sError(f"line {number}: {error}") from None
        raise typer.Exit(1 if shell.violated else 0)
    shell.welcome()
    while True:
        try:
            line = input(f"[{shell.stepper.at}]> ")
        except (EOFError, KeyboardInterrupt):
            typer.echo("")
            break
        try:
            if not shell.do(line.strip()):
                break
        except Refk8sError as error:
            typer.echo(f"error: {error}", err=True)
    raise typer.Exit(1 if shell.violated else 0)
