"""kubectl's verbs as generators of requests: what the real tool asks of the API server, step by step.

Each verb takes the step's arguments (JSON) and returns one line like kubectl's own output. Source: kubectl/pkg/cmd.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, Final

import orjson

from ..api.patch import three_way_merge
from ..api.registry import RESOURCES
from ..controllers.runtime import create, delete, get, patch
from ..core.wire import Request, Response

Verb = Callable[[Any], Generator[Any, Any, str]]

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
AGENT: Final = "kubectl"


def apply(arguments: Any) -> Generator[Any, Any, str]:
    """`kubectl apply -f`: create what is not there, else a three-way merge of last-applied, live and new; conflicts are retried up to five times."""
    said = []
    for document in arguments["documents"]:
        said.append((yield from _apply_one(document, arguments.get("namespace", "default"))))
    return "\n".join(said)


def _apply_one(document: dict[str, Any], namespace: str) -> Generator[Any, Any, str]:
    row = by_kind(document["kind"])
    document = with_namespace(document, namespace)
    modified = _annotated(document)
    key = key_of(document)
    label = f"{_typed(row)}/{document['metadata']['name']}"
    for _ in range(5):
        live = yield get(row.plural, key)
        if live.code == 404:
            made = yield as_kubectl(create(row.plural, modified, fieldManager="kubectl-client-side-apply"))
            if made.reason == "AlreadyExists":
                continue
            return f"{label} created" if made.ok else error(made)
        if not live.ok:
            return error(live)
        current = live.obj.document
        previous = (current["metadata"].get("annotations") or {}).get(LAST_APPLIED)
        original = orjson.loads(previous) if previous else {}
        change = three_way_merge(original, modified, current, document["kind"])
        if not change:
            return f"{label} unchanged"
        done = yield as_kubectl(patch(row.plural, key, change, fieldManager="kubectl-client-side-apply"))
        if done.ok:
            return f"{label} configured"
        if done.reason != "Conflict":
            return error(done)
    return f"error: {label}: too many conflicts"


def create_(arguments: Any) -> Generator[Any, Any, str]:
    """`kubectl create -f`."""
    said = []
    for document in arguments["documents"]:
        row = by_kind(document["kind"])
        document = with_namespace(document, arguments.get("namespace", "default"))
        made = yield as_kubectl(create(row.plural, document, fieldManager="kubectl-create"))
        said.append(f"{_typed(row)}/{made.obj.name} created" if made.ok else error(made))
    return "\n".join(said)


def delete_(arguments: Any) -> Generator[Any, Any, str]:
    """`kubectl delete TYPE NAME`, with --grace-period, --cascade=background|foreground|orphan."""
    row = by_any(arguments["resource"])
    options: dict[str, Any] = {"propagationPolicy": arguments.get("cascade", "background").capitalize()}
    if "gracePeriodSeconds" in arguments:
        options["gracePeriodSeconds"] = arguments["gracePeriodSeconds"]
    done = yield as_kubectl(delete(row.plural, _target(row, arguments), **options))
    return f'{row.singular} "{arguments["name"]}" deleted' if done.ok else error(done)


def as_kubectl(request: Request) -> Request:
    """The request with kubectl's user agent."""
    return Request(
        request.verb,
        request.resource,
        request.namespace,
        request.name,
        request.subresource,
        request.body,
        request.options,
        AGENT,
    )


def by_kind(kind: str) -> Any:
    """The registry's row of a kind. Raises KeyError."""
    for row in RESOURCES.values():
        if row.kind == kind:
            return row
    raise KeyError(kind)


def by_any(name: str) -> Any:
    """The registry's row by plural, singular, kind or short name, in any case. Raises KeyError."""
    wanted = name.lower()
    for row in RESOURCES.values():
        if wanted in (row.plural, row.singular, row.kind.lower(), *row.short_names):
            return row
    raise KeyError(name)


def with_namespace(document: dict[str, Any], namespace: str) -> dict[str, Any]:
    """The document in `namespace` if it is namespaced and names none."""
    metadata = document.get("metadata") or {}
    if not by_kind(document["kind"]).namespaced or metadata.get("namespace"):
        return document
    return {**document, "metadata": {**metadata, "namespace": namespace}}


def key_of(document: Mapping[str, Any]) -> str:
    """The key of a document."""
    metadata = document["metadata"]
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def error(response: Response) -> str:
    """kubectl's error line."""
    return f"Error from server ({response.reason}): {response.message}"


def _annotated(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the last-applied annotation. Source: kubectl/pkg/util/apply.go."""
    metadata = document["metadata"]
    annotations = {name: value for name, value in (metadata.get("annotations") or {}).items() if name != LAST_APPLIED}
    bare = {**document, "metadata": {**metadata, "annotations": annotations}}
    text = orjson.dumps(bare, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE).decode()
    return {**bare, "metadata": {**metadata, "annotations": {**annotations, LAST_APPLIED: text}}}


def _target(row: Any, arguments: Mapping[str, Any]) -> str:
    name: str = arguments["name"]
    return f"{arguments.get('namespace', 'default')}/{name}" if row.namespaced else name


def _typed(row: Any) -> str:
    return f"{row.singular}.{row.group}" if row.group else str(row.singular)


VERBS: Final[Mapping[str, Verb]] = {"apply": apply, "create": create_, "delete": delete_}
