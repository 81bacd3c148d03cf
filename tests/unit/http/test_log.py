"""The log: a trace that a server comes back from."""

from __future__ import annotations

from pathlib import Path

import pytest

from refk8s.core.digest import text
from refk8s.core.errors import Refk8sError, ReplayDivergence
from refk8s.core.invariant import Monitor
from refk8s.core.wire import Request
from refk8s.explore.cluster import build
from refk8s.http.clock import FastTime
from refk8s.http.live import Live
from refk8s.http.log import DataFolder, TraceLog, begin, cut_torn_end, resume
from refk8s.invariants import suite
from refk8s.scenarios.format import from_data
from refk8s.trace.format import read
from refk8s.trace.replay import replay

SCENARIO = {
    "apiVersion": "refk8s.dev/v1",
    "kind": "Scenario",
    "metadata": {"name": "log"},
    "spec": {"nodes": [{"name": "n"}], "users": {}},
}


def configmap(name: str) -> Request:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    return Request("create", "configmaps", "default", body=body, agent="test")


@pytest.fixture
def session(tmp_path: Path) -> tuple[Path, Live]:
    """A log with some steps and two requests in it, and the cluster that wrote it."""
    scenario = from_data(SCENARIO)
    model, world = build(scenario.cluster)
    path = tmp_path / "log.trace.jsonl"
    log = TraceLog(model, [begin(path, model, world, scenario, "live")])
    alarms: list[object] = []
    live = Live(model, world, FastTime(), Monitor(suite().all()), log, alarms.append)
    live.settle(10)
    assert live.write(configmap("a")).code == 201
    assert live.write(configmap("a")).code == 409
    live.settle(10)
    assert not alarms
    return path, live


def test_a_log_leads_to_the_world_that_wrote_it(session: tuple[Path, Live]) -> None:
    path, live = session
    _, world = resume(path)
    assert text(world.fingerprint) == text(live.world.fingerprint)
    assert (world.index, world.store.revision) == (live.world.index, live.world.store.revision)


def test_a_log_is_a_trace(session: tuple[Path, Live]) -> None:
    path, live = session
    done = replay(read(path), monitor=Monitor(suite().all()))
    assert (done.status, done.steps) == ("same", live.world.index)


def test_reads_are_no_steps(session: tuple[Path, Live]) -> None:
    path, live = session
    before = path.read_bytes()
    assert live.read(Request("get", "configmaps", "default", "a")).code == 200
    assert path.read_bytes() == before


@pytest.mark.parametrize("torn", [b'{"i":3', b"\0" * 5_000, b'{"i":22,"label":"x"}'])
def test_a_torn_end_is_cut_off(session: tuple[Path, Live], torn: bytes) -> None:
    path, live = session
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    assert cut_torn_end(path) == len(torn)
    assert path.read_bytes() == whole
    assert text(resume(path)[1].fingerprint) == text(live.world.fingerprint)
    path.write_bytes(b"x" * 200_000)
    assert (cut_torn_end(path), path.read_bytes()) == (200_000, b"")


def test_a_torn_middle_is_an_error_that_names_the_line(session: tuple[Path, Live]) -> None:
    path, _ = session
    lines = path.read_bytes().split(b"\n")
    lines[7] = lines[7][:20]
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(Refk8sError, match=r"log\.trace\.jsonl:8: broken line"):
        resume(path)


def test_a_changed_log_is_an_error_that_names_the_line(session: tuple[Path, Live]) -> None:
    path, _ = session
    text = path.read_bytes()
    path.write_bytes(text.replace(b'"name":"a"', b'"name":"b"', 1))
    with pytest.raises(ReplayDivergence, match=r"log\.trace\.jsonl:12: leads to digest"):
        resume(path)


def test_a_missing_line_is_an_error(session: tuple[Path, Live]) -> None:
    path, _ = session
    lines = path.read_bytes().split(b"\n")
    del lines[5]
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(Refk8sError, match=r"log\.trace\.jsonl:6: step 5 stands where step 4 should"):
        resume(path)


def test_a_folder_belongs_to_one_process(tmp_path: Path) -> None:
    first = DataFolder(tmp_path / "data")
    with pytest.raises(Refk8sError, match=r"data: in use by another refk8s serve"):
        DataFolder(tmp_path / "data")
    del first
    (tmp_path / "file").write_text("")
    with pytest.raises(Refk8sError, match="file: cannot be used for --data"):
        DataFolder(tmp_path / "file")
