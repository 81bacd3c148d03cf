"""Nodes and pods from documents: what no API server would let through is refused, with its words and the object's name."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from refk8s.api.default import read as decoded
from refk8s.api.default.decode import DecodeError
from refk8s.core.errors import Refk8sError
from refk8s.kinds.codec import view
from refk8s.kinds.meta import LabelSelector
from refk8s.kinds.node import Node
from refk8s.kinds.pod import Pod, PodSpec
from refk8s.kinds.quantity import QuantityError, parse
from refk8s.kinds.selector import SelectorError, from_object
from refk8s.schedule.dump import Document
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo

__all__ = ["misform", "naming", "node_of", "pod_of"]


@contextmanager
def naming(number: int, document: Document) -> Iterator[None]:
    """Whatever goes wrong inside for object `number` of the manifests becomes a Refk8sError that names it, with the API server's words."""
    try:
        yield
    except Refk8sError:
        raise
    except Exception as error:
        kind, metadata = str(document.get("kind")), document.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        why = misform(kind, document) or f"not of the form that the API gives it ({error})"
        raise Refk8sError(f"object {number} ({kind} {name or 'without a name'}): {why}") from None


def misform(kind: str, document: Document) -> str:
    """Return what the API server says of a document that does not fit its kind, "" if it does, or if the model does not serve the kind."""
    try:
        decoded(kind, document)
    except KeyError:
        return ""
    except DecodeError as wrong:
        return f"not of the form that the API gives it: {wrong}"
    return ""


def node_of(document: Document) -> Node:
    """Return the node of a document. Raises Refk8sError for quantities that are none, or negative."""
    where = f"Node {document['metadata']['name']}"
    _check_amounts(where, "status.allocatable", (document.get("status") or {}).get("allocatable"))
    node = view(Node, document)
    NodeInfo.of(node)
    return node


def pod_of(document: Document) -> PodInfo:
    """Return the pod of a stored document. Raises Refk8sError for quantities that are none, or negative, and selectors of a pending pod that are none."""
    metadata = document["metadata"]
    where = f"Pod {metadata.get('namespace') or 'default'}/{metadata['name']}"
    spec = document.get("spec") or {}
    if isinstance(spec, dict):
        for field in ("initContainers", "containers"):
            for i, container in enumerate(spec.get(field) or ()):
                requests = ((container or {}).get("resources") or {}).get("requests")
                _check_amounts(where, f"spec.{field}[{i}].resources.requests", requests)
        _check_amounts(where, "spec.overhead", spec.get("overhead"))
        _check_amounts(where, "spec.resources.requests", (spec.get("resources") or {}).get("requests"))
    if not metadata.get("namespace"):
        document = {**document, "metadata": {**metadata, "namespace": "default"}}
    pod = view(Pod, document)
    if not pod.spec.node_name:
        _check_selectors(where, pod)
    return PodInfo.of(pod)


def _check_selectors(where: str, pod: Pod) -> None:
    """Refuse a pending pod with a selector that is none, as the API server does: the scheduler would give it up with an error."""
    for path, selector in _selectors(pod.spec):
        try:
            from_object(selector)
        except SelectorError as error:
            raise Refk8sError(f"{where}: {path}: {error}") from None


def _selectors(spec: PodSpec) -> Iterator[tuple[str, LabelSelector | None]]:
    """The selectors of a pod's spread constraints and of its terms about other pods, with their paths."""
    for i, constraint in enumerate(spec.topology_spread_constraints):
        yield f"spec.topologySpreadConstraints[{i}].labelSelector", constraint.label_selector
    affinity = spec.affinity
    for name, of in (
        ("podAffinity", affinity and affinity.pod_affinity),
        ("podAntiAffinity", affinity and affinity.pod_anti_affinity),
    ):
        for mode, terms in (
            ("required", of.required_during_scheduling_ignored_during_execution if of else ()),
            (
                "preferred",
                tuple(w.pod_affinity_term for w in of.preferred_during_scheduling_ignored_during_execution)
                if of
                else (),
            ),
        ):
            for i, term in enumerate(terms):
                path = f"spec.affinity.{name}.{mode}DuringSchedulingIgnoredDuringExecution[{i}]"
                yield f"{path}.labelSelector", term.label_selector
                yield f"{path}.namespaceSelector", term.namespace_selector


def _check_amounts(where: str, path: str, amounts: Any) -> None:
    """Refuse quantities that are none, or negative, as the API server does."""
    if amounts is None:
        return
    if not isinstance(amounts, Mapping):
        raise Refk8sError(f"{where}: {path}: expected a map of quantities, got {amounts!r:.40}")
    for name, amount in amounts.items():
        why = _wrong(amount) if isinstance(amount, Hashable) else "a quantity is a text or a number"
        if why:
            raise Refk8sError(f"{where}: {path}[{name}]: Invalid value: {_json(amount)}: {why}")


@lru_cache(maxsize=4_096)
def _wrong(amount: Any) -> str:
    if isinstance(amount, bool) or not isinstance(amount, str | int | float):
        return "a quantity is a text or a number"
    try:
        return "must be greater than or equal to 0" if parse(str(amount)).sign() < 0 else ""
    except QuantityError as error:
        return str(error)


def _json(amount: Any) -> str:
    return f'"{amount}"' if isinstance(amount, str) else str(amount)
