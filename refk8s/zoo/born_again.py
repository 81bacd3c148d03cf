"""Every write loses metadata.creationTimestamp: the object is made anew from the body.

A server that stores what it is sent, instead of what the client may decide of it (k8s-lite-go replaces the whole object in its map).
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.store import Document, Stored
from .mutant import Mutant, with_api


class AmnesicApi(Api):
    """Writes objects without their birthday."""

    def revert_times(self, document: Document, old: Stored) -> Document:
        """The last look at a document before it is written."""
        made = super().revert_times(document, old)
        return {**made, "metadata": {**made["metadata"], "creationTimestamp": None}}


MUTANT = Mutant(
    id="born-again",
    title="an update changes the creationTimestamp",
    story=__doc__,
    change=with_api(AmnesicApi()),
    catches=("API-04",),
    scenario="first-pod",
)
