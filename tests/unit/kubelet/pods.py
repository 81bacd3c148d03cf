"""Pods and small parts of them for tests of the kubelet."""

from __future__ import annotations

from typing import Any

from refk8s.api.store import Stored
from refk8s.kinds.codec import view
from refk8s.kinds.pod import Pod
from refk8s.kubelet.behaviour import Attempt
from refk8s.kubelet.runtime import Runtime, Sandbox

Document = dict[str, Any]

NOW_MS = 1_767_225_600_000
NOW = "2026-01-01T00:00:00Z"


def container(name: str = "c", **fields: Any) -> Document:
    """A container's document, as the API server stores it."""
    return {"name": name, "image": "nginx:1", "resources": {}, "imagePullPolicy": "IfNotPresent", **fields}


def document(name: str = "web", *, uid: str = "u1", status: Document | None = None, **spec: Any) -> Document:
    """A pod's document. `spec` are fields of the spec; annotations, labels and deletion fields go to the metadata."""
    metadata: Document = {"name": name, "namespace": "default", "uid": uid, "generation": 1, "resourceVersion": "5"}
    for field in ("annotations", "labels", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
        if field in spec:
            metadata[field] = spec.pop(field)
    full = {
        "nodeName": "n1",
        "containers": [container()],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        **spec,
    }
    shown = {"phase": "Pending", "qosClass": "BestEffort", **(status or {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": full, "status": shown}


def pod(**fields: Any) -> Pod:
    """The view of `document`."""
    return view(Pod, document(**fields))


def stored(**fields: Any) -> Stored:
    """A stored version of `document`."""
    made = document(**fields)
    return Stored("default/" + made["metadata"]["name"], made, int(made["metadata"]["resourceVersion"]), 1, 1)


def waiting(name: str = "c", reason: str = "ContainerCreating", *, after: int | None = None, **fields: Any) -> Document:
    """A container status that waits; `after` is the exit code of the run before."""
    last = {} if after is None else {"terminated": {"exitCode": after}}
    return status(name, {"waiting": {"reason": reason}}, lastState=last, **fields)


def running(name: str = "c", **fields: Any) -> Document:
    """A container status that runs and is ready."""
    return status(name, {"running": {"startedAt": NOW}}, **{"ready": True, "started": True, **fields})


def ended(name: str = "c", code: int = 0, **fields: Any) -> Document:
    """A container status that has terminated."""
    return status(name, {"terminated": {"exitCode": code}}, **fields)


def status(name: str, state: Document, **fields: Any) -> Document:
    """A container status."""
    return {
        "name": name,
        "state": state,
        "lastState": {},
        "ready": False,
        "restartCount": 0,
        "started": False,
        **fields,
    }


def sandbox(*runs: tuple[str, int], ready: bool = True) -> Sandbox:
    """A pod in the runtime whose containers ran from NOW_MS on for so many ms each (negative: they run on) and exited 0; a third item is the exit code."""
    made = Runtime().create("u1", "default/web", "10.0.1", NOW_MS).pods["u1"]
    for name, lasts_ms, *code in runs:
        old = made.find(name)
        doing = Attempt(exit_ms=lasts_ms, exit_code=code[0] if code else 0) if lasts_ms >= 0 else Attempt()
        made = made.start(name, "nginx:1", doing, old.attempt + 1 if old else 0, NOW_MS)
    return made if ready else made.down()
