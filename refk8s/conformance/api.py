"""The api corpus: recorded dialogues with a real kube-apiserver, replayed in process on a fresh store each.

A case is a step. It agrees strictly if nothing differs after normalisation, and by status if code and reason (of a watch: the event types) are equal.
`replay(folder)` takes any folder of `api-*.json` files of that format.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import attrs
import orjson

from ..api import pages, reviews
from ..api.endpoints import Http, Refused, Target, body_of, event_object, request_of, target_of, watch_options
from ..api.registry import Resource
from ..api.rest import Api, genesis
from ..api.status import ApiError
from ..api.store import Store
from ..api.watch import Watch, open_watch
from ..core.model import Occasion
from ..core.wire import Request
from .api_match import Symbols, compare
from .cases import ConformanceError, files
from .report import Disagreement, Group, Report

__all__ = ["CORPUS", "ConformanceError", "Replayer", "Step", "replay", "replay_scenario", "scenarios", "served_only"]

CORPUS = "api"

_START_MS = 1_767_225_600_000
_STEP_MS = 10
_RUN = "r2d2c3po"


@attrs.frozen
class Step:
    """The verdict on one step: `wrong` lists the differences, `agrees` whether status and reason are as recorded."""

    name: str
    agrees: bool
    wrong: tuple[str, ...]


def replay(folder: Path | str, themes: tuple[str, ...] = ()) -> Report:
    """The agreement per theme over all scenarios in `folder` (of `themes` only, if any are given). Raises ConformanceError."""
    groups = []
    for theme, found in scenarios(Path(folder)):
        if themes and theme not in themes:
            continue
        steps = [step for scenario in found for step in replay_scenario(scenario)]
        disagreements = tuple(Disagreement(step.name, step.wrong[0]) for step in steps if step.wrong)
        agreeing = sum(step.agrees for step in steps)
        groups.append(Group(CORPUS, theme, len(steps), disagreements, agreeing))
    return Report(tuple(groups))


def scenarios(folder: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """(theme, scenarios) of each file `api-*.json` of the corpus in `folder`, packed or not, by name. Raises ConformanceError."""
    found = sorted((name, text) for name, text in files(folder) if is_dialogues(name))
    if not found:
        raise ConformanceError(f"{folder}: no case files in it; expected files named api-*.json")
    for path, text in found:
        try:
            corpus = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ConformanceError(f"{path}: no valid JSON ({error}); copy it again or mend it") from None
        if not isinstance(corpus, dict) or "theme" not in corpus or not isinstance(corpus.get("scenarios"), list):
            raise ConformanceError(f'{path}: "theme" or "scenarios" is missing; this is no file of the api corpus')
        yield corpus["theme"], corpus["scenarios"]


def is_dialogues(name: str) -> bool:
    """Whether a file, or one in an archive (`ARCHIVE:FILE`), is of this corpus by its name."""
    return name.replace(":", "/").rpartition("/")[2].startswith("api-")


def replay_scenario(scenario: dict[str, Any]) -> list[Step]:
    """The verdicts on the steps of one scenario."""
    replayer = Replayer(scenario)
    return [replayer.step(index, step) for index, step in enumerate(scenario["steps"])]


@lru_cache(maxsize=1)
def _fresh() -> Store:
    """A started server whose earlier history is compacted, as the corpus was recorded on."""
    store = genesis(Api(), _START_MS)
    return store.compact(store.revision)


class Replayer:
    """One client of one fresh server; `refk8s.http.replaying` has one of a server behind a socket."""

    def __init__(self, scenario: dict[str, Any]) -> None:
        self.api = Api()
        self.store = _fresh()
        self.name = scenario["name"]
        self.keep = bool(scenario.get("keepManagedFields"))
        self.symbols = Symbols(_RUN)
        self.watches: dict[str, tuple[Http, Resource, Watch]] = {}
        self.now_ms = _START_MS
        if scenario.get("setup", "ns") == "ns":
            self._serve(Request("create", "namespaces", body={"metadata": {"name": f"t-{_RUN}"}}))

    def step(self, index: int, step: dict[str, Any]) -> Step:
        self.now_ms += _STEP_MS + int(step.get("sleep", 0) * 1000)
        self.symbols.now_ms = self.now_ms
        self.symbols.unresolved = []
        try:
            agrees, wrong = self._collect(step) if "collect" in step else self._request(step)
        except Exception as error:  # whatever goes wrong in a step is a disagreement with a name, never a way out
            agrees, wrong = False, [f"crashed: {type(error).__name__}: {error}"]
        return Step(f"{self.name}#{index}", agrees, tuple(wrong))

    def _serve(self, request: Request) -> Any:
        occasion = Occasion(self.now_ms, request.agent, "client", "kube-apiserver", 0, self.store.collection)
        self.store, response, _ = self.api.serve(self.store, request, occasion)
        return response

    def _request(self, step: dict[str, Any]) -> tuple[bool, list[str]]:
        asked, want = step["req"], step["res"]
        http = self._http(asked)
        wrong = [f"{token} was never seen" for token in self.symbols.unresolved]
        try:
            beside = _beside(http, self.store)
        except Refused as refused:
            return self._verdict(want, refused.code, refused.body, (), http, wrong)
        if beside is not None:
            code, body = beside
            if isinstance(body, dict) and body.get("kind") in DISCOVERY:
                want = {**want, "b": served_only(want.get("b"), body)}
            return self._verdict(want, code, body, (), http, wrong)
        try:
            target = target_of(http.path)
            if "watch" in step or target.watches:
                return self._open(step, http, target, wrong)
            request = request_of(http, target)
        except Refused as refused:
            return self._verdict(want, refused.code, refused.body, (), http, wrong)
        response = self._serve(request)
        try:
            body = self._normal(body_of(http, target, request, response, self.now_ms))
        except Refused as refused:
            return self._verdict(want, refused.code, refused.body, (), http, wrong)
        return self._verdict(want, response.code, body, response.warnings, http, wrong)

    def _open(self, step: dict[str, Any], http: Http, target: Target, wrong: list[str]) -> tuple[bool, list[str]]:
        want = step["res"]
        opened = open_watch(self.store, target.row, target.namespace, watch_options(http), target.name)
        if isinstance(opened, ApiError):
            return self._verdict(want, opened.code, opened.doc(), (), http, wrong)
        if want["code"] != 200:
            return False, [*wrong, f"want {want['code']}, got a watch"]
        self.watches[step["watch"]] = (http, target.row, opened)
        return True, wrong

    def _verdict(
        self, want: dict[str, Any], code: int, body: Any, warnings: tuple[str, ...], http: Http, wrong: list[str]
    ) -> tuple[bool, list[str]]:
        expected = want.get("b", want.get("raw"))
        if code != want["code"]:
            text = body.get("message") if isinstance(body, dict) else ""
            return False, [*wrong, f"want {want['code']} {_message(expected)}, got {code} {text}"]
        agrees = _reason(expected) == _reason(body)
        if want.get("mode") == "status":
            return agrees, wrong
        texts = [text.replace("{u}", self.symbols.run) for text in want.get("warn", [])]
        if texts != list(warnings):
            wrong.append(f"want warnings {texts}, got {list(warnings)}")
        exact = "continue" in http.query or http.query.get("resourceVersionMatch") == "Exact"
        lists = "exact" if exact else "any" if "resourceVersion" in http.query else "growing"
        return agrees, wrong + compare(expected if expected is not None else "", body, self.symbols, lists)

    def _http(self, asked: dict[str, Any]) -> Http:
        fill = self.symbols.fill
        query = {
            name: [fill(one) for one in value] if isinstance(value, list) else fill(value)
            for name, value in (asked.get("q") or {}).items()
        }
        body: Any = None
        if "b" in asked:
            body = orjson.loads(fill(orjson.dumps(asked["b"]).decode()))
        elif "raw" in asked:
            body = fill(asked["raw"])
        return Http(asked["m"], fill(asked["p"]), query, asked.get("h") or {}, body)

    def _collect(self, step: dict[str, Any]) -> tuple[bool, list[str]]:
        if step["collect"] not in self.watches:
            return False, ["the watch is not open"]
        http, row, watch = self.watches[step["collect"]]
        events = watch.events(self.store)
        got = []
        for index, event in enumerate(events):
            shown = event_object(http, row, event.object, self.now_ms, first=index == 0)
            got.append(self._normal({"type": event.type, "object": shown}))
        types, wanted = [event["type"] for event in got], [event["type"] for event in step["events"]]
        if types != wanted:
            return False, [f"want events {wanted}, got {types}"]
        return True, compare(step["events"], got, self.symbols, "any", ".events")

    def _normal(self, body: Any) -> Any:
        """The body without managedFields, or with them sorted and without times."""
        if isinstance(body, list):
            return [self._normal(item) for item in body]
        if not isinstance(body, dict):
            return body
        made = {key: self._normal(value) for key, value in body.items()}
        metadata = made.get("metadata")
        if isinstance(metadata, dict) and "managedFields" in metadata:
            if self.keep:
                entries = [{k: v for k, v in entry.items() if k != "time"} for entry in metadata["managedFields"]]
                metadata["managedFields"] = sorted(entries, key=_entry_order)
            else:
                del metadata["managedFields"]
        return made


DISCOVERY = ("APIVersions", "APIGroupList", "APIGroup", "APIResourceList", "APIGroupDiscoveryList")
"""The kinds of the documents of discovery, which are compared only for what is served."""


def _beside(http: Http, store: Store) -> tuple[int, Any] | None:
    """(code, body) of what is served beside resources, None for a path of theirs. Raises Refused."""
    shown = pages.page(http, store)
    if shown is not None:
        return shown.code, shown.body.decode() if isinstance(shown.body, bytes) else shown.body
    review = reviews.answer(http)
    return None if review is None else (201, review)


def served_only(want: Any, got: Any) -> Any:
    """The recorded discovery document without what is not served here; what is, must be as recorded."""
    if isinstance(want, list) and isinstance(got, list) and all(isinstance(item, dict) for item in [*want, *got]):
        served = {_listed(item): item for item in got}
        return [served_only(item, served[_listed(item)]) for item in want if _listed(item) in served]
    if isinstance(want, dict) and isinstance(got, dict):
        return {
            key: served_only(value, got.get(key)) for key, value in want.items() if key != "subresources" or key in got
        }
    return want


def _listed(item: dict[str, Any]) -> str:
    """What an entry of discovery is about."""
    name = item.get("name") or item.get("resource") or item.get("subresource") or item.get("groupVersion")
    return str(name or (item.get("metadata") or {}).get("name") or item.get("version") or "")


def _entry_order(entry: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(entry.get(key, "")) for key in ("operation", "manager", "subresource", "apiVersion"))


def _reason(body: Any) -> Any:
    return body.get("reason") if isinstance(body, dict) and body.get("kind") == "Status" else None


def _message(body: Any) -> str:
    return str(body.get("message", "")) if isinstance(body, dict) else str(body)
