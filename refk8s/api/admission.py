"""Admission: what changes or refuses a request between decoding and the registry.

Pure functions on canonical documents. `admit` is the mutating half, `check` the validating half, which runs after the
registry's validation. A refusal is raised as `refk8s.api.status.Rejected`. Plugins that upstream has on by default and
that concern the kinds served: NamespaceLifecycle (`namespace_lifecycle`, because it needs only names),
TaintNodesByCondition, Priority, DefaultTolerationSeconds, RuntimeClass, PodTopologyLabels, in upstream's order.
Source: plugin/pkg/admission/{nodetaint,priority,defaulttolerationseconds,runtimeclass,podtopologylabels};
apiserver/pkg/admission/plugin/namespace/lifecycle; pkg/kubeapiserver/options/plugins.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Protocol

import attrs

from refk8s.api.default.sharing import with_missing, with_value
from refk8s.api.status import Rejected, cause, forbidden, go_quote, not_found

__all__ = ["Lister", "admit", "admit_binding", "check", "check_resize", "namespace_lifecycle"]

Doc = dict[str, Any]
Operation = Literal["CREATE", "UPDATE", "DELETE"]

_LATER = frozenset({"PersistentVolume", "PersistentVolumeClaim", "Ingress"})
"""Kinds whose plugins are loaded when one of them is first written."""
IMMORTAL = frozenset({"default", "kube-system", "kube-public"})
"""The namespaces that cannot be deleted."""

_NOT_READY, _UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
_TOLERATION_S = 300
_TOPOLOGY = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")


class Lister(Protocol):
    """What admission sees of other objects: the API server's informer caches."""

    def get(self, kind: str, namespace: str, name: str) -> Doc | None:
        """The object; None if there is none. The namespace of cluster-scoped kinds is ""."""

    def list(self, kind: str) -> Iterable[Doc]:
        """All objects of a kind, by name."""


def admit(kind: str, operation: Operation, doc: Doc, lookup: Lister, old: Doc | None = None) -> Doc:
    """The document as admission leaves it. `old` is the stored object on UPDATE.

    Raises Rejected (403) where a plugin refuses.
    """
    if kind == "Node" and operation == "CREATE":
        return _tainted(doc)
    if kind in _LATER:
        from refk8s.api.admission_further import admit_further

        return admit_further(kind, operation, doc, lookup)
    if kind != "Pod" or operation == "DELETE":
        return doc
    if operation == "CREATE":
        doc = _prioritised(doc, lookup)
        doc = _tolerant(doc)
        _refuse_runtime_class(doc)
        return _located(doc, lookup)
    return _tolerant(_same_priority(doc, old) if old is not None else doc)


def check(kind: str, operation: Operation, doc: Doc, lookup: Lister) -> None:
    """What admission refuses after validation. Raises Rejected (403)."""
    if kind == "Pod" and operation == "CREATE" and doc["spec"].get("overhead"):
        why = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
        raise Rejected(forbidden("", "pods", _name(doc), why))
    if kind != "PriorityClass" or operation == "DELETE" or not doc.get("globalDefault"):
        return
    default = _default_class(lookup)
    if default is None:
        return
    name = default["metadata"]["name"]
    if operation == "CREATE" or name != doc["metadata"].get("name"):
        why = f"PriorityClass {name} is already marked as default. Only one default can exist"
        raise Rejected(forbidden("scheduling.k8s.io", "priorityclasses", _name(doc), why))


def check_resize(new: Doc, old: Doc, lookup: Lister) -> None:
    """PersistentVolumeClaimResize: what a claim may grow. Raises Rejected (403)."""
    from refk8s.api import admission_further

    admission_further.check_resize(new, old, lookup)


def admit_binding(binding: Doc, lookup: Lister) -> Doc:
    """A Binding that carries the topology labels of its node; the registry copies them to the pod."""
    target = binding.get("target") or {}
    node = lookup.get("Node", "", target.get("name") or "") if target.get("kind") == "Node" else None
    return _with_topology(binding, node)


def namespace_lifecycle(
    group: str, resource: str, operation: Operation, namespace: str, doc: Doc | None, lookup: Lister, name: str = ""
) -> None:
    """Refuses writes into missing namespaces, creations in ending ones, and the end of the immortal ones.

    `namespace` is that of the request, "" for cluster-scoped resources. Raises Rejected (404 or 403).
    """
    if resource == "namespaces" and not group:
        if operation == "DELETE" and name in IMMORTAL:
            raise Rejected(forbidden("", "namespaces", name, "this namespace may not be deleted"))
        return
    if not namespace or operation == "DELETE":
        return
    home = lookup.get("Namespace", "", namespace)
    if home is None:
        raise Rejected(not_found("", "namespaces", namespace))
    if operation == "CREATE" and (home.get("status") or {}).get("phase") == "Terminating":
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        error = forbidden(group, resource, name or _name(doc or {}), why)
        message = f"namespace {namespace} is being terminated"
        causes = [cause("NamespaceTerminating", message, "metadata.namespace")]
        raise Rejected(attrs.evolve(error, details={**(error.details or {}), "causes": causes}))


def _name(doc: Doc) -> str:
    """The name that a refusal shows: names are generated only after admission."""
    metadata = doc.get("metadata") or {}
    return metadata.get("name") or metadata.get("generateName") or "Unknown"


def _refusal(pod: Doc, why: str) -> Rejected:
    return Rejected(forbidden("", "pods", _name(pod), why))


def _tainted(node: Doc) -> Doc:
    """TaintNodesByCondition: a new node is not ready until it says so."""
    spec = node.get("spec") or {}
    taints = spec.get("taints") or []
    if any(taint["key"] == _NOT_READY and taint["effect"] == "NoSchedule" for taint in taints):
        return node
    return {**node, "spec": {**spec, "taints": [*taints, {"key": _NOT_READY, "effect": "NoSchedule"}]}}


def _prioritised(pod: Doc, lookup: Lister) -> Doc:
    """Priority: the class (or the default one) sets the priority, which the pod may not contradict."""
    spec = pod["spec"]
    name = spec.get("priorityClassName") or ""
    value = 0
    policy: str | None = "PreemptLowerPriority"
    found = lookup.get("PriorityClass", "", name) if name else _default_class(lookup)
    if name and found is None:
        raise _refusal(pod, f"no PriorityClass with name {name} was found")
    if found is not None:
        name, value, policy = found["metadata"]["name"], found["value"], found.get("preemptionPolicy")
    if spec.get("priority", value) != value:
        why = (
            f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; priority admission "
            f"controller computed {value} from the given PriorityClass name"
        )
        raise _refusal(pod, why)
    if policy is not None and spec.get("preemptionPolicy", policy) != policy:
        why = (
            f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be provided in pod spec; "
            f"priority admission controller computed {policy} from the given PriorityClass name"
        )
        raise _refusal(pod, why)
    computed = {"priorityClassName": name, "priority": value, "preemptionPolicy": policy}
    return with_value(pod, "spec", with_missing(spec, {k: v for k, v in computed.items() if v not in ("", None)}))


def _same_priority(pod: Doc, old: Doc) -> Doc:
    """Priority, on updates: what an older client leaves out stays."""
    kept = {key: old["spec"][key] for key in ("priority", "preemptionPolicy") if key in old["spec"]}
    spec = with_missing(pod["spec"], kept)
    return pod if spec is pod["spec"] else {**pod, "spec": spec}


def _default_class(lookup: Lister) -> Doc | None:
    """The global default; of several the one of the lowest value."""
    classes = [found for found in lookup.list("PriorityClass") if found.get("globalDefault")]
    return min(classes, key=lambda found: found["value"]) if classes else None


def _tolerant(pod: Doc) -> Doc:
    """DefaultTolerationSeconds: a pod outlives its node's troubles for five minutes unless it says otherwise."""
    spec = pod["spec"]
    tolerations = spec.get("tolerations") or []
    missing = [key for key in (_NOT_READY, _UNREACHABLE) if not _tolerates(tolerations, key)]
    if not missing:
        return pod
    added = [
        {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _TOLERATION_S} for key in missing
    ]
    return {**pod, "spec": {**spec, "tolerations": [*tolerations, *added]}}


def _tolerates(tolerations: list[Doc], key: str) -> bool:
    return any(t.get("key", key) == key and t.get("effect", "NoExecute") == "NoExecute" for t in tolerations)


def _refuse_runtime_class(pod: Doc) -> None:
    """RuntimeClass: a pod that names one is refused.

    DEVIATES: upstream looks the class up; here none is ever found, because the kind is not served.
    """
    name = pod["spec"].get("runtimeClassName")
    if name is not None:
        raise _refusal(pod, f"pod rejected: RuntimeClass {go_quote(name)} not found")


def _located(pod: Doc, lookup: Lister) -> Doc:
    """PodTopologyLabels, for a pod that is created on a node."""
    name = pod["spec"].get("nodeName")
    return _with_topology(pod, lookup.get("Node", "", name)) if name else pod


def _with_topology(doc: Doc, node: Doc | None) -> Doc:
    found = (node or {}).get("metadata", {}).get("labels") or {}
    copied = {key: found[key] for key in _TOPOLOGY if key in found}
    if not copied:
        return doc
    metadata = doc.get("metadata") or {}
    return {**doc, "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), **copied}}}
