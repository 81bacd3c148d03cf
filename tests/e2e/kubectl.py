"""The real kubectl against a server of ours."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from .command import Result, environment, refk8s
from .server import Server

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl on this machine")


class Kubectl:
    """kubectl with a home, a kubeconfig and a namespace of its own; `folder` is where it runs."""

    def __init__(self, server: Server, folder: Path, namespace: str) -> None:
        self.server = server
        self.folder = folder
        self.namespace = namespace

    def __call__(self, words: str, *more: str, stdin: str = "", **variables: str) -> Result:
        """Run a command, its words separated by blanks, then `more` as they are."""
        command = ["kubectl", f"--namespace={self.namespace}", *words.split(), *more]
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment(**variables),
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def environment(self, **variables: str) -> dict[str, str]:
        """Its environment."""
        home = str(self.folder.parent / "home")
        return environment(HOME=home, KUBECONFIG=str(self.folder.parent / "config"), **variables)

    def says(self, words: str, *more: str, stdin: str = "", **variables: str) -> str:
        """What a command that succeeds prints."""
        done = self(words, *more, stdin=stdin, **variables)
        assert done.code == 0, f"kubectl {words}: exit code {done.code}\n{done.out}{done.err}"
        return done.out

    def fails(self, words: str, *more: str, stdin: str = "", **variables: str) -> str:
        """What a command that ends with 1 says on stderr."""
        done = self(words, *more, stdin=stdin, **variables)
        assert done.code == 1, f"kubectl {words}: exit code {done.code}\n{done.out}{done.err}"
        return done.err

    def write(self, name: str, text: str) -> str:
        """A YAML file to be named in a command; in block form, because kubectl takes what begins with a brace for JSON."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(yaml.safe_load(dedent(text))))
        return name


def cluster(base: Path, *words: str) -> Iterator[Server]:
    """A living cluster for a module's sessions: nothing of it raises an alarm, and all of it replays to the same digest."""
    trace = base / "session.trace.jsonl"
    (base / "home").mkdir()
    server = Server("--nodes", "3", "--time", "fast", "--kubeconfig", base / "config", "--trace", trace, *words)
    try:
        yield server
        assert server.stop() == 0, server.lines
    finally:
        server.stop()
    done = refk8s("replay", trace, "--no-check")
    assert done.code == 0, done.err
    assert done.out.startswith("same: ")


def session(server: Server, base: Path, name: str) -> Kubectl:
    """kubectl in a new namespace."""
    folder = base / name
    folder.mkdir()
    kubectl = Kubectl(server, folder, name)
    assert kubectl.says(f"create namespace {name}") == f"namespace/{name} created\n"
    return kubectl


def columns(text: str) -> list[list[str]]:
    """The cells of a table."""
    return [line.split() for line in text.splitlines()]


__all__ = ["Kubectl", "cluster", "columns", "needs_kubectl", "session"]
