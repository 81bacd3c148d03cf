"""Dumps: the fast reader says what a real YAML parser says, of all that scheduling looks at."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from refk8s.api.yaml import read_yaml
from refk8s.core.errors import Refk8sError
from refk8s.schedule.dump import read
from refk8s.schedule.dump_yaml import Unusual, chunks_of, parse

from . import dumps


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def printed(document: Any) -> str:
    return yaml.dump(document, Dumper=Dumper, sort_keys=True, width=1_000)


def texts(items: Any) -> str:
    return printed(dumps.listed(*items))


def test_every_field_that_scheduling_looks_at_is_read() -> None:
    document = dumps.large(2, 4)
    chunks = chunks_of(printed(document))
    assert chunks is not None
    for found, item in zip(map(parse, chunks), document["items"], strict=True):
        if item["kind"] == "Pod":
            assert parse(chunks[document["items"].index(item)], whole=True) == item
        assert found["metadata"].get("labels") == item["metadata"].get("labels"), "a label may be called env"
        assert set(item["spec"]) == set(found["spec"])
        if item["kind"] == "Node":
            assert found["status"]["images"] == item["status"]["images"]
            assert found["status"]["allocatable"] == item["status"]["allocatable"]
        else:
            (container,), (given,) = found["spec"]["containers"], item["spec"]["containers"]
            assert {key: container[key] for key in ("name", "image", "resources", "ports")} == {
                key: given[key] for key in ("name", "image", "resources", "ports")
            }
            assert "env" not in container


KEYS = st.sampled_from(["a", "b.c/d", "status", "x-y", "1"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.sampled_from(
        ["", "yes", "1e3", "a: b", "a #b", "it's", 'say "x"', "- a", "0x1F", "10:30", "~", "a\nb", "ä", "'", "null"]
    ),
    st.text(max_size=12),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(KEYS, TREES, min_size=1, max_size=4), min_size=1, max_size=3))
def test_what_the_fast_reader_reads_is_what_yaml_says(items: list[dict[str, Any]]) -> None:
    chunks = chunks_of(texts(items))
    if chunks is None or len(chunks) != len(items):
        return
    for chunk in chunks:
        try:
            found = parse(chunk, whole=True)
        except Unusual:
            continue
        assert found == read_yaml(chunk)[0]


@pytest.mark.parametrize("form", ["yaml", "json", "documents", "list-of-lists"])
def test_all_forms_of_a_dump_say_the_same(form: str, tmp_path: Path) -> None:
    document = dumps.large(3, 5)
    text = {
        "yaml": printed(document),
        "json": json.dumps(document, indent=4),
        "documents": yaml.safe_dump_all(document["items"]),
        "list-of-lists": printed(
            dumps.listed(
                {"apiVersion": "v1", "kind": "NodeList", "items": document["items"][:3]}, *document["items"][3:]
            )
        ),
    }[form]
    (tmp_path / "dump").write_text(text)
    found = read([tmp_path / "dump"])
    assert list(found.objects["Node"]) == ["/node-0", "/node-1", "/node-2"]
    assert len(found.of("Pod")) == 5
    assert found.of("Pod")[0]["spec"]["nodeName"] == "node-0"


def test_several_files_are_one_dump_and_the_last_word_counts(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(texts([dumps.node("one", cpu="1")]))
    (tmp_path / "b.json").write_text(json.dumps(dumps.listed(dumps.node("one", cpu="2"), dumps.pod("p"))))
    found = read([tmp_path / "a.yaml", tmp_path / "b.json"])
    assert found.objects["Node"]["/one"]["status"]["allocatable"]["cpu"] == "2"
    assert list(found.objects["Pod"]) == ["default/p"]


def test_an_object_in_another_style_of_yaml_is_read_too(tmp_path: Path) -> None:
    odd = (
        "apiVersion: v1\nitems:\n- {apiVersion: v1, kind: Node, metadata: {name: a}} # flow\n"
        "- apiVersion: v1\n  kind: Node\n  metadata:\n    name: >-\n      b\n"
    )
    (tmp_path / "dump.yaml").write_text(odd + "kind: List\nmetadata:\n  resourceVersion: ''\n")
    assert list(read([tmp_path / "dump.yaml"]).objects["Node"]) == ["/a", "/b"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty; there is no document in it"),
        ("just words", "a document is a map with apiVersion and kind"),
        ("{", "dump:2: not YAML: did not find expected node content"),
        (
            "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Node\n",
            "object 1 (Node): metadata.name is missing; add it",
        ),
        ("apiVersion: v1\nitems:\n- a: [b\nkind: List\n", "item 1: yaml: "),
    ],
)
def test_what_is_no_dump_is_said_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "dump").write_text(text)
    with pytest.raises(Refk8sError) as raised:
        read([tmp_path / "dump"])
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_claims_among_the_volumes_of_a_placed_pod_are_read() -> None:
    item = """\
  apiVersion: v1
  kind: Pod
  metadata:
    name: db
  spec:
    nodeName: a
    volumes:
    - name: data
      persistentVolumeClaim:
        claimName: data-0
    - name: token
      projected:
        sources:
        - configMap:
            name: ca
"""
    assert parse(item)["spec"]["volumes"] == [
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-0"}},
        {"name": "token"},
    ]
