"""Conditions on a World: a scenario's expectations, and what `--until` waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..api.registry import RESOURCES
from ..core.errors import Refk8sError
from ..core.world import World
from ..kinds import selector as selectors
from ..scenarios.spec import Expectation
from ..users.script import FAILED
from ..users.verb import at, by_any


def unmet(world: World, expectations: Iterable[Expectation]) -> list[str]:
    """One sentence for each expectation that does not hold."""
    return [sentence for expectation in expectations for sentence in _unmet(world, expectation)]


def _unmet(world: World, wanted: Expectation) -> list[str]:
    row = by_any(wanted.resource)
    stored = world.store.collection(row.plural).cache(row.plural).all(wanted.namespace if row.namespaced else "")
    if wanted.name:
        stored = [one for one in stored if one.name == wanted.name]
    if wanted.selector:
        selector = selectors.parse(wanted.selector)
        stored = [one for one in stored if selector.matches(one.document["metadata"].get("labels") or {})]
    what = f"{row.plural} {wanted.name or wanted.selector or '(all)'}"
    found = []
    if wanted.count is not None and len(stored) != wanted.count:
        found.append(f"{what}: there are {len(stored)}, expected {wanted.count}")
    for one in stored:
        for path, value in wanted.fields.items():
            have = at(one.document, path)
            if have != value:
                found.append(f"{row.plural}/{one.key}: {path} is {have!r}, expected {value!r}")
    return found


def failed_steps(world: World) -> list[str]:
    """One sentence for each error that kubectl printed to a user."""
    users = [pid for pid in world.pids if pid.startswith("user/")]
    return [f"{pid}: {error}" for pid in users for error in world.process(pid).memory.get(FAILED) or ()]


def until(text: str) -> Callable[[World], bool] | None:
    """The condition of `--until`: `quiet` (None: what a run does anyway), `kind/name` (it exists), `kind/name=STATE` or `kind/namespace/name=STATE`.

    STATE is a pod's or namespace's phase, or `Ready`, `Available` … for a condition that is True. Raises Refk8sError for anything else.
    """
    if text == "quiet":
        return None
    target, _, state = text.partition("=")
    kind, _, name = target.partition("/")
    try:
        row = by_any(kind)
    except KeyError:
        raise Refk8sError(
            f"--until {text}: no kind {kind!r}; write quiet, or kind/name=STATE with one of {', '.join(sorted(row.singular for row in RESOURCES.values()))}"
        ) from None
    if not name:
        raise Refk8sError(f"--until {text}: no name; write {kind}/NAME=STATE, for instance pod/web=Running")
    key = name if "/" in name or not row.namespaced else f"default/{name}"

    def holds(world: World) -> bool:
        stored = world.store.get(row.plural, key)
        return stored is not None and (not state or _is_in(stored.document, state))

    return holds


def _is_in(document: Mapping[str, Any], state: str) -> bool:
    status = document.get("status") or {}
    if status.get("phase") == state:
        return True
    return any(c.get("type") == state and c.get("status") == "True" for c in status.get("conditions") or ())
