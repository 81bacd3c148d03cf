"""Traces as files: what is written is read, and what is broken is said with its line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from refk8s.core.errors import Refk8sError
from refk8s.trace.format import KUBERNETES, VERSION, read

from .recorded import SCENARIO, lines, save, write


def said(path: Path) -> str:
    with pytest.raises(Refk8sError) as raised:
        read(path)
    message = str(raised.value)
    assert "\n" not in message
    return message.replace(str(path), "TRACE")


def changed(line: str, **fields: Any) -> str:
    """A line with fields replaced (None: left out)."""
    data = {**json.loads(line), **fields}
    return json.dumps({name: value for name, value in data.items() if value is not None})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    trace = read(save(tmp_path / "x.jsonl", *lines()))
    assert trace.header["scenario"] == SCENARIO
    assert (trace.header["seed"], trace.header["driver"], trace.header["kubernetes"]) == (3, "random", KUBERNETES)
    assert [step.i for step in trace.steps] == list(range(len(trace.steps)))
    assert trace.verdict["verdict"] == "quiet"
    assert trace.verdict["digest"] == trace.steps[-1].digest
    assert any(step.dev for step in trace.steps)
    assert any("configmaps/default/a" in step.keys for step in trace.steps)


def test_a_name_that_ends_in_gz_is_compressed_and_the_same_inside(tmp_path: Path) -> None:
    write(tmp_path / "x.jsonl.gz")
    assert gzip.decompress((tmp_path / "x.jsonl.gz").read_bytes()).decode().splitlines() == list(lines())
    assert read(tmp_path / "x.jsonl.gz").steps == read(save(tmp_path / "x.jsonl", *lines())).steps


def test_the_same_run_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "x.jsonl.gz")
    assert (tmp_path / "a/x.jsonl.gz").read_bytes() == (tmp_path / "b/x.jsonl.gz").read_bytes()


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    whole = "".join(f"{line}\n" for line in lines())
    (tmp_path / "x.jsonl").write_text(whole[:-200])
    trace = read(tmp_path / "x.jsonl")
    assert not trace.verdict
    assert 0 < len(trace.steps) < len(lines()) - 2


def test_of_a_torn_compressed_trace_everything_before_the_tear_is_read(tmp_path: Path) -> None:
    write(tmp_path / "x.jsonl.gz")
    data = (tmp_path / "x.jsonl.gz").read_bytes()
    (tmp_path / "x.jsonl.gz").write_bytes(data[: len(data) * 2 // 3])
    trace = read(tmp_path / "x.jsonl.gz")
    assert 0 < len(trace.steps) < len(lines()) - 2
    assert not trace.verdict


def test_an_empty_file_is_no_trace(tmp_path: Path) -> None:
    assert said(save(tmp_path / "x.jsonl")).startswith("TRACE: empty; a trace begins with a header line")


def test_another_kind_of_file_is_no_trace(tmp_path: Path) -> None:
    assert said(save(tmp_path / "x.jsonl", '{"a": 1}')).startswith("TRACE:1: not a refk8s trace")
    assert said(save(tmp_path / "x.jsonl", "apiVersion: v1", "kind: Pod")).startswith("TRACE:1: not a refk8s trace")
    (tmp_path / "x.jsonl").write_text("a line without an end")
    assert said(tmp_path / "x.jsonl").startswith("TRACE:1: not a refk8s trace")
    (tmp_path / "x.jsonl.gz").write_text("no gzip at all")
    assert "not compressed as its name says" in said(tmp_path / "x.jsonl.gz")


def test_a_trace_of_another_version_says_what_to_do(tmp_path: Path) -> None:
    other = changed(lines()[0], version=VERSION + 1)
    assert said(save(tmp_path / "x.jsonl", other)) == (
        f"TRACE:1: trace version {VERSION + 1}, this refk8s reads {VERSION}; record it again with this version"
    )


def test_a_trace_of_another_kubernetes_says_what_to_do(tmp_path: Path) -> None:
    other = changed(lines()[0], kubernetes="v1.35.0")
    assert said(save(tmp_path / "x.jsonl", other)) == (
        f"TRACE:1: a trace of Kubernetes v1.35.0, this refk8s models {KUBERNETES}; record it again with this version"
    )


@pytest.mark.parametrize("field", ["scenario", "epoch", "gates", "digest"])
def test_a_header_without_a_field_is_named(tmp_path: Path, field: str) -> None:
    message = said(save(tmp_path / "x.jsonl", changed(lines()[0], **{field: None}), *lines()[1:]))
    assert message == f"TRACE:1: a header without {field!r}; the file was edited or is of another version"


@pytest.mark.parametrize("field", ["i", "label", "actor", "because", "dev", "keys", "digest"])
def test_a_step_without_a_field_is_named_with_its_line(tmp_path: Path, field: str) -> None:
    broken = [*lines()[:7], changed(lines()[7], **{field: None}), *lines()[8:]]
    assert (
        said(save(tmp_path / "x.jsonl", *broken))
        == f"TRACE:8: a step without {field!r}; the file was edited or is of another version"
    )


def test_a_field_of_another_type_is_named(tmp_path: Path) -> None:
    broken = [*lines()[:7], changed(lines()[7], label=5), *lines()[8:]]
    assert said(save(tmp_path / "x.jsonl", *broken)).startswith("TRACE:8: 'label' of the step is 5")


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    broken = [*lines()[:7], lines()[7][:-1], *lines()[8:]]
    assert said(save(tmp_path / "x.jsonl", *broken)).startswith("TRACE:8: broken line")


def test_a_line_that_is_missing_is_noticed(tmp_path: Path) -> None:
    assert said(save(tmp_path / "x.jsonl", *lines()[:7], *lines()[8:])).startswith(
        "TRACE:8: step 7 stands where step 6 should"
    )


def test_lines_missing_before_the_verdict_are_noticed(tmp_path: Path) -> None:
    steps = len(lines()) - 2
    message = said(save(tmp_path / "x.jsonl", *lines()[:-2], lines()[-1]))
    assert message.startswith(f"TRACE:{steps + 1}: the verdict is about {steps} steps, the trace has {steps - 1}")


def test_files_that_cannot_be_read_or_written_are_named(tmp_path: Path) -> None:
    assert said(tmp_path / "none.jsonl") == "TRACE: No such file or directory"
    with pytest.raises(Refk8sError, match="cannot be written: No such file or directory"):
        write(tmp_path / "nowhere" / "x.jsonl")
    with pytest.raises(Refk8sError, match=r"a trace's name ends in \.jsonl"):
        write(tmp_path / "x.txt")
