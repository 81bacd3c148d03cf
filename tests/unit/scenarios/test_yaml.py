"""Reading documents: plain scalars as kubectl reads them, errors with file and line."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import pytest

from refk8s.core.errors import Refk8sError
from refk8s.scenarios.yaml import documents_of, sources_of

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"


def data(tmp_path: Path, text: str) -> Any:
    file = tmp_path / "x.yaml"
    file.write_text(text)
    return sources_of(file)[0].data


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10:30", "10:30"),  # PyYAML makes 630 of it
        ("2024-01-01", "2024-01-01"),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("1e3", 1000),
        ("1.0", 1),
        ("1.5", 1.5),
        ("y", True),
        ("off", False),
        ("0o17", 15),
        ("017", 15),
        ("0x1F", 31),
        ("1_000", 1000),
        ("~", None),
        ("", None),
        ('"1"', "1"),
        ("8080:80", "8080:80"),
        ("web:1", "web:1"),
        ("100m", "100m"),
    ],
)
def test_plain_scalars_mean_what_they_mean_to_kubectl(tmp_path: Path, written: str, meant: Any) -> None:
    assert data(tmp_path, f"a: {written}\n") == {"a": meant}
    assert type(data(tmp_path, f"a: {written}\n")["a"]) is type(meant)


def test_keys_become_texts(tmp_path: Path) -> None:
    assert data(tmp_path, "7: a\ntrue: b\n1.5: c\n") == {"7": "a", "true": "b", "1.5": "c"}


def test_a_byte_order_mark_is_no_part_of_the_document(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbf" + POD.encode())
    assert documents_of(tmp_path / "x.yaml")[0]["kind"] == "Pod"


def test_json_may_be_indented_with_tabs_and_come_as_a_stream(tmp_path: Path) -> None:
    one = '{\n\t"apiVersion": "v1",\n\t"kind": "Pod",\n\t"metadata": {"name": "a"}\n}\n'
    (tmp_path / "x.json").write_text(one + one)
    assert len(documents_of(tmp_path / "x.json")) == 2


def test_yaml_in_flow_style_is_no_json_and_is_read_all_the_same(tmp_path: Path) -> None:
    assert data(tmp_path, "{a: 1, b: [c]}") == {"a": 1, "b": ["c"]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", ":2: not YAML: did not find expected node content"),
        ("a: b: c", ":1: not YAML: mapping values are not allowed"),
        ("a:\n\t- b", ":2: not YAML: found character that cannot start any token"),
        ("a: .nan", "nan is no value of JSON"),
        ("a: &a [*a]", "containing itself"),
        ("a: !!python/object:os.system x", "could not determine a constructor"),
        ("a: !!timestamp x", "not YAML"),
        ("a: !!set {x}", "a value of YAML that JSON has not"),
        ("\x00", "not YAML"),
        ("- a\n- b\n", ":1: a document is a map with apiVersion and kind"),
        ("5", ":1: a document is a map"),
        ("# nothing\n---\n", "there is no document in it"),
        ("", "there is no document in it"),
    ],
)
def test_what_is_no_yaml_is_said_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text)
    with pytest.raises(Refk8sError) as raised:
        sources_of(file)
    assert str(raised.value).startswith(str(file))
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_lists_are_unpacked_and_items_of_typed_lists_know_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n---\n"
        "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: b}\n"
    )
    assert [(d["kind"], d["apiVersion"], d["metadata"]["name"]) for d in documents_of(tmp_path / "x.yaml")] == [
        ("Pod", "v1", "a"),
        ("Deployment", "apps/v1", "b"),
    ]


def test_directories_are_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.json", "c.yml"):
        (tmp_path / name).write_text(f'{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "{name}"}}}}')
    (tmp_path / "notes.txt").write_text("[")
    assert [d["metadata"]["name"] for d in documents_of(tmp_path)] == ["a.json", "b.yaml", "c.yml"]


def test_a_directory_without_manifests_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Refk8sError, match=r"no \.yaml, \.yml, \.json files"):
        documents_of(tmp_path)


def test_standard_input_is_a_file_called_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(POD))
    assert documents_of(Path("-"))[0]["metadata"] == {"name": "web"}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("kind: Pod\nmetadata: {name: a}", "x.yaml:1: document 1: no Kubernetes object: apiVersion is missing"),
        ("apiVersion: v1\nmetadata: {name: a}", "kind is missing"),
        ("apiVersion: 1\nkind: Pod\nmetadata: {name: a}", "apiVersion is 1, not a text"),
        ("apiVersion: v1\nkind: Pod", "Pod: metadata.name is missing"),
        ("apiVersion: v1\nkind: Pod\nmetadata: [a]", "metadata is ['a'], not a map"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: 5}", "metadata.name is 5, not a text"),
        (
            "apiVersion: batch/v1\nkind: Jobs\nmetadata: {name: a}",
            "Jobs batch/v1 (a) is not supported; supported are ClusterRole rbac.authorization.k8s.io/v1, ",
        ),
        (
            "apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: a}",
            "Deployment apps/v1beta1 (a) is not supported; it is served as apps/v1",
        ),
    ],
)
def test_documents_that_are_no_objects_of_a_served_kind_are_refused(tmp_path: Path, document: str, said: str) -> None:
    (tmp_path / "x.yaml").write_text(document)
    with pytest.raises(Refk8sError) as raised:
        documents_of(tmp_path / "x.yaml")
    assert said in str(raised.value)


def test_the_line_of_a_refused_document_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(f"{POD}---\n{POD}---\nkind: Pod\n")
    with pytest.raises(Refk8sError, match=r"x\.yaml:9: document 3"):
        documents_of(tmp_path / "x.yaml")
    (tmp_path / "y.yaml").write_text(
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n- 5\n"
    )
    with pytest.raises(Refk8sError, match=r"y\.yaml:5: document 1, items\[1\]"):
        documents_of(tmp_path / "y.yaml")


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"a: \xff\xfe")
    with pytest.raises(Refk8sError, match="not a text file in UTF-8"):
        sources_of(tmp_path / "x.yaml")
    with pytest.raises(Refk8sError, match="No such file"):
        sources_of(tmp_path / "y.yaml")


def test_aliases_that_expand_without_end_are_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 11)]
    merges = ["a0: &a0 {x: 1}"] + [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 11)]
    for text in ("\n".join(lines), "\n".join(merges)):
        (tmp_path / "x.yaml").write_text(text)
        began = time.perf_counter()
        with pytest.raises(Refk8sError, match=r"x\.yaml: aliases expand to more than 1000000 nodes; write it out$"):
            sources_of(tmp_path / "x.yaml")
        assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nmetadata: {name: b}\n", 4),
        (f"{POD}---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nx: {{metadata: 1,\n metadata: 2}}\n", 10),
        ('{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "metadata": {}}', 1),
    ],
)
def test_a_key_that_a_map_has_twice_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "x.yaml").write_text(text)
    said = f'x\\.yaml:{line}: error converting YAML to JSON: key "metadata" already set in map; keep one'
    with pytest.raises(Refk8sError, match=said):
        documents_of(tmp_path / "x.yaml")


def test_a_merged_key_may_be_overridden(tmp_path: Path) -> None:
    text = POD + "one: &x {a: 1, b: 2}\ntwo: {<<: *x, a: 3}\nthree: {<<: *x}\n"
    (tmp_path / "x.yaml").write_text(text)
    (document,) = documents_of(tmp_path / "x.yaml")
    assert (document["two"], document["three"]) == ({"a": 3, "b": 2}, {"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ("apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations:\n    refk8s.dev/behaviour: exit won\n", 6),
        (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    metadata:\n      annotations:\n"
            "        refk8s.dev/behaviour: stop 3 days\n",
            8,
        ),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {refk8s.dev/behaviour: 5}}\n", 3),
    ],
)
def test_a_malformed_behaviour_is_refused_with_its_line(tmp_path: Path, document: str, place: int) -> None:
    (tmp_path / "x.yaml").write_text(document)
    said = rf"x\.yaml:{place}: document 1: [a-z.]*metadata\.annotations\.refk8s\.dev/behaviour: "
    with pytest.raises(Refk8sError, match=said):
        documents_of(tmp_path / "x.yaml")
