"""KubeSchedulerConfiguration: profiles as upstream makes them, and its errors, word for word."""

from collections.abc import Mapping
from typing import Any

import pytest

from refk8s.scheduler.config import API_VERSION, DEFAULT_CONFIGURATION, KIND, ConfigError, configuration
from refk8s.scheduler.framework import Point, Profile
from refk8s.scheduler.plugins import default_profile

NAMES = {point: [plugin.name for plugin in default_profile().at(point)] for point in Point}


def document(*profiles: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": KIND, **({"profiles": list(profiles)} if profiles else {}), **fields}


def profile(**fields: Any) -> Profile:
    (made,) = configuration(document(fields)).profiles
    return made


def names(of: Profile, point: Point) -> list[str]:
    return [plugin.name for plugin in of.at(point)]


def args(name: str, **args: Any) -> dict[str, Any]:
    return {"pluginConfig": [{"name": name, "args": args}]}


def error(*profiles: Mapping[str, Any], **fields: Any) -> str:
    with pytest.raises(ConfigError) as raised:
        configuration(document(*profiles, **fields))
    return str(raised.value)


def test_without_anything_the_default_profile_is_made() -> None:
    (made,) = DEFAULT_CONFIGURATION.profiles
    assert (made.scheduler_name, dict(made.weights)) == ("default-scheduler", dict(default_profile().weights))
    assert {point: names(made, point) for point in Point} == NAMES


def test_a_plugin_can_be_taken_out_everywhere_or_at_one_point() -> None:
    everywhere = profile(plugins={"multiPoint": {"disabled": [{"name": "TaintToleration"}]}})
    assert all("TaintToleration" not in names(everywhere, point) for point in Point)
    score = profile(plugins={"score": {"disabled": [{"name": "TaintToleration"}]}})
    assert "TaintToleration" in names(score, Point.FILTER)
    assert "TaintToleration" not in names(score, Point.SCORE)


def test_a_star_takes_all_defaults_out_and_what_is_named_stays() -> None:
    made = profile(plugins={"score": {"disabled": [{"name": "*"}], "enabled": [{"name": "NodeAffinity", "weight": 7}]}})
    assert names(made, Point.SCORE) == ["NodeAffinity"]
    assert names(made, Point.FILTER) == NAMES[Point.FILTER]
    assert made.weights["NodeAffinity"] == 7


def test_all_defaults_taken_out_need_a_sort_and_a_bind_plugin() -> None:
    bare = {"multiPoint": {"disabled": [{"name": "*"}]}}
    assert error({"plugins": bare}) == (
        "initializing profiles: creating profile for scheduler name default-scheduler: "
        'only one queue sort plugin required for profile with scheduler name "default-scheduler", but got 0'
    )
    sort = {**bare, "queueSort": {"enabled": [{"name": "PrioritySort"}]}}
    assert error({"plugins": sort}).endswith(
        'at least one bind plugin is needed for profile with scheduler name "default-scheduler"'
    )
    made = profile(plugins={**sort, "bind": {"enabled": [{"name": "DefaultBinder"}]}})
    assert [p.name for p in made.plugins] == ["PrioritySort", "DefaultBinder"]


def test_a_weight_at_the_point_wins_over_one_everywhere() -> None:
    made = profile(
        plugins={
            "multiPoint": {"enabled": [{"name": "ImageLocality", "weight": 3}]},
            "score": {"enabled": [{"name": "ImageLocality", "weight": 9}, {"name": "NodeAffinity"}]},
        }
    )
    assert (made.weights["ImageLocality"], made.weights["NodeAffinity"]) == (9, 1)
    assert names(made, Point.SCORE)[:2] == ["ImageLocality", "NodeAffinity"], "overridden ones come first"


def test_plugins_that_are_not_modelled_may_be_named() -> None:
    made = profile(plugins={"multiPoint": {"disabled": [{"name": "VolumeBinding"}]}}, **args("VolumeBinding"))
    assert names(made, Point.FILTER) == NAMES[Point.FILTER]


def test_several_profiles_and_the_limits_of_back_off() -> None:
    made = configuration(
        document({"schedulerName": "a"}, {"schedulerName": "b"}, podInitialBackoffSeconds=2, podMaxBackoffSeconds=30)
    )
    assert [p.scheduler_name for p in made.profiles] == ["a", "b"]
    assert (made.by_name.initial_backoff_ms, made.by_name.max_backoff_ms) == (2_000, 30_000)


def test_args_reach_their_plugin() -> None:
    added = {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "pool", "operator": "In", "values": ["a"]}]}]
        }
    }
    made = profile(**args("NodeAffinity", addedAffinity=added))
    assert made.plugin("NodeAffinity") != default_profile().plugin("NodeAffinity")


PROFILE = "initializing profiles: creating profile for scheduler name default-scheduler: "
AT = "profiles[0].pluginConfig[0].args."
HARD = "requiredDuringSchedulingIgnoredDuringExecution"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"plugins": {"score": {"enabled": [{"name": "Nope"}]}}},
            PROFILE + 'ScorePlugin "Nope" does not exist',
        ),
        (
            {"plugins": {"multiPoint": {"enabled": [{"name": "Nope"}]}}},
            PROFILE + 'PreFilterPlugin "Nope" does not exist',
        ),
        (
            {"plugins": {"score": {"enabled": [{"name": "NodePorts"}]}}},
            PROFILE + 'plugin "NodePorts" does not extend ScorePlugin plugin',
        ),
        (
            {"plugins": {"score": {"enabled": [{"name": "NodeAffinity"}, {"name": "NodeAffinity"}]}}},
            PROFILE + 'plugin "NodeAffinity" already registered as "ScorePlugin"',
        ),
        (
            {"plugins": {"multiPoint": {"enabled": [{"name": "NodeAffinity"}, {"name": "NodeAffinity", "weight": 5}]}}},
            PROFILE + 'plugin "NodeAffinity" already registered as "PreFilterPlugin"',
        ),
        (
            {"plugins": {"filter": {"enabled": [{"name": "EBSLimits"}]}}},
            'profiles[0].plugins.filter.enabled[0]: Invalid value: "EBSLimits": was invalid in version '
            '"kubescheduler.config.k8s.io/v1" (KubeSchedulerConfiguration is version "kubescheduler.config.k8s.io/v1")',
        ),
        ({"plugin": {}}, 'strict decoding error: unknown field "profiles[0].plugin"'),
        (
            {"plugins": {"score": {"enabled": [{"name": "NodeAffinity", "weight": "2"}]}}},
            'profiles[0].plugins.score.enabled[0].weight: expected an integer, got "2"',
        ),
        (
            args("InterPodAffinity", hardPodAffinityWeight=101),
            AT + "hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]",
        ),
        (
            args("InterPodAffinity", hardPodAffinity=1),
            'decoding .profiles[0].pluginConfig[0].args: strict decoding error: unknown field "hardPodAffinity"',
        ),
        (
            args("InterPodAffinity", kind="NodeAffinityArgs"),
            "profiles[0].pluginConfig[0]: args for plugin InterPodAffinity were not of type InterPodAffinityArgs."
            f"{API_VERSION}, got NodeAffinityArgs.{API_VERSION}",
        ),
        (
            args("DefaultPreemption", minCandidateNodesPercentage=0, minCandidateNodesAbsolute=0),
            f"[{AT}minCandidateNodesPercentage: Invalid value: 0: cannot be zero at the same time as minCandidateNodesAbsolute, "
            f"{AT}minCandidateNodesAbsolute: Invalid value: 0: cannot be zero at the same time as minCandidateNodesPercentage]",
        ),
        (
            args("NodeResourcesFit", scoringStrategy={"type": "Best"}),
            PROFILE + 'initializing plugin "NodeResourcesFit": scoringStrategy.type: Unsupported value: "Best": '
            'supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"',
        ),
        (
            args("NodeResourcesFit", scoringStrategy={}),
            PROFILE + 'initializing plugin "NodeResourcesFit": scoringStrategy.type: Unsupported value: "": '
            'supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"',
        ),
        (
            args("NodeResourcesFit", ignoredResourceGroups=["a/b"]),
            PROFILE + 'initializing plugin "NodeResourcesFit": ignoredResourceGroups[0]: Invalid value: "a/b": '
            "resource group name can't contain '/'",
        ),
        (
            args(
                "NodeResourcesFit",
                scoringStrategy={
                    "type": "RequestedToCapacityRatio",
                    "requestedToCapacityRatio": {
                        "shape": [{"utilization": 5, "score": 11}, {"utilization": 5, "score": 0}]
                    },
                },
            ),
            PROFILE + 'initializing plugin "NodeResourcesFit": '
            "[scoringStrategy.requestedToCapacityRatio.shape[1].utilization: Invalid value: 5: values must be sorted in "
            "increasing order, scoringStrategy.requestedToCapacityRatio.shape[0].score: Invalid value: 11: "
            "not in valid range [0, 10]]",
        ),
        (
            args("NodeResourcesBalancedAllocation", resources=[{"name": "cpu", "weight": 2}, {"name": "cpu"}]),
            f'[{AT}resources[0].weight: Invalid value: 2: must be 1, {AT}resources[1].name: Duplicate value: "cpu"]',
        ),
        (
            args("PodTopologySpread", defaultConstraints=[{"maxSkew": 1, "topologyKey": "a"}]),
            f'[{AT}defaultingType: Invalid value: "System": when .defaultConstraints are not empty, '
            f"{AT}defaultConstraints[0].whenUnsatisfiable: Required value: can not be empty]",
        ),
        (
            args("NodeAffinity", addedAffinity={HARD: {"nodeSelectorTerms": [{"matchFields": [{"key": "x"}]}]}}),
            f'{AT}addedAffinity.{HARD}.nodeSelectorTerms[0].matchFields[0].operator: Unsupported value: "": '
            'supported values: "In", "NotIn"',
        ),
    ],
)
def test_a_profile_that_the_scheduler_would_not_start_with(given: Mapping[str, Any], text: str) -> None:
    assert error(given) == text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"parallelism": 0}, "parallelism: Invalid value: 0: should be an integer value greater than zero"),
        ({"percentageOfNodesToScore": 101}, "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]"),
        (
            {"podInitialBackoffSeconds": 20},
            "podMaxBackoffSeconds: Invalid value: 10: must be greater than or equal to PodInitialBackoffSeconds",
        ),
        ({"extenders": [{}]}, "extenders: they are HTTP services, which are not modelled; take them out"),
        ({"kind": "Pod"}, f'no kind "Pod" is registered for version "{API_VERSION}"; expected {API_VERSION} {KIND}'),
        ({"kind": ""}, f"Object 'Kind' is missing in the scheduler configuration; expected {API_VERSION} {KIND}"),
        ({"profiles": {}}, "profiles: expected a list, got a map"),
    ],
)
def test_a_configuration_that_the_scheduler_would_not_start_with(fields: Mapping[str, Any], text: str) -> None:
    assert error(**fields) == text


def test_profiles_need_names_of_their_own_and_one_order() -> None:
    assert error({"schedulerName": "a"}, {}) == "profiles[1].schedulerName: Required value"
    assert error({"schedulerName": "a"}, {"schedulerName": "a"}) == (
        'profiles[1].schedulerName: Duplicate value: "profiles[0].schedulerName"'
    )
    other = {"schedulerName": "b", "plugins": {"queueSort": {"enabled": [{"name": "PrioritySort"}]}}}
    assert "profiles[1].plugins.queueSort: Invalid value" in error({"schedulerName": "a"}, other)
