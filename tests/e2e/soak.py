"""A long session: kubectl does this and that with a living cluster in real time; what the server recorded replays to the same digest.

python -m tests.e2e.soak [SECONDS] [SEED]
"""

from __future__ import annotations

import random
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

import attrs

from .command import refk8s
from .kubectl import Kubectl
from .server import Server

NAMES = ("web", "api", "shop")


@attrs.frozen
class Soaked:
    """How it went."""

    commands: int
    failed: int
    steps: int
    digest: str
    alarms: tuple[str, ...]


def soak(seconds: float, seed: int) -> Soaked:
    """One session of so many seconds. Raises AssertionError if it does not replay to the same digest."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "home").mkdir()
        (base / "work").mkdir()
        trace = base / "soak.trace.jsonl"
        server = Server("--nodes", "3", "--kubeconfig", base / "config", "--trace", trace)
        try:
            kubectl = Kubectl(server, base / "work", "default")
            commands = failed = 0
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                commands += 1
                failed += kubectl(command(rng)).code != 0
                time.sleep(0.3 * rng.random())
        finally:
            server.stop(signal.SIGINT)
        replayed = refk8s("replay", trace, "--no-check")
    assert replayed.code == 0, replayed.err
    found = re.match(r"same: (\d+) steps, digest (\w+); recorded as stopped", replayed.out)
    assert found is not None, replayed.out
    alarms = tuple(line for line in server.lines if line.startswith("alarm"))
    return Soaked(commands, failed, int(found[1]), found[2], alarms)


def command(rng: random.Random) -> str:
    """Something that somebody might type; it may fail."""
    name, number, node = rng.choice(NAMES), rng.randrange(1, 5), f"node-{rng.randrange(1, 4)}"
    return rng.choice(
        (
            f"create deployment {name} --image={name}:1 --replicas={number}",
            f"scale deployment {name} --replicas={number}",
            f"set image deployment/{name} *={name}:{number}",
            f"rollout restart deployment/{name}",
            f"rollout undo deployment/{name}",
            f"rollout status deployment/{name} --timeout=3s",
            f"delete deployment {name} --wait=false",
            f"delete pod -l app={name} --wait=false",
            f"run one-{number} --image=one:1 --restart=Never",
            f"delete pod one-{number} --wait=false",
            f"create configmap {name} --from-literal=a={number}",
            f"label configmap {name} --overwrite n={number}",
            f"delete configmap {name}",
            f"cordon {node}",
            f"uncordon {node}",
            f"drain {node} --force --timeout=3s",
            f"taint nodes {node} --overwrite k={number}:NoSchedule",
            f"taint nodes {node} k-",
            f"create namespace {name}",
            f"delete namespace {name} --wait=false",
            f"create secret generic s -n {name} --from-literal=a=b",
            f"expose deployment {name} --port=80",
            f"delete service {name}",
            "get pods,deployments,nodes -o wide",
            "get events",
            f"describe deployment {name}",
        )
    )


if __name__ == "__main__":
    result = soak(float(sys.argv[1]) if len(sys.argv) > 1 else 600, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(
        f"{result.commands} commands ({result.failed} failed), {result.steps} steps; replayed to the same digest {result.digest};"
        f" {len(result.alarms)} alarms"
    )
    for line in result.alarms:
        print(line)
    sys.exit(1 if result.alarms else 0)
