"""The formats of strings that schemas of custom resources can demand. Source: kube-openapi/pkg/validation/strfmt; apiserver/validation/formats.go."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final

from refk8s.kinds.names import dns1123_label, dns1123_subdomain

_HEX: Final = "[0-9a-f]"


def _like(pattern: str, flags: int = 0) -> Callable[[str], bool]:
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.fullmatch(text) is not None


def _uuid(version: str, variant: str) -> Callable[[str], bool]:
    third = f"{version}{_HEX}{{3}}" if version else f"{_HEX}{{4}}"
    return _like(f"{_HEX}{{8}}-?{_HEX}{{4}}-?{third}-?{variant}-?{_HEX}{{12}}", re.IGNORECASE)


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return check


def _base64(text: str) -> object:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _date_time(text: str) -> object:
    if not re.match(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d", text):
        raise ValueError(text)
    return datetime.fromisoformat(text.replace("t", "T").replace("z", "Z"))


def _cidr(text: str) -> object:
    if "/" not in text:
        raise ValueError(text)
    return ipaddress.ip_network(text, strict=False)


def _isbn10(text: str) -> bool:
    digits = text.replace("-", "").replace(" ", "")
    if not re.fullmatch(r"\d{9}[\dXx]", digits):
        return False
    return sum((10 - i) * (10 if d in "Xx" else int(d)) for i, d in enumerate(digits)) % 11 == 0


def _isbn13(text: str) -> bool:
    digits = text.replace("-", "").replace(" ", "")
    return (
        bool(re.fullmatch(r"\d{13}", digits))
        and sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10 == 0
    )


def _anything(text: str) -> bool:
    return True


_VARIANT: Final = f"[89ab]{_HEX}{{3}}"
_LABEL: Final = r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_CARD: Final = (
    r"(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}"
    r"|(?:2131|1800|35\d{3})\d{11})"
)

FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {
    "bsonobjectid": _like(f"{_HEX}{{24}}", re.IGNORECASE),
    "uri": _like(r"([a-zA-Z][a-zA-Z0-9+.-]*:[^\s]*|/[^\s]*)"),
    "email": _like(r"[^@\s]+@[^@\s]+"),
    "hostname": _like(rf"(?=.{{1,255}}$){_LABEL}(\.{_LABEL})*\.?"),
    "ipv4": _parses(ipaddress.IPv4Address),
    "ipv6": _parses(ipaddress.IPv6Address),
    "cidr": _parses(_cidr),
    "mac": _like(r"([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}|([0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}"),
    "uuid": _uuid("", f"{_HEX}{{4}}"),
    "uuid3": _uuid("3", f"{_HEX}{{4}}"),
    "uuid4": _uuid("4", _VARIANT),
    "uuid5": _uuid("5", _VARIANT),
    "isbn": lambda text: _isbn10(text) or _isbn13(text),
    "isbn10": _isbn10,
    "isbn13": _isbn13,
    "creditcard": lambda text: re.fullmatch(_CARD, re.sub(r"\D", "", text)) is not None,
    "ssn": _like(r"\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "hexcolor": _like(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "rgbcolor": _like(r"rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)"),
    "byte": _parses(_base64),
    "password": _anything,
    "date": _parses(date.fromisoformat),
    "duration": _like(r"[-+]?(\d+(\.\d+)?\s*(ns|us|µs|ms|s|m|h|d|w|[a-z]+)\s*)+"),
    "datetime": _parses(_date_time),
    "k8sshortname": lambda text: not dns1123_label(text),
    "k8slongname": lambda text: not dns1123_subdomain(text),
}
"""The checks by the format's name without dashes."""
