"""A cluster as the scheduler sees it, made from a dump, and pods that are to run in it.

The pods go through the model's own API server, as if they were created: defaults, priority classes, merged label keys and validation are its, and so are the
texts of what it refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import attrs

from refk8s.api.rest import Api, genesis
from refk8s.api.restore import restore
from refk8s.api.store import Store
from refk8s.core.errors import Refk8sError
from refk8s.core.model import Occasion
from refk8s.core.wire import Request
from refk8s.kinds.codec import view
from refk8s.kinds.pod import Pod
from refk8s.schedule.dump import Document, Dump
from refk8s.schedule.objects import misform, naming, node_of, pod_of
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.nodeinfo import PodInfo
from refk8s.scheduler.snapshot import Snapshot

__all__ = ["Cluster", "admitted", "blaming", "cluster_of"]

NOW_MS: Final = 1_767_225_600_000
TERMINAL: Final = ("Succeeded", "Failed")


@attrs.frozen(eq=False)
class Cluster:
    """A snapshot of the nodes; the pods that wait, in the order of the dump; and what the API server knows when it admits pods."""

    snapshot: Snapshot
    waiting: tuple[PodInfo, ...]
    store: Store
    notes: tuple[str, ...] = ()
    """What a reader of the answer should know."""

    def nominated(self) -> dict[str, tuple[PodInfo, ...]]:
        """Node → the waiting pods that are nominated to it."""
        found: dict[str, tuple[PodInfo, ...]] = {}
        for pod in self.waiting:
            node = pod.pod.status.nominated_node_name
            if node:
                found[node] = (*found.get(node, ()), pod)
        return found


def cluster_of(dump: Dump) -> Cluster:
    """The cluster of a dump. Raises Refk8sError for objects that no cluster could have."""
    if not dump.of("Node"):
        raise Refk8sError("the dump has no Node; add what `kubectl get nodes -o yaml` prints (--cluster)")
    with blaming(dump):
        return _cluster(dump)


@contextmanager
def blaming(dump: Dump) -> Iterator[None]:
    """Whatever goes wrong inside for an object of the wrong form becomes a Refk8sError that names it, with the API server's words."""
    try:
        yield
    except Refk8sError:
        raise
    except Exception as error:  # objects are read without looking at every field: find out now whose fault it is
        for kind, objects in dump.objects.items():
            for key, document in objects.items():
                if wrong := misform(kind, document):
                    raise Refk8sError(f"{kind} {key.removeprefix('/')}: {wrong}") from None
        raise Refk8sError(f"the dump is not of the form that the API gives it ({error})") from None


def _cluster(dump: Dump) -> Cluster:
    nodes = [node_of(document) for document in dump.of("Node")]
    pods = [pod_of(document) for document in dump.of("Pod")]
    listers = Listers.of(
        dump.of("Namespace"),
        dump.of("Service"),
        dump.of("ReplicaSet"),
        dump.of("StatefulSet"),
        dump.of("ReplicationController"),
        dump.of("PodDisruptionBudget"),
    )
    alive = [pod for pod in pods if pod.pod.status.phase not in TERMINAL]
    snapshot = Snapshot.of(nodes, [pod for pod in alive if pod.pod.spec.node_name], listers)
    waiting = tuple(pod for pod in alive if not pod.pod.spec.node_name and not pod.terminating)
    return Cluster(snapshot, waiting, _store(dump), _notes(dump, alive))


def _notes(dump: Dump, pods: list[PodInfo]) -> tuple[str, ...]:
    notes = []
    known = {document["metadata"]["name"] for document in dump.of("Namespace")}
    if not known:
        notes.append("the dump has no Namespace: all of them count as without labels")
    lost = sum(1 for pod in pods if pod.pod.spec.node_name and f"/{pod.pod.spec.node_name}" not in dump.objects["Node"])
    if lost:
        notes.append(f"{lost} pods are on nodes that the dump does not have; they count nowhere")
    bare = [d["metadata"]["name"] for d in dump.of("Node") if not (d.get("status") or {}).get("allocatable")]
    if bare:
        more = f" and {len(bare) - 3} more" if len(bare) > 3 else ""
        notes.append(f"no allocatable on {', '.join(bare[:3])}{more}: nothing fits there, as for the real scheduler")
    return tuple(notes)


def _store(dump: Dump) -> Store:
    """What admission looks at: namespaces and priority classes."""
    store = genesis(Api(), NOW_MS)
    kept = [
        {**document, "apiVersion": version, "kind": kind}
        for kind, version in (("Namespace", "v1"), ("PriorityClass", "scheduling.k8s.io/v1"))
        for document in dump.of(kind)
    ]
    return restore(store, kept, NOW_MS)


# ---------------------------------------------------------------- pods that are to be scheduled


def admitted(documents: Iterable[Document], cluster: Cluster, namespace: str) -> list[PodInfo]:
    """The pods as the API server would store them. Raises Refk8sError with its words for those that it refuses.

    A pod that was read from a cluster is stored already, and taken as it is.
    """
    api, store, found = Api(), cluster.store, []
    for number, document in enumerate(documents):
        with naming(number + 1, document):
            metadata = document.get("metadata") or {}
            space = metadata.get("namespace") or namespace
            if _is_stored(document):
                if wrong := misform("Pod", document):
                    raise Refk8sError(f"object {number + 1} (Pod {metadata.get('name') or 'without a name'}): {wrong}")
                found.append(pod_of({**document, "metadata": {"name": "unnamed", **metadata, "namespace": space}}))
                continue
            store = _with_namespace(store, space)
            body = {**document, "metadata": {**metadata, "namespace": space}}
            occasion = Occasion(NOW_MS + number, "kubectl", "user/you", "kube-apiserver", -1, store.collection)
            name = metadata.get("name") or metadata.get("generateName") or "?"
            store, response, _ = api.serve(store, Request("create", "pods", space, "", "", body), occasion)
            if not response.ok:
                why = response.message or response.reason
                raise Refk8sError(f"Pod {space}/{name}: the API server refuses it: {why}")
            found.append(PodInfo.of(_as_given(response.obj.view(Pod), body)))
    return found


def _is_stored(document: Document) -> bool:
    """Whether the pod was read from a cluster, or is written as it is there: it has what only admission gives it.

    DEVIATES: the API server refuses a new pod with a priority, preemptionPolicy or overhead that no class gives it, or with matchLabelKeys that are merged
    already; here it is taken for one after admission, because so are recorded ones.
    """
    metadata, spec = document.get("metadata") or {}, document.get("spec")
    if metadata.get("uid") or metadata.get("resourceVersion") or document.get("status"):
        return True
    if not isinstance(spec, dict):
        return False
    given = [field for field in ("priority", "preemptionPolicy") if spec.get(field) is not None]
    if (given and not spec.get("priorityClassName")) or (spec.get("overhead") and not spec.get("runtimeClassName")):
        return True
    return any(_is_merged(each) for each in _with_label_keys(spec))


def _with_label_keys(value: Any) -> Iterator[Mapping[str, Any]]:
    """The spread constraints and affinity terms below something that have label keys to be merged."""
    if isinstance(value, dict):
        if value.get("matchLabelKeys") or value.get("mismatchLabelKeys"):
            yield value
        for name in ("affinity", "podAffinity", "podAntiAffinity", "podAffinityTerm", "topologySpreadConstraints"):
            yield from _with_label_keys(value.get(name))
        for mode in ("required", "preferred"):
            yield from _with_label_keys(value.get(f"{mode}DuringSchedulingIgnoredDuringExecution"))
    elif isinstance(value, list):
        for item in value:
            yield from _with_label_keys(item)


def _is_merged(term: Mapping[str, Any]) -> bool:
    """Whether the selector has the label keys already."""
    selector = term.get("labelSelector") or {}
    there = {expression.get("key") for expression in selector.get("matchExpressions") or ()}
    return bool(there & {*(term.get("matchLabelKeys") or ()), *(term.get("mismatchLabelKeys") or ())})


def _as_given(pod: Pod, document: Document) -> Pod:
    """The admitted pod with no other tolerations than those it came with.

    DEVIATES: admission lets every pod stay for five minutes on nodes that are not ready or unreachable, because the recordings are without that; a real
    node that has such a NoExecute taint has the NoSchedule one besides.
    """
    tolerations = view(Pod, {"spec": {"tolerations": (document.get("spec") or {}).get("tolerations")}}).spec.tolerations
    return attrs.evolve(pod, spec=attrs.evolve(pod.spec, tolerations=tolerations))


def _with_namespace(store: Store, name: str) -> Store:
    if store.get("namespaces", name) is not None:
        return store
    document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "status": {"phase": "Active"}}
    return restore(store, [document], NOW_MS)
