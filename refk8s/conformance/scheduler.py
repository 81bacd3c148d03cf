"""The `scheduler` corpus: one recorded scheduling cycle per case, compared field by field.

Fields: `preEnqueue`, `preFilter`, `verdict`, `plugin` and `reasons` (of every node), `scores` (raw and normalised), `skippedScore`, `totals`, `best`,
`message` (of the complete default profile) and `preemption`. A case agrees when every field that was recorded does.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from refk8s.conformance.cases import Case, read, vendored
from refk8s.conformance.report import Disagreement, Group, Report
from refk8s.kinds.codec import view
from refk8s.kinds.node import Node
from refk8s.kinds.pod import Pod
from refk8s.scheduler.answers import answer_of, gated
from refk8s.scheduler.cycle import Decision, schedule
from refk8s.scheduler.filters import Nominated
from refk8s.scheduler.framework import Profile
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.nodeinfo import PodInfo
from refk8s.scheduler.plugins import default_profile
from refk8s.scheduler.snapshot import Snapshot

__all__ = ["FIELDS", "answer", "decide", "fields_of", "parts", "run"]

CORPUS = "scheduler"

FIELDS = (
    "preEnqueue",
    "preFilter",
    "verdict",
    "plugin",
    "reasons",
    "scores",
    "skippedScore",
    "totals",
    "best",
    "message",
    "preemption",
)

Doc = Mapping[str, Any]


def run(folder: Path | str | None = None) -> Report:
    """Compare the model with the cases in `folder` (default: those in the source tree). Raises ConformanceError."""
    groups = []
    for family, cases in _read(folder).items():
        disagreements = [Disagreement(case.name, reason) for case in cases if (reason := _reason(case))]
        groups.append(Group(CORPUS, family, len(cases), tuple(disagreements)))
    return Report(tuple(groups))


def fields_of(folder: Path | str | None = None) -> dict[str, dict[str, tuple[int, int]]]:
    """Return family → field → (cases where it agrees, cases where it was recorded), fields that no case has left out."""
    table: dict[str, dict[str, tuple[int, int]]] = {}
    for family, cases in _read(folder).items():
        tally: dict[str, tuple[int, int]] = {}
        for case in cases:
            for field, agrees in _judged(case.expected, _answer_or_crash(case)).items():
                agree, asked = tally.get(field, (0, 0))
                tally[field] = (agree + agrees, asked + 1)
        table[family] = {field: tally[field] for field in FIELDS if field in tally}
    return table


def answer(case: Doc) -> dict[str, Any]:
    """Return what the model does with the `input` of a case, in the shape of its `expected`."""
    kept_out = default_profile().pre_enqueue(_pod(case["pod"]))
    return gated(kept_out) if kept_out is not None else answer_of(decide(case, explain=True))


def decide(case: Doc, *, explain: bool) -> Decision:
    """Run the scheduling cycle of a case."""
    profile, pod, snapshot, nominated = parts(case)
    return schedule(profile, pod, snapshot, nominated=nominated, explain=explain)


def parts(case: Doc) -> tuple[Profile, PodInfo, Snapshot, Nominated]:
    """Return what the scheduling cycle of a case is about."""
    nominated: dict[str, list[PodInfo]] = {}
    for other in map(_pod, case.get("nominatedPods") or ()):
        nominated.setdefault(other.pod.status.nominated_node_name, []).append(other)
    profile = default_profile(case.get("pluginConfig") or ())
    return profile, _pod(case["pod"]), _snapshot(case), nominated


def _snapshot(case: Doc) -> Snapshot:
    listers = Listers.of(
        case.get("namespaces") or (),
        case.get("services") or (),
        case.get("replicaSets") or (),
        case.get("statefulSets") or (),
        case.get("replicationControllers") or (),
        case.get("podDisruptionBudgets") or (),
    )
    return Snapshot.of([view(Node, n) for n in case["nodes"]], map(_pod, case.get("pods") or ()), listers)


def _pod(document: Doc) -> PodInfo:
    return PodInfo.of(view(Pod, document))


def _read(folder: Path | str | None) -> dict[str, list[Case]]:
    return read(vendored(CORPUS) if folder is None else Path(folder))


def _reason(case: Case) -> str:
    """Return which fields disagree and how the first of them does, "" if none."""
    got = _answer_or_crash(case)
    wrong = [field for field, agrees in _judged(case.expected, got).items() if not agrees]
    if not wrong:
        return ""
    field = wrong[0]
    return (
        f"{', '.join(wrong)}: expected {_part(case.expected, field)!r}, got {got.get('crashed') or _part(got, field)!r}"
    )


def _answer_or_crash(case: Case) -> dict[str, Any]:
    try:
        return answer(case.input)
    except Exception as error:  # whatever goes wrong inside an answer is a disagreement with a name, never a way out
        return {"crashed": f"{type(error).__name__}: {error}"}


def _judged(expected: Doc, got: Doc) -> dict[str, bool]:
    """Return for each recorded field whether it agrees."""
    parts = {field: _part(expected, field) for field in FIELDS}
    return {field: _part(got, field) == part for field, part in parts.items() if part is not None}


def _part(shape: Doc, field: str) -> Any:
    """Return one field of an answer, None if it is not in it."""
    if field in ("verdict", "plugin", "reasons"):
        key = "code" if field == "verdict" else field
        return None if "nodes" not in shape else {node: status.get(key) for node, status in shape["nodes"].items()}
    return shape.get("messageDefaultProfile" if field == "message" else field)
