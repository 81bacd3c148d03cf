"""Images: the names under which a container runtime knows them.

Source: github.com/distribution/reference (ParseNormalizedNamed), containerd's CRI plugin.
"""

from __future__ import annotations

from functools import lru_cache

from ..core.digest import MASK, cell


@lru_cache(maxsize=4096)
def reference(image: str) -> str:
    """The image's full name: `nginx` is `docker.io/library/nginx:latest`."""
    head, slash, rest = image.partition("/")
    if not slash or not ("." in head or ":" in head or head == "localhost"):
        head, rest = "docker.io", image
    if head == "docker.io" and "/" not in rest:
        rest = f"library/{rest}"
    name = rest.rpartition("/")[2]
    return f"{head}/{rest}" if ":" in name or "@" in name else f"{head}/{rest}:latest"


@lru_cache(maxsize=4096)
def image_id(image: str) -> str:
    """The image's name by digest, which is a function of its name."""
    full = reference(image)
    if "@" in full:
        return full
    host, slash, rest = full.partition("/")
    repository = f"{host}{slash}{rest.partition(':')[0]}"
    return f"{repository}@sha256:{cell('image', full):032x}{cell('image', repository):032x}"


@lru_cache(maxsize=1 << 16)
def container_id(uid: str, name: str, attempt: int) -> str:
    """The id that the runtime gives to a container; a function of pod, name and attempt."""
    number = cell("container", uid, name, attempt)
    return f"containerd://{number:032x}{number ^ MASK:032x}"
