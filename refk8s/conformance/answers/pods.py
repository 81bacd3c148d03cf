"""Pods: tolerations, requests, QoS, merged label keys; and patches of any object."""

from collections.abc import Callable
from typing import Any

from refk8s.kinds.codec import ResourceList, view
from refk8s.kinds.mergekeys import merge_label_keys
from refk8s.kinds.pod import Pod
from refk8s.kinds.resources import amounts, compute_qos, non_zero_amounts, placed_requests, pod_limits, pod_requests
from refk8s.kinds.toleration import Taint, Toleration, tolerated, untolerated

__all__ = ["ANSWERS"]


def toleration(case: Any) -> Any:
    taint = view(Taint, case["taint"])
    tolerations = [view(Toleration, each) for each in case["tolerations"]]
    return {"tolerated": tolerated(tolerations, taint), "each": [each.tolerates(taint) for each in tolerations]}


def toleration_list(case: Any) -> Any:
    taints = [view(Taint, each) for each in case["taints"]]
    found = untolerated(taints, [view(Toleration, each) for each in case["tolerations"]])
    if found is None:
        return {"untolerated": None}
    value = {"value": found.value} if found.value else {}
    return {"untolerated": {"key": found.key, "effect": found.effect, **value}}


def requests(document: Any) -> Any:
    pod = view(Pod, document)
    return {
        "requests": _texts(pod_requests(pod)),
        "requestsWithoutPodLevel": _texts(pod_requests(pod, pod_level=False)),
        "requestsWithoutOverhead": _texts(pod_requests(pod, overhead=False)),
        "requestsUsingStatus": _texts(placed_requests(pod)),
        "limits": _texts(pod_limits(pod)),
        "scheduler": _scheduler(pod),
    }


def qos(document: Any) -> Any:
    return compute_qos(view(Pod, document))


def merged_keys(document: Any) -> Any:
    from refk8s.api import schema
    from refk8s.api.default.decode import decode

    spec = merge_label_keys(decode(schema.of_kind("Pod"), document).doc)["spec"]
    return {
        "errors": [],
        **{field: spec[field] for field in ("affinity", "topologySpreadConstraints") if spec.get(field)},
    }


def patched(case: Any) -> Any:
    from refk8s.api.patch import PatchError, apply_patch

    try:
        return {"result": apply_patch(case["type"], case["kind"], case["original"], case["patch"])}
    except PatchError as error:
        return {"error": error.message}


def _scheduler(pod: Pod) -> dict[str, Any]:
    placed = placed_requests(pod)
    counted = amounts(placed)
    milli_cpu, memory = non_zero_amounts(pod, placed)
    shape = {
        "milliCPU": counted.milli_cpu,
        "memory": counted.memory,
        "ephemeralStorage": counted.ephemeral_storage,
        "nonZeroMilliCPU": milli_cpu,
        "nonZeroMemory": memory,
    }
    return {**shape, "scalar": {**counted.scalar}} if counted.scalar else shape


def _texts(resources: ResourceList) -> dict[str, str]:
    return {name: amount.canonical() for name, amount in resources.items()}


ANSWERS: dict[str, Callable[[Any], Any]] = {
    "toleration": toleration,
    "toleration-list": toleration_list,
    "pod-requests": requests,
    "pod-qos": qos,
    "merge-keys": merged_keys,
    "patch": patched,
}
