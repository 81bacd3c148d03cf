"""When a toleration is one for a taint."""

import pytest

from refk8s.kinds.toleration import Taint, Toleration, tolerated, untolerated

TAINT = Taint("k", "5", "NoSchedule")


@pytest.mark.parametrize(
    ("toleration", "tolerates"),
    [
        (Toleration("k", "", "5"), True),
        (Toleration("k", "Equal", "5", "NoSchedule"), True),
        (Toleration("k", "Equal", "5", "NoExecute"), False),
        (Toleration("k", "Equal", "6"), False),
        (Toleration("j", "Exists"), False),
        (Toleration("k", "Exists"), True),
        (Toleration("", "Exists"), True),
        (Toleration("", "", "5"), True),
        (Toleration("k", "Lt", "6"), False),
        (Toleration("k", "Near", "5"), False),
    ],
)
def test_key_effect_operator_and_value_decide(toleration: Toleration, tolerates: bool) -> None:
    assert toleration.tolerates(TAINT) is tolerates


@pytest.mark.parametrize(
    ("operator", "value", "tolerates"),
    [
        ("Lt", "6", True),
        ("Lt", "5", False),
        ("Gt", "4", True),
        ("Gt", "-4", True),
        ("Gt", "04", False),
        ("Lt", "9223372036854775808", False),
    ],
)
def test_comparisons_need_their_feature_gate(operator: str, value: str, tolerates: bool) -> None:
    toleration = Toleration("k", operator, value)
    assert toleration.tolerates(TAINT, compare=True) is tolerates
    assert not toleration.tolerates(TAINT)


def test_the_first_untolerated_taint_that_repels_is_named() -> None:
    taints = [Taint("a", effect="PreferNoSchedule"), Taint("b", effect="NoSchedule"), Taint("c", effect="NoExecute")]
    assert untolerated(taints, ()) == taints[1]
    assert untolerated(taints, (Toleration("b", "Exists"),)) == taints[2]
    assert untolerated(taints, (Toleration("", "Exists"),)) is None
    assert untolerated(taints, (), effects=("PreferNoSchedule",)) == taints[0]


def test_any_toleration_is_enough() -> None:
    assert tolerated((Toleration("x", "Exists"), Toleration("k", "Exists")), TAINT)
    assert not tolerated((), TAINT)
