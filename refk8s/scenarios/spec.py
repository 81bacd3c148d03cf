"""The scenario format, version refk8s.dev/v1, as classes. Reading is in format.py, the JSON Schema made of these classes in schema.py.

The texts under the fields are the descriptions in the schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import attrs

from ..users.arguments import ARGUMENTS, Manifest, Taint
from ..users.forms import (
    Amount,
    FieldPath,
    Form,
    LabelSelector,
    Natural,
    ObjectName,
    Positive,
    ResourceName,
    Time,
    UserName,
)
from .structure import Misfit, structure, unknown

API_VERSION: Final = "refk8s.dev/v1"
KIND: Final = "Scenario"
GATES: Final = ("StaleControllerConsistencyReplicaSet",)
"""The feature gates that something here depends on."""


def _gate(name: str) -> None:
    if name not in GATES:
        raise ValueError(f"no feature gate {name!r} is modelled; those that are: {', '.join(GATES)}")


@attrs.frozen
class OneVerb:
    """The form of a step: a map with one verb and its arguments."""

    name: str = "step"

    @property
    def schema(self) -> Mapping[str, Any]:
        """Nothing beside what the generator of the schema makes of the verbs."""
        return {}

    def structure(self, step: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
        """The step, checked. Raises Misfit."""
        if len(step) != 1:
            got = ", ".join(map(str, step)) or "nothing"
            raise Misfit(path, f"a step has one verb of {', '.join(sorted(ARGUMENTS))}; got {got}")
        (verb, arguments) = next(iter(step.items()))
        if verb not in ARGUMENTS:
            raise Misfit((*path, verb), unknown(verb, tuple(ARGUMENTS), "verb"))
        structure(arguments, ARGUMENTS[verb], (*path, verb))
        if verb in ("apply", "create") and not any(
            isinstance(arguments.get(name), list) for name in ("documents", "files")
        ):
            raise Misfit((*path, verb), f"{verb} needs `documents` or `files`")
        return step


Step = Annotated[dict[str, Any], OneVerb()]
GateName = Annotated[str, Form("gate", _gate, {"enum": list(GATES)})]


@attrs.frozen
class NodeGroup:
    """`count` equal nodes, named `name` if there is one, else `name-1`, `name-2`, …"""

    name: ObjectName = "node"
    count: Natural = 1
    cpu: Amount = "4"
    memory: Amount = "8Gi"
    pods: Natural = 110
    resources: dict[str, Amount] = attrs.Factory(dict)
    """Further resources, such as nvidia.com/gpu."""
    labels: dict[str, str] = attrs.Factory(dict)
    taints: list[Taint] = attrs.Factory(list)
    """The taints that the kubelet registers with."""
    zone: str = ""
    region: str = ""
    absent: bool = False
    """Switched off at the beginning; `startNode` switches it on."""

    def names(self) -> list[str]:
        """The names of the nodes."""
        return [self.name] if self.count == 1 else [f"{self.name}-{n}" for n in range(1, self.count + 1)]

    def capacity(self) -> dict[str, str]:
        """The capacity of each node."""
        return {"cpu": self.cpu, "memory": self.memory, "pods": str(self.pods), **self.resources}


@attrs.frozen
class Behaviour:
    """What the containers that match do."""

    do: str | dict[str, Any]
    """The behaviour, e.g. `exit 1 after 30s; ready after 5s`; the words are those of specs/kubelet.md."""
    pods: str = "*"
    """A pattern for namespace/name."""
    containers: str = ""
    """A pattern for names of containers; without one all but init containers."""
    images: str = "*"
    """A pattern for images."""


@attrs.frozen
class Components:
    """How many replicas of each component there are (none: it is left out); several API servers have watch caches of their own."""

    api_servers: Positive = 1
    controller_managers: Natural = 1
    schedulers: Natural = 1
    controllers: list[str] | None = None
    """The controllers that the controller manager runs (its flag --controllers), e.g. [deployment, replicaset]; without this, all of them."""
    leader_election: bool = True
    """Whether one replica of a component works at a time; if not, all of them do."""


@attrs.frozen
class Bounds:
    """From when on a run counts as restless (LIVE-01 to LIVE-03): a small scenario may demand more than the defaults, which are for clusters of all sizes."""

    steps_at_once: Positive | None = None
    """How many steps may pass without time passing."""
    undisturbed: Positive | None = None
    """After how many steps that nobody disturbed it is first watched whether the run goes in circles."""
    writes: Positive | None = None
    """How often a process may write the same object between two causes."""


@attrs.frozen
class Expectation:
    """What must hold once the cluster is quiet: so many objects of a resource, each of them with these values in these fields."""

    resource: ResourceName
    namespace: str = "default"
    """The namespace to look in; "" for all of them."""
    name: str = ""
    selector: LabelSelector = ""
    count: Natural | None = None
    """How many objects there are."""
    fields: dict[FieldPath, Any] = attrs.Factory(dict)
    """What each of them has: path → value (null: nothing there)."""


@attrs.frozen
class Spec:
    """The body of a scenario."""

    nodes: list[NodeGroup] = attrs.Factory(lambda: [NodeGroup(count=3)])
    """Groups of nodes; without any, those of the dumps, and if there are none either, three default ones (4 CPU, 8Gi, 110 pods)."""
    given: list[Step] | None = None
    """What was done before the beginning: the run starts when these steps are done and the cluster is quiet ([]: a cluster at rest; without this,
    one that is just being switched on)."""
    users: dict[UserName, list[Step]] = attrs.Factory(dict)
    """Name → script: what this user does, one step after the other."""
    behaviours: list[Behaviour] = attrs.Factory(list)
    """What containers do; later rules override earlier ones."""
    dumps: list[str] = attrs.Factory(list)
    """Files with the objects of the beginning (`kubectl get … -o yaml`), relative to the scenario."""
    objects: list[Manifest] = attrs.Factory(list)
    """Objects of the beginning, as they are: no admission happens."""
    components: Components = attrs.Factory(Components)
    scheduler: str | dict[str, Any] = attrs.Factory(dict)
    """A KubeSchedulerConfiguration, or the file with it, relative to the scenario; without one, the default configuration."""
    gates: dict[GateName, bool] = attrs.Factory(dict)
    """Feature gates that differ from their defaults in Kubernetes v1.36."""
    heartbeats: bool = True
    """Without them no node reports or renews its Lease, and nobody looks for those that do not: for `refk8s explore`, whose runs are short."""
    events: bool = True
    """Without them no Event is sent."""
    bounds: Bounds = attrs.Factory(Bounds)
    """Tighter bounds of liveness than the default ones."""
    epoch: Time = "2026-01-01T00:00:00Z"
    """What the clock shows at the beginning."""
    must_succeed: bool = False
    """Whether a step that the API server refuses, or that times out, fails the scenario."""
    expect: list[Expectation] = attrs.Factory(list)


@attrs.frozen
class Metadata:
    """What the scenario is called and what it shows."""

    name: ObjectName
    description: str = ""


@attrs.frozen
class Document:
    """A scenario: a cluster, what its users do, and what must come of it."""

    api_version: Literal["refk8s.dev/v1"]
    kind: Literal["Scenario"]
    metadata: Metadata
    spec: Spec = attrs.Factory(Spec)
