"""PodDisruptionBudgets, HorizontalPodAutoscalers, roles and bindings, ResourceQuotas, LimitRanges."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.validate.validated import NEGATIVE, Doc, created, remarks, stored, updated, with_status

BUDGETS: list[tuple[Doc, list[str]]] = [
    ({"minAvailable": 1}, []),
    (
        {"minAvailable": 1, "maxUnavailable": "50%"},
        [
            'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":"50%",'
            '"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set'
        ],
    ),
    ({"maxUnavailable": "101%"}, ['spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%']),
    ({"minAvailable": -1}, [f"spec.minAvailable: Invalid value: -1: {NEGATIVE}"]),
    (
        {"unhealthyPodEvictionPolicy": "Never"},
        [
            'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": '
            'supported values: "AlwaysAllow", "IfHealthyBudget"'
        ],
    ),
]


@pytest.mark.parametrize(("spec", "errors"), BUDGETS)
def test_new_budgets(spec: Doc, errors: list[str]) -> None:
    assert created("PodDisruptionBudget", {"spec": spec}) == errors


def test_the_status_of_a_budget() -> None:
    conditions = [{"type": "A", "status": "Maybe", "reason": "", "lastTransitionTime": None, "message": ""}]
    status = {"disruptionsAllowed": -1, "conditions": [*conditions, *conditions]}
    each = [
        'Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
        "Required value",
        "Required value",
    ]
    fields = ("status", "lastTransitionTime", "reason")
    first, second = (
        [f"status.conditions[{i}].{field}: {text}" for field, text in zip(fields, each, strict=True)] for i in (0, 1)
    )
    assert with_status("PodDisruptionBudget", {"spec": {}}, status) == [
        *first,
        'status.conditions[1].type: Duplicate value: "A"',
        *second,
        f"status.disruptionsAllowed: Invalid value: -1: {NEGATIVE}",
    ]


TARGET: Doc = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}


def autoscaler(*metrics: Doc, **spec: Any) -> Doc:
    return {"spec": {"scaleTargetRef": TARGET, "maxReplicas": 3, "metrics": list(metrics), **spec}}


CPU: Doc = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
}
AUTOSCALERS: list[tuple[Doc, list[str]]] = [
    (autoscaler(), []),
    (autoscaler(CPU), []),
    (autoscaler(maxReplicas=0), [
        "spec.maxReplicas: Required value: must be set and greater than 0",
        "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
    ]),
    (autoscaler(minReplicas=0), [
        "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
        "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas",
    ]),
    (autoscaler(scaleTargetRef={**TARGET, "apiVersion": "v1", "name": "a/b"}), [
        "spec.scaleTargetRef.name: Invalid value: \"a/b\": may not contain '/'",
        'spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API group',
    ]),
    (autoscaler(scaleTargetRef={"kind": "ReplicationController", "name": "r", "apiVersion": "v1"}), []),
    (autoscaler({"type": "Odd"}), [
        'spec.metrics[0].type: Unsupported value: "Odd": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"'
    ] * 2),
    (autoscaler({"type": "Pods"}), ["spec.metrics[0].pods: Required value: must populate information for the given metric source"]),
    (autoscaler({**CPU, "type": "Resource", "pods": {"metric": {"name": "m"}, "target": {"type": "AverageValue", "averageValue": "1"}}}), [
        "spec.metrics[0].pods: Forbidden: must populate the given metric source only",
    ]),
    (autoscaler({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Odd", "averageUtilization": 0}}}), [
        'spec.metrics[0].resource.target.type: Invalid value: "Odd": must be either Utilization, Value, or AverageValue',
        "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0",
    ]),
    (autoscaler(behavior={"scaleUp": {"stabilizationWindowSeconds": 3601, "policies": [{"type": "Odd", "value": 0, "periodSeconds": 1801}]}}), [
        "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
        'spec.behavior.scaleUp.policies[0].type: Unsupported value: "Odd": supported values: "Percent", "Pods"',
        "spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero",
        "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("doc", "errors"), AUTOSCALERS)
def test_new_autoscalers(doc: Doc, errors: list[str]) -> None:
    assert created("HorizontalPodAutoscaler", doc) == errors


def test_the_status_of_an_autoscaler() -> None:
    assert with_status("HorizontalPodAutoscaler", autoscaler(), {"desiredReplicas": -1}) == [
        f"status.desiredReplicas: Invalid value: -1: {NEGATIVE}"
    ]


RULE: Doc = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
ROLES: list[tuple[str, Doc, list[str]]] = [
    ("Role", {"rules": [RULE]}, []),
    ("Role", {"rules": [{**RULE, "verbs": []}]}, ["rules[0].verbs: Required value: verbs must contain at least one value"]),
    ("Role", {"rules": [{"verbs": ["get"]}]}, [
        "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
        "rules[0].resources: Required value: resource rules must supply at least one resource",
    ]),
    ("Role", {"rules": [{"verbs": ["get"], "nonResourceURLs": ["/a"]}]}, [
        'rules[0].nonResourceURLs: Invalid value: ["/a"]: namespaced rules cannot apply to non-resource URLs'
    ]),
    ("ClusterRole", {"rules": [{**RULE, "nonResourceURLs": ["/a"]}]}, [
        'rules[0].nonResourceURLs: Invalid value: ["/a"]: rules cannot apply to both regular resources and non-resource URLs'
    ]),
    ("ClusterRole", {"aggregationRule": {}}, [
        "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil"
    ]),
    ("RoleBinding", {"roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "User", "name": "u"}]}, []),
    ("RoleBinding", {"roleRef": {"kind": "Odd"}, "subjects": [{"kind": "Odd"}]}, [
        'roleRef.kind: Unsupported value: "Odd": supported values: "Role", "ClusterRole"',
        "roleRef.name: Required value",
        "subjects[0].name: Required value",
        'subjects[0].kind: Unsupported value: "Odd": supported values: "ServiceAccount", "User", "Group"',
    ]),
    ("ClusterRoleBinding", {"roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "ServiceAccount", "name": "s"}]}, [
        'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
        "subjects[0].namespace: Required value",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "doc", "errors"), ROLES)
def test_new_roles_and_bindings(kind: str, doc: Doc, errors: list[str]) -> None:
    assert created(kind, doc) == errors


def test_any_segment_of_a_path_names_a_role() -> None:
    assert created("Role", {"metadata": {"name": "system:a B"}, "rules": []}) == []


def test_what_a_binding_binds_stays() -> None:
    before, after = ({"roleRef": {"kind": "Role", "name": name}} for name in "ab")
    assert updated("RoleBinding", before, after) == [
        'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"b"}: cannot change roleRef'
    ]


QUOTAS: list[tuple[Doc, list[str]]] = [
    ({"hard": {"pods": "1", "requests.cpu": "1", "count/jobs.batch": "5"}}, []),
    ({"hard": {"tea": "1"}}, [
        'spec.hard[tea]: Invalid value: "tea": must be a standard resource type or fully qualified',
        'spec.hard[tea]: Invalid value: "tea": must be a standard resource for quota',
    ]),
    ({"hard": {"pods": "1500m"}}, ['spec.hard[pods]: Invalid value: "1500m": must be an integer']),
    ({"scopes": ["BestEffort", "NotBestEffort"]}, ['spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes']),
    ({"hard": {"cpu": "1"}, "scopes": ["BestEffort"]}, ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource']),
    ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In"}]}}, [
        "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "errors"), QUOTAS)
def test_new_quotas(spec: Doc, errors: list[str]) -> None:
    assert created("ResourceQuota", {"spec": spec}) == errors


def test_requests_above_limits_are_remarked_on() -> None:
    hard = {"requests.cpu": "2", "limits.cpu": "1"}
    assert remarks("ResourceQuota", {"spec": {"hard": hard}}) == (
        "ResourceQuota requests.cpu (2) should be less than limits.cpu (1)",
    )


def limits(kind: str = "Container", **fields: Any) -> Doc:
    return {"spec": {"limits": [{"type": kind, **fields}]}}


LIMITS: list[tuple[Doc, list[str]]] = [
    (limits(max={"cpu": "2"}, min={"cpu": "1"}), []),
    (limits(max={"cpu": "1"}, min={"cpu": "2"}), [
        'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
        'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1',
        'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1',
    ]),
    (limits("Pod", default={"cpu": "1"}), ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"]),
    (limits("PersistentVolumeClaim"), ["spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided"]),
    (limits("Odd"), ['spec.limits[0].type: Invalid value: "Odd": must be a standard limit type or fully qualified']),
    (limits("Pod", max={"cpu": "4"}, min={"cpu": "2"}, maxLimitRequestRatio={"cpu": "3"}), [
        'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000'
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("doc", "errors"), LIMITS)
def test_new_limit_ranges(doc: Doc, errors: list[str]) -> None:
    assert created("LimitRange", doc) == errors


def test_limits_of_containers_default_to_each_other() -> None:
    (item,) = stored("LimitRange", limits(max={"cpu": "2"}, min={"memory": "1Gi"}))["spec"]["limits"]
    assert item["default"] == {"cpu": "2"}
    assert item["defaultRequest"] == {"cpu": "2", "memory": "1Gi"}
