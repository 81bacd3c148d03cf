"""The typer application, and how errors become one line and an exit code.

Exit codes (STYLE 12): 0 held, 1 violated, 2 usage, 3 replay diverged, 4 inconclusive (a bound was hit), 70 internal.
"""

from __future__ import annotations

import os
import sys

import typer

from . import conformance, demo, invariants, replay, run, step, trace, why, zoo

app = typer.Typer(
    name="refk8s",
    help="The Kubernetes control plane, one replayable step at a time.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("step")(step.step)
app.command("replay")(replay.replay)
app.command("why")(why.why)
app.command("demo")(demo.demo)
app.command("conformance")(conformance.conformance)
app.add_typer(trace.app, name="trace")
app.add_typer(invariants.app, name="invariants")
app.add_typer(zoo.app, name="zoo")


@app.callback(invoke_without_command=True)
def version(
    show: bool = typer.Option(
        False, "--version", help="Print the version and the Kubernetes version that is the reference."
    ),
) -> None:
    """The Kubernetes control plane, one replayable step at a time."""
    if show:
        from importlib.metadata import version as installed

        typer.echo(f"refk8s {installed('refk8s')} (reference: Kubernetes v1.36.2)")
        raise typer.Exit


def main() -> None:
    """The entry point: run the command, turn what went wrong into one line on stderr and an exit code."""
    try:
        app(standalone_mode=True)
    except KeyboardInterrupt:
        typer.echo("interrupted; what was written is whole up to the last finished step", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:  # the last resort: the core raises only what it means
        from ..core.errors import Refk8sError

        if os.environ.get("REFK8S_TRACEBACK"):
            raise
        if isinstance(error, Refk8sError):
            typer.echo(f"error: {error}", err=True)
            sys.exit(error.exit_code)
        typer.echo(
            f"internal error: {type(error).__name__}: {error}; this is a bug of refk8s, REFK8S_TRACEBACK=1 shows where",
            err=True,
        )
        sys.exit(70)
