"""Starting containers one after the other: back-off, image, create and start.

Source: pkg/kubelet/kuberuntime/kuberuntime_manager.go (SyncPod's `start`, doBackOff), kuberuntime_container.go (startContainer),
pkg/kubelet/images/image_manager.go (EnsureImageExists, pullImage).

DEVIATES: images are pulled side by side, where upstream's kubelet pulls one at a time by default, because a node's network is not modelled; pull and start of
a container are one wait; postStart hooks take no time and do not fail.

DEVIATES: CrashLoopBackOff and ErrImagePull are shown as soon as they come about, where upstream shows them with the next sync, which may be a back-off away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from ..kinds.container import Container
from .backoff import crash_loop_message, duration_text
from .behaviour import Behaviour
from .images import reference
from .records import STARTING, Trouble
from .runtime import Instance
from .statuses import NO_SANDBOX

if TYPE_CHECKING:
    from .turn import Turn

NS: Final = 1_000_000
"""Nanoseconds per ms."""

NORMAL: Final = "Normal"
WARNING: Final = "Warning"

CRASH_LOOP: Final = "CrashLoopBackOff"
PULL_FAILED: Final = "ErrImagePull"
PULL_BACKOFF: Final = "ImagePullBackOff"
NEVER_PULL: Final = "ErrImageNeverPull"


def begin(turn: Turn) -> bool:
    """Start the containers of the plan, in order; True if the turn is busy with one of them.

    One that fails is skipped; an init container that fails ends the plan. Sets `turn.retry_ms`, and `turn.sync_again` if something has happened that the
    status must show at once.
    """
    while turn.plan:
        name = turn.plan[0]
        container = turn.container(name)
        if _is_backing_off(turn, container) or not _ensure_image(turn, container):
            turn.plan = () if turn.is_plain_init(name) else turn.plan[1:]
            continue
        if turn.busy:
            return True
        _start(turn, container)
        turn.plan = turn.plan[1:]
        turn.sync_again = True
    return False


def finish(turn: Turn) -> None:
    """The start that the turn was busy with is done, or its pull has failed."""
    name = turn.plan[0]
    container = turn.container(name)
    if turn.pulls and not _pulled(turn, container):
        turn.plan = () if turn.is_plain_init(name) else turn.plan[1:]
        return
    _start(turn, container)
    turn.plan = turn.plan[1:]


def is_news(turn: Turn, name: str) -> bool:
    """Whether starting this container can do something that no earlier start did."""
    behaviour = turn.behaviour_named(name)
    if turn.pulls and not _exists(turn, behaviour, turn.until_ms):
        return turn.trouble(name).pull is None or _may_appear(turn, behaviour)
    run = (turn.sandbox or NO_SANDBOX).find(name)
    return behaviour.is_news(run.attempt + 1 if run is not None else 0)


# ---- back-off after exits


def _is_backing_off(turn: Turn, container: Container) -> bool:
    """Whether the container has to wait since its last exit; if not, its next wait becomes longer. Source: doBackOff."""
    run = (turn.sandbox or NO_SANDBOX).find(container.name)
    if run is None:
        return False
    trouble = turn.trouble(container.name)
    policy = turn.rules.crash_loop
    exit_ns, now_ns = run.exit_ms * NS, turn.now_ms * NS
    if trouble.crash is None or not policy.is_in_backoff(trouble.crash, exit_ns, now_ns):
        turn.troubles[container.name] = attrs.evolve(trouble, crash=policy.next_entry(trouble.crash, exit_ns, now_ns))
        return False
    pod = _pod_text(turn)
    message = crash_loop_message(trouble.crash.delay_ns, container.name, pod)
    if (trouble.reason, trouble.message) != (CRASH_LOOP, message):
        turn.tell(
            WARNING, "BackOff", f"Back-off restarting failed container {container.name} in pod {pod}", container.name
        )
        turn.troubles[container.name] = attrs.evolve(trouble, reason=CRASH_LOOP, message=message)
        turn.sync_again = True
    news = turn.behaviour_of(container).is_news(run.attempt + 1)
    _retry(turn, run.exit_ms + trouble.crash.delay_ns // NS, news=news)
    return True


def _retry(turn: Turn, at_ms: int, *, news: bool) -> None:
    turn.retry_ms = min(turn.retry_ms, at_ms)
    turn.retry_is_news = turn.retry_is_news or news


def _pod_text(turn: Turn) -> str:
    namespace, _, name = turn.known.key.rpartition("/")
    return f"{name}_{namespace}({turn.known.uid})"


# ---- images


def _ensure_image(turn: Turn, container: Container) -> bool:
    """Whether the start goes on: at once if `turn.busy` stays as it is, otherwise when the pull and the start have taken their time."""
    behaviour = turn.behaviour_of(container)
    image, name = container.image, container.name
    policy = container.image_pull_policy
    present = reference(image) in turn.runtime.images
    if policy == "Never" and not present:
        message = f'Container image "{image}" is not present with pull policy of Never'
        if turn.trouble(name).reason != NEVER_PULL:
            turn.tell(WARNING, "ErrImageNeverPull", message, name)
        _fail(turn, name, NEVER_PULL, message, fresh=turn.trouble(name).reason != NEVER_PULL, news=False)
        return False
    turn.pulls = policy == "Always" or not present
    if not turn.pulls:
        message = f'Container image "{image}" already present on machine and can be accessed by the pod'
        turn.tell(NORMAL, "Pulled", message, name)
        _be_busy(turn, behaviour.start_ms)
        return True
    trouble = turn.trouble(name)
    if turn.rules.image_pull.is_in_backoff_since_update(trouble.pull, turn.now_ms * NS):
        _back_off(turn, container, trouble, behaviour)
        return False
    turn.tell(NORMAL, "Pulling", f'Pulling image "{image}"', name)
    exists = _exists(turn, behaviour, turn.now_ms + behaviour.pull_ms)
    _be_busy(turn, behaviour.pull_ms + (behaviour.start_ms if exists else 0))
    return bool(turn.busy) or _pulled(turn, container)


def _be_busy(turn: Turn, duration_ms: int) -> None:
    if duration_ms:
        turn.busy, turn.until_ms = STARTING, turn.now_ms + duration_ms


def _exists(turn: Turn, behaviour: Behaviour, at_ms: int) -> bool:
    """Whether the image is in its registry at that time."""
    return behaviour.has_image(at_ms - (turn.sandbox or NO_SANDBOX).created_ms)


def _may_appear(turn: Turn, behaviour: Behaviour) -> bool:
    """Whether the image will yet come to its registry, or go."""
    return behaviour.image_changes(turn.now_ms - (turn.sandbox or NO_SANDBOX).created_ms)


def _back_off(turn: Turn, container: Container, trouble: Trouble, behaviour: Behaviour) -> None:
    """The last pull has failed too short a time ago."""
    text = f'Back-off pulling image "{container.image}"'
    message = f"{text}: {trouble.pull_error}" if trouble.pull_error else text
    assert trouble.pull is not None
    first = trouble.pull.delay_ns == turn.rules.image_pull.initial_ns
    news = first or _may_appear(turn, behaviour)
    at_ms = (trouble.pull.last_update_ns + trouble.pull.delay_ns) // NS
    if trouble.reason != PULL_BACKOFF:
        turn.tell(NORMAL, "BackOff", text, container.name)
        turn.tell(WARNING, "Failed", f"Error: {PULL_BACKOFF}", container.name)
        turn.troubles[container.name] = attrs.evolve(trouble, reason=PULL_BACKOFF, message=message)
        at_ms = min(at_ms, turn.now_ms + turn.rules.retry_ms)
    _retry(turn, max(at_ms, turn.now_ms + 1), news=news)


def _pulled(turn: Turn, container: Container) -> bool:
    """The pull is over: whether it has brought the image."""
    behaviour = turn.behaviour_of(container)
    image, name = container.image, container.name
    if _exists(turn, behaviour, turn.now_ms):
        took = duration_text(behaviour.pull_ms * NS)
        size = f"Image size: {behaviour.image_size} bytes."
        turn.tell(
            NORMAL, "Pulled", f'Successfully pulled image "{image}" in {took} ({took} including waiting). {size}', name
        )
        turn.runtime = turn.runtime.with_image(reference(image), behaviour.image_size)
        trouble = turn.trouble(name)
        if trouble.pull is not None:
            turn.troubles[name] = attrs.evolve(trouble, pull_error="")
        return True
    full = reference(image)
    error = (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{full}": '
        f'failed to resolve reference "{full}": {full}: not found'
    )
    turn.tell(WARNING, "Failed", f'Failed to pull image "{image}": {error}', name)
    trouble, now_ns = turn.trouble(name), turn.now_ms * NS
    entry = turn.rules.image_pull.next_entry(trouble.pull, now_ns, now_ns)
    turn.troubles[name] = attrs.evolve(trouble, pull=entry, pull_error=f"{PULL_FAILED}: {error}")
    _fail(turn, name, PULL_FAILED, error, fresh=True, news=True)
    return False


def _fail(turn: Turn, name: str, reason: str, message: str, *, fresh: bool, news: bool) -> None:
    """The container cannot be started, for this reason."""
    if fresh:
        turn.tell(WARNING, "Failed", f"Error: {reason}", name)
        turn.troubles[name] = attrs.evolve(turn.trouble(name), reason=reason, message=message)
        turn.sync_again = True
    _retry(turn, turn.now_ms + turn.rules.retry_ms, news=news)


# ---- the start itself


def _start(turn: Turn, container: Container) -> None:
    """Create and start the container."""
    sandbox = turn.sandbox
    assert sandbox is not None
    name = container.name
    old: Instance | None = sandbox.find(name)
    attempt = old.attempt + 1 if old is not None else 0
    turn.tell(NORMAL, "Created", "Container created", name)
    turn.tell(NORMAL, "Started", "Container started", name)
    doing = turn.behaviour_of(container).attempt(attempt)
    turn.put(sandbox.start(name, container.image, doing, attempt, turn.now_ms))
    trouble = turn.troubles.get(name)
    if trouble is not None and trouble.reason:
        turn.troubles[name] = attrs.evolve(trouble, reason="", message="")
