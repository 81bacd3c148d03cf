"""Ingresses, IngressClasses, NetworkPolicies, Endpoints, EndpointSlices."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.validate.validated import Doc, created, remarks, updated, with_status

BACKEND: Doc = {"service": {"name": "s", "port": {"number": 80}}}


def ingress(*paths: Doc, **spec: Any) -> Doc:
    rules = [{"http": {"paths": list(paths)}}] if paths else []
    return {"spec": {"rules": rules, **spec}}


def path(**fields: Any) -> Doc:
    return {"path": "/", "pathType": "Prefix", "backend": BACKEND, **fields}


AT = "spec.rules[0].http.paths[0]"
INGRESSES: list[tuple[Doc, list[str]]] = [
    (ingress(path()), []),
    (ingress(), ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"]),
    (ingress(defaultBackend=BACKEND), []),
    (ingress(defaultBackend={}), ['spec.defaultBackend: Invalid value: "": resource or service backend is required']),
    (ingress(path(pathType=None)), [f"{AT}.pathType: Required value: pathType must be specified"]),
    (
        ingress(path(pathType="Regex")),
        [f'{AT}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"'],
    ),
    (
        ingress(path(path="a//b/..")),
        [
            f'{AT}.path: Invalid value: "a//b/..": must be an absolute path',
            f"{AT}.path: Invalid value: \"a//b/..\": must not contain '//'",
            f"{AT}.path: Invalid value: \"a//b/..\": cannot end with '/..'",
        ],
    ),
    (ingress(path(path="", pathType="ImplementationSpecific")), []),
    (
        ingress(path(backend={"service": {"name": "s"}})),
        [f"{AT}.backend: Required value: port name or number is required"],
    ),
    (
        ingress(path(backend={"service": {"name": "S", "port": {"name": "n", "number": 1}}})),
        [
            f'{AT}.backend.service.name: Invalid value: "S": a lowercase RFC 1123 label must consist of lower case '
            "alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or "
            "'123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            f'{AT}.backend: Invalid value: "": cannot set both port name & port number',
        ],
    ),
    (
        ingress(path(backend={**BACKEND, "resource": {"kind": "K", "name": "n"}})),
        [f'{AT}.backend: Invalid value: "": cannot set both resource and service backends'],
    ),
    (
        {"spec": {"rules": [{"host": "10.0.0.1"}]}},
        ['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'],
    ),
    ({"spec": {"rules": [{"host": "*.a.b", "http": {"paths": []}}]}}, ["spec.rules[0].http.paths: Required value"]),
    (
        {
            "metadata": {"annotations": {"kubernetes.io/ingress.class": "a"}},
            **ingress(path(), ingressClassName="b"),
        },
        [
            'annotations.kubernetes.io/ingress.class: Invalid value: "a": '
            "must match `ingressClassName` when both are specified"
        ],
    ),
]


@pytest.mark.parametrize(("doc", "errors"), INGRESSES)
def test_new_ingresses(doc: Doc, errors: list[str]) -> None:
    assert created("Ingress", doc) == errors


def test_the_old_annotation_is_remarked_on() -> None:
    doc = {"metadata": {"annotations": {"kubernetes.io/ingress.class": "a"}}, **ingress(path())}
    said = "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"
    assert remarks("Ingress", doc) == (said,)


def test_the_status_of_an_ingress() -> None:
    status = {"loadBalancer": {"ingress": [{"ip": "010.0.0.1"}, {"hostname": "10.0.0.1"}]}}
    assert with_status("Ingress", ingress(path()), status) == [
        'status.loadBalancer.ingress[0].ip: Invalid value: "010.0.0.1": must not have leading 0s',
        'status.loadBalancer.ingress[1].hostname: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
    ]


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"controller": "a.b/c"}, []),
        ({}, ["spec.controller: Required value"]),
        (
            {"controller": "a.b/c", "parameters": {"kind": "K", "name": "n", "scope": "Namespace"}},
            ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
        ),
        (
            {"controller": "a.b/c", "parameters": {"kind": "K", "name": "n", "namespace": "ns"}},
            ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
        ),
    ],
)
def test_new_ingress_classes(spec: Doc, errors: list[str]) -> None:
    assert created("IngressClass", {"spec": spec}) == errors


def test_the_controller_of_an_ingress_class_stays() -> None:
    before, after = {"spec": {"controller": "a.b/c"}}, {"spec": {"controller": "a.b/d"}}
    assert updated("IngressClass", before, after) == ['spec.controller: Invalid value: "a.b/d": field is immutable']


def policy(*peers: Doc, **spec: Any) -> Doc:
    return {"spec": {"podSelector": {}, "ingress": [{"from": list(peers)}], **spec}}


def block(cidr: str, *excepted: str) -> Doc:
    return {"ipBlock": {"cidr": cidr, "except": list(excepted)}}


FROM = "spec.ingress[0].from[0]"
POLICIES: list[tuple[Doc, list[str]]] = [
    (policy({"podSelector": {}}), []),
    (policy({}), [f"{FROM}: Required value: must specify a peer"]),
    (
        policy({"podSelector": {}, **block("10.0.0.0/8")}),
        [f"{FROM}: Forbidden: may not specify both ipBlock and another peer"],
    ),
    (policy(block("")), [f"{FROM}.ipBlock.cidr: Required value"]),
    (
        policy(block("10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/16", "10.0.0.0/8")),
        [
            f'{FROM}.ipBlock.except[{i}]: Invalid value: "{value}": must be a strict subset of `cidr`'
            for i, value in ((1, "11.0.0.0/16"), (2, "10.0.0.0/8"))
        ],
    ),
    (
        policy(block("10.0.0.1/8")),
        [f'{FROM}.ipBlock.cidr: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length'],
    ),
    (
        policy({"podSelector": {}}, ingress=[{"ports": [{"port": 80, "endPort": 79}, {"port": "web", "endPort": 1}, {"endPort": 1}]}]),
        [
            "spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`",
            "spec.ingress[0].ports[1].endPort: Invalid value: 1: may not be specified when `port` is non-numeric",
            "spec.ingress[0].ports[2].endPort: Invalid value: 1: may not be specified when `port` is not specified",
        ],
    ),
    (
        policy({"podSelector": {}}, policyTypes=["Both"]),
        ['spec.policyTypes[0]: Unsupported value: "Both": supported values: "Ingress", "Egress"'],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("doc", "errors"), POLICIES)
def test_new_network_policies(doc: Doc, errors: list[str]) -> None:
    assert created("NetworkPolicy", doc) == errors


def test_address_ranges_that_were_there_may_stay() -> None:
    assert updated("NetworkPolicy", policy(block("10.0.0.1/8")), policy({"podSelector": {}}, block("10.0.0.1/8"))) == []


def subset(**fields: Any) -> Doc:
    return {"subsets": [{"addresses": [{"ip": "10.0.0.1"}], **fields}]}


ENDPOINTS: list[tuple[Doc, list[str]]] = [
    (subset(ports=[{"port": 80}]), []),
    (subset(addresses=[]), ["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"]),
    (
        subset(ports=[{"port": 80}, {"port": 0, "name": "b"}]),
        [
            "subsets[0].ports[0].name: Required value",
            "subsets[0].ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive",
        ],
    ),
    (
        subset(addresses=[{"ip": "127.0.0.1"}, {"ip": "169.254.1.1"}, {"ip": "0.0.0.0"}, {"ip": "224.0.0.1"}]),
        [
            'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
            'subsets[0].addresses[1].ip: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
            'subsets[0].addresses[2].ip: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)',
            'subsets[0].addresses[3].ip: Invalid value: "224.0.0.1": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
        ],
    ),
    (
        subset(ports=[{"port": 1, "protocol": "IP"}]),
        ['subsets[0].ports[0].protocol: Unsupported value: "IP": supported values: "SCTP", "TCP", "UDP"'],
    ),
]


@pytest.mark.parametrize(("doc", "errors"), ENDPOINTS)
def test_new_endpoints(doc: Doc, errors: list[str]) -> None:
    assert created("Endpoints", doc) == errors


def test_subsets_that_did_not_change_are_not_complained_about() -> None:
    bad = subset(addresses=[{"ip": "127.0.0.1"}])
    assert updated("Endpoints", bad, {**bad, "metadata": {"labels": {"a": "b"}}}) == []


def piece(*addresses: str, kind: str = "IPv4", **fields: Any) -> Doc:
    return {"addressType": kind, "endpoints": [{"addresses": list(addresses), **fields}]}


SLICES: list[tuple[Doc, list[str]]] = [
    (piece("10.0.0.1"), []),
    (piece("fd00::1", kind="IPv6"), []),
    (piece("a.b", kind="FQDN"), []),
    (piece(), ["endpoints[0].addresses: Required value: must contain at least 1 address"]),
    (piece("fd00::1"), ['endpoints[0].addresses: Invalid value: "fd00::1": must be an IPv4 address']),
    (
        piece("a", kind="FQDN"),
        [
            'endpoints[0].addresses[0]: Invalid value: "a": should be a domain with at least two segments separated by dots'
        ],
    ),
    ({"endpoints": []}, ["addressType: Required value"]),
    ({"addressType": "IP"}, ['addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"']),
    ({**piece("10.0.0.1"), "ports": [{"port": 1}, {"port": 2}]}, ['ports[1].name: Duplicate value: ""']),
    (
        piece("10.0.0.1", hints={"forZones": [{"name": "a"}, {"name": "a"}]}),
        ['endpoints[0].hints.forZones[1].name: Duplicate value: "a"'],
    ),
]


@pytest.mark.parametrize(("doc", "errors"), SLICES)
def test_new_endpoint_slices(doc: Doc, errors: list[str]) -> None:
    assert created("EndpointSlice", doc) == errors


def test_the_type_of_a_slices_addresses_stays() -> None:
    assert updated("EndpointSlice", piece("10.0.0.1"), {"addressType": "IPv6"}) == [
        'addressType: Invalid value: "IPv6": field is immutable'
    ]
