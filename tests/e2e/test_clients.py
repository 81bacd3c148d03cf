"""The clients that people use, each in a real session: list, watch, create, patch, status, finalizers."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .command import environment, refk8s
from .server import Server, serving

pytest.importorskip("uvicorn", reason="needs refk8s[serve]")

SPEC: dict[str, Any] = {"containers": [{"name": "c", "image": "nginx:1"}]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the module's kubeconfig and trace."""
    return tmp_path_factory.mktemp("clients")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """A living cluster; what the clients did to it replays to the same digest."""
    trace = folder / "clients.trace.jsonl"
    with serving("--nodes", "2", "--time", "fast", "--kubeconfig", folder / "config", "--trace", trace) as server:
        yield server
        assert server.stop() == 0, server.lines
    assert refk8s("replay", trace).code == 0


def test_the_official_client(server: Server, folder: Path) -> None:
    kubernetes = pytest.importorskip("kubernetes", reason="the kubernetes client is not installed")
    client = kubernetes.config.new_client_from_config(str(folder / "config"))
    core, apps = kubernetes.client.CoreV1Api(client), kubernetes.client.AppsV1Api(client)
    assert [node.metadata.name for node in core.list_node().items] == ["node-1", "node-2"]
    labels = {"app": "official"}
    template = {"metadata": {"labels": labels}, "spec": SPEC}
    body = {
        "metadata": {"name": "official"},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
    }
    made = apps.create_namespaced_deployment("default", body)
    watch = kubernetes.watch.Watch()
    listing = apps.list_namespaced_deployment
    for event in watch.stream(listing, "default", resource_version=made.metadata.resource_version, timeout_seconds=30):
        if event["object"].status.ready_replicas == 2:
            watch.stop()
    apps.patch_namespaced_deployment_scale("official", "default", {"spec": {"replicas": 1}})
    assert apps.read_namespaced_deployment_scale("official", "default").spec.replicas == 1
    (pod, *_) = core.list_namespaced_pod("default", label_selector="app=official").items
    change = {"status": {"conditions": [{"type": "example.com/seen", "status": "True"}]}}
    changed = core.patch_namespaced_pod_status(pod.metadata.name, "default", change)
    assert "example.com/seen" in [condition.type for condition in changed.status.conditions]
    core.create_namespaced_config_map(
        "default", {"metadata": {"name": "official", "finalizers": ["example.com/wait"]}, "data": {"a": "1"}}
    )
    core.delete_namespaced_config_map("official", "default")
    waiting = core.read_namespaced_config_map("official", "default")
    assert waiting.metadata.deletion_timestamp is not None
    core.patch_namespaced_config_map("official", "default", {"metadata": {"finalizers": None}})
    with pytest.raises(kubernetes.client.ApiException) as refused:
        core.read_namespaced_config_map("official", "default")
    assert (refused.value.status, refused.value.reason) == (404, "Not Found")
    with pytest.raises(kubernetes.client.ApiException) as refused:
        core.create_namespaced_pod("default", {"metadata": {"name": "Wrong"}, "spec": SPEC})
    assert refused.value.status == 422
    apps.delete_namespaced_deployment("official", "default")


def test_lightkube(server: Server, folder: Path) -> None:
    lightkube = pytest.importorskip("lightkube", reason="lightkube is not installed")
    from lightkube import KubeConfig
    from lightkube.models.meta_v1 import ObjectMeta
    from lightkube.resources.core_v1 import ConfigMap, Node, Pod

    client = lightkube.Client(config=KubeConfig.from_file(folder / "config"), field_manager="lightkube")
    assert [node.metadata.name for node in client.list(Node)] == ["node-1", "node-2"]
    made = client.create(ConfigMap(metadata=ObjectMeta(name="light", namespace="default"), data={"a": "1"}))
    changed = client.patch(ConfigMap, "light", {"data": {"b": "2"}}, namespace="default")
    assert changed.data == {"a": "1", "b": "2"}
    events = client.watch(
        ConfigMap,
        namespace="default",
        fields={"metadata.name": "light"},
        resource_version=made.metadata.resourceVersion,
    )
    kind, seen = next(iter(events))
    assert (kind, seen.data) == ("MODIFIED", {"a": "1", "b": "2"})
    applied = client.apply(ConfigMap(metadata=ObjectMeta(name="light", namespace="default"), data={"c": "3"}))
    assert applied.data == {"a": "1", "b": "2", "c": "3"}
    pod = client.create(Pod.from_dict({"metadata": {"name": "light", "namespace": "default"}, "spec": SPEC}))
    client.wait(Pod, "light", for_conditions=["Ready"], namespace="default")
    status = Pod.from_dict(
        {"metadata": {"name": "light", "namespace": "default"}, "status": {"message": "hello"}}
    ).to_dict()
    changed = client.patch(Pod.Status, "light", status, namespace="default")
    assert (changed.status.message, changed.metadata.uid) == ("hello", pod.metadata.uid)
    client.patch(ConfigMap, "light", {"metadata": {"finalizers": ["example.com/wait"]}}, namespace="default")
    client.delete(ConfigMap, "light", namespace="default")
    assert client.get(ConfigMap, "light", namespace="default").metadata.deletionTimestamp is not None
    client.patch(ConfigMap, "light", {"metadata": {"finalizers": None}}, namespace="default")
    with pytest.raises(lightkube.ApiError) as refused:
        client.get(ConfigMap, "light", namespace="default")
    assert refused.value.status.reason == "NotFound"
    client.delete(Pod, "light", namespace="default")


def test_kr8s(server: Server, folder: Path) -> None:
    kr8s = pytest.importorskip("kr8s", reason="kr8s is not installed")
    from kr8s.asyncio.objects import ConfigMap, Pod

    async def session() -> None:
        api = await kr8s.asyncio.api(kubeconfig=str(folder / "config"))
        assert (await api.version())["gitVersion"] == "v1.36.2"
        assert [node.name async for node in api.get("nodes")] == ["node-1", "node-2"]
        pod = await Pod({"metadata": {"name": "kr8s", "namespace": "default"}, "spec": SPEC}, api=api)
        await pod.create()
        await pod.wait("condition=Ready", timeout=30)
        await pod.label({"seen": "yes"})
        assert [found.name async for found in api.get("pods", namespace="default", label_selector="seen=yes")] == [
            "kr8s"
        ]
        seen = [*pod.status.conditions, {"type": "example.com/seen", "status": "True"}]
        await pod.patch({"status": {"conditions": seen}}, subresource="status")
        await pod.refresh()
        assert "example.com/seen" in [condition["type"] for condition in pod.status.conditions]
        kept = await ConfigMap(
            {"metadata": {"name": "kr8s", "namespace": "default", "finalizers": ["example.com/wait"]}}, api=api
        )
        await kept.create()
        await kept.delete()
        await kept.refresh()
        assert "deletionTimestamp" in kept.metadata
        await kept.patch({"metadata": {"finalizers": None}})
        assert not await kept.exists()
        await pod.delete()
        await pod.wait("delete", timeout=60)

    asyncio.run(session())


OPERATOR = """
import kopf

@kopf.on.create("configmaps", labels={"kopf": "yes"})
def made(name, patch, **_):
    patch.setdefault("data", {})["made"] = name

@kopf.on.update("configmaps", labels={"kopf": "yes"}, field="data.count")
def counted(new, patch, **_):
    patch.setdefault("data", {})["seen"] = str(new)

@kopf.on.delete("configmaps", labels={"kopf": "yes"})
def gone(name, **_):
    print("gone", name, flush=True)
"""


def test_kopf(server: Server, folder: Path) -> None:
    pytest.importorskip("kopf", reason="kopf is not installed")
    path = "/api/v1/namespaces/default/configmaps"
    (folder / "handlers.py").write_text(OPERATOR)
    command = [sys.executable, "-m", "kopf", "run", "handlers.py", "--namespace", "default", "--standalone"]
    operator = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(KUBECONFIG=str(folder / "config")),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: list[str] = []
    threading.Thread(target=lambda: lines.extend(operator.stdout or ()), daemon=True).start()
    try:
        server.create(path, {"metadata": {"name": "kopf", "labels": {"kopf": "yes"}}})
        made = _until(server, path, lambda data: data.get("made") == "kopf", lines)
        assert made["metadata"]["finalizers"] == ["kopf.zalando.org/KopfFinalizerMarker"]
        answer = server.ask(
            "PATCH", f"{path}/kopf", {"data": {"count": "3"}}, content_type="application/merge-patch+json"
        )
        assert answer.code == 200
        _until(server, path, lambda data: data.get("seen") == "3", lines)
        server.ask("DELETE", f"{path}/kopf")
        deadline = time.monotonic() + 20
        while server.ask("GET", f"{path}/kopf").code != 404 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert server.ask("GET", f"{path}/kopf").code == 404, "".join(lines)
    finally:
        operator.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            operator.wait(10)
        operator.kill()
    assert "gone kopf\n" in lines


def _until(server: Server, path: str, holds: Any, lines: list[str]) -> Any:
    """The ConfigMap once what it holds is as wanted."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = server.get(f"{path}/kopf")
        if holds(found.get("data", {})):
            return found
        time.sleep(0.05)
    raise AssertionError("".join(lines))
