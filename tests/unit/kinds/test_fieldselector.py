"""Field selectors parse, print and match as upstream's do."""

import pytest

from refk8s.kinds import fieldselector
from refk8s.kinds.selector import SelectorError


@pytest.mark.parametrize(
    ("text", "string"),
    [
        ("", ""),
        ("a==x", "a=x"),
        ("b=1,,a!=2", "a!=2,b=1"),
        ("a=b\\,c", "a=b\\,c"),
        ("a=\\\\", "a=\\\\"),
        ("=", ""),
        ("metadata.name = x", "metadata.name = x"),
    ],
)
def test_the_text_form_is_normalised(text: str, string: str) -> None:
    assert str(fieldselector.parse(text)) == string


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("!a", "invalid selector: '!a'; can't understand '!a'"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        ("a=\\x", "invalid field selector: invalid escape sequence: \\x"),
        ("a=\\", "invalid field selector: invalid escape sequence: \\"),
    ],
)
def test_what_is_no_selector_is_refused_with_upstreams_words(text: str, message: str) -> None:
    with pytest.raises(SelectorError) as caught:
        fieldselector.parse(text)
    assert str(caught.value) == message


def test_an_absent_field_counts_as_empty() -> None:
    assert fieldselector.parse("spec.nodeName=").matches({})
    assert not fieldselector.parse("spec.nodeName!=").matches({"spec.nodeName": ""})
    assert fieldselector.parse("status.phase!=Failed,a=1").matches({"a": "1"})


def test_the_one_value_of_a_field_can_be_asked_for() -> None:
    found = fieldselector.parse("metadata.name=x,status.phase!=Failed")
    assert found.exact_value("metadata.name") == "x"
    assert found.exact_value("status.phase") is None
