"""The arguments of every verb of a user's script, as classes: scenarios are checked against them when they are read, and their JSON Schema is made of them.

The texts under the fields are the descriptions in the schema. The classes have no `==` and `repr`: nobody needs them, and making them takes time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import attrs

from .forms import Duration, FieldPath, Form, Natural, ObjectName, Positive, ResourceName
from .manifests import check_manifest

Manifest = Annotated[
    dict[str, Any],
    Form(
        "manifest",
        check_manifest,
        {
            "type": "object",
            "required": ["apiVersion", "kind"],
            "description": "A Kubernetes object of a kind that is served.",
        },
    ),
]


@attrs.frozen(eq=False, repr=False)
class Manifests:
    """`kubectl create -f`."""

    documents: list[Manifest] = attrs.Factory(list)
    """The objects."""
    files: list[str] = attrs.Factory(list)
    """Files and directories with objects, relative to the scenario; they are read when the scenario is."""
    namespace: ObjectName = "default"
    """The namespace of those that name none."""


@attrs.frozen(eq=False, repr=False)
class Apply(Manifests):
    """`kubectl apply -f`."""

    server_side: bool = False
    """The API server merges; fields of others are conflicts."""
    force_conflicts: bool = False
    """Take the fields of others."""
    field_manager: str = "kubectl"
    """Who applies, of a server-side apply."""


@attrs.frozen(eq=False, repr=False)
class List:
    """`kubectl get -o name`, page by page."""

    resource: ResourceName
    namespace: ObjectName = "default"
    chunk_size: Positive = 500
    """Objects in a page."""


@attrs.frozen(eq=False, repr=False)
class Delete:
    """`kubectl delete`."""

    resource: ResourceName
    name: str
    namespace: ObjectName = "default"
    grace_period_seconds: Natural | None = None
    """Seconds that pods get to end."""
    cascade: Literal["background", "foreground", "orphan"] = "background"
    """What happens to the dependents."""


@attrs.frozen(eq=False, repr=False)
class Scale:
    """`kubectl scale`."""

    resource: ResourceName
    name: str
    replicas: int
    namespace: ObjectName = "default"


@attrs.frozen(eq=False, repr=False)
class Patch:
    """`kubectl patch`."""

    resource: ResourceName
    name: str
    patch: dict[str, Any] | list[dict[str, Any]]
    """The patch: a map, or a list of operations with `type: json`."""
    namespace: ObjectName = "default"
    type: Literal["strategic", "merge", "json"] = "strategic"
    subresource: Literal["", "status", "scale"] = ""


@attrs.frozen(eq=False, repr=False)
class Label:
    """`kubectl label --overwrite`; null takes a label away."""

    resource: ResourceName
    name: str
    labels: dict[str, str | None]
    namespace: ObjectName = "default"


@attrs.frozen(eq=False, repr=False)
class Annotate:
    """`kubectl annotate --overwrite`; null takes an annotation away."""

    resource: ResourceName
    name: str
    annotations: dict[str, str | None]
    namespace: ObjectName = "default"


@attrs.frozen(eq=False, repr=False)
class SetImage:
    """`kubectl set image`."""

    resource: ResourceName
    name: str
    container: str
    image: str
    namespace: ObjectName = "default"


@attrs.frozen(eq=False, repr=False)
class Rollout:
    """`kubectl rollout` on a Deployment."""

    do: Literal["pause", "resume", "restart", "undo"]
    name: str
    namespace: ObjectName = "default"
    to_revision: Positive | None = None
    """The revision that `undo` goes back to; without it the one before."""


@attrs.frozen(eq=False, repr=False)
class NodeName:
    """`kubectl cordon` and `kubectl uncordon`, and the power button of a node."""

    name: str


@attrs.frozen(eq=False, repr=False)
class Taint:
    """A taint of a node."""

    key: str
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]
    value: str = ""


@attrs.frozen(eq=False, repr=False)
class TaintNode:
    """`kubectl taint --overwrite`."""

    name: str
    taints: list[Taint]
    remove: bool = False
    """Take the taints of these keys and effects away."""


@attrs.frozen(eq=False, repr=False)
class Wait:
    """`kubectl wait`: until an object is there, or gone, or has a value in a field."""

    resource: ResourceName
    name: str
    namespace: ObjectName = "default"
    field: FieldPath | None = None
    value: Any = None
    """What the field must be."""
    gone: bool = False
    timeout: Duration = "30s"


@attrs.frozen(eq=False, repr=False)
class Increment:
    """Read an object, add 1 to a number in it, write it back, `times` times: a read-modify-write client."""

    resource: ResourceName
    name: str
    field: FieldPath
    namespace: ObjectName = "default"
    times: Natural = 1
    unconditional: bool = False
    """Write without the resourceVersion that was read: the last writer wins."""
    retry: bool = True
    """Read again after a conflict; if not, the increment is given up."""


@attrs.frozen(eq=False, repr=False)
class Compact:
    """`etcdctl compact`: forget all history but the last `keep` revisions."""

    keep: Natural = 0


ARGUMENTS: Final[Mapping[str, Any]] = {
    "apply": Apply,
    "create": Manifests,
    "list": List,
    "delete": Delete,
    "scale": Scale,
    "patch": Patch,
    "label": Label,
    "annotate": Annotate,
    "setImage": SetImage,
    "rollout": Rollout,
    "cordon": NodeName,
    "uncordon": NodeName,
    "taint": TaintNode,
    "sleep": Duration,
    "wait": Wait,
    "increment": Increment,
    "stopNode": NodeName,
    "startNode": NodeName,
    "compact": Compact,
}
"""The type of the arguments by verb: a class, or a form for a verb with one value."""
