"""JSON values as Go's `%v` prints them, which several of upstream's messages contain."""

from __future__ import annotations

import math
from typing import Any


def go_text(value: Any) -> str:
    """`map[a:1 b:[x <nil>]]`: keys sorted, strings bare, null as <nil>."""
    if value is None:
        return "<nil>"
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return go_float(value)
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{go_text(value[key])}" for key in sorted(value)) + "]"
    return "[" + " ".join(go_text(item) for item in value) + "]"


def go_float(value: float) -> str:
    """A float64 under `%v`: shortest digits, exponent form below 1e-4 and from 1e6 on."""
    if math.isinf(value) or math.isnan(value):
        return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}[repr(value)]
    mantissa, _, exponent_text = f"{value!r}".partition("e")
    if not exponent_text and "." in mantissa and mantissa.endswith(".0"):
        mantissa = mantissa[:-2]
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    exponent = int(exponent_text or 0) + len(whole) - 1
    digits = whole + fraction
    stripped = digits.lstrip("0")
    if not stripped:
        return sign + "0"
    exponent -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    if exponent < -4 or exponent >= 6:
        tail = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{tail}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    if len(digits) <= exponent + 1:
        return sign + digits + "0" * (exponent + 1 - len(digits))
    return f"{sign}{digits[: exponent + 1]}.{digits[exponent + 1 :]}"
