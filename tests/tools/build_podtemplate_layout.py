"""Writes refk8s/controllers/podtemplate_layout.txt: the Go structs below PodTemplateSpec, in their order.

    python tests/tools/build_podtemplate_layout.py /path/to/kubernetes-1.36.2

The dump that `pod-template-hash` hashes prints every field of these structs, so their names, types and order are facts that
the hash depends on. One line per struct, `*` before its name; one line ` GoName jsonName type` per field, with jsonName `-`
for an embedded struct whose keys are inlined; one line `=name type` per named type that is no struct. Types are written as
Go's reflect prints them.
"""

import re
import sys
from pathlib import Path

OUT = Path(__file__).parents[2] / "refk8s/controllers/podtemplate_layout.txt"
API = "staging/src/k8s.io"
SOURCES = (f"{API}/api/core/v1/types.go", f"{API}/apimachinery/pkg/apis/meta/v1/types.go")
BASIC = {"string", "bool", "int32", "int64"}
SPECIAL = {"v1.Time": "", "resource.Quantity": "", "intstr.IntOrString": "", "v1.ManagedFieldsEntry": ""}
"""Types that the dumper prints by itself."""
IMPORTED = {"types.UID": "string"}


def main(root: Path) -> None:
    """Collect all type declarations, then print those reachable from PodTemplateSpec."""
    declared: dict[str, str] = {}
    for source in SOURCES:
        for name, body in declarations((root / source).read_text()):
            assert name not in declared or name not in ("PodTemplateSpec", "ObjectMeta"), name
            declared.setdefault(f"v1.{name}", body)
    declared |= IMPORTED
    lines: list[str] = []
    todo, seen = ["v1.PodTemplateSpec"], {"v1.PodTemplateSpec"}
    while todo:
        name = todo.pop(0)
        body = declared[name]
        if body.startswith("struct"):
            lines.append(f"*{name}")
            found = []
            for go_name, json_name, kind in fields(body):
                lines.append(f" {go_name} {json_name} {kind}")
                found.append(kind)
        else:
            kind = qualified(body)
            lines.append(f"={name} {kind}")
            found = [kind]
        for kind in found:
            for part in re.findall(r"[a-z0-9]+\.\w+|\w+", re.sub(r"\bmap\b", "", kind)):
                if part not in BASIC and part not in SPECIAL and part not in seen:
                    seen.add(part)
                    todo.append(part)
    OUT.write_text("\n".join(lines) + "\n")


def declarations(text: str) -> list[tuple[str, str]]:
    """The (name, definition) of every `type` of a Go file, without comments."""
    text = re.sub(r"^\s*//.*\n", "", text, flags=re.MULTILINE)
    structs = re.findall(r"^type (\w+) (struct \{.*?^\}|struct\s*\{\s*\})", text, re.MULTILINE | re.DOTALL)
    others = re.findall(r"^type (\w+) ((?!struct)[^\n{(]+)$", text, re.MULTILINE)
    return structs + [(name, body.strip()) for name, body in others]


def fields(body: str) -> list[tuple[str, str, str]]:
    """The fields of a struct definition as (Go name, JSON name or -, type)."""
    found = []
    for line in body.splitlines()[1:-1]:
        line = re.sub(r"\s*//.*", "", line).strip()
        if not line:
            continue
        match = re.match(r"(?:(\w+)\s+)?(\S+)\s+`([^`]*)`", line)
        assert match, line
        name, kind, tag = match.groups()
        json_name = re.search(r'json:"([^",]*)', tag)[1]
        embedded = name is None
        name = name or kind.split(".")[-1].lstrip("*")
        found.append((name, json_name or "-", qualified(kind)))
        assert embedded or json_name, line
    return found


def qualified(kind: str) -> str:
    """A Go type as reflect prints it: every named type with its package's name."""
    kind = kind.replace("metav1.", "v1.")
    return re.sub(r"(?<![\w.])(?!map\b|string\b|bool\b|int32\b|int64\b|byte\b)(\w+)(?![\w.])", r"v1.\1", kind)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
