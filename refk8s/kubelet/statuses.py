"""The container statuses that the API shows, made from what the runtime says and what was shown before.

Source: pkg/kubelet/kubelet_pods.go (convertToAPIContainerStatuses), prober_manager.go (UpdatePodStatus). All documents are in the canonical form in
which the API server stores them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from ..core.clock import rfc3339
from ..kinds.container import Container
from ..kinds.pod import Pod
from .images import image_id, reference
from .probes import health
from .restart import is_sidecar, should_restart
from .runtime import KILLED, Instance, Sandbox

Document = dict[str, Any]
Reasons = Mapping[str, tuple[str, str]]
"""Why containers could not be started when that was last tried: name → (reason, message)."""

NO_SANDBOX: Final = Sandbox("", "", "", False, 0)

CREATING: Final = "ContainerCreating"
INITIALIZING: Final = "PodInitializing"
STATUS_UNKNOWN: Final = "ContainerStatusUnknown"


@attrs.frozen(eq=False)
class Scene:
    """What the statuses of a pod's containers are made from.

    `old`: the status that was shown before; `reasons`: why containers could not be started; `evicted`: reason and message if the kubelet ends the pod.
    """

    pod: Pod
    document: Mapping[str, Any]
    sandbox: Sandbox
    old: Mapping[str, Any]
    reasons: Reasons
    now_ms: int
    evicted: tuple[str, str] | None = None


def container_statuses(scene: Scene) -> tuple[list[Document], list[Document]]:
    """(containerStatuses, initContainerStatuses) of a pod: the former by name, the latter in the order of the spec."""
    spec = scene.pod.spec
    documents = scene.document["spec"]
    old = {status["name"]: status for status in scene.old.get("containerStatuses") or ()}
    waiting = INITIALIZING if spec.init_containers else CREATING
    mains = [
        _status(scene, container, raw, old.get(container.name), waiting, init=False)
        for container, raw in zip(spec.containers, documents["containers"], strict=True)
    ]
    if len(mains) > 1:
        mains.sort(key=_name)
    if not spec.init_containers:
        return mains, []
    old = {status["name"]: status for status in scene.old.get("initContainerStatuses") or ()}
    inits = [
        _status(scene, container, raw, old.get(container.name), waiting, init=True)
        for container, raw in zip(spec.init_containers, documents["initContainers"], strict=True)
    ]
    return mains, inits


def _name(status: Document) -> str:
    return str(status["name"])


def _status(
    scene: Scene, container: Container, raw: Document, old: Document | None, waiting: str, *, init: bool
) -> Document:
    name = container.name
    run = scene.sandbox.find(name)
    plain_init = init and not is_sidecar(container)
    if run is None:
        made = _without_run(scene, container, raw, old, waiting, plain_init=plain_init)
    else:
        made = _of_run(scene, container, raw, run, old)
        previous = scene.sandbox.previous(name)
        if previous is not None:
            made["lastState"] = _state(previous, scene.now_ms)
    terminated = made["state"].get("terminated")
    if plain_init:
        made["ready"] = terminated is not None and terminated["exitCode"] == 0
    reason = scene.reasons.get(name)
    if reason is not None and _to_be_started(scene, container, run, terminated if init else None):
        if terminated is not None:
            made["lastState"] = made["state"]
        made["state"] = {"waiting": waiting_state(*reason)}
    return made


def _without_run(
    scene: Scene, container: Container, raw: Document, old: Document | None, waiting: str, *, plain_init: bool
) -> Document:
    """The status of a container that the runtime does not know."""
    if old is not None and "terminated" in old["state"]:
        return dict(old)
    made: Document = {
        "name": container.name,
        "state": {"waiting": {"reason": waiting}},
        "lastState": {},
        "ready": False,
        "restartCount": 0,
        "image": container.image,
        "imageID": "",
        "started": False,
    }
    _mounts(made, raw)
    if old is not None:
        made["restartCount"] = old["restartCount"]
        made["lastState"] = old["lastState"]
        if "running" in old["state"] and "terminated" not in made["lastState"]:
            message = "The container could not be located when the pod was deleted.  The container used to be Running"
            made["lastState"] = {"terminated": lost(message)}
            made["restartCount"] += 0 if scene.pod.metadata.deletion_timestamp else 1
    if plain_init and any(scene.sandbox.find(main.name) for main in scene.pod.spec.containers):
        message = "Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally"
        made["state"] = {"terminated": {**lost(message), "exitCode": 0, "reason": "Completed"}}
    return made


def _of_run(scene: Scene, container: Container, raw: Document, run: Instance, old: Document | None) -> Document:
    runs = run.runs(scene.now_ms)
    ready = started = False
    if runs:
        found = health(container, run, scene.now_ms)
        ready, started = found.ready, found.started
    made: Document = {
        "name": container.name,
        "state": _state(run, scene.now_ms),
        "lastState": {},
        "ready": ready,
        "restartCount": run.attempt,
        "image": reference(run.image),
        "imageID": image_id(run.image),
        "containerID": run.id,
        "started": started,
    }
    resources = raw.get("resources") or {}
    if resources.get("requests"):
        made["allocatedResources"] = resources["requests"]
    made["resources"] = resources
    if old is not None:
        if "volumeMounts" in old:
            made["volumeMounts"] = old["volumeMounts"]
        if old["restartCount"] > run.attempt:
            made["restartCount"] = old["restartCount"]
        ended = old["state"].get("terminated") if old.get("containerID") != run.id else None
        ended = ended or old["lastState"].get("terminated")
        if ended is not None:
            made["lastState"] = {"terminated": ended}
    else:
        _mounts(made, raw)
    return made


def _state(run: Instance, now_ms: int) -> Document:
    if run.runs(now_ms):
        return {"running": {"startedAt": rfc3339(run.started_ms)}}
    return {
        "terminated": {
            "exitCode": run.exit_code,
            "reason": "Error" if run.exit_code else "Completed",
            "startedAt": rfc3339(run.started_ms),
            "finishedAt": rfc3339(run.exit_ms),
            "containerID": run.id,
        }
    }


def waiting_state(reason: str, message: str) -> Document:
    """The state `waiting`."""
    return {"reason": reason, "message": message} if message else {"reason": reason}


def lost(message: str) -> Document:
    """The state `terminated` of a container of which nothing is known any more."""
    return {
        "exitCode": KILLED,
        "reason": STATUS_UNKNOWN,
        "message": message,
        "startedAt": None,
        "finishedAt": None,
    }


def _to_be_started(scene: Scene, container: Container, run: Instance | None, done: Document | None) -> bool:
    """Whether the next sync starts the container. Source: ShouldContainerBeRestarted."""
    if scene.pod.metadata.deletion_timestamp or (done is not None and done["exitCode"] == 0):
        return False
    if run is None:
        return True
    return not run.runs(scene.now_ms) and should_restart(container, scene.pod.spec, run.exit_code)


def _mounts(made: Document, raw: Document) -> None:
    """The volume mounts, as they are made. Source: KEP-3857."""
    mounts: Sequence[Document] = raw.get("volumeMounts") or ()
    if not mounts:
        return
    made["volumeMounts"] = found = []
    for mount in mounts:
        status = {"name": mount["name"], "mountPath": mount["mountPath"]}
        if mount.get("readOnly"):
            status["readOnly"] = True
            status["recursiveReadOnly"] = "Disabled"
        found.append(status)
