"""`refk8s serve`: a cluster behind the real API, for kubectl and every other client."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .codes import HELD, VIOLATED
from .session import scenario_names


def serve(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="[SCENARIO]",
            help="A shipped scenario or a scenario file; without one there are --nodes nodes and nothing on them.",
            autocompletion=scenario_names,
            show_default=False,
        ),
    ] = "",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8001,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than loopback are open to the network.")
    ] = "127.0.0.1",
    nodes: Annotated[int, typer.Option(help="Simulated kubelets of a cluster without a scenario.", min=0)] = 3,
    only: Annotated[
        str,
        typer.Option(
            metavar="api", help="`api`: the bare API server, without nodes and controllers.", show_default=False
        ),
    ] = "",
    pace: Annotated[
        str,
        typer.Option(
            "--time",
            metavar="real|fast",
            help="real: time passes as on the wall; fast: it jumps until the cluster is quiet.",
        ),
    ] = "real",
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the log; a server that is started there again goes on where it was.", file_okay=False
        ),
    ] = None,
    fsync: Annotated[bool, typer.Option("--fsync", help="Wait for the disk before a write is acknowledged.")] = False,
    tls: Annotated[
        bool, typer.Option("--tls", help="HTTPS with a self-signed certificate, which --kubeconfig carries.")
    ] = False,
    token: Annotated[
        str, typer.Option(help="Bearer token that clients must show.", envvar="REFK8S_TOKEN", show_default=False)
    ] = "",
    kubeconfig: Annotated[Path | None, typer.Option(help="Write a kubeconfig here.", dir_okay=False)] = None,
    trace: Annotated[
        Path | None, typer.Option(help="Write the session as a trace here (Secrets as they are).", dir_okay=False)
    ] = None,
) -> None:
    """Serve a cluster over HTTP until Ctrl-C. The session is a trace: replay it, step through it, ask it why.

    Examples:
      refk8s serve --kubeconfig refk8s.kubeconfig
      refk8s serve rollout --time fast --port 0 --trace session.trace.jsonl
      refk8s serve --data cluster/ --tls --kubeconfig kc
      refk8s serve --only api --port 8001

    Then, elsewhere: kubectl --kubeconfig refk8s.kubeconfig get nodes

    Exit codes: 0 stopped by a signal and no invariant broke, 1 one broke, 2 a mistake in the command.
    """
    from ..core.errors import Refk8sError
    from .output import note

    if pace not in ("real", "fast"):
        raise Refk8sError(f"--time {pace}: there are real and fast")
    if only not in ("", "api"):
        raise Refk8sError(f"--only {only}: there is only api")
    if only and scenario:
        raise Refk8sError(f"--only api serves no scenario; leave {scenario} away")
    if fsync and data is None:
        raise Refk8sError("--fsync is about the log; it needs --data DIR")
    try:
        from ..http.session import Order, Session
    except ImportError as error:
        raise Refk8sError(f"serve needs the package {error.name}; install refk8s[serve]") from None
    from ..scenarios.format import resolve
    from .session import invariants

    wanted = resolve(scenario) if scenario else None
    order = Order(wanted, nodes, bool(only), host, port, pace == "fast", data, fsync, tls, token, kubeconfig, trace)
    session = Session(order, tuple(invariants().all()), note)
    try:
        session.run(lambda url: note(f"serving {session.scenario.name} on {url}; Ctrl-C stops it"))
    finally:
        session.close()
    if session.alarms:
        note(f"{session.alarms} alarms")
    if trace is not None:
        note(f"replay: refk8s replay {trace}")
    raise typer.Exit(VIOLATED if session.alarms else HELD)
