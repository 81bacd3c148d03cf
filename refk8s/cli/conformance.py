"""`refk8s conformance`: replay recorded answers of the real Kubernetes v1.36.2."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import OUTPUT, Format, emit, table


def conformance(
    directory: Annotated[
        Path | None, typer.Argument(help="A folder of recorded cases; without one the cases in tests/conformance/data.")
    ] = None,
    url: Annotated[
        str,
        typer.Option(help="Replay the api corpus over HTTP against the server at this URL.", show_default=False),
    ] = "",
    token: Annotated[str, typer.Option(help="Bearer token for --url.", show_default=False)] = "",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name the cases that disagree.")] = False,
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Compare with recorded answers of the real Kubernetes and print the agreement per family; exit code 1 if any case disagrees.

    Examples:
      refk8s conformance
      refk8s conformance ../shared/conformance/functions/public -o json
      refk8s serve --only api --port 8001 & refk8s conformance --url http://127.0.0.1:8001
    """
    from ..conformance.corpora import api_folder, run_corpus

    if url:
        from ..http.replaying import replay_url
        from .output import note

        report = replay_url(api_folder(directory), url, token, lambda theme: note(f"replaying {theme}"))
    else:
        report = run_corpus(directory)
    data = report.as_json()
    if output is not Format.text:
        emit(data, output)
    else:
        table(
            ("CORPUS", "GROUP", "CASES", "AGREE"),
            [(g["corpus"], g["group"], g["cases"], g["agree"]) for g in data["groups"]]
            + [("all", "", data["cases"], data["agree"])],
        )
        for group in data["groups"] if verbose else ():
            for name in group["disagree"]:
                typer.echo(f"disagrees: {group['group']}/{name}")
    raise typer.Exit(0 if data["agree"] == data["cases"] else 1)
