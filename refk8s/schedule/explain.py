"""A decision in words and tables: the verdict on each node, why the winner won, what a pending pod waits for and what preemption would do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from refk8s.schedule.simulate import Placement
from refk8s.scheduler.cycle import Decision
from refk8s.scheduler.framework import Code, Point, Profile

__all__ = ["head", "node_table", "summary", "verdict"]

Table = tuple[list[str], list[list[str]]]


def head(placement: Placement) -> str:
    """Which pod this is about."""
    profile = f", profile {placement.profile.scheduler_name}" if placement.profile is not None else ""
    return f"pod {placement.name}, priority {placement.pod.priority}{profile}"


def node_table(placement: Placement) -> Table | None:
    """One row per node that was looked at: verdict, plugin and reason, or the scores of each plugin as raw/normalised/weighted; the best first."""
    decision, profile = placement.decision, placement.profile
    if decision is None or profile is None or not decision.nodes:
        return None
    scorers = [p.name for p in profile.at(Point.SCORE) if p.name in decision.scores]
    order = sorted(decision.nodes, key=lambda name: (-decision.totals.get(name, -1), name))
    rejected = bool(decision.rejected)
    columns = [
        "NODE",
        "VERDICT",
        *(["PLUGIN", "REASON"] if rejected else []),
        *(["TOTAL", *scorers] if decision.best else []),
    ]
    rows = []
    for name in order:
        status = decision.nodes[name]
        row = [name, _word(name, placement, decision, status.code)]
        if rejected:
            row += [status.plugin, status.message]
        if decision.best:
            row.append(str(decision.totals[name]) if name in decision.totals else "")
            row += [_scores(decision, profile, plugin, name) for plugin in scorers]
        rows.append(row)
    return columns, rows


def verdict(placement: Placement) -> Iterator[str]:
    """What came out, one line after the other."""
    decision = placement.decision
    if placement.profile is None:
        yield f"not scheduled: no profile is for schedulerName {placement.pod.pod.spec.scheduler_name!r}"
    elif placement.gate is not None:
        yield f"not scheduled: {placement.gate.message}"
    elif decision is not None and decision.chosen:
        yield from _winner(decision, placement.profile)
    elif decision is not None:
        yield f"pending: {decision.message}"
        yield from _preemption(placement, decision)


def summary(placements: Sequence[Placement]) -> Table:
    """One row per pod: where it goes, and why."""
    rows = []
    for placement in placements:
        decision = placement.decision
        if placement.evicted:
            why = "evicts " + ", ".join(f"{pod.namespace}/{pod.name}" for pod in placement.evicted)
        elif decision is not None and decision.chosen:
            why = _equals(decision)
        else:
            why = next(verdict(placement), "").removeprefix("pending: ").removeprefix("not scheduled: ")
        rows.append([placement.name, str(placement.pod.priority), placement.node or "<none>", why])
    return ["POD", "PRIORITY", "NODE", "WHY"], rows


_WORDS = {Code.UNSCHEDULABLE: "unschedulable", Code.UNSCHEDULABLE_AND_UNRESOLVABLE: "unresolvable"}


def _word(name: str, placement: Placement, decision: Decision, code: Code) -> str:
    if name == decision.chosen:
        return "chosen"
    if name in decision.best:
        return "as good"
    return "fits" if code is Code.SUCCESS else _WORDS[code]


def _scores(decision: Decision, profile: Profile, plugin: str, node: str) -> str:
    pair = decision.scores[plugin].get(node)
    if pair is None:
        return ""
    raw, normalised = pair
    return f"{raw}/{normalised}/{normalised * profile.weights.get(plugin, 1)}"


def _winner(decision: Decision, profile: Profile) -> Iterator[str]:
    chosen, totals = decision.chosen, decision.totals
    if len(decision.feasible) == 1:
        only = (
            "it is the only node that fits"
            if decision.rejected or len(decision.nodes) > 1
            else "it is the only node looked at"
        )
        yield f"{chosen}: {only}"
        return
    yield f"{chosen}: total {totals[chosen]}{_more(decision)}"
    others = [name for name in totals if name not in decision.best]
    if not others:
        return
    second = min(others, key=lambda name: (-totals[name], name))
    gains = []
    for plugin in decision.scores:
        weight = profile.weights.get(plugin, 1)
        gain = (decision.scores[plugin][chosen][1] - decision.scores[plugin][second][1]) * weight
        if gain:
            gains.append((gain, plugin))
    told = ", ".join(f"{plugin} {gain:+d}" for gain, plugin in sorted(gains, key=lambda each: (-abs(each[0]), each[1])))
    yield f"ahead of {second} by {totals[chosen] - totals[second]}: {told}"


def _more(decision: Decision) -> str:
    more = _equals(decision)
    return f"; {more}" if more else ""


def _equals(decision: Decision) -> str:
    """The other nodes that kube-scheduler could as well have taken."""
    others = [name for name in decision.best if name != decision.chosen]
    if not others:
        return ""
    shown = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
    return f"as good: {shown} (kube-scheduler takes any of them)"


def _preemption(placement: Placement, decision: Decision) -> Iterator[str]:
    made = decision.post_filter
    found = made.details if made is not None else None
    if made is None or found is None or made.status.code is not Code.SUCCESS:
        return
    node = made.nominated_node_name or ""
    candidate = found.candidates[node]
    victims = ", ".join(f"{pod.namespace}/{pod.name} (priority {pod.priority})" for pod in candidate.victims)
    over = f"; {candidate.pdb_violations} beyond a disruption budget" if candidate.pdb_violations else ""
    does = "evicts" if placement.evicted else "would evict"
    yield f"preemption {does} on {node}: {victims}{over}"
    others = [name for name in found.nominated if name != node]
    if others:
        yield f"as good: {', '.join(others[:3])}{f' and {len(others) - 3} more' if len(others) > 3 else ''}"
    worse = len(found.candidates) - len(found.nominated)
    if worse:
        yield f"{worse} other nodes would do at a higher price"
