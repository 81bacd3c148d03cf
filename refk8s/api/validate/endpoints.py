"""Endpoints and EndpointSlices. Source: pkg/apis/core/validation/validation.go, validateEndpoint*; pkg/apis/discovery/validation/validation.go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from refk8s.api.default.go_time import GoTimeError, rfc3339
from refk8s.api.validate.errors import (
    Errors,
    duplicate,
    invalid,
    invalid_all,
    named,
    not_supported,
    required,
    too_many,
)
from refk8s.api.validate.meta import IMMUTABLE, SUBDOMAIN, Checked, full, full_update
from refk8s.api.validate.scalars import ip_address, is_ipv6, label_1123, parsed_ip, port_number
from refk8s.kinds.names import dns1123_label, dns1123_subdomain, label_key, label_value

Doc = Mapping[str, Any]

_PROTOCOLS = ("SCTP", "TCP", "UDP")
_TYPES = ("FQDN", "IPv4", "IPv6")
_TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"
_ENDPOINTS_MAX, _ADDRESSES_MAX, _PORTS_MAX, _HINTS_MAX = 1000, 100, 20_000, 8


def create(endpoints: Doc, meta: Checked) -> Errors:
    """A new Endpoints object."""
    return full(meta, SUBDOMAIN, namespaced=True) + _trigger_time(meta.meta) + _subsets(endpoints)


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed Endpoints object; subsets that did not change are not complained about."""
    errors = full_update(meta, old["metadata"]) + full(meta, SUBDOMAIN, namespaced=True) + _trigger_time(meta.meta)
    return errors + ([] if new.get("subsets") == old.get("subsets") else _subsets(new))


def create_slice(found: Doc, meta: Checked) -> Errors:
    """A new EndpointSlice."""
    return _slice(found, meta) + _slice_endpoints(found)


def update_slice(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed EndpointSlice; endpoints that did not change are not complained about."""
    errors = _slice(new, meta)
    errors += [] if new.get("endpoints") == old.get("endpoints") else _slice_endpoints(new)
    kind = new.get("addressType") or ""
    return (
        errors if kind == (old.get("addressType") or "") else [*errors, invalid("addressType", named(kind), IMMUTABLE)]
    )


def endpoint_ip(value: str, path: str) -> Errors:
    """An address that other machines can reach."""
    address = parsed_ip(value)
    if address is None:
        return [invalid(path, value, "must be a valid IP address")]
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped if mapped is not None else address
    errors: Errors = []
    if address.is_unspecified:
        errors.append(invalid(path, value, f"may not be unspecified ({value})"))
    if address.is_loopback:
        errors.append(invalid(path, value, "may not be in the loopback range (127.0.0.0/8, ::1/128)"))
    if address.is_link_local:
        errors.append(invalid(path, value, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"))
    text = str(address)
    if text.startswith("224.0.0.") or (address.version == 6 and address.is_multicast and address.packed[1] & 0xF == 2):
        errors.append(invalid(path, value, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"))
    return errors


def _trigger_time(metadata: Doc) -> Errors:
    value = (metadata.get("annotations") or {}).get(_TRIGGER)
    if value is None:
        return []
    try:
        rfc3339(value)
    except GoTimeError as error:
        return [invalid(f"annotations[{_TRIGGER}]", value, str(error))]
    return []


def _subsets(endpoints: Doc) -> Errors:
    errors: Errors = []
    for i, subset in enumerate(endpoints.get("subsets") or ()):
        at, ports = f"subsets[{i}]", subset.get("ports") or ()
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            errors.append(required(at, "must specify `addresses` or `notReadyAddresses`"))
        for key in ("addresses", "notReadyAddresses"):
            for j, address in enumerate(subset.get(key) or ()):
                errors += _address(address, f"{at}.{key}[{j}]")
        for j, port in enumerate(ports):
            errors += _port(port, f"{at}.ports[{j}]", needs_name=len(ports) > 1)
    return errors


def _address(address: Doc, path: str) -> Errors:
    value, node = address.get("ip") or "", address.get("nodeName")
    errors = ip_address(value, f"{path}.ip")
    if address.get("hostname"):
        errors += label_1123(address["hostname"], f"{path}.hostname")
    if node is not None:
        errors += invalid_all(f"{path}.nodeName", node, dns1123_subdomain(node))
    return errors + endpoint_ip(value, f"{path}.ip")


def _port(port: Doc, path: str, *, needs_name: bool) -> Errors:
    name, protocol = port.get("name") or "", port.get("protocol") or ""
    errors: Errors = []
    if name:
        errors += label_1123(name, f"{path}.name")
    elif needs_name:
        errors.append(required(f"{path}.name"))
    errors += invalid_all(f"{path}.port", port.get("port") or 0, port_number(port.get("port") or 0))
    if not protocol:
        errors.append(required(f"{path}.protocol"))
    elif protocol not in _PROTOCOLS:
        errors.append(not_supported(f"{path}.protocol", named(protocol), _PROTOCOLS))
    return errors + _app_protocol(port, path)


def _app_protocol(port: Doc, path: str) -> Errors:
    value = port.get("appProtocol")
    return [] if value is None else invalid_all(f"{path}.appProtocol", value, label_key(value))


def _slice(found: Doc, meta: Checked) -> Errors:
    errors = full(meta, SUBDOMAIN, namespaced=True)
    kind = found.get("addressType") or ""
    if not kind:
        errors.append(required("addressType"))
    elif kind not in _TYPES:
        errors.append(not_supported("addressType", named(kind), _TYPES))
    ports = found.get("ports") or ()
    if len(ports) > _PORTS_MAX:
        return [*errors, too_many("ports", len(ports), _PORTS_MAX)]
    names: set[str] = set()
    for i, port in enumerate(ports):
        at, name = f"ports[{i}]", port.get("name") or ""
        errors += label_1123(name, f"{at}.name") if name else []
        if name in names:
            errors.append(duplicate(f"{at}.name", name))
        names.add(name)
        protocol = port.get("protocol")
        if protocol is None:
            errors.append(required(f"{at}.protocol"))
        elif protocol not in _PROTOCOLS:
            errors.append(not_supported(f"{at}.protocol", named(protocol), _PROTOCOLS))
        errors += _app_protocol(port, at)
    return errors


def _slice_endpoints(found: Doc) -> Errors:
    endpoints, kind = found.get("endpoints") or (), found.get("addressType") or ""
    if len(endpoints) > _ENDPOINTS_MAX:
        return [too_many("endpoints", len(endpoints), _ENDPOINTS_MAX)]
    errors: Errors = []
    for i, endpoint in enumerate(endpoints):
        at = f"endpoints[{i}]"
        errors += _addresses(endpoint.get("addresses") or (), kind, f"{at}.addresses")
        node = endpoint.get("nodeName")
        if node is not None:
            errors += invalid_all(f"{at}.nodeName", node, dns1123_subdomain(node))
        if endpoint.get("hostname") is not None:
            errors += label_1123(endpoint["hostname"], f"{at}.hostname")
        hints = endpoint.get("hints") or {}
        errors += _hints(hints.get("forZones") or (), f"{at}.hints.forZones", label_value)
        if len(hints.get("forZones") or ()) <= _HINTS_MAX:
            errors += _hints(hints.get("forNodes") or (), f"{at}.hints.forNodes", dns1123_subdomain)
    return errors


def _addresses(addresses: Sequence[str], kind: str, path: str) -> Errors:
    errors: Errors = []
    if not addresses:
        errors.append(required(path, "must contain at least 1 address"))
    elif len(addresses) > _ADDRESSES_MAX:
        errors.append(too_many(path, len(addresses), _ADDRESSES_MAX))
    for i, address in enumerate(addresses):
        at = f"{path}[{i}]"
        if kind == "FQDN":
            errors += _domain(address, at)
        elif kind in ("IPv4", "IPv6"):
            found = ip_address(address, at)
            if not found:
                if is_ipv6(address) != (kind == "IPv6"):
                    found.append(invalid(path, address, f"must be an {kind} address"))
                found += endpoint_ip(address, at)
            errors += found
    return errors


def _domain(name: str, path: str) -> Errors:
    if not name:
        return [required(path)]
    name = name.removesuffix(".")
    messages = dns1123_subdomain(name)
    if messages:
        return [invalid(path, name, ",".join(messages))]
    labels = name.split(".")
    if len(labels) < 2:
        return [invalid(path, name, "should be a domain with at least two segments separated by dots")]
    for label in labels:
        if dns1123_label(label):
            return [invalid(path, label, ",".join(dns1123_label(label)))]
    return []


def _hints(hints: Sequence[Doc], path: str, check: Any) -> Errors:
    if len(hints) > _HINTS_MAX:
        return [too_many(path, len(hints), _HINTS_MAX)]
    errors: Errors = []
    seen: set[str] = set()
    for i, hint in enumerate(hints):
        name, at = hint.get("name") or "", f"{path}[{i}].name"
        if name in seen:
            errors.append(duplicate(at, name))
        seen.add(name)
        errors += invalid_all(at, name, check(name))
    return errors
