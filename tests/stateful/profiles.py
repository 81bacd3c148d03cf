"""How many examples the stateful tests run under each profile (HYPOTHESIS_PROFILE: dev, ci, nightly; see tests/conftest.py)."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import HealthCheck, Phase, settings

TIMES = {"dev": 1, "ci": 1, "nightly": 100}


def stateful(examples: int, *, steps: int = 30, phases: Collection[Phase] = tuple(Phase)) -> settings:
    """Settings for a rule machine: so many examples under dev and ci, 100 times as many nightly.

    `steps` keeps an example far below the 2,500 choices that Hypothesis takes: beyond them it throws examples away without a word.
    """
    return settings(
        max_examples=examples * TIMES.get(settings.get_current_profile_name(), 1),
        stateful_step_count=steps,
        deadline=None,
        phases=phases,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
