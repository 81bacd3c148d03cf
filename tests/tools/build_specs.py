"""The generated parts of the spec pages, made from the code. To renew them all: python -m tests.tools.build_specs

A part stands between `<!-- generated: NAME ARGUMENTS -->` and `<!-- end generated -->`; `PARTS` says what each name makes. Globs of files are relative to
`refk8s/`; without arguments a part is about the page it is on.
"""

from __future__ import annotations

import ast
import importlib
import re
import textwrap
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import attrs
from typer.main import get_command

from refk8s.api.registry import ALL_VERBS, RESOURCES
from refk8s.cli.app import app
from refk8s.core import action, flight
from refk8s.core.invariant import AtQuiet, Delivered, EachStep, Invariant, Noted, Served, Writes
from refk8s.core.machine import Machine, Row
from refk8s.invariants import suite
from refk8s.scenarios import spec
from refk8s.scenarios.schema import field_docs
from refk8s.scenarios.structure import camel, hints
from refk8s.users.arguments import ARGUMENTS
from refk8s.users.script import VERBS
from tests.unit.scheduler import plugin_table

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = ROOT / "refk8s"
SPECS: Final = ROOT / "specs"
COMMAND: Final = "python -m tests.tools.build_specs"

FENCE: Final = re.compile(r"<!-- generated: (?P<name>[^>]*?) -->\n(?P<part>.*?)<!-- end generated -->\n", re.DOTALL)
NOTHING: Final = "None.\n"


def pages() -> list[Path]:
    """All spec pages."""
    return sorted(SPECS.glob("*.md"))


def rebuilt(page: Path, text: str) -> str:
    """The text of a page with every generated part made anew. Raises KeyError for a part that nothing makes."""

    def part(match: re.Match[str]) -> str:
        name, *arguments = match["name"].split()
        made = PARTS[name](page.stem, arguments)
        return f"<!-- generated: {match['name']} -->\n{made}<!-- end generated -->\n"

    return FENCE.sub(part, text)


def fences(text: str) -> Iterator[tuple[str, list[str]]]:
    """Name and arguments of the generated parts of a page."""
    for match in FENCE.finditer(text):
        name, *arguments = match["name"].split()
        yield name, arguments


# ---- invariants


def invariants(component: str, arguments: list[str]) -> str:
    """The invariants that name a page (by default this one) as theirs; `all`: an index of all of them."""
    if arguments == ["all"]:
        return index()
    caught = catchers()
    rows = [
        (
            f'<a id="{each.id.lower()}"></a>{each.id}',
            each.claim.replace("_", " "),
            each.guarantee,
            each.severity.value,
            each.catalogue,
            ", ".join(caught.get(each.id, ())),
        )
        for each in invariants_of(arguments[0] if arguments else component)
    ]
    return table(("id", "claim", "guarantee", "severity", "catalogue", "mutants that it catches"), rows)


def index() -> str:
    """All invariants: where each is explained, when it is asked, how many mutants it catches."""
    caught = catchers()
    rows = [
        (
            f"[{each.id}]({each.spec.removeprefix('specs/').partition('#')[0]}#{each.id.lower()})",
            each.claim.replace("_", " "),
            each.severity.value,
            occasion(each),
            each.catalogue,
            str(len(caught.get(each.id, ()))),
        )
        for each in suite().all()
    ]
    return table(("id", "claim", "severity", "asked", "catalogue", "mutants"), rows)


def occasion(each: Invariant) -> str:
    """When an invariant is asked, in words."""
    match each.on:
        case Writes(resources):
            return f"after commits to {', '.join(resources) or 'anything'}"
        case Served():
            return "after requests"
        case Delivered():
            return "after deliveries"
        case Noted(kind):
            return f"after facts of kind {kind}"
        case AtQuiet():
            return "at quiet"
        case EachStep():
            return "after every step"


def invariants_of(component: str) -> list[Invariant]:
    """The invariants whose spec page is that of a component, in the order of their ids."""
    return [each for each in suite().all() if each.spec.partition("#")[0] == f"specs/{component}.md"]


@lru_cache(maxsize=1)
def catchers() -> Mapping[str, list[str]]:
    """The mutants that each invariant catches, by the invariant's id."""
    from refk8s.zoo import MUTANTS

    found: dict[str, list[str]] = {}
    for mutant in MUTANTS:
        for invariant in mutant.catches:
            found.setdefault(invariant, []).append(mutant.id)
    return found


# ---- state machines


def transitions(component: str, arguments: list[str]) -> str:
    """The machines with these ids, or those that name this page as theirs: diagram and rows."""
    known = machines()
    found = [known[name] for name in arguments] or [m for m in known.values() if m.spec == f"specs/{component}.md"]
    parts = [f"**{m.id}**{_subject(m)}\n\n```mermaid\n{m.mermaid()}\n```\n\n{m.table()}\n" for m in found]
    return "\n".join(parts) or NOTHING


def _subject(machine: Machine) -> str:
    return f": `{machine.field}` of {machine.resource}." if machine.resource else ""


@lru_cache(maxsize=1)
def machines() -> Mapping[str, Machine]:
    """Every machine in a module called machines.py (or machines_*.py), by id; tables of rows on their own are machines too."""
    found: dict[str, Machine] = {}
    for path in sorted(PACKAGE.rglob("machines*.py")):
        module = importlib.import_module(".".join(("refk8s", *path.relative_to(PACKAGE).with_suffix("").parts)))
        for name, value in vars(module).items():
            if isinstance(value, Machine):
                found[value.id] = value
            elif isinstance(value, tuple) and value and all(isinstance(row, Row) for row in value):
                found[name] = Machine(name, "", "", "", frozenset(), value, lambda document: {}, "", "")
    return found


# ---- departures


def departures(component: str, arguments: list[str]) -> str:
    """What `# DEVIATES:` comments and docstrings of these files say, by file and definition."""
    rows = []
    for path in files(arguments):
        where = str(path.relative_to(PACKAGE))
        rows += [(f"`{where}`" + (f", `{scope}`" if scope else ""), text) for scope, text in departures_of(path)]
    return table(("where", "departure"), rows)


def files(globs: Iterable[str]) -> list[Path]:
    """The modules of the package that match, each once. Raises ValueError for a glob without any."""
    found: dict[Path, None] = {}
    for glob in globs:
        matches = [path for path in sorted(PACKAGE.glob(glob)) if path.suffix == ".py"]
        if not matches:
            raise ValueError(f"no file matches {glob}")
        found.update(dict.fromkeys(matches))
    return list(found)


_MARK: Final = re.compile(r"DEVIATES(?P<colon>:?)\s+(?P<text>.*?)(?=\s+Source: |\Z)", re.DOTALL)


def departures_of(path: Path) -> list[tuple[str, str]]:
    """(definition, departure) in the order of the file; the definition of the module itself is ""."""
    source = path.read_text()
    if "DEVIATES" not in source:
        return []
    tree = ast.parse(source)
    found = [(line, name, text) for name, line, doc in _docstrings(tree) for text in _marked(doc)]
    spans = [(node.lineno, node.end_lineno or 0, name) for name, node in _definitions(tree)]
    for line, comment in _comments(source):
        scope = max(((start, name) for start, end, name in spans if start <= line <= end), default=(0, ""))[1]
        found += [(line, scope, text) for text in _marked(comment)]
    return [(scope, text) for _, scope, text in sorted(found)]


def _marked(text: str) -> list[str]:
    """The departures in a comment or docstring: from the mark to the end of its paragraph; without a colon the whole sentence around it."""
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        match = _MARK.search(paragraph)
        if match is None:
            continue
        before = "" if match["colon"] else re.split(r"[.!?]\s", paragraph[: match.start()])[-1]
        said = " ".join((before.rstrip(": ") + " " + match["text"]).split())
        found.append(said[0].upper() + said[1:])
    return found


def _definitions(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    def within(node: ast.AST, prefix: str) -> Iterator[tuple[str, Any]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                yield f"{prefix}{child.name}", child
                yield from within(child, f"{prefix}{child.name}.")

    yield from within(tree, "")


def _docstrings(tree: ast.Module) -> Iterator[tuple[str, int, str]]:
    for name, node in [("", tree), *_definitions(tree)]:
        text = ast.get_docstring(node)
        if text and "DEVIATES" in text:
            yield name, getattr(node, "lineno", 1), text


def _comments(source: str) -> Iterator[tuple[int, str]]:
    """The runs of comment lines in which a departure is marked, with the line of the mark."""
    lines = source.split("\n")
    for start, line in enumerate(lines):
        if not line.lstrip().startswith("# DEVIATES"):
            continue
        run = [line.strip()]
        for following in lines[start + 1 :]:
            if not following.strip().startswith("# "):
                break
            run.append(following.strip())
        yield start + 1, "\n".join(text.removeprefix("#") for text in run)


# ---- lists of the code's own


def actions(component: str, arguments: list[str]) -> str:
    """The variants of Action."""
    rows = [(f"`{each.__name__}({', '.join(_parameters(each))})`", _doc(each)) for each in get_args(action.Action)]
    return table(("action", "what happens"), rows)


def _parameters(variant: Any) -> list[str]:
    """The fields of an action, with their defaults."""
    defaults = variant._field_defaults
    return [f"{name}={defaults[name]}" if name in defaults else name for name in variant._fields]


def effects(component: str, arguments: list[str]) -> str:
    """What a reconcile may yield and return."""
    found = [each for each in vars(flight).values() if attrs.has(each) and each.__module__ == flight.__name__]
    rows = [
        (f"`{each.__name__}({', '.join(field.name for field in attrs.fields(each))})`", _doc(each)) for each in found
    ]
    return table(("effect or result", "what it does"), rows)


def verbs(component: str, arguments: list[str]) -> str:
    """The verbs of users' scripts."""
    return table(("verb", "what the user does"), [(f"`{name}`", _doc(VERBS[name])) for name in sorted(VERBS)])


def resources(component: str, arguments: list[str]) -> str:
    """The rows of the registry, in its order."""
    rows = [
        (
            row.kind,
            f"`{row.plural}`",
            row.api_version,
            "namespaced" if row.namespaced else "cluster",
            "all" if set(row.verbs) == set(ALL_VERBS) else ", ".join(row.verbs),
            "; ".join(f"{name}: {', '.join(row.subresources[name])}" for name in sorted(row.subresources)),
            ", ".join(row.short_names),
        )
        for row in RESOURCES.values()
    ]
    made = table(("kind", "resource", "apiVersion", "scope", "verbs", "subresources", "short names"), rows)
    return f"{made}\nAll verbs: {', '.join(ALL_VERBS)}.\n"


def plugins(component: str, arguments: list[str]) -> str:
    """The scheduler's plugins."""
    return plugin_table.table()


def scenario(component: str, arguments: list[str]) -> str:
    """The fields of these classes of the scenario format."""
    parts = []
    for name in arguments:
        cls = getattr(spec, name)
        docs = field_docs(cls)
        rows = [
            (f"`{camel(field.name)}`", _kind(hints(cls)[field.name]), _default(field.default), docs.get(field.name, ""))
            for field in attrs.fields(cls)
        ]
        parts.append(f"{_doc(cls)}\n\n{table(('field', 'type', 'default', 'meaning'), rows)}")
    return "\n".join(parts)


def arguments(component: str, names: list[str]) -> str:
    """The arguments of the verbs of users' scripts."""
    rows = []
    shared = Counter(ARGUMENTS.values())
    for verb, kind in ARGUMENTS.items():
        fields = attrs.fields(kind) if attrs.has(kind) else ()
        shown = [
            f"`{camel(one.name)}`{'' if one.default is attrs.NOTHING else '?'}: {_kind(hints(kind)[one.name])}"
            for one in fields
        ]
        rows.append(
            (f"`{verb}`", "; ".join(shown) or _kind(kind), _doc(kind) if shared[kind] == 1 and fields else _said(verb))
        )
    return table(("verb", "arguments (? may be left out)", "what it is"), rows)


def _said(verb: str) -> str:
    """What a verb's own docstring says, without the list of its arguments."""
    return re.sub(r": \{[^}]*\}", "", _doc(VERBS[verb]))


def _kind(kind: Any) -> str:
    """A type in words."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return str(inner[1].name)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner if value != "")
    if origin is list:
        return f"list of {_kind(inner[0])}"
    if origin is dict:
        return f"map of {_kind(inner[1])}" if inner[1] is not Any else "map"
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(one) for one in inner if one is not type(None))
    return {str: "text", int: "number", bool: "true or false"}.get(kind, "anything" if kind is Any else kind.__name__)


def _default(value: Any) -> str:
    if value is attrs.NOTHING:
        return "(required)"
    return (
        f"`{str(value).lower() if isinstance(value, bool) else value}`"
        if isinstance(value, str | int) and value != ""
        else ""
    )


def commands(component: str, arguments: list[str]) -> str:
    """The commands of the CLI with their options."""
    rows = []
    for path, command in _leaves(get_command(app), "refk8s"):
        options = [
            f"`{'/'.join(one.opts)}`"
            for one in command.params
            if one.param_type_name == "option" and "--help" not in one.opts
        ]
        first = (command.help or "").split("\n\n", maxsplit=1)[0]
        rows.append((f"`{path}`", " ".join(first.split()), ", ".join(options)))
    return table(("command", "what it does", "options"), rows)


def _leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, inner in command.commands.items():
        yield from _leaves(inner, f"{path} {name}")


def _doc(thing: Any) -> str:
    return " ".join(textwrap.dedent(thing.__doc__ or "").split())


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table, or the word that there is nothing."""
    lines = [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows]
    if not lines:
        return NOTHING
    return "\n".join([f"| {' | '.join(head)} |", "|" + "---|" * len(head), *lines]) + "\n"


def page_index(component: str, arguments: list[str]) -> str:
    """The pages, with the first sentence of each."""
    rows = [(f"[{_title(page)}]({page.name})", _first_sentence(page)) for page in pages() if page.name != "README.md"]
    return table(("page", "what it is about"), rows)


def _title(page: Path) -> str:
    return page.read_text().split("\n", maxsplit=1)[0].removeprefix("# ")


def _first_sentence(page: Path) -> str:
    paragraphs = (part for part in page.read_text().split("\n\n")[1:] if not part.startswith("#"))
    return re.split(r"(?<=[.])\s", " ".join(next(paragraphs).split()))[0].replace("](", "](")


def zoo(component: str, arguments: list[str]) -> str:
    """The mutants with their figures, as of the last hunt."""
    from refk8s.zoo import MUTANTS
    from tests.tools.pin_zoo import figures, trace_of

    rows = []
    for mutant in MUTANTS:
        row = figures().get(mutant.id)
        if row is None:
            continue
        trace = trace_of(mutant.id).relative_to(ROOT)
        found = f"{row['seeds']} of {row['budget']}"
        shrunk = f"{row['steps']}, {row['deviations']}"
        names = ", ".join(mutant.rows)
        rows.append((mutant.id, names, mutant.title, row["caughtBy"], found, shrunk, f"`refk8s replay {trace}`"))
    return table(("mutant", "rows", "what happens", "caught by", "seeds", "shrunk", "reproduce"), rows)


PARTS: Final[Mapping[str, Callable[[str, list[str]], str]]] = {
    "actions": actions,
    "arguments": arguments,
    "commands": commands,
    "departures": departures,
    "effects": effects,
    "index": page_index,
    "invariants": invariants,
    "plugins": plugins,
    "resources": resources,
    "scenario": scenario,
    "transitions": transitions,
    "verbs": verbs,
    "zoo": zoo,
}
"""What makes each part: a function of the page's stem and the arguments in the fence."""


def main() -> None:
    """Rewrite every page whose generated parts have drifted, and say which."""
    for page in pages():
        text = page.read_text()
        made = rebuilt(page, text)
        if made != text:
            page.write_text(made)
            print(f"{page.relative_to(ROOT)}: renewed")


if __name__ == "__main__":
    main()
