"""The api corpus over HTTP: a server answers as the replay in process does."""

from __future__ import annotations

from pathlib import Path

import pytest

from refk8s.conformance import api
from refk8s.conformance.cases import vendored

from .command import refk8s
from .server import serving

pytest.importorskip("uvicorn", reason="needs refk8s[serve]")

# The themes that wait for little; `refk8s conformance --url` takes all of them.
THEMES = ("binding", "concurrency", "discovery", "dry-run", "http", "list", "patch", "pods-validation", "ssa", "table")


def test_over_http_and_in_process_the_same_agrees() -> None:
    from refk8s.http.replaying import replay_url

    folder = vendored("api")
    with serving("--only", "api", "--token", "t") as server:
        over_http = replay_url(folder, server.url, "t", themes=THEMES)
        assert not [line for line in server.lines if "alarm" in line or "error" in line]
    assert over_http.as_json() == api.replay(folder, THEMES).as_json()


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    done = refk8s("conformance", "--url", "nonsense")
    assert (done.code, done.err) == (2, "error: --url nonsense: a URL is needed, such as http://127.0.0.1:8001\n")
    done = refk8s("conformance", "--url", "http://127.0.0.1:9")
    assert (done.code, done.err) == (2, "error: --url http://127.0.0.1:9: Connection refused; is the server running?\n")
    with serving("--only", "api") as server:
        done = refk8s("conformance", tmp_path, "--url", server.url)
    assert (done.code, done.err) == (2, f"error: {tmp_path}: no case files in it; expected files named api-*.json\n")
