"""Patterns of custom resources: Go's grammar, and time linear in the text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refk8s.api.crd import patterns
from refk8s.api.crd.patterns import BadPattern, compiled

_ATOMS = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", "\\d", "\\w", "\\b", "^", "\\-", "(?:)", "x|b", "[a-b1]", "(?i:A)"]
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    counts = st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "{0}", "*?", ""])
    return st.one_of(
        st.tuples(inner, counts).map(lambda two: f"(?:{two[0]}){two[1]}"),
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
    )


@given(st.recursive(_ATOMS, _grown, max_leaves=6), st.text("ab1- \n", max_size=7))
def test_matches_as_a_backtracking_matcher_does(pattern: str, text: str) -> None:
    whole = f"^(?:{pattern})$"
    python = whole.removesuffix("$") + "\\Z"
    assert compiled(pattern).search(text) == bool(re.search(pattern, text, re.ASCII))
    assert compiled(whole).search(text) == bool(re.search(python, text, re.ASCII))


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("^a$", "a", "a\n"),
        ("^\\p{L}+\\z", "aß", "a1"),
        ("^\\PN$", "a", "1"),
        ("^\\d$", "1", "\u0661"),
        ("^[[:alpha:]_]+$", "a_b", "a-b"),
        ("^\\Qa.b\\E$", "a.b", "axb"),
        ("(?i)^ab$", "AB", "AC"),
        ("^a{,2}$", "a{,2}", "a"),
        ("^(?P<x>a|)$", "", "b"),
        ("^\\x41\\x{42}$", "AB", "ab"),
        ("^[]a-]+$", "]-", "b"),
        ("(?m)^b$", "a\nb", "ab"),
    ],
)
def test_go_decides_where_python_differs(pattern: str, yes: str, no: str) -> None:
    assert (compiled(pattern).search(yes), compiled(pattern).search(no)) == (True, False)


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("a(?=b)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(a", "missing closing ): `(a`"),
        ("a)", "unexpected ): `a)`"),
        ("[a", "missing closing ]: `[a`"),
        ("*", "missing argument to repetition operator: `*`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("[b-a]", "invalid character class range: `b-a`"),
        ("\\1", "invalid escape sequence: `\\1`"),
        ("a\\", "trailing backslash at end of expression: ``"),
        ("(" * 3000, f"expression nests too deeply: `{'(' * 3000}`"),
        ("((a{1000}){1000}){1000}", "expression too large: `((a{1000}){1000}){1000}`"),
    ],
)
def test_what_go_refuses_is_refused_in_its_words(pattern: str, problem: str) -> None:
    with pytest.raises(BadPattern) as refused:
        compiled(pattern)
    assert str(refused.value) == f"error parsing regexp: {problem}"


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "a*a*a*a*a*b", "(.*)*c"])
def test_no_pattern_takes_exponential_time(pattern: str) -> None:
    text = "a" * 20_000 + "X"
    assert not compiled(pattern).search(text)  # a backtracking matcher would not come back


def test_what_is_kept_of_a_text_is_bounded_and_forgetting_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "_MOST_STEPS", 3)
    text = "".join("ab"[number * number % 7 % 2] for number in range(300))
    for tail, matches in (("a" + "b" * 4 + "x", True), ("b" * 5 + "x", False)):
        pattern = patterns.Pattern(compiled("a[ab]{4}x")._part)
        assert pattern.search(text + tail) is matches
        assert len(pattern._steps) <= 4
        assert len(pattern._sets) <= 6
