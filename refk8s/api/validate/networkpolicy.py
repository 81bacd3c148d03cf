"""NetworkPolicies. Source: pkg/apis/networking/validation/validation.go, ValidateNetworkPolicy*."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from refk8s.api.validate.errors import Errors, forbidden, invalid, invalid_all, named, not_supported, required
from refk8s.api.validate.meta import SUBDOMAIN, Checked, full, full_update
from refk8s.api.validate.scalars import cidr, parsed_ip, port_number
from refk8s.kinds.codec import view
from refk8s.kinds.meta import LabelSelector
from refk8s.kinds.names import port_name
from refk8s.kinds.selector import validate as validate_selector

Doc = Mapping[str, Any]

_PROTOCOLS = ("TCP", "UDP", "SCTP")
_TYPES = ("Ingress", "Egress")
_DIRECTIONS = (("ingress", "from"), ("egress", "to"))


def create(policy: Doc, meta: Checked) -> Errors:
    """A new NetworkPolicy."""
    return full(meta, SUBDOMAIN, namespaced=True) + _spec(policy.get("spec") or {}, ())


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed NetworkPolicy; address ranges that it had are not complained about."""
    kept = frozenset(_ranges(old.get("spec") or {}))
    return full_update(meta, old["metadata"]) + _spec(new.get("spec") or {}, kept)


def _ranges(spec: Doc) -> Iterator[str]:
    for direction, peers in _DIRECTIONS:
        for rule in spec.get(direction) or ():
            for peer in rule.get(peers) or ():
                block = peer.get("ipBlock")
                if block is not None:
                    yield block.get("cidr") or ""
                    yield from block.get("except") or ()


def _spec(spec: Doc, kept: Collection[str]) -> Errors:
    errors: Errors = list(validate_selector(view(LabelSelector, spec.get("podSelector") or {}), "spec.podSelector"))
    for direction, peers in _DIRECTIONS:
        for i, rule in enumerate(spec.get(direction) or ()):
            at = f"spec.{direction}[{i}]"
            for j, port in enumerate(rule.get("ports") or ()):
                errors += _port(port, f"{at}.ports[{j}]")
            for j, peer in enumerate(rule.get(peers) or ()):
                errors += _peer(peer, f"{at}.{peers}[{j}]", kept)
    types = spec.get("policyTypes") or []
    if len(types) > len(_TYPES):
        return [*errors, invalid("spec.policyTypes", types, "may not specify more than two policyTypes")]
    for i, kind in enumerate(types):
        if kind not in _TYPES:
            errors.append(not_supported(f"spec.policyTypes[{i}]", named(kind), _TYPES))
    return errors


def _port(found: Doc, path: str) -> Errors:
    protocol, port, end = found.get("protocol"), found.get("port"), found.get("endPort")
    errors: Errors = []
    if protocol is not None and protocol not in _PROTOCOLS:
        errors.append(not_supported(f"{path}.protocol", named(protocol), _PROTOCOLS))
    if port is None:
        if end is not None:
            errors.append(invalid(f"{path}.endPort", end, "may not be specified when `port` is not specified"))
    elif isinstance(port, str):
        if end is not None:
            errors.append(invalid(f"{path}.endPort", end, "may not be specified when `port` is non-numeric"))
        errors += invalid_all(f"{path}.port", port, port_name(port))
    else:
        errors += invalid_all(f"{path}.port", port, port_number(port))
        if end is not None:
            if end < port:
                errors.append(invalid(f"{path}.endPort", port, "must be greater than or equal to `port`"))
            errors += invalid_all(f"{path}.endPort", end, port_number(end))
    return errors


def _peer(peer: Doc, path: str, kept: Collection[str]) -> Errors:
    errors: Errors = []
    given = [key for key in ("podSelector", "namespaceSelector", "ipBlock") if peer.get(key) is not None]
    for key in given:
        if key == "ipBlock":
            errors += _block(peer[key], f"{path}.ipBlock", kept)
        else:
            errors += validate_selector(view(LabelSelector, peer[key]), f"{path}.{key}")
    if not given:
        errors.append(required(path, "must specify a peer"))
    elif len(given) > 1 and "ipBlock" in given:
        errors.append(forbidden(path, "may not specify both ipBlock and another peer"))
    return errors


def _block(block: Doc, path: str, kept: Collection[str]) -> Errors:
    whole = block.get("cidr") or ""
    if not whole:
        return [required(f"{path}.cidr")]
    errors = cidr(whole, f"{path}.cidr", kept)
    network = _network(whole)
    if network is None:
        return errors
    for i, part in enumerate(block.get("except") or ()):
        at = f"{path}.except[{i}]"
        errors += cidr(part, at, kept)
        inner = _network(part)
        if inner is None:
            continue
        inside = inner.version == network.version and inner.network_address in network
        if not inside or network.prefixlen >= inner.prefixlen:
            errors.append(invalid(at, part, "must be a strict subset of `cidr`"))
    return errors


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The range as old Go reads it, leading zeros allowed and host bits cut off; None if it is none."""
    head, slash, bits = text.partition("/")
    address = parsed_ip(head)
    if address is None or not slash or not (bits.isascii() and bits.isdigit()) or int(bits) > address.max_prefixlen:
        return None
    return ipaddress.ip_network((address, int(bits)), strict=False)
