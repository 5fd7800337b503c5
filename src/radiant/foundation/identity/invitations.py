"""Invitations by link: shown to whoever invites, mailed where mail is set up, good for one account.

The token stands behind the # of the link, so it reaches no log of a server on the way. It is kept as a hash.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from radiant.foundation.identity import invitations_store as store
from radiant.foundation.identity import passwords, sessions, trail, users, users_store
from radiant.foundation.identity.callers import Caller, Role
from radiant.foundation.identity.schemas import (
    AcceptedInvitation,
    Invitation,
    InvitationLook,
    MadeInvitation,
    NewUser,
)
from radiant.foundation.identity.sessions import LIMIT_ADDRESS, Origin, SignedIn, SsoRequired, hash_token
from radiant.foundation.tenants import plans
from radiant.foundation.tenants import store as tenants_store
from radiant.infra.db import Database
from radiant.infra.mail import Mailer, MailError
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import NotFound
from radiant.kit.ids import UserId, uuid7

log = structlog.get_logger()
LIFETIME = timedelta(days=7)


class InvitationOver(NotFound):
    """There is no such invitation (any more)."""

    slug = "invitation-over"


@dataclass(frozen=True, slots=True)
class _Link:
    token: str
    url: str


class Invitations:
    """One per process, made by a root. `base_url` is where people reach this installation."""

    def __init__(self, database: Database, mailer: Mailer, base_url: str, clock: Clock = utc_now) -> None:
        self._database = database
        self._mailer = mailer
        self._base_url = base_url
        self._clock = clock

    async def page(self, caller: Caller, before: tuple[datetime, UUID] | None, limit: int) -> list[Invitation]:
        """Open invitations, those that expired among them."""
        caller.require_role(Role.ADMIN)
        async with caller.db(self._database).tx() as tx:
            return [Invitation.model_validate(dict(row)) for row in await store.page(tx, before, limit)]

    async def make(self, caller: Caller, new: NewUser) -> MadeInvitation:
        """Invite somebody; an invitation of that address is replaced. Raises EmailTaken, Forbidden, LimitReached."""
        users.require_grantable(caller, new.role)
        link = self._link()
        async with self._database.system("invitation").tx() as tx:
            if await store.has_person(tx, caller.tenant_id, new.email):
                raise users.EmailTaken(f"email: {new.email} is already in this workspace")
            await plans.require_seat(tx, caller.tenant_id)
            invitation_id = await store.save(
                tx, uuid7(), caller.tenant_id, new.email, new.name, new.role, hash_token(link.token), caller.user_id,
                self._clock() + LIFETIME,
            )  # fmt: skip
            await trail.record(
                tx, caller, "invitation.made", target=("invitation", invitation_id), email=new.email, role=new.role
            )
        return await self._send(caller, invitation_id, link)

    async def resend(self, caller: Caller, invitation_id: UUID) -> MadeInvitation:
        """The same with a new link and a new week; the old link is void. Raises NotFound, Forbidden."""
        caller.require_role(Role.ADMIN)
        async with caller.db(self._database).tx() as tx:
            row = await store.get(tx, invitation_id)
        if row is None:
            raise NotFound("there is no such invitation")
        return await self.make(caller, NewUser(email=row["email"], name=row["name"], role=row["role"]))

    async def revoke(self, caller: Caller, invitation_id: UUID) -> None:
        """Take it back. Raises NotFound."""
        caller.require_role(Role.ADMIN)
        async with caller.db(self._database).tx() as tx:
            if not await store.delete(tx, invitation_id):
                raise NotFound("there is no such invitation")
            await trail.record(tx, caller, "invitation.revoked", target=("invitation", invitation_id))

    async def look(self, token: str, origin: Origin) -> InvitationLook:
        """What one is invited to. Raises InvitationOver, LockedOut."""
        await sessions.refuse_too_many(self._database, {f"invitation|{origin.ip}": LIMIT_ADDRESS}, self._clock)
        async with self._database.system("invitation").tx() as tx:
            row = await store.by_token(tx, hash_token(token))
        if row is None:
            raise InvitationOver("the invitation was used, taken back, or is older than a week: ask for a new one")
        return InvitationLook.model_validate({**row, "tenant": row["tenant_name"]})

    async def accept(self, form: AcceptedInvitation, origin: Origin, lifetime: timedelta) -> SignedIn:
        """Make the account and open its first session. Raises InvitationOver, WeakPassword, SsoRequired,
        EmailTaken, LimitReached, LockedOut."""
        look = await self.look(form.token, origin)
        if look.sso_required:
            raise SsoRequired("this workspace signs in by its identity provider", tenant=look.slug)
        passwords.check_strength(form.new_password)
        encoded = await passwords.hash_password(form.new_password)
        async with self._database.system("invitation").tx() as tx:
            row = await store.take(tx, hash_token(form.token))
            if row is None:
                raise InvitationOver("the invitation was used just now")
            await plans.require_seat(tx, row["tenant_id"])
            user_id, name = UserId(uuid7()), form.name or row["name"]
            if not await users_store.insert_without_password(
                tx, user_id, row["tenant_id"], row["email"], name, row["role"]
            ):
                raise users.EmailTaken(f"{row['email']} is already in this workspace: sign in")
            await users_store.set_password(tx, row["tenant_id"], user_id, encoded, one_time=False)
            await trail.record_system(
                tx, row["tenant_id"], "invitation.accepted", target=("invitation", row["id"]), user_id=user_id,
                email=row["email"], role=row["role"], ip=origin.ip, request_id=origin.request_id,
            )  # fmt: skip
            return await sessions.open_session(
                tx, row["tenant_id"], user_id, "invitation", origin, lifetime, self._clock
            )

    def _link(self) -> _Link:
        token = secrets.token_urlsafe(32)
        return _Link(token, f"{self._base_url}/invitation#{token}")

    async def _send(self, caller: Caller, invitation_id: UUID, link: _Link) -> MadeInvitation:
        async with caller.db(self._database).tx() as tx:
            row = await store.get(tx, invitation_id)
            tenant = await tenants_store.get(tx, caller.tenant_id)
        if row is None or tenant is None:
            raise NotFound("the invitation was taken back just now")
        invitation = Invitation.model_validate(dict(row))
        if not self._mailer.is_set_up:
            return MadeInvitation(**invitation.model_dump(), link=link.url)
        text = (
            f"{row['invited_by'] or 'Somebody'} invites you to the workspace {tenant.name} on RADIANT.\n\n"
            f"{link.url}\n\nThe link makes one account and is good for a week. If you do not know what this is about,"
            " do nothing.\n"
        )
        try:
            await self._mailer.send(invitation.email, f"Invitation to {tenant.name}", text)
        except MailError as error:
            log.warning("mail", what="invitation", error=str(error))
            return MadeInvitation(**invitation.model_dump(), link=link.url, mail_error=str(error))
        async with self._database.system("invitation").tx() as tx:
            await store.mailed(tx, caller.tenant_id, invitation_id)
        made = invitation.model_copy(update={"mailed_at": self._clock()})
        return MadeInvitation(**made.model_dump(), link=link.url)
