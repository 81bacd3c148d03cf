"""The state tables: what happens is in them, and each row happens."""

from typing import Any

import pytest

from refk8s.core.machine import Machine
from refk8s.core.world import World
from refk8s.explore.drivers import RandomDriver
from refk8s.kubelet.machines import CONTAINER_STATE, POD_PHASE, WORKER
from refk8s.kubelet.records import Worker

from .kubelet_world import KubeletWorld
from .pods import container

FAST = "pull 0s; start 0s"
LIVES: dict[str, dict[str, Any]] = {
    "runs": {},
    "ends": {"does": "exit 0 after 2s", "restartPolicy": "Never"},
    "fails": {"does": "exit 1 after 2s", "restartPolicy": "Never"},
    "crashes": {"does": "exit 1 after 1s"},
    "loses its image": {
        "does": "exit 1 after 5s; no image after 4s",
        "containers": [container(imagePullPolicy="Always")],
    },
    "is there at once": {"does": FAST},
    "ends at once": {"does": f"{FAST}; exit 0", "restartPolicy": "Never"},
    "fails its init": {"does": "i: exit 1", "restartPolicy": "Never", "initContainers": [container("i")]},
    "does not fit": {"containers": [container(resources={"requests": {"cpu": "64"}})]},
    "is rejected by a kubelet that has restarted": {"taint_after_ms": 3_000},
    "is rejected before it has started": {"does": "pull 20s", "taint_after_ms": 3_000},
    "is rejected when a container of it has ended": {
        "does": "c: exit 0 after 1s",
        "taint_after_ms": 3_000,
        "restartPolicy": "OnFailure",
        "containers": [container(), container("d")],
    },
    "is deleted early": {"does": "pull 20s", "delete_after_ms": 1_000},
    "is deleted": {"delete_after_ms": 3_000},
}


def live(life: dict[str, Any], seed: int | None = None) -> KubeletWorld:
    made = KubeletWorld.start()
    fields = dict(life)
    delete_ms, taint_ms = fields.pop("delete_after_ms", None), fields.pop("taint_after_ms", None)
    made.create("web", fields.pop("does", ""), **fields)
    if delete_ms is not None:
        made.run(for_ms=delete_ms)
        made.delete()
    if taint_ms is not None:
        made.run(for_ms=taint_ms)
        made.crash()
        taint = {"key": "x.io/out", "effect": "NoExecute"}
        made.ask("patch", "nodes", "n1", {"spec": {"taints": [taint]}}, patchType="strategic")
        made.run(for_ms=1)
        made.restart()
    made.run(driver=None if seed is None else RandomDriver(seed))
    return made


def fired(machine: Machine, made: KubeletWorld) -> list[str]:
    """The rows that fired; fails at a change that is no row."""
    found = []
    for _, change in made.changes:
        if change.resource == machine.resource:
            for instance, before, after, row in machine.fired(change):
                assert row is not None, f"{instance}: {before or 'none'} to {after or 'none'} by {change.actor}"
                found.append(row.id)
    return found


@pytest.mark.parametrize("name", LIVES)
def test_every_change_of_phase_and_container_state_is_a_row(name: str) -> None:
    for seed in (None, 1, 2, 3):
        made = live(LIVES[name], seed)
        assert fired(POD_PHASE, made)
        fired(CONTAINER_STATE, made)


@pytest.mark.parametrize("machine", [POD_PHASE, CONTAINER_STATE], ids=lambda machine: machine.id)
def test_every_row_is_reached(machine: Machine) -> None:
    missing = {row.id for row in machine.rows if row.provided is None}  # the others: test_machines_faults.py
    for seed in (None, *range(40)):
        for life in LIVES.values():
            missing -= set(fired(machine, live(life, seed)))
            if not missing:
                return
    assert not missing


def test_every_change_of_a_workers_state_is_a_row() -> None:
    rows = {(row.before, row.after) for row in WORKER}
    states = {state for row in rows for state in row}
    seen: set[tuple[str, str]] = set()
    for life in LIVES.values():
        made = KubeletWorld.start()
        before: dict[str, str] = {}

        def watch(after: World, before: dict[str, str] = before) -> None:
            memory = after.process("kubelet/n1").memory
            now = {name: value.state for name, value in memory.items() if isinstance(value, Worker)}
            for name in {**before, **now}:
                step = (before.get(name, ""), now.get(name, ""))
                if step[0] != step[1]:
                    seen.add(step)
            before.clear()
            before.update(now)

        made.observe = watch
        fields = dict(life)
        for field in ("delete_after_ms", "taint_after_ms"):
            fields.pop(field, None)
        made.create("web", fields.pop("does", ""), **fields)
        made.run(for_ms=5_000)
        made.delete()
        made.run()
    # A turn may take several rows at once: every step seen is a path of rows.
    assert all(reaches(rows, *step) for step in seen)
    assert {state for step in seen for state in step} == states


def reaches(rows: set[tuple[str, str]], start: str, end: str) -> bool:
    found, todo = set(), [after for before, after in rows if before == start]
    while todo:
        state = todo.pop()
        if state == end:
            return True
        if state not in found and state:
            found.add(state)
            todo += [after for before, after in rows if before == state]
    return False
