"""Warnings about services, and about addresses in unusual spellings.

Source: pkg/api/service/warnings.go; apimachinery/pkg/util/validation/ip.go, GetWarningsForIP, GetWarningsForCIDR.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from refk8s.api.validate.errors import quote
from refk8s.api.validate.scalars import ip_address, is_mapped, parsed_ip

Doc = Mapping[str, Any]
Warnings = Iterator[str]

_HINTS, _MODE = "service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"


def service_warnings(service: Doc) -> Warnings:
    spec = service["spec"]
    kind, address = spec.get("type"), spec.get("clusterIP") or ""
    headless = kind == "ClusterIP" and address == "None"
    if _HINTS in (service["metadata"].get("annotations") or {}):
        yield f"annotation {_HINTS} is deprecated, please use {_MODE} instead"
    if address and address != "None":
        for i, value in enumerate(spec.get("clusterIPs") or ()):
            yield from ip_warnings(value, f"spec.clusterIPs[{i}]")
    external, balancer = spec.get("externalIPs") or (), spec.get("loadBalancerIP") or ""
    if headless:
        if balancer:
            yield "spec.loadBalancerIP is ignored for headless services"
        if external:
            yield "spec.externalIPs is ignored for headless services"
        if spec.get("sessionAffinity") != "None":
            yield "spec.SessionAffinity is ignored for headless services"
    for i, value in enumerate(external):
        yield from ip_warnings(value, f"spec.externalIPs[{i}]")
    if external and not headless and kind != "ExternalName":
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    if balancer:
        yield from ip_warnings(balancer, "spec.loadBalancerIP")
    for i, value in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        yield from cidr_warnings(value, f"spec.loadBalancerSourceRanges[{i}]")
    if kind == "ExternalName" and external:
        yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    if kind != "ExternalName" and spec.get("externalName"):
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'
    if spec.get("trafficDistribution") == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'


def ip_warnings(value: str, path: str) -> Warnings:
    """An address that only old parsers read, or that has a shorter spelling."""
    address = parsed_ip(value)
    if address is None:
        return
    if ip_address(value, ""):
        yield f"{path}: non-standard IP address {quote(value)} is invalid: use {quote(_old_text(address))}"
    elif address.version == 6 and str(address) != value:
        canonical = quote(str(address))
        yield f"{path}: IPv6 address {quote(value)} should be in RFC 5952 canonical format ({canonical})"


def cidr_warnings(value: str, path: str) -> Warnings:
    """A range with bits beyond its prefix, one that only old parsers read, or one with a shorter spelling."""
    head, _, bits = value.partition("/")
    address = parsed_ip(head)
    width = 128 if ":" in head else 32
    if address is None or not bits.isdigit() or int(bits) > width:
        return
    start = int(address) >> (width - int(bits)) << (width - int(bits))
    network = quote(_network(type(address)(start), int(bits)))
    found = False
    if start != int(address):
        found = True
        single = f"{_old_text(address)}/{width}"
        choice = f"should be {network} or {quote(single)}?"
        yield f"{path}: CIDR value {quote(value)} is ambiguous in this context ({choice})"
    odd = bool(ip_address(head, "")) or (len(bits) > 1 and bits.startswith("0"))
    if odd:
        yield f"{path}: non-standard CIDR value {quote(value)} is invalid: use {network}"
    elif not found and address.version == 6 and f"{address}/{bits}" != value:
        canonical = quote(f"{address}/{bits}")
        yield f"{path}: IPv6 CIDR value {quote(value)} should be in RFC 5952 canonical format ({canonical})"


def _network(start: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int) -> str:
    """As `net.IPNet` prints it: an IPv4 range even inside IPv6."""
    return f"{_old_text(start)}/{bits - 96 if is_mapped(start) and bits >= 96 else bits}"


def _old_text(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """As `net.IP` prints it: an IPv4 address even inside an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address) and is_mapped(address):
        return str(address.ipv4_mapped)
    return str(address)
