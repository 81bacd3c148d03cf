"""Equality of meaning, and the checks of single values."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.validate.scalars import cidr, dual_stack, ip_address, is_ipv6, unreserved_path
from refk8s.api.validate.semantic import semantically_equal

SAME: list[tuple[Any, Any, bool]] = [
    ({"limits": {"cpu": "1"}}, {"limits": {"cpu": "1000m"}}, True),
    ({"limits": {"cpu": "1"}}, {"limits": {"cpu": "2"}}, False),
    ({"limits": {"cpu": "1"}}, {"limits": {"memory": "1"}}, False),
    ({"a": [{"sizeLimit": "1Ki"}]}, {"a": [{"sizeLimit": "1024"}]}, True),
    ({"a": "1Ki"}, {"a": "1024"}, False),
    ({"labels": {"divisor": "x"}}, {"labels": {"divisor": "y"}}, False),
    ({"limits": {"cpu": "1"}, "a": 1}, {"limits": {"cpu": "1000m"}, "a": 2}, False),
    ([1], [1, 2], False),
    (None, None, True),
]


@pytest.mark.parametrize(("a", "b", "same"), SAME)
def test_quantities_are_equal_by_amount(a: Any, b: Any, same: bool) -> None:
    assert semantically_equal(a, b) is same
    assert semantically_equal(b, a) is same


IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
ADDRESSES: list[tuple[str, list[str]]] = [
    ("10.0.0.1", []),
    ("fd00::1", []),
    ("1.2.3", [IP]),
    ("1.2.3.256", [IP]),
    ("fe80::1%eth0", [IP]),
    ("", [IP]),
    ("010.0.0.1", ["must not have leading 0s"]),
    ("::ffff:10.0.0.1", ["must not be an IPv4-mapped IPv6 address"]),
]


@pytest.mark.parametrize(("value", "details"), ADDRESSES)
def test_address(value: str, details: list[str]) -> None:
    assert [error.detail for error in ip_address(value, "x")] == details
    assert ip_address(value, "x", (value,)) == []


CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
RANGES: list[tuple[str, list[str]]] = [
    ("10.0.0.0/8", []),
    ("fd00::/64", []),
    ("10.0.0.0", [CIDR]),
    ("10.0.0.0/33", [CIDR]),
    ("fd00::/129", [CIDR]),
    ("010.0.0.0/8", ["must not have leading 0s in IP or prefix length"]),
    ("10.0.0.0/08", ["must not have leading 0s in IP or prefix length"]),
    ("10.1.0.0/8", ["must not have bits set beyond the prefix length"]),
    ("::ffff:10.0.0.0/104", ["must not have an IPv4-mapped IPv6 address"]),
]


@pytest.mark.parametrize(("value", "details"), RANGES)
def test_address_range(value: str, details: list[str]) -> None:
    assert [error.detail for error in cidr(value, "x")] == details


def test_families() -> None:
    assert is_ipv6("::1")
    assert not is_ipv6("::ffff:1.2.3.4")
    assert dual_stack(["10.0.0.1", "::1"]) == (True, "")
    assert dual_stack(["10.0.0.1", "10.0.0.2"]) == (False, "")
    assert dual_stack(["10.0.0.1", "x"]) == (False, "invalid IP[1]: x")
    assert dual_stack(["x/1"]) == (False, "invalid CIDR[0]: <nil> (invalid CIDR address: x/1)")


PATHS: list[tuple[str, list[str]]] = [
    ("a/..b", []),
    ("/a", ["must be a relative path"]),
    ("a/../b", ["must not contain '..'"]),
    ("..a", ["must not start with '..'"]),
    ("../a", ["must not contain '..'"]),
]


@pytest.mark.parametrize(("path", "details"), PATHS)
def test_relative_path(path: str, details: list[str]) -> None:
    assert [error.detail for error in unreserved_path(path, "x")] == details
