"""Manifests: pods, those of controllers' templates, and what else in them scheduling looks at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import attrs

from refk8s.api.restore import restore
from refk8s.controllers.hash import compute_hash
from refk8s.core.errors import Refk8sError
from refk8s.schedule.cluster import NOW_MS, Cluster
from refk8s.schedule.dump import Document
from refk8s.schedule.objects import naming

__all__ = ["expanded"]

OWNER_KINDS: Final = ("Deployment", "ReplicaSet", "StatefulSet", "Job", "ReplicationController")
_NOT_MADE: Final = ("DaemonSet", "CronJob")
"""Kinds with a template whose pods depend on more than a number."""

Owner = tuple[str, str, Document]
"""What default spreading looks at: (apiVersion, kind, document)."""


def expanded(
    documents: Iterable[Document], cluster: Cluster, namespace: str = "default"
) -> tuple[list[Document], Cluster]:
    """The pods of manifests: as they are, or those of a controller's template as often as it has replicas.

    The cluster returned knows the controllers, services, namespaces and priority classes too; other objects have no part in scheduling and are passed over.
    Raises Refk8sError if there is no pod at all.
    """
    pods: list[Document] = []
    without: list[str] = []
    for number, document in enumerate(documents, 1):
        kind = str(document.get("kind"))
        if kind in _NOT_MADE:
            raise Refk8sError(f"object {number}: the pods of a {kind} are not made here; {_expected()}")
        with naming(number, document):
            made, cluster = _taken(kind, document, cluster, namespace)
        pods += made
        if not made:
            name = (document.get("metadata") or {}).get("name")
            has = (
                f"{kind} {name} has no replicas to schedule"
                if kind in OWNER_KINDS
                else f"{kind} has no pods to schedule"
            )
            without.append(f"object {number}: {has}; {_expected()}")
    if without and not pods:
        raise Refk8sError(without[0])
    return pods, cluster


def _expected() -> str:
    return f"expected one of {', '.join(('Pod', *OWNER_KINDS))}"


def _taken(kind: str, document: Document, cluster: Cluster, namespace: str) -> tuple[list[Document], Cluster]:
    """The pods of one object, and the cluster that knows it."""
    if kind == "Pod":
        return [document], cluster
    pods: list[Document] = []
    store, listers = cluster.store, cluster.snapshot.listers
    metadata = document.get("metadata") or {}
    placed = {**document, "metadata": {**metadata, "namespace": metadata.get("namespace") or namespace}}
    if kind in OWNER_KINDS:
        pods, owner = _replicas(kind, placed)
        listers = listers if owner is None else listers.with_owner(*owner)
    elif kind == "Service":
        listers = listers.with_service(placed)
    elif kind in ("Namespace", "PriorityClass"):
        store = restore(store, [document], NOW_MS)
        listers = listers.with_namespace(document) if kind == "Namespace" else listers
    return pods, attrs.evolve(cluster, store=store, snapshot=cluster.snapshot.with_listers(listers))


def _replicas(kind: str, document: Document) -> tuple[list[Document], Owner | None]:
    """The pods of a controller, and the owner that they get."""
    metadata, spec = document["metadata"], document.get("spec") or {}
    name, namespace = metadata.get("name") or "unnamed", metadata["namespace"]
    template = spec.get("template") or {}
    count = _count(kind, f"{kind} {namespace}/{name}", spec)
    labels, selector = dict((template.get("metadata") or {}).get("labels") or {}), spec.get("selector")
    base, version, owner_kind = name, str(document.get("apiVersion") or "v1"), kind
    if kind == "Deployment":
        suffix = compute_hash(template)
        labels["pod-template-hash"] = suffix
        wanted = (selector or {}).get("matchLabels") or {}
        selector = {**(selector or {}), "matchLabels": {**wanted, "pod-template-hash": suffix}}
        base, version, owner_kind = f"{name}-{suffix}", "apps/v1", "ReplicaSet"
    elif kind == "ReplicationController":
        selector = selector or labels
    uid = f"{owner_kind}/{base}"
    reference = {"apiVersion": version, "kind": owner_kind, "name": base, "uid": uid, "controller": True}
    made = {
        **(template.get("metadata") or {}),
        "namespace": namespace,
        "labels": labels,
        "ownerReferences": [reference],
    }
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**made, "name": f"{base}-{n}"},
            "spec": _with_claims(template.get("spec") or {}, spec.get("volumeClaimTemplates"), f"{base}-{n}"),
        }
        for n in range(count)
    ]
    if owner_kind not in ("ReplicaSet", "StatefulSet", "ReplicationController"):
        return pods, None
    owner = {"metadata": {"name": base, "namespace": namespace}, "spec": {"selector": selector}}
    return pods, (version, owner_kind, owner)


def _count(kind: str, where: str, spec: Document) -> int:
    """How many pods a controller wants at once; of a Job, no more than have to complete, and none while it is suspended."""
    counts = []
    for field in ("parallelism", "completions") if kind == "Job" else ("replicas",):
        count = spec.get(field)
        if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 0):
            raise Refk8sError(f"{where}: spec.{field}: expected a number, got {count!r}")
        counts.append(count)
    if kind == "Job" and spec.get("suspend"):
        return 0
    wanted = 1 if counts[0] is None else int(counts[0])
    return min([wanted, *(int(count) for count in counts[1:] if count is not None)])


def _with_claims(spec: Any, templates: Any, pod: str) -> Any:
    """The spec of a StatefulSet's pod, with its claims among the volumes."""
    claims = [template["metadata"]["name"] for template in templates or ()]
    if not claims:
        return spec
    others = [volume for volume in spec.get("volumes") or () if volume.get("name") not in claims]
    return {
        **spec,
        "volumes": [
            *({"name": name, "persistentVolumeClaim": {"claimName": f"{name}-{pod}"}} for name in claims),
            *others,
        ],
    }
