"""What can happen to a node's containers from outside: for Inputs and fault actions, which have the hands of the kubelet's process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import attrs

from ..core.hands import Hands
from ..core.table import Table
from .records import worker_key
from .runtime import NOTHING_RUNS, RUNTIME, Runtime
from .worker import STARTED

PODS: Final = "pods"
"""The controller of the pod workers."""


def end_container(hands: Hands, pod: str, container: str, exit_code: int) -> bool:
    """Let the running container of the pod "namespace/name" exit now; False if there is none. A kubelet that is down finds out when it is back."""
    runtime: Runtime = hands.recall(RUNTIME, NOTHING_RUNS)
    for uid, sandbox in runtime.pods.items():
        run = sandbox.find(container) if sandbox.key == pod else None
        if run is not None and run.runs(hands.now_ms):
            hands.remember(RUNTIME, runtime.put(sandbox.replace(run, run.ending(hands.now_ms, exit_code))))
            if hands.recall(STARTED) is not None:
                hands.enqueue(PODS, worker_key(pod, uid))
            return True
    return False


def lose_runtime(hands: Hands) -> None:
    """The machine of a kubelet that is down has lost all that ran on it (a power cut); images stay on its disk."""
    runtime: Runtime = hands.recall(RUNTIME, NOTHING_RUNS)
    lost = NOTHING_RUNS
    for name, size in runtime.images.items():
        lost = lost.with_image(name, size)
    hands.remember(RUNTIME, lost)


EXIT_CODES: Final = (1, 0)
"""How a container that ends by itself may end."""


@attrs.frozen(eq=False)
class NodeMachine:
    """The machine of a node: a power cut, and containers that exit by themselves (`default/web web exit=1`)."""

    def lose(self, hands: Hands) -> None:
        """All containers are gone."""
        lose_runtime(hands)

    def mishaps(self, memory: Table[str, Any], now_ms: int) -> Iterator[str]:
        """The containers that run, each with the codes with which it may exit."""
        runtime: Runtime = memory.get(RUNTIME, NOTHING_RUNS)
        for _, sandbox in sorted(runtime.pods.items(), key=lambda item: (item[1].key, item[0])):
            for run in sandbox.instances:
                if run.runs(now_ms):
                    yield from (f"{sandbox.key} {run.name} exit={code}" for code in EXIT_CODES)

    def befall(self, hands: Hands, what: str) -> bool:
        """Let a container exit."""
        pod, container, code = what.split(" ")
        return end_container(hands, pod, container, int(code.removeprefix("exit=")))
