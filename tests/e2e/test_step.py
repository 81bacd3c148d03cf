"""`refk8s step`: forwards, backwards, sideways; what is saved replays."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
from pathlib import Path

from refk8s.trace.format import read

from .command import BINARY, Result, environment, refk8s


def scripted(*commands: str, target: str | Path = "first-pod", code: int = 0, more: tuple[str, ...] = ()) -> list[str]:
    """The lines that a script prints."""
    result = refk8s("step", target, "--script", *more, stdin="\n".join(commands) + "\n")
    assert result.code == code, result.err
    return result.lines


def test_an_empty_line_and_next_do_what_the_default_driver_would() -> None:
    by_lines = scripted("", "", "digest")[-1]
    assert scripted("next 2", "digest")[-1] == scripted("0", "0", "digest")[-1] == by_lines


def test_enabled_names_actions_with_their_causes_and_numbers_do_them() -> None:
    lines = scripted("run until pod/hello", "enabled", "0")
    first = next(line for line in lines if line.startswith("   0  "))
    assert re.search(r"\(because of #\d+ .*\)$", first)
    done = next(line for line in lines if line.startswith("#"))
    assert first.strip().removeprefix("0  ").partition("  (because")[0] == done.partition(" ")[2]
    assert scripted("enabled kubelet/node-1")[0].startswith("   0  relist kubelet/node-1")


def test_back_and_goto_lead_to_the_same_worlds() -> None:
    lines = scripted("next 30", "digest", "next 20", "back 20", "digest", "goto 10", "goto 30", "digest")
    digests = [line for line in lines if re.fullmatch(r"[0-9a-f]{32}", line)]
    assert len(digests) == 3
    assert len(set(digests)) == 1
    assert "at step 10, 0.000s, revision" in "\n".join(lines)


def test_after_many_steps_back_a_new_branch_begins() -> None:
    out = scripted("goto 700", "back 699", "digest", "next", "digest", target="rollout")
    again = scripted("next", "digest", "next", "digest", target="rollout")
    assert [line for line in out if re.fullmatch(r"[0-9a-f]{32}", line)] == [
        line for line in again if re.fullmatch(r"[0-9a-f]{32}", line)
    ]


def test_run_until_reaches_a_state_quiet_or_says_that_it_did_not() -> None:
    lines = scripted("run until pod/hello=Running", "get pods", "run until quiet", "run until STORE-01")
    assert re.match(r"condition reached after \d+ steps", lines[0])
    assert lines[3].split()[:4] == ["default", "hello", "1/1", "Running"]
    assert re.match(r"quiet after \d+ steps", lines[4])
    assert lines[6] == "STORE-01 not reached: quiet after 0 steps"
    lines = scripted("run until pod/nobody=Running", code=1)
    assert re.match(r"pod/nobody=Running not reached: quiet after \d+ steps", lines[0])


def test_why_of_a_step_that_changed_nothing_names_what_enabled_it() -> None:
    delivery = scripted("run until pod/hello=Running", "next")[-1]
    assert re.match(r"#\d+ deliver ", delivery)
    number = delivery.split()[0]
    lines = scripted("run until pod/hello=Running", "next", f"why {number[1:]}")
    assert lines[-1].split(maxsplit=2)[1:] == [number, "└ (this step): changed nothing"]
    assert "changed Pod default/hello: Pending→Running" in lines[-2]


def test_get_describe_diff_why_and_story_show_what_is_there() -> None:
    lines = scripted(
        "run until pod/hello=Running",
        "get po/hello",
        "get cm",
        "get pods -n nowhere",
        "describe pod/hello",
        "diff",
        "why pod/hello",
        "story 2",
    )
    text = "\n".join(lines)
    assert "no configmaps found" in lines
    assert "no pods found in namespace nowhere" in lines
    assert "managedFields" not in text
    assert "&id001" not in text
    assert re.search(
        r"  2026-01-01T00:00:00Z  Normal  Scheduled  default-scheduler  Successfully assigned default/hello to node-1",
        text,
    )
    assert "    status.phase: Pending → Running" in lines
    assert re.search(r"#\d+ +user/ann: created Pod default/hello", text)
    assert lines[-1].endswith("kubelet/node-1/status: changed Pod default/hello: Pending→Running, Ready, web running")


def test_hold_keeps_everything_from_an_informer_until_release() -> None:
    lines = scripted(
        "hold kube-scheduler pods",
        "run until quiet",
        "get pods",
        "enabled",
        "release kube-scheduler pods",
        "run until pod/hello=Running",
    )
    assert any(line.startswith("at step") and line.endswith("; held: kube-scheduler pods") for line in lines)
    assert next(line for line in lines if line.startswith("default")).split()[3] == "Pending"
    assert "held: kube-scheduler pods" in lines
    assert any(line.startswith("condition reached") for line in lines)


def test_apply_is_done_by_the_user_you_and_what_is_saved_replays(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {token: hunter2}\n---\n"
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Bad}\n"
    )
    trace = tmp_path / "x.jsonl.gz"
    lines = scripted(
        "run until quiet",
        f"apply -f {tmp_path}/x.yaml",
        "run until quiet",
        "story 3",
        "get secrets",
        "next 3",
        f"save {trace}",
    )
    assert any("user/you: apply: secret/key created" in line for line in lines)
    assert any('user/you: apply: The ConfigMap "Bad" is invalid' in line for line in lines)
    assert "hunter2" not in str(read(trace).steps) + str(read(trace).header)
    assert refk8s("replay", trace).lines[0].startswith("same: ")
    at_its_end = scripted("digest", target=trace)
    assert at_its_end == [read(trace).verdict["digest"]]


def test_a_saved_trace_with_holds_and_picks_replays(tmp_path: Path) -> None:
    trace = tmp_path / "x.jsonl"
    scripted(
        "run until pod/hello",
        "hold kubelet/node-1",
        "run until quiet",
        "release kubelet/node-1",
        "enabled",
        "2",
        "run until quiet",
        f"save {trace}",
    )
    assert refk8s("replay", trace).code == 0


def test_secrets_are_kept_on_request(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\ndata: {token: aHVudGVyMg==}\n"
    )
    for flags, kept in ((), False), (("--secrets",), True):
        text = "\n".join(
            scripted("run until secret/key", "describe secret/key", target=tmp_path / "x.yaml", more=flags)
        )
        assert ("aHVudGVyMg==" in text) == kept


def test_comments_and_quit_end_nothing_but_the_script() -> None:
    assert scripted("# a comment", "digest", "quit", "dance") == scripted("digest")


def test_manifests_can_be_stepped_through(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    lines = scripted("run until configmap/a", "get nodes", "get cm", target=tmp_path / "x.yaml", more=("--nodes", "2"))
    assert [line.split()[0] for line in lines if line.startswith("node-")] == ["node-1", "node-2"]


def at_a_terminal() -> tuple[int, subprocess.Popen[str]]:
    """The terminal's other end, and a session at it."""
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [BINARY, "step", "first-pod"],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(TERM="dumb"),
    )
    os.close(slave)
    return master, child


def interactive(*commands: str) -> Result:
    """A session at a terminal."""
    master, child = at_a_terminal()
    os.write(master, "".join(f"{command}\n" for command in commands).encode())
    out, err = child.communicate(timeout=60)
    os.close(master)
    return Result(child.returncode, out, err)


def test_a_session_greets_goes_on_after_mistakes_and_ends_with_quit() -> None:
    session = interactive("", "dance", "back 5", "back", "quit")
    assert session.code == 0
    assert "first-pod: One pod from apply to Running" in session.out
    assert "`help` lists the commands" in session.out
    assert "#0 relist" in session.out
    assert "error: no command 'dance'; `help` lists them" in session.err
    assert "error: back 5: only 1 steps have been taken" in session.err
    assert "at step 0, 0.000s" in session.out
    assert "Traceback" not in session.err


def test_ctrl_c_at_the_prompt_loses_nothing() -> None:
    master, child = at_a_terminal()
    os.write(master, b"next 3\n")
    assert child.stdout is not None
    seen = ""
    while not seen.endswith("[3]> "):
        part = child.stdout.read(1)
        assert part, seen
        seen += part
    assert child.stderr is not None
    heard: list[object] = []
    while not heard:  # a signal that comes just before the session begins to read is heard with the next one
        child.send_signal(signal.SIGINT)
        heard, _, _ = select.select([child.stderr], [], [], 1)
    os.write(master, b"back\nquit\n")
    out, err = child.communicate(timeout=60)
    os.close(master)
    assert child.returncode == 0
    assert set(err.splitlines()) == {"", "interrupted; `quit` or Ctrl-D ends the session, `save FILE` keeps it"}
    assert "at step 2, 0.000s" in out


def test_what_is_not_held_cannot_be_released_nor_what_is_held_be_held_again() -> None:
    result = refk8s("step", "first-pod", "--script", stdin="release kube-scheduler pods\n")
    assert (result.code, result.err) == (
        2,
        "error: standard input, line 1: release kube-scheduler pods: kube-scheduler pods is not held; `enabled` lists what is\n",
    )
    result = refk8s("step", "first-pod", "--script", stdin="next 60\nhold kube-scheduler\nhold kube-scheduler\n")
    assert result.err == (
        "error: standard input, line 3: hold kube-scheduler: kube-scheduler is held already; `release kube-scheduler` ends it\n"
    )


def test_a_step_may_be_named_as_the_story_prints_it() -> None:
    told = scripted("run until pod/hello=Running", "why 60")
    assert len(told) > 2
    assert scripted("run until pod/hello=Running", "why #60 # a remark", "# another") == told
    assert refk8s("why", "first-pod", "#60").out == refk8s("why", "first-pod", "60").out != ""


def test_a_mutants_trace_is_opened_with_its_bug_and_saved_with_it(tmp_path: Path) -> None:
    assert refk8s("fuzz", "--mutant", "blind-put", "--seeds", 1, "--jobs", 1, "--out", tmp_path).code == 1
    (trace,) = tmp_path.iterdir()
    saved = tmp_path / "saved.trace.jsonl"
    opened = refk8s("step", trace, "--script", stdin=f"why configmap/counter\nsave {saved}\n")
    assert opened.code == 0
    assert "└ " not in opened.lines[0]
    again = refk8s("replay", saved)
    assert again.code == 1
    assert again.lines[0].startswith("API-01 violated at step 7 ")


def test_a_trace_that_does_not_replay_is_not_opened(tmp_path: Path) -> None:
    trace = tmp_path / "x.trace.jsonl"
    assert refk8s("run", "first-pod", "-q", "--trace", trace).code == 0
    lines = trace.read_text().splitlines()
    digest = lines[3].partition('"digest":"')[2][:32]
    trace.write_text("\n".join([*lines[:3], lines[3].replace(digest, "0" * 32), *lines[4:]]) + "\n")
    opened = refk8s("step", trace, "--script")
    assert opened.code == 3
    assert f"{trace}:4: after " in opened.err
    assert f"the digest is {digest}, recorded was {'0' * 32}" in opened.err


def test_why_shows_what_came_from_what() -> None:
    asked = refk8s("step", "first-pod", "--script", stdin="run until quiet\nwhy pod/hello\n")
    assert asked.lines[-3:] == refk8s("why", "first-pod", "pod/hello").lines
    assert [line[19:].split("kube")[0].strip() for line in asked.lines[-2:]] == ["└", "└"]
