"""KubeSchedulerConfiguration: from a document to profiles, with upstream's defaults and errors.

Source: pkg/scheduler/apis/config/v1/{defaults,default_plugins}.go; pkg/scheduler/apis/config/validation/validation.go;
pkg/scheduler/framework/runtime/framework.go, NewFramework, expandMultiPointPlugins; pkg/scheduler/scheduler.go, New.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from refk8s.core.errors import Refk8sError
from refk8s.kinds.fielderror import FieldError, aggregate, invalid, required
from refk8s.scheduler.config_args import ARGS, WITHOUT_CHECK_BEFORE, check_args
from refk8s.scheduler.config_shape import CONFIGURATION, check_shape
from refk8s.scheduler.framework import MAX_SCORE, Plugin, Point, Profile
from refk8s.scheduler.plugins import DEFAULT_PLUGINS, DEFAULT_WEIGHTS
from refk8s.scheduler.rules import Profiles

__all__ = [
    "API_VERSION",
    "DEFAULT_CONFIGURATION",
    "KIND",
    "NOT_MODELLED",
    "ConfigError",
    "Configuration",
    "configuration",
]

API_VERSION: Final = "kubescheduler.config.k8s.io/v1"
KIND: Final = "KubeSchedulerConfiguration"

NOT_MODELLED: Final = (
    "VolumeRestrictions",
    "NodeVolumeLimits",
    "VolumeBinding",
    "VolumeZone",
    "NodeDeclaredFeatures",
    "GangScheduling",
    "TopologyPlacementGenerator",
    "PodGroupPodsCount",
)
"""Plugins of upstream's registry that may be named in a configuration, and do nothing here."""

_REMOVED: Final = ("AzureDiskLimits", "CinderLimits", "EBSLimits", "GCEPDLimits")
_PLUGINS: Final = {plugin.name: plugin for plugin in DEFAULT_PLUGINS}
_MAX_TOTAL: Final = 2**63 - 1

_POINTS: Final = {
    "preFilter": Point.PRE_FILTER,
    "filter": Point.FILTER,
    "postFilter": Point.POST_FILTER,
    "reserve": Point.RESERVE,
    "preScore": Point.PRE_SCORE,
    "score": Point.SCORE,
    "preBind": Point.PRE_BIND,
    "bind": Point.BIND,
    "postBind": Point.POST_BIND,
    "permit": Point.PERMIT,
    "preEnqueue": Point.PRE_ENQUEUE,
    "queueSort": Point.QUEUE_SORT,
}
"""Fields of `plugins`, in the order in which upstream fills them."""


class ConfigError(Refk8sError):
    """A scheduler configuration that kube-scheduler would not start with; the text is upstream's wherever it has one.

    Common causes: a plugin's name with a typo, args of another plugin, a weight where none belongs.
    """


@attrs.frozen(eq=False)
class Configuration:
    """What a scheduler is started with: its profiles and the limits of back-off in ms."""

    profiles: tuple[Profile, ...]
    initial_backoff_ms: int = 1_000
    max_backoff_ms: int = 10_000

    @property
    def by_name(self) -> Profiles:
        """The profiles as the queue wants them."""
        return Profiles.of(
            *self.profiles, initial_backoff_ms=self.initial_backoff_ms, max_backoff_ms=self.max_backoff_ms
        )


@attrs.frozen
class _Set:
    """A PluginSet: (name, weight or None) in order, and the names taken out."""

    enabled: tuple[tuple[str, int], ...] = ()
    disabled: tuple[str, ...] = ()


def configuration(document: Mapping[str, Any]) -> Configuration:
    """Return what a KubeSchedulerConfiguration says. Raises ConfigError."""
    group_version, kind = document.get("apiVersion"), document.get("kind")
    if not group_version or not kind:
        missing = "Kind" if not kind else "apiVersion"
        raise ConfigError(
            f"Object '{missing}' is missing in the scheduler configuration; expected {API_VERSION} {KIND}"
        )
    if group_version != API_VERSION or kind != KIND:
        raise ConfigError(
            f'no kind "{kind}" is registered for version "{group_version}"; expected {API_VERSION} {KIND}'
        )
    check_shape(document, CONFIGURATION, ConfigError)
    profiles = list(document.get("profiles") or [{}])
    if len(profiles) == 1 and profiles[0].get("schedulerName") is None:
        profiles = [{**profiles[0], "schedulerName": "default-scheduler"}]
    errors = _errors(document, profiles)
    if errors:
        raise ConfigError(aggregate(errors))
    if document.get("extenders"):
        raise ConfigError("extenders: they are HTTP services, which are not modelled; take them out")
    made = tuple(_profile(profile) for profile in profiles)
    initial, most = document.get("podInitialBackoffSeconds"), document.get("podMaxBackoffSeconds")
    return Configuration(made, (1 if initial is None else initial) * 1_000, (10 if most is None else most) * 1_000)


# ---------------------------------------------------------------- validation


def _errors(document: Mapping[str, Any], profiles: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Source: validation.go, ValidateKubeSchedulerConfiguration."""
    errors: list[FieldError] = []
    parallelism = document.get("parallelism")
    if parallelism is not None and parallelism <= 0:
        errors.append(invalid("parallelism", parallelism, "should be an integer value greater than zero"))
    seen: dict[str, int] = {}
    for i, profile in enumerate(profiles):
        path = f"profiles[{i}]"
        errors += _profile_errors(profile, path)
        name = profile.get("schedulerName") or ""
        if name in seen:
            errors.append(_duplicate(f"{path}.schedulerName", f"profiles[{seen[name]}].schedulerName"))
        seen[name] = i
    errors += _queue_sort_errors(profiles)
    errors += _percentage("percentageOfNodesToScore", document.get("percentageOfNodesToScore"))
    initial, most = document.get("podInitialBackoffSeconds"), document.get("podMaxBackoffSeconds")
    first, last = 1 if initial is None else initial, 10 if most is None else most
    if first <= 0:
        errors.append(invalid("podInitialBackoffSeconds", first, "must be greater than 0"))
    if last < first:
        errors.append(
            invalid("podMaxBackoffSeconds", last, "must be greater than or equal to PodInitialBackoffSeconds")
        )
    return errors


def _profile_errors(profile: Mapping[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if not profile.get("schedulerName"):
        errors.append(required(f"{path}.schedulerName"))
    errors += _percentage(f"{path}.percentageOfNodesToScore", profile.get("percentageOfNodesToScore"))
    plugins = profile.get("plugins") or {}
    for point in _POINTS:
        for i, plugin in enumerate((plugins.get(point) or {}).get("enabled") or ()):
            if plugin["name"] in _REMOVED:
                errors.append(_removed(f"{path}.plugins.{point}.enabled[{i}]", plugin["name"]))
    seen: set[str] = set()
    for i, entry in enumerate(profile.get("pluginConfig") or ()):
        where, name = f"{path}.pluginConfig[{i}]", entry["name"]
        if name in seen:
            errors.append(_duplicate(where, name))
        seen.add(name)
        if name in _REMOVED:
            errors.append(_removed(where, name))
        elif name in ARGS:
            args = _args(name, entry, where)
            if name not in WITHOUT_CHECK_BEFORE:
                errors += check_args(name, args, f"{where}.args")
    return errors


def _queue_sort_errors(profiles: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    sets = [(profile.get("plugins") or {}).get("queueSort") or {} for profile in profiles]
    errors = []
    if len(sets[0].get("enabled") or ()) > 1:
        path = "profiles[0].plugins.queueSort.Enabled"
        errors.append(invalid(path, len(sets[0]["enabled"]), "only one queue sort plugin can be enabled"))
    for i, other in enumerate(sets[1:], 1):
        if other != sets[0]:
            errors.append(invalid(f"profiles[{i}].plugins.queueSort", other, "must be the same for all profiles"))
    return errors


def _percentage(path: str, value: int | None) -> list[FieldError]:
    return [] if value is None or 0 <= value <= 100 else [invalid(path, value, "not in valid range [0-100]")]


def _removed(path: str, name: str) -> FieldError:
    version = API_VERSION
    return invalid(
        path, name, f'was invalid in version "{version}" (KubeSchedulerConfiguration is version "{version}")'
    )


def _duplicate(path: str, value: Any) -> FieldError:
    return FieldError("FieldValueDuplicate", path, value, "")


def _args(name: str, entry: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Return the args of a plugin of ours, of the right type. Raises ConfigError."""
    args = dict(entry.get("args") or {})
    kind, version = args.pop("kind", f"{name}Args"), args.pop("apiVersion", API_VERSION)
    if kind != f"{name}Args" or version != API_VERSION:
        raise ConfigError(
            f"{where}: args for plugin {name} were not of type {name}Args.{API_VERSION}, got {kind}.{version}"
        )
    check_shape(args, ARGS[name], ConfigError, f"decoding .{where}.args: ")
    return args


# ---------------------------------------------------------------- profiles


def _profile(profile: Mapping[str, Any]) -> Profile:
    """Return the profile. Raises ConfigError. Source: framework.go, NewFramework."""
    name = profile["schedulerName"]
    try:
        return _framework(name, profile)
    except ConfigError as error:
        raise ConfigError(f"initializing profiles: creating profile for scheduler name {name}: {error}") from None


def _framework(name: str, profile: Mapping[str, Any]) -> Profile:
    custom = {point: _set(sets) for point, sets in (profile.get("plugins") or {}).items() if sets}
    multi = _merged(_defaults(), custom.get("multiPoint", _Set()))
    sets = {point: custom.get(point, _Set()) for point in _POINTS}
    args = {entry["name"]: dict(entry.get("args") or {}) for entry in profile.get("pluginConfig") or ()}
    needed = dict.fromkeys(
        [plugin for plugin, _ in multi.enabled] + [plugin for of in sets.values() for plugin, _ in of.enabled]
    )
    made = {plugin: _instance(plugin, args.get(plugin, {})) for plugin in _PLUGINS if plugin in needed}
    lists = {point: _listed(field, sets[field], multi, made) for field, point in _POINTS.items()}
    if len(lists[Point.QUEUE_SORT]) != 1:
        found = len(lists[Point.QUEUE_SORT])
        raise ConfigError(
            f'only one queue sort plugin required for profile with scheduler name "{name}", but got {found}'
        )
    if not lists[Point.BIND]:
        raise ConfigError(f'at least one bind plugin is needed for profile with scheduler name "{name}"')
    return Profile(tuple(made.values()), _weights((*sets["score"].enabled, *multi.enabled), made), name, lists)


def _defaults() -> _Set:
    return _Set(tuple((plugin.name, DEFAULT_WEIGHTS.get(plugin.name, 0)) for plugin in DEFAULT_PLUGINS))


def _set(document: Mapping[str, Any]) -> _Set:
    return _Set(
        tuple((plugin["name"], plugin.get("weight") or 0) for plugin in document.get("enabled") or ()),
        tuple(plugin["name"] for plugin in document.get("disabled") or ()),
    )


def _merged(default: _Set, custom: _Set) -> _Set:
    """Source: default_plugins.go, mergePluginSet."""
    wanted = {name: (i, weight) for i, (name, weight) in enumerate(custom.enabled)}
    enabled: list[tuple[str, int]] = []
    replaced: set[int] = set()
    if "*" not in custom.disabled:
        for name, weight in default.enabled:
            if name in custom.disabled:
                continue
            if name in wanted:
                at, weight = wanted[name]
                replaced.add(at)
            enabled.append((name, weight))
    rest = [plugin for i, plugin in enumerate(custom.enabled) if i not in replaced]
    return _Set((*enabled, *rest), custom.disabled)


def _instance(name: str, args: Mapping[str, Any]) -> Plugin:
    args = {key: value for key, value in args.items() if key not in ("kind", "apiVersion")}
    if name in WITHOUT_CHECK_BEFORE:
        errors = check_args(name, args, "")
        if errors:
            raise ConfigError(f'initializing plugin "{name}": {aggregate(errors)}')
    return _PLUGINS[name].from_args(args)


def _listed(field: str, of: _Set, multi: _Set, made: Mapping[str, Plugin]) -> tuple[str, ...]:
    """Return the plugins of one extension point. Source: framework.go, updatePluginList, expandMultiPointPlugins."""
    point, title = _POINTS[field], f"{field[0].upper()}{field[1:]}Plugin"
    own: list[str] = []
    for name, _ in of.enabled:
        _known(name, title)
        if name in made and point not in made[name].points:
            raise ConfigError(f'plugin "{name}" does not extend {title} plugin')
        if name in own:
            raise ConfigError(f'plugin "{name}" already registered as "{title}"')
        own.append(name)
    if "*" in of.disabled:
        return tuple(name for name in own if name in made)
    overridden: set[str] = set()
    added: list[str] = []
    for name, _ in multi.enabled:
        _known(name, title)
        if name not in made or point not in made[name].points or name in of.disabled:
            continue
        if name in own:
            overridden.add(name)
        elif name in added:
            raise ConfigError(f'plugin "{name}" already registered as "{title}"')
        else:
            added.append(name)
    first = [name for name in own if name in overridden]
    last = [name for name in own if name not in overridden]
    return tuple(name for name in (*first, *added, *last) if name in made)


def _known(name: str, title: str) -> None:
    if name not in _PLUGINS and name not in NOT_MODELLED:
        raise ConfigError(f'{title} "{name}" does not exist')


def _weights(enabled: Sequence[tuple[str, int]], made: Mapping[str, Plugin]) -> Mapping[str, int]:
    """Source: framework.go, getValidScoreWeights."""
    weights: dict[str, int] = {}
    total = 0
    for name, weight in enabled:
        if name not in made or Point.SCORE not in made[name].points or name in weights:
            continue
        weights[name] = weight or 1
        if weights[name] * MAX_SCORE > _MAX_TOTAL - total:
            raise ConfigError("score plugins: total score of Score plugins could overflow")
        total += weights[name] * MAX_SCORE
    return weights


DEFAULT_CONFIGURATION: Final = configuration({"apiVersion": API_VERSION, "kind": KIND})
