from refk8s.controllers.decisions_expectations import (
    TIMEOUT_MS,
    Expectations,
    expect_creations,
    expect_deletions,
    is_satisfied,
)


def test_creations_are_waited_for_until_all_are_seen():
    expected = expect_creations(None, 2, 0)
    assert not is_satisfied(expected, 0)
    assert not is_satisfied(expected.observed_creations(), 0)
    assert is_satisfied(expected.observed_creations(2), 0)
    assert is_satisfied(None, 0)


def test_a_deletion_counts_once_and_only_if_it_was_asked_for():
    expected = expect_deletions(["ns/b", "ns/a"], 0)
    assert expected == Expectations(deletions=2, deleting=("ns/a", "ns/b"))
    once = expected.observed_deletion("ns/a")
    assert once.observed_deletion("ns/a") is once
    assert once.observed_deletion("ns/c") is once
    assert not once.is_fulfilled()
    assert once.observed_deletion("ns/b").is_fulfilled()


def test_expectations_expire_after_five_minutes():
    expected = expect_creations(None, 1, 1_000)
    assert not is_satisfied(expected, 1_000 + TIMEOUT_MS)
    assert is_satisfied(expected, 1_001 + TIMEOUT_MS)


def test_new_creations_forget_counts_but_not_the_keys_of_earlier_deletions():
    expected = expect_creations(expect_deletions(["ns/a"], 0), 1, 5)
    assert expected == Expectations(creations=1, since_ms=5, deleting=("ns/a",))
    assert expected.token != expect_creations(None, 1, 5).token
