"""What a namespace's conditions say while its content is deleted. Pure functions.

Source: pkg/controller/namespace/deletion/status_condition_utils.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

Document = dict[str, Any]


@attrs.frozen
class Finding:
    """What one condition says of one pass. `status` is True or False."""

    type: str
    status: str
    reason: str
    message: str


DISCOVERY: Final = "NamespaceDeletionDiscoveryFailure"
GROUP_VERSIONS: Final = "NamespaceDeletionGroupVersionParsingFailure"
CONTENT_FAILURE: Final = "NamespaceDeletionContentFailure"
CONTENT: Final = "NamespaceContentRemaining"
FINALIZERS: Final = "NamespaceFinalizersRemaining"

FINE: Final = (
    Finding(DISCOVERY, "False", "ResourcesDiscovered", "All resources successfully discovered"),
    Finding(GROUP_VERSIONS, "False", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
    Finding(
        CONTENT_FAILURE,
        "False",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    Finding(CONTENT, "False", "ContentRemoved", "All content successfully removed"),
    Finding(FINALIZERS, "False", "ContentHasNoFinalizers", "All content-preserving finalizers finished"),
)
"""The conditions of a namespace in the order in which they are added, as they are when nothing is in the way."""


def failures(errors: tuple[str, ...]) -> tuple[Finding, ...]:
    """The finding that some resources could not be deleted."""
    if not errors:
        return ()
    message = f"Failed to delete all resource types, {len(errors)} remaining: {', '.join(sorted(errors))}"
    return (Finding(CONTENT_FAILURE, "True", "ContentDeletionFailed", message),)


def leftovers(remaining: Mapping[str, int], finalizers: Mapping[str, int]) -> tuple[Finding, ...]:
    """The findings about what is left: `remaining` counts objects by "resource.group", `finalizers` objects by finalizer."""
    found: list[Finding] = []
    if remaining:
        counts = sorted(f"{name} has {count} resource instances" for name, count in remaining.items())
        message = f"Some resources are remaining: {', '.join(counts)}"
        found.append(Finding(CONTENT, "True", "SomeResourcesRemain", message))
    if finalizers:
        counts = sorted(f"{name} in {count} resource instances" for name, count in finalizers.items())
        message = f"Some content in the namespace has finalizers remaining: {', '.join(counts)}"
        found.append(Finding(FINALIZERS, "True", "SomeFinalizersRemain", message))
    return tuple(found)


def updated_conditions(
    conditions: tuple[Document, ...], findings: tuple[Finding, ...], now: str
) -> tuple[Document, ...] | None:
    """The conditions with these findings, and all others fine; None if that changes nothing. `now` is an RFC 3339 time."""
    said = {finding.type: finding for finding in reversed(findings)}
    new = list(conditions)
    changed = False
    for fine in FINE:
        finding = said.get(fine.type, fine)
        place = next((i for i, condition in enumerate(new) if condition["type"] == fine.type), None)
        if place is None:
            new.append({**attrs.asdict(finding), "lastTransitionTime": now})
            changed = True
            continue
        old = new[place]
        same_status = old.get("status") == finding.status
        if not (same_status and old.get("reason") == finding.reason and old.get("message") == finding.message):
            since = old.get("lastTransitionTime", now) if same_status else now
            new[place] = {**old, **attrs.asdict(finding), "lastTransitionTime": since}
            changed = True
    return tuple(new) if changed else None
