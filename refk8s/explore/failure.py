"""What went wrong in a run, as one value: an invariant, an expectation of the scenario, or a run without an end."""

from __future__ import annotations

import re
from typing import Any, Final

import attrs

from ..core.invariant import Violation
from ..scenarios.format import Scenario
from .expect import failed_steps, unmet
from .run import Outcome

EXPECTED: Final = "EXPECT"
REFUSED: Final = "REFUSED"
ENDLESS: Final = "ENDLESS"
FORETOLD: Final = "Everything is as the machine's own model of the cluster foretells it."
"""What a test demands of a run that knows more of it than the invariants do (refk8s.testing)."""
GUARANTEES: Final = {
    EXPECTED: "Once the cluster is quiet, everything is as the scenario expects it.",
    REFUSED: "No step of a user is refused or times out in a scenario that says mustSucceed.",
    ENDLESS: "A run becomes quiet: only finitely many steps are taken once nobody changes anything any more.",
}
"""What is demanded of a run beside the invariants."""


@attrs.frozen
class Failure:
    """One failure. `id` is that of an invariant or a key of GUARANTEES, `finding` one sentence with subject, observed and expected, `step` where it showed."""

    id: str
    guarantee: str
    finding: str
    step: int

    def __str__(self) -> str:
        return f"{self.id}: {self.finding}"

    def data(self) -> dict[str, Any]:
        """The failure as data."""
        return {"id": self.id, "step": self.step, "finding": self.finding}

    @property
    def about(self) -> str:
        """What it is about: the finding without names and numbers, so that equal mistakes with different objects are one."""
        return re.sub(r"\S*\d\S*", "…", re.sub(r"/[^\s:,()]+", "/…", self.finding))


def of_violation(violation: Violation) -> Failure:
    """A broken invariant as a failure."""
    return Failure(violation.invariant.id, violation.invariant.guarantee, violation.finding, violation.step)


def failure_of(scenario: Scenario, outcome: Outcome, *, excused: str = "") -> Failure | None:
    """The first thing that is wrong with how a run of `scenario` ended, or None.

    `excused`: why nothing that the scenario expects is due (due.py), "" if all is.
    """
    if outcome.violation is not None:
        return of_violation(outcome.violation)
    at = outcome.world.index
    if outcome.verdict in ("limit", "hot loop"):
        return Failure(
            ENDLESS,
            GUARANTEES[ENDLESS],
            f"it is not quiet after {outcome.steps} steps ({outcome.verdict}): expected it to be",
            at,
        )
    if excused:
        return None
    refused = failed_steps(outcome.world) if scenario.must_succeed else []
    if refused:
        return Failure(REFUSED, GUARANTEES[REFUSED], f"{refused[0]}: expected success", at)
    missing = unmet(outcome.world, scenario.expect) if outcome.verdict == "quiet" else []
    return Failure(EXPECTED, GUARANTEES[EXPECTED], missing[0], at) if missing else None
