"""Acceptance of names, establishment, and the end of a definition with all its objects.

DEVIATES: upstream's controllers for this run inside kube-apiserver, a moment after the write; here their writes follow in the same transaction, because they
belong to the API server and nothing can be observed in between but that a fresh definition is not served yet. The clean-up deletes at once and does not give
up after a minute.

Source: apiextensions-apiserver/pkg/controller/{status/naming,establish/establishing,finalizer/crd_finalizer}_controller.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from refk8s.api.store import Stored, Txn
from refk8s.kinds.fielderror import quote

from .definition import is_true
from .serving import DEFINITIONS

Doc = dict[str, Any]
CLEANUP: Final = "customresourcecleanup.apiextensions.k8s.io"
_INSTALLING: Final = ("False", "Installing", "the initial names have been accepted")
_ACCEPTED: Final = ("True", "InitialNamesAccepted", "the initial names have been accepted")
_NOT_ACCEPTED: Final = ("False", "NotAccepted", "not all names are accepted")


def settle(txn: Txn, now: str) -> None:
    """Write the status of every definition whose names changed or can be accepted now; `now` is RFC 3339."""
    for key in txn.collection(DEFINITIONS).objects:
        stored = txn.get(DEFINITIONS, key)
        if stored is None or _names_are_settled(stored.document):
            continue
        document = _named(stored.document, _others(txn, stored), now)
        if document != stored.document:
            stored = txn.update(DEFINITIONS, stored, document)
        if is_true(stored.document, "NamesAccepted") and not is_true(stored.document, "Established"):
            txn.update(DEFINITIONS, stored, with_condition(stored.document, "Established", _ACCEPTED, now))


def _names_are_settled(document: Doc) -> bool:
    status = document.get("status") or {}
    return bool(document["spec"]["names"] == status.get("acceptedNames") and is_true(document, "Established"))


def _others(txn: Txn, mine: Stored) -> list[Doc]:
    """The names that other definitions of the group have."""
    group = mine.document["spec"]["group"]
    return [
        (stored.document.get("status") or {}).get("acceptedNames") or {}
        for stored in txn.collection(DEFINITIONS).objects.values()
        if stored.key != mine.key and stored.document["spec"]["group"] == group
    ]


def _named(document: Doc, others: Iterable[Doc], now: str) -> Doc:
    """The definition with the names that it gets, and the conditions that say so."""
    wanted, accepted = document["spec"]["names"], dict(document["status"].get("acceptedNames") or {})
    before = dict(accepted)
    resources: set[str] = set()
    kinds: set[str] = set()
    for names in others:
        resources |= {names.get("plural", ""), names.get("singular", ""), *(names.get("shortNames") or ())}
        kinds |= {names.get("kind", ""), names.get("listKind", "")}
    problem: tuple[str, str] | None = None
    for key, used in (
        ("plural", resources),
        ("singular", resources),
        ("shortNames", resources),
        ("kind", kinds),
        ("listKind", kinds),
    ):
        names_wanted, names_before = _listed(wanted.get(key)), _listed(before.get(key))
        taken = [name for name in names_wanted if name not in names_before and name in used]
        if taken:
            texts = [f"{quote(name)} is already in use" for name in taken]
            problem = (key[0].upper() + key[1:] + "Conflict", texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")
        elif wanted.get(key):
            accepted[key] = wanted[key]
        else:
            accepted.pop(key, None)
    accepted.pop("categories", None)
    if wanted.get("categories"):
        accepted["categories"] = wanted["categories"]
    names_condition = ("False", *problem) if problem else ("True", "NoConflicts", "no conflicts found")
    made = {**document, "status": {**document["status"], "acceptedNames": accepted}}
    made = with_condition(made, "NamesAccepted", names_condition, now)
    if is_true(document, "Established"):
        return made
    return with_condition(made, "Established", _NOT_ACCEPTED if problem else _INSTALLING, now)


def _listed(names: Any) -> list[str]:
    return list(names) if isinstance(names, list) else [names] if names else []


def with_condition(document: Doc, kind: str, what: tuple[str, str, str], now: str) -> Doc:
    """The definition with a condition; its time changes with its status. `what`: (status, reason, message)."""
    status, reason, message = what
    found = list((document.get("status") or {}).get("conditions") or ())
    made = {"type": kind, "status": status, "lastTransitionTime": now, "reason": reason, "message": message}
    for index, condition in enumerate(found):
        if condition["type"] == kind:
            if condition["status"] == status and condition.get("lastTransitionTime"):
                made["lastTransitionTime"] = condition["lastTransitionTime"]
            found[index] = made
            break
    else:
        found.append(made)
    return {**document, "status": {**document["status"], "conditions": found}}


def marked(document: Doc, now: str) -> Doc:
    """A definition that is to go: with our finalizer, and the condition that its objects go first."""
    metadata = document["metadata"]
    finalizers = metadata.get("finalizers") or []
    if CLEANUP not in finalizers:
        finalizers = [*finalizers, CLEANUP]
    made = {**document, "metadata": {**metadata, "deletionTimestamp": now, "finalizers": finalizers}}
    text = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
    return with_condition(made, "Terminating", ("True", "InstanceDeletionPending", text), now)


def in_progress(document: Doc, now: str) -> Doc:
    """A definition whose objects are being deleted."""
    what = ("True", "InstanceDeletionInProgress", "CustomResource deletion is in progress")
    return with_condition(document, "Terminating", what, now)


def cleaned(document: Doc, now: str) -> Doc:
    """A definition without objects, and so without our finalizer."""
    metadata = document["metadata"]
    finalizers = [name for name in metadata.get("finalizers") or () if name != CLEANUP]
    kept = {name: value for name, value in metadata.items() if name != "finalizers"}
    made = {**document, "metadata": {**kept, "finalizers": finalizers} if finalizers else kept}
    established = is_true(document, "Established")
    what = ("False", "InstanceDeletionCompleted", "removed all instances")
    return with_condition(
        made,
        "Terminating",
        what if established else ("False", "NeverEstablished", "resource was never established"),
        now,
    )
