"""Reading scenarios: from files, from data (a trace's header), from manifests; with errors that name file, line and place.

Files that a scenario names (manifests, dumps) are read when it is loaded and become part of its data, so that a trace's header holds everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from ..core.clock import unix_ms
from ..core.errors import Refk8sError
from ..core.model import Bounds
from ..explore.cluster import Cluster
from ..kubelet.behaviour import BehaviourError, Behaviours, parse_behaviours
from ..kubelet.node_document import initial_document
from ..kubelet.program import NodeSpec
from ..scheduler.config import ConfigError, configuration
from .annotations import BadBehaviour, check_behaviour
from .spec import API_VERSION, KIND, Document, Expectation, NodeGroup, Spec
from .structure import Misfit, structure
from .yaml import STDIN, Source, documents_of, sources_of

HERE: Final = Path(__file__).parent
LARGEST_CLUSTER: Final = 100_000
"""The most nodes of a scenario; Kubernetes itself is made for 5,000."""


@attrs.frozen(eq=False)
class Scenario:
    """A scenario ready to be built. `data` is all of it, files included, as JSON; `must_succeed`: a refused step of a user fails it."""

    name: str
    description: str
    cluster: Cluster
    expect: tuple[Expectation, ...]
    data: Mapping[str, Any]
    must_succeed: bool = False


def shipped() -> list[str]:
    """The names of the scenarios that come with refk8s."""
    return sorted(path.stem for path in HERE.glob("*.yaml"))


def resolve(name_or_path: str) -> Scenario:
    """The scenario of this name or in this file ("-": standard input). Raises Refk8sError, naming what there is, if there is none."""
    if name_or_path in shipped():
        return load(HERE / f"{name_or_path}.yaml")
    path = Path(name_or_path)
    if path.exists() or name_or_path == STDIN:
        return load(path)
    raise Refk8sError(f"{name_or_path}: no such file, and no shipped scenario; shipped are {', '.join(shipped())}")


def load(path: Path) -> Scenario:
    """Read a scenario file. Raises Refk8sError with file, line and what is wrong."""
    return from_sources(sources_of(path), path.parent)


def is_scenario(data: Mapping[str, Any]) -> bool:
    """Whether a document is meant as a scenario of ours."""
    return str(data.get("apiVersion", "")).startswith("refk8s.dev/") or data.get("kind") == KIND


def from_sources(sources: list[Source], base: Path) -> Scenario:
    """The scenario that is the only document of a file; the files that it names are relative to `base`. Raises Refk8sError."""
    source = sources[0]
    if len(sources) > 1:
        raise Refk8sError(
            f"{source.where}:{sources[1].line}: a scenario file holds one document, this one {len(sources)}"
        )
    if source.twice:
        key, line = source.twice
        raise Refk8sError(f"{source.where}:{line}: {key!r} is there twice in this map; keep one")
    try:
        return from_data(source.data, base=base)
    except Misfit as misfit:
        raise Refk8sError(f"{source.where}:{source.line_of(misfit.path)}: {misfit}") from None


def from_data(data: Mapping[str, Any], *, base: Path | None = None) -> Scenario:
    """The scenario in `data`; files that it names are relative to `base`. Raises Misfit with the path of what is wrong, Refk8sError for those files."""
    if data.get("apiVersion") != API_VERSION or data.get("kind") != KIND:
        raise Misfit((), f"not a scenario; it begins with `apiVersion: {API_VERSION}` and `kind: {KIND}`")
    document = structure(data, Document)
    _check_behaviours(document.spec)
    spec = _inlined(document.spec, base or Path())
    cluster = _cluster(spec)
    if "nodes" not in (data.get("spec") or {}):
        cluster = _with_dumped_nodes(cluster, spec)
    raw = {name: value for name, value in (data.get("spec") or {}).items() if name != "dumps"}
    raw["users"] = spec.users
    if spec.given is not None:
        raw["given"] = spec.given
    if spec.objects:
        raw["objects"] = spec.objects
    if spec.scheduler:
        raw["scheduler"] = spec.scheduler
    metadata = document.metadata
    whole = {**data, "spec": raw}
    return Scenario(metadata.name, metadata.description, cluster, tuple(spec.expect), whole, spec.must_succeed)


def from_manifests(
    documents: Iterable[dict[str, Any]], *, nodes: int = 3, name: str = "manifests", namespace: str = "default"
) -> Scenario:
    """A scenario in which one user applies `documents` to a cluster of `nodes` default nodes; a refused one fails it.

    Documents that were read from a cluster (they have a uid or a resourceVersion) are what the cluster begins with instead.
    """
    given = list(documents)
    dump = [document for document in given if is_read_back(document)]
    spec: dict[str, Any] = {"nodes": [{"name": "node", "count": nodes}], "users": {}, "mustSucceed": True}
    rest = [document for document in given if not is_read_back(document)]
    if rest or not dump:
        spec["users"] = {"you": [{"apply": {"documents": rest, "namespace": namespace}}]}
    if dump:
        spec.update(_beginning(dump, nodes))
        if spec["nodes"] is None:
            del spec["nodes"]
    return from_data({"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": spec})


def is_read_back(document: Mapping[str, Any]) -> bool:
    """Whether a document was read from a cluster: a client does not write what only the server gives."""
    metadata = document.get("metadata") or {}
    return bool(metadata.get("uid") or metadata.get("resourceVersion"))


def _beginning(dump: list[dict[str, Any]], nodes: int) -> dict[str, Any]:
    """`objects` and `nodes` of a scenario that begins with a dump: each node that a pod is bound to is there, and each namespace."""
    machines = [document["metadata"]["name"] for document in dump if document["kind"] == "Node"]
    bound = [(document.get("spec") or {}).get("nodeName") for document in dump if document["kind"] == "Pod"]
    wanted = [node for node in dict.fromkeys(bound) if node and node not in machines]
    there = {document["metadata"]["name"] for document in dump if document["kind"] == "Namespace"}
    namespaces = dict.fromkeys(document["metadata"].get("namespace") for document in dump)
    missing = [space for space in namespaces if space and space not in there and space not in _SYSTEM]
    times = [str(document["metadata"].get("creationTimestamp") or "") for document in dump]
    made: dict[str, Any] = {"objects": [*map(_namespace, missing), *dump]}
    latest = max(
        (time for time in times if re.fullmatch(r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}Z", time, re.ASCII)), default=""
    )
    if latest > Spec().epoch:
        made["epoch"] = latest  # nothing is made in the future
    if machines:
        made["objects"] += [initial_document(NodeSpec(node), latest or Spec().epoch) for node in wanted]
        return {**made, "nodes": None}
    default = [f"node-{number}" for number in range(1, nodes + 1)] if nodes > 1 else ["node"]
    more = [{"name": node} for node in wanted if node not in default]
    return {**made, "nodes": [{"name": "node", "count": nodes}, *more]}


def _namespace(name: str) -> dict[str, Any]:
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    return {**made, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}


_SYSTEM: Final = ("default", "kube-system", "kube-public", "kube-node-lease")


# ---- from the classes to a Cluster


def _cluster(spec: Spec) -> Cluster:
    if sum(group.count for group in spec.nodes) > LARGEST_CLUSTER:
        raise Misfit(("spec", "nodes"), f"more than {LARGEST_CLUSTER} nodes together; take fewer")
    named = [(name, group, number) for number, group in enumerate(spec.nodes) for name in group.names()]
    seen: dict[str, int] = {}
    for name, _, number in named:
        if name in seen:
            raise Misfit(
                ("spec", "nodes", number), f"there is a node {name!r} already; give the groups different names"
            )
        seen[name] = number
    if not any(document["kind"] == "Node" for document in spec.objects):
        _check_nodes_named(spec, seen)
    clashing = len({_tail(name) for name in seen}) < len(seen)
    return Cluster(
        nodes=tuple(_node(name, group, n if clashing else 0) for n, (name, group, _) in enumerate(named, 1)),
        absent=tuple(name for name, group, _ in named if group.absent),
        given=None if spec.given is None else tuple(spec.given),
        users={name: tuple(steps) for name, steps in spec.users.items()},
        behaviours=_behaviours(spec),
        objects=tuple(spec.objects),
        api_servers=spec.components.api_servers,
        controller_managers=spec.components.controller_managers,
        schedulers=spec.components.schedulers,
        scheduler=spec.scheduler if isinstance(spec.scheduler, dict) else {},
        controllers=None if spec.components.controllers is None else tuple(spec.components.controllers),
        leader_election=spec.components.leader_election,
        gates=dict(spec.gates),
        epoch_ms=unix_ms(spec.epoch),
        heartbeats=spec.heartbeats,
        events=spec.events,
        bounds=Bounds(spec.bounds.steps_at_once, spec.bounds.undisturbed, spec.bounds.writes),
    )


def _with_dumped_nodes(cluster: Cluster, spec: Spec) -> Cluster:
    """The cluster with a kubelet for each Node of a dump, instead of the default nodes; as it is if the dump has none."""
    found = []
    for document in spec.objects:
        if document["kind"] == "Node":
            status, metadata = document.get("status") or {}, document["metadata"]
            capacity, allocatable = status.get("capacity") or {}, status.get("allocatable") or {}
            found.append(NodeSpec(metadata["name"], capacity, allocatable, metadata.get("labels") or {}))
    if not found:
        return cluster
    _check_nodes_named(spec, {node.name: 0 for node in found})
    return attrs.evolve(cluster, nodes=tuple(found))


def _tail(name: str) -> str:
    """The number at the end of a name, of which a node makes its addresses; the name itself if there is none."""
    found = re.search(r"\d+$", name, re.ASCII)
    return found[0].lstrip("0") if found else name


def _node(name: str, group: NodeGroup, ordinal: int) -> NodeSpec:
    """The specification of a node. `ordinal` numbers its addresses where the names would give two nodes the same (0: they would not)."""
    ip = f"172.18.{ordinal // 250}.{ordinal % 250 + 2}" if ordinal else ""
    network = f"10.{128 + ordinal // 256}.{ordinal % 256}" if ordinal else ""
    taints = tuple({k: v for k, v in attrs.asdict(taint).items() if v} for taint in group.taints)
    where: dict[str, Any] = {"zone": group.zone, "region": group.region, "ip": ip, "pod_network": network}
    machine: dict[str, Any] = {"capacity": group.capacity(), "labels": group.labels, "taints": taints}
    return NodeSpec(name, **machine, **where)


def _check_nodes_named(spec: Spec, nodes: Mapping[str, int]) -> None:
    """Nodes are switched off and on by name: refuse a name that no node has."""
    for place, step in _steps(spec):
        (verb, arguments) = next(iter(step.items()))
        if verb in ("stopNode", "startNode") and arguments["name"] not in nodes:
            raise Misfit((*place, verb, "name"), f"no node {arguments['name']!r}; there are {', '.join(nodes)}")


def _steps(spec: Spec) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """(path, step) of every step in a scenario."""
    for number, step in enumerate(spec.given or ()):
        yield ("spec", "given", number), step
    for user, steps in spec.users.items():
        for number, step in enumerate(steps):
            yield ("spec", "users", user, number), step


def _behaviours(spec: Spec) -> Behaviours:
    try:
        return parse_behaviours([attrs.asdict(rule) for rule in spec.behaviours])
    except BehaviourError as error:
        place, _, problem = str(error).partition(": ")
        found = re.match(r"behaviours\[(\d+)\](?:\.(\w+))?", place)
        if found is None:
            raise Misfit(("spec", "behaviours"), str(error)) from None
        path = ("spec", "behaviours", int(found[1]), *((found[2],) if found[2] else ()))
        raise Misfit(path, problem) from None


def _check_behaviours(spec: Spec) -> None:
    """Refuse objects whose annotations say what no container can do."""
    found: list[tuple[tuple[str | int, ...], Any]] = [
        (("spec", "objects", number), document) for number, document in enumerate(spec.objects)
    ]
    for place, step in _steps(spec):
        (verb, arguments) = next(iter(step.items()))
        if verb in ("apply", "create"):
            documents = arguments.get("documents") or ()
            found += [((*place, verb, "documents", n), document) for n, document in enumerate(documents)]
    for path, document in found:
        try:
            check_behaviour(document)
        except BadBehaviour as error:
            raise Misfit((*path, *error.path), str(error).partition(": ")[2]) from None


# ---- files


def _inlined(spec: Spec, base: Path) -> Spec:
    """The spec with the files that it names read in. Raises Refk8sError."""
    objects = [*spec.objects, *(document for name in spec.dumps for document in documents_of(base / name))]
    users = {name: [_inlined_step(step, base) for step in steps] for name, steps in spec.users.items()}
    given = None if spec.given is None else [_inlined_step(step, base) for step in spec.given]
    scheduler = _scheduler(spec.scheduler, base)
    return attrs.evolve(spec, dumps=[], objects=objects, users=users, given=given, scheduler=scheduler)


def _scheduler(given: str | dict[str, Any], base: Path) -> dict[str, Any]:
    """The scheduler's configuration, read in and tried. Raises Misfit or, for a file of its own, Refk8sError."""
    if isinstance(given, str):
        return scheduler_configuration(base / given)
    if given:
        try:
            configuration(given)
        except ConfigError as error:
            raise Misfit(("spec", "scheduler"), str(error)) from None
    return given


def scheduler_configuration(path: Path) -> dict[str, Any]:
    """The KubeSchedulerConfiguration in a file. Raises Refk8sError."""
    sources = sources_of(path)
    source = sources[0]
    if len(sources) > 1:
        raise Refk8sError(
            f"{source.where}:{sources[1].line}: a scheduler configuration is one document, this file has more"
        )
    if source.twice:
        key, line = source.twice
        raise Refk8sError(f"{source.where}:{line}: {key!r} is there twice in this map; keep one")
    try:
        configuration(source.data)
    except ConfigError as error:
        raise ConfigError(f"{source.where}: {error}") from None
    found: dict[str, Any] = source.data
    return found


def _inlined_step(step: dict[str, Any], base: Path) -> dict[str, Any]:
    (verb, arguments) = next(iter(step.items()))
    if not isinstance(arguments, dict) or not arguments.get("files"):
        return step
    rest = {name: value for name, value in arguments.items() if name != "files"}
    found = [document for name in arguments["files"] for document in documents_of(base / name)]
    return {verb: {**rest, "documents": [*(arguments.get("documents") or []), *found]}}
