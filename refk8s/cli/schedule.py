"""`refk8s schedule`: where pods would go in a dumped cluster, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import OUTPUT, Format, emit, note, table

if TYPE_CHECKING:
    from ..schedule.cluster import Cluster
    from ..schedule.simulate import Placement
    from ..scheduler.config import Configuration
    from ..scheduler.nodeinfo import PodInfo

VERSION = 1


def schedule(
    cluster: Annotated[
        list[Path],
        typer.Option(
            "--cluster",
            "-c",
            help="A dump: what `kubectl get nodes,pods,namespaces,priorityclasses,pdb -A -o yaml` (or json) prints; may be repeated.",
        ),
    ],
    filename: Annotated[
        list[Path] | None,
        typer.Option(
            "--filename",
            "-f",
            help="Pods, or controllers with a template, to schedule (services, namespaces and priority classes beside them count); may be repeated. "
            "Without it, the pending pods of the dump.",
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="A KubeSchedulerConfiguration; without one, the default profile.")
    ] = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            "--what-if",
            help="A change made first, e.g. 'drain node-1'; may be repeated. Pods that lose their node are scheduled too.",
        ),
    ] = None,
    preempt: Annotated[
        bool,
        typer.Option("--preempt", help="Let preemption happen: its victims go, and their controllers make them again."),
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="A table of nodes for each pod, also if there are several.")
    ] = False,
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="The namespace of pods that name none.")
    ] = "default",
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Schedule pods in a dumped cluster as kube-scheduler v1.36 would, and say why.

    Several pods are taken in the order of the scheduling queue, each as if those before it had been bound. Scores are raw/normalised/weighted.
    What can be changed first: drain, cordon, uncordon NODE; remove node NODE; add node NAME like NODE; add COUNT nodes like NODE;
    add taint KEY[=VALUE]:EFFECT to NODE; remove taint KEY[=VALUE][:EFFECT] [from NODE]; label node NODE KEY=VALUE; remove pod NAMESPACE/NAME.

    Examples:
      kubectl get nodes,pods,namespaces,priorityclasses,pdb,services,rs,sts -A -o yaml > dump.yaml
      refk8s schedule -f pod.yaml --cluster dump.yaml
      refk8s schedule --cluster dump.yaml --what-if 'drain node-1' --what-if 'add node spare like node-2'
      refk8s schedule -f web.yaml --cluster dump.yaml --config scheduler.yaml --preempt -o json
    """
    from ..schedule import asked, dump, simulate, whatif
    from ..schedule import cluster as clusters
    from ..scheduler.config import DEFAULT_CONFIGURATION
    from ..scheduler.cycle import MANY_NODES, has_arrays

    read = dump.read(cluster)
    given = clusters.cluster_of(read)
    configuration = DEFAULT_CONFIGURATION if config is None else _configuration(config)
    changed = whatif.apply(given, what_if or ())
    for remark in (*given.notes, *changed.notes):
        note(remark)
    there, pods, told = _pods(changed.cluster, filename, namespace, list(changed.homeless), wanted=bool(what_if))
    for remark in (*told, *asked.remarks(pods)):
        note(remark)
    single = len(pods) == 1
    explain = single or explain or output is not Format.text
    if not explain and len(there.snapshot) >= MANY_NODES and not has_arrays():
        note(f"with {MANY_NODES} nodes and more this is many times faster with numpy: pip install 'refk8s[fast]'")
    with clusters.blaming(read):
        placements, _ = simulate.run(there, configuration, pods, explain=explain, preempt=preempt)
    if output is not Format.text:
        emit(_data(placements), output)
    else:
        _print(placements, each=explain)


def _configuration(path: Path) -> Configuration:
    from ..scenarios.format import scheduler_configuration
    from ..scheduler.config import configuration

    return configuration(scheduler_configuration(path))


def _pods(
    cluster: Cluster, filename: list[Path] | None, namespace: str, homeless: list[PodInfo], *, wanted: bool
) -> tuple[Cluster, list[PodInfo], tuple[str, ...]]:
    """The pods to schedule, and remarks: those that lost their node, and those of the files, or without files the pending ones of the dump."""
    from ..core.errors import Refk8sError
    from ..scenarios.yaml import sources_of
    from ..schedule import asked, dump, manifests
    from ..schedule import cluster as clusters

    if not filename:
        pods = [*cluster.waiting, *homeless]
        if not pods and not wanted:
            raise Refk8sError("no pod to schedule: the dump has none that waits; name one with -f")
        return cluster, pods, ()
    documents = [
        document for path in filename for source in sources_of(path) for document in dump.unpacked(source.data)
    ]
    made, cluster = manifests.expanded(documents, cluster, namespace)
    cluster, pods, told = asked.taken_off(cluster, clusters.admitted(made, cluster, namespace))
    return cluster, [*homeless, *pods], told


def _print(placements: list[Placement], *, each: bool) -> None:
    from ..schedule.explain import head, node_table, summary, verdict

    if not each:
        table(*summary(placements))
        left = sum(1 for placement in placements if not placement.node)
        typer.echo(f"\n{len(placements) - left} of {len(placements)} pods find a node")
        return
    for number, placement in enumerate(placements):
        if number:
            typer.echo()
        typer.echo(head(placement))
        found = node_table(placement)
        if found is not None:
            table(*found)
        for line in verdict(placement):
            typer.echo(line)


def _data(placements: list[Placement]) -> dict[str, Any]:
    """The answers in the form that shared/conformance/scheduler/compare.py reads, each with the node that the pod goes to."""
    from ..scheduler.answers import answer_of, gated, status_of

    cases = []
    for placement in placements:
        case: dict[str, Any] = {"name": placement.name, "node": placement.node}
        if placement.gate is not None:
            case["answer"] = gated(placement.gate)
        elif placement.decision is not None:
            case["answer"] = answer_of(placement.decision)
        else:
            from ..scheduler.framework import Code, Status

            why = f"no profile is for schedulerName {placement.pod.pod.spec.scheduler_name!r}"
            case["answer"] = {
                "preEnqueue": status_of(Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, "", (why,))),
                "best": [],
            }
        if placement.evicted:
            case["evicted"] = [f"{pod.namespace}/{pod.name}" for pod in placement.evicted]
        cases.append(case)
    return {"version": VERSION, "cases": cases}
