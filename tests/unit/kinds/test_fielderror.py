"""Field errors read as upstream's do."""

import pytest

from refk8s.kinds.fielderror import (
    FieldError,
    Named,
    aggregate,
    forbidden,
    invalid,
    not_supported,
    quote,
    required,
    too_long,
)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (invalid("a.b[0]", "x", "no"), 'a.b[0]: Invalid value: "x": no'),
        (invalid("a", 5, ""), "a: Invalid value: 5"),
        (invalid("a", True, "no"), "a: Invalid value: true: no"),
        (invalid("a", None, "no"), "a: Invalid value: null: no"),
        (invalid("a", ["x", "<"], "no"), 'a: Invalid value: ["x","\\u003c"]: no'),
        (invalid("a", Named("é<"), "no"), 'a: Invalid value: "é\\u003c": no'),
        (required("a"), "a: Required value"),
        (required("a", "must be set"), "a: Required value: must be set"),
        (forbidden("a", "may not"), "a: Forbidden: may not"),
        (too_long("a", 1), "a: Too long: may not be more than 1 byte"),
        (not_supported("a", "X", ["Y", "Z"]), 'a: Unsupported value: "X": supported values: "Y", "Z"'),
        (FieldError("FieldValueDuplicate", "a", "x", ""), 'a: Duplicate value: "x"'),
    ],
)
def test_each_type_has_its_words(error: FieldError, text: str) -> None:
    assert str(error) == text


def test_several_errors_are_one_text_each_once() -> None:
    one, two = required("a"), required("b")
    assert aggregate([one]) == aggregate([one, one]) == "a: Required value"
    assert aggregate([one, two, one]) == "[a: Required value, b: Required value]"


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("plain", '"plain"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("\a\b\f\n\r\t\v", '"\\a\\b\\f\\n\\r\\t\\v"'),
        ("\0\x1f\x7f", '"\\x00\\x1f\\x7f"'),
        ("é日😀", '"é日😀"'),
        ("\u0085\u00a0\u200b\U000e0001", '"\\u0085\\u00a0\\u200b\\U000e0001"'),
    ],
)
def test_texts_are_quoted_as_go_does(text: str, quoted: str) -> None:
    assert quote(text) == quoted
