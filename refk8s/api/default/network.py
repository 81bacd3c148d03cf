"""Defaults of endpoints, ingresses and network policies.

Source: pkg/apis/{core,discovery,networking}/v1/defaults.go.
"""

from __future__ import annotations

from refk8s.api.default.sharing import Doc, changed, each_under, with_missing


def default_endpoints(endpoints: Doc) -> Doc:
    """A decoded Endpoints object: ports are TCP unless they say otherwise."""

    def subset(found: Doc) -> Doc:
        return each_under(found, "ports", lambda port: with_missing(port, {"protocol": "TCP"}))

    return each_under(endpoints, "subsets", subset)


def default_endpoint_slice(endpoint_slice: Doc) -> Doc:
    """A decoded EndpointSlice: ports have a name, if an empty one, and a protocol."""
    return each_under(endpoint_slice, "ports", lambda port: with_missing(port, {"name": "", "protocol": "TCP"}))


def default_ingress_class(ingress_class: Doc) -> Doc:
    """A decoded IngressClass: its parameters are cluster-scoped unless they say otherwise."""

    def spec(found: Doc) -> Doc:
        return changed(found, "parameters", _scoped)

    return changed(ingress_class, "spec", spec)


def _scoped(parameters: Doc) -> Doc:
    return parameters if parameters.get("scope") is not None else {**parameters, "scope": "Cluster"}


def default_network_policy(policy: Doc) -> Doc:
    """A decoded NetworkPolicy: it is about ingress, and about egress if it has such rules."""
    return changed(policy, "spec", _policy_spec)


def _policy_spec(spec: Doc) -> Doc:
    if not spec.get("policyTypes"):
        spec = {**spec, "policyTypes": ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]}

    def rule(found: Doc) -> Doc:
        return each_under(found, "ports", lambda port: with_missing(port, {"protocol": "TCP"}))

    for direction in ("ingress", "egress"):
        spec = each_under(spec, direction, rule)
    return spec
