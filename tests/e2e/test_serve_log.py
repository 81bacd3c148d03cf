"""The log of `refk8s serve`: killed servers, torn logs, folders in use."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from .command import refk8s
from .killing import kill_many
from .server import CONFIGMAPS, PODS, Server, configmap, pod, serving

pytest.importorskip("uvicorn", reason="needs refk8s[serve]")

LOG = "log.trace.jsonl"


def test_killed_servers_lose_no_acknowledged_write() -> None:
    assert kill_many(4, 7, "--nodes", "1") > 20


def test_a_server_goes_on_where_the_last_one_was(tmp_path: Path) -> None:
    with serving("--nodes", "1", "--time", "fast", "--data", tmp_path, "--fsync") as server:
        made = server.create(PODS, pod("p"))
        for event in server.watch(f"{PODS}?watch=true"):
            if event["object"].get("status", {}).get("phase") == "Running":
                break
        server.stop(signal.SIGKILL)
    with serving("--time", "fast", "--data", tmp_path) as server:
        assert any("resumed after" in line for line in server.lines)
        found = server.get(f"{PODS}/p")
        assert (found["metadata"]["uid"], found["status"]["phase"]) == (made["metadata"]["uid"], "Running")
        server.create(CONFIGMAPS, configmap("later"))
        assert server.stop() == 0
    again = refk8s("replay", tmp_path / LOG)
    assert (again.code, again.out.split(":")[0]) == (0, "same")


def test_a_torn_last_line_is_cut_off_with_a_notice(tmp_path: Path) -> None:
    with serving("--only", "api", "--data", tmp_path) as server:
        server.create(CONFIGMAPS, configmap("kept"))
    log = tmp_path / LOG
    log.write_bytes(log.read_bytes() + b'{"i":2,"label":"input crea')
    with serving("--only", "api", "--data", tmp_path) as server:
        assert any(
            "the last line was torn (26 bytes, never acknowledged); it is cut off" in line for line in server.lines
        )
        assert server.ask("GET", f"{CONFIGMAPS}/kept").code == 200


def test_a_torn_middle_is_an_error_that_names_the_line(tmp_path: Path) -> None:
    with serving("--only", "api", "--data", tmp_path) as server:
        for name in "abc":
            server.create(CONFIGMAPS, configmap(name))
    lines = (tmp_path / LOG).read_bytes().split(b"\n")
    lines[3] = lines[3][:40]
    (tmp_path / LOG).write_bytes(b"\n".join(lines))
    done = refk8s("serve", "--port", "0", "--data", tmp_path)
    assert done.code == 2
    assert done.err.startswith(f"error: {tmp_path}/{LOG}:4: broken line (")


def test_two_processes_on_one_folder_are_refused(tmp_path: Path) -> None:
    with serving("--only", "api", "--data", tmp_path) as server:
        done = refk8s("serve", "--port", "0", "--data", tmp_path)
        assert (done.code, done.err) == (
            2,
            f"error: {tmp_path}: in use by another refk8s serve; stop it, or take another folder for --data\n",
        )
        assert server.ask("GET", PODS).code == 200


def test_a_log_of_another_scenario_is_refused(tmp_path: Path) -> None:
    for _ in range(2):
        with serving("first-pod", "--time", "fast", "--data", tmp_path):
            pass
    done = refk8s("serve", "rollout", "--port", "0", "--data", tmp_path)
    assert (done.code, done.err.splitlines()[-1]) == (
        2,
        f"error: {tmp_path}/{LOG}: a log of scenario first-pod; take another folder for rollout",
    )


def test_a_log_that_cannot_grow_acknowledges_nothing_more(tmp_path: Path) -> None:
    limited = ("bash", "-c", 'ulimit -f 40; exec "$@"', "-")  # files of at most 40 KiB: then as on a full disk
    server = Server("--only", "api", "--data", tmp_path, before=limited)
    acknowledged = []
    for number in range(1_000):
        answer = server.ask("POST", CONFIGMAPS, configmap(f"n{number}"))
        if answer.code != 201:
            break
        acknowledged.append(f"n{number}")
    assert (answer.code, answer.body["reason"]) == (500, "InternalError")
    assert server.process.wait(10) == 2
    assert any("log.trace.jsonl: cannot be written: File too large" in line for line in server.lines)
    with serving("--only", "api", "--data", tmp_path) as server:
        there = {item["metadata"]["name"] for item in server.get(CONFIGMAPS)["items"]}
        assert set(acknowledged) <= there
        assert f"n{len(acknowledged)}" not in there
