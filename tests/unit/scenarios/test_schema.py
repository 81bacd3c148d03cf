"""The published JSON Schema: as the classes say, valid itself, true of the shipped scenarios, and no laxer than the reader where it can be as strict."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import refk8s
from refk8s.core.errors import Refk8sError
from refk8s.scenarios import from_data, shipped
from refk8s.scenarios.format import HERE
from refk8s.scenarios.schema import FILE, schema, text
from refk8s.scenarios.spec import GATES
from refk8s.users.arguments import ARGUMENTS
from refk8s.users.script import VERBS

VALIDATOR = jsonschema.Draft202012Validator(schema())


def scenario(spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "refk8s.dev/v1", "kind": "Scenario", "metadata": {"name": "x"}, "spec": spec}


def step(verb: str, arguments: Any) -> dict[str, Any]:
    return scenario({"users": {"ann": [{verb: arguments}]}})


def test_the_published_schema_is_the_one_made_of_the_classes() -> None:
    assert FILE.read_text() == text(), "write it anew: make schema"


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(FILE.read_text()))


@pytest.mark.parametrize("name", shipped())
def test_shipped_scenarios_fit_the_schema(name: str) -> None:
    VALIDATOR.validate(yaml.safe_load((HERE / f"{name}.yaml").read_text()))


def test_every_verb_has_arguments_and_every_argument_list_a_verb() -> None:
    assert set(ARGUMENTS) == set(VERBS)


@pytest.mark.parametrize(
    "wrong",
    [
        {**scenario({}), "status": {}},
        {**scenario({}), "apiVersion": "v1"},
        {**scenario({}), "metadata": {}},
        scenario({"node": []}),
        scenario({"nodes": [{"count": -1}]}),
        scenario({"nodes": [{"name": "A"}]}),
        scenario({"nodes": [{"taints": [{"key": "a", "effect": "Never"}]}]}),
        scenario({"gates": {"Foo": True}}),
        scenario({"components": {"apiServers": 0}}),
        scenario({"users": {"An n": []}}),
        scenario({"users": {"ann": [{}]}}),
        scenario({"users": {"ann": [{"sleep": "1s", "cordon": {"name": "a"}}]}}),
        scenario({"expect": [{"name": "a"}]}),
        scenario({"expect": [{"resource": "pods", "count": -1}]}),
        scenario({"behaviours": [{"pods": "a"}]}),
        step("explode", {}),
        step("sleep", "3 seconds"),
        step("sleep", 3),
        step("scale", {"resource": "deployments", "name": "web"}),
        step("scale", {"resource": "deployments", "name": "web", "replicas": 1, "replica": 1}),
        step("label", {"resource": "pods", "name": "a", "labels": {"a": 1}}),
        step("rollout", {"do": "forward", "name": "web"}),
        step("delete", {"resource": "pods", "name": "a", "cascade": "all"}),
        step("apply", {"files": "x.yaml"}),
        step("apply", {"documents": [{"kind": "Pod"}]}),
    ],
)
def test_what_the_schema_refuses_the_reader_refuses_too(wrong: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(wrong)
    with pytest.raises(Refk8sError):
        from_data(wrong)


def test_the_gates_are_those_that_something_depends_on() -> None:
    used = set()
    for path in sorted(Path(refk8s.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and re.fullmatch(r"(self\.)?gates\.get", ast.unparse(node.func)):
                used.add(ast.literal_eval(node.args[0]))
    assert used == set(GATES)
