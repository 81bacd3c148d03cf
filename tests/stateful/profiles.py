"""How many examples the stateful tests run under each profile (HYPOTHESIS_PROFILE: dev, ci, nightly; see tests/conftest.py)."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction

from hypothesis import HealthCheck, Phase, settings

TIMES = {"dev": Fraction(1, 5), "ci": Fraction(1), "nightly": Fraction(100)}


def stateful(
    examples: int, *, steps: int = 30, phases: Collection[Phase] = tuple(Phase), planted: bool = False
) -> settings:
    """Settings for a rule machine: so many examples under ci, a fifth of them under dev, 100 times as many nightly.

    `planted`: what it looks for is there, and is to be found within the ci profile; so every profile has at least so many. `steps` keeps an example far below
    the 2,500 choices that Hypothesis takes: beyond them it throws examples away without a word.
    """
    times = TIMES.get(settings.get_current_profile_name(), TIMES["ci"])
    return settings(
        max_examples=max(1, int(examples * (max(times, TIMES["ci"]) if planted else times))),
        stateful_step_count=steps,
        deadline=None,
        phases=phases,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
