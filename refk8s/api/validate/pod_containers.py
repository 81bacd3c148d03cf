"""Containers, init containers and ephemeral containers of a pod spec.

Source: pkg/apis/core/validation/validation.go (validateContainerCommon, validateContainers, validateInitContainers,
validateEphemeralContainers and what they call).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from refk8s.api.validate.errors import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    invalid_all,
    named,
    not_found,
    not_supported,
    required,
    too_many,
)
from refk8s.api.validate.pod_env import env, env_from
from refk8s.api.validate.pod_probes import lifecycle, probes
from refk8s.api.validate.pod_security import container_security
from refk8s.api.validate.resources import container_resources
from refk8s.api.validate.scalars import descending_path, label_1123, no_backsteps, port_number
from refk8s.kinds.names import port_name

Doc = Mapping[str, Any]

PROTOCOLS = ("SCTP", "TCP", "UDP")
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_RESTART_POLICIES = ("Always", "Never", "OnFailure")
_RULE_ACTIONS = ("Restart", "RestartAllContainers")
_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_READ_ONLY_MODES = ("Disabled", "Enabled", "IfPossible")
_NOT_EPHEMERAL = ("ports", "resources", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle")
_NOT_EPHEMERAL_EITHER = ("resizePolicy", "restartPolicy", "restartPolicyRules")


@attrs.frozen(slots=True)
class Surroundings:
    """What a container's checks need to know of its pod."""

    spec: Doc
    volumes: Mapping[str, Doc]
    """The valid volumes by name."""
    claims: frozenset[str]
    """The names of the pod's resource claims."""

    @property
    def grace(self) -> int | None:
        return self.spec.get("terminationGracePeriodSeconds")

    @property
    def host_users(self) -> bool:
        return self.spec.get("hostUsers") is not False


def containers(around: Surroundings, path: str) -> Errors:
    """The main containers: at least one."""
    listed: Sequence[Doc] = around.spec.get("containers") or ()
    if not listed:
        return [required(path)]
    errors: Errors = []
    names: set[str] = set()
    for i, container in enumerate(listed):
        at = f"{path}[{i}]"
        errors += _common(container, around, at)
        errors += _unique(container["name"], names, at)
        errors += _lifecycle(container, around, at)
        errors += probes(container, around.grace, at)
        errors += _restart_policy(container, at)
    return errors + _host_ports(listed, path)


def init_containers(around: Surroundings, path: str) -> Errors:
    """Init containers; only those that restart (sidecars) may have hooks and probes."""
    errors: Errors = []
    names = {container["name"] for container in around.spec.get("containers") or ()}
    for i, container in enumerate(around.spec.get("initContainers") or ()):
        at = f"{path}[{i}]"
        errors += _common(container, around, at)
        errors += _init_restart_policy(container, at)
        if container["name"] in names:
            errors.append(duplicate(f"{at}.name", container["name"]))
        elif container["name"]:
            names.add(container["name"])
        errors += _host_ports([container], path)
        sidecar = container.get("restartPolicy") == "Always"
        if sidecar:
            errors += _lifecycle(container, around, at) + probes(container, around.grace, at)
            continue
        detail = "may not be set for init containers without restartPolicy=Always"
        for key in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
            if container.get(key) is not None:
                errors.append(forbidden(f"{at}.{key}", detail))
        detail = "must not be set to 'RestartContainer' for non-sidecar initContainers"
        for j, policy in enumerate(container.get("resizePolicy") or ()):
            if policy["restartPolicy"] == "RestartContainer":
                field = f"{at}.resizePolicy[{j}].restartPolicy"
                errors.append(invalid(field, named("RestartContainer"), detail))
    return errors


def ephemeral_containers(around: Surroundings, path: str) -> Errors:
    """Ephemeral containers: named unlike all others, without what only planned containers have."""
    others = {c["name"] for kind in ("containers", "initContainers") for c in around.spec.get(kind) or ()}
    names = set(others)
    errors: Errors = []
    for i, container in enumerate(around.spec.get("ephemeralContainers") or ()):
        at = f"{path}[{i}]"
        errors += _common(container, around, at) + image_padding(container, at)
        errors += _unique(container["name"], names, at)
        target = container.get("targetContainerName")
        if target and target not in others:
            errors.append(not_found(f"{at}.targetContainerName", target))
        detail = "cannot be set for an Ephemeral Container"
        for key in (*_NOT_EPHEMERAL[:2], *_NOT_EPHEMERAL_EITHER, *_NOT_EPHEMERAL[2:]):
            if container.get(key) is not None and (key != "resources" or container[key]):
                errors.append(forbidden(f"{at}.{key}", detail))
        for j, mount in enumerate(container.get("volumeMounts") or ()):
            for key in ("subPath", "subPathExpr"):
                if mount.get(key):
                    errors.append(forbidden(f"{at}.volumeMounts[{j}].{key}", detail))
    return errors


def image_padding(container: Doc, path: str) -> Errors:
    """Pods (not templates) refuse images with blanks around them."""
    image = container.get("image") or ""
    if image == image.strip():
        return []
    return [invalid(f"{path}.image", image, "must not have leading or trailing whitespace")]


def pull_policy(policy: str | None, path: str) -> Errors:
    if not policy:
        return [required(path)]
    return [] if policy in PULL_POLICIES else [not_supported(path, named(policy), PULL_POLICIES)]


def _unique(name: str, names: set[str], path: str) -> Errors:
    if name in names:
        return [duplicate(f"{path}.name", name)]
    names.add(name)
    return []


def _lifecycle(container: Doc, around: Surroundings, path: str) -> Errors:
    hooks = container.get("lifecycle")
    return [] if hooks is None else lifecycle(hooks, around.grace, around.spec.get("os"), f"{path}.lifecycle")


def _common(container: Doc, around: Surroundings, path: str) -> Errors:
    """What all containers have in common."""
    errors = label_1123(container["name"], f"{path}.name") if container["name"] else [required(f"{path}.name")]
    if not container.get("image"):
        errors.append(required(f"{path}.image"))
    policy = container.get("terminationMessagePolicy")
    if not policy:
        errors.append(required(f"{path}.terminationMessagePolicy"))
    elif policy not in _MESSAGE_POLICIES:
        errors.append(not_supported(f"{path}.terminationMessagePolicy", named(policy), _MESSAGE_POLICIES))
    errors += _ports(container.get("ports") or (), f"{path}.ports")
    errors += env(container.get("env") or (), f"{path}.env")
    errors += env_from(container.get("envFrom") or (), f"{path}.envFrom")
    errors += _mounts(container, around.volumes, f"{path}.volumeMounts")
    errors += _devices(container, around.volumes, f"{path}.volumeDevices")
    errors += pull_policy(container.get("imagePullPolicy"), f"{path}.imagePullPolicy")
    errors += container_resources(container["resources"], around.claims, f"{path}.resources")
    errors += _resize_policy(container.get("resizePolicy") or (), around.spec, f"{path}.resizePolicy")
    context = container.get("securityContext")
    if context is not None:
        errors += container_security(context, f"{path}.securityContext", host_users=around.host_users)
    return errors


def _ports(ports: Sequence[Doc], path: str) -> Errors:
    errors: Errors = []
    names: set[str] = set()
    for index, port in enumerate(ports):
        at = f"{path}[{index}]"
        name, number, host = port.get("name"), port["containerPort"], port.get("hostPort")
        if name and port_name(name):
            errors += invalid_all(f"{at}.name", name, port_name(name))
        elif name and name in names:
            errors.append(duplicate(f"{at}.name", name))
        elif name:
            names.add(name)
        if number == 0:
            errors.append(required(f"{at}.containerPort"))
        else:
            errors += invalid_all(f"{at}.containerPort", number, port_number(number))
        if host:
            errors += invalid_all(f"{at}.hostPort", host, port_number(host))
        errors += protocol(port.get("protocol"), f"{at}.protocol")
    return errors


def protocol(value: str | None, path: str) -> Errors:
    if not value:
        return [required(path)]
    return [] if value in PROTOCOLS else [not_supported(path, named(value), PROTOCOLS)]


def _host_ports(listed: Sequence[Doc], path: str) -> Errors:
    """No two ports of a pod want the same port of its host."""
    errors: Errors = []
    taken: set[str] = set()
    for i, container in enumerate(listed):
        for j, port in enumerate(container.get("ports") or ()):
            number = port.get("hostPort")
            if not number:
                continue
            key = f"{port.get('protocol') or ''}/{port.get('hostIP') or ''}/{number}"
            if key in taken:
                errors.append(duplicate(f"{path}[{i}].ports[{j}].hostPort", key))
            taken.add(key)
    return errors


def _mounts(container: Doc, volumes: Mapping[str, Doc], path: str) -> Errors:
    errors: Errors = []
    devices = {device["name"]: device["devicePath"] for device in container.get("volumeDevices") or ()}
    places: set[str] = set()
    for i, mount in enumerate(container.get("volumeMounts") or ()):
        at, name, place = f"{path}[{i}]", mount["name"], mount["mountPath"]
        if not name:
            errors.append(required(f"{at}.name"))
        if name not in volumes:
            errors.append(not_found(f"{at}.name", name))
        if not place:
            errors.append(required(f"{at}.mountPath"))
        if place in places:
            errors.append(invalid(f"{at}.mountPath", place, "must be unique"))
        places.add(place)
        if name in devices:
            errors.append(invalid(f"{at}.name", name, "must not already exist in volumeDevices"))
        if place in devices.values():
            errors.append(invalid(f"{at}.mountPath", place, "must not already exist as a path in volumeDevices"))
        errors += _sub_path(mount, at, path)
        errors += _propagation(mount.get("mountPropagation"), container, f"{path}.mountPropagation")
        errors += _recursive_read_only(mount, f"{path}.recursiveReadOnly")
    return errors


def _sub_path(mount: Doc, at: str, path: str) -> Errors:
    """The part of the volume that is mounted (upstream's paths name the list, not the mount)."""
    sub, expression = mount.get("subPath"), mount.get("subPathExpr")
    errors = descending_path(sub, f"{path}.subPath") if sub else []
    if expression and sub:
        detail = "subPathExpr and subPath are mutually exclusive"
        errors.append(invalid(f"{at}.subPathExpr", expression, detail))
    return errors + descending_path(expression, f"{path}.subPathExpr") if expression else errors


def _propagation(mode: str | None, container: Doc, path: str) -> Errors:
    if mode is None:
        return []
    errors = [] if mode in _PROPAGATIONS else [not_supported(path, named(mode), _PROPAGATIONS)]
    if mode == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
        detail = "Bidirectional mount propagation is available only to privileged containers"
        errors.append(forbidden(path, detail))
    return errors


def _recursive_read_only(mount: Doc, path: str) -> Errors:
    mode = mount.get("recursiveReadOnly")
    if mode is None or mode == "Disabled":
        return []
    if mode not in _READ_ONLY_MODES:
        return [not_supported(path, named(mode), ("Disabled", "Enabled", "IfPossible"))]
    errors: Errors = []
    if not mount.get("readOnly"):
        errors.append(forbidden(path, "may only be specified when readOnly is true"))
    if mount.get("mountPropagation") not in (None, "None"):
        errors.append(forbidden(path, "may only be specified when mountPropagation is None or not specified"))
    return errors


def _devices(container: Doc, volumes: Mapping[str, Doc], path: str) -> Errors:
    errors: Errors = []
    mounts = {mount["name"]: mount["mountPath"] for mount in container.get("volumeMounts") or ()}
    places: set[str] = set()
    names: set[str] = set()
    for i, device in enumerate(container.get("volumeDevices") or ()):
        at, name, place = f"{path}[{i}]", device["name"], device["devicePath"]
        source = volumes.get(name)
        if not name:
            errors.append(required(f"{at}.name"))
        if name in names:
            errors.append(invalid(f"{at}.name", name, "must be unique"))
        if source is None:
            errors.append(not_found(f"{at}.name", name))
        elif source.get("persistentVolumeClaim") is None and source.get("ephemeral") is None:
            detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            errors.append(invalid(f"{at}.name", name, detail))
        if not place:
            errors.append(required(f"{at}.devicePath"))
        if place in places:
            errors.append(invalid(f"{at}.devicePath", place, "must be unique"))
        if no_backsteps(place, ""):
            errors.append(invalid(f"{at}.devicePath", place, "can not contain backsteps ('..')"))
        else:
            places.add(place)
        if name in mounts:
            errors.append(invalid(f"{at}.name", name, "must not already exist in volumeMounts"))
        if place in mounts.values():
            errors.append(invalid(f"{at}.devicePath", place, "must not already exist as a path in volumeMounts"))
        if name:
            names.add(name)
    return errors


def _resize_policy(policies: Sequence[Doc], spec: Doc, path: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for i, policy in enumerate(policies):
        resource, restart = policy["resourceName"], policy["restartPolicy"]
        if resource in seen:
            errors.append(duplicate(f"{path}[{i}]", named(resource)))
        seen.add(resource)
        errors += _one_of(resource, ("cpu", "memory"), path)
        errors += _one_of(restart, ("NotRequired", "RestartContainer"), path)
        if spec.get("restartPolicy") == "Never" and restart != "NotRequired":
            detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'"
            errors.append(invalid(path, named(restart), detail))
    return errors


def _one_of(value: str, allowed: tuple[str, ...], path: str) -> Errors:
    if not value:
        return [required(path)]
    return [] if value in allowed else [not_supported(path, named(value), allowed)]


def _init_restart_policy(container: Doc, path: str) -> Errors:
    if container.get("restartPolicy") is None:
        if not container.get("restartPolicyRules"):
            return []
        return [required(f"{path}.restartPolicy", "must specify restartPolicy when restart rules are used")]
    return _restart_policy(container, path)


def _restart_policy(container: Doc, path: str) -> Errors:
    """A container's own restart policy and the rules that override it."""
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules") or ()
    errors: Errors = []
    if policy is None:
        if not rules:
            return []
        errors.append(required(f"{path}.restartPolicy", "must specify restartPolicy when restart rules are used"))
    elif policy not in _RESTART_POLICIES:
        errors.append(not_supported(f"{path}.restartPolicy", named(policy), _RESTART_POLICIES))
    if len(rules) > 20:
        errors.append(too_many(f"{path}.restartPolicyRules", len(rules), 20))
    for i, rule in enumerate(rules):
        at = f"{path}.restartPolicyRules[{i}]"
        action = rule.get("action") or ""
        if action not in _RULE_ACTIONS:
            errors.append(not_supported(f"{at}.action", named(action), _RULE_ACTIONS))
        codes = rule.get("exitCodes")
        if codes is None:
            errors.append(required(f"{at}.exitCodes", "must be specified"))
            continue
        operator, values = codes.get("operator") or "", codes.get("values") or ()
        if operator not in ("In", "NotIn"):
            errors.append(not_supported(f"{at}.exitCodes.operator", named(operator), ("In", "NotIn")))
        if len(values) > 255:
            errors.append(too_many(f"{at}.exitCodes.values", len(values), 255))
    return errors
