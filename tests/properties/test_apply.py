"""What holds for every configuration that is applied: it is idempotent, never conflicts with its own manager, and takes from nobody without force."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from refk8s.api import schema
from refk8s.api.apply import Applier, apply
from refk8s.api.default import read
from refk8s.api.managed import identity, with_entries
from refk8s.api.status import Rejected
from refk8s.api.typed import merged, ordered_paths, removed

Doc = dict[str, Any]
POD = schema.of_kind("Pod")
TIME = "2024-01-01T00:00:00Z"

labels = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), max_size=3)
ports = st.lists(
    st.fixed_dictionaries({"containerPort": st.sampled_from([80, 81]), "protocol": st.sampled_from(["TCP", "UDP"])}),
    max_size=3,
    unique_by=lambda port: (port["containerPort"], port["protocol"]),
)
containers = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("xyz")}, optional={"image": st.sampled_from("ij"), "ports": ports}),
    min_size=1,  # a pod has at least one: an empty list of them is refused, as a list that was emptied is (null there, [] here)
    max_size=3,
    unique_by=lambda container: container["name"],
)
finalizers = st.lists(st.sampled_from(["a/1", "a/2"]), max_size=2, unique=True)


@st.composite
def configurations(draw: st.DrawFn) -> Doc:
    metadata: Doc = {"name": "p", "labels": {"applied": "yes", **draw(labels)}}  # who applies nothing manages nothing
    if draw(st.booleans()):
        metadata["finalizers"] = draw(finalizers)
    document: Doc = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
    if draw(st.booleans()):
        document["spec"] = {"containers": draw(containers), "nodeSelector": draw(labels)}
    return document


managers = st.sampled_from(["m1", "m2", "m3"])
histories = st.lists(st.tuples(managers, configurations()), min_size=1, max_size=4)


def applied(live: Doc | None, manager: str, patch: Doc, *, force: bool = True) -> Doc:
    who = Applier(POD, "Pod", "v1", manager, "", TIME)
    made, entries = apply(who, live, patch, force=force)
    document = read("Pod", made).doc
    return with_entries({**document, "metadata": {**document["metadata"], "uid": "u"}}, entries)


def after(history: list[tuple[str, Doc]]) -> Doc:
    live: Doc | None = None
    for manager, patch in history:
        live = applied(live, manager, patch)
    assert live is not None
    return live


@given(histories)
def test_applying_again_changes_nothing(history: list[tuple[str, Doc]]) -> None:
    live = after(history)
    assert applied(live, *history[-1]) == live


@given(histories)
def test_what_a_manager_applied_last_never_conflicts(history: list[tuple[str, Doc]]) -> None:
    assert applied(after(history), *history[-1], force=False) == after(history)


@given(histories, managers, configurations())
def test_without_force_nothing_is_taken_from_another(history: list[tuple[str, Doc]], manager: str, patch: Doc) -> None:
    live = after(history)
    try:
        later = applied(live, manager, patch, force=False)
    except Rejected:
        return
    kept = {identity(entry): entry["fieldsV1"] for entry in later["metadata"]["managedFields"]}
    for entry in live["metadata"].get("managedFields") or ():
        if entry["manager"] != manager:
            assert kept.get(identity(entry)) == entry["fieldsV1"]


@given(histories)
def test_every_field_that_was_applied_is_owned(history: list[tuple[str, Doc]]) -> None:
    live = after(history)
    names = {entry["manager"] for entry in live["metadata"].get("managedFields") or ()}
    assert names <= {manager for manager, _ in history}


@given(configurations(), configurations())
def test_merging_is_idempotent_and_keeps_the_configuration(live: Doc, config: Doc) -> None:
    once = merged(POD, live, config)
    assert merged(POD, once, config) == once
    assert merged(POD, {}, config) == config


@given(configurations())
def test_removing_nothing_is_nothing(document: Doc) -> None:
    assert removed(POD, document, {}) == document


def test_paths_come_in_upstreams_order() -> None:
    fields = {"f:b": {"f:z": {}}, "f:a": {".": {}, "f:y": {}}, 'k:{"n":"x"}': {}}
    assert [path[-1] for path in ordered_paths(fields)] == ["f:a", 'k:{"n":"x"}', "f:y", "f:z"]
