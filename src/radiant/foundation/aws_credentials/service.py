"""The specification's operations by their names: assume a role, ask whose keys these are. The third, `rotate_access_keys`,
is in `rotations`."""

from uuid import UUID

from radiant.foundation.aws_credentials import identities
from radiant.foundation.aws_credentials.calls import Assumed, Aws, CallerIdentity, Keys
from radiant.foundation.aws_credentials.identities import region_of, user_name_of
from radiant.foundation.aws_credentials.schemas import AssumeAsked, AwsIdentity, ValidatedCredentials
from radiant.foundation.aws_credentials.sessions import Sessions, Source
from radiant.foundation.credentials import access
from radiant.foundation.credentials.access import Right, SecondPersonNeeded
from radiant.foundation.credentials.access_log import AccessLog, Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.service import Credentials
from radiant.infra.db import Database
from radiant.kit.errors import Invalid

_MANAGING = AssumeAsked(session_name="radiant-rotation")


class AwsCredentials:
    """One per process, made by a root."""

    def __init__(
        self, database: Database, vault: Credentials, access_log: AccessLog, aws: Aws, sessions: Sessions
    ) -> None:
        self._database = database
        self._vault = vault
        self._log = access_log
        self._aws = aws
        self._sessions = sessions

    async def assume_deployment_role(self, actor: Actor, identity_id: UUID, asked: AssumeAsked) -> Assumed:
        """A session of a registered role, from the cache where one is good. The actor may use the credential by whose
        keys it is assumed; whether they are the operator, where those are the platform's, is the door's to ask.

        Raises NoSuchIdentity, Invalid, what the vault refuses, and problems of `failures`.
        """
        identity = await identities.identity(actor.db(self._database), identity_id)
        if identity.kind != "role":
            raise Invalid("this is a user, and no role: nothing to assume")
        if identity.key_credential is not None:
            async with actor.db(self._database).tx() as tx:
                await identities.require_credential(tx, actor, "key_credential", identity.key_credential, "use")
        return await self._sessions.get(actor.tenant_id, identity, asked, self._source(actor, identity))

    async def validate_credentials(
        self,
        actor: Actor,
        *,
        identity_id: UUID | None = None,
        credential_id: UUID | None = None,
        region: str = "us-east-1",
    ) -> ValidatedCredentials:
        """Who AWS says that the keys are: of a registered identity (a role is assumed for it), of a stored credential, or
        of the process itself. Raises as `assume_deployment_role` does."""
        if identity_id is not None:
            return await self._validate_identity(actor, identity_id)
        keys = await self.stored_keys(actor, credential_id, "use") if credential_id else None
        return _validated(await self._aws.caller_identity(keys, region), region, None)

    async def require_reveal(self, actor: Actor, identity: AwsIdentity) -> None:
        """Whether they may be shown a session's keys: as the vault says of the keys by which it is assumed. Refusals are
        recorded there. Raises NotInThisVault, SecondPersonNeeded."""
        if identity.key_credential is None:
            return
        entry = Entry("reveal", credential_id=identity.key_credential, reason="AWS session")
        async with self._log.seen(actor, entry), actor.db(self._database).tx() as tx:
            row = await identities.require_credential(tx, actor, "key_credential", identity.key_credential, "reveal")
            if (await access.reach(tx, actor, row["vault_id"], "reveal")).second_person:
                raise SecondPersonNeeded(
                    "this vault shows values with a second person's approval alone, which a session cannot wait for; use it by"
                    " reference"
                )

    async def stored_keys(
        self, actor: Actor, credential_id: UUID | None, right: Right, *, stage: str | None = None
    ) -> Keys:
        """Keys out of the vault, recorded there. Raises Invalid, and what the vault refuses."""
        if credential_id is None:
            raise Invalid("key_credential: the credential that held the keys is gone; name another")
        entry = Entry("use", credential_id=credential_id, reason="AWS")
        async with self._log.attempt(actor, entry):
            opened = await self._vault.open(actor, entry, right, stage=stage)
            if opened.kind != "aws" or opened.value.fields is None:
                raise Invalid(f"credential_id: it is of type {opened.kind}; name one of type aws")
            fields = opened.value.fields
            return Keys(fields["access_key_id"], fields["secret_access_key"], fields.get("session_token"))

    async def managing_keys(self, actor: Actor, identity: AwsIdentity) -> Keys:
        """Those by which a user's keys are managed: of the managing role's session, or the user's own current ones."""
        if identity.manager_id is None:
            return await self.stored_keys(actor, identity.key_credential, "write")
        # Whoever may rotate need not be let use the manager's keys for anything else.
        job = Actor.job(actor.tenant_id, "AWS key rotation")
        return (await self.assume_deployment_role(job, identity.manager_id, _MANAGING)).keys

    async def _validate_identity(self, actor: Actor, identity_id: UUID) -> ValidatedCredentials:
        identity = await identities.identity(actor.db(self._database), identity_id)
        if identity.kind == "user":
            keys = await self.stored_keys(actor, identity.key_credential, "use")
        else:
            keys = (await self.assume_deployment_role(actor, identity_id, AssumeAsked())).keys
        region = region_of(identity)
        return _validated(await self._aws.caller_identity(keys, region), region, identity)

    def _source(self, actor: Actor, identity: AwsIdentity) -> Source:
        async def keys() -> Keys | None:
            if identity.source == "platform":
                return None
            return await self.stored_keys(actor, identity.key_credential, "use")

        async def external_id() -> str | None:
            if identity.external_id_credential is None:
                return identity.external_id
            entry = Entry("use", credential_id=identity.external_id_credential, reason="AWS external id")
            # Whoever may assume the role uses the id without being a member where it is kept.
            job = Actor.job(actor.tenant_id, "AWS session")
            async with self._log.attempt(job, entry):
                opened = await self._vault.open(job, entry, "use")
                return opened.value.secret(opened.kind)

        return Source(keys, external_id)


def is_identity(said: CallerIdentity, identity: AwsIdentity) -> bool:
    """Whether AWS speaks of the registered user, or of a session of the registered role."""
    if identity.kind == "user":
        return said.arn == identity.arn
    sessions = f"arn:{identity.partition}:sts::{identity.account_id}:assumed-role/{user_name_of(identity)}/"
    return said.arn.startswith(sessions)


def _validated(said: CallerIdentity, region: str, identity: AwsIdentity | None) -> ValidatedCredentials:
    return ValidatedCredentials(
        account_id=said.account_id,
        arn=said.arn,
        user_id=said.user_id,
        partition=said.partition,
        region=region,
        as_registered=None if identity is None else is_identity(said, identity),
    )
