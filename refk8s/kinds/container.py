"""Containers as a pod asks for them (Container) and as the kubelet reports them (ContainerStatus).

Source: staging/src/k8s.io/api/core/v1/types.go.
"""

import attrs

from refk8s.kinds.codec import EMPTY, Document, IntOrString, ResourceList

__all__ = [
    "Container",
    "ContainerPort",
    "ContainerResizePolicy",
    "ContainerRestartRule",
    "ContainerRestartRuleOnExitCodes",
    "ContainerState",
    "ContainerStateRunning",
    "ContainerStateTerminated",
    "ContainerStateWaiting",
    "ContainerStatus",
    "EnvFromSource",
    "EnvVar",
    "ExecAction",
    "GRPCAction",
    "HTTPGetAction",
    "Lifecycle",
    "LifecycleHandler",
    "Probe",
    "ReferenceSource",
    "ResourceClaim",
    "ResourceRequirements",
    "SleepAction",
    "TCPSocketAction",
    "VolumeMount",
]


@attrs.frozen(weakref_slot=False)
class ContainerPort:
    name: str = ""
    host_port: int = 0
    container_port: int = 0
    protocol: str = ""
    host_ip: str = ""


@attrs.frozen(weakref_slot=False)
class ResourceClaim:
    name: str = ""
    request: str = ""


@attrs.frozen(weakref_slot=False)
class ResourceRequirements:
    limits: ResourceList = EMPTY
    requests: ResourceList = EMPTY
    claims: tuple[ResourceClaim, ...] = ()


@attrs.frozen(weakref_slot=False)
class HTTPGetAction:
    path: str = ""
    port: IntOrString | None = None
    host: str = ""
    scheme: str = ""


@attrs.frozen(weakref_slot=False)
class TCPSocketAction:
    port: IntOrString | None = None
    host: str = ""


@attrs.frozen(weakref_slot=False)
class GRPCAction:
    port: int = 0
    service: str = ""


@attrs.frozen(weakref_slot=False)
class ExecAction:
    command: tuple[str, ...] = ()


@attrs.frozen(weakref_slot=False)
class Probe:
    """A probe; exactly one of the four handlers is set. Times in seconds."""

    exec: ExecAction | None = None
    http_get: HTTPGetAction | None = None
    tcp_socket: TCPSocketAction | None = None
    grpc: GRPCAction | None = None
    initial_delay_seconds: int = 0
    timeout_seconds: int = 0
    period_seconds: int = 0
    success_threshold: int = 0
    failure_threshold: int = 0
    termination_grace_period_seconds: int | None = None


@attrs.frozen(weakref_slot=False)
class SleepAction:
    seconds: int = 0


@attrs.frozen(weakref_slot=False)
class LifecycleHandler:
    exec: ExecAction | None = None
    http_get: HTTPGetAction | None = None
    tcp_socket: TCPSocketAction | None = None
    sleep: SleepAction | None = None


@attrs.frozen(weakref_slot=False)
class Lifecycle:
    post_start: LifecycleHandler | None = None
    pre_stop: LifecycleHandler | None = None
    stop_signal: str = ""


@attrs.frozen(weakref_slot=False)
class ReferenceSource:
    """A reference to a config map or secret, or to one of its keys."""

    name: str = ""
    key: str = ""
    optional: bool | None = None


@attrs.frozen(weakref_slot=False)
class EnvVar:
    name: str = ""
    value: str = ""
    value_from: Document = EMPTY


@attrs.frozen(weakref_slot=False)
class EnvFromSource:
    prefix: str = ""
    config_map_ref: ReferenceSource | None = None
    secret_ref: ReferenceSource | None = None


@attrs.frozen(weakref_slot=False)
class VolumeMount:
    name: str = ""
    read_only: bool = False
    mount_path: str = ""


@attrs.frozen(weakref_slot=False)
class ContainerResizePolicy:
    resource_name: str = ""
    restart_policy: str = ""


@attrs.frozen(weakref_slot=False)
class ContainerRestartRuleOnExitCodes:
    operator: str = ""
    values: tuple[int, ...] = ()


@attrs.frozen(weakref_slot=False)
class ContainerRestartRule:
    action: str = ""
    exit_codes: ContainerRestartRuleOnExitCodes | None = None


@attrs.frozen(weakref_slot=False)
class Container:
    """A container of any sort; `restart_policy` "Always" makes an init container a sidecar."""

    name: str = ""
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[EnvFromSource, ...] = ()
    resources: ResourceRequirements = ResourceRequirements()
    resize_policy: tuple[ContainerResizePolicy, ...] = ()
    restart_policy: str = ""
    restart_policy_rules: tuple[ContainerRestartRule, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    lifecycle: Lifecycle | None = None
    image_pull_policy: str = ""
    security_context: Document = EMPTY


@attrs.frozen(weakref_slot=False)
class ContainerStateWaiting:
    reason: str = ""
    message: str = ""


@attrs.frozen(weakref_slot=False)
class ContainerStateRunning:
    started_at: str = ""


@attrs.frozen(weakref_slot=False)
class ContainerStateTerminated:
    exit_code: int = 0
    signal: int = 0
    reason: str = ""
    message: str = ""
    started_at: str = ""
    finished_at: str = ""
    container_id: str = ""


@attrs.frozen(weakref_slot=False)
class ContainerState:
    """At most one of the three is set; none means waiting."""

    waiting: ContainerStateWaiting | None = None
    running: ContainerStateRunning | None = None
    terminated: ContainerStateTerminated | None = None


@attrs.frozen(weakref_slot=False)
class ContainerStatus:
    name: str = ""
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()
    ready: bool = False
    restart_count: int = 0
    image: str = ""
    image_id: str = ""
    container_id: str = ""
    started: bool | None = None
    allocated_resources: ResourceList = EMPTY
    resources: ResourceRequirements | None = None
