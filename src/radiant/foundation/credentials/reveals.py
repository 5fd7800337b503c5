"""Showing a value to a person: by those whose vault role allows it, for a reason, and where the vault says so with another
person's approval, which is good for one showing within a window."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from radiant.foundation.credentials import access, reveals_store, store
from radiant.foundation.credentials.access import NotInThisVault, Reached, SecondPersonNeeded
from radiant.foundation.credentials.access_log import AccessLog, Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.schemas import NewRevealRequest, RevealAsked, Revealed, RevealRequest
from radiant.foundation.credentials.service import Credentials, NoSuchCredential
from radiant.infra.db import Database, Row, Tx
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Conflict, Forbidden, NotFound
from radiant.kit.ids import uuid7


class NoSuchRevealRequest(NotFound):
    """No request of that id is the caller's to see."""

    slug = "no-such-reveal-request"


class NotToBeDecided(Conflict):
    """It was decided, used, or ran out."""

    slug = "reveal-request-over"


class OwnRequest(Forbidden):
    """Nobody approves their own request."""

    slug = "own-reveal-request"


class NoSecondPerson(Conflict):
    """The vault shows values without anybody's approval."""

    slug = "no-second-person"


class Reveals:
    """One per process."""

    def __init__(self, database: Database, credentials: Credentials, log: AccessLog, clock: Clock = utc_now) -> None:
        self._database = database
        self._credentials = credentials
        self._log = log
        self._clock = clock

    async def reveal(self, actor: Actor, credential_id: UUID, asked: RevealAsked) -> Revealed:
        """Show a value; it is in the access log before it is shown.

        Raises as `Credentials.open` does, and SecondPersonNeeded.
        """
        entry = Entry("read", credential_id=credential_id, version=asked.version, reason=asked.reason)
        async with self._log.attempt(actor, entry):
            opened = await self._credentials.open(actor, entry, "reveal", version=asked.version)
            if opened.vault.second_person:
                await self._use_approval(actor, entry, asked.request_id)
        value = opened.value
        shown = Revealed(version=opened.place.version, fields=value.fields)
        if value.fields is None:
            text = value.secret(opened.kind)
            if value.text is not None:
                shown.value = text
            else:
                shown.value_base64 = text
        return shown

    async def _use_approval(self, actor: Actor, entry: Entry, request_id: UUID | None) -> None:
        assert entry.credential_id is not None
        if request_id is None or actor.user_id is None:
            raise SecondPersonNeeded(
                "this vault shows values with a second person's approval: ask at POST …/reveal-requests, and give"
                " request_id once it is approved"
            )
        async with actor.db(self._database).tx() as tx:
            if not await reveals_store.use(tx, request_id, entry.credential_id, actor.user_id, self._clock()):
                raise SecondPersonNeeded("request_id: not approved, used, run out, or of another credential; ask again")
            entry.detail["request"] = str(request_id)
            await self._log.note(tx, actor, entry)

    async def ask(self, actor: Actor, credential_id: UUID, new: NewRevealRequest) -> RevealRequest:
        """Ask for another person's approval. Raises NoSuchCredential, NotInThisVault, NoSecondPerson."""
        entry = Entry("request_reveal", credential_id=credential_id, reason=new.reason)
        async with self._log.attempt(actor, entry), actor.db(self._database).tx() as tx:
            row = await store.get(tx, credential_id)
            if row is None or actor.user_id is None:
                raise NoSuchCredential("there is no such credential")
            entry.vault_id = row["vault_id"]
            vault = await access.reach(tx, actor, row["vault_id"], "reveal")
            if not vault.second_person:
                raise NoSecondPerson("this vault needs no approval: ask to be shown the value at once")
            request_id = uuid7()
            entry.detail["request"] = str(request_id)
            await reveals_store.insert(
                tx, request_id, vault.id, credential_id, actor.user_id, actor.api_key_id, new.reason
            )
            made = await self._request(tx, request_id)
            await self._log.note(tx, actor, entry)
        return made

    async def ask_for_one(self, actor: Actor, vault_id: UUID, new: NewRevealRequest) -> RevealRequest:
        """Ask for another person's approval of what would let one person see values alone: `second_person` switched off.

        Raises NoSuchVault, NotInThisVault, NoSecondPerson.
        """
        entry = Entry("request_reveal", vault_id=vault_id, reason=new.reason)
        async with self._log.attempt(actor, entry), actor.db(self._database).tx() as tx:
            vault = await access.reach(tx, actor, vault_id, "administer")
            if not vault.second_person or actor.user_id is None:
                raise NoSecondPerson("this vault shows values without anybody's approval as it is")
            request_id = uuid7()
            entry.detail["request"] = str(request_id)
            await reveals_store.insert(tx, request_id, vault_id, None, actor.user_id, actor.api_key_id, new.reason)
            made = await self._request(tx, request_id)
            await self._log.note(tx, actor, entry)
        return made

    async def page(self, actor: Actor, after: tuple[datetime, UUID] | None, limit: int) -> list[RevealRequest]:
        """Requests that the actor made or may decide, the newest first."""
        async with actor.db(self._database).tx() as tx:
            rows = await reveals_store.page(tx, actor.user_id, actor.is_admin, after, limit)
        return [self._shown(row) for row in rows]

    async def decide(self, actor: Actor, request_id: UUID, *, approve: bool) -> RevealRequest:
        """Approve or refuse another's request: as a person who may be shown values there, or who administers the vault;
        of a request about the vault's rule, the latter alone.

        Raises NoSuchRevealRequest, NotInThisVault, OwnRequest, NotToBeDecided.
        """
        entry = Entry("approve_reveal" if approve else "refuse_reveal", detail={"request": str(request_id)})
        async with self._log.attempt(actor, entry), actor.db(self._database).tx() as tx:
            row = await reveals_store.get(tx, request_id)
            if row is None:
                raise NoSuchRevealRequest("there is no such request")
            entry.credential_id, entry.vault_id = row["credential_id"], row["vault_id"]
            vault = await self._vault(tx, actor, row["vault_id"])
            of_rule = row["credential_id"] is None
            if actor.kind != "user" or not vault.rights & ({"administer"} if of_rule else {"reveal", "administer"}):
                raise NotInThisVault(
                    "approving takes a signed-in person who administers the vault"
                    + ("" if of_rule else ", or may be shown its values")
                )
            if row["requested_by"] == actor.user_id:
                raise OwnRequest("you asked for this; another person decides")
            if not await reveals_store.decide(
                tx, request_id, actor.user_id, approve, self._clock(), vault.reveal_window_seconds
            ):
                raise NotToBeDecided("it was decided already, or has run out")
            made = await self._request(tx, request_id)
            await self._log.note(tx, actor, entry)
        return made

    async def _vault(self, tx: Tx, actor: Actor, vault_id: UUID) -> Reached:
        try:
            return await access.reach(tx, actor, vault_id)
        except access.NoSuchVault:
            raise NoSuchRevealRequest("there is no such request") from None

    async def _request(self, tx: Tx, request_id: UUID) -> RevealRequest:
        row = await reveals_store.get(tx, request_id)
        assert row is not None
        return self._shown(row)

    def _shown(self, row: Row) -> RevealRequest:
        over = row["state"] in _OPEN and row["expires_at"] <= self._clock()
        return RevealRequest.model_validate({**row, "state": "expired" if over else row["state"]})


_OPEN: Sequence[str] = ("pending", "approved")
