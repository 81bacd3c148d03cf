"""kubectl's verbs as generators of requests: what the real tool asks of the API server, step by step.

Source: kubectl/pkg/cmd.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Final

import orjson

from ..api.patch import three_way_merge
from ..api.registry import Resource
from ..controllers.runtime import create, delete, get, key_of, list_, patch
from ..core.clock import rfc3339
from ..core.flight import Now
from .verb import Said, Verb, as_kubectl, by_any, by_kind, said, target, typed

STRICT: Final = {"fieldValidation": "Strict"}
"""kubectl's --validate=true: the API server refuses unknown and repeated fields. Source: kubectl/pkg/cmd/util/helpers.go, GetValidationDirective."""
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
RESTARTED_AT: Final = "kubectl.kubernetes.io/restartedAt"


def apply(arguments: Any, waited_ms: int) -> Said:
    """`kubectl apply -f`: {documents, namespace?, serverSide?, forceConflicts?, fieldManager?}; a three-way merge, or the server's own."""
    lines = []
    for document in arguments["documents"]:
        row = by_kind(document["kind"])
        placed = in_namespace(document, arguments.get("namespace") or "default")
        if not placed["metadata"].get("name"):
            lines.append(f"error: {row.kind}: cannot use generate name with apply")
        elif arguments.get("serverSide"):
            lines.append((yield from _apply_at_the_server(row, placed, arguments)))
        else:
            lines.append((yield from _apply_one(row, placed)))
    return "\n".join(lines)


def _apply_at_the_server(row: Resource, document: dict[str, Any], arguments: Any) -> Generator[Any, Any, str]:
    """Server-side apply.

    DEVIATES: entries of a client-side apply are left to the API server; kubectl renames them afterwards with a patch of its own.
    """
    options: dict[str, Any] = {
        "fieldManager": arguments.get("fieldManager") or "kubectl",
        "force": bool(arguments.get("forceConflicts")),
    }
    done = yield as_kubectl(patch(row.plural, key_of(document), document, "apply", **options, **STRICT))
    if done.reason == "Conflict" and done.message.startswith("Apply failed"):
        return f"error: {done.message}"
    return said(done, f"{typed(row)}/{document['metadata']['name']} serverside-applied")


def _apply_one(row: Resource, document: dict[str, Any]) -> Generator[Any, Any, str]:
    """Client-side apply: creates what is not there, else a three-way merge of last-applied, live and new."""
    modified = _annotated(document)
    key = key_of(document)
    label = f"{typed(row)}/{document['metadata']['name']}"
    for _ in range(5):  # kubectl's maxPatchRetry
        live = yield as_kubectl(get(row.plural, key))
        if live.code == 404:
            made = yield as_kubectl(create(row.plural, modified, fieldManager="kubectl-client-side-apply", **STRICT))
            if made.reason == "AlreadyExists":
                continue
            return said(made, f"{label} created")
        if not live.ok:
            return said(live, "")
        current = live.obj.document
        previous = (current["metadata"].get("annotations") or {}).get(LAST_APPLIED)
        original = orjson.loads(previous) if previous else {}
        change = three_way_merge(original, modified, current, document["kind"])
        if not change:
            return f"{label} unchanged"
        done = yield as_kubectl(patch(row.plural, key, change, fieldManager="kubectl-client-side-apply", **STRICT))
        if done.reason != "Conflict":
            return said(done, f"{label} configured")
    return f"error: {label}: too many conflicts"


def create_(arguments: Any, waited_ms: int) -> Said:
    """`kubectl create -f`: {documents, namespace?}."""
    lines = []
    for document in arguments["documents"]:
        row = by_kind(document["kind"])
        placed = in_namespace(document, arguments.get("namespace") or "default")
        made = yield as_kubectl(create(row.plural, placed, fieldManager="kubectl-create", **STRICT))
        lines.append(said(made, f"{typed(row)}/{made.obj.name if made.ok else ''} created"))
    return "\n".join(lines)


def list_in_pages(arguments: Any, waited_ms: int) -> Said:
    """`kubectl get -o name --chunk-size`: {resource, namespace?, chunkSize?}; a page after the other, all of one revision; if that is too old, all at once.

    Source: client-go/tools/pager/pager.go, FullListIfExpired.
    """
    row = by_any(arguments["resource"])
    namespace = (arguments.get("namespace") or "default") if row.namespaced else ""
    page = {"limit": arguments.get("chunkSize") or 500}
    options: dict[str, Any] = dict(page)
    found: list[str] = []
    while True:
        listed = yield as_kubectl(list_(row.plural, namespace, **options))
        if listed.code == 410 and "continue" in options:
            listed, found = (yield as_kubectl(list_(row.plural, namespace))), []
        if not listed.ok:
            return said(listed, "")
        found += [f"{typed(row)}/{stored.name}" for stored in listed.items]
        more = (listed.document or {}).get("continue")
        if not more:
            break
        options = {**page, "continue": more}
    return " ".join(found) or f"No resources found in {namespace} namespace."


def delete_(arguments: Any, waited_ms: int) -> Said:
    """`kubectl delete`: {resource, name, namespace?, gracePeriodSeconds?, cascade?: background|foreground|orphan}."""
    row, key = target(arguments)
    options: dict[str, Any] = {"propagationPolicy": str(arguments.get("cascade", "background")).capitalize()}
    if "gracePeriodSeconds" in arguments:
        options["gracePeriodSeconds"] = arguments["gracePeriodSeconds"]
    done = yield as_kubectl(delete(row.plural, key, **options))
    return said(done, f'{typed(row)} "{arguments["name"]}" deleted')


def scale(arguments: Any, waited_ms: int) -> Said:
    """`kubectl scale --replicas`: {resource, name, namespace?, replicas}; a merge patch of the scale subresource."""
    row, key = target(arguments)
    body = {"spec": {"replicas": arguments["replicas"]}}
    done = yield as_kubectl(patch(row.plural, key, body, "merge", "scale"))
    return said(done, f"{typed(row)}/{arguments['name']} scaled")


def patch_(arguments: Any, waited_ms: int) -> Said:
    """`kubectl patch -p`: {resource, name, namespace?, patch, type?: strategic|merge|json, subresource?}."""
    row, key = target(arguments)
    kind, subresource = arguments.get("type", "strategic"), arguments.get("subresource", "")
    done = yield as_kubectl(patch(row.plural, key, arguments["patch"], kind, subresource, fieldManager="kubectl-patch"))
    return said(done, f"{typed(row)}/{arguments['name']} patched")


def label(arguments: Any, waited_ms: int) -> Said:
    """`kubectl label --overwrite`: {resource, name, namespace?, labels: {key: value or null}}."""
    row, key = target(arguments)
    body = {"metadata": {"labels": arguments["labels"]}}
    done = yield as_kubectl(patch(row.plural, key, body, "merge", fieldManager="kubectl-label"))
    return said(done, f"{typed(row)}/{arguments['name']} labeled")


def annotate(arguments: Any, waited_ms: int) -> Said:
    """`kubectl annotate --overwrite`: {resource, name, namespace?, annotations: {key: value or null}}."""
    row, key = target(arguments)
    body = {"metadata": {"annotations": arguments["annotations"]}}
    done = yield as_kubectl(patch(row.plural, key, body, "merge", fieldManager="kubectl-annotate"))
    return said(done, f"{typed(row)}/{arguments['name']} annotated")


def set_image(arguments: Any, waited_ms: int) -> Said:
    """`kubectl set image`: {resource, name, namespace?, container, image}."""
    row, key = target(arguments)
    container = {"name": arguments["container"], "image": arguments["image"]}
    pod_spec = {"spec": {"containers": [container]}}
    body = pod_spec if row.kind == "Pod" else {"spec": {"template": pod_spec}}
    done = yield as_kubectl(patch(row.plural, key, body, fieldManager="kubectl-set"))
    return said(done, f"{typed(row)}/{arguments['name']} image updated")


def rollout(arguments: Any, waited_ms: int) -> Said:
    """`kubectl rollout pause|resume|restart|undo`: {do, name, namespace?, toRevision?}; undo takes the template of an earlier ReplicaSet."""
    row, key = target({"resource": "deployments", **arguments})
    verb = arguments["do"]
    if verb == "undo":
        return (yield from _undo(row.plural, key, arguments))
    if verb == "restart":
        now_ms = yield Now()
        change: Any = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: rfc3339(now_ms)}}}}}
    elif verb in ("pause", "resume"):
        change = {"spec": {"paused": True if verb == "pause" else None}}
    else:
        return f"error: unknown rollout verb {verb!r}; there are pause, resume, restart and undo"
    done = yield as_kubectl(patch(row.plural, key, change, fieldManager="kubectl-rollout"))
    return said(done, f"deployment.apps/{arguments['name']} {verb.removesuffix('e')}ed")


def _undo(resource: str, key: str, arguments: Mapping[str, Any]) -> Generator[Any, Any, str]:
    """Source: kubectl/pkg/polymorphichelpers/rollback.go."""
    live = yield as_kubectl(get(resource, key))
    if not live.ok:
        return said(live, "")
    listed = yield as_kubectl(_list_owned(live.obj.document))
    revisions = {}
    for stored in listed.items:
        owners = stored.document["metadata"].get("ownerReferences") or ()
        revision = (stored.document["metadata"].get("annotations") or {}).get("deployment.kubernetes.io/revision")
        if revision and any(owner["uid"] == live.obj.uid for owner in owners):
            revisions[int(revision)] = stored
    ordered = sorted(revisions)
    asked = arguments.get("toRevision") or 0
    if asked and asked not in revisions:
        return f"error: unable to find specified revision {asked} in history"
    if not asked and len(ordered) < 2:
        return f'error: no rollout history found for deployment "{arguments["name"]}"'
    found = revisions[asked or ordered[-2]].document
    current = live.obj.document
    if current["spec"].get("paused"):
        return "error: you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again"
    template = _without_hash(found["spec"]["template"])
    name = f"deployment.apps/{arguments['name']}"
    if template == _without_hash(current["spec"]["template"]):
        return f"{name} skipped rollback (current template already matches revision {asked})"
    body = [
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "replace", "path": "/metadata/annotations", "value": _restored(current, found)},
    ]
    done = yield as_kubectl(patch(resource, key, body, "json"))
    return said(done, f"{name} rolled back")


def _without_hash(template: Mapping[str, Any]) -> dict[str, Any]:
    metadata = template.get("metadata") or {}
    labels = {name: value for name, value in (metadata.get("labels") or {}).items() if name != "pod-template-hash"}
    return {**template, "metadata": {**metadata, "labels": labels}}


def _restored(deployment: Mapping[str, Any], replicaset: Mapping[str, Any]) -> dict[str, str]:
    """The annotations of a deployment that takes back those of a ReplicaSet; its own bookkeeping stays."""
    old = deployment["metadata"].get("annotations") or {}
    new = replicaset["metadata"].get("annotations") or {}
    kept = {name: value for name, value in old.items() if name in _KEPT}
    return {**kept, **{name: value for name, value in new.items() if name not in _KEPT}}


_KEPT: Final = (
    LAST_APPLIED,
    "deployment.kubernetes.io/revision",
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
)


def _list_owned(document: Mapping[str, Any]) -> Any:
    labels = document["spec"]["selector"].get("matchLabels") or {}
    selector = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
    return list_("replicasets", document["metadata"]["namespace"], labelSelector=selector)


def cordon(arguments: Any, waited_ms: int) -> Said:
    """`kubectl cordon`: {name}."""
    done = yield as_kubectl(patch("nodes", arguments["name"], {"spec": {"unschedulable": True}}))
    return said(done, f"node/{arguments['name']} cordoned")


def uncordon(arguments: Any, waited_ms: int) -> Said:
    """`kubectl uncordon`: {name}."""
    done = yield as_kubectl(patch("nodes", arguments["name"], {"spec": {"unschedulable": None}}))
    return said(done, f"node/{arguments['name']} uncordoned")


def taint(arguments: Any, waited_ms: int) -> Said:
    """`kubectl taint --overwrite`: {name, taints: [{key, value?, effect}]}; with `remove: true` the taints of these keys and effects go."""
    live = yield as_kubectl(get("nodes", arguments["name"]))
    if not live.ok:
        return said(live, "")
    named = {(taint["key"], taint.get("effect")) for taint in arguments["taints"]}
    kept = [t for t in live.obj.document["spec"].get("taints") or () if (t["key"], t.get("effect")) not in named]
    taints = kept if arguments.get("remove") else [*kept, *arguments["taints"]]
    body = {"metadata": {"resourceVersion": str(live.obj.revision)}, "spec": {"taints": taints or None}}
    done = yield as_kubectl(patch("nodes", arguments["name"], body, "merge", fieldManager="kubectl-taint", **STRICT))
    return said(done, f"node/{arguments['name']} {'un' if arguments.get('remove') else ''}tainted")


def in_namespace(document: dict[str, Any], namespace: str) -> dict[str, Any]:
    """The document in `namespace`, if it is namespaced and names none."""
    metadata = document.get("metadata") or {}
    if not by_kind(document["kind"]).namespaced or metadata.get("namespace"):
        return document
    return {**document, "metadata": {**metadata, "namespace": namespace}}


def _annotated(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the last-applied annotation. Source: kubectl/pkg/util/apply.go."""
    metadata = document["metadata"]
    annotations = {name: value for name, value in (metadata.get("annotations") or {}).items() if name != LAST_APPLIED}
    bare = {**document, "metadata": {**metadata, "annotations": annotations}}
    text = orjson.dumps(bare, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE).decode()
    return {**bare, "metadata": {**metadata, "annotations": {**annotations, LAST_APPLIED: text}}}


VERBS: Final[Mapping[str, Verb]] = {
    "apply": apply,
    "create": create_,
    "list": list_in_pages,
    "delete": delete_,
    "scale": scale,
    "patch": patch_,
    "label": label,
    "annotate": annotate,
    "setImage": set_image,
    "rollout": rollout,
    "cordon": cordon,
    "uncordon": uncordon,
    "taint": taint,
}
