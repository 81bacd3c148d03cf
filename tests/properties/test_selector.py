"""Selectors mean what their text says."""

from hypothesis import given
from hypothesis import strategies as st

from refk8s.kinds import fieldselector, selector
from refk8s.kinds.meta import LabelSelector, LabelSelectorRequirement
from refk8s.kinds.selector import Requirement, SelectorError

keys = st.sampled_from(["a", "b", "in", "notin", "example.com/x", "A_b.c"])
values = st.sampled_from(["", "1", "2", "x", "in", "notin", "a-b"])
labels = st.dictionaries(keys, st.sampled_from(["", "1", "2", "x", "in", "a-b"]), max_size=4)
sets = st.lists(values, min_size=1, max_size=3, unique=True).map(lambda found: tuple(sorted(found)))
requirements = st.one_of(
    st.builds(Requirement, keys, st.sampled_from(["exists", "!"])),
    st.builds(Requirement, keys, st.sampled_from(["=", "==", "!="]), values.map(lambda value: (value,))),
    st.builds(Requirement, keys, st.sampled_from(["in", "notin"]), sets),
    st.builds(Requirement, keys, st.sampled_from(["gt", "lt"]), st.integers(0, 5).map(lambda n: (str(n),))),
)
expressions = st.one_of(
    st.builds(LabelSelectorRequirement, keys, st.sampled_from(["Exists", "DoesNotExist"])),
    st.builds(LabelSelectorRequirement, keys, st.sampled_from(["In", "NotIn"]), sets),
)


@given(st.lists(requirements, max_size=4))
def test_the_text_of_a_selector_parses_to_the_same_selector(chosen: list[Requirement]) -> None:
    text = ",".join(str(requirement) for requirement in chosen)
    parsed = selector.parse(text)
    assert sorted(map(str, parsed.requirements)) == sorted(map(str, chosen))
    assert selector.parse(str(parsed)) == parsed


@given(st.lists(requirements, max_size=4), labels)
def test_a_selector_matches_when_all_its_requirements_do(chosen: list[Requirement], found: dict[str, str]) -> None:
    parsed = selector.parse(",".join(str(requirement) for requirement in chosen))
    assert parsed.matches(found) == all(requirement.matches(found) for requirement in chosen)


@given(keys, sets, labels)
def test_operators_come_in_opposite_pairs(key: str, chosen: tuple[str, ...], found: dict[str, str]) -> None:
    assert Requirement(key, "in", chosen).matches(found) != Requirement(key, "notin", chosen).matches(found)
    assert Requirement(key, "exists").matches(found) != Requirement(key, "!").matches(found)
    assert Requirement(key, "=", chosen[:1]).matches(found) != Requirement(key, "!=", chosen[:1]).matches(found)


@given(labels, st.lists(expressions, max_size=3), labels)
def test_an_object_and_its_text_match_the_same(
    match_labels: dict[str, str], chosen: list[LabelSelectorRequirement], found: dict[str, str]
) -> None:
    compiled = selector.from_object(LabelSelector(match_labels, tuple(chosen)))
    assert selector.parse(str(compiled)).matches(found) == compiled.matches(found)
    assert selector.validate(LabelSelector(match_labels, tuple(chosen)), "f") == []


@given(labels, labels)
def test_labels_select_the_objects_that_have_them(wanted: dict[str, str], found: dict[str, str]) -> None:
    assert selector.from_labels(wanted).matches(found) == (wanted.items() <= found.items())


@given(st.text(alphabet="ab=!(),<> \tinot\0-é", max_size=12))
def test_any_text_is_a_selector_or_an_error(text: str) -> None:
    try:
        parsed = selector.parse(text)
    except SelectorError:
        return
    assert selector.parse(str(parsed)) == parsed


fields = st.dictionaries(st.sampled_from(["metadata.name", "status.phase"]), st.text("ab,=\\", max_size=4), max_size=2)


@given(fields, fields)
def test_field_selectors_carry_any_value(wanted: dict[str, str], found: dict[str, str]) -> None:
    terms = [fieldselector.FieldTerm(field, value, negated=False) for field, value in wanted.items()]
    parsed = fieldselector.parse(",".join(str(term) for term in terms))
    assert sorted(map(str, parsed.terms)) == sorted(map(str, terms))
    assert parsed.matches(found) == all(found.get(field, "") == value for field, value in wanted.items())
