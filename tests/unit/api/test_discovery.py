"""Discovery documents: what they list, and in which order."""

from __future__ import annotations

import pytest

from refk8s.api import discovery
from refk8s.api.registry import ROWS, Resource

VERSIONS = ("v1", "v2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10", "v11beta2")
GROUPS = discovery.groups_of((*ROWS, *(Resource("things", "Thing", "a.example", version) for version in VERSIONS)))
ADDRESS = "127.0.0.1:6443"


def test_versions_are_ordered_by_stability_and_age() -> None:
    ordered = ["v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"]
    assert list(GROUPS["a.example"]) == ordered


def test_groups_of_custom_resources_follow_the_servers_own() -> None:
    groups = [entry["name"] for entry in discovery.api_groups(GROUPS)["groups"]]
    assert groups[0] == "apps"
    assert groups[-1] == "a.example"


def test_a_scale_is_of_another_group() -> None:
    found = discovery.api_resources(GROUPS, "apps", "v1")
    assert found is not None
    scale = next(entry for entry in found["resources"] if entry["name"] == "deployments/scale")
    assert (scale["group"], scale["version"], scale["kind"]) == ("autoscaling", "v1", "Scale")


def test_a_storage_version_hash_is_that_of_the_real_server() -> None:
    row = next(row for row in ROWS if row.plural == "configmaps")
    assert discovery.storage_version_hash(row) == "qFsyl6wFWjQ="


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/api", "application/json", "APIVersions"),
        ("/api/", "*/*", "APIVersions"),
        ("/apis", "", "APIGroupList"),
        ("/apis", f"{discovery.AGGREGATED_TYPE},application/json", "APIGroupDiscoveryList"),
        ("/apis", "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList", "APIGroupList"),
        ("/apis", f"application/json,{discovery.AGGREGATED_TYPE}", "APIGroupList"),
        ("/apis/apps", "", "APIGroup"),
        ("/apis/apps/v1", "", "APIResourceList"),
        ("/api/v1", "", "APIResourceList"),
    ],
)
def test_a_page_of_discovery(path: str, accept: str, kind: str) -> None:
    page = discovery.page(GROUPS, path, accept, ADDRESS)
    assert page is not None
    assert page[0]["kind"] == kind


@pytest.mark.parametrize("path", ["/", "/apis/nope", "/apis/apps/v2", "/api/v2", "/api/v1/pods", "/apis//v1"])
def test_nothing_else_is_a_page_of_discovery(path: str) -> None:
    assert discovery.page(GROUPS, path, "", ADDRESS) is None
