"""By which address and key a tenant reaches a provider: its own connection, else the platform's, else a key in the
platform's environment. Keys are sealed by the KMS port, bound to the tenant and provider that they are for."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from radiant.ai.providers import connections_store as store
from radiant.ai.providers.addresses import check_base_url
from radiant.ai.providers.azure import Azure
from radiant.ai.providers.errors import UpstreamError
from radiant.ai.providers.fields import checked, example_of, of_environment, pack, secret_fields, unpack
from radiant.ai.providers.provider import Connection, Provider, Secret, Timeouts
from radiant.ai.providers.vendors import Vendor, vendor, vendors
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.leases import Leases
from radiant.foundation.credentials.schemas import Use
from radiant.foundation.credentials.service import Opened
from radiant.foundation.identity import trail
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database, Row, TenantDb
from radiant.infra.kms import CannotOpen, Kms, open_sealed, seal
from radiant.infra.rekeying import SealedPlace
from radiant.infra.secrets import SecretRef
from radiant.kit.errors import Forbidden, Invalid, NotFound, Problem, Unavailable
from radiant.kit.ids import TenantId

Source = Literal["workspace", "platform", "environment"]
_MODELS_KEPT = 500


class ProviderCheckFailed(Invalid):
    """The provider refused the key, or could not be reached."""

    slug = "provider-check-failed"


class KeyUnreadable(Unavailable):
    """A key is not to be had: it does not open here, or the vault does not serve the credential that it is."""

    slug = "key-unreadable"


@dataclass(frozen=True, slots=True)
class Connected:
    """A provider that a tenant can reach."""

    provider: str
    source: Source
    base_url: str
    hint: str
    id: UUID | None = None
    is_active: bool = True
    checked_at: datetime | None = None
    check_error: str | None = None
    allow_private: bool = False
    """Whether the address may be on this machine or its network: where the platform's operator chose it."""
    sealed: dict[str, Any] | None = None
    credential: UUID | None = None
    """The credential of the vault that stands in place of a key."""
    name: str = "default"
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the vendor needs besides, none of it secret."""
    others: "tuple[Connected, ...]" = ()
    """Further keys for the same provider; calls are spread over all that are active."""
    models: tuple[tuple[str, int | None], ...] = ()
    """What the provider listed when it was tested: its ids, with context lengths where it told them."""


def _of_row(row: Row, vendor: Vendor) -> Connected:
    return Connected(
        provider=row["provider"],
        source="workspace" if row["tenant_id"] else "platform",
        base_url=row["base_url"] or vendor.base_url,
        hint=row["hint"],
        id=row["id"],
        is_active=row["is_active"],
        checked_at=row["checked_at"],
        check_error=row["check_error"],
        allow_private=vendor.local or row["tenant_id"] is None or row["settings"].get("allow_private", False),
        sealed=row["sealed"],
        credential=UUID(row["settings"]["credential"]) if row["settings"].get("credential") else None,
        name=row["name"],
        settings=row["settings"].get("fields", {}),
        models=tuple((item["id"], item.get("context_length")) for item in row["settings"].get("models", [])),
    )


def _context(tenant_id: TenantId | None, provider: str) -> dict[str, str]:
    return {"purpose": "provider-connection", "tenant": str(tenant_id or "platform"), "provider": provider}


SEALED = SealedPlace(
    "keys of providers", store.SEALED_DUE, store.SEALED_PUT, lambda row: _context(row["tenant_id"], row["provider"])
)


def _of_credential(vendor: Vendor, opened: Opened) -> tuple[Secret | None, dict[str, Secret]]:
    """A credential as the vendor takes it: its secret fields by name, or else its one text as the key."""
    held = secret_fields(vendor, opened.value.fields or {})
    key = None if held else Secret(opened.value.secret(opened.kind))
    return key, {name: Secret(value) for name, value in held.items()}


async def uses_of(db: TenantDb, credential_id: UUID) -> list[Use]:
    """Connections whose key is that credential: for the vault."""
    async with db.tx() as tx:
        rows = await store.of_credential(tx, credential_id)
    return [
        Use(kind="provider-connection", id=str(row["id"]), name=f"{row['provider']} ({row['name']})") for row in rows
    ]


class Connections:
    """Reads and writes connections. `providers` translate, by name."""

    def __init__(
        self,
        database: Database,
        kms: Kms,
        providers: Mapping[str, Provider],
        timeouts: Timeouts,
        leases: Leases,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._database = database
        self._kms = kms
        self._providers = providers
        self.timeouts = timeouts
        self._leases = leases
        self._environment = environment

    def provider(self, name: str) -> Provider:
        """The translator of that provider. Raises NotFound."""
        found = self._providers.get(name)
        if found is None:
            raise NotFound(f"there is no provider {name!r}")
        return found

    async def all(self, db: TenantDb) -> dict[str, Connected]:
        """Every provider that this tenant can reach, by name. An inactive own connection hides the platform's."""
        async with db.tx() as tx:
            own = await store.own(tx)
        async with self._database.system("platform connections").tx() as tx:
            platform = await store.platform(tx)
        found: dict[str, Connected] = {}
        for name, known in vendors().items():
            settings = of_environment(known, self._environment) if self._environment.get(known.key_env) else None
            if settings is not None:
                hint = Secret(self._environment[known.key_env]).hint()
                found[name] = Connected(
                    provider=name, source="environment", base_url=known.base_url, hint=hint, settings=settings
                )
        for row in [*platform, *own]:
            known = vendor(row["provider"])
            if known is None:
                continue
            connected, before = _of_row(row, known), found.get(row["provider"])
            if before is not None and before.source == connected.source:
                connected = replace(before, others=(*before.others, connected))
            found[row["provider"]] = connected
        return found

    async def open(self, db: TenantDb, provider: str) -> Connection | None:
        """The tenant's connection to a provider with its key unsealed, or None; the first of several keys."""
        connected = (await self.all(db)).get(provider)
        if connected is None:
            return None
        first = next((each for each in (connected, *connected.others) if each.is_active), None)
        return await self.unseal(db, first) if first is not None else None

    async def open_all(self, db: TenantDb, provider: str) -> list[Connection]:
        """Every active key that the tenant has for a provider, unsealed: what `health.Upstreams.enter` chooses from."""
        connected = (await self.all(db)).get(provider)
        if connected is None:
            return []
        return [await self.unseal(db, each) for each in (connected, *connected.others) if each.is_active]

    async def unseal(self, db: TenantDb, connected: Connected) -> Connection:
        """A connection that can be called."""
        known = vendor(connected.provider)
        assert known is not None
        key: Secret | None = None
        secrets: dict[str, Secret] = {}
        owner = db.tenant_id if connected.source == "workspace" else None
        if connected.source == "environment":
            key = Secret(self._environment[known.key_env])
        elif connected.credential is not None:
            key, secrets = await self._leased(db.tenant_id, connected, known)
        elif connected.sealed is not None:
            try:
                plain = await open_sealed(self._kms, connected.sealed, _context(owner, connected.provider))
            except CannotOpen as error:
                raise KeyUnreadable(
                    f"the stored key of {connected.provider} cannot be opened (another master key?); enter it again"
                ) from error
            key, secrets = unpack(known, plain)
        connection = Connection(
            provider=connected.provider,
            base_url=connected.base_url,
            api_key=key,
            timeouts=self.timeouts,
            allow_private=connected.allow_private,
            settings=connected.settings,
            secrets=secrets,
            name=connected.name,
            owner=str(owner or ""),
        )
        return self._signed_in(connection)

    async def _leased(
        self, tenant_id: TenantId, connected: Connected, known: Vendor
    ) -> tuple[Secret | None, dict[str, Secret]]:
        assert connected.credential is not None
        try:
            opened = await self._leases.value(tenant_id, connected.credential, f"provider {connected.provider}")
            return _of_credential(known, opened)
        except Problem as problem:
            raise KeyUnreadable(
                f"the key of {connected.provider} is a credential of the vault, which is not served: {problem.detail}"
            ) from problem

    def _signed_in(self, connection: Connection) -> Connection:
        """The connection as its provider signs in where it takes other credentials than a key."""
        provider = self._providers.get(connection.provider)
        return provider.signed_in(connection) if isinstance(provider, Azure) else connection

    async def save(
        self, caller: Caller, provider: str, api_key: str | None, base_url: str | None, *, shared: bool,
        settings: Mapping[str, str] | None = None, name: str = "default", credential: UUID | None = None,
    ) -> None:  # fmt: skip
        """Test a key and address, then keep them. `shared`: for every tenant, by the operator alone; `settings`: the
        vendor's fields, secret ones among them; another `name` is another key for the same provider; `credential` stands
        in place of a key, and is taken from the vault at each use.

        Raises NotFound, Forbidden, AddressRefused, ProviderCheckFailed, and what keeps a credential from being used;
        nothing is kept then.
        """
        known = vendors().get(provider)
        if known is None:
            raise NotFound(f"there is no provider {provider!r}; there are {', '.join(vendors())}")
        if shared:
            caller.require_operator()
        if (known.local or known.operator_only) and not caller.is_operator:
            raise Forbidden(f"{known.display_name} runs on the platform's own network: only its operator connects it")
        if credential is not None and (api_key or shared):
            raise Invalid("credential: in place of api_key, and for this workspace alone")
        key = Secret(api_key) if api_key else None
        entered = dict(settings or {})
        if credential is not None:
            opened = await self._leases.bind(Actor.of(caller), SecretRef(credential), f"provider {provider}")
            key, held = _of_credential(known, opened)
            entered |= {name: secret.reveal() for name, secret in held.items()}
        if known.needs_key and key is None:
            raise Invalid(f"api_key: {known.display_name} needs one; make it at {known.docs_url}")
        address = base_url or known.base_url
        plain, secrets = checked(known, entered, address)
        # What is checked is what will be called; kept is the form with its places, where it is the vendor's own.
        filled = check_base_url(example_of(address, plain), allow_private=caller.is_operator)
        address = filled if base_url else known.base_url
        owner = None if shared or known.local else caller.tenant_id
        connection = Connection(
            provider, address, key, self.timeouts, allow_private=caller.is_operator, settings=plain, secrets=secrets
        )
        models = await self._test(self._signed_in(connection))
        packed = pack(known, api_key, secrets) if credential is None else None
        sealed = await seal(self._kms, packed, _context(owner, provider)) if packed else None
        hint = "" if credential else key.hint() if key else next((secret.hint() for secret in secrets.values()), "")
        facts: dict[str, Any] = {"models": models, "allow_private": caller.is_operator, "fields": plain}
        if credential is not None:
            facts["credential"] = str(credential)
        async with self._database.system("save connection").tx() as tx:
            await store.save(
                tx, owner, provider, address if address != known.base_url else None, sealed,
                hint, facts, caller.user_id if owner else None, name,
            )  # fmt: skip
            await trail.record(tx, caller, "provider.connected", target=("provider", provider), shared=owner is None)

    async def check(self, caller: Caller, provider: str) -> None:
        """Test the connection that is in force again, each of its keys, and write how it went. Raises NotFound, ProviderCheckFailed."""
        db = caller.db(self._database)
        connected = (await self.all(db)).get(provider)
        if connected is None:
            raise NotFound(f"{provider} is not connected; enter a key first")
        owner = caller.tenant_id if connected.source == "workspace" else None
        failures: list[ProviderCheckFailed] = []
        for each in (connected, *connected.others):
            models: list[dict[str, Any]] | None = None
            failure: ProviderCheckFailed | None = None
            try:
                models = await self._test(await self.unseal(db, each))
            except ProviderCheckFailed as error:
                failure = error
                failures.append(error)
            async with self._database.system("check connection").tx() as tx:
                await store.note_check(tx, owner, provider, each.name, failure.detail if failure else None, models)
        if failures:
            raise failures[0]

    async def delete(self, caller: Caller, provider: str, name: str | None = None) -> None:
        """Forget the connection that is in force, or one of its keys: the tenant's own, or the platform's as its
        operator."""
        connected = (await self.all(caller.db(self._database))).get(provider)
        if connected is None:
            raise NotFound(f"{provider} is not connected")
        if connected.source == "environment":
            raise Invalid(f"{provider} is connected by the server's environment; take the variable out there")
        if connected.source == "platform":
            caller.require_operator()
        owner = caller.tenant_id if connected.source == "workspace" else None
        async with self._database.system("delete connection").tx() as tx:
            if not await store.delete(tx, owner, provider, name):
                raise NotFound(f"{provider} has no key named {name!r}")
            await trail.record(tx, caller, "provider.disconnected", target=("provider", provider))

    async def _test(self, connection: Connection) -> list[dict[str, Any]]:
        provider = self.provider(connection.provider)
        try:
            await provider.check(connection)
            listed = await provider.list_models(connection)
        except UpstreamError as error:
            known = vendors().get(connection.provider)
            name = known.display_name if known else connection.provider
            start = f"{connection.provider} "
            told = f"it {error.detail.removeprefix(start)}" if error.detail.startswith(start) else error.detail
            raise ProviderCheckFailed(f"{name} was tried and failed: {told}") from error
        return [{"id": item.id, "context_length": item.context_length} for item in listed[:_MODELS_KEPT]]
