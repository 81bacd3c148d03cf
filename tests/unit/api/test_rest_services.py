"""Addresses and node ports of Services."""

from __future__ import annotations

from typing import Any

from tests.unit.api.api_server import Server, service


def spec_of(server: Server, name: str, **spec: Any) -> dict[str, Any]:
    found: dict[str, Any] = server.create("services", service(name, **spec))["spec"]
    return found


def test_services_get_addresses_in_order_whatever_else_is_written() -> None:
    server = Server()
    assert spec_of(server, "a")["clusterIP"] == "10.96.1.0"
    server.create("namespaces", {"metadata": {"name": "x"}})
    second = spec_of(server, "b")
    assert (second["clusterIP"], second["clusterIPs"]) == ("10.96.1.1", ["10.96.1.1"])
    assert (second["ipFamilies"], second["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")


def test_an_address_asked_for_is_given_once() -> None:
    server = Server()
    assert spec_of(server, "a", clusterIP="10.96.1.1")["clusterIPs"] == ["10.96.1.1"]
    message = server.refused("create", "services", body=service("b", clusterIP="10.96.1.1"))[2]
    assert "failed to allocate IP 10.96.1.1: provided IP is already allocated" in message
    assert spec_of(server, "c")["clusterIP"] == "10.96.1.0"
    assert spec_of(server, "d")["clusterIP"] == "10.96.1.2"


def test_headless_and_external_services_have_no_address() -> None:
    server = Server()
    assert spec_of(server, "a", clusterIP="None", selector={"a": "b"})["clusterIPs"] == ["None"]
    external = spec_of(server, "b", type="ExternalName", externalName="x.example.com")
    assert "clusterIP" not in external


def test_an_update_keeps_the_address_that_the_client_left_out() -> None:
    server = Server()
    before = spec_of(server, "a")
    after = server.done("update", "services", "a", body=service("a", selector={"x": "y"}))["spec"]
    assert after["clusterIP"] == before["clusterIP"]


def test_node_ports_are_allocated_kept_and_checked() -> None:
    server = Server()
    (port,) = spec_of(server, "a", type="NodePort")["ports"]
    assert port["nodePort"] == 30086
    message = server.refused(
        "create", "services", body=service("b", type="NodePort", ports=[{"port": 1, "nodePort": 30086}])
    )[2]
    assert "spec.ports[0].nodePort: Invalid value: 30086: provided port is already allocated" in message
    body = service("b", type="NodePort", ports=[{"port": 1, "nodePort": 99}])
    assert "The range of valid ports is 30000-32767" in server.refused("create", "services", body=body)[2]
    after = server.done("update", "services", "a", body=service("a", type="NodePort", selector={"x": "y"}))["spec"]
    assert after["ports"][0]["nodePort"] == 30086


def test_a_type_that_needs_none_gives_its_ports_back() -> None:
    server = Server()
    before = server.create("services", service("a", type="NodePort"))
    after = server.patch("services", "a", {"spec": {"type": "ClusterIP"}})["spec"]
    assert "nodePort" not in after["ports"][0]
    taken = before["spec"]["ports"][0]["nodePort"]
    assert spec_of(server, "b", type="NodePort", ports=[{"port": 1, "nodePort": taken}])


def test_a_deleted_service_gives_its_address_back() -> None:
    server = Server()
    address = spec_of(server, "a")["clusterIP"]
    server.done("delete", "services", "a")
    assert spec_of(server, "b", clusterIP=address)["clusterIP"] == address


def test_a_local_load_balancer_gets_a_health_check_port() -> None:
    spec = spec_of(Server(), "a", type="LoadBalancer", externalTrafficPolicy="Local")
    assert spec["healthCheckNodePort"] == 30087
