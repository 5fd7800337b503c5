"""Guardrails as an admin sees and changes them, and as they are made ready for calls."""

import secrets
from collections.abc import Sequence
from uuid import UUID

import structlog

from radiant.ai.policies import guard_store as store
from radiant.ai.policies.guard_schemas import (
    MOST_GUARDRAILS,
    Guardrail,
    ModelSettings,
    NewGuardrail,
    PiiSettings,
    RegexSettings,
    SizeSettings,
    WebhookSettings,
    settings_of,
)
from radiant.ai.policies.guards import Ask, Asked, Guard, Judge, Unanswered, Verdict, model_judge, regex_finder
from radiant.ai.policies.guards import webhook_judge as make_webhook_judge
from radiant.ai.policies.problems import NoSuchGuardrail, NoSuchPolicy, TooManyGuardrails
from radiant.foundation.identity import trail
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database, Row
from radiant.infra.httpclient import HttpClient
from radiant.infra.kms import CannotOpen, Kms, KmsError, open_sealed, seal
from radiant.infra.rekeying import SealedPlace
from radiant.kit import detect
from radiant.kit.errors import Invalid
from radiant.kit.ids import TenantId, uuid7

log = structlog.get_logger()


def _context(tenant_id: TenantId, guardrail_id: UUID) -> dict[str, str]:
    return {"tenant_id": str(tenant_id), "guardrail_id": str(guardrail_id)}


SEALED = SealedPlace(
    "secrets of guardrails", store.SEALED_DUE, store.SEALED_PUT, lambda row: _context(row["tenant_id"], row["id"])
)


async def guardrails(database: Database, caller: Caller, policy_id: UUID) -> list[Guardrail]:
    """Those of a policy, in order. Raises NoSuchPolicy."""
    async with caller.db(database).tx() as tx:
        if not await store.lock_policy(tx, policy_id):
            raise NoSuchPolicy("there is no such policy")
        return [Guardrail.model_validate(dict(row)) for row in await store.of_policy(tx, policy_id)]


async def make_guardrail(database: Database, kms: Kms, caller: Caller, policy_id: UUID, new: NewGuardrail) -> Guardrail:
    """Put one at the end. A webhook's signing secret is in what is returned, this once. Raises NoSuchPolicy,
    TooManyGuardrails."""
    guardrail_id = uuid7()
    secret = sealed = None
    if new.kind == "webhook":
        secret = f"whsec_{secrets.token_urlsafe(32)}"
        sealed = await seal(kms, secret.encode(), _context(caller.tenant_id, guardrail_id))
    async with caller.db(database).tx() as tx:
        if not await store.lock_policy(tx, policy_id):
            raise NoSuchPolicy("there is no such policy")
        there = await store.of_policy(tx, policy_id)
        if len(there) >= MOST_GUARDRAILS:
            raise TooManyGuardrails(f"a policy has at most {MOST_GUARDRAILS} guardrails; delete one first")
        position = max((row["position"] for row in there), default=-1) + 1
        await store.insert(tx, guardrail_id, policy_id, position, new, sealed)
        await trail.record(
            tx, caller, "guardrail.made", target=("guardrail", guardrail_id), policy_id=str(policy_id),
            guardrail=new.model_dump(mode="json"),
        )  # fmt: skip
    return Guardrail(id=guardrail_id, policy_id=policy_id, position=position, signing_secret=secret, **new.model_dump())


async def change_guardrail(
    database: Database, caller: Caller, policy_id: UUID, guardrail_id: UUID, new: NewGuardrail
) -> Guardrail:
    """Replace what it does; its kind stays. Raises NoSuchGuardrail."""
    async with caller.db(database).tx() as tx:
        if not await store.update(tx, policy_id, guardrail_id, new):
            raise NoSuchGuardrail("there is no such guardrail, or it is of another kind: make a new one then")
        await trail.record(
            tx, caller, "guardrail.changed", target=("guardrail", guardrail_id), policy_id=str(policy_id),
            guardrail=new.model_dump(mode="json"),
        )  # fmt: skip
        rows = await store.of_policy(tx, policy_id)
    return next(Guardrail.model_validate(dict(row)) for row in rows if row["id"] == guardrail_id)


async def renew_secret(database: Database, kms: Kms, caller: Caller, policy_id: UUID, guardrail_id: UUID) -> Guardrail:
    """Sign requests to a webhook by a new secret from now on. Raises NoSuchGuardrail."""
    secret = f"whsec_{secrets.token_urlsafe(32)}"
    sealed = await seal(kms, secret.encode(), _context(caller.tenant_id, guardrail_id))
    async with caller.db(database).tx() as tx:
        if not await store.set_secret(tx, policy_id, guardrail_id, sealed):
            raise NoSuchGuardrail("there is no such webhook")
        await trail.record(tx, caller, "guardrail.secret_renewed", target=("guardrail", guardrail_id))
        rows = await store.of_policy(tx, policy_id)
    found = next(Guardrail.model_validate(dict(row)) for row in rows if row["id"] == guardrail_id)
    return found.model_copy(update={"signing_secret": secret})


async def order_guardrails(
    database: Database, caller: Caller, policy_id: UUID, guardrail_ids: Sequence[UUID]
) -> list[Guardrail]:
    """Ask them in this order. Raises NoSuchPolicy, Invalid where the list is not all of them."""
    async with caller.db(database).tx() as tx:
        if not await store.lock_policy(tx, policy_id):
            raise NoSuchPolicy("there is no such policy")
        there = {row["id"] for row in await store.of_policy(tx, policy_id)}
        if set(guardrail_ids) != there or len(guardrail_ids) != len(there):
            raise Invalid("guardrails: give every guardrail of the policy once")
        await store.order(tx, policy_id, list(guardrail_ids))
        names = [str(each) for each in guardrail_ids]
        await trail.record(tx, caller, "guardrail.ordered", target=("policy", policy_id), guardrails=names)
        return [Guardrail.model_validate(dict(row)) for row in await store.of_policy(tx, policy_id)]


async def delete_guardrail(database: Database, caller: Caller, policy_id: UUID, guardrail_id: UUID) -> None:
    """Raises NoSuchGuardrail."""
    async with caller.db(database).tx() as tx:
        if not await store.delete(tx, policy_id, guardrail_id):
            raise NoSuchGuardrail("there is no such guardrail")
        await trail.record(
            tx, caller, "guardrail.deleted", target=("guardrail", guardrail_id), policy_id=str(policy_id)
        )


class Guardrails:
    """Makes guardrails ready for calls. `ask` is filled by inference, which lies above; `allow_private`: webhooks may
    be on this machine or its network."""

    def __init__(self, http: HttpClient, kms: Kms, *, allow_private: bool = False) -> None:
        self._http = http
        self._kms = kms
        self.allow_private = allow_private
        self.ask: Ask | None = None

    async def ready(self, tenant_id: TenantId, row: Row, policy: str) -> Guard:
        """The guardrail of a row."""
        kind, given = row["kind"], row["settings"]
        # What was written was checked then; a webhook's address is looked at once more when it is called.
        settings = WebhookSettings.model_construct(**given) if kind == "webhook" else settings_of(kind, given)
        find = judge = size = None
        match settings:
            case PiiSettings():
                find = detect.pii(settings.types)
            case RegexSettings():
                find = regex_finder(settings)
            case SizeSettings():
                size = settings
            case WebhookSettings():
                judge = await self._webhook(tenant_id, row, settings)
            case ModelSettings():
                judge = self._model(settings)
            case _:
                find = detect.secrets
        return Guard(
            id=row["id"], policy=policy, name=row["name"], kind=kind, stage=row["stage"], action=row["action"],
            find=find, judge=judge, size=size, fails_open=getattr(settings, "on_failure", "closed") == "open",
            version=f"{row['id']} {row['updated_at'].isoformat()}",
        )  # fmt: skip

    async def _webhook(self, tenant_id: TenantId, row: Row, settings: WebhookSettings) -> Judge:
        try:
            secret = await open_sealed(self._kms, row["secret"], _context(tenant_id, row["id"]))
        except (CannotOpen, KmsError) as error:
            log.error("guardrail.secret_closed", guardrail=str(row["id"]), error=str(error))
            return _never("its signing secret cannot be opened; renew it")
        return make_webhook_judge(self._http, settings, secret.decode(), allow_private=self.allow_private)

    def _model(self, settings: ModelSettings) -> Judge:
        return _never("no model can be asked here") if self.ask is None else model_judge(self.ask, settings)


def _never(why: str) -> Judge:
    async def judge(_: Asked, __: Sequence[str]) -> Verdict:
        raise Unanswered(why)

    return judge
