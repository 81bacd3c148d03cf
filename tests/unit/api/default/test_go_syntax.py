"""What Go says about text that is no JSON. The expected texts are those of Go itself."""

from __future__ import annotations

import json

import pytest

from refk8s.api.default.go_syntax import complaint

END = "unexpected end of JSON input"
CASES: list[tuple[str, str]] = [
    ("", END),
    (" ", END),
    ("{", END),
    ('{"a"', END),
    ('{"a":', END),
    ('{"a":1', END),
    ("[1", END),
    ('"a', END),
    ("x", "invalid character 'x' looking for beginning of value"),
    ("{a}", "invalid character 'a' looking for beginning of object key string"),
    ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
    ("[1,]", "invalid character ']' looking for beginning of value"),
    ('{"a" 1}', "invalid character '1' after object key"),
    ('{"a":1 "b"}', "invalid character '\"' after object key:value pair"),
    ("[1 2]", "invalid character '2' after array element"),
    ("{} x", "invalid character 'x' after top-level value"),
    ("01", "invalid character '1' after top-level value"),
    ('"\n"', "invalid character '\\n' in string literal"),
    ('"\\x"', "invalid character 'x' in string escape code"),
    ('"\\u00g0"', "invalid character 'g' in \\u hexadecimal character escape"),
    ("tru", "invalid character ' ' in literal true (expecting 'e')"),
    ("nulL", "invalid character 'L' in literal null (expecting 'l')"),
    ("-", "invalid character ' ' in numeric literal"),
    ("1.", "invalid character ' ' after decimal point in numeric literal"),
    ("1e+x", "invalid character 'x' in exponent of numeric literal"),
    ("'a'", "invalid character '\\'' looking for beginning of value"),
    ("é", "invalid character 'Ã' looking for beginning of value"),
    ("[1]\x00", "invalid character '\\x00' after top-level value"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_complaint(text: str, expected: str) -> None:
    assert complaint(text.encode()) == expected


def test_json_is_not_complained_of() -> None:
    for value in ({"a": [1, -2.5e30, True, None, 'x"\\\n\u00e9'], "b": {"c": False}}, [], {}, "", 0, -0.5):
        assert complaint(json.dumps(value).encode()) == ""
        assert complaint(json.dumps(value, indent=1, ensure_ascii=False).encode()) == ""
