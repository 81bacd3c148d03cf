"""`refk8s why`: the chain of causes behind an object's last change, or behind a step."""

from __future__ import annotations

from typing import Annotated

import typer

from .output import OUTPUT, Format, emit
from .session import NAMESPACE, NODES, SEED, scenario_names


def why(
    target: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="A trace, a shipped scenario, a scenario file, or manifests.",
            autocompletion=scenario_names,
        ),
    ],
    subject: Annotated[str, typer.Argument(help="kind/name, kind/namespace/name, or a step number.")],
    seed: Annotated[int | None, SEED] = None,
    nodes: Annotated[int | None, NODES] = None,
    namespace: Annotated[str, NAMESPACE] = "",
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Say why an object is as it is: who did what because of what, from the first cause on.

    Examples:
      refk8s why first-pod pod/hello
      refk8s why rollout.trace.jsonl 120
    """
    from ..trace.why import chain, line_about, linked
    from .session import DEFAULT_NAMESPACE, story_of

    teller = story_of(target, seed, nodes, namespace)
    found = chain(teller.lines, line_about(teller, subject, namespace or DEFAULT_NAMESPACE))
    if output is not Format.text:
        emit({"version": 1, "subject": subject, "chain": [line.data() for line in found]}, output)
        return
    for text in linked(found):
        typer.echo(text)
