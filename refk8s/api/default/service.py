"""Defaults of services, as far as decoding sets them; addresses and families are the registry's.

Source: pkg/apis/core/v1/defaults.go, SetDefaults_Service; pkg/api/v1/service/util.go, ExternallyAccessible.
"""

from __future__ import annotations

from refk8s.api.default.sharing import Doc, changed, each_under, with_missing, with_value, without

_AFFINITY_SECONDS = 10800
_BALANCED = "LoadBalancer"


def default_service(service: Doc) -> Doc:
    """A decoded service with its defaults."""
    service = changed(service, "spec", _spec)
    if service["spec"].get("type") == _BALANCED:
        service = changed(service, "status", _status)
    return service


def externally_accessible(spec: Doc) -> bool:
    """Whether traffic from outside the cluster can reach the service."""
    kind = spec.get("type")
    return kind in (_BALANCED, "NodePort") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))


def _spec(spec: Doc) -> Doc:
    spec = with_missing(spec, {"sessionAffinity": "None", "type": "ClusterIP"})
    spec = _affinity(spec)
    spec = each_under(spec, "ports", _port)
    if externally_accessible(spec):
        spec = with_missing(spec, {"externalTrafficPolicy": "Cluster"})
    if spec["type"] in ("NodePort", "LoadBalancer", "ClusterIP"):
        spec = with_missing(spec, {"internalTrafficPolicy": "Cluster"})
    if spec["type"] == _BALANCED:
        spec = with_missing(spec, {"allocateLoadBalancerNodePorts": True})
    return spec


def _affinity(spec: Doc) -> Doc:
    if spec["sessionAffinity"] == "None":
        return without(spec, "sessionAffinityConfig")
    if spec["sessionAffinity"] != "ClientIP":
        return spec
    client_ip = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
    if "timeoutSeconds" in client_ip:
        return spec
    return with_value(spec, "sessionAffinityConfig", {"clientIP": {"timeoutSeconds": _AFFINITY_SECONDS}})


def _port(port: Doc) -> Doc:
    port = with_missing(port, {"protocol": "TCP"})
    return port if port["targetPort"] not in (0, "") else with_value(port, "targetPort", port["port"])


def _status(status: Doc) -> Doc:
    def ingress(entry: Doc) -> Doc:
        return with_missing(entry, {"ipMode": "VIP"}) if entry.get("ip") else entry

    return changed(status, "loadBalancer", lambda balancer: each_under(balancer, "ingress", ingress))
