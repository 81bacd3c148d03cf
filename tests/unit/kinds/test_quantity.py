"""Quantities parse, print, add and compare as upstream's do, artefacts included."""

import pytest

from refk8s.kinds.quantity import BINARY_SI, DECIMAL_SI, Quantity, QuantityError, from_json, parse, parse_token

FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


@pytest.mark.parametrize(
    ("text", "canonical", "value", "milli"),
    [
        ("0", "0", 0, 0),
        ("100m", "100m", 1, 100),
        ("0.1", "100m", 1, 100),
        ("1.5Gi", "1536Mi", 1610612736, 1610612736000),
        ("1500m", "1500m", 2, 1500),
        ("1000m", "1", 1, 1000),
        ("1024Ki", "1Mi", 2**20, 2**20 * 1000),
        ("2e3", "2e3", 2000, 2000000),
        ("0.5Ki", "512", 512, 512000),
        (".", "0", 0, 0),
        ("Ki", "0", 0, 0),
    ],
)
def test_a_text_has_a_canonical_form_and_values_rounded_up(text: str, canonical: str, value: int, milli: int) -> None:
    quantity = parse(text)
    assert (quantity.canonical(), quantity.value(), quantity.milli_value()) == (canonical, value, milli)


@pytest.mark.parametrize("text", ["1.", "+1Gi", "001.500", "1e03", "1E+3"])
def test_a_form_that_keeps_its_suffix_is_written_as_typed(text: str) -> None:
    assert parse(text).canonical() == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", FORMAT),
        ("1 ", FORMAT),
        ("abc", FORMAT),
        ("1.5.5", FORMAT),
        ("1ki", "unable to parse quantity's suffix"),
        ("1e", "unable to parse quantity's suffix"),
        ("1e9223372036854775808", "unable to parse quantity's suffix"),
        (".e-20", "unable to parse numeric part of quantity"),
    ],
)
def test_what_is_no_quantity_is_refused_with_upstreams_words(text: str, message: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse(text)
    assert str(caught.value) == message


def test_amounts_finer_than_nano_are_rounded_up() -> None:
    assert parse("0.1n").canonical() == "1n"
    assert parse("1.5n").canonical() == "2n"
    assert parse("-0.1n").canonical() == "-1n"


def test_binary_amounts_beyond_int64_are_capped_and_small_ones_become_decimal() -> None:
    assert parse("9Ei").value() == 2**63 - 1
    assert parse("0.0001Ki").format == DECIMAL_SI


def test_artefacts_where_int64_ends_are_upstreams() -> None:
    assert parse("1Ei").milli_value() == -(2**63)
    assert parse("-0.1n").value() == 1  # truncated, then one added for the rest
    assert parse("1000000000000000000000").canonical() == "1"  # no suffix for 10^21
    assert parse("1e2147483647").value() == 0


@pytest.mark.parametrize(
    ("a", "b", "total", "difference"),
    [
        ("1", "500m", "1500m", "500m"),
        ("1Gi", "1Mi", "1025Mi", "1023Mi"),
        ("0", "1Gi", "1Gi", "-1Gi"),
        ("100M", "16Mi", "116777216", "83222784"),
        ("1e3", "1k", "2e3", "0"),
    ],
)
def test_sums_take_the_format_of_the_first_that_is_not_zero(a: str, b: str, total: str, difference: str) -> None:
    assert (parse(a) + parse(b)).canonical() == total
    assert (parse(a) - parse(b)).canonical() == difference


def test_order_and_equality_are_by_amount() -> None:
    assert parse("1") == parse("1000m")
    assert hash(parse("1")) == hash(parse("1000m"))
    assert parse("1Ki") > parse("1k")
    assert parse("-1") < parse("0") <= parse("0m")
    assert parse("1") >= parse("999m")
    assert parse("1e2000000000") > parse("2e1999999990") > parse("-1e2000000000")
    assert parse("1") != "1"


def test_numbers_and_null_in_documents_are_read_like_their_text() -> None:
    assert from_json(1500).canonical() == "1500"
    assert from_json(0.25).canonical() == "250m"
    assert from_json(2.0).canonical() == "2"
    assert from_json(" 1Gi ").canonical() == "1Gi"
    assert from_json(None).is_zero()
    for wrong in (True, [], {}):
        with pytest.raises(QuantityError):
            from_json(wrong)


def test_a_json_token_keeps_its_escapes() -> None:
    assert parse_token('"1"') == parse_token("1") == parse("1")
    assert parse_token("null").format == ""
    with pytest.raises(QuantityError):
        parse_token('"\\u0031"')


def test_overlong_numbers_are_refused_and_far_apart_ones_added_without_building_them() -> None:
    with pytest.raises(QuantityError):
        parse("1" * 1001)
    with pytest.raises(QuantityError):
        parse("1234567890123456789e5000")
    huge = parse("1e2000000000")
    assert (huge + parse("1")).canonical() == (parse("1e0") + huge).canonical() == "100e1999999998"
    assert (parse("1Ki") + huge).canonical() == "100"  # no suffix for that exponent either
    assert (parse("0e2000000000") + parse("1")).canonical() == "1"


def test_a_quantity_can_be_made_from_a_number() -> None:
    assert Quantity.of(100, exponent=-3).canonical() == "100m"
    assert Quantity.of(2**30, BINARY_SI).canonical() == "1Gi"
    assert (-Quantity.of(5)).canonical() == "-5"
    assert str(Quantity.of(7)) == "7"
    assert [Quantity.of(n).sign() for n in (-2, 0, 2)] == [-1, 0, 1]
