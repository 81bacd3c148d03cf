"""A changed spec keeps its metadata.generation.

Whoever waits until observedGeneration is the generation (kubectl rollout status, controllers) takes the old status for the new one.
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.rest.call import Call
from ..api.store import Document, Stored
from .mutant import Mutant, with_api


class StillApi(Api):
    """Never counts."""

    def prepare_update(self, call: Call, document: Document, old: Stored) -> Document:
        """The generation of the old object."""
        made = super().prepare_update(call, document, old)
        return {**made, "metadata": {**made["metadata"], "generation": old.document["metadata"].get("generation", 0)}}


MUTANT = Mutant(
    id="generation-stands-still",
    title="a changed spec keeps its generation",
    story=__doc__,
    change=with_api(StillApi()),
    catches=("API-05",),
    scenario="rollout",
)
