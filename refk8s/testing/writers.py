"""WritersMachine: concurrent writers who hold stale reads, against a small model that foretells every answer.

A read is kept as long as Hypothesis likes, and a write that is made of it may wait on the wire while others overtake it; its reply may be lost. A 409 comes if
and only if the model says so, nothing that was accepted is lost, and nothing is applied twice.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, initialize, invariant, multiple, rule

from ..api.store import DELETED, Change, Stored
from ..core.delta import Delta
from .cluster import ClusterMachine
from .expected import MISSING, OK, Expected, Known, Write

WRITERS: Final = ("alice", "bob", "carol")
FINALIZER: Final = "tests/hold"
NAMES: Final = ("a", "b")
TALLY: Final = "n"
"""The field in which conditional writers count."""

Document = dict[str, Any]
writers = st.sampled_from(WRITERS)
resources = st.sampled_from(("configmaps", "pods"))
names = st.sampled_from(NAMES)


@attrs.frozen(eq=False)
class Read:
    """What a writer once read: it may be old, and its object may be another by now."""

    resource: str
    document: Document

    @property
    def metadata(self) -> Document:
        """metadata of the object."""
        return dict(self.document["metadata"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.metadata["name"])

    @property
    def content(self) -> dict[str, str]:
        """What writers have put into it."""
        return content_of(self.resource, self.document)

    @property
    def finalizers(self) -> frozenset[str]:
        """Its finalizers."""
        return frozenset(self.metadata.get("finalizers") or ())


@attrs.frozen(eq=False)
class Sent:
    """A write that is on its way: what it says was decided when it was sent. `counts`: it is one more for the tally."""

    who: str
    id: str
    write: Write
    request: Document
    counts: bool = False


class WritersMachine(ClusterMachine):
    """Three writers, two names, ConfigMaps and Pods. Two API servers with watch caches of their own, so that reads may be stale by themselves, too."""

    spec: ClassVar[Any] = {
        "nodes": [{"name": "node-1"}],
        "users": {name: [] for name in WRITERS},
        "components": {"apiServers": 2},
    }

    reads: Bundle[Read] = Bundle("reads")
    wire: Bundle[Sent] = Bundle("wire")

    def __init__(self) -> None:
        super().__init__()
        self.expected = Expected()
        self._sent = 0
        self._open: dict[str, Sent] = {}
        self._tally: dict[tuple[str, str], int] = {}

    # ---- reading

    @initialize(target=reads)
    def begin(self) -> Any:
        """There is something to fight about."""
        self._serve(self._create("alice", "configmaps", "a", keep=False))
        return Read("configmaps", self.world.store.get("configmaps", "default/a").document)

    @rule(target=reads, who=writers, resource=resources, name=names, cached=st.booleans())
    def read(self, who: str, resource: str, name: str, cached: bool) -> Any:
        """`who` reads an object: the newest version, or (`cached`) what the watch cache of its API server has."""
        options = {"resourceVersion": "0"} if cached else {}
        id = self._next_id()
        self.send(who, {"verb": "get", **_place(resource, name), "options": options}, id)
        if not cached:
            self._foretell(who, id, OK if (resource, name) in self.expected.objects else MISSING, changes=False)
        response = self.serve(who, id)
        return Read(resource, response.obj.document) if response.ok else multiple()

    # ---- writing

    @rule(target=wire, who=writers, resource=resources, name=names, keep=st.booleans())
    def create(self, who: str, resource: str, name: str, keep: bool) -> Sent:
        """A new object, perhaps with a finalizer (`keep`)."""
        return self._create(who, resource, name, keep=keep)

    @rule(target=wire, who=writers, read=reads)
    def count(self, who: str, read: Read) -> Sent:
        """Read-modify-write: one more, if the object is still what was read."""
        content = {**read.content, TALLY: str(int(read.content.get(TALLY, "0")) + 1)}
        return self._update(who, read, content, conditional=True, counts=True)

    @rule(target=wire, who=writers, read=reads)
    def repeat(self, who: str, read: Read) -> Sent:
        """The object as it was read: it changes nothing if it is still so, and conflicts if not."""
        return self._update(who, read, read.content, conditional=True)

    @rule(target=wire, who=writers, read=reads, value=st.sampled_from("xyz"))
    def overwrite(self, who: str, read: Read, value: str) -> Sent:
        """Last writer wins: without a resourceVersion there is no conflict."""
        return self._update(who, read, {**read.content, "last": value}, conditional=False)

    @rule(target=wire, who=writers, read=reads, conditional=st.booleans())
    def let_go(self, who: str, read: Read, conditional: bool) -> Sent:
        """The finalizers go, whatever they wait for."""
        metadata: Document = {"finalizers": None}
        if conditional:
            metadata["resourceVersion"] = read.metadata["resourceVersion"]
        version = metadata.get("resourceVersion", "")
        write = Write("patch", read.resource, read.name, version, finalizers=frozenset())
        return self._patch(who, write, {"metadata": metadata}, "merge")

    @rule(
        target=wire, who=writers, read=reads, value=st.sampled_from("xyz"), kind=st.sampled_from(("merge", "strategic"))
    )
    def label(self, who: str, read: Read, value: str, kind: str) -> Sent:
        """A patch that is made for one version."""
        content = {**read.content, "label": value}
        version = read.metadata["resourceVersion"]
        write = Write("patch", read.resource, read.name, version, content=content)
        body = {"metadata": {"resourceVersion": version}}
        part = {"label": value}
        body = {"metadata": {**body["metadata"], "labels": part}} if read.resource == "pods" else {**body, "data": part}
        return self._patch(who, write, body, kind)

    @rule(target=wire, who=writers, read=reads, value=st.sampled_from("xyz"))
    def test_and_set(self, who: str, read: Read, value: str) -> Sent:
        """A JSON patch that tests the version first."""
        content = {**read.content, "tested": value}
        version = read.metadata["resourceVersion"]
        field = "/metadata/labels" if read.resource == "pods" else "/data"
        body = [
            {"op": "test", "path": "/metadata/resourceVersion", "value": version},
            {"op": "add", "path": field, "value": content},
        ]
        return self._patch(who, Write("test", read.resource, read.name, version, content=content), body, "json")

    @rule(
        target=wire, who=writers, read=reads, condition=st.sampled_from(("", "uid", "version")), at_once=st.booleans()
    )
    def delete(self, who: str, read: Read, condition: str, at_once: bool) -> Sent:
        """A deletion of whatever has the name, of this very object (`uid`), or of this version of it."""
        metadata = read.metadata
        uid = metadata["uid"] if condition == "uid" else ""
        version = metadata["resourceVersion"] if condition == "version" else ""
        body: Document = {"apiVersion": "v1", "kind": "DeleteOptions"}
        wanted = {**({"uid": uid} if uid else {}), **({"resourceVersion": version} if version else {})}
        if wanted:
            body["preconditions"] = wanted
        if at_once:
            body["gracePeriodSeconds"] = 0
        write = Write("delete", read.resource, read.name, version, uid, at_once=at_once)
        return self._send(who, write, {"verb": "delete", **_place(read.resource, read.name), "body": body})

    @rule(target=wire, who=writers, name=names, read=reads, node=st.sampled_from(("m", "n")), sure=st.booleans())
    def bind(self, who: str, name: str, read: Read, node: str, sure: bool) -> Sent:
        """A pod is bound to a node; `sure`: only this very pod."""
        sure = sure and read.resource == "pods"
        name, uid = (read.name, read.metadata["uid"]) if sure else (name, "")
        body = {"metadata": {"name": name, **({"uid": uid} if uid else {})}, "target": {"kind": "Node", "name": node}}
        request = {"verb": "create", **_place("pods", name), "subresource": "binding", "body": body}
        return self._send(who, Write("bind", "pods", name, uid=uid, node=node), request)

    # ---- the wire

    @rule(sent=consumes(wire))
    def arrive(self, sent: Sent) -> None:
        """One of the requests on the wire reaches its API server."""
        self._serve(sent)

    @rule(target=wire, sent=consumes(wire))
    def arrive_unheard(self, sent: Sent) -> Sent:
        """As `arrive`, but the reply is lost; the writer, who knows no better, sends the same again."""
        self._serve(sent, lost=True)
        return self._send(sent.who, sent.write, sent.request, counts=sent.counts)

    def may_happen(self, fault: Any) -> bool:
        """API servers stay up: what becomes of the writers' requests is for the rules to say."""
        target = getattr(fault, "p", None)
        if target is None:
            iid = getattr(fault, "iid", 0)
            target = -iid - 1 if iid < 0 else None
        return target is None or not self.world.pids[target].startswith("kube-apiserver")

    # ---- what must be so

    @invariant()
    def every_object_is_as_foretold(self) -> None:
        """Nothing accepted is lost, nothing is applied twice, and nobody changes what is not theirs."""
        for resource in ("configmaps", "pods"):
            for name in NAMES:
                known = self.expected.objects.get((resource, name))
                stored = self.world.store.get(resource, f"default/{name}")
                found = None if stored is None else content_of(resource, stored.document)
                wanted = None if known is None else dict(known.content)
                if found != wanted:
                    raise self._demanded((resource, name), wanted, f"{resource}/{name} has {found}: expected {wanted}")

    @invariant()
    def every_accepted_count_is_there(self) -> None:
        """The tally of an object that only conditional writers touch is the number of their accepted writes."""
        for (resource, name), count in self._tally.items():
            if (resource, name) not in self.expected.objects:
                continue
            content = self.expected.objects[resource, name].content
            have = int(content.get(TALLY, "0"))
            if have != count:
                what = f"{resource}/{name} counts {have}: expected {count}"
                raise self._demanded((resource, name), {**content, TALLY: str(count)}, what)

    def before_the_end(self) -> None:
        """What is still on the wire arrives, and nothing is kept by finalizers any more."""
        for sent in list(self._open.values()):
            self._serve(sent)

    def at_the_end(self) -> None:
        """The writers' objects are as they left them."""
        self.every_object_is_as_foretold()

    # ---- below the rules

    def act(self, action: Any) -> Delta:
        """As ClusterMachine, and what others than the writers do to an object is taken down."""
        delta = super().act(action)
        for change in delta.commits:
            if change.resource in ("configmaps", "pods") and change.key.startswith("default/"):
                self._note(change)
        return delta

    def _note(self, change: Change) -> None:
        key = (change.resource, change.key.partition("/")[2])
        if change.actor.partition("/")[2] in WRITERS or key[1] not in NAMES:
            return
        known = self.expected.objects.get(key)
        if known is None:
            return
        if change.type == DELETED:
            del self.expected.objects[key]
            return
        self._learn(known, change.obj)

    @staticmethod
    def _learn(known: Known, stored: Stored) -> None:
        metadata, status = stored.document["metadata"], stored.document.get("status") or {}
        known.uid, known.version = stored.uid, str(stored.revision)
        known.leaving = bool(metadata.get("deletionTimestamp"))
        known.grace_s = metadata.get("deletionGracePeriodSeconds") or 0
        known.finished = status.get("phase") in ("Succeeded", "Failed")

    def _serve(self, sent: Sent, *, lost: bool = False) -> None:
        foretold = self.expected.answer(sent.write)
        changed = foretold == OK and self.expected.carry_out(sent.write)
        self.send(sent.who, sent.request, sent.id)
        self._foretell(sent.who, sent.id, foretold, changes=changed)
        self._open.pop(sent.id)
        _, delta = self.serve_step(sent.who, sent.id, lost=lost)
        key, write = sent.write.key, sent.write
        known = self.expected.objects.get(key)
        stored = self.world.store.get(write.resource, f"default/{write.name}")
        self.every_object_is_as_foretold()
        if known is not None and stored is not None and changed:
            self._learn_version(write, known, stored, delta)
        if foretold == OK:
            self._count(sent, known)

    def _demanded(
        self, key: tuple[str, str], content: dict[str, str] | None, finding: str, **version: str
    ) -> AssertionError:
        """The trace demands what an object must be, so that USER-02 judges it here and in every replay; what it does not see is failed as it is."""
        demand = {"resource": key[0], "key": f"default/{key[1]}", "content": content, **version}
        self.say(f"demand {key[0]}/{key[1]}", demand=demand)
        return self.failed(finding)

    def _foretell(self, who: str, id: str, answer: str, *, changes: bool) -> None:
        """USER-01 will judge the answer, here and in every replay."""
        foretold = {"as": who, "name": id, "expect": answer, "changes": changes}
        self.say(f"{id} should get {answer or 'OK'}{' and write' if changes else ''}", **foretold)

    def _learn_version(self, write: Write, known: Known, stored: Stored, delta: Delta) -> None:
        """The versions of what was just written; they are new, and above all others."""
        newest = max(change.revision for change in delta.commits)
        if stored.revision != newest:
            what = f"{write.resource}/{write.name} has version {stored.revision}: expected {newest}"
            raise self._demanded(write.key, dict(known.content), what, version=str(newest))
        known.uid, known.version = stored.uid, str(stored.revision)

    def _count(self, sent: Sent, known: Known | None) -> None:
        key, verb = sent.write.key, sent.write.verb
        if known is None or verb == "create":
            self._tally.pop(key, None)
        if known is None:
            return
        if verb == "create":
            self._tally[key] = 0
        elif sent.counts and key in self._tally:
            self._tally[key] += 1
        elif verb == "update" and not sent.write.version:
            self._tally.pop(key, None)

    def _create(self, who: str, resource: str, name: str, *, keep: bool) -> Sent:
        finalizers = frozenset({FINALIZER} if keep else ())
        metadata: Document = {"name": name, "finalizers": sorted(finalizers)}
        content = {TALLY: "0"}
        body: Document = {"metadata": metadata, "data": content}
        if resource == "pods":
            metadata["labels"] = content
            spec = {"containers": [{"name": "c", "image": "c:1"}], "schedulerName": "nobody"}
            body = {"metadata": metadata, "spec": spec}
        write = Write("create", resource, name, content=content, finalizers=finalizers)
        return self._send(who, write, {"verb": "create", **_place(resource, ""), "body": body})

    def _update(
        self, who: str, read: Read, content: dict[str, str], *, conditional: bool, counts: bool = False
    ) -> Sent:
        metadata = {name: value for name, value in read.metadata.items() if name != "managedFields"}
        if not conditional:
            metadata = {
                name: metadata[name] for name in ("name", "namespace", "labels", "finalizers") if name in metadata
            }
        version, uid = metadata.get("resourceVersion", ""), metadata.get("uid", "")
        body = {**read.document, "metadata": metadata}
        if read.resource == "pods":
            metadata["labels"] = content
        else:
            body["data"] = content
        node = (read.document.get("spec") or {}).get("nodeName", "")
        write = Write("update", read.resource, read.name, version, uid, content, read.finalizers, node)
        return self._send(
            who, write, {"verb": "update", **_place(read.resource, read.name), "body": body}, counts=counts
        )

    def _patch(self, who: str, write: Write, body: Any, kind: str) -> Sent:
        request = {"verb": "patch", **_place(write.resource, write.name), "body": body, "options": {"patchType": kind}}
        return self._send(who, write, request)

    def _send(self, who: str, write: Write, request: Document, *, counts: bool = False) -> Sent:
        sent = Sent(who, self._next_id(), write, request, counts)
        self._open[sent.id] = sent
        return sent

    def _next_id(self) -> str:
        self._sent += 1
        return f"w{self._sent}"


def content_of(resource: str, document: Document) -> dict[str, str]:
    """What writers have put into an object: the data of a ConfigMap, the labels of a Pod."""
    found = document["metadata"].get("labels") if resource == "pods" else document.get("data")
    return dict(found or {})


def _place(resource: str, name: str) -> Document:
    return {"resource": resource, "namespace": "default", "name": name}
