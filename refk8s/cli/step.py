"""`refk8s step`: walk through a cluster one action at a time, forwards and backwards."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from .session import NAMESPACE, NODES, TARGETS

if TYPE_CHECKING:
    from .stepping import Shell


def step(
    targets: Annotated[list[str], TARGETS],
    script: Annotated[
        bool, typer.Option("--script", help="Read commands from standard input and stop at the first error.")
    ] = False,
    secrets: Annotated[
        bool, typer.Option("--secrets", help="Keep the data of Secrets; without it, it is redacted from the beginning.")
    ] = False,
    nodes: Annotated[int | None, NODES] = None,
    namespace: Annotated[str, NAMESPACE] = "",
) -> None:
    """Step through a cluster interactively, forwards and backwards; `help` lists the commands. A trace is opened at its end.

    Examples:
      refk8s step first-pod
      refk8s step rollout.trace.jsonl
      printf 'run until quiet\\nwhy pod/hello' | refk8s step first-pod --script
    """
    from .stepping import shell_for

    shell = shell_for(targets, nodes, namespace, keep_secrets=secrets)
    if script:
        _scripted(shell)
    else:
        _interactive(shell)
    raise typer.Exit(1 if shell.failed else 0)


def _scripted(shell: Shell) -> None:
    from ..core.errors import Refk8sError

    for number, line in enumerate(sys.stdin, 1):
        try:
            if not shell.do(line.strip()):
                return
        except Refk8sError as error:
            raise Refk8sError(f"standard input, line {number}: {error}") from None


def _interactive(shell: Shell) -> None:
    from ..core.errors import Refk8sError

    _complete(sorted(shell.commands))
    shell.welcome()
    while True:
        try:
            line = input(f"[{shell.stepper.at}]> ")
        except EOFError:
            typer.echo("")
            return
        except KeyboardInterrupt:
            if not sys.stdin.isatty():
                raise
            typer.echo("\ninterrupted; `quit` or Ctrl-D ends the session, `save FILE` keeps it", err=True)
            continue
        try:
            if not shell.do(line.strip()):
                return
        except Refk8sError as error:
            typer.echo(f"error: {error}", err=True)
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            shell.moved()


def _complete(words: list[str]) -> None:
    """History and completion of commands, where Python has readline."""
    try:
        import readline
    except ImportError:
        return
    readline.set_completer(lambda text, state: [*(word for word in words if word.startswith(text)), None][state])
    readline.parse_and_bind("tab: complete")
