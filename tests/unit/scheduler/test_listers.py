from refk8s.kinds.meta import LabelSelector
from refk8s.scheduler.listers import Listers


def named(name: str, namespace: str = "default", **fields: object) -> dict[str, object]:
    return {"metadata": {"name": name, "namespace": namespace}, **fields}


def test_unknown_namespaces_have_no_labels() -> None:
    listers = Listers.of(namespaces=[{"metadata": {"name": "a", "labels": {"team": "x"}}}])
    assert dict(listers.namespace_labels("a")) == {"team": "x"}
    assert dict(listers.namespace_labels("b")) == {}
    assert dict(listers.without_namespace("a").namespace_labels("a")) == {}


def test_services_are_listed_by_namespace_and_name_without_those_that_select_nothing() -> None:
    listers = Listers.of(
        services=[
            named("b", spec={"selector": {"app": "b"}}),
            named("a", spec={"selector": {"app": "a"}}),
            named("external", spec={}),
            named("c", "other", spec={"selector": {"app": "c"}}),
        ]
    )
    assert listers.service_selectors("default") == [{"app": "a"}, {"app": "b"}]
    assert listers.without_service("default", "a").service_selectors("default") == [{"app": "b"}]
    assert listers.service_selectors("nowhere") == []


def test_owners_are_known_by_api_version_and_kind() -> None:
    selector = {"matchLabels": {"app": "x"}}
    listers = Listers.of(
        replica_sets=[named("x", spec={"selector": selector})],
        stateful_sets=[named("x", spec={})],
        replication_controllers=[named("x", spec={"selector": {"app": "rc"}})],
    )
    found = {(api_version, kind): owner for (api_version, kind, _, _), owner in listers.owners.items()}
    assert found == {
        ("apps/v1", "ReplicaSet"): LabelSelector({"app": "x"}),
        ("apps/v1", "StatefulSet"): None,
        ("v1", "ReplicationController"): LabelSelector({"app": "rc"}),
    }
    assert len(listers.without_owner("apps/v1", "ReplicaSet", "default", "x").owners) == 2
