"""Warnings of the kinds beyond those that a running cluster always has; loaded when one of them is first asked for.

Source: WarningsOnCreate and WarningsOnUpdate under pkg/registry/*/*/strategy.go; pkg/api/{job,persistentvolume,
persistentvolumeclaim,storage}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from refk8s.api.default.workload import TEMPLATE_GENERATION
from refk8s.api.validate.errors import quote
from refk8s.api.validate.service_warnings import cidr_warnings, ip_warnings
from refk8s.api.validate.warnings import LABELS, host_name, node_term, template_warnings
from refk8s.kinds.quantity import parse

Doc = Mapping[str, Any]
Warnings = Iterator[str]

STORAGE_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_MOUNT_OPTIONS: Final = "volume.beta.kubernetes.io/mount-options"
_CLASS_ADVICE: Final = 'deprecated since v1.8; use "storageClassName" attribute instead'
_INGRESS_CLASS: Final = "kubernetes.io/ingress.class"
_MANAGED_BY: Final = "endpointslice.kubernetes.io/managed-by"
_SLICE_CONTROLLERS: Final = ("endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io")
_OLD_VOLUMES: Final = {
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}


def on_create(kind: str, doc: Doc) -> Warnings:
    """The warnings of a valid new object."""
    spec, name = doc.get("spec") or {}, doc["metadata"].get("name") or ""
    if kind in ("Job", "CronJob", "ReplicationController"):
        yield from host_name(name, "Pod names and hostnames")
    if kind == "EndpointSlice" and doc.get("addressType") == "FQDN":
        yield "spec.addressType: FQDN endpoints are deprecated"
    if (
        kind == "Ingress"
        and _INGRESS_CLASS in (doc["metadata"].get("annotations") or {})
        and spec.get("ingressClassName") is None
    ):
        yield f"annotation {quote(_INGRESS_CLASS)} is deprecated, please use 'spec.ingressClassName' instead"
    if kind == "ResourceQuota":
        yield from _quota(spec.get("hard") or {})
    yield from _both(kind, doc, fresh=True, claim="spec.volumeClaimTemplates[{}]")


def on_update(kind: str, new: Doc, old: Doc) -> Warnings:
    """The warnings of a valid changed object."""
    if kind == "DaemonSet":
        grown = _annotation(new, TEMPLATE_GENERATION) != _annotation(old, TEMPLATE_GENERATION)
    else:
        grown = new["metadata"].get("generation") != old["metadata"].get("generation")
    told = old if kind == "ReplicationController" else new  # upstream takes the old template for the new one
    yield from _both(kind, told, fresh=grown, claim="spec.volumeClaimTemplates[{}].Spec")
    if kind == "CronJob" and "TZ" in (new["spec"].get("schedule") or ""):
        where = "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"
        yield f"cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see {where} for more details"


def on_status_update(kind: str, new: Doc) -> Warnings:
    """The warnings of a valid changed status."""
    if kind == "Ingress":
        ingress = ((new.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
        for i, entry in enumerate(ingress):
            if entry.get("ip"):
                yield from ip_warnings(entry["ip"], f"status.loadBalancer.ingress[{i}]")


def _annotation(doc: Doc, key: str) -> str | None:
    value: str | None = (doc["metadata"].get("annotations") or {}).get(key)
    return value


def _both(kind: str, doc: Doc, *, fresh: bool, claim: str) -> Warnings:
    """What is said on create and update; of a template only if it is new (`fresh`)."""
    spec = doc.get("spec") or {}
    if kind in _TEMPLATES and fresh:
        yield from _TEMPLATES[kind](doc)
    if kind == "StatefulSet":
        for i, template in enumerate(spec.get("volumeClaimTemplates") or ()):
            yield from _claim(template.get("spec") or {}, claim.format(i))
        if (spec.get("revisionHistoryLimit") or 0) < 0:
            yield (
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; "
                "a value >= 0 is recommended"
            )
    elif kind in _OTHERS:
        yield from _OTHERS[kind](doc)


def _spec_template(doc: Doc) -> Warnings:
    yield from template_warnings(doc["spec"].get("template") or {}, "spec.template.")


def _job(spec: Doc, path: str) -> Warnings:
    many = (spec.get("completions") or 0) > 100_000 and (spec.get("parallelism") or 0) > 10_000
    if spec.get("completionMode") == "Indexed" and many:
        yield (
            f"{path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, "
            "Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
        )
    yield from template_warnings(spec.get("template") or {}, f"{path}.template.")


def _claim(spec: Doc, path: str) -> Warnings:
    for part in ("requests", "limits"):
        amount = ((spec.get("resources") or {}).get(part) or {}).get("storage")
        if amount is not None and parse(amount).milli_value() % 1000:
            where = f"{path}.resources.{part}[storage]"
            yield f"{where}: fractional byte value {quote(amount)} is invalid, must be an integer"


def _claim_object(claim: Doc) -> Warnings:
    if _annotation(claim, STORAGE_CLASS) is not None:
        yield f"metadata.annotations[{STORAGE_CLASS}]: {_CLASS_ADVICE}"
    yield from _claim(claim.get("spec") or {}, "spec")


def _volume(volume: Doc) -> Warnings:
    spec = volume.get("spec") or {}
    advice = {
        STORAGE_CLASS: _CLASS_ADVICE,
        _MOUNT_OPTIONS: 'deprecated since v1.31; use "mountOptions" attribute instead',
    }
    for key, text in advice.items():
        if _annotation(volume, key) is not None:
            yield f"metadata.annotations[{key}]: {text}"
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        yield (
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended "
            "approach is to use dynamic provisioning."
        )
    required = (spec.get("nodeAffinity") or {}).get("required") or {}
    for i, term in enumerate(required.get("nodeSelectorTerms") or ()):
        yield from node_term(term, f"spec.nodeAffinity.required.nodeSelectorTerms[{i}]", check_values=False)
    for source, text in _OLD_VOLUMES.items():
        if spec.get(source) is not None:
            yield f"spec.{'storageOS' if source == 'storageos' else source}: {text}"


def _storage_class(found: Doc) -> Warnings:
    for i, topology in enumerate(found.get("allowedTopologies") or ()):
        for j, expression in enumerate(topology.get("matchLabelExpressions") or ()):
            if expression["key"] in LABELS:
                yield f"allowedTopologies[{i}].matchLabelExpressions[{j}].key: {LABELS[expression['key']]}"


def _policy(policy: Doc) -> Warnings:
    spec = policy.get("spec") or {}
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for i, rule in enumerate(spec.get(direction) or ()):
            for j, peer in enumerate(rule.get(peers) or ()):
                block, path = peer.get("ipBlock") or {}, f"spec.{direction}[{i}].{peers}[{j}].ipBlock"
                if block:
                    yield from cidr_warnings(block.get("cidr") or "", f"{path}.cidr")
                for k, value in enumerate(block.get("except") or ()):
                    yield from cidr_warnings(value, f"{path}.except[{k}]")


def _endpoints(endpoints: Doc) -> Warnings:
    if (endpoints["metadata"].get("labels") or {}).get("endpoints.kubernetes.io/managed-by") == "endpoint-controller":
        return
    for i, subset in enumerate(endpoints.get("subsets") or ()):
        for key in ("addresses", "notReadyAddresses"):
            for j, address in enumerate(subset.get(key) or ()):
                yield from ip_warnings(address.get("ip") or "", f"subsets[{i}].{key}[{j}].ip")


def _slice(found: Doc) -> Warnings:
    if (found["metadata"].get("labels") or {}).get(_MANAGED_BY) in _SLICE_CONTROLLERS:
        return
    for i, endpoint in enumerate(found.get("endpoints") or ()):
        for j, address in enumerate(endpoint.get("addresses") or ()):
            yield from ip_warnings(address, f"endpoints[{i}].addresses[{j}]")


def _quota(hard: Mapping[str, str]) -> Warnings:
    for name in ("cpu", "memory", "ephemeral-storage"):
        request = f"requests.{name}"
        if request not in hard and name in ("cpu", "memory"):
            request = name
        limit = f"limits.{name}"
        if request in hard and limit in hard and parse(hard[request]).compare(parse(hard[limit])) > 0:
            yield f"ResourceQuota {request} ({hard[request]}) should be less than {limit} ({hard[limit]})"


_TEMPLATES: Final[Mapping[str, Callable[[Doc], Warnings]]] = {
    "StatefulSet": _spec_template,
    "DaemonSet": _spec_template,
    "ReplicationController": _spec_template,
    "Job": lambda doc: _job(doc["spec"], "spec"),
    "CronJob": lambda doc: _job((doc["spec"].get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec"),
    "PodTemplate": lambda doc: iter(template_warnings(doc.get("template") or {}, "template.")),
}
_OTHERS: Final[Mapping[str, Callable[[Doc], Warnings]]] = {
    "PersistentVolumeClaim": _claim_object,
    "PersistentVolume": _volume,
    "StorageClass": _storage_class,
    "NetworkPolicy": _policy,
    "Endpoints": _endpoints,
    "EndpointSlice": _slice,
}
