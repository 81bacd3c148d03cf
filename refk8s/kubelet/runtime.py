"""The container runtime of a node: what really runs there. It is a value, and a crash of the kubelet does not touch it.

The kubelet keeps it in its process's memory under a name that begins with "node:", which survives Crash. What a container does by itself is decided when
it starts (`exit_ms`), so that it goes on while no kubelet looks. Source: cri-api (RuntimeService), pkg/kubelet/container/runtime.go.

DEVIATES: a pod's network is made and taken down in no time, and its address stays its own until the pod is forgotten, so that no two pods that the API shows
have the same one; runs are forgotten with their pod, not by a container garbage collector.
"""

from __future__ import annotations

from typing import Any, Final

from ..core.digest import MASK, cell
from ..core.table import EMPTY, Table
from .behaviour import NEVER, Attempt
from .images import container_id

RUNTIME: Final = "node:runtime"
"""The name under which the kubelet's process remembers its node's runtime."""

KILLED: Final = 137
"""The exit code of a process that got SIGKILL."""


class Instance:
    """One run of a container. It runs from `started_ms` until `exit_ms` (NEVER: for ever) and exits with `exit_code`. `image` is as the pod names it.

    `doing` is what it does meanwhile, `attempt` its number from 0 (the restart count).
    """

    __slots__ = ("attempt", "doing", "exit_code", "exit_ms", "id", "image", "name", "started_ms")

    def __init__(
        self,
        name: str,
        image: str,
        attempt: int,
        id: str,
        doing: Attempt,
        started_ms: int,
        exit_ms: int,
        exit_code: int,
    ) -> None:
        self.name = name
        self.image = image
        self.attempt = attempt
        self.id = id
        self.doing = doing
        self.started_ms = started_ms
        self.exit_ms = exit_ms
        self.exit_code = exit_code

    def runs(self, now_ms: int) -> bool:
        """Whether it is running."""
        return now_ms < self.exit_ms

    def stopped(self, now_ms: int, after_ms: int, grace_ms: int) -> Instance:
        """The run after a request to stop: SIGTERM goes out `after_ms` from now (hooks), SIGKILL when `grace_ms` more have passed.

        A run that ends sooner by itself, or by an earlier request, does so.
        """
        stop_ms = min(self.doing.stop_ms, grace_ms)
        end_ms = now_ms + after_ms + stop_ms
        if end_ms >= self.exit_ms:
            return self
        return self.ending(end_ms, self.doing.stop_code if self.doing.stop_ms <= grace_ms else KILLED)

    def ending(self, exit_ms: int, exit_code: int) -> Instance:
        """The run with another end."""
        return Instance(self.name, self.image, self.attempt, self.id, self.doing, self.started_ms, exit_ms, exit_code)

    @property
    def token(self) -> str:
        """What identifies its content."""
        return f"{self.id[13:29]}|{self.image}|{self.attempt}|{self.started_ms}|{self.exit_ms}|{self.exit_code}"


class Sandbox:
    """One pod in the runtime: its network and its containers' runs, of each container the newest first and at most two.

    `ready`: its network is up; it is taken down when the pod is stopped. `share` is what the pod takes from the node (admission.Share), for a kubelet that
    finds the pod without knowing it.
    """

    __slots__ = ("_cell", "created_ms", "instances", "ip", "key", "ready", "share", "uid")

    def __init__(
        self,
        uid: str,
        key: str,
        ip: str,
        ready: bool,
        created_ms: int,
        instances: tuple[Instance, ...] = (),
        share: Any = None,
    ) -> None:
        self.uid = uid
        self.key = key
        self.ip = ip
        self.ready = ready
        self.created_ms = created_ms
        self.instances = instances
        self.share = share
        self._cell = 0

    def find(self, name: str) -> Instance | None:
        """The newest run of a container, or None."""
        for instance in self.instances:
            if instance.name == name:
                return instance
        return None

    def previous(self, name: str) -> Instance | None:
        """The run before the newest, or None."""
        found = [instance for instance in self.instances if instance.name == name]
        return found[1] if len(found) > 1 else None

    def running(self, now_ms: int) -> tuple[Instance, ...]:
        """The runs that are going on."""
        return tuple(instance for instance in self.instances if now_ms < instance.exit_ms)

    def last_exit_ms(self) -> int:
        """When the last of its containers will have exited."""
        return max((instance.exit_ms for instance in self.instances), default=0)

    def start(self, name: str, image: str, doing: Attempt, attempt: int, now_ms: int) -> Sandbox:
        """The pod with one more run of a container; of its earlier runs only the newest is kept."""
        instance = Instance(
            name,
            image,
            attempt,
            container_id(self.uid, name, attempt),
            doing,
            now_ms,
            NEVER if doing.exit_ms == NEVER else now_ms + doing.exit_ms,
            doing.exit_code,
        )
        old = self.find(name)
        kept = tuple(other for other in self.instances if other.name != name or other is old)
        return self.with_instances((instance, *kept))

    def replace(self, old: Instance, new: Instance) -> Sandbox:
        """The pod with one run changed."""
        return self.with_instances(tuple(new if instance is old else instance for instance in self.instances))

    def with_instances(self, instances: tuple[Instance, ...]) -> Sandbox:
        """The pod with these runs."""
        return Sandbox(self.uid, self.key, self.ip, self.ready, self.created_ms, instances, self.share)

    def down(self) -> Sandbox:
        """The pod without its network."""
        return Sandbox(self.uid, self.key, self.ip, False, self.created_ms, self.instances, self.share)

    def cell(self) -> int:
        """The hash of its content."""
        if not self._cell:
            runs = ";".join([instance.token for instance in self.instances])
            self._cell = cell("sandbox", self.uid, f"{self.key}|{self.ip}|{self.ready}|{self.created_ms}|{runs}")
        return self._cell


class Runtime:
    """All pods of a node by uid, and the images that it has pulled (name → size). `address` is the last one given out."""

    __slots__ = ("_fingerprint", "address", "addresses", "images", "pods")

    def __init__(
        self,
        pods: Table[str, Sandbox] = EMPTY,
        images: Table[str, int] = EMPTY,
        addresses: Table[int, str] = EMPTY,
        address: int = 1,
        fingerprint: int = 0,
    ) -> None:
        self.pods = pods
        self.images = images
        self.addresses = addresses
        self.address = address
        self._fingerprint = fingerprint

    def create(self, uid: str, key: str, network: str, now_ms: int, share: Any = None) -> Runtime:
        """The runtime with a new pod, whose address is the next free one of `network` (its first three bytes; "": the pod uses the node's own address)."""
        if not network:
            return self.put(Sandbox(uid, key, "", True, now_ms, (), share))
        address = self.address
        for _ in range(253):
            address = address + 1 if address < 254 else 2
            if address not in self.addresses:
                break
        made = Runtime(self.pods, self.images, self.addresses.set(address, uid), address, self._fingerprint)
        return made.put(Sandbox(uid, key, f"{network}.{address}", True, now_ms, (), share))

    def put(self, sandbox: Sandbox) -> Runtime:
        """The runtime with a pod changed."""
        old = self.pods.get(sandbox.uid)
        fingerprint = self._fingerprint + sandbox.cell()
        if old is not None:
            fingerprint -= old.cell()
        return Runtime(self.pods.set(sandbox.uid, sandbox), self.images, self.addresses, self.address, fingerprint)

    def remove(self, uid: str) -> Runtime:
        """The runtime without a pod; its address is free."""
        old = self.pods.get(uid)
        if old is None:
            return self
        addresses = self.addresses.discard(int(old.ip.rpartition(".")[2])) if old.ip else self.addresses
        return Runtime(
            self.pods.delete(uid),
            self.images,
            addresses,
            self.address,
            self._fingerprint - old.cell(),
        )

    def with_image(self, name: str, size: int) -> Runtime:
        """The runtime that has pulled an image."""
        if name in self.images:
            return self
        fingerprint = self._fingerprint + cell("image", name, size)
        return Runtime(self.pods, self.images.set(name, size), self.addresses, self.address, fingerprint)

    @property
    def token(self) -> str:
        """What identifies its content."""
        return f"{self._fingerprint & MASK:x}|{self.address}"


NOTHING_RUNS: Final = Runtime()
