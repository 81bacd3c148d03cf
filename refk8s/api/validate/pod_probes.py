"""Probes, lifecycle hooks and the handlers they share.

Source: pkg/apis/core/validation/validation.go (validateHandler, validateProbe, validateLifecycle and around them).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate.errors import Errors, forbidden, invalid, invalid_all, named, not_supported, required
from refk8s.api.validate.meta import not_negative
from refk8s.api.validate.scalars import port_number_or_name
from refk8s.kinds.names import http_header_name

Doc = Mapping[str, Any]

_PROBE_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_HOOK_HANDLERS = ("exec", "httpGet", "tcpSocket", "sleep")
_COUNTS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_SIGNALS = (
    *("ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL"),
    *("PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG"),
    *("USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX"),
    *(f"RTMIN+{n}" for n in range(1, 16)),
    *(f"RTMAX-{n}" for n in range(1, 15)),
)
_LINUX_SIGNALS = tuple(sorted(f"SIG{name}" for name in _SIGNALS))
_WINDOWS_SIGNALS = ("SIGKILL", "SIGTERM")


def probes(container: Doc, grace: int | None, path: str) -> Errors:
    """The three probes of a container that may have them; `grace` is the pod's termination grace period."""
    errors: Errors = []
    if container.get("livenessProbe") is not None:
        errors += _once(container["livenessProbe"], grace, f"{path}.livenessProbe")
    if container.get("readinessProbe") is not None:
        probe, at = container["readinessProbe"], f"{path}.readinessProbe"
        errors += _probe(probe, grace, at)
        seconds = probe.get("terminationGracePeriodSeconds")
        if seconds is not None:
            detail = "must not be set for readinessProbes"
            errors.append(invalid(f"{at}.terminationGracePeriodSeconds", seconds, detail))
    if container.get("startupProbe") is not None:
        errors += _once(container["startupProbe"], grace, f"{path}.startupProbe")
    return errors


def lifecycle(hooks: Doc, grace: int | None, os: Doc | None, path: str) -> Errors:
    """The hooks around a container's life and the signal that stops it."""
    errors: Errors = []
    for hook in ("postStart", "preStop"):
        if hooks.get(hook) is not None:
            errors += _handler(hooks[hook], _HOOK_HANDLERS, grace, f"{path}.{hook}")
    if hooks.get("stopSignal") is not None:
        errors += _stop_signal(hooks["stopSignal"], os, f"{path}.stopSignal")
    return errors


def _once(probe: Doc, grace: int | None, path: str) -> Errors:
    """A probe that needs exactly one success."""
    errors = _probe(probe, grace, path)
    threshold = probe.get("successThreshold") or 0
    return errors if threshold == 1 else [*errors, invalid(f"{path}.successThreshold", threshold, "must be 1")]


def _probe(probe: Doc, grace: int | None, path: str) -> Errors:
    errors = _handler(probe, _PROBE_HANDLERS, grace, path)
    for count in _COUNTS:
        errors += not_negative(probe.get(count) or 0, f"{path}.{count}")
    seconds = probe.get("terminationGracePeriodSeconds")
    if seconds is not None and seconds <= 0:
        errors.append(invalid(f"{path}.terminationGracePeriodSeconds", seconds, "must be greater than 0"))
    return errors


def _handler(holder: Doc, kinds: tuple[str, ...], grace: int | None, path: str) -> Errors:
    errors: Errors = []
    first = ""
    for kind in kinds:
        action = holder.get(kind)
        if action is None:
            continue
        if first:
            errors.append(forbidden(f"{path}.{kind}", "may not specify more than 1 handler type"))
        else:
            first = kind
            errors += _action(kind, action, grace, f"{path}.{kind}")
    return errors if first else [required(path, "must specify a handler type")]


def _action(kind: str, action: Doc, grace: int | None, path: str) -> Errors:
    if kind == "exec":
        return [] if action.get("command") else [required(f"{path}.command")]
    if kind == "httpGet":
        return _http_get(action, path)
    if kind == "sleep":
        seconds = action["seconds"]
        if grace is None or 0 <= seconds <= grace:
            return []
        detail = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
        return [invalid(path, seconds, detail)]
    return port_number_or_name(action["port"], f"{path}.port")


def _http_get(action: Doc, path: str) -> Errors:
    errors = [] if action.get("path") else [required(f"{path}.path")]
    errors += port_number_or_name(action["port"], f"{path}.port")
    scheme = action.get("scheme") or ""
    if scheme not in ("HTTP", "HTTPS"):
        errors.append(not_supported(f"{path}.scheme", named(scheme), ("HTTP", "HTTPS")))
    for header in action.get("httpHeaders") or ():
        errors += invalid_all(f"{path}.httpHeaders", header["name"], http_header_name(header["name"]))
    return errors


def _stop_signal(signal: str, os: Doc | None, path: str) -> Errors:
    if os is None:
        return [forbidden(path, "may not be set for containers with empty `spec.os.name`")]
    allowed = {"windows": _WINDOWS_SIGNALS, "linux": _LINUX_SIGNALS}.get(os["name"])
    return [] if allowed is None or signal in allowed else [not_supported(path, named(signal), allowed)]
