"""Defaults of pods and of pod templates.

A template gets only those of a pod spec; a pod also gets requests from limits, service links and host ports.
Source: pkg/apis/core/v1/defaults.go (SetDefaults_Pod, _PodSpec, _Container, _Probe, _HTTPGetAction),
zz_generated.defaults.go, conversion.go (Pod, PodSpec, PodStatus, PodTemplateSpec).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from refk8s.api.default.images import pull_policy
from refk8s.api.default.pod_resources import default_pod_resources
from refk8s.api.default.sharing import Doc, changed, each_under, with_missing, with_value, without
from refk8s.api.default.volumes import default_field_ref, default_volume

CONTAINERS = ("containers", "initContainers", "ephemeralContainers")

_INIT_ANNOTATIONS = tuple(
    f"pod.{stage}.kubernetes.io/init-container{what}" for stage in ("beta", "alpha") for what in ("s", "-statuses")
)
_SPEC = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "securityContext": {},
    "terminationGracePeriodSeconds": 30,
    "schedulerName": "default-scheduler",
}
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}


def default_pod(pod: Doc) -> Doc:
    """A decoded pod with its defaults."""
    pod = changed(pod, "metadata", _without_init_annotations)
    spec = pod["spec"]
    defaulted = _known_pod_spec(spec)
    if defaulted is not spec:
        pod = {**pod, "spec": defaulted}
    return changed(pod, "status", _pod_ips)


def default_template(template: Doc) -> Doc:
    """A decoded pod template with its defaults."""
    template = changed(template, "metadata", _without_init_annotations)
    return changed(template, "spec", _known_spec)


def _known_pod_spec(spec: Doc) -> Doc:
    """`_pod_spec`, remembered by the bytes of the spec; unchanged specs are shared."""
    key = _key(spec)
    return _pod_spec(spec) if key is None else _remembered(key, _POD) or spec


def _known_spec(spec: Doc) -> Doc:
    key = _key(spec)
    return _spec(spec) if key is None else _remembered(key, _TEMPLATE) or spec


_POD, _TEMPLATE = True, False


def _key(spec: Doc) -> bytes | None:
    """The bytes of a spec; None if it holds text that has none (a lone surrogate)."""
    try:
        return orjson.dumps(spec)
    except orjson.JSONEncodeError:
        return None


@lru_cache(maxsize=4096)
def _remembered(key: bytes, of_pod: bool) -> Doc | None:
    """The defaulted spec, or None if the defaults change nothing."""
    spec: Doc = orjson.loads(key)
    new = _pod_spec(spec) if of_pod else _spec(spec)
    return None if new is spec else new


def _pod_spec(spec: Doc) -> Doc:
    """What only pods get, around what templates get too."""
    for kind in ("containers", "initContainers"):
        spec = each_under(spec, kind, _requests_from_limits)
    spec = default_pod_resources(spec)
    spec = with_missing(spec, {"enableServiceLinks": True})
    if spec.get("hostNetwork"):
        for kind in ("containers", "initContainers"):
            spec = each_under(spec, kind, lambda c: each_under(c, "ports", _host_port))
    spec = _spec(spec)
    return with_value(spec, "terminationGracePeriodSeconds", 1) if spec["terminationGracePeriodSeconds"] < 0 else spec


def _spec(spec: Doc) -> Doc:
    spec = with_missing(spec, _SPEC)
    spec = _service_account(spec)
    spec = each_under(spec, "volumes", default_volume)
    for kind in CONTAINERS:
        spec = each_under(spec, kind, _container)
    return spec


def _service_account(spec: Doc) -> Doc:
    """The two names of the service account agree; serviceAccountName wins."""
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if not name or (spec.get("serviceAccountName") == name and spec.get("serviceAccount") == name):
        return spec
    return {**spec, "serviceAccountName": name, "serviceAccount": name}


def _container(container: Doc) -> Doc:
    if "imagePullPolicy" not in container:
        container = {**container, "imagePullPolicy": pull_policy(container.get("image", ""))}
    container = with_missing(
        container, {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
    )
    container = each_under(container, "ports", lambda port: with_missing(port, {"protocol": "TCP"}))
    container = each_under(container, "env", lambda env: changed(env, "valueFrom", _value_from))
    for probe in _PROBES:
        container = changed(container, probe, _probe)
    return changed(container, "lifecycle", _lifecycle)


def _value_from(source: Doc) -> Doc:
    source = default_field_ref(source)
    return changed(source, "fileKeyRef", lambda ref: with_missing(ref, {"optional": False}))


def _probe(probe: Doc) -> Doc:
    probe = with_missing(probe, _PROBE)
    probe = changed(probe, "httpGet", _http_get)
    return changed(probe, "grpc", lambda grpc: with_value(grpc, "service", grpc.get("service") or ""))


def _http_get(action: Doc) -> Doc:
    return with_missing(action, {"path": "/", "scheme": "HTTP"})


def _lifecycle(lifecycle: Doc) -> Doc:
    for hook in ("postStart", "preStop"):
        lifecycle = changed(lifecycle, hook, lambda handler: changed(handler, "httpGet", _http_get))
    return lifecycle


def _requests_from_limits(container: Doc) -> Doc:
    resources = container["resources"]
    limits = resources.get("limits")
    if not limits:
        return container
    requests = with_missing(resources.get("requests") or {}, limits)
    return with_value(container, "resources", with_value(resources, "requests", requests))


def _host_port(port: Doc) -> Doc:
    return with_missing(port, {"hostPort": port["containerPort"]}) if port["containerPort"] else port


def _without_init_annotations(metadata: Doc) -> Doc:
    annotations = metadata.get("annotations")
    if not annotations or not any(key in annotations for key in _INIT_ANNOTATIONS):
        return metadata
    kept = without(annotations, *_INIT_ANNOTATIONS)
    return {**metadata, "annotations": kept} if kept else without(metadata, "annotations")


def _pod_ips(status: Doc) -> Doc:
    """podIP is the first of podIPs; where they differ, podIP wins."""
    ips: list[Any] = status.get("podIPs") or []
    ip = status.get("podIP")
    if ip and (not ips or ips[0]["ip"] != ip):
        return {**status, "podIPs": [{"ip": ip}]}
    return {**status, "podIP": ips[0]["ip"]} if ips and not ip and ips[0]["ip"] else status
