"""Builds refk8s/api/schema_data.json from a Kubernetes source tree; run by hand, never by the test suite.

    python tests/tools/build_schema.py /path/to/kubernetes

Reads `api/openapi-spec/v3/*.json` (list types, map keys, patch strategies, defaults of key fields) and the Go type
declarations under `staging/src/k8s.io/{api,apimachinery}` (Go type names, omitempty, pointers, embedding). Only such
facts are kept; descriptions never enter the file. Source: Kubernetes v1.36.2, Apache-2.0.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[2] / "refk8s" / "api" / "schema_data.json"

KINDS = {
    "v1": "Pod Node Namespace ConfigMap Secret Service ServiceAccount Event Endpoints PersistentVolume "
    "PersistentVolumeClaim ReplicationController ResourceQuota LimitRange PodTemplate Binding",
    "apps/v1": "Deployment ReplicaSet StatefulSet DaemonSet ControllerRevision",
    "batch/v1": "Job CronJob",
    "policy/v1": "PodDisruptionBudget Eviction",
    "coordination.k8s.io/v1": "Lease",
    "scheduling.k8s.io/v1": "PriorityClass",
    "events.k8s.io/v1": "Event",
    "discovery.k8s.io/v1": "EndpointSlice",
    "storage.k8s.io/v1": "StorageClass VolumeAttachment CSINode CSIDriver",
    "networking.k8s.io/v1": "Ingress IngressClass NetworkPolicy",
    "autoscaling/v2": "HorizontalPodAutoscaler",
    "autoscaling/v1": "Scale HorizontalPodAutoscaler",
    "rbac.authorization.k8s.io/v1": "Role ClusterRole RoleBinding ClusterRoleBinding",
    "apiextensions.k8s.io/v1": "CustomResourceDefinition",
}

SPECIAL = {
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "Time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "MicroTime",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Duration": "Duration",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "FieldsV1",
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "Quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "IntOrString",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "RawExtension",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps": "JSONSchemaProps",  # read by refk8s.api.json_schema
}
META = "io.k8s.apimachinery.pkg.apis.meta.v1"
BASIC = {"string", "bool", "int32", "int64", "float64", "int", "byte", "uint32", "uint64"}
CODES = {"string": "s", "bool": "b", "int32": "i", "int64": "j", "float64": "f"}

FIELD = re.compile(r"^\t(?:(\w+)\s+)?([\w.*\[\]]+)\s+`json:\"([^\"]*)\"")
ALIAS = re.compile(r"^type (\w+) =? ?([\w.\[\]*]+)$")


class GoPackage:
    """The struct fields and named types of one Go package, read from its source text."""

    def __init__(self, folder: Path) -> None:
        self.structs: dict[str, list[tuple[str, str, str]]] = {}
        self.named: dict[str, str] = {}
        for path in sorted(folder.glob("*.go")):
            if path.name.endswith("_test.go") or path.name.startswith("zz_"):
                continue
            self._read(path.read_text())

    def _read(self, text: str) -> None:
        current: list[tuple[str, str, str]] | None = None
        for line in text.splitlines():
            if match := re.match(r"^type (\w+) struct\{\}", line):
                self.structs[match[1]] = []
            elif match := re.match(r"^type (\w+) struct \{", line):
                current = self.structs.setdefault(match[1], [])
            elif line == "}":
                current = None
            elif current is not None and (match := FIELD.match(line)):
                current.append((match[1] or "", match[2], match[3]))
            elif match := ALIAS.match(line):
                self.named[match[1]] = match[2]


class Builder:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.schemas: dict[str, Any] = {}
        for path in sorted((root / "api/openapi-spec/v3").glob("*.json")):
            self.schemas.update(json.loads(path.read_text()).get("components", {}).get("schemas", {}))
        self.packages: dict[str, GoPackage] = {}
        self.types: dict[str, Any] = {}
        self.kinds: dict[str, str] = {}

    def build(self) -> dict[str, Any]:
        by_gvk = {}
        for name, schema in self.schemas.items():
            for gvk in schema.get("x-kubernetes-group-version-kind", []):
                by_gvk[gvk["group"], gvk["version"], gvk["kind"]] = name
        for api_version, kinds in KINDS.items():
            group, _, version = api_version.rpartition("/")
            for kind in kinds.split():
                self.kinds[f"{api_version}/{kind}"] = self.struct(by_gvk[group, version, kind])
        return {"source": "Kubernetes v1.36.2", "kinds": self.kinds, "types": dict(sorted(self.types.items()))}

    def package(self, name: str) -> tuple[GoPackage, str]:
        """The Go package of a schema name, and the name under which Go's reflection prints it."""
        if name not in self.packages:
            tail = name.removeprefix("io.k8s.").replace(".", "/")
            self.packages[name] = GoPackage(self.root / "staging/src/k8s.io" / tail)
        return self.packages[name], name.rpartition(".")[2]

    def struct(self, name: str) -> str:
        """Adds the struct and all it refers to; returns its short name."""
        package_name, _, go_name = name.rpartition(".")
        short_package = package_name.removeprefix("io.k8s.").removeprefix("api.").removeprefix("apimachinery.pkg.apis.")
        short = f"{short_package}.{go_name}"
        if short in self.types:
            return short
        self.types[short] = {}
        schema = self.schemas[name]
        fields = self.go_fields(package_name, go_name)
        result: dict[str, Any] = {}
        for field in sorted(schema.get("properties", {})):
            result[field] = self.field(schema["properties"][field], *fields[field])
        missing = set(fields) - set(result)
        assert not missing, (name, missing)
        entry: dict[str, Any] = {"f": result}
        if schema.get("x-kubernetes-map-type") == "atomic":
            entry["atomic"] = 1
        self.types[short] = entry
        return short

    def go_fields(self, package_name: str, go_name: str, embed: str = "") -> dict[str, tuple[str, str, str, str]]:
        """JSON name -> (package it is declared in, Go type, tag options, embedding path)."""
        package, _ = self.package(package_name)
        found: dict[str, tuple[str, str, str, str]] = {}
        for name, go_type, tag in package.structs[go_name]:
            json_name, _, options = tag.partition(",")
            if json_name == "-":
                continue
            if not json_name:  # embedded
                assert not name or options == "inline", (go_name, name)
                target = (META, go_type.partition(".")[2]) if "." in go_type else (package_name, go_type)
                path = f"{embed}.{target[1]}".lstrip(".")
                found.update(self.go_fields(*target, embed=path))
            else:
                found[json_name] = (package_name, go_type, options, embed)
        return found

    def field(self, schema: dict[str, Any], package_name: str, go_type: str, options: str, embed: str) -> list[Any]:
        flags = ("o" if "omitempty" in options else "") + ("z" if "omitzero" in options else "")
        if go_type.startswith("*"):
            flags += "p"
            go_type = go_type[1:]
        code = self.code(schema, package_name, go_type)
        strategy, key = schema.get("x-kubernetes-patch-strategy", ""), schema.get("x-kubernetes-patch-merge-key", "")
        patch = f"{strategy}|{key}" if strategy else ""
        row = [code, flags, patch, embed if embed != "TypeMeta" else ""]
        while row and not row[-1]:
            row.pop()
        return row

    def code(self, schema: dict[str, Any], package_name: str, go_type: str) -> Any:
        ref = schema.get("$ref") or next((part["$ref"] for part in schema.get("allOf", []) if "$ref" in part), "")
        if ref:
            name = ref.rpartition("/")[2]
            if name in SPECIAL:
                return SPECIAL[name]
            code = "@" + self.struct(name)
            return code + "!" if schema.get("x-kubernetes-map-type") == "granular" else code
        resolved, printed = self.resolve(package_name, go_type)
        if schema.get("type") == "array":
            return self.list_code(schema, package_name, resolved)
        if schema.get("type") == "object":
            assert resolved.startswith("map["), (go_type, schema)
            key, _, value = resolved[4:].partition("]")
            element = self.code(schema["additionalProperties"], package_name, value.lstrip("*"))
            facts: dict[str, Any] = {}
            if (key_printed := self.resolve(package_name, key)[1]) != "string":
                facts["key"] = key_printed
            if printed != resolved:
                facts["go"] = printed
            if schema.get("x-kubernetes-map-type") == "atomic":
                facts["atomic"] = 1
            return ["M", element, facts] if facts else ["M", element]
        if schema.get("format") == "byte":
            return "y"
        code = CODES[resolved]
        return code if printed == resolved else f"{code} {printed}"

    def list_code(self, schema: dict[str, Any], package_name: str, resolved: str) -> list[Any]:
        assert resolved.startswith("[]"), (resolved, schema)
        element = resolved[2:].lstrip("*")
        code = self.code(schema["items"], package_name, element)
        list_type = schema.get("x-kubernetes-list-type")
        strategies = schema.get("x-kubernetes-patch-strategy", "")
        if list_type == "map":
            keys = schema["x-kubernetes-list-map-keys"]
        elif list_type is None and "merge" in strategies:
            keys = [schema["x-kubernetes-patch-merge-key"]] if "x-kubernetes-patch-merge-key" in schema else []
        elif list_type == "set":
            keys = []
        else:
            return ["L", code]
        return ["L", code, [[key, self.default(schema["items"], key)] for key in keys]]

    def default(self, items: dict[str, Any], key: str) -> Any:
        ref = items.get("$ref") or items["allOf"][0]["$ref"]
        return self.schemas[ref.rpartition("/")[2]]["properties"][key].get("default")

    def resolve(self, package_name: str, go_type: str) -> tuple[str, str]:
        """(underlying Go type, the name Go prints for it)."""
        if go_type.startswith(("[]", "map[")) or go_type in BASIC:
            return go_type, go_type
        prefix, _, name = go_type.rpartition(".")
        target = package_name
        if prefix == "types":
            return "string", go_type
        if prefix in {"v1", "corev1", "apiv1", "api", "core"}:
            target = "io.k8s.api.core.v1"
        elif prefix == "metav1":
            target = META
        elif prefix:
            raise AssertionError(go_type)
        package, printed = self.package(target)
        underlying = package.named.get(name)
        assert underlying, (package_name, go_type)
        printed_name = f"{printed}.{name}"
        if underlying not in BASIC and not underlying.startswith(("[]", "map[")):
            return self.resolve(target, underlying)  # an alias
        return underlying, printed_name


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def main() -> None:
    data = Builder(Path(sys.argv[1])).build()
    lines = [f'{{"source":{compact(data["source"])},\n"kinds":{compact(data["kinds"])},\n"types":{{']
    lines.append(",\n".join(f"{compact(name)}:{compact(entry)}" for name, entry in data["types"].items()))
    lines.append("}}")
    OUT.write_text("\n".join(lines) + "\n")
    print(f"{OUT}: {len(data['kinds'])} kinds, {len(data['types'])} types, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
