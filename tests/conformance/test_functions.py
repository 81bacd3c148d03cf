"""The recorded answers of pure functions: what agrees today may never disagree tomorrow."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from refk8s.conformance import functions
from refk8s.conformance.cases import ConformanceError
from refk8s.conformance.report import Disagreement, Group, Report

PINNED = {
    "active-pods": 68,
    "annotations": 19,
    "crashloop-backoff": 23,
    "deployment-new-replicas": 49,
    "deployment-reconcile-new": 28,
    "deployment-reconcile-old": 41,
    "deployment-scale": 51,
    "fenceposts": 95,
    "fieldselector-parse": 26,
    "int-or-percent": 52,
    "job-backoff": 35,
    "job-backoff-record": 21,
    "labels": 18,
    "merge-keys": 58,
    "names": 308,
    "patch": 201,
    "pod-qos": 54,
    "pod-requests": 76,
    "quantity-add": 77,
    "quantity-compare": 46,
    "quantity-json": 19,
    "quantity-parse": 204,
    "queue-sort": 22,
    "ratelimiter": 25,
    "selector-object": 55,
    "selector-parse": 145,
    "toleration": 84,
    "toleration-list": 31,
    "wait-backoff": 21,
}
"""Cases that agree, by family; all of them. Lower a number only with an argument in specs/kinds.md."""


@pytest.fixture(scope="module")
def report() -> Report:
    return functions.run()


def test_the_vendored_corpus_has_every_family(report: Report) -> None:
    assert {group.name: group.cases for group in report.groups} == PINNED


@pytest.mark.parametrize("family", PINNED)
def test_agreement_never_falls(report: Report, family: str) -> None:
    group = next(group for group in report.groups if group.name == family)
    assert group.agree >= PINNED[family], [f"{d.name}: {d.reason}" for d in group.disagreements]


def test_the_json_report_has_the_published_shape(report: Report) -> None:
    shape = report.as_json()
    assert shape["cases"] == shape["agree"] == sum(PINNED.values())
    first = {"corpus": "functions", "group": "active-pods", "cases": 68, "agree": 68, "disagree": []}
    assert shape["groups"][0] == first


def write(folder: Path, content: Any, name: str = "cases.json") -> Path:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def case(name: str, input: Any, expected: Any) -> dict[str, Any]:
    return {"name": name, "input": input, "expected": expected}


def test_cases_are_found_in_nested_compressed_and_single_files(tmp_path: Path) -> None:
    nested = tmp_path / "a" / "b"
    nested.mkdir(parents=True)
    content = {"family": "quantity-compare", "cases": [case("one", ["1", "1000m"], 0)]}
    write(nested, content)
    (tmp_path / "more.json.gz").write_bytes(gzip.compress(json.dumps(content).encode()))
    assert functions.run(tmp_path).as_json()["agree"] == 2
    assert functions.run(tmp_path / "more.json.gz").as_json()["agree"] == 1


def test_a_wrong_answer_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"family": "quantity-compare", "cases": [case("wrong", ["1", "2"], 1)]})
    expected = Group("functions", "quantity-compare", 1, (Disagreement("wrong", "expected 1, got -1"),))
    assert functions.run(tmp_path).groups == (expected,)


def test_true_is_not_one(tmp_path: Path) -> None:
    write(tmp_path, {"family": "quantity-compare", "cases": [case("bool", ["2", "1"], True)]})
    assert functions.run(tmp_path).agree == 0


def test_a_crash_is_a_disagreement_with_its_name(tmp_path: Path) -> None:
    write(tmp_path, {"family": "pod-qos", "cases": [case("crash", {"spec": 7}, "BestEffort")]})
    (group,) = functions.run(tmp_path).groups
    assert group.as_json()["disagree"] == ["crash"]
    assert group.disagreements[0].reason.startswith("crashed: TypeError: ")


def test_an_unknown_family_disagrees_in_every_case(tmp_path: Path) -> None:
    write(tmp_path, {"family": "telepathy", "cases": [case("a", 1, 1), case("b", 1, 1)]})
    (group,) = functions.run(tmp_path).groups
    assert (group.cases, group.agree) == (2, 0)
    assert group.disagreements[0].reason == "no answers for family telepathy"


def test_patch_errors_are_compared_up_to_the_first_go_map(tmp_path: Path) -> None:
    expected = {"error": "x map[a:1]"}
    assert functions._same_error({"error": "x map[b:2]"}, expected)
    assert not functions._same_error({"error": "y map[a:1]"}, expected)
    assert not functions._same_error({"error": "x "}, expected)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "cases.json: no valid JSON ("),
        ([], 'cases.json: "family" or "cases" is missing; every file must be {"family": …'),
        ({"family": "names"}, 'cases.json: "family" or "cases" is missing'),
        ({"family": "names", "cases": [{"name": "x"}]}, "cases.json: case 1 lacks a name, an input or an expectation"),
    ],
)
def test_a_broken_file_is_named_in_one_line(tmp_path: Path, content: Any, problem: str) -> None:
    write(tmp_path, content)
    with pytest.raises(ConformanceError) as caught:
        functions.run(tmp_path)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "raw"), [("x.json.gz", b"no gzip"), ("x.json.xz", b"no xz"), ("x.tar.xz", b"no tar")])
def test_a_damaged_archive_is_named(tmp_path: Path, name: str, raw: bytes) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(ConformanceError, match=f"{name}: cannot be read"):
        functions.run(tmp_path)


def test_a_truncated_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.json.gz").write_bytes(gzip.compress(b"{}" * 50)[:-9])
    with pytest.raises(ConformanceError, match=r"x\.json\.gz: cannot be read"):
        functions.run(tmp_path)


def test_a_missing_or_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConformanceError, match="nowhere: no such file or folder"):
        functions.run(tmp_path / "nowhere")
    with pytest.raises(ConformanceError, match="no case files in it"):
        functions.run(tmp_path)


def test_without_vendored_cases_the_error_says_to_name_a_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("refk8s.__file__", str(tmp_path / "refk8s" / "__init__.py"))
    with pytest.raises(ConformanceError, match="name a folder of cases"):
        functions.run()


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_the_report_does_not_depend_on_the_hash_seed(report: Report, seed: str) -> None:
    program = "import json; from refk8s.conformance import functions; print(json.dumps(functions.run().as_json()))"
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    printed = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert json.loads(printed.stdout) == report.as_json()
