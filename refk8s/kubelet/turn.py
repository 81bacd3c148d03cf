"""One turn of a pod's worker: from what is known to what is to be remembered, told and waited for. No effects here: worker.py performs them.

Source: pkg/kubelet/kubelet.go (SyncPod, SyncTerminatingPod, SyncTerminatedPod), pod_workers.go (UpdatePod, podWorkerLoop, completeWork).

DEVIATES: a sync follows at once whatever it waits for (an exit, the end of a pull), where upstream's PLEG finds out within a second; and nothing is synced
again without a cause, where upstream does it each minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from ..api.store import Stored
from ..core.clock import rfc3339
from ..core.digest import cell
from ..kinds.container import Container
from ..kinds.node import Node
from ..kinds.pod import Pod
from . import alarms, probing, starting
from .actions import Stop
from .admission import NODE_AFFINITY, NOTHING_TAKEN, Rejection, Share, Taken, host_ports
from .behaviour import NEVER, Behaviour
from .demand import demand
from .phase import TERMINAL
from .records import (
    IDLE,
    NO_TROUBLE,
    REJECTED,
    STARTING,
    STOPPING,
    SYNCING,
    TERMINATED,
    TERMINATING,
    Document,
    StatusEntry,
    Trouble,
    Worker,
)
from .restart import is_sidecar
from .rules import Rules
from .runtime import Runtime, Sandbox
from .spec import NodeSpec
from .status import rejected
from .statuses import NO_SANDBOX, Scene
from .termination import effective_grace_s, probe_grace_s, stop_container, stop_pod

NORMAL: Final = "Normal"
WARNING: Final = "Warning"

ORPHAN_GRACE_S: Final = 1
"""What a pod gets that only the runtime knows. Source: SyncTerminatingRuntimePod."""


@attrs.frozen(eq=False)
class Known:
    """What a turn starts from.

    `stored`: the pod, as the API server or memory has it; `gone`: the API server does not have it any more; `taken` and `node` are needed for a pod that
    has no worker yet; `fresh_node`: the node was just read from the API server, not from the cache; `staying`: `taken` without the pods that the API server
    has forgotten, if somebody asked.
    """

    uid: str
    key: str
    stored: Stored | None
    gone: bool
    worker: Worker | None
    runtime: Runtime
    now_ms: int
    taken: Taken = NOTHING_TAKEN
    node: Node | None = None
    fresh_node: bool = False
    staying: Taken | None = None


class Turn:
    """A turn under way. After `run`: `worker` (None: to be forgotten) and `runtime` as they are to be remembered, `share` what the pod takes from the node
    from now on (None: no change), `events` as (type, reason, message, field path, number in its name, count), `news`: the status is to be sent,
    `wants_node`: the node must be read afresh before it can be decided, `wants_staying`: `Known.staying` is needed for that; `waits`: for room, which pods
    that are gone will give back.
    """

    def __init__(self, rules: Rules, spec: NodeSpec, known: Known) -> None:
        self.rules = rules
        self.spec = spec
        self.known = known
        self.now_ms = known.now_ms
        self.stored = known.stored
        self.basis = _basis(known.stored, known.worker) if known.stored is not None else None
        self.pod: Pod | None = self.basis.view(Pod) if self.basis is not None else None
        self.runtime = known.runtime
        self.sandbox: Sandbox | None = known.runtime.pods.get(known.uid)
        self.share: Share | None = None
        self.events: list[tuple[str, str, str, str, int, int]] = []
        self.news = False
        self.wants_node = self.wants_staying = self.waits = False
        self.retry_ms = NEVER
        self.retry_is_news = False
        self.sync_again = False
        worker = known.worker
        self.worker = worker
        self.entry: StatusEntry | None = None
        self.state, self.busy, self.until_ms, self.grace_s = "", IDLE, 0, 0
        self.plan: tuple[str, ...] = ()
        self.pulls = False
        self.troubles: dict[str, Trouble] = {}
        self.told: dict[int, int] = {}
        if worker is not None:
            self.entry = worker.entry
            self.state, self.busy, self.until_ms, self.grace_s = (
                worker.state,
                worker.busy,
                worker.until_ms,
                worker.grace_s,
            )
            self.plan, self.pulls = worker.plan, worker.pulls
            self.troubles = dict(worker.troubles)
            self.told = dict(worker.told)

    # ---- the turn

    def run(self) -> None:
        """Do all that can be done now."""
        if not self.state and not self.first():
            return
        while True:
            match self.state:
                case "syncing":
                    done = self.sync()
                case "terminating":
                    done = self.terminate()
                case _:
                    done = self.finish()
            if done:
                break
        self.remember()

    def first(self) -> bool:
        """Decide what becomes of a pod that is seen for the first time; False if that cannot be decided yet, or there is nothing to do."""
        pod, sandbox = self.pod, self.sandbox
        runs = sandbox is not None and bool(sandbox.running(self.now_ms))
        if pod is None or self.known.gone:
            if sandbox is None:
                return False
            self.share = sandbox.share
            self.begin_termination()
        elif self.phase() in TERMINAL:
            if runs:
                self.share = self.take(pod)
                self.begin_termination()
            else:
                self.state = TERMINATED
                self.entry = StatusEntry(self.document["status"], 1, 1, finished=True)
        else:
            return self.admit(pod)
        return True

    def admit(self, pod: Pod) -> bool:
        """Let the pod in, or reject it. Source: HandlePodAdditions, rejectPod."""
        node = self.known.node
        assert node is not None
        share = self.take(pod)
        reasons = self.rules.admit(pod, share, node, self.known.taken)
        if reasons and not self.known.fresh_node and all(found.reason == NODE_AFFINITY for found in reasons):
            self.wants_node = True
            return False
        if reasons and len(self.known.taken.shares):
            staying = self.known.staying
            self.wants_staying = staying is None
            self.waits = staying is not None and not self.rules.admit(pod, share, node, staying)
            if self.wants_staying or self.waits:
                return False
        if reasons:
            self.reject(pod, reasons[0])
        else:
            problem = self.rules.misbehaviour(pod)
            if problem:
                self.tell(WARNING, "InvalidBehaviour", problem)
            self.share = share
            self.state = SYNCING
        return True

    def take(self, pod: Pod) -> Share:
        """What the pod takes from the node.

        DEVIATES: it is the spec's demand even for a pod whose resources are being changed in place, because resizes are not modelled.
        """
        return Share(pod.metadata.uid, demand(self.document).amounts, host_ports(pod))

    def reject(self, pod: Pod, why: Rejection) -> None:
        """Give the pod the phase Failed. What of it runs (the kubelet has been restarted) is stopped as an orphan."""
        self.tell(WARNING, why.reason, why.message)
        self.state = REJECTED
        start_time = self.document["status"].get("startTime") or self.clock()
        self.show(rejected(pod, why.reason, why.message, start_time), finished=bool(pod.metadata.deletion_timestamp))
        if self.sandbox is not None:
            self.put(stop_pod(None, self.sandbox, ORPHAN_GRACE_S, self.behaviour_of, self.now_ms).down())

    # ---- syncing

    def sync(self) -> bool:
        """Bring the pod nearer to its spec; True if it has to wait. Source: SyncPod."""
        if self.busy:
            if self.now_ms < self.until_ms:
                return True
            if self.busy == STARTING:
                starting.finish(self)
            self.busy = IDLE
            if self.plan and starting.begin(self):
                return True
        if self.is_termination_requested():
            self.begin_termination()
            return False
        if self.is_new():
            return self.act()
        probing.watch(self)
        status = self.generate(is_terminal=False)
        self.show(status)
        if status["phase"] in TERMINAL:
            evicted = alarms.evicted(self)
            if evicted is not None:
                self.tell(NORMAL, *evicted)
            self.begin_termination(shown=True)
            return False
        return self.act()

    def is_new(self) -> bool:
        """Whether nothing of the pod has been made yet: its first status is that of its network, since no time passes before it is up."""
        return self.sandbox is None and self.entry is None and not self.document["status"].get("containerStatuses")

    def is_termination_requested(self) -> bool:
        """Whether the pod is to be stopped: deleted, gone, or ended by somebody else."""
        pod = self.pod
        return pod is None or self.known.gone or bool(pod.metadata.deletion_timestamp) or self.phase() in TERMINAL

    def act(self) -> bool:
        """Stop and start containers; True if the turn has to wait then. Source: kuberuntime_manager.go, SyncPod."""
        pod = self.require_pod()
        actions = self.rules.actions(pod, self.sandbox, self.now_ms)
        self.retry_ms = NEVER
        if actions.stop_pod and self.sandbox is not None and not actions.create:
            return self.stop_sandbox(pod, self.sandbox)
        if actions.create:
            self.create_sandbox(pod)
        if actions.stops:
            self.stop_containers(pod, actions.stops)
            self.plan = actions.starts
            return True
        if not actions.starts:
            return not actions.create
        self.plan = actions.starts
        self.sync_again = actions.create
        if starting.begin(self):
            if actions.create:
                self.show(self.generate(is_terminal=False))
            return True
        return not self.sync_again

    def create_sandbox(self, pod: Pod) -> None:
        """Make the pod's network. Source: createPodSandbox, OnPodSandboxReady."""
        old = self.sandbox
        if old is not None:
            self.tell(NORMAL, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
        network = "" if pod.spec.host_network else self.spec.pod_network
        uid = self.known.uid
        self.runtime = self.runtime.remove(uid).create(uid, self.known.key, network, self.now_ms, self.take(pod))
        self.sandbox = self.runtime.pods[uid]
        if old is not None:
            self.put(self.sandbox.with_instances(old.instances))

    def stop_sandbox(self, pod: Pod, sandbox: Sandbox) -> bool:
        """Stop what is left of a pod whose main containers are done; True if that takes time, or has been done before."""
        if not sandbox.running(self.now_ms):
            if not sandbox.ready:
                return True
            self.put(sandbox.down())
            return False
        self.tell_killing(sandbox)
        stopped = stop_pod(pod, sandbox, probe_grace_s(pod, pod.spec.containers[0], ""), self.behaviour_of, self.now_ms)
        self.put(stopped)
        self.wait_for_exits()
        return True

    def stop_containers(self, pod: Pod, stops: tuple[Stop, ...]) -> None:
        """Stop containers that are to be replaced, and wait for them."""
        sandbox = self.sandbox or NO_SANDBOX
        until = self.now_ms
        for stop in stops:
            container, run = self.container(stop.name), sandbox.find(stop.name)
            if run is None:
                continue
            self.tell(NORMAL, "Killing", stop.message, stop.name)
            grace_ms = probe_grace_s(pod, container, stop.probe) * 1_000
            stopped = stop_container(container, run, grace_ms, self.behaviour_of, self.now_ms)
            until = max(until, stopped.exit_ms)
            sandbox = sandbox.replace(run, stopped)
        self.put(sandbox)
        self.busy, self.until_ms = STOPPING, until

    # ---- terminating

    def begin_termination(self, *, shown: bool = False) -> None:
        """Ask everything of the pod to stop. `shown`: its status is up to date. Source: SyncTerminatingPod."""
        self.state = TERMINATING
        self.plan = ()
        pod = self.pod
        self.grace_s = ORPHAN_GRACE_S if pod is None else effective_grace_s(pod.metadata, pod.spec, 0)
        if not shown and pod is not None and not self.known.gone:
            self.show(self.generate(is_terminal=False))
        if self.sandbox is not None:
            self.tell_killing(self.sandbox)
            self.put(stop_pod(pod, self.sandbox, self.grace_s, self.behaviour_of, self.now_ms))
            self.wait_for_exits()

    def terminate(self) -> bool:
        """Wait until all containers have stopped; a grace period that has become shorter counts at once."""
        sandbox = self.sandbox
        if sandbox is not None and sandbox.running(self.now_ms):
            pod = self.pod
            grace_s = self.grace_s if pod is None else effective_grace_s(pod.metadata, pod.spec, self.grace_s)
            if grace_s < self.grace_s:
                self.grace_s = grace_s
                self.put(stop_pod(pod, sandbox, grace_s, self.behaviour_of, self.now_ms))
                self.wait_for_exits()
            return True
        self.state = TERMINATED
        self.busy = IDLE
        if sandbox is not None:
            self.put(sandbox.down())
        if self.pod is not None and not self.known.gone:
            status = self.rules.last_status(self.pod, self.document["status"], self.generate(is_terminal=True))
            self.show(status, finished=True)
        return False

    def finish(self) -> bool:
        """Nothing of the pod runs any more: it stays until it is gone from the API server, and is removed then."""
        if self.known.gone or self.pod is None:
            self.runtime = self.runtime.remove(self.known.uid)
            self.sandbox = None
            self.entry = None
        elif self.entry is not None and self.pod.metadata.deletion_timestamp:
            if self.entry.finished:
                self.news = self.news or self.entry.sent == self.entry.version
            else:
                self.show(self.entry.status, finished=True)
        return True

    # ---- what comes out

    def show(self, status: Document, *, finished: bool = False) -> None:
        """Let the status be sent, if it is new. Source: updateStatusInternal."""
        entry, pod = self.entry, self.require_pod()
        old = entry.status if entry is not None else self.document["status"]
        if not self.rules.may_show(old, status, pod):
            return
        if entry is None:
            self.entry = StatusEntry(status, 1, 0, finished=finished)
        elif (finished and not entry.finished) or entry.status != status:
            self.entry = StatusEntry(status, entry.version + 1, entry.sent, finished=finished or entry.finished)
        else:
            return
        self.news = True

    def remember(self) -> None:
        """Make the worker's record."""
        if self.known.gone and self.state in (TERMINATED, REJECTED):
            self.worker = None
            return
        alarm = alarms.alarm(self)
        if self._is_as_before(alarm):
            return
        self.worker = Worker(
            self.state,
            self.basis,
            self.entry,
            self.busy,
            self.until_ms,
            self.plan,
            self.pulls,
            self.grace_s,
            alarm,
            tuple(self.troubles.items()) if self.troubles else (),
            tuple(self.told.items()) if self.told else (),
        )

    def _is_as_before(self, alarm: tuple[int, bool]) -> bool:
        """Whether the record that there is already says it all."""
        was = self.known.worker
        return (
            was is not None
            and self.entry is was.entry
            and self.basis is was.last
            and not self.events
            and alarm == was.alarm
            and (self.state, self.busy, self.until_ms, self.plan, self.pulls, self.grace_s)
            == (was.state, was.busy, was.until_ms, was.plan, was.pulls, was.grace_s)
            and tuple(self.troubles.items()) == was.troubles
        )

    # ---- helps

    @property
    def document(self) -> Mapping[str, Any]:
        """The pod's document."""
        assert self.stored is not None
        return self.stored.document

    def phase(self) -> str:
        """The phase that the API server shows."""
        return str(self.document["status"].get("phase", ""))

    def require_pod(self) -> Pod:
        """The pod, which is known; its status may be an older one."""
        assert self.pod is not None
        return self.pod

    def clock(self) -> str:
        """The time as text."""
        return rfc3339(self.now_ms)

    def generate(self, *, is_terminal: bool) -> Document:
        """The pod's status now."""
        reasons = {name: (t.reason, t.message) for name, t in self.troubles.items() if t.reason}
        old = self.entry.status if self.entry is not None else self.document["status"]
        sandbox = self.sandbox or NO_SANDBOX
        scene = Scene(self.require_pod(), self.document, sandbox, old, reasons, self.now_ms, alarms.evicted(self))
        return self.rules.status(scene, self.spec.ip, is_terminal=is_terminal)

    def put(self, sandbox: Sandbox) -> None:
        """Change the pod in the runtime."""
        self.sandbox = sandbox
        self.runtime = self.runtime.put(sandbox)

    def tell(self, kind: str, reason: str, message: str, container: str = "") -> None:
        """Record an event about the pod, or one of its containers."""
        path = ""
        if container and self.pod is not None:
            inits = any(init.name == container for init in self.pod.spec.init_containers)
            path = f"spec.{'initContainers' if inits else 'containers'}{{{container}}}"
        number = cell(self.known.uid, path, kind, reason, message) & 0xFFFFFFFFFFFFFFFF
        count = self.told[number] = self.told.get(number, 0) + 1
        self.events.append((kind, reason, message, path, number, count))

    def tell_killing(self, sandbox: Sandbox) -> None:
        """Tell that the running containers are being stopped."""
        for run in sandbox.running(self.now_ms):
            self.tell(NORMAL, "Killing", f"Stopping container {run.name}", run.name)

    def wait_for_exits(self) -> None:
        """Be busy until everything that was asked to stop has stopped."""
        running = (self.sandbox or NO_SANDBOX).running(self.now_ms)
        self.busy = STOPPING if running else IDLE
        self.until_ms = max((run.exit_ms for run in running), default=self.now_ms)

    def trouble(self, name: str) -> Trouble:
        """What is remembered of a container."""
        return self.troubles.get(name, NO_TROUBLE)

    def container(self, name: str) -> Container:
        """The container of this name."""
        spec = self.require_pod().spec
        return next(container for container in (*spec.containers, *spec.init_containers) if container.name == name)

    def is_plain_init(self, name: str) -> bool:
        """Whether it is an init container that is to end."""
        inits = self.require_pod().spec.init_containers
        return any(container.name == name and not is_sidecar(container) for container in inits)

    def behaviour_of(self, container: Container) -> Behaviour:
        """What a container does."""
        return self.rules.behaviour(self.require_pod(), container, init=self.is_plain_init(container.name))

    def behaviour_named(self, name: str) -> Behaviour:
        """What the container of this name does."""
        return self.behaviour_of(self.container(name))


def _basis(stored: Stored, worker: Worker | None) -> Stored:
    """The version whose view is good for `stored`: the one last looked at, if nothing but the status has changed since."""
    last = worker.last if worker is not None else None
    if last is not None and last.document["spec"] is stored.document["spec"]:
        now, was = stored.document["metadata"], last.document["metadata"]
        if all(now.get(field) == was.get(field) for field in _READ):
            return last
    return stored


_READ: Final = ("uid", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations")
"""The metadata that a turn looks at."""
