"""The container runtime as a value."""

from refk8s.kubelet.behaviour import Attempt
from refk8s.kubelet.images import image_id, reference
from refk8s.kubelet.runtime import KILLED, Runtime

from .pods import NOW_MS, sandbox


def test_a_run_ends_by_itself_when_its_time_has_come() -> None:
    run = sandbox(("c", 2_000, 3)).find("c")
    assert run is not None
    assert run.runs(NOW_MS + 1_999)
    assert not run.runs(NOW_MS + 2_000)
    assert run.exit_code == 3


def test_sigterm_ends_a_run_after_its_stop_time() -> None:
    run = sandbox(("c", -1)).find("c")
    assert run is not None
    stopped = run.stopped(NOW_MS, 1_000, 30_000)
    assert (stopped.exit_ms, stopped.exit_code) == (NOW_MS + 1_500, 0)


def test_a_run_that_does_not_stop_in_its_grace_period_is_killed() -> None:
    made = sandbox(("c", -1)).start("d", "x", Attempt(stop_ms=60_000), 0, NOW_MS)
    run = made.find("d")
    assert run is not None
    stopped = run.stopped(NOW_MS, 0, 30_000)
    assert (stopped.exit_ms, stopped.exit_code) == (NOW_MS + 30_000, KILLED)


def test_a_second_request_to_stop_can_only_bring_the_end_nearer() -> None:
    run = sandbox(("c", -1)).find("c")
    assert run is not None
    first = run.stopped(NOW_MS, 0, 300)
    assert first.stopped(NOW_MS + 100, 0, 30_000) is first
    assert first.stopped(NOW_MS + 100, 0, 100).exit_ms == NOW_MS + 200


def test_of_each_container_the_two_newest_runs_are_kept() -> None:
    made = sandbox(("c", 1, 1), ("c", 1, 2), ("c", 1, 3), ("d", 1))
    newest, previous = made.find("c"), made.previous("c")
    assert newest is not None
    assert previous is not None
    assert (newest.attempt, newest.exit_code, previous.attempt, previous.exit_code) == (2, 3, 1, 2)
    assert len(made.instances) == 3


def test_addresses_are_unique_among_the_pods_that_exist_and_come_back_late() -> None:
    runtime = Runtime()
    for n in range(3):
        runtime = runtime.create(f"u{n}", f"d/p{n}", "10.0.1", NOW_MS)
    assert [runtime.pods[f"u{n}"].ip for n in range(3)] == ["10.0.1.2", "10.0.1.3", "10.0.1.4"]
    runtime = runtime.remove("u0").create("u3", "d/p3", "10.0.1", NOW_MS)
    assert runtime.pods["u3"].ip == "10.0.1.5"
    for n in range(4, 255):
        runtime = runtime.create(f"u{n}", f"d/p{n}", "10.0.1", NOW_MS)
    addresses = [sandbox.ip for sandbox in runtime.pods.values()]
    assert "10.0.1.2" in addresses
    assert len(set(addresses)) == 253


def test_the_token_is_that_of_the_content() -> None:
    one = Runtime().create("u1", "d/p", "10.0.1", NOW_MS).with_image("a", 1).with_image("b", 2)
    other = Runtime().with_image("b", 2).create("u1", "d/p", "10.0.1", NOW_MS).with_image("a", 1)
    assert one.token == other.token
    assert one.token != other.put(other.pods["u1"].down()).token
    assert one.remove("u1").token == Runtime().with_image("a", 1).with_image("b", 2).token.replace("|1", "|2")


def test_images_get_their_full_names_as_containerd_gives_them() -> None:
    assert reference("nginx") == "docker.io/library/nginx:latest"
    assert reference("me/app:1") == "docker.io/me/app:1"
    assert reference("localhost/app") == "localhost/app:latest"
    assert reference("gcr.io/a/b@sha256:00") == "gcr.io/a/b@sha256:00"
    assert image_id("nginx:1").startswith("docker.io/library/nginx@sha256:")
    assert len(image_id("nginx:1").rpartition(":")[2]) == 64
