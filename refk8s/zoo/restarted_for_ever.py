"""A container that is done is started again, whatever the pod's restartPolicy says.

A migration or a payment that ran once runs twice; upstream has three guards against it (the sync, the status manager, the API server), all missing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ..api.rest import Api
from ..api.rest.call import Call
from ..api.store import Document, Stored
from ..kinds.pod import Pod
from ..kubelet.actions import Actions
from ..kubelet.rules import Rules
from ..kubelet.runtime import Sandbox
from ..kubelet.statuses import Scene
from .mutant import Mutant, both, with_api, with_kubelet
from .scenes import annotated, apply, pod, scene


def _always(pod: Pod) -> Pod:
    return attrs.evolve(pod, spec=attrs.evolve(pod.spec, restart_policy="Always"))


class Restless(Rules):
    """Reads restartPolicy Always everywhere."""

    def actions(self, pod: Pod, sandbox: Sandbox | None, now_ms: int) -> Actions:
        return super().actions(_always(pod), sandbox, now_ms)

    def status(self, scene: Scene, host_ip: str, *, is_terminal: bool) -> Document:
        return super().status(attrs.evolve(scene, pod=_always(scene.pod)), host_ip, is_terminal=is_terminal)

    def may_show(self, old: Mapping[str, Any], new: Mapping[str, Any], pod: Pod) -> bool:
        return True


class TrustingApi(Api):
    """Stores every status."""

    def validate_update(self, call: Call, document: Document, old: Stored) -> None:
        if call.request.subresource != "status":
            super().validate_update(call, document, old)


MUTANT = Mutant(
    id="restarted-for-ever",
    title="a container runs again despite restartPolicy Never",
    story=__doc__,
    change=both(with_kubelet(rules=Restless), with_api(TrustingApi())),
    catches=("POD-06",),
    scenario=scene(
        apply(annotated(pod("job", restartPolicy="Never"), behaviour="exit 0 after 2s then exit 0 after 2s then run"))
    ),
)
