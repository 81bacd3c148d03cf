"""What a verb of a script is, and how it names objects."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, Final

import attrs

from ..api.registry import RESOURCES, Resource
from ..core.wire import Request, Response

AGENT: Final = "kubectl"


@attrs.frozen
class Later:
    """The outcome of a verb that is not done yet: ask again after so many ms."""

    after_ms: int


Said = Generator[Any, Any, "str | Later"]
Verb = Callable[[Any, int], Said]
"""(arguments, ms since the step began) → what kubectl would print, or Later."""


def by_kind(kind: str) -> Resource:
    """The registry's row of a kind. Raises KeyError."""
    for row in RESOURCES.values():
        if row.kind == kind:
            return row
    raise KeyError(kind)


def by_any(name: str) -> Resource:
    """The registry's row by plural, singular, kind or short name, in any case. Raises KeyError."""
    wanted = name.lower()
    for row in RESOURCES.values():
        if wanted in (row.plural, row.singular, row.kind.lower(), *row.short_names):
            return row
    raise KeyError(name)


def target(arguments: Mapping[str, Any]) -> tuple[Resource, str]:
    """The row and the key of the object that `resource`, `name` and `namespace` (default: default) name."""
    row = by_any(arguments["resource"])
    name: str = arguments["name"]
    return row, f"{arguments.get('namespace') or 'default'}/{name}" if row.namespaced else name


def typed(row: Resource) -> str:
    """`deployment.apps`, `pod` …, as kubectl names the object that it changed."""
    return f"{row.singular}.{row.group}" if row.group else row.singular


def as_kubectl(request: Request) -> Request:
    """The request with kubectl's user agent."""
    fields = (request.verb, request.resource, request.namespace, request.name, request.subresource, request.body)
    return Request(*fields, request.options, AGENT)


def said(response: Response, success: str) -> str:
    """kubectl's line: `success`, or the server's error. Source: kubectl/pkg/cmd/util/helpers.go, checkErr and StandardErrorMessage.

    DEVIATES: several causes stand in one line as in the server's message, because a line is what a step says.
    """
    if response.ok:
        return success
    if response.reason == "Invalid":
        return _invalid(response)
    reason = f" ({response.reason})" if response.reason else ""
    return f"Error from server{reason}: {response.message}"


def _invalid(response: Response) -> str:
    details = response.status.get("details")
    if not details:
        return f"The request is invalid: {response.message}"
    kind, name, causes = details.get("kind", ""), details.get("name", ""), details.get("causes") or ()
    if kind or name:
        text = f'The {kind} "{name}" is invalid'
    else:
        text = "The request is invalid" if causes else f"The request is invalid: {response.message}"
    problems = list(dict.fromkeys(f"{cause.get('field', '')}: {cause.get('message', '')}" for cause in causes))
    if not problems:
        return text
    return f"{text}: {problems[0]}" if len(problems) == 1 else f"{text}: [{', '.join(problems)}]"


def is_refusal(line: str) -> bool:
    """Whether a line that kubectl printed is an error."""
    return line.startswith(("Error from server", "error:", "The request is invalid")) or (
        line.startswith("The ") and '" is invalid' in line
    )


def at(document: Any, path: str) -> Any:
    """The value at a dotted path, None if it is not there."""
    for part in path.split("."):
        if not isinstance(document, Mapping):
            return None
        document = document.get(part)
    return document


def put(document: Any, path: str, value: Any) -> Any:
    """The document with `value` at a dotted path."""
    first, _, rest = path.partition(".")
    inner = dict(document or {})
    inner[first] = put(inner.get(first), rest, value) if rest else value
    return inner
