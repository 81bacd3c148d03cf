"""Smaller scenarios: every way to take one thing away from a scenario, the great things first. Pure functions from a spec to specs; shrink.py tries them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs

from ..controllers.program import kube_controller_manager
from ..scenarios.spec import NodeGroup
from ..scenarios.structure import structure

Spec = Mapping[str, Any]
CONTROLLERS: Final = tuple(dict.fromkeys(each.name.partition("-")[0] for each in kube_controller_manager().controllers))


@attrs.frozen(eq=False)
class Smaller:
    """A spec with less in it. `later`: the run begins later, after so many steps of a user ("": of nobody)."""

    what: str
    spec: Spec
    later: tuple[str, int] | None = None


Reduction = Callable[[Spec], Iterator[Smaller]]


def components(spec: Spec) -> Iterator[Smaller]:
    """Fewer controllers, schedulers and replicas."""
    have = dict(spec.get("components") or {})

    def other(what: str, **changed: Any) -> Smaller:
        return Smaller(what, {**spec, "components": {**have, **changed}})

    if have.get("schedulers", 1) or have.get("controllerManagers", 1):
        yield other("without controllers and scheduler", controllerManagers=0, schedulers=0)
    if have.get("controllerManagers", 1):
        yield other("without controllers", controllerManagers=0)
        running = list(CONTROLLERS if have.get("controllers") is None else have["controllers"])
        for name in running:
            yield other(f"only controller {name}", controllers=[name])
        for name in running:
            yield other(f"without controller {name}", controllers=[one for one in running if one != name])
    if have.get("schedulers", 1):
        yield other("without scheduler", schedulers=0)
    for name in ("apiServers", "controllerManagers", "schedulers"):
        if have.get(name, 1) > 1:
            yield other(f"{name}: 1", **{name: 1})


def at_rest(spec: Spec) -> Iterator[Smaller]:
    """A cluster at rest to begin with, in which users have done as much as possible already."""
    given, users = spec.get("given"), spec.get("users") or {}
    for name, steps in users.items():
        for count in dict.fromkeys(max(1, len(steps) * part // 8) for part in (8, 7, 6, 4, 2, 1)):
            done = {**spec, "given": [*(given or ()), *steps[:count]]}
            others = {**users, name: steps[count:]} if count < len(steps) else _without(users, name)
            yield Smaller(f"{count} steps of {name} done before", {**done, "users": others}, later=(name, count))
    yield from rest(spec)


def rest(spec: Spec) -> Iterator[Smaller]:
    """A cluster at rest to begin with."""
    if spec.get("given") is None:
        yield Smaller("a cluster at rest", {**spec, "given": []}, later=("", 0))


def who_does_what(spec: Spec) -> Iterator[Smaller]:
    """Fewer users, steps, objects, behaviours, gates and expectations."""
    users = spec.get("users") or {}
    if spec.get("expect"):
        yield Smaller("without expectations", _without(spec, "expect"))
    for name in users:
        yield Smaller(f"without user {name}", {**spec, "users": _without(users, name)})
    for name, steps in users.items():
        for n, step in enumerate(steps):
            yield Smaller(f"{name} without {_verb(step)}", {**spec, "users": {**users, name: _cut(steps, n)}})
    for part in ("given", "objects", "behaviours"):
        for n in range(len(spec.get(part) or ())):
            yield Smaller(f"{part} without number {n}", {**spec, part: _cut(spec[part], n)})
    for gate in spec.get("gates") or {}:
        yield Smaller(f"without gate {gate}", {**spec, "gates": _without(spec["gates"], gate)})
    for path in _documents(spec):
        if path[-2] == "documents" and len(_at(spec, path[:-1])) > 1:
            yield Smaller("fewer documents", _changed(spec, path[:-1], _cut(_at(spec, path[:-1]), path[-1])))


def nodes(spec: Spec) -> Iterator[Smaller]:
    """Fewer nodes, each with the name that it had."""
    groups = [structure(group, NodeGroup) for group in spec.get("nodes", [{"count": 3}])]
    named = [
        {**{key: value for key, value in raw.items() if key not in ("name", "count")}, "name": name}
        for group, raw in zip(groups, spec.get("nodes", [{"count": 3}]), strict=True)
        for name in group.names()
    ]
    if len(named) > 1:
        yield Smaller("without nodes", {**spec, "nodes": []})
    for n in range(len(named) - 1, -1, -1):
        yield Smaller(f"without {named[n]['name']}", {**spec, "nodes": _cut(named, n)})


def verbs(spec: Spec) -> Iterator[Smaller]:
    """Users who create instead of applying: that takes no look before."""
    for path in _steps(spec):
        step = _at(spec, path)
        if "apply" in step:
            yield Smaller("create", _changed(spec, path, {"create": step["apply"]}))


COUNTS: Final = ("replicas", "times")


def amounts(spec: Spec) -> Iterator[Smaller]:
    """Smaller numbers of replicas and times."""
    for path, value in _leaves(spec):
        if path[-1] in COUNTS and isinstance(value, int) and value > 1:
            for less in dict.fromkeys((1, value // 2, value - 1)):
                yield Smaller(f"{path[-1]} {less}", _changed(spec, path, less))


def times(spec: Spec) -> Iterator[Smaller]:
    """Shorter sleeps and timeouts."""
    for path, value in _leaves(spec):
        found = re.fullmatch(r"(\d+)s", value) if path[-1] in ("sleep", "timeout") and isinstance(value, str) else None
        if found and int(found[1]) > 1:
            for less in dict.fromkeys((1, int(found[1]) // 2)):
                yield Smaller(f"{path[-1]} {less}s", _changed(spec, path, f"{less}s"))


NEEDED: Final = ("apiVersion", "kind", "metadata", "name", "namespace", "image", "containers", "spec", "selector")


def fields(spec: Spec) -> Iterator[Smaller]:
    """Fewer fields in objects."""
    for path in _documents(spec):
        document = _at(spec, path)
        for inner in _keys(document):
            if inner[-1] not in NEEDED:
                yield Smaller(f"without {'.'.join(map(str, inner))}", _dropped(spec, (*path, *inner)))


REDUCTIONS: Final[tuple[Reduction, ...]] = (components, at_rest, who_does_what, verbs, nodes, amounts, times, fields)


# ---- trees

Path = tuple[Any, ...]


def _without(mapping: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key != name}


def _cut(items: Any, n: int) -> list[Any]:
    return [*items[:n], *items[n + 1 :]]


def _verb(step: Mapping[str, Any]) -> str:
    return str(next(iter(step)))


def _steps(spec: Spec) -> Iterator[Path]:
    """The paths of all steps."""
    yield from (("given", n) for n in range(len(spec.get("given") or ())))
    yield from (("users", name, n) for name, steps in (spec.get("users") or {}).items() for n in range(len(steps)))


def _documents(spec: Spec) -> Iterator[Path]:
    """The paths of all objects of Kubernetes in a spec."""
    yield from (("objects", n) for n in range(len(spec.get("objects") or ())))
    for place in _steps(spec):
        step = _at(spec, place)
        verb = _verb(step)
        if verb in ("apply", "create"):
            yield from ((*place, verb, "documents", n) for n in range(len(step[verb].get("documents") or ())))


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list | tuple):
        for n, item in enumerate(value):
            yield from _leaves(item, (*path, n))
    else:
        yield path, value


def _keys(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all keys of maps, the outer ones first."""
    if isinstance(value, Mapping):
        for key in value:
            yield (*path, key)
        for key, item in value.items():
            yield from _keys(item, (*path, key))
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from _keys(item, (*path, n))


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def _changed(value: Any, path: Path, other: Any) -> Any:
    """The tree with another value at a path."""
    if not path:
        return other
    if isinstance(value, Mapping):
        return {**value, path[0]: _changed(value[path[0]], path[1:], other)}
    return [_changed(item, path[1:], other) if n == path[0] else item for n, item in enumerate(value)]


def _dropped(value: Any, path: Path) -> Any:
    """The tree without the key at the end of a path."""
    return _changed(value, path[:-1], _without(_at(value, path[:-1]), path[-1]))
