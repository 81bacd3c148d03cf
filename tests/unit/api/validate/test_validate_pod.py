"""Pods: creation. One case per rule, with upstream's words."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.default import default
from refk8s.api.strategy import prepare_create
from refk8s.api.validate import validate_create

Doc = dict[str, Any]

C: Doc = {"name": "c", "image": "x"}


def errors_of(meta: Doc | None = None, **spec: Any) -> list[str]:
    metadata = {"name": "p", "namespace": "ns", **(meta or {})}
    doc = default("Pod", {"metadata": metadata, "spec": {"containers": [C], **spec}})
    return [str(error) for error in validate_create("Pod", prepare_create("Pod", doc))]


def with_container(**fields: Any) -> Doc:
    return {"containers": [{**C, **fields}]}


def with_init(**fields: Any) -> Doc:
    return {"initContainers": [{"name": "i", "image": "x", **fields}]}


def test_minimal_pod_is_valid() -> None:
    assert errors_of() == []


def test_rich_pod_is_valid() -> None:
    mounts = [{"name": "v", "mountPath": "/v", "readOnly": True, "recursiveReadOnly": "Enabled"}]
    container = {
        **C,
        "ports": [{"name": "http", "containerPort": 80}],
        "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['a']"}}}],
        "volumeMounts": mounts,
        "livenessProbe": {"tcpSocket": {"port": "http"}},
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "resources": {"limits": {"cpu": "1", "example.com/gpu": "2"}, "requests": {"memory": "1Gi"}},
    }
    term = {"labelSelector": {"matchLabels": {"a": "b"}}, "topologyKey": "zone"}
    spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
    assert (
        errors_of(
            containers=[container],
            initContainers=[
                {**C, "name": "i", "restartPolicy": "Always", "readinessProbe": {"exec": {"command": ["x"]}}}
            ],
            volumes=[{"name": "v", "emptyDir": {}}],
            affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}},
            topologySpreadConstraints=[spread],
            tolerations=[{"key": "a", "operator": "Exists"}],
            dnsPolicy="None",
            dnsConfig={"nameservers": ["1.2.3.4"], "searches": ["a_b.c", "."]},
            securityContext={"seccompProfile": {"type": "RuntimeDefault"}},
        )
        == []
    )


CASES: list[tuple[Doc, list[str]]] = [
    ({"containers": []}, ["spec.containers: Required value"]),
    (with_container(name=""), ["spec.containers[0].name: Required value"]),
    (with_container(image=""), ["spec.containers[0].image: Required value"]),
    ({"containers": [C, C]}, ['spec.containers[1].name: Duplicate value: "c"']),
    ({"initContainers": [C]}, ['spec.initContainers[0].name: Duplicate value: "c"']),
    (
        with_container(terminationMessagePolicy="Stdout"),
        [
            'spec.containers[0].terminationMessagePolicy: Unsupported value: "Stdout": '
            'supported values: "File", "FallbackToLogsOnError"'
        ],
    ),
    (
        with_container(imagePullPolicy="Sometimes"),
        [
            'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": '
            'supported values: "Always", "IfNotPresent", "Never"'
        ],
    ),
    (
        with_container(ports=[{"name": "1", "containerPort": 1}]),
        ['spec.containers[0].ports[0].name: Invalid value: "1": must contain at least one letter (a-z)'],
    ),
    (
        with_container(ports=[{"name": "a", "containerPort": 1}, {"name": "a", "containerPort": 2}]),
        ['spec.containers[0].ports[1].name: Duplicate value: "a"'],
    ),
    (
        with_container(env=[{"name": "A", "valueFrom": {}}]),
        [
            'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, '
            "`configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        ],
    ),
    (
        with_container(env=[{"name": "A=B", "value": "x"}]),
        [
            'spec.containers[0].env[0].name: Invalid value: "A=B": a valid environment variable name must consist only '
            "of printable ASCII characters other than '='"
        ],
    ),
    (
        with_container(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.phase"}}}]),
        [
            'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": '
            'supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", '
            '"spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"'
        ],
    ),
    (
        with_container(
            env=[{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "2"}}}]
        ),
        [
            'spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": '
            "only divisor's values 1m and 1 are supported with the cpu resource"
        ],
    ),
    (
        with_container(envFrom=[{}]),
        ['spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'],
    ),
    (
        with_container(volumeMounts=[{"name": "v", "mountPath": ""}]),
        [
            'spec.containers[0].volumeMounts[0].name: Not found: "v"',
            "spec.containers[0].volumeMounts[0].mountPath: Required value",
        ],
    ),
    (
        {
            "volumes": [{"name": "v", "emptyDir": {}}],
            **with_container(volumeMounts=[{"name": "v", "mountPath": "/a", "subPath": "../x"}]),
        },
        ["spec.containers[0].volumeMounts.subPath: Invalid value: \"../x\": must not contain '..'"],
    ),
    (
        with_container(resources={"requests": {"gpu": "1"}}),
        [
            'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully '
            "qualified",
            'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
        ],
    ),
    (
        with_container(resources={"requests": {"example.com/gpu": "1"}}),
        ["spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources"],
    ),
    (
        with_container(resources={"limits": {"cpu": "1", "hugepages-2Mi": "3Mi"}}),
        [
            f'spec.containers[0].resources.{part}[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer '
            "multiple of hugepages-2Mi"
            for part in ("limits", "requests")
        ],
    ),
    (
        with_container(livenessProbe={}),
        ["spec.containers[0].livenessProbe: Required value: must specify a handler type"],
    ),
    (
        with_container(startupProbe={"exec": {}, "httpGet": {"port": 0, "scheme": "FTP"}}),
        [
            "spec.containers[0].startupProbe.exec.command: Required value",
            "spec.containers[0].startupProbe.httpGet: Forbidden: may not specify more than 1 handler type",
        ],
    ),
    (
        with_container(readinessProbe={"tcpSocket": {"port": 80}, "terminationGracePeriodSeconds": 5}),
        [
            "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: "
            "must not be set for readinessProbes"
        ],
    ),
    (
        with_container(lifecycle={"postStart": {"sleep": {"seconds": 31}}}),
        [
            "spec.containers[0].lifecycle.postStart.sleep: Invalid value: 31: must be non-negative and less than "
            "terminationGracePeriodSeconds (30)"
        ],
    ),
    (
        with_container(securityContext={"runAsUser": -1}),
        [
            "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"
        ],
    ),
    (
        with_container(securityContext={"privileged": True, "allowPrivilegeEscalation": False}),
        [
            'spec.containers[0].securityContext: Invalid value: {"Capabilities":null,"Privileged":true,'
            '"SELinuxOptions":null,"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,'
            '"ReadOnlyRootFilesystem":null,"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,'
            '"AppArmorProfile":null}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true'
        ],
    ),
    (
        with_container(securityContext={"seccompProfile": {"type": "Localhost"}}),
        [
            "spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: "
            "must be set when seccomp type is Localhost"
        ],
    ),
    (
        with_container(restartPolicy="Sometimes"),
        [
            'spec.containers[0].restartPolicy: Unsupported value: "Sometimes": '
            'supported values: "Always", "Never", "OnFailure"'
        ],
    ),
    (
        with_container(restartPolicyRules=[{"action": "Restart"}]),
        [
            "spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used",
            "spec.containers[0].restartPolicyRules[0].exitCodes: Required value: must be specified",
        ],
    ),
    (
        with_init(lifecycle={"preStop": {"exec": {"command": ["x"]}}}),
        [
            "spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always"
        ],
    ),
    (
        {"volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]},
        ["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
    ),
    (
        {"volumes": [{"name": "v", "gcePersistentDisk": {"pdName": ""}}]},
        ["spec.volumes[0].persistentDisk.pdName: Required value"],
    ),
    (
        {"volumes": [{"name": "v", "configMap": {"name": "m", "items": [{"key": "k", "path": "/a"}]}}]},
        ['spec.volumes[0].configMap.items[0].path: Invalid value: "/a": must be a relative path'],
    ),
    (
        {"volumes": [{"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}}]},
        [
            "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Required value: "
            "at least 1 access mode is required",
            "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value",
        ],
    ),
    (
        {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]},
        [
            "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: "
            "must not be specified when serviceAccountName is not set"
        ],
    ),
    (
        {"restartPolicy": "Sometimes"},
        ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
    ),
    ({"dnsPolicy": "None"}, ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"]),
    (
        {"dnsConfig": {"nameservers": ["1.2.3.004"]}},
        ['spec.dnsConfig.nameservers[0]: Invalid value: "1.2.3.004": must not have leading 0s'],
    ),
    (
        {"hostAliases": [{"ip": "::ffff:1.2.3.4"}]},
        ['spec.hostAliases[0].ip: Invalid value: "::ffff:1.2.3.4": must not be an IPv4-mapped IPv6 address'],
    ),
    (
        {"shareProcessNamespace": True, "hostPID": True},
        [
            "spec.securityContext.shareProcessNamespace: Invalid value: true: "
            "ShareProcessNamespace and HostPID cannot both be enabled"
        ],
    ),
    ({"hostUsers": False, "hostIPC": True}, ["spec.HostIPC: Forbidden: when `hostUsers` is false"]),
    (
        {"tolerations": [{"operator": "Equal"}]},
        [
            'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means '
            '"match all values and all keys"'
        ],
    ),
    (
        {
            "topologySpreadConstraints": [
                {"maxSkew": 0, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 1},
                {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway"},
            ]
        },
        [
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
            "spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "
            '"{z, ScheduleAnyway}"',
            "spec.topologySpreadConstraints[0].minDomains: Invalid value: 1: can only use minDomains if "
            "whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
        ],
    ),
    (
        {"schedulingGates": [{"name": "a"}, {"name": "a"}]},
        ['spec.schedulingGates[1]: Duplicate value: "a"'],
    ),
    (
        {"resourceClaims": [{"name": "a"}]},
        [
            'spec.resourceClaims[0]: Invalid value: {"Name":"a","ResourceClaimName":null,"ResourceClaimTemplateName":null}: '
            "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
        ],
    ),
    (
        {"preemptionPolicy": "X"},
        ['spec.preemptionPolicy: Unsupported value: "X": supported values: "PreemptLowerPriority", "Never"'],
    ),
    (
        {"os": {"name": "windows"}, "hostPID": True, "securityContext": {"fsGroup": 5}},
        [
            "spec.hostPID: Forbidden: cannot be set for a windows pod",
            "spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod",
        ],
    ),
    (
        {"resources": {"limits": {"pods": "1"}}},
        ['spec.resources.limits[pods]: Unsupported value: "pods": supported values: "cpu", "hugepages-", "memory"'],
    ),
    (
        {"ephemeralContainers": [{"name": "e", "image": "x", "lifecycle": {}}]},
        [
            "spec.ephemeralContainers[0].lifecycle: Forbidden: cannot be set for an Ephemeral Container",
            "spec.ephemeralContainers: Forbidden: cannot be set on create",
        ],
    ),
]


@pytest.mark.parametrize(("spec", "expected"), CASES, ids=lambda value: None)
def test_rules(spec: Doc, expected: list[str]) -> None:
    assert errors_of(**spec) == expected


def test_the_same_spec_gives_the_same_errors_again() -> None:
    assert errors_of(restartPolicy="X") == errors_of(restartPolicy="X") != []


def test_deletion_cost_is_a_number() -> None:
    key = "controller.kubernetes.io/pod-deletion-cost"
    assert errors_of({"annotations": {key: "-10"}}) == []
    for bad in ("+1", "01", "x", "2147483648"):
        assert errors_of({"annotations": {key: bad}}) == [
            f'metadata.annotations[{key}]: Invalid value: "{bad}": must be a 32bit integer'
        ]


def test_old_and_new_profiles_agree() -> None:
    annotations = {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}
    context = {"seccompProfile": {"type": "RuntimeDefault"}}
    assert errors_of({"annotations": annotations}, securityContext=context) == [
        "spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match"
    ]


def test_an_ephemeral_volume_names_its_claim_after_the_pod() -> None:
    template = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
    volume = {"name": "v", "ephemeral": {"volumeClaimTemplate": template}}
    claim = {"name": "w", "persistentVolumeClaim": {"claimName": "p-v"}}
    assert errors_of(volumes=[volume]) == []
    assert errors_of(volumes=[volume, claim]) == [
        'spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: "p-v": '
        "must not reference a PVC that gets created for an ephemeral volume"
    ]
