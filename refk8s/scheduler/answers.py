"""Decisions as JSON, in the shape of the recorded scheduling cycles (README of the recordings)."""

from __future__ import annotations

from typing import Any

from refk8s.scheduler.cycle import Decision
from refk8s.scheduler.framework import PostFilterResult, Status

__all__ = ["answer_of", "gated", "status_of"]


def gated(status: Status) -> dict[str, Any]:
    """The answer for a pod that a PreEnqueue plugin keeps out of the queue."""
    return {"preEnqueue": status_of(status), "best": []}


def answer_of(decision: Decision) -> dict[str, Any]:
    """The answer for a pod that went through a cycle; the scores are those of a cycle that explains itself."""
    shape: dict[str, Any] = {
        "nodes": {name: status_of(status) for name, status in decision.nodes.items()},
        "best": list(decision.best),
    }
    if decision.pre_filter is not None:
        shape["preFilter"] = status_of(decision.pre_filter)
    if decision.best:
        shape["scores"] = {p: {n: list(pair) for n, pair in by_node.items()} for p, by_node in decision.scores.items()}
        shape["skippedScore"] = list(decision.skipped_score)
        shape["totals"] = dict(decision.totals)
    else:
        shape["messageDefaultProfile"] = decision.message
        if decision.post_filter is not None and decision.post_filter.details is not None:
            shape["preemption"] = _preemption(decision.post_filter)
    return shape


def status_of(status: Status) -> dict[str, Any]:
    """A verdict."""
    shape: dict[str, Any] = {"code": status.code.value}
    if status.plugin:
        shape["plugin"] = status.plugin
    if status.reasons:
        shape["reasons"] = sorted(status.reasons)
    return shape


def _preemption(result: PostFilterResult) -> dict[str, Any]:
    found = result.details
    shape: dict[str, Any] = {
        "eligible": found.eligible,
        "candidates": {
            node: {
                "victims": [f"{p.namespace}/{p.name}" for p in candidate.victims],
                "pdbViolations": candidate.pdb_violations,
            }
            for node, candidate in found.candidates.items()
        },
        "nominated": list(found.nominated),
        "message": found.message,
    }
    if found.rejected:
        shape["rejected"] = {node: status_of(status) for node, status in found.rejected.items()}
    return shape
