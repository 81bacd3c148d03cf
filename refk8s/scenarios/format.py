"""The scenario format, version refk8s.dev/v1: classes, reading, and clear errors.

Files that a scenario names (manifests, dumps) are read when it is loaded and become part of its data, so that a trace's header holds everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from ..core.clock import unix_ms
from ..core.errors import Refk8sError
from ..explore.cluster import EPOCH_MS, Cluster
from ..kubelet.behaviour import BehaviourError, Behaviours, parse_behaviours
from ..kubelet.program import NodeSpec
from ..users.script import check_step
from .yaml import documents_of, read_documents

API_VERSION: Final = "refk8s.dev/v1"
HERE: Final = Path(__file__).parent


@attrs.frozen
class NodeGroup:
    """`count` equal nodes, named `name` if there is one, else `name-1`, `name-2`, …; `absent` ones are switched off at the beginning."""

    name: str = "node"
    count: int = 1
    cpu: str = "4"
    memory: str = "8Gi"
    pods: int = 110
    labels: dict[str, str] = attrs.Factory(dict)
    taints: list[dict[str, str]] = attrs.Factory(list)
    absent: bool = False

    def names(self) -> list[str]:
        """The names of the nodes."""
        return [self.name] if self.count == 1 else [f"{self.name}-{n}" for n in range(1, self.count + 1)]


@attrs.frozen
class Components:
    """How many replicas of each component there are; several API servers have watch caches of their own."""

    api_servers: int = 1
    controller_managers: int = 1
    schedulers: int = 1


@attrs.frozen
class Expectation:
    """What must hold once the cluster is quiet.

    There are `count` objects of `resource` in `namespace`, named `name` or matching the label `selector`, and each of them has `fields` (path → value).
    """

    resource: str
    namespace: str = "default"
    name: str = ""
    selector: str = ""
    count: int | None = None
    fields: dict[str, Any] = attrs.Factory(dict)


@attrs.frozen
class Spec:
    """The body of a scenario.

    `users` maps a name to the steps of its script; `dumps` are files with the objects of the beginning, `objects` such objects inline.
    """

    nodes: list[NodeGroup] = attrs.Factory(lambda: [NodeGroup(count=3)])
    users: dict[str, list[dict[str, Any]]] = attrs.Factory(dict)
    behaviours: list[dict[str, Any]] = attrs.Factory(list)
    dumps: list[str] = attrs.Factory(list)
    objects: list[dict[str, Any]] = attrs.Factory(list)
    components: Components = attrs.Factory(Components)
    gates: dict[str, bool] = attrs.Factory(dict)
    epoch: str = "2026-01-01T00:00:00Z"
    expect: list[Expectation] = attrs.Factory(list)


@attrs.frozen(eq=False)
class Scenario:
    """A scenario ready to be built. `data` is all of it, files included, as JSON."""

    name: str
    description: str
    cluster: Cluster
    expect: tuple[Expectation, ...]
    data: Mapping[str, Any]


def shipped() -> list[str]:
    """The names of the scenarios that come with refk8s."""
    return sorted(path.stem for path in HERE.glob("*.yaml"))


def resolve(name_or_path: str) -> Scenario:
    """The scenario of this name or in this file. Raises Refk8sError, naming what there is, if there is none."""
    if name_or_path in shipped():
        return load(HERE / f"{name_or_path}.yaml")
    path = Path(name_or_path)
    if path.is_file():
        return load(path)
    raise Refk8sError(f"{name_or_path}: no such file, and no shipped scenario; shipped are {', '.join(shipped())}")


def load(path: Path) -> Scenario:
    """Read a scenario file. Raises Refk8sError with file, place and what is wrong."""
    documents = read_documents(path)
    if len(documents) != 1:
        raise Refk8sError(f"{path}: a scenario file holds one document, this one {len(documents)}")
    return from_data(documents[0], base=path.parent, where=str(path))


def from_data(data: Mapping[str, Any], *, base: Path | None = None, where: str = "scenario") -> Scenario:
    """The scenario in `data`; files that it names are relative to `base`. Raises Refk8sError."""
    if data.get("apiVersion") != API_VERSION or data.get("kind") != "Scenario":
        raise Refk8sError(f"{where}: not a scenario; it begins with `apiVersion: {API_VERSION}` and `kind: Scenario`")
    unknown = sorted(set(data) - {"apiVersion", "kind", "metadata", "spec"})
    if unknown:
        raise Refk8sError(f"{where}: unknown field {unknown[0]!r}; a scenario has apiVersion, kind, metadata and spec")
    metadata = data.get("metadata") or {}
    if not isinstance(metadata, dict) or not metadata.get("name"):
        raise Refk8sError(f"{where}: metadata.name is missing; give the scenario a name")
    resolved = {**data, "spec": _inline(dict(data.get("spec") or {}), base or Path(), where)}
    spec = _structure(resolved["spec"], where)
    return Scenario(
        str(metadata["name"]), str(metadata.get("description", "")), _cluster(spec, where), tuple(spec.expect), resolved
    )


def from_manifests(documents: Iterable[dict[str, Any]], *, nodes: int = 3, name: str = "manifests") -> Scenario:
    """A scenario in which one user applies `documents` to a cluster of `nodes` default nodes."""
    spec = {"nodes": [{"name": "node", "count": nodes}], "users": {"you": [{"apply": {"documents": list(documents)}}]}}
    data = {"apiVersion": API_VERSION, "kind": "Scenario", "metadata": {"name": name}, "spec": spec}
    return from_data(data)


def _structure(spec: Mapping[str, Any], where: str) -> Spec:
    from .structure import structure

    return structure(spec, Spec, where)


def _cluster(spec: Spec, where: str) -> Cluster:
    for name, steps in spec.users.items():
        for number, step in enumerate(steps, 1):
            try:
                check_step(step)
            except ValueError as error:
                raise Refk8sError(f"{where}: spec.users.{name}, step {number}: {error}") from None
    try:
        epoch_ms = unix_ms(spec.epoch)
    except ValueError:
        raise Refk8sError(
            f"{where}: spec.epoch: {spec.epoch!r} is no RFC 3339 time such as 2026-01-01T00:00:00Z"
        ) from None
    nodes: list[NodeSpec] = []
    absent: list[str] = []
    for group in spec.nodes:
        for name in group.names():
            capacity = {"cpu": group.cpu, "memory": group.memory, "pods": str(group.pods)}
            nodes.append(NodeSpec(name, capacity=capacity, labels=dict(group.labels), taints=tuple(group.taints)))
            if group.absent:
                absent.append(name)
    names = [node.name for node in nodes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Refk8sError(f"{where}: spec.nodes: two nodes are named {twice[0]!r}; give the groups different names")
    return Cluster(
        nodes=tuple(nodes),
        absent=tuple(absent),
        users={name: tuple(steps) for name, steps in spec.users.items()},
        behaviours=_behaviours(spec, where),
        objects=tuple(spec.objects),
        api_servers=spec.components.api_servers,
        controller_managers=spec.components.controller_managers,
        schedulers=spec.components.schedulers,
        gates=dict(spec.gates),
        epoch_ms=epoch_ms if spec.epoch else EPOCH_MS,
    )


def _behaviours(spec: Spec, where: str) -> Behaviours:
    try:
        return parse_behaviours(spec.behaviours)
    except BehaviourError as error:
        raise Refk8sError(f"{where}: spec.{error}") from None


def _inline(spec: dict[str, Any], base: Path, where: str) -> dict[str, Any]:
    """The spec with the files that it names read in."""
    dumps = spec.pop("dumps", None) or []
    if dumps:
        found = [document for name in dumps for document in documents_of(base / str(name))]
        spec["objects"] = [*(spec.get("objects") or []), *found]
    users = spec.get("users") or {}
    if not isinstance(users, dict):
        raise Refk8sError(f"{where}: spec.users: a map from a name to a list of steps")
    spec["users"] = {name: [_inline_step(step, base) for step in steps or ()] for name, steps in users.items()}
    return spec


def _inline_step(step: Any, base: Path) -> Any:
    if not isinstance(step, dict):
        return step
    return {verb: _inline_arguments(arguments, base) for verb, arguments in step.items()}


def _inline_arguments(arguments: Any, base: Path) -> Any:
    if not isinstance(arguments, dict) or "files" not in arguments:
        return arguments
    rest = {name: value for name, value in arguments.items() if name != "files"}
    found = [document for name in arguments["files"] for document in documents_of(base / str(name))]
    return {**rest, "documents": [*(arguments.get("documents") or []), *found]}
