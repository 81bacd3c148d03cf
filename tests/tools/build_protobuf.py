"""Builds refk8s/http/protobuf_data.json from a Kubernetes source tree; run by hand, never by the test suite.

    python tests/tools/build_protobuf.py /path/to/kubernetes/staging/src/k8s.io

Reads the `generated.proto` files of the API groups and keeps, for the messages that requests can carry, the number, name and type of each field.
Source: Kubernetes v1.36.2, Apache-2.0.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

OUT = Path(__file__).parents[2] / "refk8s" / "http" / "protobuf_data.json"

FOLDERS = (
    *(
        f"api/{group}/v1"
        for group in ["core", "apps", "batch", "policy", "coordination", "scheduling", "events", "discovery", "storage"]
    ),
    *(
        f"api/{group}/v1"
        for group in ["networking", "autoscaling", "rbac", "authorization", "authentication", "certificates"]
    ),
    "api/autoscaling/v2",
    "apimachinery/pkg/apis/meta/v1",
    "apimachinery/pkg/api/resource",
    "apimachinery/pkg/util/intstr",
    "apimachinery/pkg/runtime",
)
KINDS = {
    "v1": "Pod Node Namespace ConfigMap Secret Service ServiceAccount Event Endpoints PersistentVolume PersistentVolumeClaim "
    "ReplicationController ResourceQuota LimitRange PodTemplate Binding",
    "apps/v1": "Deployment ReplicaSet StatefulSet DaemonSet ControllerRevision",
    "batch/v1": "Job CronJob",
    "policy/v1": "PodDisruptionBudget Eviction",
    "coordination.k8s.io/v1": "Lease",
    "scheduling.k8s.io/v1": "PriorityClass",
    "events.k8s.io/v1": "Event",
    "discovery.k8s.io/v1": "EndpointSlice",
    "storage.k8s.io/v1": "StorageClass VolumeAttachment CSINode CSIDriver",
    "networking.k8s.io/v1": "Ingress IngressClass NetworkPolicy",
    "autoscaling/v1": "Scale HorizontalPodAutoscaler",
    "autoscaling/v2": "HorizontalPodAutoscaler",
    "rbac.authorization.k8s.io/v1": "Role ClusterRole RoleBinding ClusterRoleBinding",
    "authorization.k8s.io/v1": "SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview LocalSubjectAccessReview",
    "authentication.k8s.io/v1": "SelfSubjectReview TokenReview TokenRequest",
    "meta.k8s.io/v1": "DeleteOptions",
}
SCALARS = {"string": "s", "bool": "b", "int32": "i", "int64": "i", "bytes": "y", "double": "d"}
FIELD = re.compile(r"^  (optional|repeated|map<string, ([\w.]+)>) ?([\w.]*) (\w+) = (\d+);")


def short(name: str, package: str) -> str:
    """`core.v1.PodSpec` of a full or relative message name."""
    if "." not in name:
        name = f"{package}.{name}"
    return ".".join(name.split(".")[-3:])


def messages(text: str) -> dict[str, dict[str, str]]:
    """Message -> field number -> `name type`; type: a code of SCALARS or `@message`, `*` before it if repeated, `%` for the values of a map."""
    package = re.search(r"^package ([\w.]+);", text, re.M)[1]  # type: ignore[index]  # every .proto has a package
    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in text.split("\n"):
        if begun := re.match(r"^message (\w+) \{", line):
            current = found[short(begun[1], package)] = {}
        elif field := FIELD.match(line):
            label, value, kind, name, number = field.groups()
            kind = value or kind
            mark = "%" if value else "*" if label == "repeated" else ""
            current[number] = f"{name} {mark}{SCALARS.get(kind) or '@' + short(kind, package)}"
    return found


def main(root: Path) -> None:
    """Write the file."""
    known: dict[str, dict[str, str]] = {}
    for folder in FOLDERS:
        known |= messages((root / folder / "generated.proto").read_text())
    packages = {"v1": "core.v1", "meta.k8s.io/v1": "meta.v1"}
    kinds = {
        f"{version}/{kind}": f"{packages.get(version) or version.partition('/')[0].partition('.')[0] + '.' + version.partition('/')[2]}.{kind}"
        for version, names in KINDS.items()
        for kind in names.split()
    }
    wanted = sorted(kinds.values())
    kept: dict[str, dict[str, str]] = {}
    while wanted:
        name = wanted.pop()
        if name not in kept:
            kept[name] = known[name]
            wanted += [code.partition("@")[2] for code in known[name].values() if "@" in code]
    data = {"source": "Kubernetes v1.36.2", "kinds": kinds, "messages": {name: kept[name] for name in sorted(kept)}}
    OUT.write_text(json.dumps(data, separators=(",", ":")).replace('},"', '},\n"') + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
