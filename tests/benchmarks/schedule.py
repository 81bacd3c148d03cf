"""How long `refk8s schedule` takes on a dump of a real cluster's size."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import yaml

from tests.unit.schedule.dumps import large

from .measure import Figure, Size, benchmark, command_cpu_s

_POD = """apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers: [{name: c, image: "r.example.com/web:3", resources: {requests: {cpu: 500m, memory: 1Gi}}}]
"""


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


@benchmark("schedule")
def schedule(size: Size) -> list[Figure]:
    """CPU time of `refk8s schedule` for one pod, start-up and parsing included, with a dump of 500 nodes and 5,000 pods."""
    nodes, pods, rounds = (500, 5_000, 3) if size == "full" else (5, 50, 1)
    document = large(nodes, pods)
    with TemporaryDirectory() as folder:
        pod, as_yaml, as_json, main = (Path(folder, name) for name in ("pod.yaml", "dump.yaml", "dump.json", "main.py"))
        pod.write_text(_POD)
        as_yaml.write_text(yaml.dump(document, Dumper=_Dumper, sort_keys=True, width=10_000))
        as_json.write_text(json.dumps(document, indent=4))
        main.write_text("import sys\nfrom refk8s.cli import main\nsys.argv[0] = 'refk8s'\nmain()\n")
        figures = []
        for name, dump in (("YAML", as_yaml), ("JSON", as_json)):
            words = (sys.executable, str(main), "schedule", "-f", str(pod), "--cluster", str(dump))
            times = [command_cpu_s(*words) for _ in range(rounds)]
            mib = dump.stat().st_size / 2**20
            figures.append(Figure(f"{nodes} nodes, {pods:,} pods, {name} of {mib:.0f} MiB", median(times), "s", 3.0))
    return figures
