"""Writing a status raises metadata.generation, as if the spec had changed.

observedGeneration then never catches up: the controller's own report makes the object newer than what it reports about.
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.rest.call import Call
from ..api.store import Document, Stored
from .mutant import Mutant, with_api


class CountingApi(Api):
    """Counts writes of the status, too."""

    def prepare_update(self, call: Call, document: Document, old: Stored) -> Document:
        """One generation more for a status."""
        made = super().prepare_update(call, document, old)
        generation = made["metadata"].get("generation", 0)
        if call.request.subresource != "status" or not generation or made == old.document:
            return made
        return {**made, "metadata": {**made["metadata"], "generation": generation + 1}}


MUTANT = Mutant(
    id="generation-of-status",
    title="a status write raises the generation",
    story=__doc__,
    change=with_api(CountingApi()),
    catches=("API-05",),
    scenario="first-pod",
)
