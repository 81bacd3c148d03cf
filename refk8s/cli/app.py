"""The typer application, and how errors become one line and an exit code.

Exit codes (codes.py): 0 held, 1 violated, 2 usage, 3 replay diverged, 4 inconclusive (a bound was hit), 70 internal, 130 Ctrl-C, 141 a reader that
went away.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from . import (
    conformance,
    demo,
    explore,
    fuzz,
    invariants,
    replay,
    run,
    scenarios,
    schedule,
    serve,
    shrink,
    step,
    trace,
    why,
    zoo,
)
from .codes import INTERNAL, INTERRUPTED, READER_GONE, USAGE


class Group(TyperGroup):
    """The group of all commands. A command that is interrupted, or whose reader goes away, ends with the exit code that a shell expects."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # What Python writes when it ends would break the pipe again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(READER_GONE) from None


app = typer.Typer(
    name="refk8s",
    cls=Group,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("step")(step.step)
app.command("explore")(explore.explore)
app.command("replay")(replay.replay)
app.command("fuzz")(fuzz.fuzz)
app.command("shrink")(shrink.shrink)
app.command("why")(why.why)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("schedule")(schedule.schedule)
app.command("conformance")(conformance.conformance)
app.add_typer(trace.app, name="trace")
app.add_typer(scenarios.app, name="scenarios")
app.add_typer(invariants.app, name="invariants")
app.add_typer(zoo.app, name="zoo")


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[
        bool, typer.Option("--version", help="Print the version and the Kubernetes version that is the reference.")
    ] = False,
) -> None:
    """The Kubernetes control plane, one replayable step at a time.

    Examples:
      refk8s run first-pod
      refk8s step rollout
      refk8s demo --seeds 20
    """
    if show:
        from importlib.metadata import version as installed

        from ..trace.format import KUBERNETES

        typer.echo(f"refk8s {installed('refk8s')} (reference: Kubernetes {KUBERNETES})")
        raise typer.Exit


_NO_NUMBER = re.compile(r"is not a valid int(eger)?( range)?\b")
"""What typer says of `--seed seven`."""


def main() -> None:
    """The entry point: run the command, turn what went wrong into one line on stderr and an exit code."""
    try:
        code = app(prog_name="refk8s", standalone_mode=False)
    except Exception as error:  # the last resort: the core raises only what it means
        if os.environ.get("REFK8S_TRACEBACK"):
            raise
        sys.exit(_explain(error))
    sys.exit(code if isinstance(code, int) else 0)


def _explain(error: Exception) -> int:
    """Say on stderr what went wrong; the exit code."""
    from ..core.errors import Refk8sError

    if isinstance(error, Refk8sError):
        typer.echo(f"error: {error}", err=True)
        return error.exit_code
    if isinstance(error, typer.Abort):
        typer.echo("interrupted", err=True)
        return INTERRUPTED
    if isinstance(error, OSError):
        typer.echo(f"error: {error.filename or 'input or output'}: {error.strerror or error}", err=True)
        return USAGE
    if hasattr(error, "format_message"):  # typer's own: an option or an argument is wrong
        return _usage(error)
    typer.echo(
        f"internal error: {type(error).__name__}: {error}; this is a bug of refk8s, REFK8S_TRACEBACK=1 shows where",
        err=True,
    )
    return INTERNAL


def _usage(error: Any) -> int:
    """A mistake in the command line, as one line (or, without any argument, the help)."""
    text = _NO_NUMBER.sub("is not a whole number", str(error.format_message()))
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(text)
    else:
        where = f"; see {context.command_path} --help" if context is not None else ""
        typer.echo(f"error: {' '.join(text.split()).rstrip('.')}{where}", err=True)
    return int(error.exit_code)
