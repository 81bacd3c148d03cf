"""The replay of recorded dialogues: what agrees, what does not, and how it is reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from refk8s.conformance.api import ConformanceError, replay, replay_scenario

CM = "/api/v1/namespaces/t-{u}/configmaps"
JSON = {"Content-Type": "application/json"}


def step(method: str, path: str, code: int, want: Any = None, **request: Any) -> dict[str, Any]:
    return {"req": {"m": method, "p": path, "h": JSON, **request}, "res": {"code": code, "b": want}}


def stored(version: str, **data: Any) -> dict[str, Any]:
    metadata = {"name": "cm", "namespace": "t-{u}", "uid": "<uid:1>", "resourceVersion": version}
    metadata["creationTimestamp"] = "<ts>"
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, **data}


CREATE = step("POST", CM, 201, stored("<rv:1>"), b={"metadata": {"name": "cm"}})


def verdicts(*steps: dict[str, Any]) -> list[tuple[bool, bool]]:
    return [(one.agrees, not one.wrong) for one in replay_scenario({"name": "t/s", "steps": list(steps)})]


def test_a_dialogue_that_goes_as_recorded_agrees_strictly() -> None:
    watch = {**step("GET", CM, 200, q={"watch": "true", "resourceVersion": "<rv:1>"}), "watch": "w"}
    gone = {"type": "DELETED", "object": stored("<rv:2>")}
    success = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    success["details"] = {"name": "cm", "kind": "configmaps", "uid": "<uid:1>"}
    assert (
        verdicts(CREATE, watch, step("DELETE", f"{CM}/cm", 200, success), {"collect": "w", "events": [gone]})
        == [(True, True)] * 4
    )


def test_a_body_that_differs_agrees_by_status_only() -> None:
    assert verdicts(step("POST", CM, 201, stored("<rv:1>", data={"a": "b"}), b={"metadata": {"name": "cm"}})) == [
        (True, False)
    ]


def test_another_code_or_reason_does_not_agree() -> None:
    assert verdicts(step("GET", f"{CM}/cm", 200, {})) == [(False, False)]
    other = {"kind": "Status", "reason": "Gone"}
    assert verdicts(step("GET", f"{CM}/cm", 404, other)) == [(False, False)]


def test_a_kind_that_is_not_served_disagrees() -> None:
    assert verdicts(step("POST", "/apis/batch/v1/namespaces/t-{u}/works", 201, {}, b={})) == [(False, False)]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("PUT", CM, 405),
        ("POST", f"{CM}/cm", 405),
        ("FOO", CM, 405),
        ("GET", "/api/v1/configmaps/cm", 404),
        ("GET", f"{CM}/cm/nope", 404),
        ("GET", "/api/v2/pods", 404),
        ("GET", "/nope", 404),
    ],
)
def test_shapes_that_no_resource_has_are_refused(method: str, path: str, code: int) -> None:
    (found,) = replay_scenario(
        {"name": "t/s", "steps": [{**step(method, path, code), "res": {"code": code, "mode": "status"}}]}
    )
    assert not [line for line in found.wrong if line.startswith("want")]


def test_a_report_counts_steps_per_theme(tmp_path: Path) -> None:
    scenario = {"name": "demo/s", "steps": [CREATE, step("GET", f"{CM}/cm", 404, {"kind": "Status"})]}
    (tmp_path / "api-demo.json").write_bytes(orjson.dumps({"format": 1, "theme": "demo", "scenarios": [scenario]}))
    (group,) = replay(tmp_path).as_json()["groups"]
    assert group == {
        "corpus": "api",
        "group": "demo",
        "cases": 2,
        "agree": 1,
        "agree_status": 1,
        "disagree": ["demo/s#1"],
    }
    assert replay(tmp_path, ("other",)).groups == ()


def test_what_is_no_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConformanceError, match="expected files named api-"):
        replay(tmp_path)
    (tmp_path / "api-x.json").write_text("{")
    with pytest.raises(ConformanceError, match="no valid JSON"):
        replay(tmp_path)
    (tmp_path / "api-x.json").write_text("{}")
    with pytest.raises(ConformanceError, match="no file of the api corpus"):
        replay(tmp_path)
