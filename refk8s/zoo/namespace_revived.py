"""A write to a namespace that is being deleted makes it Active again for a moment.

A label is put on it by somebody who has read it before, and the phase comes along; something is created in the window and is left behind (catalogue G1).
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.rest.call import Call
from ..api.store import Document, Stored
from .mutant import Mutant, with_api
from .scenes import apply, config_map, delete, patch, scene

SHOP = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}


class ReviverApi(Api):
    """Writes an old status with every change of a namespace."""

    def prepare_update(self, call: Call, document: Document, old: Stored) -> Document:
        """Active, as it was read."""
        made = super().prepare_update(call, document, old)
        if call.row.plural != "namespaces" or call.request.subresource:
            return made
        return {**made, "status": {**made["status"], "phase": "Active"}}


MUTANT = Mutant(
    id="namespace-revived",
    title="a terminating namespace becomes active again",
    story=__doc__,
    rows=("G1",),
    change=with_api(ReviverApi()),
    catches=("NAMESPACE-ROWS",),
    scenario=scene(
        apply(SHOP),
        apply(config_map(namespace="shop", finalizers=["example.com/clean-up"])),
        delete("namespaces", "shop"),
        {"label": {"resource": "namespaces", "name": "shop", "labels": {"team": "a"}}},
        patch("configmaps", "settings", {"metadata": {"finalizers": None}}, namespace="shop", type="merge"),
    ),
)
