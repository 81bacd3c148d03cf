"""What only shows in a process of its own: signals, pipes, start-up, colours, completion."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from refk8s.trace.format import read
from refk8s.trace.replay import replay

from .command import BINARY, environment, process, refk8s

BUSY = """
apiVersion: refk8s.dev/v1
kind: Scenario
metadata: {name: busy}
spec:
  nodes: [{name: node, count: 2}]
  objects: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}, data: {count: "0"}}]
  users: {ann: [{increment: {resource: configmaps, name: a, field: data.count, times: 100000}}]}
"""


@pytest.mark.parametrize(("name", "number"), [("x.jsonl", signal.SIGINT), ("x.jsonl.gz", signal.SIGTERM)])
def test_an_interrupted_run_leaves_a_whole_trace_and_ends_with_130(tmp_path: Path, name: str, number: int) -> None:
    (tmp_path / "busy.yaml").write_text(BUSY)
    trace = tmp_path / name
    child = subprocess.Popen(
        [BINARY, "run", "busy.yaml", "--trace", name, "-q"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    deadline = time.monotonic() + 60
    while (not trace.exists() or trace.stat().st_size < 20_000) and time.monotonic() < deadline:
        time.sleep(0.02)  # until the run is under way
    child.send_signal(number)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    assert "Traceback" not in err
    assert "interrupted after" in out
    assert f"replay: refk8s replay {name}" in out
    recorded = read(trace)
    assert recorded.verdict["verdict"] == "interrupted"
    assert recorded.verdict["steps"] == len(recorded.steps) > 50
    assert replay(recorded, upto=50).status == "same"


def test_of_a_killed_run_the_trace_is_whole_up_to_the_last_line(tmp_path: Path) -> None:
    (tmp_path / "busy.yaml").write_text(BUSY)
    trace = tmp_path / "x.jsonl.gz"
    child = subprocess.Popen(
        [BINARY, "run", "busy.yaml", "--trace", trace, "-q"], cwd=tmp_path, stderr=subprocess.DEVNULL, env=environment()
    )
    deadline = time.monotonic() + 60
    while (not trace.exists() or trace.stat().st_size < 20_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.kill()
    child.wait(timeout=60)
    recorded = read(trace)
    assert not recorded.verdict
    assert len(recorded.steps) > 50
    assert replay(recorded, upto=50).status == "same"


def test_an_interrupted_demo_ends_at_once_with_its_workers() -> None:
    child = subprocess.Popen(
        [BINARY, "demo", "--seeds", "100000", "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    workers = Path(f"/proc/{child.pid}/task/{child.pid}/children")
    deadline = time.monotonic() + 60
    while len(workers.read_text().split()) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)  # until the workers are there
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err) == (130, "", "interrupted\n")


def test_a_reader_that_goes_away_ends_a_run_quietly() -> None:
    command = f"{BINARY} run rollout | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env=environment(), timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "141"
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr


def test_data_goes_to_stdout_and_the_rest_to_stderr() -> None:
    result = process("run", "first-pod", "-o", "json")
    assert result.out.startswith("{")
    assert result.err == ""


def test_nothing_is_coloured_in_a_pipe() -> None:
    assert "\x1b" not in process("run", "first-pod").out


def at_a_terminal(*words: str, **variables: str) -> str:
    """What a command writes to a terminal."""
    program = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    done = subprocess.run(
        [sys.executable, "-c", program, BINARY, *words],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment(TERM="xterm-256color", **variables),
        timeout=60,
        check=False,
    )
    return done.stdout


def test_colours_are_for_terminals_that_want_them() -> None:
    assert "\x1b[32mRunning" in at_a_terminal("run", "first-pod", "-q")
    assert "\x1b[32m" not in at_a_terminal("run", "first-pod", "-q", NO_COLOR="1")


NAMED_SHELL = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
"""Lets tests name the shell; typer finds it among the ancestors of the process otherwise, where there may be none."""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_shown_for_a_shell(shell: str) -> None:
    script = process("--show-completion", shell, **NAMED_SHELL).out
    assert "_REFK8S_COMPLETE" in script
    assert f"complete_{shell}" in script


def test_completion_is_installed_in_an_empty_home(tmp_path: Path) -> None:
    done = process("--install-completion", "bash", HOME=str(tmp_path), **NAMED_SHELL)
    assert done.code == 0
    assert "refk8s" in (tmp_path / ".bashrc").read_text()


def test_commands_and_scenarios_are_completed() -> None:
    complete = {"_REFK8S_COMPLETE": "complete_bash"}
    commands = process(COMP_WORDS="refk8s ", COMP_CWORD="1", **complete).out.split()
    assert {"run", "step", "replay", "why", "zoo"} <= set(commands)
    assert process(COMP_WORDS="refk8s run fi", COMP_CWORD="2", **complete).out.split() == ["first-pod"]


HEAVY = (
    "attrs",
    "cattrs",
    "orjson",
    "yaml",
    "immutables",
    "hypothesis",
    "refk8s.core.world",
    "refk8s.api",
    "refk8s.kinds",
    "asyncio",
    "concurrent",
)


def test_starting_up_imports_nothing_that_help_does_not_need() -> None:
    program = "import sys, refk8s.cli.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(done.stdout.split())
    assert [name for name in HEAVY if name in loaded] == []


@pytest.mark.parametrize(
    "words",
    [[], ["run"], ["step"], ["replay"], ["why"], ["demo"], ["conformance"]]
    + [["trace", name] for name in ("show", "diff")]
    + [["scenarios", name] for name in ("list", "show", "check", "schema")]
    + [["invariants", name] for name in ("list", "show")]
    + [["zoo", name] for name in ("list", "show", "run")],
    ids=" ".join,
)
def test_help_has_examples_line_by_line(words: list[str]) -> None:
    result = refk8s(*words, "--help")
    assert result.code == 0
    examples = [line.strip() for line in result.lines if line.strip().startswith(" ".join(["refk8s", *words]))]
    assert examples, result.out


def test_without_a_command_there_is_help_and_exit_code_2() -> None:
    result = process()
    assert result.code == 2
    assert "Usage: refk8s" in result.out


def test_the_version_names_the_reference() -> None:
    assert process("--version").out.startswith("refk8s 0.")
    assert "Kubernetes v1.36" in process("--version").out
