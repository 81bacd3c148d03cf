"""What if: changes of a cluster in a few words, made before pods are scheduled.

drain NODE · cordon NODE · uncordon NODE · remove node NODE · add node NAME like NODE · add COUNT nodes like NODE ·
add taint KEY[=VALUE]:EFFECT to NODE · remove taint KEY[=VALUE][:EFFECT] [from NODE] · label node NODE KEY=VALUE · remove pod NAMESPACE/NAME
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import attrs

from refk8s.core.errors import Refk8sError
from refk8s.kinds.meta import controller_of
from refk8s.kinds.node import Node
from refk8s.kinds.pod import Pod, PodStatus
from refk8s.kinds.toleration import NO_EXECUTE, Taint, tolerated
from refk8s.schedule.cluster import Cluster
from refk8s.scheduler.budgets import by_violation
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo

__all__ = ["FORMS", "apply", "made_again"]

EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")
HOSTNAME: Final = "kubernetes.io/hostname"
CORDONED: Final = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")
"""What the node lifecycle controller taints a node with while it is cordoned. Source: pkg/controller/nodelifecycle, doNoScheduleTaintingPass."""

OF_CONDITIONS: Final = frozenset(
    f"node.kubernetes.io/{state}"
    for state in (
        "unschedulable",
        "not-ready",
        "unreachable",
        "memory-pressure",
        "disk-pressure",
        "pid-pressure",
        "network-unavailable",
    )
)
"""Keys of the taints that say how one node is at the moment; a new node like it is well."""

FORMS: Final = (
    "drain NODE",
    "cordon NODE",
    "uncordon NODE",
    "remove node NODE",
    "add node NAME like NODE",
    "add COUNT nodes like NODE",
    "add taint KEY[=VALUE]:EFFECT to NODE",
    "remove taint KEY[=VALUE][:EFFECT] [from NODE]",
    "label node NODE KEY=VALUE",
    "remove pod NAMESPACE/NAME",
)
"""What can be said."""


@attrs.frozen(eq=False)
class Changed:
    """A cluster after a change; the pods that have to find another node; remarks."""

    cluster: Cluster
    homeless: tuple[PodInfo, ...] = ()
    notes: tuple[str, ...] = ()


def apply(cluster: Cluster, changes: Iterable[str]) -> Changed:
    """Make changes one after the other. Raises Refk8sError for one that is no change, or about a node that is not there."""
    homeless: tuple[PodInfo, ...] = ()
    notes: tuple[str, ...] = ()
    for text in changes:
        changed = _change(cluster, " ".join(text.split()))
        cluster = changed.cluster
        homeless, notes = (*homeless, *changed.homeless), (*notes, *changed.notes)
    return Changed(cluster, homeless, notes)


def made_again(pod: PodInfo) -> PodInfo | None:
    """The pod that a controller makes in place of one that was evicted; None if there is no controller that would."""
    owner = controller_of(pod.pod.metadata)
    if owner is None or owner.kind in ("Node", "DaemonSet"):
        return None
    metadata = attrs.evolve(pod.pod.metadata, uid=f"{pod.uid or pod.key}/again", deletion_timestamp="")
    spec = attrs.evolve(pod.pod.spec, node_name="")
    return PodInfo.of(Pod(metadata, spec, PodStatus(phase="Pending")))


def _change(cluster: Cluster, text: str) -> Changed:
    for pattern, change in _CHANGES:
        found = re.fullmatch(pattern, text)
        if found is not None:
            return change(cluster, *found.groups())
    raise Refk8sError(f"--what-if {text!r}: not understood; what can be said: {'; '.join(FORMS)}")


# ---------------------------------------------------------------- changes


def _drain(cluster: Cluster, name: str) -> Changed:
    node = _node(cluster, name)
    cordoned = _cordon(cluster, name).cluster
    staying = [pod for pod in node.pods if _stays(pod)]
    leaving = [pod for pod in node.pods if not _stays(pod)]
    snapshot = cordoned.snapshot
    for pod in leaving:
        snapshot = snapshot.without_pod(pod.key, name)
    again = tuple(made for pod in leaving if (made := made_again(pod)) is not None)
    notes = [f"drain {name}: {len(leaving)} pods leave, {len(again)} of them are made again, {len(staying)} stay"]
    violating, _ = by_violation(leaving, tuple(cluster.snapshot.listers.budgets.values()))
    if violating:
        names = ", ".join(f"{pod.namespace}/{pod.name}" for pod in violating[:3])
        more = f" and {len(violating) - 3} more" if len(violating) > 3 else ""
        notes.append(f"drain {name}: disruption budgets would hold back {names}{more} for a while")
    lost = [pod for pod in leaving if controller_of(pod.pod.metadata) is None]
    if lost:
        names = ", ".join(f"{pod.namespace}/{pod.name}" for pod in lost[:3])
        notes.append(f"drain {name}: no controller makes {names} again; kubectl drain asks for --force")
    return Changed(attrs.evolve(cordoned, snapshot=snapshot), again, tuple(notes))


def _remove_node(cluster: Cluster, name: str) -> Changed:
    node = _node(cluster, name)
    snapshot = cluster.snapshot
    for pod in node.pods:
        snapshot = snapshot.without_pod(pod.key, name)
    again = tuple(made for pod in node.pods if (made := made_again(pod)) is not None)
    note = f"remove node {name}: {len(node.pods)} pods go with it, {len(again)} of them are made again"
    return Changed(attrs.evolve(cluster, snapshot=snapshot.without_node(name)), again, (note,))


def _cordon(cluster: Cluster, name: str) -> Changed:
    return _spec(cluster, name, unschedulable=True, taints=(*_uncordoned(cluster, name), CORDONED))


def _uncordon(cluster: Cluster, name: str) -> Changed:
    return _spec(cluster, name, unschedulable=False, taints=_uncordoned(cluster, name))


def _uncordoned(cluster: Cluster, name: str) -> tuple[Taint, ...]:
    """The node's taints without that of cordoned nodes."""
    taints = _node(cluster, name).node.spec.taints
    return tuple(taint for taint in taints if (taint.key, taint.effect) != (CORDONED.key, CORDONED.effect))


def _add_node(cluster: Cluster, name: str, like: str) -> Changed:
    model = _node(cluster, like).node
    if cluster.snapshot.node(name) is not None:
        raise Refk8sError(f"--what-if: there is a node {name} already; give the new one another name")
    labels = {**model.metadata.labels}
    if HOSTNAME in labels:
        labels[HOSTNAME] = name
    metadata = attrs.evolve(model.metadata, name=name, uid="", labels=labels)
    status = attrs.evolve(model.status, images=())
    taints = tuple(taint for taint in model.spec.taints if taint.key not in OF_CONDITIONS)
    fresh = Node(metadata, attrs.evolve(model.spec, unschedulable=False, taints=taints), status)
    return Changed(attrs.evolve(cluster, snapshot=cluster.snapshot.with_node(fresh)))


def _add_nodes(cluster: Cluster, count: str, like: str) -> Changed:
    changed = Changed(cluster)
    number = 0
    for _ in range(int(count)):
        number += 1
        while changed.cluster.snapshot.node(f"{like}-copy-{number}") is not None:
            number += 1
        changed = _add_node(changed.cluster, f"{like}-copy-{number}", like)
    return changed


def _add_taint(cluster: Cluster, key: str, value: str | None, effect: str, name: str) -> Changed:
    if effect not in EFFECTS:
        raise Refk8sError(f"--what-if: no taint has the effect {effect!r}; expected one of {', '.join(EFFECTS)}")
    node, taint = _node(cluster, name), Taint(key=key, value=value or "", effect=effect)
    others = tuple(t for t in node.node.spec.taints if (t.key, t.effect) != (key, effect))
    tainted = _spec(cluster, name, taints=(*others, taint)).cluster
    if effect != NO_EXECUTE:
        return Changed(tainted)
    leaving = [pod for pod in node.pods if not tolerated(pod.pod.spec.tolerations, taint)]
    snapshot = tainted.snapshot
    for pod in leaving:
        snapshot = snapshot.without_pod(pod.key, name)
    again = tuple(made for pod in leaving if (made := made_again(pod)) is not None)
    note = (
        f"taint {key} on {name}: {len(leaving)} pods do not tolerate it and leave, {len(again)} of them are made again"
    )
    return Changed(attrs.evolve(tainted, snapshot=snapshot), again, (note,))


def _remove_taint(cluster: Cluster, key: str, value: str | None, effect: str | None, name: str | None) -> Changed:
    def goes(taint: Taint) -> bool:
        return (
            taint.key == key and (value is None or taint.value == value) and (effect is None or taint.effect == effect)
        )

    nodes = [_node(cluster, name)] if name else cluster.snapshot.nodes()
    touched = [node for node in nodes if any(goes(taint) for taint in node.node.spec.taints)]
    if not touched:
        raise Refk8sError(f"--what-if: {name or 'no node'} {'does not have' if name else 'has'} the taint {key}")
    for node in touched:
        left = tuple(taint for taint in node.node.spec.taints if not goes(taint))
        cluster = _spec(cluster, node.name, taints=left).cluster
    return Changed(cluster, (), (f"remove taint {key}: from {len(touched)} nodes",))


def _label(cluster: Cluster, name: str, key: str, value: str) -> Changed:
    node = _node(cluster, name).node
    labels = {**node.metadata.labels, key: value}
    changed = attrs.evolve(node, metadata=attrs.evolve(node.metadata, labels=labels))
    return Changed(attrs.evolve(cluster, snapshot=cluster.snapshot.with_node(changed)))


def _remove_pod(cluster: Cluster, namespace: str, name: str) -> Changed:
    for node in cluster.snapshot.nodes():
        for pod in node.pods:
            if (pod.namespace, pod.name) == (namespace, name):
                return Changed(attrs.evolve(cluster, snapshot=cluster.snapshot.without_pod(pod.key, node.name)))
    raise Refk8sError(f"--what-if: no pod {namespace}/{name} runs on a node of the dump")


_TAINT: Final = r"([^\s=:]+)(?:=([^\s:]*))?"
_CHANGES: Final[tuple[tuple[str, Callable[..., Changed]], ...]] = (
    (r"drain (?:node )?(\S+)", _drain),
    (r"cordon (?:node )?(\S+)", _cordon),
    (r"uncordon (?:node )?(\S+)", _uncordon),
    (r"remove node (\S+)", _remove_node),
    (r"add node (\S+) like (\S+)", _add_node),
    (r"add ([1-9]\d{0,4}) nodes? like (\S+)", _add_nodes),
    (r"add taint " + _TAINT + r":(\S+) to (?:node )?(\S+)", _add_taint),
    (r"remove taint " + _TAINT + r"(?::(\S+))?(?: from (?:node )?(\S+))?", _remove_taint),
    (r"label node (\S+) ([^\s=]+)=(\S*)", _label),
    (r"remove pod ([^\s/]+)/(\S+)", _remove_pod),
)


# ---------------------------------------------------------------- parts


def _node(cluster: Cluster, name: str) -> NodeInfo:
    node = cluster.snapshot.node(name)
    if node is None:
        names = sorted(each.name for each in cluster.snapshot.nodes())
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        raise Refk8sError(f"--what-if: no node {name}; there are {shown}")
    return node


def _spec(cluster: Cluster, name: str, **fields: Any) -> Changed:
    node = _node(cluster, name).node
    changed = attrs.evolve(node, spec=attrs.evolve(node.spec, **fields))
    return Changed(attrs.evolve(cluster, snapshot=cluster.snapshot.with_node(changed)))


def _stays(pod: PodInfo) -> bool:
    owner = controller_of(pod.pod.metadata)
    return owner is not None and owner.kind in ("Node", "DaemonSet")
