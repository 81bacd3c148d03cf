"""The YAML that kubectl prints, read fast: only the objects' fields that scheduling looks at, and only the few forms of YAML that kubectl writes.

Anything else (comments, anchors, folded texts, flow maps) raises Unusual, and the reader takes the object with a real YAML parser instead. What is left out
is passed over line by line, which is why a dump of thousands of pods takes about a second and not ten.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from refk8s.api.yaml import BadYaml, read_yaml

__all__ = ["Unusual", "chunks_of", "parse"]

Wanted = Mapping[str, Any]
"""What is wanted of a map: None for a field that is passed over, another Wanted for one of which only parts are; all else is taken whole."""

ALL: Final[Wanted] = {}


def _without(*names: str, **parts: Wanted) -> Wanted:
    return {**dict.fromkeys(names), **parts}


_CONTAINER: Final = _without(
    "args",
    "command",
    "env",
    "envFrom",
    "lifecycle",
    "livenessProbe",
    "readinessProbe",
    "securityContext",
    "startupProbe",
    "volumeMounts",
)
_CONTAINER_STATUS: Final = _without("containerID", "imageID", "lastState", "state", "volumeMounts")
_NODE_STATUS: Final = (
    "addresses",
    "capacity",
    "config",
    "daemonEndpoints",
    "features",
    "nodeInfo",
    "runtimeHandlers",
    "volumesAttached",
    "volumesInUse",
)
_VOLUME: Final = _without("configMap", "csi", "downwardAPI", "emptyDir", "hostPath", "nfs", "projected", "secret")
_USED: Final = _without(
    metadata=_without("annotations", "managedFields"),
    spec=_without(
        "ephemeralContainers",
        "securityContext",
        "template",
        containers=_CONTAINER,
        initContainers=_CONTAINER,
        volumes=_VOLUME,
    ),
    status=_without(
        "ephemeralContainerStatuses",
        "hostIP",
        "hostIPs",
        "podIP",
        "podIPs",
        *_NODE_STATUS,
        containerStatuses=_CONTAINER_STATUS,
        initContainerStatuses=_CONTAINER_STATUS,
    ),
)
"""The fields that a decision about other pods on nodes depends on; the pods that are to be scheduled are read whole."""

_PLAIN: Final = re.compile(r"[A-Za-z/_][\w./@:=+-]*(?: [\w./@=+()-]+)*", re.ASCII)
_WORDS: Final = frozenset(
    word
    for base in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
    for word in (base, base.capitalize(), base.upper())
)


class Unusual(Exception):
    """A line that kubectl would not write. The text is the line."""


def chunks_of(text: str) -> list[str] | None:
    """The texts of the items of a List as kubectl prints it; None if it does not look like one."""
    start = text.find("\nitems:\n- ")
    if start < 0 or not text.startswith(("apiVersion:", "items:", "kind:")):
        return None
    body = text[start + len("\nitems:\n") :]
    end = re.search(r"^(?![-\s]|$)", body, re.M)
    if end is not None:
        if re.search(r"^(?!kind:|metadata:|  \w+: \S+$|apiVersion:|$)", body[end.start() :], re.M):
            return None
        body = body[: end.start()]
    return ["  " + chunk for chunk in ("\n" + body.rstrip("\n"))[3:].split("\n- ")]


def parse(chunk: str, *, whole: bool = False) -> dict[str, Any]:
    """The object in an item's text, without the fields passed over unless it is wanted `whole`. Raises Unusual."""
    lines = chunk.split("\n")
    while lines and not lines[-1]:
        lines.pop()
    value, at = _map(lines, 0, 2, ALL if whole else _USED)
    if at != len(lines):
        raise Unusual(lines[at])
    return value


def _map(lines: list[str], at: int, indent: int, wanted: Wanted) -> tuple[dict[str, Any], int]:
    """The map whose keys stand at `indent` from line `at` on, and the line after it."""
    found: dict[str, Any] = {}
    end, pad = len(lines), " " * indent
    while at < end:
        line = lines[at]
        if not line.startswith(pad):
            break
        rest = line[indent:]
        key, colon, text = rest.partition(": ")
        if not colon:
            if rest[-1:] != ":":
                break
            key, text = rest[:-1], ""
        if key[:1] in _ODD_KEYS:
            if key[:2] == "- ":
                break
            raise Unusual(line)
        at += 1
        part = wanted.get(key, ALL)
        if part is None:
            at = _over(lines, at, indent)
        elif text:
            found[key] = _scalar(text)
            if at < end and lines[at].startswith(pad + " "):
                raise Unusual(lines[at])
        elif at < end:
            below = lines[at]
            inner = len(below) - len(below.lstrip(" "))
            if below[inner : inner + 2] == "- " and inner >= indent:
                found[key], at = _list(lines, at, inner, part)
            elif inner > indent:
                found[key], at = _map(lines, at, inner, part)
            else:
                found[key] = None
        else:
            found[key] = None
    if at < end and lines[at].startswith(pad + " "):
        raise Unusual(lines[at])
    return found, at


def _list(lines: list[str], at: int, indent: int, wanted: Wanted) -> tuple[list[Any], int]:
    """The list whose dashes stand at `indent` from line `at` on, and the line after it."""
    found: list[Any] = []
    end, dash = len(lines), " " * indent + "- "
    while at < end and lines[at].startswith(dash):
        rest = lines[at][indent + 2 :]
        if (": " in rest or rest[-1:] == ":") and rest[:1] not in "'\"":
            lines[at] = " " * (indent + 2) + rest
            value, at = _map(lines, at, indent + 2, wanted)
            found.append(value)
        else:
            found.append(_scalar(rest))
            at += 1
    return found, at


def _over(lines: list[str], at: int, indent: int) -> int:
    """The line after all that belongs to a key at `indent`."""
    end, deeper, dash = len(lines), " " * (indent + 1), " " * indent + "- "
    while at < end:
        line = lines[at]
        if line and not line.startswith(deeper) and not line.startswith(dash):
            break
        at += 1
    return at


_ODD_KEYS: Final = frozenset(" -'\"?!&*#%@`{[|>")


@lru_cache(maxsize=1 << 16)
def _scalar(text: str) -> Any:
    """The value of a scalar on one line. Raises Unusual."""
    first = text[0]
    if first == "'":
        inner = text[1:-1]
        if len(text) < 2 or text[-1] != "'" or "'" in inner.replace("''", ""):
            raise Unusual(text)
        return inner.replace("''", "'")
    if text in ("{}", "[]"):
        return {} if text == "{}" else []
    if _PLAIN.fullmatch(text) and text not in _WORDS and ": " not in text and text[-1] != ":":
        return text
    if first in "|>&*!%@`{[#" or " #" in text or (first == '"' and (len(text) < 2 or text[-1] != '"')):
        raise Unusual(text)
    try:
        return read_yaml(text)[0]
    except BadYaml:
        raise Unusual(text) from None
