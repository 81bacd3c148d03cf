"""Quantities behave as the exact numbers that they stand for."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from refk8s.kinds.quantity import Quantity, QuantityError, parse

SUFFIXES = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "e3", "E-3", "e+12"]
SCALE = {
    **{
        suffix: Fraction(10) ** (3 * i)
        for i, suffix in enumerate(["n", "u", "m", "", "k", "M", "G", "T", "P", "E"], -3)
    },
    **{suffix: Fraction(1024) ** i for i, suffix in enumerate(["Ki", "Mi", "Gi", "Ti", "Pi"], 1)},
    "e3": Fraction(1000),
    "E-3": Fraction(1, 1000),
    "e+12": Fraction(10**12),
}

numbers = st.from_regex(r"[+-]?([0-9]{1,6}|[0-9]{0,4}\.[0-9]{1,4})", fullmatch=True)
written = st.tuples(numbers, st.sampled_from(SUFFIXES))


def exact(number: str, suffix: str) -> Fraction:
    return Fraction(number.replace("+", "")) * SCALE[suffix]


def amount(quantity: Quantity) -> Fraction:
    return Fraction(quantity.unscaled) * Fraction(10) ** quantity.exponent


def is_exact(number: str, suffix: str) -> bool:
    """Say whether nothing is rounded (finer than nano) or capped (int64 in binary)."""
    value = exact(number, suffix)
    return (value * 10**9).denominator == 1 and abs(value) < 2**63


@given(written)
def test_a_text_stands_for_its_number_rounded_away_from_zero_to_nano(text: tuple[str, str]) -> None:
    found, value = amount(parse("".join(text))), exact(*text)
    if is_exact(*text):
        assert found == value
    elif abs(value) < 2**63:
        assert abs(value) < abs(found) < abs(value) + Fraction(1, 10**9)


@given(written)
def test_the_canonical_text_is_the_same_amount_and_canonical_itself(text: tuple[str, str]) -> None:
    quantity = parse("".join(text))
    if abs(amount(quantity)) < 10**21:  # upstream has no suffix from there on
        again = parse(quantity.canonical())
        assert again == quantity
        assert again.canonical() == quantity.canonical()


@given(written, written)
def test_sums_and_differences_are_exact(a: tuple[str, str], b: tuple[str, str]) -> None:
    x, y = parse("".join(a)), parse("".join(b))
    assert amount(x + y) == amount(x) + amount(y)
    assert amount(x - y) == amount(x) - amount(y)
    assert (x + y) - y == x


@given(written, written)
def test_the_order_is_that_of_the_numbers(a: tuple[str, str], b: tuple[str, str]) -> None:
    x, y = parse("".join(a)), parse("".join(b))
    difference = amount(x) - amount(y)
    assert x.compare(y) == (difference > 0) - (difference < 0) == -y.compare(x)
    assert (x == y) == (difference == 0)
    assert x != y or hash(x) == hash(y)


@given(written)
def test_values_of_amounts_that_fit_are_rounded_away_from_zero(text: tuple[str, str]) -> None:
    quantity = parse("".join(text))
    thousandths = amount(quantity) * 1000
    if quantity.sign() >= 0 and thousandths < 2**63:
        assert quantity.milli_value() == -(-thousandths // 1)
        assert quantity.value() == -(-amount(quantity) // 1)


@given(st.text(alphabet="0123456789.+-eEinumkKMGTPx é", max_size=12))
def test_any_text_is_a_quantity_or_an_error(text: str) -> None:
    try:
        quantity = parse(text)
    except QuantityError:
        return
    assert isinstance(quantity.canonical(), str)
    assert -(2**63) <= quantity.value() < 2**63
    assert -(2**63) <= quantity.milli_value() < 2**63
