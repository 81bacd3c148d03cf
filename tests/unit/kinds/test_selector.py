"""Label selectors parse, print and match as upstream's do."""

import pytest

from refk8s.kinds import selector
from refk8s.kinds.meta import LabelSelector, LabelSelectorRequirement
from refk8s.kinds.selector import EVERYTHING, NOTHING, SelectorError


@pytest.mark.parametrize(
    ("text", "string"),
    [
        ("", ""),
        ("b,a", "a,b"),
        ("! a", "!a"),
        ("a in ( 2 , 1 )", "a in (1,2)"),
        ("a in (1,)", "a in (,1)"),
        ("a notin ()", "a notin ()"),
        ("in in (in)", "in in (in)"),
        ("a=,b!=", "a=,b!="),
        ("a == x", "a==x"),
        ("a>5,b<6", "a>5,b<6"),
    ],
)
def test_the_text_form_is_normalised(text: str, string: str) -> None:
    assert str(selector.parse(text)) == string


def test_a_nul_ends_a_token_and_is_swallowed_by_it() -> None:
    assert str(selector.parse("a=\0b")) == "a=b"
    assert str(selector.parse("a=b \0c")) == "a=b"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=1,", "found '', expected: identifier after ','"),
        ("=1", "found '=', expected: !, identifier, or 'end of string'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        ("a in 1", "unable to parse requirement: found '1' expected: '('"),
        ("a in (1", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a in (=", "unable to parse requirement: found '=', expected: ',', ')' or identifier"),
        ("a in (1,=", "unable to parse requirement: found '=', expected: ',', or identifier"),
        ("a=1=2", "found '=', expected: ',' or 'end of string'"),
        ("a===1", "unable to parse requirement: found '=', expected: identifier"),
    ],
)
def test_what_is_no_selector_is_refused_with_upstreams_words(text: str, message: str) -> None:
    with pytest.raises(SelectorError) as caught:
        selector.parse(text)
    assert str(caught.value) == message


def test_keys_and_values_are_checked() -> None:
    with pytest.raises(SelectorError, match='unable to parse requirement: <nil>: Invalid value: "-a": name part must'):
        selector.parse("-a=1")
    with pytest.raises(
        SelectorError, match=r'unable to parse requirement: values\[0\]\[a\]: Invalid value: "-1": a va'
    ):
        selector.parse("a in (-1)")
    with pytest.raises(SelectorError, match=r"values\[0\]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value"):
        selector.parse("a>x")


@pytest.mark.parametrize(
    ("text", "matching", "other"),
    [
        ("a", {"a": ""}, {"b": "1"}),
        ("!a", {}, {"a": "1"}),
        ("a=1", {"a": "1"}, {}),
        ("a!=1", {}, {"a": "1"}),
        ("a in (1,2)", {"a": "2"}, {"a": "3"}),
        ("a notin (1,2)", {"a": "3"}, {"a": "2"}),
        ("a>5", {"a": "6"}, {"a": "5"}),
        ("a<5", {"a": "-6"}, {"a": "x"}),
        ("a,b=1", {"a": "x", "b": "1"}, {"b": "1"}),
    ],
)
def test_each_operator_matches(text: str, matching: dict[str, str], other: dict[str, str]) -> None:
    found = selector.parse(text)
    assert found.matches(matching)
    assert not found.matches(other)


def test_no_object_selects_nothing_and_the_empty_one_everything() -> None:
    assert selector.from_object(None) == NOTHING
    assert selector.from_object(LabelSelector()) == EVERYTHING
    assert not NOTHING.matches({})
    assert EVERYTHING.matches({"a": "b"})
    assert (EVERYTHING.is_empty(), NOTHING.is_empty()) == (True, False)


def test_labels_and_expressions_of_an_object_are_one_conjunction_by_key() -> None:
    expressions = (LabelSelectorRequirement("a", "NotIn", ("x", "y")), LabelSelectorRequirement("c", "Exists"))
    found = selector.from_object(LabelSelector({"b": "1"}, expressions))
    assert str(found) == "a notin (x,y),b=1,c"
    assert found.matches({"b": "1", "c": ""})
    assert (found.exact_value("b"), found.exact_value("a"), found.exact_value("z")) == ("1", None, None)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (LabelSelectorRequirement("a", "Near"), '"Near" is not a valid label selector operator'),
        (LabelSelectorRequirement("a", "In"), "values: Invalid value: null: for 'in', 'notin' operators, values set"),
        (LabelSelectorRequirement("a", "Exists", ("1",)), 'values: Invalid value: ["1"]: values set must be empty'),
    ],
)
def test_an_impossible_object_is_refused(expression: LabelSelectorRequirement, message: str) -> None:
    with pytest.raises(SelectorError) as caught:
        selector.from_object(LabelSelector(match_expressions=(expression,)))
    assert str(caught.value).startswith(message)


def test_validation_names_the_field() -> None:
    expressions = (
        LabelSelectorRequirement("a", "In"),
        LabelSelectorRequirement("b", "Exists", ("1",)),
        LabelSelectorRequirement("c", "<", ("-",)),
    )
    errors = [str(e).split(" (")[0] for e in selector.validate(LabelSelector({}, expressions), "spec.selector")]
    prefix = "spec.selector.matchExpressions"
    assert errors == [
        f"{prefix}[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        f"{prefix}[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        f'{prefix}[2].operator: Invalid value: "\\u003c": not a valid selector operator',
        f'{prefix}[2].values[0]: Invalid value: "-": a valid label must be an empty string or consist of alphanumeric'
        " characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    ]
    assert selector.validate(None, "spec.selector") == []


def test_labels_can_be_turned_into_a_selector_unchecked() -> None:
    assert str(selector.from_labels({"b": "-bad", "a": "1"})) == "a=1,b=-bad"
    assert selector.from_labels({}) == EVERYTHING
