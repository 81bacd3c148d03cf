"""Builds refk8s/api/tables/columns.json from a Kubernetes source tree; run by hand, never by the test suite.

    python tests/tools/build_tables.py /path/to/kubernetes

The columns of each kind (name, type, format, priority) come from `pkg/printers/internalversion/printers.go`, the descriptions that the server sends
with them from the generated `types_swagger_doc_generated.go`. Source: Kubernetes v1.36.2, Apache-2.0.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

OUT = Path(__file__).parents[2] / "refk8s" / "api" / "tables" / "columns.json"

NAMES = (
    "Pod Node Namespace ConfigMap Secret Service ServiceAccount Event Endpoints EndpointSlice PersistentVolume PersistentVolumeClaim "
    "StorageClass Ingress IngressClass NetworkPolicy ReplicaSet Deployment StatefulSet DaemonSet ControllerRevision Job CronJob "
    "PodDisruptionBudget PriorityClass Lease HorizontalPodAutoscaler ReplicationController PodTemplate ResourceQuota RoleBinding "
    "ClusterRoleBinding VolumeAttachment CSINode CSIDriver Scale "
)
KINDS = set(NAMES.split())
FOLDERS = {"metav1": "apimachinery/pkg/apis/meta/v1", "apiv1": "api/core/v1"}
COLUMN = re.compile(
    r'\{Name: "(?P<name>[^"]*)", Type: "(?P<type>[^"]*)"(?:, Format: "(?P<f1>[^"]*)")?(?:, Priority: (?P<priority>\d+))?(?:, Format: "(?P<f2>[^"]*)")?'
    r"(?:, Description: (?P<text>.*?))?\},?$"
)
DOC = re.compile(r'(?P<package>\w+)\.(?P<type>\w+)\{\}(?:\.(?P<field>\w+))?\.SwaggerDoc\(\)\["(?P<key>\w*)"\]')


class Docs:
    """The descriptions of fields by package, type and JSON name."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.read: dict[str, dict[str, dict[str, str]]] = {}

    def text(self, package: str, type_name: str, key: str) -> str:
        if package not in self.read:
            folder = FOLDERS.get(package) or "api/" + re.sub(r"(v[0-9].*)$", r"/\1", package)
            path = self.root / "staging/src/k8s.io" / folder / "types_swagger_doc_generated.go"
            self.read[package] = self._parse(path.read_text()) if path.exists() else {}
        return self.read[package].get(type_name, {}).get(key, "")

    @staticmethod
    def _parse(text: str) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for name, body in re.findall(r"var map_(\w+) = map\[string\]string\{\n(.*?)\n\}", text, re.DOTALL):
            pairs = re.findall(r'^\t("(?:[^"\\]|\\.)*"):\s+("(?:[^"\\]|\\.)*"),$', body, re.MULTILINE)
            found[name] = {json.loads(key): json.loads(value) for key, value in pairs}
        return found


def main() -> None:
    root = Path(sys.argv[1])
    source = (root / "pkg/printers/internalversion/printers.go").read_text()
    docs = Docs(root)
    lists: dict[str, list[dict[str, object]]] = {}
    current: list[dict[str, object]] = []
    for line in source.splitlines():
        if match := re.match(r"\t(\w+) :?= .*\[\]metav1\.TableColumnDefinition\{", line):
            current = lists.setdefault(match[1], [])
        elif match := COLUMN.match(line.strip()):
            current.append(column(match, docs))
    printed = dict(re.findall(r"^func (print\w+)\(\w+ \*\w+\.(\w+), ", source, re.MULTILINE))
    tables = {}
    for columns, function in re.findall(r"h\.TableHandler\((\w+), (\w+)\)", source):
        kind = printed.get(function, "")
        if kind in KINDS:
            tables[kind] = lists[columns]
    missing = KINDS - set(tables)
    assert not missing, missing
    lines = [f"{json.dumps(kind)}:{json.dumps(tables[kind], separators=(',', ':'))}" for kind in sorted(tables)]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{OUT}: {len(tables)} kinds")


def column(match: re.Match[str], docs: Docs) -> dict[str, object]:
    text = match["text"] or ""
    found = DOC.search(text)
    if found:
        type_name = "ObjectReference" if found["field"] == "InvolvedObject" else found["type"]
        description = docs.text(found["package"], type_name, found["key"])
    else:
        description = json.loads(text) if text else ""
    return {
        "name": match["name"],
        "type": match["type"],
        "format": match["f1"] or match["f2"] or "",
        "description": description,
        "priority": int(match["priority"] or 0),
    }


if __name__ == "__main__":
    main()
