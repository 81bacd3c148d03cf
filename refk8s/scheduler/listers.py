"""The other objects that plugins look at: labels of namespaces, selectors of services and of the controllers that own pods.

Source: pkg/scheduler/framework/plugins/helper/spread.go; pkg/scheduler/framework/plugins/interpodaffinity/plugin.go, GetNamespaceLabelsSnapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from refk8s.core.table import EMPTY as EMPTY_TABLE
from refk8s.core.table import Table
from refk8s.kinds.codec import EMPTY, Document, view
from refk8s.kinds.meta import LabelSelector
from refk8s.scheduler.budgets import Budget

__all__ = ["NO_LISTERS", "Listers", "OwnerKey"]

OwnerKey = tuple[str, str, str, str]
"""(apiVersion, kind, namespace, name) of a controller."""

_OWNER_KINDS: Final = (("apps/v1", "ReplicaSet"), ("apps/v1", "StatefulSet"), ("v1", "ReplicationController"))


@attrs.frozen
class Listers:
    """Persistent maps of what the scheduler's informers know besides pods and nodes; make new ones with the fields' own `set` and `delete`.

    `namespaces`: name → labels. `services`: (namespace, name) → selector, by namespace. `owners`: selector of each ReplicaSet, StatefulSet and
    ReplicationController. `budgets`: disruption budgets by namespace and name.
    """

    namespaces: Table[str, Mapping[str, str]] = EMPTY_TABLE
    services: Table[str, Table[str, Mapping[str, str]]] = EMPTY_TABLE
    owners: Table[OwnerKey, LabelSelector | None] = EMPTY_TABLE
    budgets: Table[tuple[str, str], Budget] = EMPTY_TABLE

    @classmethod
    def of(
        cls,
        namespaces: Iterable[Document] = (),
        services: Iterable[Document] = (),
        replica_sets: Iterable[Document] = (),
        stateful_sets: Iterable[Document] = (),
        replication_controllers: Iterable[Document] = (),
        disruption_budgets: Iterable[Document] = (),
    ) -> Listers:
        """Return the listers of these documents."""
        listers = NO_LISTERS
        for namespace in namespaces:
            listers = listers.with_namespace(namespace)
        for service in services:
            listers = listers.with_service(service)
        for (api_version, kind), owners in zip(
            _OWNER_KINDS, (replica_sets, stateful_sets, replication_controllers), strict=True
        ):
            for owner in owners:
                listers = listers.with_owner(api_version, kind, owner)
        for budget in disruption_budgets:
            listers = listers.with_budget(budget)
        return listers

    def namespace_labels(self, name: str) -> Mapping[str, str]:
        """The labels of namespace `name`; none if it is not known."""
        return self.namespaces.get(name, EMPTY) or EMPTY

    def service_selectors(self, namespace: str) -> list[Mapping[str, str]]:
        """The selectors of the services in `namespace`, in the order of their names, without those that have none."""
        inner: Table[str, Mapping[str, str]] = self.services.get(namespace) or EMPTY_TABLE
        return [selector for selector in inner.values() if selector]

    def with_namespace(self, document: Document) -> Listers:
        """Return the listers with this namespace added or updated."""
        metadata = document["metadata"]
        return attrs.evolve(self, namespaces=self.namespaces.set(metadata["name"], metadata.get("labels") or EMPTY))

    def with_service(self, document: Document) -> Listers:
        """Return the listers with this service added or updated."""
        namespace, name = _key(document)
        selector = (document.get("spec") or EMPTY).get("selector") or EMPTY
        inner: Table[str, Any] = self.services.get(namespace) or EMPTY_TABLE
        return attrs.evolve(self, services=self.services.set(namespace, inner.set(name, selector)))

    def with_owner(self, api_version: str, kind: str, document: Document) -> Listers:
        """Return the listers with this controller added or updated."""
        namespace, name = _key(document)
        selector = (document.get("spec") or EMPTY).get("selector")
        parsed = LabelSelector(selector or EMPTY) if kind == "ReplicationController" else _selector(selector)
        return attrs.evolve(self, owners=self.owners.set((api_version, kind, namespace, name), parsed))

    def with_budget(self, document: Document) -> Listers:
        """Return the listers with this disruption budget added or updated."""
        return attrs.evolve(self, budgets=self.budgets.set(_key(document), Budget.of(document)))

    def without_budget(self, namespace: str, name: str) -> Listers:
        """Return the listers without this disruption budget, which may be unknown."""
        return attrs.evolve(self, budgets=self.budgets.discard((namespace, name)))

    def without_namespace(self, name: str) -> Listers:
        """Return the listers without this namespace, which may be unknown."""
        return attrs.evolve(self, namespaces=self.namespaces.discard(name))

    def without_service(self, namespace: str, name: str) -> Listers:
        """Return the listers without this service, which may be unknown."""
        inner: Table[str, Any] = self.services.get(namespace) or EMPTY_TABLE
        return attrs.evolve(self, services=self.services.set(namespace, inner.discard(name)))

    def without_owner(self, api_version: str, kind: str, namespace: str, name: str) -> Listers:
        """Return the listers without this controller, which may be unknown."""
        return attrs.evolve(self, owners=self.owners.discard((api_version, kind, namespace, name)))


NO_LISTERS: Final = Listers()


def _key(document: Document) -> tuple[str, str]:
    metadata = document["metadata"]
    return metadata.get("namespace") or "default", metadata["name"]


def _selector(selector: Document | None) -> LabelSelector | None:
    return None if selector is None else view(LabelSelector, selector)
