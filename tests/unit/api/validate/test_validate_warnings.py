"""Warnings about objects that are accepted."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.default import default
from refk8s.api.strategy import prepare_create, prepare_update
from refk8s.api.validate import warnings_create, warnings_status_update, warnings_update

Doc = dict[str, Any]

C: Doc = {"name": "c", "image": "x"}


def stored(kind: str, spec: Doc, **meta: Any) -> Doc:
    metadata = {"name": "x", "namespace": "ns", **meta}
    return prepare_create(kind, default(kind, {"metadata": metadata, "spec": spec}))


def of_pod(spec: Doc, **meta: Any) -> list[str]:
    return list(warnings_create("Pod", stored("Pod", {"containers": [C], **spec}, **meta)))


def with_container(**fields: Any) -> Doc:
    return {"containers": [{**C, **fields}]}


NULL = "a null labelSelector results in matching no pod"
TERM: Doc = {"topologyKey": "zone"}
PODS: list[tuple[Doc, list[str]]] = [
    ({}, []),
    (
        {"nodeSelector": {"beta.kubernetes.io/os": "linux"}},
        ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
    ),
    (
        {"volumes": [{"name": "v", "gitRepo": {"repository": "r"}}]},
        ["spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+"],
    ),
    (
        {"hostAliases": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.1"}]},
        ['spec.hostAliases[1].ip: duplicate ip "10.0.0.1"'],
    ),
    (
        {"imagePullSecrets": [{"name": "a"}, {"name": "a"}, {}]},
        [
            'spec.imagePullSecrets[1].name: duplicate name "a"',
            'spec.imagePullSecrets[2].name: invalid empty name ""',
        ],
    ),
    (
        with_container(resources={"limits": {"memory": "1500m"}}),
        [
            'spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid, must be an integer',
            'spec.containers[0].resources.requests[memory]: fractional byte value "1500m" is invalid, '
            "must be an integer",
        ],
    ),
    (
        with_container(env=[{"name": "A"}, {"name": "A"}, {"name": "A", "value": "$(A)b"}]),
        ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
    ),
    (
        with_container(ports=[{"containerPort": 80}, {"containerPort": 80}]),
        ["spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"],
    ),
    (
        {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [TERM]}}},
        [f"spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: {NULL}"],
    ),
    (
        {"topologySpreadConstraints": [{**TERM, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}]},
        [f"spec.topologySpreadConstraints[0].labelSelector: {NULL}"],
    ),
    (
        {"dnsConfig": {"nameservers": ["2001:DB8::1"]}},
        [
            'spec.dnsConfig.nameservers[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format '
            '("2001:db8::1")'
        ],
    ),
]


@pytest.mark.parametrize(("spec", "expected"), PODS)
def test_pod(spec: Doc, expected: list[str]) -> None:
    assert of_pod(spec) == expected


def test_name_that_is_no_host_name() -> None:
    (warning,) = of_pod({}, name="a.b")
    assert warning.startswith("metadata.name: this is used in the Pod's hostname, which can result in surprising")


def test_annotations_that_do_nothing() -> None:
    key = "scheduler.alpha.kubernetes.io/critical-pod"
    assert of_pod({}, annotations={key: ""}) == [
        f'metadata.annotations[{key}]: non-functional in v1.16+; use the "priorityClassName" field instead'
    ]


def workload(**spec: Any) -> Doc:
    labels = {"a": "b"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [C], **spec}}
    return stored("Deployment", {"selector": {"matchLabels": labels}, "template": template})


def test_template_is_warned_of_when_the_generation_grows() -> None:
    warning = (
        "spec.template.spec.terminationGracePeriodSeconds: must be >= 0; "
        "negative values are invalid and will be treated as 1"
    )
    old, odd = workload(), workload(terminationGracePeriodSeconds=-1)
    assert warnings_create("Deployment", odd) == (warning,)
    assert warnings_update("Deployment", prepare_update("Deployment", odd, old), old) == (warning,)
    assert warnings_update("Deployment", odd, odd) == ()


SERVICES: list[tuple[Doc, list[str]]] = [
    ({}, []),
    (
        {"externalIPs": ["010.0.0.1"]},
        [
            'spec.externalIPs[0]: non-standard IP address "010.0.0.1" is invalid: use "10.0.0.1"',
            "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
        ],
    ),
    (
        {"clusterIP": "None", "loadBalancerIP": "10.0.0.1"},
        ["spec.loadBalancerIP is ignored for headless services"],
    ),
    (
        {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.1.0.0/8"]},
        [
            'spec.loadBalancerSourceRanges[0]: CIDR value "10.1.0.0/8" is ambiguous in this context '
            '(should be "10.0.0.0/8" or "10.1.0.0/32"?)'
        ],
    ),
    (
        {"trafficDistribution": "PreferClose"},
        ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'],
    ),
    ({"externalName": "a.b"}, ['spec.externalName is ignored when spec.type is not "ExternalName"']),
]


@pytest.mark.parametrize(("spec", "expected"), SERVICES)
def test_service(spec: Doc, expected: list[str]) -> None:
    found = stored("Service", {"ports": [{"port": 80}], **spec})
    assert list(warnings_create("Service", found)) == expected


RANGES: list[tuple[str, str]] = [
    ("::ffff:1.2.3.0/120", 'non-standard CIDR value "::ffff:1.2.3.0/120" is invalid: use "1.2.3.0/24"'),
    ("010.0.0.0/8", 'non-standard CIDR value "010.0.0.0/8" is invalid: use "10.0.0.0/8"'),
    ("2001:DB8::/32", 'IPv6 CIDR value "2001:DB8::/32" should be in RFC 5952 canonical format ("2001:db8::/32")'),
]


@pytest.mark.parametrize(("value", "warning"), RANGES)
def test_address_range_in_an_unusual_spelling(value: str, warning: str) -> None:
    node = stored("Node", {"podCIDRs": [value], "podCIDR": value})
    assert warnings_create("Node", node) == (f"spec.podCIDRs[0]: {warning}",)


def test_status_with_an_unusual_address() -> None:
    pod = {"metadata": {"name": "p"}, "status": {"podIPs": [{"ip": "10.0.0.1"}, {"ip": "FD00::1"}]}}
    assert warnings_status_update("Pod", pod) == (
        'status.podIPs[1].ip: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
    )


def test_mountable_secrets_are_warned_of_once() -> None:
    key = "kubernetes.io/enforce-mountable-secrets"
    old = {"metadata": {"name": "a"}}
    new = {"metadata": {"name": "a", "annotations": {key: "true"}}}
    (warning,) = warnings_update("ServiceAccount", new, old)
    assert warning.startswith(f"metadata.annotations[{key}]: deprecated in v1.32+; ")
    assert warnings_update("ServiceAccount", new, new) == ()


def test_tls_secret_without_a_certificate() -> None:
    def secret(certificate: str) -> Doc:
        data = {"tls.crt": certificate, "tls.key": ""}
        return default("Secret", {"metadata": {"name": "s"}, "type": "kubernetes.io/tls", "stringData": data})

    warning = "tls: failed to find any PEM data in certificate input"
    assert warnings_create("Secret", secret("x")) == (warning,)
    assert warnings_update("Secret", secret(""), secret("")) == (warning,)
    assert warnings_create("Secret", secret("-----BEGIN CERTIFICATE-----")) == ()
