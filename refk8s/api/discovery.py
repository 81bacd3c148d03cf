"""Discovery: the documents that list what is served, made of the registry's rows; legacy and aggregated.

Source: apiserver/pkg/endpoints/discovery/{root,group,version}.go, discovery/aggregated; endpoints/installer.go; pkg/controlplane/instance.go.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

from .registry import Resource

Doc = dict[str, Any]

JSON: Final = "application/json"
AGGREGATED: Final = "apidiscovery.k8s.io/v2"
AGGREGATED_TYPE: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""The content type under which the aggregated form is asked for and answered with."""

_ORDER: Final = (
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "resource.k8s.io",
    "flowcontrol.apiserver.k8s.io",
)
"""The groups of the real server by priority; those of custom resources follow, by name."""

_SUBRESOURCE_KINDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "scale": ("autoscaling", "v1", "Scale"),
    "eviction": ("policy", "v1", "Eviction"),
    "binding": ("", "", "Binding"),
    "token": ("authentication.k8s.io", "v1", "TokenRequest"),
}
_CORE_RESOURCES: Final = (Resource("bindings", "Binding", singular="binding", verbs=("create",)),)

Versions = dict[str, list[Resource]]
"""The rows of one group by version, the preferred version first."""


def groups_of(rows: Iterable[Resource]) -> dict[str, Versions]:
    """The rows by group and version, groups and versions in the order of their priority, the core group ("") first; each version's rows by name."""
    found: dict[str, Versions] = {}
    for row in (*rows, *_CORE_RESOURCES):
        found.setdefault(row.group, {}).setdefault(row.version, []).append(row)
    return {
        group: {
            version: sorted(found[group][version], key=lambda row: row.plural)
            for version in sorted(found[group], key=_version_priority, reverse=True)
        }
        for group in sorted(found, key=_group_priority)
    }


def page(groups: Mapping[str, Versions], path: str, accept: str, address: str) -> tuple[Doc, str] | None:
    """(the document of discovery at a path, its content type), None if there is none at it."""
    parts = path[1:].removesuffix("/").split("/")
    if parts in (["api"], ["apis"]):
        core = parts == ["api"]
        if _wants_aggregated(accept):
            return aggregated(groups, core=core), AGGREGATED_TYPE
        return (api_versions(address) if core else api_groups(groups)), JSON
    found: Doc | None = None
    if parts[0] == "api" and len(parts) == 2:
        found = api_resources(groups, "", parts[1])
    elif parts[0] == "apis" and len(parts) == 2:
        found = api_group(groups, parts[1])
    elif parts[0] == "apis" and len(parts) == 3 and parts[1]:
        found = api_resources(groups, parts[1], parts[2])
    return None if found is None else (found, JSON)


def _wants_aggregated(accept: str) -> bool:
    """Whether the first acceptable form of discovery is the aggregated one."""
    for item in accept.split(","):
        kind, *parameters = [part.strip() for part in item.split(";")]
        given = dict(part.partition("=")[::2] for part in parameters)
        if kind not in ("application/json", "*/*", "application/*"):
            continue
        if given.get("as") is None:
            return False
        if (given["as"], given.get("g"), given.get("v")) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2"):
            return True
    return False


def api_versions(address: str) -> Doc:
    """`/api`: the versions of the core group; `address` is the server's host and port."""
    where = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": where}


def api_groups(groups: Mapping[str, Versions]) -> Doc:
    """`/apis`: the named groups."""
    named = [_group(group, versions) for group, versions in groups.items() if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": named}


def api_group(groups: Mapping[str, Versions], group: str) -> Doc | None:
    """`/apis/GROUP`, None for a group that is not served."""
    if not group or group not in groups:
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, groups[group])}


def api_resources(groups: Mapping[str, Versions], group: str, version: str) -> Doc | None:
    """`/api/v1` and `/apis/GROUP/VERSION`, None for what is not served."""
    rows = groups.get(group, {}).get(version)
    if rows is None:
        return None
    head: Doc = {"kind": "APIResourceList"}
    if group:
        head["apiVersion"] = "v1"
    head["groupVersion"] = f"{group}/{version}" if group else version
    return {**head, "resources": [entry for row in rows for entry in _entries(row)]}


def aggregated(groups: Mapping[str, Versions], *, core: bool) -> Doc:
    """All of `/api` (`core`) or `/apis` in one document."""
    items = [_aggregated_group(group, versions) for group, versions in groups.items() if (group == "") == core]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": AGGREGATED, "metadata": {}, "items": items}


def paths(groups: Mapping[str, Versions], others: Iterable[str]) -> Doc:
    """`/`: the paths that are served, with `others` that are no part of an API group."""
    found = {"/api", "/api/v1", "/apis", *others}
    for group, versions in groups.items():
        if group:
            found |= {f"/apis/{group}", *(f"/apis/{group}/{version}" for version in versions)}
    return {"paths": sorted(found)}


def storage_version_hash(row: Resource) -> str:
    """What discovery calls the version in which objects are stored. Source: endpoints/discovery/storageversionhash.go."""
    group, version, kind = row.group, row.version, row.kind
    if (group, kind) == ("events.k8s.io", "Event"):
        group = ""
    elif (group, version) == ("autoscaling", "v1"):
        version = "v2"
    digest = sha256(f"{group}/{row.storage_version or version}/{kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def _group_priority(group: str) -> tuple[int, str]:
    if not group:
        return (-1, "")
    return (_ORDER.index(group) if group in _ORDER else len(_ORDER), group)


def _version_priority(version: str) -> tuple[int, int, int, str]:
    """Greater for what comes first: GA before beta before alpha, newer before older. Source: apimachinery/pkg/version/helpers.go."""
    number, stage = version[1:], ""
    for name in ("beta", "alpha"):
        if name in number:
            number, _, stage = number.partition(name)
            break
    else:
        name = ""
    if version[:1] != "v" or not number.isdigit() or (name and not stage.isdigit()):
        return (0, 0, 0, "".join(chr(0x10FFFF - ord(char)) for char in version) + chr(0x10FFFF))
    return ({"": 3, "beta": 2, "alpha": 1}[name], int(number), int(stage or 0), "")


def _group(group: str, versions: Versions) -> Doc:
    listed = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {"name": group, "versions": listed, "preferredVersion": listed[0]}


def _entries(row: Resource) -> Iterable[Doc]:
    entry: Doc = {
        "name": row.plural,
        "singularName": row.singular,
        "namespaced": row.namespaced,
        "kind": row.kind,
        "verbs": list(row.verbs),
    }
    if row.short_names:
        entry["shortNames"] = list(row.short_names)
    if row.categories:
        entry["categories"] = list(row.categories)
    if "get" in row.verbs:
        entry["storageVersionHash"] = storage_version_hash(row)
    yield entry
    for name, verbs in sorted(row.subresources.items()):
        group, version, kind = _SUBRESOURCE_KINDS.get(name, ("", "", row.kind))
        sub: Doc = {"name": f"{row.plural}/{name}", "singularName": "", "namespaced": row.namespaced}
        if group:
            sub |= {"group": group, "version": version}
        yield {**sub, "kind": kind, "verbs": list(verbs)}


def _aggregated_group(group: str, versions: Versions) -> Doc:
    metadata = {"name": group} if group else {}
    return {
        "metadata": metadata,
        "versions": [
            {"version": version, "resources": [_aggregated_resource(row) for row in rows], "freshness": "Current"}
            for version, rows in versions.items()
        ],
    }


def _aggregated_resource(row: Resource) -> Doc:
    found: Doc = {
        "resource": row.plural,
        "responseKind": {"group": "", "version": "", "kind": row.kind},
        "scope": "Namespaced" if row.namespaced else "Cluster",
        "singularResource": row.singular,
        "verbs": list(row.verbs),
    }
    if row.short_names:
        found["shortNames"] = list(row.short_names)
    if row.categories:
        found["categories"] = list(row.categories)
    subresources = []
    for name, verbs in sorted(row.subresources.items()):
        group, version, kind = _SUBRESOURCE_KINDS.get(name, ("", "", row.kind))
        response = {"group": group, "version": version, "kind": kind}
        subresources.append({"subresource": name, "responseKind": response, "verbs": list(verbs)})
    return {**found, "subresources": subresources} if subresources else found
