"""A forgotten password: a link by mail, good once and for an hour. Whether an address is known is told to nobody."""

import asyncio
import contextlib
import secrets
from datetime import timedelta

import structlog

from radiant.foundation.identity import passwords, sessions, sessions_store, steps_store, trail, users_store
from radiant.foundation.identity.sessions import LIMIT_ADDRESS, Origin, hash_token
from radiant.infra.db import Database, Row
from radiant.infra.mail import Mailer, MailError
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Conflict, Invalid

log = structlog.get_logger()
KIND = "password_reset"
LIFETIME = timedelta(hours=1)
_MAILS_OF_ADDRESS = 5


class ResetOver(Invalid):
    """The link was used, or is older than an hour."""

    slug = "reset-over"


class NoMail(Conflict):
    """No mail server is set up."""

    slug = "no-mail"


class PasswordResets:
    """One per process, made by a root: `async with PasswordResets(…) as resets`."""

    def __init__(self, database: Database, mailer: Mailer, base_url: str, clock: Clock = utc_now) -> None:
        self._database = database
        self._mailer = mailer
        self._base_url = base_url
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def offered(self) -> bool:
        """Whether a link can be sent at all."""
        return self._mailer.is_set_up

    async def ask(self, email: str, origin: Origin) -> None:
        """Send links for the accounts of that address, if there are any: what follows happens behind the answer, which
        is the same for every address. Raises NoMail, LockedOut (counted for unknown addresses too)."""
        if not self._mailer.is_set_up:
            raise NoMail("this server sends no mail: ask an admin of your workspace for a one-time password")
        subjects = {f"reset|{email}": _MAILS_OF_ADDRESS, f"reset|{origin.ip}": LIMIT_ADDRESS}
        await sessions.refuse_too_many(self._database, subjects, self._clock)
        task = asyncio.create_task(self._send(email, origin))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, email: str, origin: Origin) -> None:
        async with self._database.system("password reset").tx() as tx:
            found = await users_store.sign_in_candidates(tx, email, None)
        accounts = [row for row in found if row["role"] == "owner" or not row["sso_required"]]
        for row in accounts:
            await self._send_one(email, row, origin)

    async def _send_one(self, email: str, row: Row, origin: Origin) -> None:
        token = secrets.token_urlsafe(32)
        async with self._database.system("password reset").tx() as tx:
            await steps_store.forget(tx, row["tenant_id"], row["id"], KIND)
            await steps_store.insert(
                tx, hash_token(token), KIND, row["tenant_id"], row["id"], {}, self._clock() + LIFETIME
            )
            await trail.record_system(
                tx, row["tenant_id"], "user.reset_asked", target=("user", row["id"]),
                ip=origin.ip, request_id=origin.request_id,
            )  # fmt: skip
        text = (
            f"Somebody asked for a new password of your account in the workspace {row['tenant_name']} on RADIANT.\n\n"
            f"{self._base_url}/password-reset#{token}\n\nThe link is good once, for an hour. If it was not you, do"
            " nothing: your password stays as it is.\n"
        )
        try:
            await self._mailer.send(email, "A new password for RADIANT", text)
        except MailError as error:
            log.warning("mail", what="password reset", error=str(error))

    async def finish(self, token: str, new_password: str, origin: Origin) -> None:
        """Set the password; every session of the account ends. Raises ResetOver, WeakPassword, LockedOut."""
        await sessions.refuse_too_many(self._database, {f"reset-token|{origin.ip}": LIMIT_ADDRESS}, self._clock)
        passwords.check_strength(new_password)
        encoded = await passwords.hash_password(new_password)
        async with self._database.system("password reset").tx() as tx:
            step = await steps_store.take(tx, hash_token(token), KIND)
            if step is None or not await users_store.is_active(tx, step["tenant_id"], step["user_id"]):
                raise ResetOver(
                    "the link was used, replaced by a newer one, or is older than an hour: ask for a new one"
                )
            tenant_id, user_id = step["tenant_id"], step["user_id"]
            await users_store.set_password(tx, tenant_id, user_id, encoded, one_time=False)
            await sessions_store.end_all(tx, tenant_id, user_id, keep=None)
            await trail.record_system(
                tx, tenant_id, "user.password_changed", target=("user", user_id), user_id=user_id, by="mail",
                ip=origin.ip, request_id=origin.request_id,
            )  # fmt: skip

    async def quiet(self) -> None:
        """Return when nothing is being sent."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def __aenter__(self) -> "PasswordResets":
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for task in list(self._tasks):
            with contextlib.suppress(asyncio.CancelledError):
                await task
