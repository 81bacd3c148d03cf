"""Single values: ports, paths, identifiers, addresses.

Source: apimachinery/pkg/util/validation/{validation,ip}.go; pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Container, Sequence
from functools import lru_cache

from refk8s.api.validate.errors import Errors, invalid, invalid_all, required
from refk8s.kinds.names import Messages, dns1123_label, dns1123_subdomain, port_name

MAX_INT32 = 2**31 - 1
FILE_MODE = "must be a number between 0 and 0777 (octal), both inclusive"

_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


def in_range(low: int, high: int) -> str:
    """The message for a number outside a range."""
    return f"must be between {low} and {high}, inclusive"


def port_number(port: int) -> Messages:
    return () if 1 <= port <= 65535 else (in_range(1, 65535),)


def port_number_or_name(port: int | str, path: str) -> Errors:
    """A target port: a number or an IANA service name."""
    return invalid_all(path, port, port_name(port) if isinstance(port, str) else port_number(port))


def id_number(number: int) -> Messages:
    """A user or group id."""
    return () if 0 <= number <= MAX_INT32 else (in_range(0, MAX_INT32),)


def file_mode(mode: int | None, path: str) -> Errors:
    return [invalid(path, mode, FILE_MODE)] if mode is not None and not 0 <= mode <= 0o777 else []


def no_backsteps(target: str, path: str) -> Errors:
    return [invalid(path, target, "must not contain '..'")] if ".." in target.split("/") else []


def descending_path(target: str, path: str) -> Errors:
    """A relative path that never steps up."""
    errors = [invalid(path, target, "must be a relative path")] if target.startswith("/") else []
    return errors + no_backsteps(target, path)


def unreserved_path(target: str, path: str) -> Errors:
    """As `descending_path`, and its first part does not begin with two dots."""
    errors = descending_path(target, path)
    if target.startswith("..") and not target.startswith("../"):
        errors.append(invalid(path, target, "must not start with '..'"))
    return errors


_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"


def domain_prefixed_path(value: str, path: str) -> Errors:
    """A name such as `acme.io/foo`."""
    if not value:
        return [required(path)]
    host, _, rest = value.partition("/")
    if not host or not rest:
        return [invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
    errors = invalid_all(path, host, dns1123_subdomain(host))
    if not re.fullmatch(_HTTP_PATH, rest):
        errors.append(invalid(path, rest, f"Invalid path (regex used for validation is '{_HTTP_PATH}')"))
    return errors


def label_1123(value: str, path: str) -> Errors:
    return invalid_all(path, value, dns1123_label(value))


def ip_address(value: str, path: str, kept: Container[str] = ()) -> Errors:
    """An address, strictly, unless the object had it before (`kept`)."""
    return [] if value in kept else invalid_all(path, value, _ip_messages(value))


def cidr(value: str, path: str, kept: Container[str] = ()) -> Errors:
    """An address range, strictly, unless the object had it before (`kept`)."""
    return [] if value in kept else invalid_all(path, value, _cidr_messages(value))


def is_ipv6(value: str) -> bool:
    address = parsed_ip(value)
    return address is not None and ":" in value and not is_mapped(address)


def dual_stack(values: Sequence[str]) -> tuple[bool, str]:
    """Whether addresses or ranges of both families are there, and upstream's complaint about the first that is none."""
    for i, value in enumerate(values):
        head, slash, _ = value.partition("/")
        if parsed_ip(head) is None:
            shown = (
                f"invalid CIDR[{i}]: <nil> (invalid CIDR address: {value})" if slash else f"invalid IP[{i}]: {value}"
            )
            return False, shown
    return len({is_ipv6(value.partition("/")[0]) for value in values}) == 2, ""


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(maxsize=4096)
def parsed_ip(value: str) -> Address | None:
    """The address, leading zeros allowed as in old Go."""
    if ":" not in value:
        return _sloppy_ipv4(value)
    if "%" in value:
        return None
    head, colon, tail = value.rpartition(":")
    if "." in tail:
        low = _sloppy_ipv4(tail)
        if low is None:
            return None
        value = f"{head}{colon}{int(low) >> 16:x}:{int(low) & 0xFFFF:x}"
    try:
        return ipaddress.IPv6Address(value)
    except ValueError:
        return None


def is_mapped(address: Address) -> bool:
    """Whether an IPv6 address holds an IPv4 one (`::ffff:0:0/96`)."""
    return isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None


_OCTETS = re.compile(r"0*([0-9]{1,3})\.0*([0-9]{1,3})\.0*([0-9]{1,3})\.0*([0-9]{1,3})", re.ASCII)


def _sloppy_ipv4(value: str) -> ipaddress.IPv4Address | None:
    match = _OCTETS.fullmatch(value)
    if match is None or any(int(octet) > 255 for octet in match.groups()):
        return None
    return ipaddress.IPv4Address(".".join(str(int(octet)) for octet in match.groups()))


_LEADING_ZERO = re.compile(r"(?:^|[.:])0[0-9]+(?=\.|$)", re.ASCII)


@lru_cache(maxsize=4096)
def _ip_messages(value: str) -> Messages:
    address = parsed_ip(value)
    if address is None:
        return (_IP,)
    messages = []
    if "." in value and _LEADING_ZERO.search(value):
        messages.append("must not have leading 0s")
    elif is_mapped(address):
        messages.append("must not be an IPv4-mapped IPv6 address")
    return tuple(messages)


@lru_cache(maxsize=4096)
def _cidr_messages(value: str) -> Messages:
    head, slash, bits = value.partition("/")
    address = parsed_ip(head)
    width = 128 if ":" in head else 32
    if address is None or not slash or not (bits.isascii() and bits.isdigit()) or int(bits) > width:
        return (_CIDR,)
    if ("." in head and _LEADING_ZERO.search(head)) or (len(bits) > 1 and bits[0] == "0"):
        return ("must not have leading 0s in IP or prefix length",)
    if is_mapped(address):
        return ("must not have an IPv4-mapped IPv6 address",)
    if int(address) & ((1 << (width - int(bits))) - 1):
        return ("must not have bits set beyond the prefix length",)
    return ()
