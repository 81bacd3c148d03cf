"""The rows of all kinds but workloads. Source: pkg/printers/internalversion/printers.go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .durations import since
from .workloads import Cells, Doc, age, labels_text, name_of, selector_text

_MOST: Final = 3
"""How many endpoints, ports or hosts a cell shows."""


def namespace(document: Doc, now_ms: int) -> Cells:
    """Name, Status, Age."""
    return [name_of(document), (document.get("status") or {}).get("phase", ""), age(document, now_ms)]


def secret(document: Doc, now_ms: int) -> Cells:
    """Name, Type, Data, Age."""
    return [name_of(document), document.get("type", ""), len(document.get("data") or ()), age(document, now_ms)]


def config_map(document: Doc, now_ms: int) -> Cells:
    """Name, Data, Age."""
    count = len(document.get("data") or ()) + len(document.get("binaryData") or ())
    return [name_of(document), count, age(document, now_ms)]


def plain(document: Doc, now_ms: int) -> Cells:
    """Name, Age."""
    return [name_of(document), age(document, now_ms)]


def node(document: Doc, now_ms: int) -> Cells:
    """Name, Status, Roles, Age, Version, Internal-IP, External-IP, OS-Image, Kernel-Version, Container-Runtime."""
    spec, status = document.get("spec") or {}, document.get("status") or {}
    ready = [c.get("status") for c in status.get("conditions") or () if c.get("type") == "Ready"]
    state = "Unknown" if not ready else "Ready" if ready[-1] == "True" else "NotReady"
    if spec.get("unschedulable"):
        state += ",SchedulingDisabled"
    info = status.get("nodeInfo") or {}
    kernel = info.get("kernelVersion") or "<unknown>"
    if info.get("architecture"):
        kernel += f" ({info['architecture']})"
    return [
        name_of(document),
        state,
        ",".join(_roles(document["metadata"].get("labels") or {})) or "<none>",
        age(document, now_ms),
        info.get("kubeletVersion", ""),
        _address(status, "InternalIP"),
        _address(status, "ExternalIP"),
        info.get("osImage") or "<unknown>",
        kernel,
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


_ROLE_PREFIX: Final = "node-role.kubernetes.io/"


def _roles(labels: dict[str, str]) -> list[str]:
    found = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)}
    found.add(labels.get("kubernetes.io/role", ""))
    return sorted(found - {""})


def _address(status: Doc, kind: str) -> str:
    found = (a.get("address", "") for a in status.get("addresses") or () if a.get("type") == kind)
    return next(found, "<none>")


def service(document: Doc, now_ms: int) -> Cells:
    """Name, Type, Cluster-IP, External-IP, Port(s), Age, Selector."""
    spec = document.get("spec") or {}
    ports = ",".join(map(_port, spec.get("ports") or ())) or "<none>"
    address = (spec.get("clusterIPs") or ["<none>"])[0]
    external, selected = _external(document), labels_text(spec.get("selector"))
    return [name_of(document), spec.get("type", ""), address, external, ports, age(document, now_ms), selected]


def _port(port: Doc) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port', 0)}{node_port}/{port.get('protocol', '')}"


def _external(document: Doc) -> str:
    spec = document.get("spec") or {}
    kind, given = spec.get("type"), ",".join(spec.get("externalIPs") or ())
    if kind in ("ClusterIP", "NodePort"):
        return given or "<none>"
    if kind == "LoadBalancer":
        return ",".join(filter(None, (_balancer(document), given))) or "<pending>"
    return str(spec.get("externalName", "")) if kind == "ExternalName" else "<unknown>"


def _balancer(document: Doc) -> str:
    points = ((document.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return ",".join(sorted({point.get("ip") or point.get("hostname") or "" for point in points} - {""}))


def ingress(document: Doc, now_ms: int) -> Cells:
    """Name, Class, Hosts, Address, Ports, Age."""
    spec = document.get("spec") or {}
    name = spec.get("ingressClassName")
    ports = "80, 443" if spec.get("tls") else "80"
    hosts, address = _hosts(spec.get("rules") or ()), _balancer(document)
    return [name_of(document), "<none>" if name is None else name, hosts, address, ports, age(document, now_ms)]


def _hosts(rules: Sequence[Doc]) -> str:
    found: list[str] = []
    more = False
    for rule in rules:
        more = more or len(found) == _MOST
        if not more and rule.get("host"):
            found.append(rule["host"])
    text = ",".join(found) or "*"
    return f"{text} + {len(rules) - _MOST} more..." if more else text


_DEFAULT_CLASS: Final = "ingressclass.kubernetes.io/is-default-class"
_DEFAULT_STORAGE: Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def _named(document: Doc, marks: Sequence[str]) -> str:
    annotations = document["metadata"].get("annotations") or {}
    default = any(annotations.get(mark) == "true" for mark in marks)
    return name_of(document) + (" (default)" if default else "")


def ingress_class(document: Doc, now_ms: int) -> Cells:
    """Name, Controller, Parameters, Age."""
    spec = document.get("spec") or {}
    given, text = spec.get("parameters"), "<none>"
    if given is not None:
        group = f".{given['apiGroup']}" if given.get("apiGroup") is not None else ""
        text = f"{given.get('kind', '')}{group}/{given.get('name', '')}"
    return [_named(document, (_DEFAULT_CLASS,)), spec.get("controller", ""), text, age(document, now_ms)]


def network_policy(document: Doc, now_ms: int) -> Cells:
    """Name, Pod-Selector, Age."""
    selected = selector_text((document.get("spec") or {}).get("podSelector") or {}) or "<none>"
    return [name_of(document), selected, age(document, now_ms)]


def endpoints(document: Doc, now_ms: int) -> Cells:
    """Name, Endpoints, Age."""
    found: list[str] = []
    for subset in document.get("subsets") or ():
        addresses = [address.get("ip", "") for address in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        if not ports:
            found += addresses
        for port in ports:
            found += [_host_port(address, port.get("port", 0)) for address in addresses]
    text = _listed(found) if document.get("subsets") else "<none>"
    return [name_of(document), text, age(document, now_ms)]


def _host_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def endpoint_slice(document: Doc, now_ms: int) -> Cells:
    """Name, AddressType, Ports, Endpoints, Age."""
    ports = [
        str(port["port"]) if port.get("port") is not None else str(port.get("name", "*"))
        for port in document.get("ports") or ()
    ]
    addresses = [address for point in document.get("endpoints") or () for address in point.get("addresses") or ()]
    shown = [_listed(ports) or "<unset>", _listed(addresses) or "<unset>"]
    return [name_of(document), document.get("addressType", ""), *shown, age(document, now_ms)]


def _listed(items: Sequence[str]) -> str:
    text = ",".join(items[:_MOST])
    return f"{text} + {len(items) - _MOST} more..." if len(items) > _MOST else text


_BETA_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_MODES: Final = (
    ("ReadWriteOnce", "RWO"),
    ("ReadOnlyMany", "ROX"),
    ("ReadWriteMany", "RWX"),
    ("ReadWriteOncePod", "RWOP"),
)


def _modes(given: Sequence[str] | None) -> str:
    return ",".join(short for mode, short in _MODES if mode in (given or ()))


def _storage_class(document: Doc) -> str:
    annotations = document["metadata"].get("annotations") or {}
    found = annotations.get(_BETA_CLASS)
    return str((document.get("spec") or {}).get("storageClassName") or "") if found is None else found


def _phase(document: Doc) -> str:
    if document["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return str((document.get("status") or {}).get("phase", ""))


def persistent_volume(document: Doc, now_ms: int) -> Cells:
    """Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, VolumeAttributesClass, Reason, Age, VolumeMode."""
    spec, status = document.get("spec") or {}, document.get("status") or {}
    claim = spec.get("claimRef")
    return [
        name_of(document),
        (spec.get("capacity") or {}).get("storage", "0"),
        _modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        _phase(document),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim is not None else "",
        _storage_class(document),
        _or_unset(spec.get("volumeAttributesClassName")),
        status.get("reason", ""),
        age(document, now_ms),
        _or_unset(spec.get("volumeMode")),
    ]


def persistent_volume_claim(document: Doc, now_ms: int) -> Cells:
    """Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, Age, VolumeMode."""
    spec, status = document.get("spec") or {}, document.get("status") or {}
    volume = spec.get("volumeName", "")
    return [
        name_of(document),
        _phase(document),
        volume,
        (status.get("capacity") or {}).get("storage", "0") if volume else "",
        _modes(status.get("accessModes")) if volume else "",
        _storage_class(document),
        _or_unset(spec.get("volumeAttributesClassName")),
        age(document, now_ms),
        _or_unset(spec.get("volumeMode")),
    ]


def _or_unset(value: str | None) -> str:
    return "<unset>" if value is None else value


def storage_class(document: Doc, now_ms: int) -> Cells:
    """Name, Provisioner, ReclaimPolicy, VolumeBindingMode, AllowVolumeExpansion, Age."""
    return [
        _named(document, _DEFAULT_STORAGE),
        document.get("provisioner", ""),
        document.get("reclaimPolicy", "Delete"),
        document.get("volumeBindingMode", "Immediate"),
        bool(document.get("allowVolumeExpansion")),
        age(document, now_ms),
    ]


def volume_attachment(document: Doc, now_ms: int) -> Cells:
    """Name, Attacher, PV, Node, Attached, Age."""
    spec, status = document.get("spec") or {}, document.get("status") or {}
    volume = (spec.get("source") or {}).get("persistentVolumeName") or ""
    attached = bool(status.get("attached"))
    return [
        name_of(document),
        spec.get("attacher", ""),
        volume,
        spec.get("nodeName", ""),
        attached,
        age(document, now_ms),
    ]


def csi_node(document: Doc, now_ms: int) -> Cells:
    """Name, Drivers, Age."""
    return [name_of(document), len((document.get("spec") or {}).get("drivers") or ()), age(document, now_ms)]


def csi_driver(document: Doc, now_ms: int) -> Cells:
    """Name, AttachRequired, PodInfoOnMount, StorageCapacity, TokenRequests, RequiresRepublish, Modes, Age."""
    spec = document.get("spec") or {}
    requests = spec.get("tokenRequests")
    return [
        name_of(document),
        spec.get("attachRequired", True),
        spec.get("podInfoOnMount", False),
        spec.get("storageCapacity", False),
        "<unset>" if requests is None else ",".join(request.get("audience", "") for request in requests),
        spec.get("requiresRepublish", False),
        ",".join(spec.get("volumeLifecycleModes") or ()) or "<none>",
        age(document, now_ms),
    ]


def lease(document: Doc, now_ms: int) -> Cells:
    """Name, Holder, Age."""
    return [name_of(document), (document.get("spec") or {}).get("holderIdentity") or "", age(document, now_ms)]


def priority_class(document: Doc, now_ms: int) -> Cells:
    """Name, Value, Global-Default, Age, PreemptionPolicy."""
    default, policy = bool(document.get("globalDefault")), document.get("preemptionPolicy", "")
    return [name_of(document), document.get("value", 0), default, age(document, now_ms), policy]


def event(document: Doc, now_ms: int) -> Cells:
    """Last Seen, Type, Reason, Object, Subobject, Source, Message, First Seen, Count, Name."""
    if "regarding" in document or "note" in document:
        document = _core_event(document)
    first = since(document.get("firstTimestamp") or document.get("eventTime"), now_ms)
    last = since(document["lastTimestamp"], now_ms) if document.get("lastTimestamp") else first
    count, series = document.get("count") or 1, document.get("series")
    if series is not None:
        last, count = since(series.get("lastObservedTime"), now_ms), series.get("count", 0)
    about = document.get("involvedObject") or {}
    target = about.get("kind", "").lower() + (f"/{about['name']}" if about.get("name") else "")
    source = document.get("source") or {}
    component = source.get("component") or document.get("reportingComponent", "")
    host = source.get("host") or document.get("reportingInstance", "")
    return [
        last,
        document.get("type", ""),
        document.get("reason", ""),
        target,
        about.get("fieldPath", ""),
        f"{component}, {host}" if host else component,
        document.get("message", "").strip(),
        first,
        count,
        name_of(document),
    ]


def _core_event(document: Doc) -> Doc:
    """An Event of events.k8s.io in the form of the core group's."""
    names = {
        "regarding": "involvedObject",
        "note": "message",
        "reportingController": "reportingComponent",
        "deprecatedSource": "source",
        "deprecatedFirstTimestamp": "firstTimestamp",
        "deprecatedLastTimestamp": "lastTimestamp",
        "deprecatedCount": "count",
    }
    return {names.get(key, key): value for key, value in document.items()}


def role_binding(document: Doc, now_ms: int) -> Cells:
    """Name, Role, Age, Users, Groups, ServiceAccounts."""
    role = document.get("roleRef") or {}
    subjects = document.get("subjects") or ()
    users, groups = (
        ", ".join(subject.get("name", "") for subject in subjects if subject.get("kind") == kind)
        for kind in ("User", "Group")
    )
    accounts = ", ".join(
        f"{subject.get('namespace', '')}/{subject.get('name', '')}"
        for subject in subjects
        if subject.get("kind") == "ServiceAccount"
    )
    shown = f"{role.get('kind', '')}/{role.get('name', '')}"
    return [name_of(document), shown, age(document, now_ms), users, groups, accounts]


def resource_quota(document: Doc, now_ms: int) -> Cells:
    """Name, Request, Limit, Age."""
    status = document.get("status") or {}
    used = status.get("used") or {}
    requests: list[str] = []
    limits: list[str] = []
    for name, hard in sorted((status.get("hard") or {}).items()):
        (limits if name.startswith("limits.") else requests).append(f"{name}: {used.get(name, '0')}/{hard}")
    return [name_of(document), ", ".join(requests), ", ".join(limits), age(document, now_ms)]
