"""Which pull policy an image name implies.

Source: pkg/util/parsers/parsers.go; github.com/distribution/reference (ParseNormalizedNamed).
"""

from __future__ import annotations

import re
from functools import lru_cache

_HEX_64 = re.compile(r"[a-f0-9]{64}", re.ASCII)
_DOMAIN = (
    r"(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*"
)
_DOMAIN += r"|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PATH = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?P<name>{_DOMAIN}/{_PATH}(?:/{_PATH})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?",
    re.ASCII,
)
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_MAX_NAME = 255


@lru_cache(maxsize=4096)
def pull_policy(image: str) -> str:
    """`Always` for an image whose tag is `latest`, said or implied; `IfNotPresent` for others and for bad names."""
    return "Always" if _tag(image) == "latest" else "IfNotPresent"


def _tag(image: str) -> str:
    """The image's tag; `latest` if it has neither tag nor digest; "" if it has only a digest or is no image name."""
    if _HEX_64.fullmatch(image):
        return ""
    head, slash, rest = image.partition("/")
    if not slash or (not any(c in head for c in ".:") and head != "localhost" and head.lower() == head):
        head, rest = "docker.io", image
    if head == "index.docker.io":
        head = "docker.io"
    if head == "docker.io" and "/" not in rest:
        rest = f"library/{rest}"
    path = rest.partition(":")[0]
    if path.lower() != path:
        return ""
    match = _REFERENCE.fullmatch(f"{head}/{rest}")
    if match is None or len(match["name"]) > _MAX_NAME:
        return ""
    if match["digest"]:
        algorithm, _, digits = match["digest"].partition(":")
        if len(digits) != _DIGEST_LENGTHS.get(algorithm) or digits.lower() != digits:
            return ""
        return match["tag"] or ""
    return match["tag"] or "latest"
