"""What a corpus says about the model: per group how many cases there are, how many agree, and which do not."""

from collections.abc import Iterable
from typing import Any

import attrs

__all__ = ["Disagreement", "Group", "Report"]


@attrs.frozen
class Disagreement:
    """A case with another answer than the recorded one (or none: a crash); `reason` is one line."""

    name: str
    reason: str


@attrs.frozen
class Group:
    """The cases of one family or theme of a corpus.

    `agree_status` counts the cases whose status codes agree whatever else does not; only the api corpus has it.
    """

    corpus: str
    name: str
    cases: int
    disagreements: tuple[Disagreement, ...] = ()
    agree_status: int | None = None

    @property
    def agree(self) -> int:
        return self.cases - len(self.disagreements)

    def as_json(self) -> dict[str, Any]:
        shape: dict[str, Any] = {"corpus": self.corpus, "group": self.name, "cases": self.cases, "agree": self.agree}
        if self.agree_status is not None:
            shape["agree_status"] = self.agree_status
        return shape | {"disagree": [disagreement.name for disagreement in self.disagreements]}


@attrs.frozen
class Report:
    """The groups of one or several corpora."""

    groups: tuple[Group, ...]

    @property
    def cases(self) -> int:
        return sum(group.cases for group in self.groups)

    @property
    def agree(self) -> int:
        return sum(group.agree for group in self.groups)

    def as_json(self) -> dict[str, Any]:
        """Return the shape that `refk8s conformance -o json` prints for every corpus."""
        return {"cases": self.cases, "agree": self.agree, "groups": [group.as_json() for group in self.groups]}

    @staticmethod
    def joined(reports: Iterable["Report"]) -> "Report":
        """Return the report over several corpora."""
        return Report(tuple(group for report in reports for group in report.groups))
