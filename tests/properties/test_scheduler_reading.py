"""The second reading of the sources agrees with the recordings, and the model with the second reading.

`python -m tests.properties.test_scheduler_reading 20000 [FIRST]` compares so many random cases.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import pytest

from refk8s.conformance import scheduler
from refk8s.conformance.cases import read, vendored
from tests.properties.reading.cycle import Cycle
from tests.properties.reading.lottery import random_case

FAMILIES = read(vendored("scheduler"))


def as_json(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer without what recordings have no form for."""
    scores = answer.get("scores") or {}
    pairs = {plugin: {node: list(pair) for node, pair in of.items()} for plugin, of in scores.items()}
    return {key: value for key, value in answer.items() if key != "message"} | ({"scores": pairs} if pairs else {})


def compare(seed: int) -> str:
    """Ask both about a random case; returns what came out. Raises AssertionError where they differ."""
    case = random_case(seed)
    expected, got = as_json(Cycle(case).answer()), as_json(scheduler.answer(case))
    differ = [key for key in sorted({*expected, *got}) if expected.get(key) != got.get(key)]
    assert not differ, (
        f"seed {seed}: {differ[0]}: {expected.get(differ[0])} as read, {got.get(differ[0])} from the model"
    )
    if got["best"]:
        return "placed"
    return "preempts" if got.get("preemption", {}).get("nominated") else "gated" if "preEnqueue" in got else "pending"


@pytest.mark.parametrize("family", FAMILIES)
def test_the_reading_gives_every_recorded_answer(family: str) -> None:
    for case in FAMILIES[family]:
        assert as_json(Cycle(case.input).answer()) == as_json(dict(case.expected)), case.name


def test_the_model_answers_random_cases_as_the_reading_does() -> None:
    outcomes = Counter(compare(seed) for seed in range(1_000))
    assert min(outcomes[each] for each in ("placed", "preempts", "pending", "gated")) > 5, outcomes


def main() -> int:
    """Compare many random cases."""
    count, begin = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    outcomes = Counter(compare(seed) for seed in range(begin, begin + count))
    print(f"{count:,} random cases from seed {begin}: the model answers as the second reading does ({dict(outcomes)})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
