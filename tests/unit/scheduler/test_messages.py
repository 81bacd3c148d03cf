from refk8s.scheduler.framework import Code, Status
from refk8s.scheduler.messages import NOTE_LENGTH_LIMIT, event_note, fit_error


def no(*reasons: str) -> Status:
    return Status(Code.UNSCHEDULABLE, "P", reasons)


def test_reasons_are_counted_and_sorted_as_texts() -> None:
    statuses = [no("b"), no("a", "b"), *[no("c")] * 10]
    assert fit_error(12, statuses) == "0/12 nodes are available: 1 a, 10 c, 2 b."


def test_what_post_filter_said_comes_last() -> None:
    assert fit_error(1, [no("a")], post_filter="p") == "0/1 nodes are available: 1 a. p"


def test_a_rejection_as_a_whole_stands_for_the_reasons() -> None:
    assert (
        fit_error(2, [no("a"), no("a")], pre_filter="no way", post_filter="p") == "0/2 nodes are available: no way. p"
    )


def test_without_reasons_only_the_count_is_left() -> None:
    assert fit_error(1, []) == "0/1 nodes are available:"


def test_a_long_message_is_cut_for_the_event() -> None:
    assert event_note("x" * NOTE_LENGTH_LIMIT) == "x" * NOTE_LENGTH_LIMIT
    cut = event_note("x" * (NOTE_LENGTH_LIMIT + 1))
    assert len(cut) == NOTE_LENGTH_LIMIT
    assert cut.endswith("x ...")
