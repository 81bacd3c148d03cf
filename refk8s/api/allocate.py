"""Allocation for Services: cluster IPs, IP families and node ports, on a single-stack IPv4 cluster.

What is taken is read from the Services themselves; what comes next is a local counter. Ranges: 10.96.0.0/12 with dynamic addresses from 10.96.1.0 up,
ports 30000-32767 with dynamic ones from 30086 up, as upstream splits them.
Source: pkg/registry/core/service/storage/{storage,alloc}.go, beginCreate and beginUpdate.
DEVIATES: addresses and ports are handed out in order, not at random, because names must be functions of local counters; a service with two IP families is
refused as on a cluster that has one.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final

import orjson

from .status import Rejected, cause, invalid
from .store import Collection, Document, Txn

CLUSTER_IPS: Final = IPv4Network("10.96.0.0/12")
FIRST_DYNAMIC_IP: Final = 256
NODE_PORTS: Final = range(30000, 32768)
FIRST_DYNAMIC_PORT: Final = 30086
HEADLESS: Final = "None"

_NODE_PORT_TYPES: Final = ("NodePort", "LoadBalancer")


def allocate_create(txn: Txn, document: Document) -> Document:
    """A new Service with its addresses and ports. Rejects what cannot be had."""
    spec = dict(document["spec"])
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    taken = _Taken(txn, "")
    name = document["metadata"].get("name", "")
    _families(spec, None, name)
    _cluster_ips(txn, spec, taken, name)
    if spec.get("type") in _NODE_PORT_TYPES:
        _node_ports(txn, spec, taken, name)
    _health_check_port(txn, spec, taken)
    return {**document, "spec": spec}


def allocate_update(txn: Txn, document: Document, old: Document) -> Document:
    """A changed Service: what the client left out is kept, what its new type needs is allocated. Rejects what cannot be had."""
    spec, was = dict(document["spec"]), old["spec"]
    _keep_allocated(spec, was)
    _normalise_cluster_ips(spec, was)
    metadata = document["metadata"]
    name = metadata.get("name", "")
    taken = _Taken(txn, f"{metadata.get('namespace', '')}/{name}")
    if not _is_external(spec):
        _families(spec, was, name)
        if _is_external(was):
            _cluster_ips(txn, spec, taken, name)
    if spec.get("type") in _NODE_PORT_TYPES:
        _node_ports(txn, spec, taken, name, _ports_of(was))
    if not _needs_health_check(was):
        _health_check_port(txn, spec, taken)
    return document if spec == document["spec"] else {**document, "spec": spec}


class _Taken:
    """The addresses and ports in use by the other Services; scanned only when asked for."""

    def __init__(self, txn: Txn, own_key: str) -> None:
        self._services: Collection = txn.collection("services")
        self._own_key = own_key
        self._found: tuple[frozenset[str], frozenset[int]] | None = None
        self.more: set[int] = set()

    def _scan(self) -> tuple[frozenset[str], frozenset[int]]:
        if self._found is None:
            specs = [
                stored.document["spec"] for stored in self._services.objects.values() if stored.key != self._own_key
            ]
            addresses = frozenset(address for spec in specs for address in spec.get("clusterIPs") or ())
            ports = frozenset(port for spec in specs for port in _all_ports(spec))
            self._found = (addresses, ports)
        return self._found

    def has_address(self, address: str) -> bool:
        return address in self._scan()[0]

    def has_port(self, port: int) -> bool:
        return port in self.more or port in self._scan()[1]


def _families(spec: Document, was: Document | None, name: str) -> None:
    if _is_external(spec):
        return
    selectorless = spec.get("clusterIP") == HEADLESS and not spec.get("selector")
    if not spec.get("ipFamilyPolicy"):
        kept = (was or {}).get("ipFamilyPolicy")
        spec["ipFamilyPolicy"] = kept or ("RequireDualStack" if selectorless else "SingleStack")
    families = spec.get("ipFamilies") or []
    policy = spec["ipFamilyPolicy"]
    if selectorless:
        families = list(families or ["IPv4"])
        if len(families) < 2 and policy != "SingleStack":
            families.append("IPv6" if families[0] == "IPv4" else "IPv4")
        spec["ipFamilies"] = families
        return
    causes = []
    if policy == "RequireDualStack":
        text = f'Invalid value: "{policy}": this cluster is not configured for dual-stack services'
        causes.append(cause("FieldValueInvalid", text, "spec.ipFamilyPolicy"))
    for index, family in enumerate(families):
        if family != "IPv4":
            text = f'Invalid value: "{family}": not configured on this cluster'
            causes.append(cause("FieldValueInvalid", text, f"spec.ipFamilies[{index}]"))
    if causes:
        raise Rejected(invalid("", "Service", name, causes))
    spec["ipFamilies"] = families or ["IPv4"]


def _cluster_ips(txn: Txn, spec: Document, taken: _Taken, name: str) -> None:
    addresses = spec.get("clusterIPs") or []
    if _is_external(spec) or (addresses and addresses[0] == HEADLESS):
        return
    if not addresses:
        address = _next_address(txn, taken)
    else:
        address = addresses[0]
        why = _unusable(address, taken)
        if why:
            text = f"Invalid value: {orjson.dumps(addresses).decode()}: failed to allocate IP {address}: {why}"
            raise Rejected(invalid("", "Service", name, (cause("FieldValueInvalid", text, "spec.clusterIPs"),)))
    spec["clusterIP"] = address
    spec["clusterIPs"] = [address, *addresses[1:]]


def _unusable(address: str, taken: _Taken) -> str:
    try:
        inside = IPv4Address(address) in CLUSTER_IPS
    except ValueError:
        return ""  # validation names it
    if not inside:
        return "the provided network does not match the current range"
    return "provided IP is already allocated" if taken.has_address(address) else ""


def _next_address(txn: Txn, taken: _Taken) -> str:
    while True:
        number = FIRST_DYNAMIC_IP - 1 + txn.count("clusterip")
        address = str(CLUSTER_IPS[number % CLUSTER_IPS.num_addresses])
        if not taken.has_address(address):
            return address


def _node_ports(txn: Txn, spec: Document, taken: _Taken, name: str, mine: Any = ()) -> None:
    ports, allocates = [], spec.get("allocateLoadBalancerNodePorts", True) or spec.get("type") == "NodePort"
    by_port: dict[int, int] = {}
    for port in spec.get("ports") or ():
        if port.get("nodePort"):
            by_port.setdefault(port["port"], port["nodePort"])
    for index, port in enumerate(spec.get("ports") or ()):
        wanted = port.get("nodePort") or (by_port.get(port["port"], 0) if not mine else 0)
        if not wanted:
            if allocates:
                wanted = _next_port(txn, taken)
                by_port[port["port"]] = wanted
                port = {**port, "nodePort": wanted}
        else:
            if wanted not in mine and wanted not in taken.more:
                _check_port(wanted, taken, index, name)
            port = port if port.get("nodePort") else {**port, "nodePort": wanted}
            taken.more.add(wanted)
        ports.append(port)
    if ports:
        spec["ports"] = ports


def _check_port(wanted: int, taken: _Taken, index: int, name: str) -> None:
    if wanted not in NODE_PORTS:
        listed = f"{NODE_PORTS[0]}-{NODE_PORTS[-1]}"
        why = f"provided port is not in the valid range. The range of valid ports is {listed}"
    elif taken.has_port(wanted):
        why = "provided port is already allocated"
    else:
        return
    entry = cause("FieldValueInvalid", f"Invalid value: {wanted}: {why}", f"spec.ports[{index}].nodePort")
    raise Rejected(invalid("", "Service", name, (entry,)))


def _next_port(txn: Txn, taken: _Taken) -> int:
    room = len(NODE_PORTS) - (FIRST_DYNAMIC_PORT - NODE_PORTS[0])
    while True:
        port = FIRST_DYNAMIC_PORT + (txn.count("nodeport") - 1) % room
        if not taken.has_port(port):
            taken.more.add(port)
            return port


def _health_check_port(txn: Txn, spec: Document, taken: _Taken) -> None:
    if _needs_health_check(spec) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = _next_port(txn, taken)


def _keep_allocated(spec: Document, was: Document) -> None:
    if not _is_external(was) and not _is_external(spec):
        for field in ("clusterIP", "clusterIPs"):
            if not spec.get(field) and was.get(field):
                spec[field] = was[field]
    if _needs_node_port(was) and _needs_node_port(spec):
        used = set(_ports_of(was)) & set(_ports_of(spec))
        before = {port.get("name", ""): port.get("nodePort", 0) for port in was.get("ports") or ()}
        spec["ports"] = [_kept_port(port, before, used) for port in spec.get("ports") or ()]
    if _needs_health_check(was) and _needs_health_check(spec) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = was.get("healthCheckNodePort", 0)


def _kept_port(port: Document, before: dict[str, int], used: set[int]) -> Document:
    old = before.get(port.get("name", ""), 0)
    return {**port, "nodePort": old} if old and not port.get("nodePort") and old not in used else port


def _normalise_cluster_ips(spec: Document, was: Document) -> None:
    new, old = spec.get("clusterIP", ""), was.get("clusterIP", "")
    if was.get("clusterIPs") and not spec.get("clusterIPs") and new == old:
        spec["clusterIPs"] = was["clusterIPs"]
    if new == old or spec.get("clusterIPs") != was.get("clusterIPs"):
        return
    if old and not new:
        spec.pop("clusterIPs", None)
    else:
        spec["clusterIPs"] = [new]


def _is_external(spec: Document) -> bool:
    return spec.get("type") == "ExternalName"


def _needs_node_port(spec: Document) -> bool:
    kind = spec.get("type")
    return kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True))


def _needs_health_check(spec: Document) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _ports_of(spec: Document) -> list[int]:
    return [port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")]


def _all_ports(spec: Document) -> Iterator[int]:
    yield from _ports_of(spec)
    if spec.get("healthCheckNodePort"):
        yield spec["healthCheckNodePort"]
