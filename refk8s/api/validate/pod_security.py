"""Security contexts of pods and containers: ids, seccomp, AppArmor, sysctls, Windows.

Source: pkg/apis/core/validation/validation.go (ValidateSecurityContext, validatePodSpecSecurityContext,
validateSeccompProfileField, ValidateAppArmorProfileField, validateWindowsSecurityContextOptions, validateSysctls);
component-helpers/node/util/sysctl/namespace.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from refk8s.api.validate.errors import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    invalid_all,
    named,
    not_supported,
    required,
    too_long,
)
from refk8s.api.validate.go_json import go_tree
from refk8s.api.validate.scalars import descending_path, id_number
from refk8s.kinds.names import dns1123_subdomain

Doc = Mapping[str, Any]

PROFILE_TYPES = ("Localhost", "RuntimeDefault", "Unconfined")
_PROFILE_PATH_MAX = 4095
_SYSCTL = "([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL_MAX = 253
_is_sysctl = re.compile(_SYSCTL, re.ASCII).fullmatch
_IPC_SYSCTLS = frozenset(
    f"kernel.{name}"
    for name in ("sem", "shm", "shmall", "shmmax", "shmmni", "shm_rmid_forced", "msg", "msgmax", "msgmnb", "msgmni")
)

Visited = Iterator[tuple[Doc, str]]


def visit(spec: Doc, path: str) -> Visited:
    """All containers of a pod spec with their paths, init containers first."""
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for i, container in enumerate(spec.get(kind) or ()):
            yield container, f"{path}.{kind}[{i}]"


def container_security(context: Doc, path: str, *, host_users: bool) -> Errors:
    """A container's own context."""
    errors = _ids(context, ("runAsUser", "runAsGroup"), path)
    mount = context.get("procMount")
    if mount is not None:
        if mount not in ("Default", "Unmasked"):
            errors.append(not_supported(f"{path}.procMount", named(mount), ("Default", "Unmasked")))
        if host_users and mount == "Unmasked":
            detail = "`hostUsers` must be false to use `Unmasked`"
            errors.append(invalid(f"{path}.procMount", named(mount), detail))
    errors += seccomp(context.get("seccompProfile"), f"{path}.seccompProfile")
    if context.get("allowPrivilegeEscalation") is False:
        shown = go_tree("SecurityContext", context)
        if context.get("privileged"):
            detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            errors.append(invalid(path, shown, detail))
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            added = context["capabilities"]["add"].count("CAP_SYS_ADMIN")
            errors += [invalid(path, shown, detail)] * added
    errors += windows_options(context.get("windowsOptions"), f"{path}.windowsOptions")
    return errors + app_armor(context.get("appArmorProfile"), f"{path}.appArmorProfile")


def pod_security(spec: Doc, path: str) -> Errors:
    """The pod's context; `path` is that of the context."""
    context = spec.get("securityContext") or {}
    errors = _ids(context, ("fsGroup", "runAsUser", "runAsGroup"), path)
    for i, group in enumerate(context.get("supplementalGroups") or ()):
        errors += invalid_all(f"{path}.supplementalGroups[{i}]", group, id_number(group))
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(invalid(f"{path}.shareProcessNamespace", True, detail))
    errors += _sysctls(context.get("sysctls") or (), spec, f"{path}.sysctls")
    errors += _choice(context, "fsGroupChangePolicy", ("Always", "OnRootMismatch"), path)
    errors += seccomp(context.get("seccompProfile"), f"{path}.seccompProfile")
    errors += windows_options(context.get("windowsOptions"), f"{path}.windowsOptions")
    errors += app_armor(context.get("appArmorProfile"), f"{path}.appArmorProfile")
    errors += _choice(context, "supplementalGroupsPolicy", ("Merge", "Strict"), path)
    return errors + _choice(context, "seLinuxChangePolicy", ("Recursive",), path)


def seccomp(profile: Doc | None, path: str) -> Errors:
    """A seccomp profile; only Localhost ones name a file."""
    if profile is None:
        return []
    errors = _profile_type(profile["type"], "seccompProfile", f"{path}.type")
    file = profile.get("localhostProfile")
    if profile["type"] == "Localhost":
        if file is None:
            detail = "must be set when seccomp type is Localhost"
            return [*errors, required(f"{path}.localhostProfile", detail)]
        return errors + descending_path(file, f"{path}.localhostProfile")
    if file is not None:
        detail = "can only be set when seccomp type is Localhost"
        errors.append(invalid(f"{path}.localhostProfile", go_tree("SeccompProfile", profile), detail))
    return errors


def app_armor(profile: Doc | None, path: str) -> Errors:
    """An AppArmor profile; only Localhost ones name a loaded profile."""
    if profile is None:
        return []
    kind, file, at = profile["type"], profile.get("localhostProfile"), f"{path}.localhostProfile"
    if kind != "Localhost":
        errors = _profile_type(kind, "appArmorProfile", f"{path}.type")
        if not errors and file is not None:
            errors.append(invalid(at, named(file), "can only be set when AppArmor type is Localhost"))
        return errors
    if file is None:
        return [required(at, "must be set when AppArmor type is Localhost")]
    errors = []
    if file.strip() != file:
        errors.append(invalid(at, file, "must not be padded with whitespace"))
    elif not file:
        errors.append(required(at, "must be set when AppArmor type is Localhost"))
    if len(file.encode()) > _PROFILE_PATH_MAX:
        errors.append(too_long(at, _PROFILE_PATH_MAX))
    return errors


def _profile_type(kind: str, field: str, path: str) -> Errors:
    if kind in PROFILE_TYPES:
        return []
    if not kind:
        return [required(path, f"type is required when {field} is set")]
    return [not_supported(path, named(kind), PROFILE_TYPES)]


def _ids(context: Doc, keys: tuple[str, ...], path: str) -> Errors:
    errors: Errors = []
    for key in keys:
        if context.get(key) is not None:
            errors += invalid_all(f"{path}.{key}", context[key], id_number(context[key]))
    return errors


def _choice(context: Doc, key: str, allowed: tuple[str, ...], path: str) -> Errors:
    value = context.get(key)
    return [] if value is None or value in allowed else [not_supported(f"{path}.{key}", named(value), allowed)]


def _sysctls(listed: Any, spec: Doc, path: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for i, sysctl in enumerate(listed):
        at, name = f"{path}[{i}].name", sysctl["name"]
        if not name:
            errors.append(required(at))
        elif len(name.encode()) > _SYSCTL_MAX or not _is_sysctl(name):
            errors.append(invalid(at, name, f"must have at most {_SYSCTL_MAX} characters and match regex ^{_SYSCTL}$"))
        elif name in seen:
            errors.append(duplicate(at, name))
        errors += _host_sysctl(name, spec, at)
        seen.add(name)
    return errors


def _host_sysctl(name: str, spec: Doc, path: str) -> Errors:
    """A sysctl of a namespace that the pod shares with its host is refused."""
    dotted = _dotted(name)
    if spec.get("hostNetwork") and dotted.startswith("net."):
        return [invalid(path, name, "may not be specified when 'hostNetwork' is true")]
    if spec.get("hostIPC") and (dotted in _IPC_SYSCTLS or dotted.startswith("fs.mqueue.")):
        return [invalid(path, name, "may not be specified when 'hostIPC' is true")]
    return []


def _dotted(name: str) -> str:
    """A sysctl name with dots between its parts: if the first separator is a slash, slashes and dots change places."""
    first = re.search("[./]", name)
    return name.translate(str.maketrans("./", "/.")) if first and first[0] == "/" else name


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NET_BIOS = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}')
_DNS_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_DNS_DOMAIN = re.compile(rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})*")
_BAD_USER = re.compile(r'["/\\:;|=,+*?<>@\[\]]')
_SPEC_KIB = 64
_DOMAIN_MAX, _USER_MAX = 256, 104


def windows_options(options: Doc | None, path: str) -> Errors:
    """What Windows containers run as."""
    if options is None:
        return []
    errors: Errors = []
    name = options.get("gmsaCredentialSpecName")
    if name is not None:
        errors += invalid_all(f"{path}.gmsaCredentialSpecName", named(name), dns1123_subdomain(name))
    spec = options.get("gmsaCredentialSpec")
    if spec is not None and not spec:
        detail = "gmsaCredentialSpec cannot be an empty string"
        errors.append(invalid(f"{path}.gmsaCredentialSpec", named(spec), detail))
    elif spec is not None and len(spec.encode()) > _SPEC_KIB * 1024:
        detail = f"gmsaCredentialSpec size must be under {_SPEC_KIB} KiB"
        errors.append(invalid(f"{path}.gmsaCredentialSpec", named(spec), detail))
    user = options.get("runAsUserName")
    if user is not None:
        errors += invalid_all(f"{path}.runAsUserName", named(user), _user_complaints(user))
    return errors


def _user_complaints(name: str) -> list[str]:
    what = "runAsUserName"
    if not name:
        return [f"{what} cannot be an empty string"]
    if _CONTROL.search(name):
        return [f"{what} cannot contain control characters"]
    parts = name.split("\\")
    if len(parts) > 2:
        return [f"{what} cannot contain more than one backslash"]
    user, domain = parts[-1], parts[0] if len(parts) == 2 else None
    found = []
    if domain is not None and len(domain.encode()) >= _DOMAIN_MAX:
        found.append(f"{what}'s Domain length must be under {_DOMAIN_MAX} characters")
    if domain is not None and not (_NET_BIOS.fullmatch(domain) or _DNS_DOMAIN.fullmatch(domain)):
        found.append(f"{what}'s Domain doesn't match the NetBios nor the DNS format")
    if not user:
        found.append(f"{what}'s User cannot be empty")
    elif len(user.encode()) > _USER_MAX:
        found.append(f"{what}'s User length must not be longer than {_USER_MAX} characters")
    if user and not user.strip(". "):
        found.append(f"{what}'s User cannot contain only periods or spaces")
    if _BAD_USER.search(user):
        found.append(f"{what}'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]")
    return found


def host_process(spec: Doc, path: str) -> Errors:
    """Windows host-process containers: all or none, and on the host's network."""
    of_pod = ((spec.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
    errors: Errors = []
    count = privileged = 0
    for container, at in visit(spec, path):
        own = ((container.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
        count += 1
        if of_pod is not None and own is not None and own != of_pod:
            detail = f"pod hostProcess value must be identical if both are specified, was {str(of_pod).lower()}"
            errors.append(invalid(f"{at}.securityContext.windowsOptions.hostProcess", own, detail))
        privileged += bool(of_pod if own is None else own)
    if privileged and privileged != count:
        detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers"
        errors.append(invalid(path, "", detail))
    if privileged and not spec.get("hostNetwork"):
        detail = "hostNetwork must be true if pod contains any hostProcess containers"
        errors.append(invalid(f"{path}.hostNetwork", False, detail))
    return errors


_LINUX_ONLY_POD = (
    *("appArmorProfile", "seLinuxOptions", "^hostUsers", "^hostPID", "^hostIPC", "seccompProfile", "fsGroup"),
    *("fsGroupChangePolicy", "sysctls", "^shareProcessNamespace", "runAsUser", "runAsGroup", "supplementalGroups"),
    *("supplementalGroupsPolicy", "seLinuxChangePolicy"),
)
_LINUX_ONLY_CONTAINER = (
    *("appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged"),
    *("allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup"),
)


def for_system(spec: Doc, path: str) -> Errors:
    """What the pod's operating system does not know must not be set."""
    system = spec["os"]["name"]
    context = spec.get("securityContext") or {}
    errors: Errors = []
    if system == "linux":
        detail = "windows options cannot be set for a linux pod"
        if context.get("windowsOptions") is not None:
            errors.append(forbidden(f"{path}.securityContext.windowsOptions", detail))
        for container, at in visit(spec, path):
            if (container.get("securityContext") or {}).get("windowsOptions") is not None:
                errors.append(forbidden(f"{at}.securityContext.windowsOptions", detail))
        return errors
    detail = "cannot be set for a windows pod"
    for key in _LINUX_ONLY_POD:
        if key.startswith("^"):
            value = spec.get(key[1:])
            if value or (value is False and key in ("^hostUsers", "^shareProcessNamespace")):
                errors.append(forbidden(f"{path}.{key[1:]}", detail))
        elif context.get(key) is not None:
            errors.append(forbidden(f"{path}.securityContext.{key}", detail))
    for container, at in visit(spec, path):
        own = container.get("securityContext") or {}
        errors += [
            forbidden(f"{at}.securityContext.{k}", detail) for k in _LINUX_ONLY_CONTAINER if own.get(k) is not None
        ]
    return errors
