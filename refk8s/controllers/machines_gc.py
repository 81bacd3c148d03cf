"""The states of an object on its way out, as the garbage collector sees them, and who moves it from one to the next.

Source: pkg/controller/garbagecollector; apiserver/pkg/registry/generic/registry/store.go, deletionFinalizersForGarbageCollection.
"""

from __future__ import annotations

from typing import Final

from ..core.machine import Row
from .gc_graph import FOREGROUND, ORPHAN, Document, has_finalizer, is_being_deleted

LIVE: Final = "live"
ORPHANING: Final = "orphaning"
WAITING: Final = "waiting"
ENDING: Final = "ending"
GONE: Final = "gone"

ANYONE: Final = "*"
MANAGER: Final = "kube-controller-manager"
USER: Final = "user"

GC_DELETION: Final = (
    Row("GC-T1", LIVE, ORPHANING, ANYONE, "it is deleted with the policy Orphan"),
    Row("GC-T2", LIVE, WAITING, ANYONE, "it is deleted with the policy Foreground"),
    Row(
        "GC-T3", LIVE, ENDING, ANYONE, "it is deleted with the policy Background, and has finalizers or a grace period"
    ),
    Row("GC-T4", LIVE, GONE, ANYONE, "it is deleted with the policy Background, and has neither"),
    Row("GC-T5", ORPHANING, GONE, MANAGER, "no dependent refers to it any more"),
    Row("GC-T6", ORPHANING, ENDING, MANAGER, "no dependent refers to it any more, but others have finalizers on it"),
    Row("GC-T7", WAITING, GONE, MANAGER, "no dependent blocks it any more"),
    Row("GC-T8", WAITING, ENDING, MANAGER, "no dependent blocks it any more, but others have finalizers on it"),
    Row("GC-T9", ENDING, GONE, ANYONE, "its last finalizer is taken off, or its grace period ends"),
    Row("GC-T10", ORPHANING, WAITING, ANYONE, "it is deleted again, with the policy Foreground"),
    Row("GC-T11", WAITING, ORPHANING, ANYONE, "it is deleted again, with the policy Orphan"),
    Row("GC-T12", ENDING, WAITING, ANYONE, "it is deleted again, with the policy Foreground"),
    Row("GC-T13", ENDING, ORPHANING, ANYONE, "it is deleted again, with the policy Orphan"),
    Row(
        "GC-T14",
        ORPHANING,
        ENDING,
        USER,
        "it is deleted again, with the policy Background, and others have finalizers on it",
    ),
    Row("GC-T15", ORPHANING, GONE, USER, "it is deleted again, with the policy Background"),
    Row(
        "GC-T16",
        WAITING,
        ENDING,
        USER,
        "it is deleted again, with the policy Background, and others have finalizers on it",
    ),
    Row("GC-T17", WAITING, GONE, USER, "it is deleted again, with the policy Background"),
)


def deletion_state(document: Document | None) -> str:
    """The state of an object; None for one that is not there."""
    if document is None:
        return GONE
    if not is_being_deleted(document):
        return LIVE
    if has_finalizer(document, ORPHAN):
        return ORPHANING
    return WAITING if has_finalizer(document, FOREGROUND) else ENDING
