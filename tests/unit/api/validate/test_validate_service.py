"""Services: creation, changes, status."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.default import default
from refk8s.api.strategy import prepare_create, prepare_status_update, prepare_update
from refk8s.api.validate import validate_create, validate_status_update, validate_update

Doc = dict[str, Any]

PORTS: Doc = {"ports": [{"port": 80}]}
PLACED: Doc = {
    "clusterIP": "10.0.0.1",
    "clusterIPs": ["10.0.0.1"],
    "ipFamilies": ["IPv4"],
    "ipFamilyPolicy": "SingleStack",
}
HEADLESS: Doc = {**PLACED, "clusterIP": "None", "clusterIPs": ["None"]}
EXTERNAL: Doc = {"type": "ExternalName", "externalName": "a.example.com", "ports": []}
BALANCED: Doc = {"type": "LoadBalancer"}


def stored(spec: Doc, meta: Doc | None = None, status: Doc | None = None) -> Doc:
    metadata = {"name": "s", "namespace": "ns", "resourceVersion": "1", "uid": "u", **(meta or {})}
    placed = {} if spec.get("type") == "ExternalName" else PLACED
    doc = default("Service", {"metadata": metadata, "spec": {**placed, **PORTS, **spec}, "status": status or {}})
    created = prepare_create("Service", doc)
    return created if status is None else {**created, "status": doc["status"]}


def created(meta: Doc | None = None, **spec: Any) -> list[str]:
    return [str(error) for error in validate_create("Service", stored(spec, meta))]


def updated(before: Doc, after: Doc) -> list[str]:
    old, new = stored(before), stored(after)
    return [str(error) for error in validate_update("Service", prepare_update("Service", new, old), old)]


def ports(*listed: Doc) -> Doc:
    return {"ports": list(listed)}


TYPES = '"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'
ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'"
CREATED: list[tuple[Doc, list[str]]] = [
    ({}, []),
    (HEADLESS, []),
    ({**HEADLESS, "ports": []}, []),
    (EXTERNAL, []),
    (BALANCED, []),
    ({"type": "NodePort"}, []),
    ({"ports": []}, ["spec.ports: Required value"]),
    ({"type": "Magic"}, [f'spec.type: Unsupported value: "Magic": supported values: {TYPES}']),
    (
        ports({"port": 0}),
        [
            "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
            "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
        ],
    ),
    (
        ports({"port": 80}, {"port": 81, "name": "b"}),
        ["spec.ports[0].name: Required value"],
    ),
    (
        ports({"port": 80, "name": "a"}, {"port": 81, "name": "a"}),
        ['spec.ports[1].name: Duplicate value: "a"'],
    ),
    (
        ports({"port": 80, "name": "a"}, {"port": 80, "name": "b"}),
        [
            'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,'
            '"TargetPort":0,"NodePort":0}'
        ],
    ),
    (ports({"port": 80, "name": "a"}, {"port": 80, "name": "b", "protocol": "UDP"}), []),
    (
        ports({"port": 80, "protocol": "ICMP"}),
        ['spec.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"'],
    ),
    (
        ports({"port": 80, "nodePort": 30000}),
        ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ),
    (
        {"type": "NodePort", **ports(*({"port": p, "name": f"p{p}", "nodePort": 30000} for p in (80, 81)))},
        ["spec.ports[1].nodePort: Duplicate value: 30000"],
    ),
    (
        {**HEADLESS, "type": "NodePort"},
        ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"],
    ),
    (
        {**EXTERNAL, "externalName": ""},
        ["spec.externalName: Required value"],
    ),
    (
        {"sessionAffinity": "Sticky"},
        ['spec.sessionAffinity: Unsupported value: "Sticky": supported values: "ClientIP", "None"'],
    ),
    ({"sessionAffinity": "ClientIP"}, []),
    (
        {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}}},
        [
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: "
            "must be greater than 0 and less than 86400"
        ],
    ),
    (
        {"clusterIP": "10.0.0.2"},
        ['spec.clusterIPs: Invalid value: ["10.0.0.1"]: first value must match `clusterIP`'],
    ),
    (
        {"clusterIP": "fd00::1", "clusterIPs": ["fd00::1"]},
        ['spec.clusterIPs[0]: Invalid value: "fd00::1": expected an IPv4 value as indicated by `ipFamilies[0]`'],
    ),
    (
        {"externalIPs": ["127.0.0.1"]},
        ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    ),
    (
        {"loadBalancerSourceRanges": ["10.0.0.0/8"]},
        [f"spec.LoadBalancerSourceRanges: Forbidden: {ONLY_BALANCED}"],
    ),
    (
        {**BALANCED, "loadBalancerSourceRanges": ["x"]},
        [
            'spec.LoadBalancerSourceRanges[0]: Invalid value: "x": '
            "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
        ],
    ),
    (
        {"loadBalancerClass": "a.b/c"},
        [f"spec.loadBalancerClass: Forbidden: {ONLY_BALANCED}"],
    ),
    (
        {"allocateLoadBalancerNodePorts": True},
        [f"spec.allocateLoadBalancerNodePorts: Forbidden: {ONLY_BALANCED}"],
    ),
    (
        {"externalTrafficPolicy": "Local"},
        ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
    ),
    (
        {**BALANCED, "externalTrafficPolicy": "Near"},
        ['spec.externalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"'],
    ),
    ({**BALANCED, "externalTrafficPolicy": "Local"}, ["spec.healthCheckNodePort: Required value"]),
    ({**BALANCED, "externalTrafficPolicy": "Local", "healthCheckNodePort": 30001}, []),
    (
        {"trafficDistribution": "Near"},
        [
            'spec.trafficDistribution: Unsupported value: "Near": '
            'supported values: "PreferClose", "PreferSameZone", "PreferSameNode"'
        ],
    ),
]


@pytest.mark.parametrize(("spec", "expected"), CREATED)
def test_created_service(spec: Doc, expected: list[str]) -> None:
    assert created(**spec) == expected


def test_name_is_a_dns_label_that_may_begin_with_a_digit() -> None:
    assert created({"name": "1a"}) == []
    assert created({"name": "a.b"}) == ['metadata.name: Invalid value: "a.b": must not contain dots']


BOTH_FAMILIES: Doc = {
    "clusterIPs": ["10.0.0.1", "fd00::1"],
    "ipFamilies": ["IPv4", "IPv6"],
    "ipFamilyPolicy": "PreferDualStack",
}
OTHER: Doc = {"clusterIP": "10.0.0.2", "clusterIPs": ["10.0.0.2"]}
UPDATED: list[tuple[Doc, Doc, list[str]]] = [
    ({}, {"selector": {"a": "b"}}, []),
    ({}, OTHER, ['spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set']),
    ({}, EXTERNAL, []),
    (EXTERNAL, {}, []),
    ({}, BOTH_FAMILIES, []),
    (BOTH_FAMILIES, {}, []),
    (
        BOTH_FAMILIES,
        {"ipFamilyPolicy": "PreferDualStack"},
        [
            "spec.ipFamilyPolicy: Invalid value: \"PreferDualStack\": must be set to 'SingleStack' when releasing "
            "the secondary clusterIP",
            "spec.ipFamilyPolicy: Invalid value: \"PreferDualStack\": must be set to 'SingleStack' when releasing "
            "the secondary ipFamily",
        ],
    ),
    (
        {**BALANCED, "loadBalancerClass": "a.b/c"},
        {**BALANCED, "loadBalancerClass": "a.b/d"},
        ['spec.loadBalancerClass: Invalid value: "a.b/d": may not change once set'],
    ),
    (
        {**BALANCED, "externalTrafficPolicy": "Local", "healthCheckNodePort": 30001},
        {**BALANCED, "externalTrafficPolicy": "Local", "healthCheckNodePort": 30002},
        ["spec.healthCheckNodePort: Forbidden: field is immutable"],
    ),
    ({"externalIPs": ["010.0.0.1"]}, {"externalIPs": ["010.0.0.1"]}, []),
]


@pytest.mark.parametrize(("before", "after", "expected"), UPDATED)
def test_updated_service(before: Doc, after: Doc, expected: list[str]) -> None:
    assert updated(before, after) == expected


def ingress(*listed: Doc) -> Doc:
    return {"loadBalancer": {"ingress": list(listed)}}


AT = "status.loadBalancer.ingress"
STATUS: list[tuple[Doc, Doc, list[str]]] = [
    (BALANCED, ingress({"ip": "10.0.0.9"}), []),
    (BALANCED, ingress({"hostname": "a.b"}), []),
    ({}, ingress({"ip": "10.0.0.9"}), [f"{AT}: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"]),
    (
        BALANCED,
        ingress({"hostname": "10.0.0.9"}),
        [f'{AT}[0].hostname: Invalid value: "10.0.0.9": must be a DNS name, not an IP address'],
    ),
    (
        BALANCED,
        ingress({"ip": "10.0.0.9", "ipMode": "Magic"}),
        [f'{AT}[0].ipMode: Unsupported value: "Magic": supported values: "Proxy", "VIP"'],
    ),
    (
        BALANCED,
        ingress({"hostname": "a.b", "ipMode": "VIP"}),
        [f"{AT}[0].ipMode: Forbidden: may not be specified when `ip` is not set"],
    ),
]


@pytest.mark.parametrize(("spec", "status", "expected"), STATUS)
def test_service_status(spec: Doc, status: Doc, expected: list[str]) -> None:
    old, new = stored(spec, status={}), stored(spec, status=status)
    errors = validate_status_update("Service", prepare_status_update("Service", new, old), old)
    assert [str(error) for error in errors] == expected
