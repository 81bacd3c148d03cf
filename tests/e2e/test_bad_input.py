"""Bad input: one clear line that says how to mend it, the right exit code, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from .command import refk8s

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: 'web:1'}]}\n"
SCENARIO = "apiVersion: refk8s.dev/v1\nkind: Scenario\nmetadata: {name: mine}\n"
TRACE = '{"refk8s":"trace","version":1,"scenario":{},"epoch":0,"gates":{},"digest":"0"}\n'


def refused(*words: str | Path, stdin: str = "", code: int = 2) -> str:
    """What a command says when it refuses; stdout stays empty."""
    result = refk8s(*words, stdin=stdin)
    assert (result.code, result.out) == (code, "")
    assert "Traceback" not in result.err
    assert "internal error" not in result.err
    assert len(result.err.splitlines()) == 1, result.err
    assert result.err.startswith("error: ")
    return result.err.strip()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "x.yaml:2: not YAML: did not find expected node content"),
        ("hello", "x.yaml:1: a document is a map with apiVersion and kind, this one is 'hello'"),
        ("a: b", "x.yaml:1: document 1: no Kubernetes object: apiVersion is missing"),
        ("", "x.yaml: empty; there is no document in it"),
        ("apiVersion: v1\nkind: List\nitems: 5\n", "x.yaml:3: document 1: List: items is 5, not a list"),
        (
            SCENARIO + "spec:\n  nodes: [{name: big, count: 1000000000}]\n",
            "x.yaml:5: spec.nodes: more than 100000 nodes together; take fewer",
        ),
        ("apiVersion: v1\nkind: Pod\n", "x.yaml:1: document 1: Pod: metadata.name is missing"),
        (
            POD + "---\napiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\n",
            "x.yaml:6: document 2: Rollout argoproj.io/v1alpha1 (web) is not supported; supported are ClusterRole rbac.authorization.k8s.io/v1, ",
        ),
        (SCENARIO + "spec:\n  user: {}\n", "x.yaml:5: spec.user: unknown field (did you mean users?); known are"),
        (
            SCENARIO + "spec:\n  users: {ann: [{sleep: soon}]}\n",
            "x.yaml:5: spec.users.ann[0].sleep: 'soon' is no duration",
        ),
        (
            SCENARIO + "spec:\n  users: {ann: [{apply: {}}]}\n",
            "x.yaml:5: spec.users.ann[0].apply: apply needs `documents` or `files`",
        ),
        (
            SCENARIO
            + "spec:\n  objects: [{apiVersion: v1, kind: ConfigMap, metadata: {name: web}, data: {a: 5}}]\n  nodes: []\n",
            "object 1 of the dump (ConfigMap default/web): json: cannot unmarshal number into Go struct field ConfigMap.data",
        ),
        (
            SCENARIO + "spec:\n  expect: [{resource: widget}]\n",
            "x.yaml:5: spec.expect[0].resource: no resource 'widget'",
        ),
    ],
)
@pytest.mark.parametrize("command", ["run", "step", "why"])
def test_files_that_do_not_fit(tmp_path: Path, command: str, text: str, said: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    more = ["pod/web"] if command == "why" else []
    assert said in refused(command, tmp_path / "x.yaml", *more)


def test_standard_input_is_named_as_such() -> None:
    assert refused("run", "-", stdin="a: [") == "error: standard input:2: not YAML: did not find expected node content"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "nowhere"], "nowhere: no such file, and no shipped scenario; shipped are first-pod, full-node, "),
        (["run", "first-pod", "--seed", "seven"], "Invalid value for '--seed': 'seven' is not a whole number; see"),
        (["run", "first-pod", "--steps", "1.5"], "Invalid value for '--steps': '1.5' is not a whole number; see"),
        (["replay", "x.jsonl", "--upto", "all"], "Invalid value for '--upto': 'all' is not a whole number; see"),
        (["run", "first-pod", "--seed", "-1"], "Invalid value for '--seed'"),
        (["run", "first-pod", "--steps", "0"], "Invalid value for '--steps'"),
        (["run", "first-pod", "--nodes", "0"], "Invalid value for '--nodes'"),
        (["run", "first-pod", "-o", "xml"], "Invalid value for '-o'"),
        (["run", "first-pod", "--driver", "fast"], "--driver fast: there are default, random, pct, swarm, twice"),
        (["run", "first-pod", "--driver", "default", "--seed", "1"], "--driver default has no seed; leave --seed away"),
        (["run", "first-pod", "--faults", "crsh=1"], "--faults crsh=1: no kind 'crsh'; there are crash, lost"),
        (["run", "first-pod", "--faults", "crash=many"], "'many' is no number; write KIND=N, for instance crash=2"),
        (
            ["run", "first-pod", "--driver", "default", "--faults", "1"],
            "--driver default makes no faults; leave it away",
        ),
        (["run", "first-pod", "--until", "done"], "--until done: no kind 'done'; write quiet, or kind/name=STATE"),
        (["run", "first-pod", "--until", "pod"], "--until pod: no name; write pod/NAME=STATE"),
        (["run", "first-pod", "--sede", "1"], "No such option: --sede"),
        (["run"], "Missing argument 'WHAT'; see refk8s run --help"),
        (["runn"], "No such command 'runn'"),
        (["why", "first-pod", "widget/x"], "why widget/x: no kind 'widget'; write kind/name"),
        (["why", "first-pod", "pod/x"], "why pod/x: nothing happened to pods/default/x; there were pods/default/hello"),
        (["why", "first-pod", "9999"], "why 9999: there is no such step; there are steps 0 to"),
        (["invariants", "show", "NOPE-01"], "no invariant 'NOPE-01'; `refk8s invariants list` names them all"),
        (["zoo", "run", "unicorn"], "no mutant 'unicorn'; `refk8s zoo list` names them all"),
        (["demo", "--scenario", "nowhere"], "nowhere: no such file, and no shipped scenario"),
        (["demo", "--seeds", "many"], "Invalid value for '--seeds'"),
        (["scenarios", "show", "nowhere"], "no shipped scenario 'nowhere'; there are first-pod"),
        (["replay", "nowhere.jsonl"], "nowhere.jsonl: No such file or directory"),
        (["trace", "show", "nowhere.jsonl"], "nowhere.jsonl: No such file or directory"),
        (["conformance", "nowhere"], "nowhere"),
    ],
)
def test_arguments_that_do_not_fit(words: list[str], said: str) -> None:
    assert said in refused(*words)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "x.jsonl: empty; a trace begins with a header line"),
        ("{}\n", "x.jsonl:1: not a refk8s trace"),
        (
            TRACE.replace('"version":1', '"version":99'),
            "x.jsonl:1: trace version 99, this refk8s reads 1; record it again with this version",
        ),
        (TRACE + "{broken\n{}\n", "x.jsonl:2: broken line"),
        (TRACE + '{"i":0}\n', "x.jsonl:2: a step without 'label'; the file was edited or is of another version"),
        (TRACE, "line 1: the scenario in the header: not a scenario"),
    ],
)
@pytest.mark.parametrize("command", ["replay", "step"])
def test_traces_that_do_not_fit(tmp_path: Path, command: str, text: str, said: str) -> None:
    (tmp_path / "x.jsonl").write_text(text)
    assert said in refused(command, tmp_path / "x.jsonl")


def test_a_trace_is_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(TRACE)
    assert "x.jsonl is a trace; look at it with replay, why, step or trace show" in refused("run", tmp_path / "x.jsonl")


def test_a_scenario_runs_alone(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SCENARIO)
    (tmp_path / "p.yaml").write_text(POD)
    assert "s.yaml is a scenario; a scenario runs alone" in refused("run", tmp_path / "p.yaml", tmp_path / "s.yaml")
    assert "rollout is a scenario; a scenario runs alone" in refused("run", "rollout", tmp_path / "p.yaml")


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: Path, **more: object) -> str:  # root, who runs tests in containers, may read every file
        raise PermissionError(13, "Permission denied", str(self))

    (tmp_path / "x.yaml").write_text(POD)
    monkeypatch.setattr(Path, "read_text", denied)
    assert "x.yaml: Permission denied" in refused("run", tmp_path / "x.yaml")


def test_a_trace_that_cannot_be_written_is_said_before_the_run(tmp_path: Path) -> None:
    assert "cannot be written: No such file or directory" in refused(
        "run", "first-pod", "--trace", tmp_path / "no/x.jsonl"
    )
    assert "a trace's name ends in .jsonl" in refused("run", "first-pod", "--trace", tmp_path / "x.txt")


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Bad_Name}\n", 'ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name"'),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: []}\n", 'Pod "web" is invalid: spec.containers: Required value'),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: 5\n", "json: cannot unmarshal number into Go struct field Pod.spec of type"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: nowhere}\n", 'namespaces "nowhere" not found'),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {a: 1}}\n", "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels"),
    ],
)  # fmt: skip
def test_objects_that_the_api_server_refuses_end_in_its_own_message_and_1(
    tmp_path: Path, manifest: str, said: str
) -> None:
    (tmp_path / "x.yaml").write_text(manifest)
    result = refk8s("run", tmp_path / "x.yaml", "-q")
    assert result.code == 1
    (line,) = [line for line in result.lines if line.startswith("refused: user/you: apply: ")]
    assert said in line


def test_a_behaviour_in_an_annotation_that_cannot_be_read_is_no_crash(tmp_path: Path) -> None:
    pod = POD.replace("{name: web}\nspec", "{name: web, annotations: {refk8s.dev/behaviour: dance}}\nspec")
    (tmp_path / "x.yaml").write_text(pod)
    result = refk8s("run", tmp_path / "x.yaml", "-q")
    assert result.code != 70, result.err
    assert "internal error" not in result.err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("dance", "standard input, line 2: no command 'dance'; `help` lists them"),
        ("back 9", "standard input, line 2: back 9: only 1 steps have been taken"),
        ("goto far", "goto N: N is a number of steps"),
        ("next many", "next N: N is a number"),
        ("99999", "99999: there are actions 0 to"),
        ("run to the end", "run until WHAT: quiet, kind/name=STATE, or the id of an invariant"),
        ("get", "get KIND [NAME] [-n NAMESPACE]"),
        ("get widgets", "no kind 'widgets'; for instance pods, deployments, nodes"),
        ("get pods nobody", "pods 'nobody' not found; `get pods` lists them"),
        ("describe pod", "pod: no name; write pod/NAME"),
        ("describe pod/x", "pods 'x' not found"),
        ("diff 9", "diff 9: only 1 steps have been taken"),
        ("enabled nobody", "enabled nobody: no such process; there are kube-apiserver"),
        ("hold nobody", "hold nobody: no process 'nobody'; there are kube-apiserver"),
        ("hold kube-scheduler widgets", "hold kube-scheduler widgets: kube-scheduler watches"),
        ("release kube-scheduler", "release kube-scheduler"),
        ("apply x.yaml", "apply -f FILE"),
        ("apply -f nowhere.yaml", "nowhere.yaml: No such file or directory"),
        ("save", "save FILE"),
        ("save /nowhere/x.jsonl", "cannot be written"),
        ("why", "why KIND/NAME, or why STEP"),
        ("get 'pods", "No closing quotation"),
    ],
)
def test_commands_of_step_that_do_not_fit(command: str, said: str) -> None:
    result = refk8s("step", "first-pod", "--script", stdin=f"next\n{command}\n")
    assert result.code in (2, 3)
    assert said in result.err
    assert len(result.err.splitlines()) == 1
    assert "internal" not in result.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "first-pod", "--nodes", "5"], "--nodes 5: first-pod is a scenario, which has its own nodes; leave"),
        (["step", "first-pod", "--nodes", "5"], "--nodes 5: first-pod is a scenario"),
        (["step", "first-pod", "-n", "shop"], "--namespace shop: first-pod is a scenario, whose objects have theirs"),
        (["why", "first-pod", "pod/hello", "--nodes", "5"], "--nodes 5: first-pod is a scenario"),
        (["run", "first-pod", "--seed", str(1 << 63)], "Invalid value for '--seed'"),
        (["run", "first-pod", "--faults", "crash=" + "9" * 5000], "at most 10000 faults of a kind"),
        (["explore", "first-pod", "--memory", "9" * 30 + "G"], "more than any machine has; write for instance 2G"),
        (["explore", "first-pod", "-k", str(1 << 63)], "Invalid value for '--deviations'"),
        (["explore", "first-pod", "--trace", "/nowhere/x.jsonl"], "/nowhere/x.jsonl: cannot be written"),
        (["zoo", "run", "blind-put", "--traces", "/dev/null/x"], "/dev/null/x: cannot be made: /dev/null is a file"),
    ],
)
def test_options_that_would_do_nothing_and_places_that_cannot_be_written(words: list[str], said: str) -> None:
    assert said in refused(*words)


HEADER_VALUES = [
    ('"faults":{"total":0}', '"faults":5', "line 1: faults: 5 is no budget"),
    ('"faults":{"total":0}', '"mutant":["blind-put"]', "no mutant ['blind-put']"),
    ('"metadata":', '"meta":', "the scenario in the header: "),
]


@pytest.mark.parametrize(("old", "new", "said"), HEADER_VALUES)
@pytest.mark.parametrize("command", ["replay", "step", "shrink", "why"])
def test_headers_that_were_edited(tmp_path: Path, command: str, old: str, new: str, said: str) -> None:
    trace = tmp_path / "x.jsonl"
    assert refk8s("run", "two-writers", "-q", "--trace", trace).code == 0
    text = trace.read_text().replace('"faults":{}', '"faults":{"total":0}', 1)
    assert old in text
    trace.write_text(text.replace(old, new, 1))
    more = {"shrink": ["-t", tmp_path / "y.jsonl"], "why": ["configmap/counter"]}.get(command, [])
    assert said in refused(command, trace, *more)


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ("[]", "an input is a map, not []"),
        ('{"compact":"all"}', "compact: no number"),
        ('{"request":{"verb":"get"}}', "a request has a verb and a resource"),
        ('{"request":{"verb":"get","resource":5}}', "resource of the request is 5"),
        ('{"http":{"verb":"get","resource":"pods"},"at":"now"}', "at: 'now' is no time"),
        ('{"demand":{}}', "demand: it names resource, key and content"),
        ('{"step":{"dance":{}}}', "unknown verb"),
        ('{"step":{"apply":{"documents":["x"]}}}', "step.apply.documents[0]"),
    ],
)
@pytest.mark.parametrize("command", ["replay", "step"])
def test_inputs_that_nobody_can_have_made(tmp_path: Path, command: str, payload: str, said: str) -> None:
    trace = tmp_path / "x.jsonl"
    assert refk8s("step", "first-pod", "--script", stdin=f"next\nsave {trace}\n").code == 0
    header, step, verdict = trace.read_text().splitlines()
    trace.write_text("\n".join((header, step[:-1] + f',"payload":{payload}}}', verdict)) + "\n")
    error = refused(command, trace, code=3)
    assert said in error
    assert error.endswith("the trace was edited")
