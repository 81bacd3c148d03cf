"""Quantities: exact fixed-point amounts with the suffix they were written with (`100m`, `1.5Gi`, `2e3`).

Upstream holds an amount in one of two forms, and the form shows: *small* amounts (int64 · 10^exponent) wrap or become 0
where int64 ends, *big* ones (arbitrary precision, at least nano) round differently below zero. Both are kept here, so
that `value()` and `milli_value()` answer as upstream does.

Source: staging/src/k8s.io/apimachinery/pkg/api/resource/{quantity,amount,math,scale_int,suffix}.go.
"""

import re
from functools import lru_cache
from typing import Any

import attrs

from refk8s.kinds.numbers import INT64_MAX, INT64_MIN, parse_int64, wrap32, wrap64

__all__ = [
    "BINARY_SI",
    "DECIMAL_EXPONENT",
    "DECIMAL_SI",
    "ZERO",
    "Quantity",
    "QuantityError",
    "from_json",
    "parse",
    "parse_token",
]

BINARY_SI = "BinarySI"
DECIMAL_SI = "DecimalSI"
DECIMAL_EXPONENT = "DecimalExponent"

_NANO = -9
_MAX_GAP = 2_000
_MAX_LENGTH = 1_000

FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
NUMERIC_WRONG = "unable to parse numeric part of quantity"
SUFFIX_WRONG = "unable to parse quantity's suffix"

# Looser than the expression that the error quotes, as upstream's scanner is: "", "." and "Ki" are zeros.
_SHAPE = re.compile(r"([+-]?)(0*)([0-9]*)(?:(\.)([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX = {exponent: suffix for suffix, exponent in _BINARY.items()}
_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


class QuantityError(ValueError):
    """A text is no quantity; the message is upstream's."""


@attrs.frozen(eq=False)
class Quantity:
    """The amount `unscaled · 10^exponent`; compares and hashes by amount, whatever its format.

    `big` says which of upstream's two forms holds it; `text` is what is written back as it was typed, "" if the
    canonical text has to be made.
    """

    unscaled: int = 0
    exponent: int = 0
    format: str = DECIMAL_SI
    big: bool = False
    text: str = ""

    @staticmethod
    def of(amount: int, format: str = DECIMAL_SI, exponent: int = 0) -> "Quantity":
        """Return amount · 10^exponent (an int64)."""
        return Quantity(amount, exponent, format)

    def value(self) -> int:
        """Return the amount rounded up to a whole number, as int64."""
        return self._scaled(0)

    def milli_value(self) -> int:
        """Return the amount in thousandths, rounded up, as int64."""
        return self._scaled(-3)

    def sign(self) -> int:
        return (self.unscaled > 0) - (self.unscaled < 0)

    def is_zero(self) -> bool:
        return self.unscaled == 0

    def canonical(self) -> str:
        """Return the text that upstream writes: as typed if it keeps its suffix, else with the largest exact suffix."""
        return self.text or _canonical(self)

    def compare(self, other: "Quantity") -> int:
        """Return -1, 0 or 1."""
        a, b = self.unscaled, other.unscaled
        gap = self.exponent - other.exponent
        if gap and a and b and (a > 0) == (b > 0):
            if abs(gap) > _MAX_GAP:  # too far apart to write out: the larger exponent decides
                return 1 if (gap > 0) == (a > 0) else -1
            if gap > 0:
                a *= _ten(gap)
            else:
                b *= _ten(-gap)
        return (a > b) - (a < b)

    def __add__(self, other: "Quantity") -> "Quantity":
        return _add(self, other, other.unscaled)

    def __sub__(self, other: "Quantity") -> "Quantity":
        return _add(self, other, -other.unscaled if other.big else wrap64(-other.unscaled))

    def __neg__(self) -> "Quantity":
        return Quantity(-self.unscaled if self.big else wrap64(-self.unscaled), self.exponent, self.format, self.big)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.compare(other) == 0

    def __lt__(self, other: "Quantity") -> bool:
        return self.compare(other) < 0

    def __le__(self, other: "Quantity") -> bool:
        return self.compare(other) <= 0

    def __gt__(self, other: "Quantity") -> bool:
        return self.compare(other) > 0

    def __ge__(self, other: "Quantity") -> bool:
        return self.compare(other) >= 0

    def __hash__(self) -> int:
        unscaled, exponent = _strip(self.unscaled, self.exponent)
        return hash((unscaled, exponent))

    def __str__(self) -> str:
        return self.canonical()

    def _scaled(self, exponent: int) -> int:
        if self.exponent == exponent and INT64_MIN <= self.unscaled <= INT64_MAX:
            return self.unscaled
        return (_big_scaled if self.big else _small_scaled)(self.unscaled, self.exponent - exponent)


ZERO = Quantity()


@lru_cache(maxsize=16_384)
def parse(text: str) -> Quantity:
    """Read a quantity. Raises QuantityError with upstream's message. Source: quantity.go, ParseQuantity."""
    if text == "0":
        return Quantity(text=text)
    match = _SHAPE.fullmatch(text)
    if match is None or not text:
        raise QuantityError(FORMAT_WRONG)
    sign, _, digits, _point, fraction, suffix = match.groups()
    if len(text) > _MAX_LENGTH:
        # DEVIATES: upstream reads numbers of any length; here a longer one is refused, because Python's int() refuses it.
        raise QuantityError(NUMERIC_WRONG)
    digits, fraction = digits or "0", fraction or ""
    base, exponent, format = _read_suffix(suffix)

    # SMALL: at most 18 digits, at least nano
    if base == 10:
        factor, scale = 1, wrap32(exponent - len(fraction))
        room = 18 - len(digits) - len(fraction)
    else:
        factor, scale = 1 << exponent, 0
        room = 15 - len(digits) - exponent * 3 // 10 - 1 if not fraction else -1
    if room >= 0 and scale >= _NANO:
        shifted = digits + fraction
        amount = int(shifted)
        if amount * factor <= INT64_MAX:
            if base == 2:
                as_typed = bool(amount & 0x07)
            else:
                as_typed = scale % 3 == 0 and not shifted.endswith("000") and shifted[0] != "0"
            result = -amount * factor if sign == "-" else amount * factor
            return Quantity(result, scale, format, text=text if as_typed else "")

    # BIG: any length, rounded up to nano
    if not any(c.isdigit() for c in text[: match.start(6)]):
        raise QuantityError(NUMERIC_WRONG)
    amount, scale = int(digits + fraction), -len(fraction)
    if base == 10:
        scale = wrap32(scale + exponent)
    else:
        amount <<= exponent
    return _big(sign == "-", amount, scale, format)


def from_json(value: Any) -> Quantity:
    """Read a quantity as it stands in a JSON tree: text, a number, or null (zero). Raises QuantityError."""
    if value.__class__ is str:
        return parse(value.strip(_SPACE))
    if value is None:
        return Quantity(format="")
    if isinstance(value, float):
        return parse(repr(value).removesuffix(".0"))
    if isinstance(value, int) and not isinstance(value, bool):
        return parse(str(value))
    raise QuantityError(FORMAT_WRONG)


def parse_token(token: str) -> Quantity:
    """Read a quantity from the text of one JSON token; escapes in strings stay as they are, as upstream leaves them.

    Source: quantity.go, UnmarshalJSON.
    """
    if token == "null":
        return Quantity(format="")
    if len(token) >= 2 and token[0] == token[-1] == '"':
        token = token[1:-1]
    return parse(token.strip(_SPACE))


def _read_suffix(suffix: str) -> tuple[int, int, str]:
    """Return base, exponent and format that a suffix stands for."""
    if suffix in _DECIMAL:
        return 10, _DECIMAL[suffix], DECIMAL_SI
    if suffix in _BINARY:
        return 2, _BINARY[suffix], BINARY_SI
    exponent = parse_int64(suffix[1:]) if suffix[:1] in ("e", "E") else None
    if exponent is None:
        raise QuantityError(SUFFIX_WRONG)
    return 10, wrap32(exponent), DECIMAL_EXPONENT


def _big(negative: bool, amount: int, exponent: int, format: str) -> Quantity:
    if amount:
        if exponent > _MAX_GAP:
            # DEVIATES: upstream builds the number, whatever its size; here it is refused, because that takes minutes.
            raise QuantityError(NUMERIC_WRONG)
        amount, exponent = _round_away(amount, exponent, _NANO), _NANO
    if format == BINARY_SI and amount and amount > INT64_MAX * _ten(-exponent):
        amount, exponent = INT64_MAX, 0
    if format == BINARY_SI and 0 < amount < _ten(-exponent):
        format = DECIMAL_SI
    return Quantity(-amount if negative else amount, exponent, format, big=True)


def _round_away(amount: int, exponent: int, to: int) -> int:
    """Return amount · 10^exponent in units of 10^to, rounded away from zero."""
    if exponent >= to:
        return amount * _ten(exponent - to)
    if to - exponent > _MAX_GAP and to - exponent > len(str(abs(amount))):
        return (amount > 0) - (amount < 0)
    rounded = -(-abs(amount) // _ten(to - exponent))
    return rounded if amount >= 0 else -rounded


def _small_scaled(amount: int, shift: int) -> int:
    """Return amount · 10^shift in int64: rounded away from zero; wrapped or 0, as upstream, where it overflows."""
    if amount == 0 or shift > 2**31 - 1:  # the shift itself is an int32, too
        return amount
    if shift <= 0:
        return _round_away(amount, shift, 0)
    if shift <= 18 and INT64_MIN <= amount * _ten(shift) <= INT64_MAX:
        return amount * _ten(shift)
    if shift in (1, 2, 3, 6, 9) and amount != INT64_MIN:
        return wrap64(amount * _ten(shift))
    return 0


def _big_scaled(amount: int, shift: int) -> int:
    """Return amount · 10^shift from arbitrary precision to int64: rounded up, or truncated plus 1, as upstream."""
    if shift == 0:
        return wrap64(amount)
    if shift > 0:
        return wrap64(wrap64(amount) * (_ten(shift) if shift <= 18 else INT64_MIN))
    divisor = _ten(-shift)
    if amount < INT64_MAX and -shift < 19:
        wrapped = wrap64(amount)
        quotient = abs(wrapped) // divisor
        return (quotient if wrapped >= 0 else -quotient) + (wrapped % divisor != 0)
    return wrap64(-(-amount // divisor))


def _add(a: Quantity, b: Quantity, amount: int) -> Quantity:
    """Return a + amount · 10^b.exponent. Source: quantity.go, Add and Sub; amount.go, Add."""
    format = b.format if a.unscaled == 0 else a.format
    big = a.big or b.big
    if not big and amount == 0:
        return Quantity(a.unscaled, a.exponent, format)
    if not big and a.unscaled == 0:
        return Quantity(amount, b.exponent, format)
    exponent = min(a.exponent, b.exponent)
    if max(a.exponent, b.exponent) - exponent > _MAX_GAP:
        # DEVIATES: upstream builds a number of that many digits; here the larger operand stands for the sum, because
        # building it takes minutes.
        first = a.unscaled and (not amount or a.exponent > b.exponent)
        larger = (a.unscaled, a.exponent) if first else (amount, b.exponent)
        return Quantity(*larger, format, big=True)
    shifted_a = a.unscaled * _ten(a.exponent - exponent)
    shifted_b = amount * _ten(b.exponent - exponent)
    total = shifted_a + shifted_b
    if not big:
        big = not all(INT64_MIN <= n <= INT64_MAX for n in (shifted_a, shifted_b, total))
    return Quantity(total, exponent, format, big)


def _canonical(q: Quantity) -> str:
    if q.unscaled == 0:
        return "0"
    format = q.format
    if format == BINARY_SI and not (-1024 < _small_bound(q) < 1024) and _is_whole(q):
        amount, exponent = _round_away(q.unscaled, q.exponent, 0), 0
        while amount % 1024 == 0:
            amount, exponent = amount // 1024, exponent + 10
        return f"{amount}{_BINARY_SUFFIX.get(exponent, '')}"
    amount, exponent = _strip(q.unscaled, q.exponent)
    amount, exponent = amount * _ten(exponent % 3), exponent - exponent % 3
    if format in (BINARY_SI, DECIMAL_SI):
        return f"{amount}{_DECIMAL_SUFFIX.get(exponent, '')}"
    return f"{amount}e{exponent}" if exponent else str(amount)


def _small_bound(q: Quantity) -> int:
    """Return the amount cut to a whole number away from zero; only its order against ±1024 matters."""
    return _round_away(q.unscaled, min(q.exponent, 19), 0)


def _is_whole(q: Quantity) -> bool:
    return abs(q.exponent) <= _MAX_GAP and (q.exponent >= 0 or q.unscaled % _ten(-q.exponent) == 0)


def _strip(amount: int, exponent: int) -> tuple[int, int]:
    """Move all factors of ten into the exponent; zero becomes (0, 0)."""
    if amount == 0:
        return 0, 0
    while amount % 10 == 0:
        amount, exponent = amount // 10, exponent + 1
    return amount, exponent


def _ten(exponent: int) -> int:
    return int(10**exponent)
