"""Whether a container that has exited starts again.

Source: pkg/api/v1/pod/util.go (ContainerShouldRestart, FindMatchingContainerRestartRule); KEP-5307.
"""

from __future__ import annotations

from ..kinds.container import Container
from ..kinds.pod import PodSpec


def is_sidecar(container: Container) -> bool:
    """Whether an init container is kept running beside the main containers. Source: IsRestartableInitContainer."""
    return container.restart_policy == "Always"


def should_restart(container: Container, spec: PodSpec, exit_code: int) -> bool:
    """Whether a container starts again after this exit; its own rules and policy go before the pod's policy."""
    if container.restart_policy:
        if _rule_matches(container, exit_code):
            return True
        if container.restart_policy == "Always":
            return True
        return container.restart_policy == "OnFailure" and exit_code != 0
    if spec.restart_policy == "Never":
        return False
    return spec.restart_policy != "OnFailure" or exit_code != 0


def _rule_matches(container: Container, exit_code: int) -> bool:
    """DEVIATES: a rule with action RestartAllContainers restarts its own container only, because in-place restarts of pods are not modelled."""
    for rule in container.restart_policy_rules:
        codes = rule.exit_codes
        if codes is not None and (exit_code in codes.values) == (codes.operator == "In"):
            return True
    return False
