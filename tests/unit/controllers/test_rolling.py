"""Percentages and fenceposts (recorded: int-or-percent, fenceposts, deployment-new-replicas)."""

import pytest

from refk8s.controllers.rolling import (
    InvalidSize,
    max_surge,
    max_unavailable,
    min_available,
    new_replica_set_size,
    resolve_fenceposts,
    scaled_value,
)
from tests.unit.controllers.controller_objects import deployment, replica_set


def test_percentages_round_in_the_direction_asked_for():
    assert scaled_value("25%", 10, round_up=True) == 3
    assert scaled_value("25%", 10, round_up=False) == 2


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "nil value for IntOrString"),
        ("5", "invalid value for IntOrString: invalid type: string is not a percentage"),
        (
            '"%',
            'invalid value for IntOrString: invalid value "\\"%": strconv.Atoi: parsing "\\"": invalid syntax',
        ),
        (
            "9223372036854775808%",
            'invalid value for IntOrString: invalid value "9223372036854775808%": '
            'strconv.Atoi: parsing "9223372036854775808": value out of range',
        ),
    ],
)
def test_unresolvable_values_say_why_in_upstreams_words(value, message):
    with pytest.raises(InvalidSize) as error:
        scaled_value(value, 1, round_up=True)
    assert str(error.value) == message


def test_two_zero_fenceposts_become_one_unavailable():
    assert resolve_fenceposts("0%", "1%", 10) == (0, 1)


def test_bounds_of_a_deployment():
    rolling = deployment(10, "25%", "150%")
    assert (max_surge(rolling), max_unavailable(rolling), min_available(rolling)) == (3, 10, 0)
    assert max_unavailable(deployment(0, 1, 1)) == 0
    recreate = deployment(3, spec={"strategy": {"type": "Recreate"}})
    assert (max_surge(recreate), max_unavailable(recreate), min_available(recreate)) == (0, 0, 0)


def test_unresolvable_bounds_count_as_zero():
    broken = deployment(3, "x", "y")
    assert (max_surge(broken), max_unavailable(broken)) == (0, 0)


def test_new_replica_set_grows_within_the_surge():
    old, new = replica_set("old", 3), replica_set("new", 0)
    assert new_replica_set_size(deployment(3, 1), [old, new], 0) == 1
    assert new_replica_set_size(deployment(3, 0), [old, new], 0) == 0
    assert new_replica_set_size(deployment(3, 9), [old, new], 0) == 3


def test_recreate_goes_to_full_size_at_once():
    recreate = deployment(3, spec={"strategy": {"type": "Recreate"}})
    assert new_replica_set_size(recreate, [replica_set("old", 3)], 0) == 3


def test_unknown_strategy_is_an_error():
    with pytest.raises(InvalidSize, match="deployment type Blue isn't supported"):
        new_replica_set_size(deployment(3, spec={"strategy": {"type": "Blue"}}), [], 0)
