"""Rotations: who asked for one, how far it is, what went wrong (F15.6). See rotators.py for the steps.

The new value is stored as the pending version before it is applied anywhere, so no crash loses it; the current one serves on
until the new one is verified, and after that through its grace. What fails is tried again by the job with back-off; what
fails for good is withdrawn, told of, and tried anew by the schedule after a longer pause.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog

from radiant.foundation.credentials import access, kinds, store
from radiant.foundation.credentials import rotations_store as rotations
from radiant.foundation.credentials.access_log import AccessLog, Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.life_schemas import NewRotation, NewRotator, Rotation, RotationPlan, RotatorFacts
from radiant.foundation.credentials.rotators import Fields, Related, RotationFailed, RotationRefused, Rotators
from radiant.foundation.credentials.rotators import Rotation as Asked
from radiant.foundation.credentials.schedule import after_failure, next_rotation, parse
from radiant.foundation.credentials.schemas import CredentialChange, NewVersion, Use
from radiant.foundation.credentials.service import Credentials, NoSuchCredential, Opened
from radiant.foundation.credentials.value import Value
from radiant.infra.db import Database, Row, TenantDb
from radiant.infra.jobs import Job, enqueue, enqueue_each_for_platform
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Conflict, Invalid, NotFound, Problem
from radiant.kit.ids import TenantId, uuid7

log = structlog.get_logger()

ROTATE, RETIRE = "credential-rotation", "credential-retirement"
ATTEMPTS, TIMEOUT = 6, 180.0
# Longer than a try may take, so that who holds it is dead when it ends.
_LEASE_SECONDS = TIMEOUT + 60
_AGAIN = timedelta(seconds=20)
_AT_ONCE = 100

Tell = Callable[[TenantId, UUID, str, str], Awaitable[None]]
"""Raises an alert: of whom, which credential, what kind of thing happened, in words. Filled by the roots."""


class RotationUnderWay(Conflict):
    """One at a time."""

    slug = "rotation-under-way"


class NothingRotatesIt(Conflict):
    """The credential has no rotator."""

    slug = "no-rotator"


class Rotations:
    """One per process."""

    def __init__(
        self, database: Database, credentials: Credentials, access_log: AccessLog, rotators: Rotators, *,
        tell: Tell | None = None, clock: Clock = utc_now,
    ) -> None:  # fmt: skip
        self._database = database
        self._credentials = credentials
        self._log = access_log
        self._rotators = rotators
        self._tell = tell
        self._clock = clock

    # --- how it is rotated ---

    async def plan(self, actor: Actor, credential_id: UUID) -> RotationPlan:
        """How a credential is rotated, and which ways there are. Raises NoSuchCredential."""
        credential = await self._credentials.describe(actor, credential_id)
        async with actor.db(self._database).tx() as tx:
            row = await rotations.rotator(tx, credential_id)
        return RotationPlan(
            rotator=row["rotator"] if row else None,
            settings=row["settings"] if row else {},
            failures=row["failures"] if row else 0,
            schedule=credential.rotation_schedule,
            next_rotation_at=credential.next_rotation_at,
            grace_seconds=credential.grace_seconds,
            rotators=[
                RotatorFacts(name=name, related=list(rotator.related))
                for name, rotator in sorted(self._rotators.items())
                if credential.type in rotator.types
            ],
        )

    async def set_plan(self, actor: Actor, credential_id: UUID, new: NewRotator, *, inner: bool) -> RotationPlan:
        """Say how a credential is rotated and when; `inner`: private addresses may be called for it.

        Raises NoSuchCredential, NotInThisVault, Invalid.
        """
        entry = Entry("change_rotation", credential_id=credential_id, detail={"rotator": new.rotator, "schedule": new.schedule})  # fmt: skip
        async with self._log.attempt(actor, entry):
            schedule = parse(new.schedule) if new.schedule is not None else None
            credential = await self._credentials.describe(actor, credential_id)
            entry.vault_id = credential.vault_id
            settings = self._checked(credential.type, new)
            async with actor.db(self._database).tx() as tx:
                await access.reach(tx, actor, credential.vault_id, "write")
                for name in self._rotators[new.rotator].related if new.rotator else ():
                    await self._check_related(tx, actor, name, settings.get(name))
                if new.rotator is None:
                    await rotations.remove_rotator(tx, credential_id)
                else:
                    await rotations.set_rotator(tx, credential_id, new.rotator, settings, inner, actor.user_id)
                await store.change(
                    tx, credential_id, None, None, None, False, None, new.schedule, True, new.grace_seconds
                )
                at = None
                if schedule is not None:
                    last = credential.last_rotated or credential.created_at
                    at = next_rotation(schedule, last, credential_id, self._clock())
                await rotations.next_at(tx, credential_id, at)
                await self._log.note(tx, actor, entry)
        return await self.plan(actor, credential_id)

    def _checked(self, kind: str, new: NewRotator) -> dict[str, Any]:
        if new.rotator is None:
            return {}
        rotator = self._rotators.get(new.rotator)
        known = ", ".join(sorted(name for name, each in self._rotators.items() if kind in each.types))
        if rotator is None or kind not in rotator.types:
            raise Invalid(f"rotator: a credential of type {kind} is rotated by {known or 'nothing'}")
        return rotator.check(new.settings)

    async def _check_related(self, tx: Any, actor: Actor, name: str, given: Any) -> None:
        if given is None:
            return
        try:
            row = await store.get(tx, UUID(str(given)))
        except ValueError:
            row = None
        if row is None or row["deleted_at"] is not None:
            raise Invalid(f"settings.{name}: there is no such credential")
        await access.reach(tx, actor, row["vault_id"], "use")

    # --- asking for one ---

    async def start(self, actor: Actor, credential_id: UUID, new: NewRotation) -> Rotation:
        """Rotate now. Raises NoSuchCredential, NotInThisVault, NothingRotatesIt, RotationUnderWay."""
        entry = Entry("start_rotation", credential_id=credential_id, reason=new.reason)
        rotation_id = uuid7()
        async with self._log.attempt(actor, entry), actor.db(self._database).tx() as tx:
            row = await store.get(tx, credential_id)
            if row is None or row["deleted_at"] is not None:
                raise NoSuchCredential("there is no such credential")
            entry.vault_id = row["vault_id"]
            await access.reach(tx, actor, row["vault_id"], "write")
            if await rotations.rotator(tx, credential_id) is None:
                raise NothingRotatesIt("say first how it is rotated: PUT …/rotation; or store a new version by hand")
            if not await rotations.begin(tx, rotation_id, credential_id, new.grace_seconds, actor.user_id):
                raise RotationUnderWay("a rotation of this credential is under way; wait for its end")
            await enqueue(tx, ROTATE, once=str(rotation_id), rotation=rotation_id, tenant=actor.tenant_id)
            made = await rotations.one(tx, rotation_id)
            assert made is not None
            await self._log.note(tx, actor, entry)
        return _rotation(made)

    async def page(self, actor: Actor, credential_id: UUID, after: Any, limit: int) -> list[Rotation]:
        """A credential's rotations, the latest first. Raises NoSuchCredential."""
        await self._credentials.describe(actor, credential_id)
        async with actor.db(self._database).tx() as tx:
            return [_rotation(row) for row in await rotations.page(tx, credential_id, after, limit)]

    async def get(self, actor: Actor, credential_id: UUID, rotation_id: UUID) -> Rotation:
        """One rotation, with the times of its steps. Raises NoSuchCredential, NotFound."""
        await self._credentials.describe(actor, credential_id)
        async with actor.db(self._database).tx() as tx:
            row = await rotations.one(tx, rotation_id)
        if row is None or row["credential_id"] != credential_id:
            raise NotFound("there is no such rotation of this credential")
        return _rotation(row)

    # --- doing it: jobs of a worker ---

    async def tick(self) -> None:
        """Begin what is due and was missed, work out when the rest is, retire what has served its grace."""
        database = self._database.system("credential rotations")
        async with database.tx() as tx:
            now = self._clock()
            rows = await rotations.unscheduled(tx, _AT_ONCE)
            if rows:
                await rotations.schedule(tx, [row["id"] for row in rows], [_next(row, now) for row in rows])
            begun = await rotations.begin_due(tx, _AT_ONCE)
            await enqueue_each_for_platform(tx, ROTATE, [_ids(row) for row in begun])
            due = await rotations.retirements_due(tx, _AT_ONCE)
            await enqueue_each_for_platform(tx, RETIRE, [_ids(row) for row in due])

    async def rotate(self, job: Job) -> None:
        """A job {rotation, tenant}: carry a rotation on from where it is. Raises RotationFailed."""
        await self._with_lease(job, self._carry_on)

    async def retire(self, job: Job) -> None:
        """A job {rotation, tenant}: the former version's grace is over. Raises RotationFailed."""
        await self._with_lease(job, self._retire_former)

    async def _with_lease(self, job: Job, work: Callable[["_Held"], Awaitable[None]]) -> None:
        tenant_id, rotation_id = TenantId(UUID(job.ids["tenant"])), UUID(job.ids["rotation"])
        actor = Actor.job(tenant_id, "rotation")
        lease = uuid4()
        async with actor.db(self._database).tx() as tx:
            row = await rotations.one(tx, rotation_id)
            if row is None:
                return
            if not await rotations.take_lease(tx, row["credential_id"], lease, _LEASE_SECONDS):
                # Another worker has it, or had it and died. That is no failure, so it uses up none of the job's tries.
                await enqueue(tx, job.name, delay=_AGAIN, rotation=rotation_id, tenant=tenant_id)
                return
            # Read again: what was read before the lease may be what another was about to change.
            row = await rotations.one(tx, rotation_id)
            plan = await rotations.rotator(tx, row["credential_id"]) if row else None
        if row is None or plan is None:
            return
        try:
            await work(_Held(actor, row, plan, lease))
        finally:
            async with actor.db(self._database).tx() as tx:
                await rotations.give_lease_back(tx, row["credential_id"], lease)

    async def _carry_on(self, held: "_Held") -> None:
        if held.row["finished_at"] is not None:
            return
        async with held.actor.db(self._database).tx() as tx:
            await rotations.count_attempt(tx, held.row["id"])
        try:
            await self._steps(held)
        except RotationRefused as error:
            await self._fail(held, str(error))
        except (RotationFailed, Problem) as error:
            async with held.actor.db(self._database).tx() as tx:
                await rotations.note_error(tx, held.row["id"], str(error))
            # Without the chain: what was raised inside may hold what was rotated.
            raise RotationFailed(str(error)) from None

    async def _steps(self, held: "_Held") -> None:
        rotator = self._rotators.get(held.plan["rotator"])
        if rotator is None:
            raise RotationRefused(f"this installation has no rotator {held.plan['rotator']!r}")
        await self._retire_earlier(held)
        asked = await self._asked(held)
        kind, current, version = await self._fields(held, None)
        state, pending = held.row["state"], held.row["version"]
        if state == "queued":
            new = await rotator.propose(asked, current)
            await self._check_lease(held)
            made = await self._credentials.add_version(held.actor, held.credential_id, _version(kind, current, new))
            pending, state = made.version, "proposed"
            await self._reach(held, state, version=pending, former=version)
        _, new, _ = await self._fields(held, pending)
        if state == "proposed":
            await rotator.apply(asked, current, new)
            state = "applied"
            await self._reach(held, state)
        if state == "applied":
            await rotator.verify(asked, new)
            state = "verified"
            await self._reach(held, state)
        await self._finish(held, pending)

    async def _finish(self, held: "_Held", version: int) -> None:
        credential = await self._credentials.describe(held.actor, held.credential_id)
        grace = held.row["grace_seconds"] if held.row["grace_seconds"] is not None else credential.grace_seconds
        if credential.current_version != version:
            await self._credentials.promote(held.actor, held.credential_id, version=version, grace_seconds=grace)
            if credential.expires_at is not None:
                # The new value lives as long as the one before was given.
                life = credential.expires_at - (credential.last_rotated or credential.created_at)
                change = CredentialChange(expires_at=self._clock() + life)
                await self._credentials.change(held.actor, held.credential_id, change)
        async with held.actor.db(self._database).tx() as tx:
            await rotations.reach_state(tx, held.row["id"], "current")
            await rotations.retire_after(tx, held.row["id"], timedelta(seconds=grace))
            await rotations.forget_failures(tx, held.credential_id)
            row = await store.get(tx, held.credential_id)
            if row is not None and row["rotation_schedule"] is not None:
                now = self._clock()
                await rotations.next_at(
                    tx, held.credential_id, _due(row["rotation_schedule"], now, held.credential_id, now)
                )
        log.info("credential.rotated", tenant=str(held.actor.tenant_id), credential=str(held.credential_id))

    async def _check_lease(self, held: "_Held") -> None:
        async with held.actor.db(self._database).tx() as tx:
            if not await rotations.holds_lease(tx, held.credential_id, held.lease):
                raise RotationFailed("another worker took over")

    async def _reach(self, held: "_Held", state: str, version: int | None = None, former: int | None = None) -> None:
        async with held.actor.db(self._database).tx() as tx:
            if not await rotations.holds_lease(tx, held.credential_id, held.lease):
                raise RotationFailed("another worker took over")
            await rotations.reach_state(tx, held.row["id"], state, version, former)

    async def _asked(self, held: "_Held") -> Asked:
        settings: Mapping[str, Any] = held.plan["settings"]
        related: dict[str, Related] = {}
        for name in self._rotators[held.plan["rotator"]].related:
            if name in settings:
                other = await self._opened(held, UUID(settings[name]), None)
                related[name] = Related(_as_fields(other.value), other.value.secret(other.kind))
        return Asked(held.credential_id, held.row["id"].hex, settings, related, held.plan["inner_addresses"])

    async def _fields(self, held: "_Held", version: int | None) -> tuple[str, Fields, int]:
        opened = await self._opened(held, held.credential_id, version)
        return opened.kind, _as_fields(opened.value), opened.place.version

    async def _opened(self, held: "_Held", credential_id: UUID, version: int | None) -> Opened:
        """A version, the current one unless said."""
        # What has expired is rotated too, and above all; others that it needs must serve.
        own = credential_id == held.credential_id
        entry = Entry("open_for_rotation", credential_id=credential_id)
        async with self._log.attempt(held.actor, entry):
            return await self._credentials.open(held.actor, entry, "use", version=version, expired_too=own)

    # --- when it comes to nothing ---

    async def gave_up(self, job: Job) -> None:
        """A job {rotation, tenant} that was tried often enough: the current version stays, and people are told."""
        await self._with_lease(job, self._give_up)

    async def _give_up(self, held: "_Held") -> None:
        if held.row["finished_at"] is None:
            await self._fail(held, held.row["error"] or "it killed its workers")

    async def _fail(self, held: "_Held", error: str) -> None:
        async with held.actor.db(self._database).tx() as tx:
            # As it is by now, and not when the lease was taken.
            row = await rotations.one(tx, held.row["id"])
        if row is not None and row["version"] is not None:
            error = await self._withdraw(held, row["version"], error)
        async with held.actor.db(self._database).tx() as tx:
            if not await rotations.fail(tx, held.row["id"], error):
                return
            failures = await rotations.count_failure(tx, held.credential_id)
            row = await store.get(tx, held.credential_id)
            if row is not None and row["rotation_schedule"] is not None:
                await rotations.next_at(tx, held.credential_id, after_failure(failures, self._clock()))
        await self._alert(held, "rotation-failed", f"rotating the credential {held.credential_id} failed: {error}")

    async def _withdraw(self, held: "_Held", version: int, error: str) -> str:
        """Take the new value back; what is said of it, where that fails."""
        rotator = self._rotators.get(held.plan["rotator"])
        try:
            if rotator is not None:
                asked = await self._asked(held)
                _, current, _ = await self._fields(held, None)
                _, new, _ = await self._fields(held, version)
                await rotator.withdraw(asked, current, new)
        except (RotationFailed, Problem) as failed:
            # The pending version stays: it may be the one that works.
            return f"{error}; and it could not be undone ({failed}), so look whether version {version} is the one that works"  # fmt: skip
        await self._credentials.discard_pending(held.actor, held.credential_id, "the rotation failed")
        return error

    async def _retire_earlier(self, held: "_Held") -> None:
        """What was to be retired later is retired now, lest it take the new value with it."""
        async with held.actor.db(self._database).tx() as tx:
            earlier = await rotations.to_retire(tx, held.credential_id)
        for row in earlier:
            await self._retire_former(_Held(held.actor, row, held.plan, held.lease))

    async def _retire_former(self, held: "_Held") -> None:
        row = held.row
        if row["retire_at"] is None or row["retired_at"] is not None:
            return
        rotator = self._rotators.get(held.plan["rotator"])
        _, current, version = await self._fields(held, None)
        # Rolled back to meanwhile: it serves.
        if rotator is not None and version != row["former_version"]:
            await rotator.retire(await self._asked(held), current)
        async with held.actor.db(self._database).tx() as tx:
            await rotations.retired(tx, row["id"])

    async def retirement_gave_up(self, job: Job) -> None:
        """A job {rotation, tenant} that was tried often enough: the former value may still work, which people are told."""
        await self._with_lease(job, self._leave_former)

    async def _leave_former(self, held: "_Held") -> None:
        if held.row["retired_at"] is None:
            async with held.actor.db(self._database).tx() as tx:
                await rotations.note_error(tx, held.row["id"], "the former value could not be taken out of use")
                await rotations.retired(tx, held.row["id"])
            await self._alert(
                held, "retirement-failed",
                f"version {held.row['former_version']} of the credential {held.credential_id} could not be taken out of use",
            )  # fmt: skip

    async def _alert(self, held: "_Held", kind: str, text: str) -> None:
        if self._tell is not None:
            await self._tell(held.actor.tenant_id, held.credential_id, kind, text)


class _Held:
    """A rotation whose credential this worker has for now."""

    __slots__ = ("actor", "credential_id", "lease", "plan", "row")

    def __init__(self, actor: Actor, row: Row, plan: Row, lease: UUID) -> None:
        self.actor = actor
        self.row = row
        self.plan = plan
        self.lease = lease
        self.credential_id: UUID = row["credential_id"]


async def uses(db: TenantDb, credential_id: UUID) -> list[Use]:
    """Credentials whose rotator uses that one: a port of `Credentials`."""
    async with db.tx() as tx:
        rows = await rotations.naming(tx, credential_id)
    return [Use(kind="rotator", id=str(row["id"]), name=row["credential_name"]) for row in rows]


def _ids(row: Row) -> dict[str, UUID]:
    return {"rotation": row["id"], "tenant": row["tenant_id"]}


def _next(row: Row, now: datetime) -> datetime:
    return _due(row["rotation_schedule"], row["last"], row["id"], now)


def _due(schedule: str, last: datetime, credential_id: UUID, now: datetime) -> datetime:
    try:
        return next_rotation(parse(schedule), last, credential_id, now)
    except Invalid:
        # Written by hand into the table: looked at again tomorrow.
        return now + timedelta(days=1)


def _as_fields(value: Value) -> Fields:
    if value.fields is not None:
        return value.fields
    return {"value": value.text if value.text is not None else value.data}


def _version(kind: str, current: Fields, new: Fields) -> NewVersion:
    """The new value as its type has it: a bare text fills the field that the type is about."""
    if kind == "text":
        return NewVersion(stage="pending", value=str(new.get("value", "")))
    main = kinds.main_field(kind)
    if main is not None and set(new) == {"value"}:
        new = {**current, main: new["value"]}
    return NewVersion(stage="pending", fields=dict(new))


def _rotation(row: Row) -> Rotation:
    return Rotation(
        id=row["id"], credential_id=row["credential_id"], cause=row["cause"], state=row["state"], version=row["version"],
        former_version=row["former_version"], attempts=row["attempts"], error=row["error"],
        requested_by=row["requested_by"], steps=row["steps"], started_at=row["started_at"],
        finished_at=row["finished_at"], retire_at=row["retire_at"], retired_at=row["retired_at"],
    )  # fmt: skip
