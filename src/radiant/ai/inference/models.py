"""The models as one tenant sees them: the catalogue, what its providers listed besides, and which can be used now."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from radiant.ai.catalog import models as catalog
from radiant.ai.catalog import store as catalog_store
from radiant.ai.inference.model import Model
from radiant.ai.providers.connections import Connected, Connections
from radiant.ai.providers.provider import Connection, Provider
from radiant.ai.providers.vendors import vendors
from radiant.ai.routing.needs import level_of
from radiant.ai.routing.score import Option
from radiant.ai.serving.host import Host
from radiant.ai.serving.packs import AddedModel, ModelStore
from radiant.ai.serving.served import RUNNABLE
from radiant.infra.changes import Changes, Kept
from radiant.infra.db import TenantDb
from radiant.kit.errors import NotFound, Unavailable
from radiant.kit.ids import TenantId
from radiant.kit.money import ZERO

LOCAL = "local"
# How long the catalogue is kept in memory; the operator's changes are seen by all processes after it.
_CATALOG_SECONDS = 5.0
# Of so many tenants.
_KEPT_OPTIONS = 500
# What a model that nobody described is taken to do; where it does not, its provider says so.
_ANY = frozenset({"text", "tools", "vision", "json_schema"})
_ANY_WITH_DOCUMENTS = _ANY | {"documents"}


class ModelNotFound(NotFound):
    """No model of that name."""

    slug = "model-not-found"


class ModelUnavailable(Unavailable):
    """The model is known and cannot be used now; the detail says what it lacks."""

    slug = "model-unavailable"


@dataclass(frozen=True, slots=True)
class Target:
    """A model that can be called now, and by which addresses and keys. A local one is loaded when it is called."""

    model: Model
    provider: Provider
    keys: Sequence[Connection]

    @property
    def connection(self) -> Connection:
        """One of the keys, for what they have in common."""
        return self.keys[0]


class Models:
    """Made once by a root. What it reads of the database it keeps until that changes."""

    def __init__(self, connections: Connections, host: Host, store: ModelStore, changes: Changes) -> None:
        self._connections = connections
        self._host = host
        self._store = store
        self._connected: Kept[TenantId, Mapping[str, Connected]] = Kept(changes, most=2_000)
        self._targets: Kept[tuple[TenantId, str], Target] = Kept(changes, most=20_000)
        changes.subscribe("provider_connections", self._connections_changed)
        changes.subscribe("stored_credentials", self._credentials_changed)
        for table in ("external_models", "self_hosted_models"):
            changes.subscribe(table, self._catalog_changed)
        self._catalog: Sequence[catalog.Model] = ()
        self._installed: frozenset[str] = frozenset()
        self._added: Sequence[AddedModel] = ()
        self._read_at = float("-inf")
        self._options: OrderedDict[TenantId, tuple[object, object, object, Sequence[Option]]] = OrderedDict()

    def _connections_changed(self, tenant_id: TenantId | None) -> None:
        # None: the platform's own, or anything.
        self._connected.forget(None if tenant_id is None else lambda tenant, _: tenant == tenant_id)
        self._targets.forget(None if tenant_id is None else lambda key, _: key[0] == tenant_id)

    def _credentials_changed(self, tenant_id: TenantId | None) -> None:
        # Some targets hold keys of the vault.
        self._targets.forget(None if tenant_id is None else lambda key, _: key[0] == tenant_id)

    def _catalog_changed(self, _: TenantId | None) -> None:
        self._read_at = float("-inf")
        self._targets.forget()

    async def all(self, db: TenantDb) -> list[Model]:
        """Every model, usable or not, local ones first."""
        listed = await self._listed(db)
        connected = await self._connected.read(db.tenant_id, lambda: self._connections.all(db))
        states = self._host.states()
        found = [self._view(model, connected, states) for model in listed]
        known = {(model.provider, model.upstream_id) for model in listed}
        found += [_own(added, states.get(added.id, "COLD")) for added in self._added]
        for provider, connection in connected.items():
            found += _discovered(provider, connection, known)
        return sorted(found, key=lambda model: (not model.local, model.provider, model.id))

    async def options(self, db: TenantDb) -> Sequence[Option]:
        """Every chat model as routing sees it; the same object as long as nothing changed."""
        listed = await self._listed(db)
        connected = self._connected.get(db.tenant_id) or await self._connected.read(
            db.tenant_id, lambda: self._connections.all(db)
        )
        states = self._host.states()
        kept = self._options.get(db.tenant_id)
        if kept is not None and kept[0] is listed and kept[1] is connected and kept[2] == states:
            return kept[3]
        found = [_option(model) for model in await self.all(db) if model.task == "chat"]
        self._options[db.tenant_id] = listed, connected, states, found
        self._options.move_to_end(db.tenant_id)
        if len(self._options) > _KEPT_OPTIONS:
            self._options.popitem(last=False)
        return found

    async def _listed(self, db: TenantDb) -> Sequence[catalog.Model]:
        if time.monotonic() - self._read_at > _CATALOG_SECONDS:
            async with db.tx() as tx:
                self._catalog = await catalog_store.all_models(tx)
            self._installed, self._added = await asyncio.to_thread(self._look)
            self._read_at = time.monotonic()
        return self._catalog

    def _look(self) -> tuple[frozenset[str], Sequence[AddedModel]]:
        installed = frozenset(status.model.id for status in self._store.models() if status.installed)
        return installed, self._store.added()

    def _view(self, model: catalog.Model, connected: Mapping[str, Connected], states: Mapping[str, str]) -> Model:
        return Model(
            id=model.model_id,
            display_name=model.display_name,
            provider=model.provider,
            upstream_id=model.upstream_id,
            task=model.task,
            capabilities=model.capabilities,
            context_length=model.context_length,
            max_output_tokens=model.max_output_tokens,
            input_price=model.input_price,
            output_price=model.output_price,
            cache_read_price=model.cache_read_price,
            cache_write_price=model.cache_write_price,
            minute_price=model.minute_price,
            character_price=model.character_price,
            quality=model.quality,
            aliases=model.aliases,
            local=model.local,
            license=model.license,
            note=model.note,
            pace=model.pace,
            thermal_state=states.get(model.model_id, model.thermal_state) if model.local else None,
            unavailable=self._lacks(model, connected, states),
        )

    def _lacks(self, model: catalog.Model, connected: Mapping[str, Connected], states: Mapping[str, str]) -> str | None:
        if not model.is_active:
            return "switched off by the operator"
        if model.local:
            if model.task not in RUNNABLE:
                return "not run by this version yet"
            if model.model_id not in self._installed:
                return "not installed"
            return "switched off" if states.get(model.model_id) == "OFF" else None
        known = vendors().get(model.provider)
        if known is None:
            return f"{model.provider} cannot be reached by this version"
        connection = connected.get(model.provider)
        if connection is None:
            return f"needs a key for {known.display_name}"
        return None if connection.is_active else f"{known.display_name} is switched off"

    async def room(self, db: TenantDb, name: str) -> tuple[int | None, bool]:
        """How many tokens the model holds, and whether it runs here; for `auto`, the most that any usable one does, and
        whether all of them do. Raises as `resolve` does."""
        if level_of(name) is None:
            found = await self.resolve(db, name)
            return found.context_length, found.local
        usable = [m for m in await self.all(db) if m.task == "chat" and m.unavailable is None]
        return max((m.context_length or 0 for m in usable), default=0) or None, all(m.local for m in usable)

    async def resolve(self, db: TenantDb, name: str) -> Model:
        """The usable model of that id, alias or `provider/id`. Raises ModelNotFound, ModelUnavailable."""
        found = await self.all(db)
        model = next((m for m in found if m.id == name), None) or next((m for m in found if name in m.aliases), None)
        if model is None:
            provider, _, upstream_id = name.partition("/")
            model = next((m for m in found if m.provider == provider and m.upstream_id == upstream_id), None)
        if model is None:
            raise ModelNotFound(f"model: there is no {name!r}; GET /v1/models lists those that can be used")
        if model.unavailable:
            raise ModelUnavailable(f"{model.id} cannot be used: {model.unavailable}")
        return model

    def known_target(self, tenant_id: TenantId, name: str) -> Target | None:
        """The same where it is in memory and nothing speaks against it."""
        target = self._targets.get((tenant_id, name))
        return None if target is None or target.model.local else target

    async def target(self, db: TenantDb, name: str) -> Target:
        """The model of that name, ready to be called. Raises as `resolve` does."""
        key = (db.tenant_id, name)
        target = self._targets.get(key)
        if target is None:
            target = await self._targets.read(key, lambda: self._find(db, name))
        if target.model.local and self._host.states().get(target.model.id) == "OFF":
            raise ModelUnavailable(f"{target.model.id} cannot be used: switched off")
        return target

    async def _find(self, db: TenantDb, name: str) -> Target:
        return await self.reach(db, await self.resolve(db, name))

    async def reach(self, db: TenantDb, model: Model) -> Target:
        """The model, with the keys that reach it. Raises ModelUnavailable."""
        if model.local:
            return Target(
                model, self._connections.provider(LOCAL), (Connection(LOCAL, "", timeouts=self._connections.timeouts),)
            )
        keys = await self._connections.open_all(db, model.provider)
        if not keys:
            raise ModelUnavailable(f"{model.id} cannot be used: {model.provider} is no longer connected")
        return Target(model, self._connections.provider(model.provider), keys)


def _option(model: Model) -> Option:
    return Option(
        id=model.id,
        provider=model.provider,
        capabilities=model.capabilities,
        context_length=model.context_length,
        max_output_tokens=model.max_output_tokens,
        input_price=model.input_price,
        output_price=model.output_price,
        priors=model.quality,
        local=model.local,
        pace=model.pace,
        warm=not model.local or model.thermal_state in ("WARM", "HOT"),
        excluded=model.unavailable,
    )


def _own(added: AddedModel, state: str) -> Model:
    """A GGUF file of the operator's own."""
    return Model(
        id=added.id,
        display_name=added.id,
        provider=LOCAL,
        upstream_id=added.id,
        capabilities=frozenset({"text", "json_schema", "tools"}),
        context_length=added.context_length,
        input_price=ZERO,
        output_price=ZERO,
        local=True,
        thermal_state=state,
        note=added.path,
    )


def _discovered(provider: str, connected: Connected, known: set[tuple[str, str]]) -> list[Model]:
    """Models that a provider listed and the catalogue does not know: usable, their prices unknown."""
    return [
        Model(
            id=f"{provider}/{upstream_id}",
            display_name=upstream_id,
            provider=provider,
            upstream_id=upstream_id,
            capabilities=_ANY_WITH_DOCUMENTS if vendors()[provider].documents else _ANY,
            context_length=context_length,
            # A server of one's own costs nothing a token; others' prices are not known.
            input_price=ZERO if vendors()[provider].local else None,
            output_price=ZERO if vendors()[provider].local else None,
            unavailable=None if connected.is_active else "switched off",
        )
        for upstream_id, context_length in connected.models
        if (provider, upstream_id) not in known
    ]
