"""F15.6: rotations as the worker does them: staged, verified, with a grace, on schedule, one at a time, and told of."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from radiant.foundation.credentials import rotations
from radiant.foundation.credentials.access_log import Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.life_schemas import NewRotation, NewRotator
from radiant.foundation.credentials.rotations import NothingRotatesIt, Rotations, RotationUnderWay
from radiant.foundation.credentials.rotators import Fields, Rotation, RotationFailed, RotationRefused
from radiant.foundation.credentials.schemas import CredentialChange, NewVersion
from radiant.infra.jobs import Job
from radiant.kit.errors import Invalid
from tests.foundation.credentials.conftest import Made


@dataclass
class Lock:
    """Something that is opened by values: what a rotator rotates, with its faults to be told."""

    opens: set[str]
    fails: dict[str, list[Exception]] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    types = frozenset({"api_key", "text"})
    related: tuple[str, ...] = ()
    made: int = 0
    held: asyncio.Event | None = None

    def check(self, settings: Any) -> dict[str, Any]:
        return dict(settings)

    def _step(self, name: str) -> None:
        self.done.append(name)
        if self.fails.get(name):
            raise self.fails[name].pop(0)

    async def propose(self, rotation: Rotation, current: Fields) -> Fields:
        if self.held is not None:
            await self.held.wait()
        self._step("propose")
        self.made += 1
        return {"value": f"made-value-{self.made}"}

    async def apply(self, rotation: Rotation, current: Fields, new: Fields) -> None:
        self.opens.add(new["key"])
        self._step("apply")

    async def verify(self, rotation: Rotation, new: Fields) -> None:
        self._step("verify")
        if new["key"] not in self.opens:
            raise RotationFailed("it does not open")

    async def retire(self, rotation: Rotation, current: Fields) -> None:
        self._step("retire")
        self.opens = {current["key"]}

    async def withdraw(self, rotation: Rotation, current: Fields, new: Fields) -> None:
        self._step("withdraw")
        self.opens.discard(new["key"])


@dataclass
class Rotating:
    """A credential with a rotator, and a worker's hands."""

    vault: Made
    id: UUID
    lock: Lock
    service: Rotations
    told: list[tuple[str, str]]
    owner: Any

    async def jobs(self, name: str) -> list[Job]:
        """Taken from the queue."""
        rows = await self.owner.fetch(
            "delete from pgqueuer where entrypoint = $1 returning id, convert_from(payload, 'UTF8') as ids", name
        )
        return [Job(row["id"], name, json.loads(row["ids"]), None, None, 1) for row in rows]

    async def start(self, **asked: Any) -> tuple[UUID, Job]:
        begun = await self.service.start(self.vault.actor, self.id, NewRotation(**asked))
        (job,) = await self.jobs(rotations.ROTATE)
        return begun.id, job

    async def seen(self, rotation_id: UUID) -> Any:
        return await self.service.get(self.vault.actor, self.id, rotation_id)

    async def value(self, **which: Any) -> str:
        opened = await self.vault.credentials.open(
            Actor.job(self.vault.actor.tenant_id, "test"), Entry("use", credential_id=self.id), "use", **which
        )
        assert opened.value.fields is not None
        return opened.value.fields["key"]

    async def describe(self) -> Any:
        return await self.vault.credentials.describe(self.vault.actor, self.id)


@pytest.fixture
async def rotating(vault: Made, owner: Any) -> AsyncIterator[Rotating]:
    lock = Lock({"the first one"})
    told: list[tuple[str, str]] = []

    async def tell(_tenant: Any, _credential: Any, kind: str, text: str) -> None:
        told.append((kind, text))

    service = Rotations(vault.database, vault.credentials, vault.log, {"lock": lock}, tell=tell)
    credential_id = await vault.store(value="the first one")
    await service.set_plan(vault.actor, credential_id, NewRotator(rotator="lock", schedule="30d"), inner=False)
    yield Rotating(vault, credential_id, lock, service, told, owner)


async def test_f15_6_a_new_value_is_staged_verified_made_current_and_the_old_one_serves_on(rotating: Rotating) -> None:
    rotation_id, job = await rotating.start(reason="it is Friday")
    await rotating.service.rotate(job)
    seen = await rotating.seen(rotation_id)
    assert (seen.state, seen.version, seen.former_version, seen.error) == ("current", 2, 1, None)
    assert sorted(seen.steps, key=lambda step: seen.steps[step]) == ["proposed", "applied", "verified", "current"]
    assert await rotating.value() == "made-value-1"
    assert await rotating.value(stage="previous") == "the first one"
    assert rotating.lock.opens == {"the first one", "made-value-1"}
    # The job comes once more, after a worker died in its last moment: nothing is done again.
    await rotating.service.rotate(job)
    assert rotating.lock.done == ["propose", "apply", "verify"]


async def test_f15_6_the_old_value_is_retired_when_its_grace_is_over(rotating: Rotating) -> None:
    rotation_id, job = await rotating.start(grace_seconds=3600)
    await rotating.service.rotate(job)
    await rotating.service.tick()
    assert await rotating.jobs(rotations.RETIRE) == []
    await rotating.owner.execute("update credential_rotations set retire_at = now() - interval '1 second'")
    await rotating.service.tick()
    (retire,) = await rotating.jobs(rotations.RETIRE)
    await rotating.service.retire(retire)
    await rotating.service.retire(retire)
    assert rotating.lock.done.count("retire") == 1
    assert rotating.lock.opens == {"made-value-1"}
    assert (await rotating.seen(rotation_id)).retired_at is not None


async def test_f15_6_what_is_rolled_back_to_is_not_retired(rotating: Rotating) -> None:
    _, job = await rotating.start(grace_seconds=0)
    await rotating.service.rotate(job)
    await rotating.vault.credentials.roll_back(rotating.vault.actor, rotating.id)
    await rotating.service.tick()
    (retire,) = await rotating.jobs(rotations.RETIRE)
    await rotating.service.retire(retire)
    assert "retire" not in rotating.lock.done
    assert await rotating.value() == "the first one"


async def test_f15_6_the_one_before_is_retired_before_another_rotation_begins(rotating: Rotating) -> None:
    for number in (1, 2):
        _, job = await rotating.start()
        await rotating.service.rotate(job)
        assert await rotating.value() == f"made-value-{number}"
    assert rotating.lock.done == ["propose", "apply", "verify", "retire", "propose", "apply", "verify"]
    assert rotating.lock.opens == {"made-value-1", "made-value-2"}


@pytest.mark.parametrize("step", ["propose", "apply", "verify"])
async def test_f15_6_a_failing_step_leaves_the_current_value_and_goes_on_where_it_was(
    rotating: Rotating, step: str
) -> None:
    rotating.lock.fails[step] = [RotationFailed("the network is away")]
    rotation_id, job = await rotating.start()
    with pytest.raises(RotationFailed, match="the network is away"):
        await rotating.service.rotate(job)
    seen = await rotating.seen(rotation_id)
    assert (seen.error, seen.attempts, seen.finished_at) == ("the network is away", 1, None)
    assert await rotating.value() == "the first one"
    await rotating.service.rotate(job)
    assert (await rotating.seen(rotation_id)).state == "current"
    # Nothing that was done is done again, and one new value was made.
    assert (rotating.lock.made, rotating.lock.done.count(step)) == (1, 2)
    assert await rotating.value() == "made-value-1"


@pytest.mark.parametrize("step", ["propose", "apply", "verify"])
async def test_f15_6_what_fails_for_good_is_withdrawn_told_of_and_tried_later(rotating: Rotating, step: str) -> None:
    rotating.lock.fails[step] = [RotationRefused("the role is gone")]
    rotation_id, job = await rotating.start()
    await rotating.service.rotate(job)
    seen = await rotating.seen(rotation_id)
    assert (seen.state, seen.error) == ("failed", "the role is gone")
    assert rotating.lock.opens == {"the first one"}
    assert await rotating.value() == "the first one"
    assert [version.stage for version in await rotating.vault.credentials.versions(rotating.vault.actor, rotating.id, None, 9)][-1] == "current"  # fmt: skip
    ((kind, text),) = rotating.told
    assert kind == "rotation-failed"
    assert "the role is gone" in text
    credential = await rotating.describe()
    assert timedelta(minutes=50) < credential.next_rotation_at - datetime.now(UTC) < timedelta(minutes=70)
    plan = await rotating.service.plan(rotating.vault.actor, rotating.id)
    assert plan.failures == 1
    # The next one succeeds, and all is forgotten.
    _, job = await rotating.start()
    await rotating.service.rotate(job)
    assert (await rotating.service.plan(rotating.vault.actor, rotating.id)).failures == 0


async def test_f15_6_tried_often_enough_it_is_given_up(rotating: Rotating) -> None:
    rotating.lock.fails["verify"] = [RotationFailed("not yet")] * 9
    rotation_id, job = await rotating.start()
    for _ in range(3):
        with pytest.raises(RotationFailed):
            await rotating.service.rotate(job)
    await rotating.service.gave_up(job)
    seen = await rotating.seen(rotation_id)
    assert (seen.state, seen.error) == ("failed", "not yet")
    assert rotating.lock.opens == {"the first one"}


async def test_f15_6_where_it_cannot_be_undone_the_new_value_is_kept(rotating: Rotating) -> None:
    rotating.lock.fails |= {"verify": [RotationRefused("no")], "withdraw": [RotationFailed("nor that")]}
    rotation_id, job = await rotating.start()
    await rotating.service.rotate(job)
    assert "could not be undone (nor that)" in ((await rotating.seen(rotation_id)).error or "")
    assert await rotating.value(stage="pending") == "made-value-1"


async def test_f15_6_one_at_a_time(rotating: Rotating) -> None:
    rotating.lock.held = asyncio.Event()
    _, job = await rotating.start()
    with pytest.raises(RotationUnderWay):
        await rotating.start()
    first = asyncio.create_task(rotating.service.rotate(job))
    await asyncio.sleep(0.3)
    # Its worker was taken for dead, and another got the job: it comes again, and no try of it is used up.
    await rotating.service.rotate(job)
    (again,) = await rotating.jobs(rotations.ROTATE)
    assert again.ids == job.ids
    rotating.lock.held.set()
    await first
    await rotating.service.rotate(again)
    assert rotating.lock.made == 1


async def test_f15_6_a_value_stored_by_hand_moves_the_next_rotation_by_a_whole_interval(rotating: Rotating) -> None:
    rotating.lock.fails["propose"] = [RotationRefused("no")]
    _, job = await rotating.start()
    await rotating.service.rotate(job)
    await rotating.vault.credentials.rotate(rotating.vault.actor, rotating.id, NewVersion(value="by hand"))
    await rotating.service.tick()
    left = (await rotating.describe()).next_rotation_at - datetime.now(UTC)
    assert timedelta(days=29) < left < timedelta(days=31)


async def test_f15_6_a_worker_that_lost_its_lease_does_nothing_more(rotating: Rotating) -> None:
    rotating.lock.held = asyncio.Event()
    rotation_id, job = await rotating.start()
    first = asyncio.create_task(rotating.service.rotate(job))
    await asyncio.sleep(0.3)
    await rotating.owner.execute("update credential_rotators set leased_until = now() - interval '1 second'")
    second = asyncio.create_task(rotating.service.rotate(job))
    await asyncio.sleep(0.3)
    rotating.lock.held.set()
    outcomes = await asyncio.gather(first, second, return_exceptions=True)
    assert sum(isinstance(outcome, RotationFailed) for outcome in outcomes) == 1
    assert (await rotating.seen(rotation_id)).state == "current"
    assert await rotating.value() in ("made-value-1", "made-value-2")


async def test_f15_6_schedules_run_and_what_was_missed_is_made_up_for_once(rotating: Rotating) -> None:
    # The server was down for three months.
    await rotating.owner.execute("update stored_credentials set next_rotation_at = now() - interval '90 days'")
    await rotating.service.tick()
    await rotating.service.tick()
    (job,) = await rotating.jobs(rotations.ROTATE)
    await rotating.service.rotate(job)
    assert await rotating.value() == "made-value-1"
    await rotating.service.tick()
    assert await rotating.jobs(rotations.ROTATE) == []
    left = (await rotating.describe()).next_rotation_at - datetime.now(UTC)
    assert timedelta(days=29) < left < timedelta(days=31)


async def test_f15_6_what_is_off_or_deleted_is_not_rotated(rotating: Rotating) -> None:
    actor = rotating.vault.actor
    await rotating.owner.execute("update stored_credentials set next_rotation_at = now()")
    await rotating.vault.credentials.change(actor, rotating.id, CredentialChange(is_active=False))
    await rotating.service.tick()
    await rotating.vault.credentials.change(actor, rotating.id, CredentialChange(is_active=True))
    await rotating.vault.credentials.delete(actor, rotating.id)
    await rotating.service.tick()
    assert await rotating.jobs(rotations.ROTATE) == []


async def test_f15_6_an_expired_one_is_rotated_and_lives_as_long_again(rotating: Rotating) -> None:
    await rotating.owner.execute(
        "update stored_credentials set created_at = now() - interval '40 days', expires_at = now() - interval '10 days'"
    )
    _, job = await rotating.start()
    await rotating.service.rotate(job)
    credential = await rotating.describe()
    assert not credential.is_expired
    assert timedelta(days=29) < credential.expires_at - datetime.now(UTC) < timedelta(days=31)


async def test_f15_6_a_schedule_is_looked_at_when_it_is_written(rotating: Rotating) -> None:
    actor = rotating.vault.actor
    for bad in ("soon", "0d", "cron: * * * * *"):
        with pytest.raises(Invalid, match="rotation_schedule"):
            await rotating.service.set_plan(actor, rotating.id, NewRotator(rotator="lock", schedule=bad), inner=False)
        with pytest.raises(Invalid, match="rotation_schedule"):
            await rotating.vault.credentials.change(actor, rotating.id, CredentialChange(rotation_schedule=bad))
        with pytest.raises(Invalid, match="rotation_schedule"):
            await rotating.vault.store("another", rotation_schedule=bad)
    with pytest.raises(Invalid, match="rotated by lock"):
        await rotating.service.set_plan(actor, rotating.id, NewRotator(rotator="none"), inner=False)
    # Changed elsewhere, the worker works out the next time.
    await rotating.vault.credentials.change(actor, rotating.id, CredentialChange(rotation_schedule="2w"))
    await rotating.service.tick()
    left = (await rotating.describe()).next_rotation_at - datetime.now(UTC)
    assert timedelta(days=13) < left < timedelta(days=15)


async def test_f15_6_without_a_rotator_nothing_is_begun(vault: Made) -> None:
    service = Rotations(vault.database, vault.credentials, vault.log, {})
    credential_id = await vault.store(rotation_schedule="1h")
    with pytest.raises(NothingRotatesIt):
        await service.start(vault.actor, credential_id, NewRotation())


async def test_f15_6_every_step_is_in_the_access_log_and_no_value_is(rotating: Rotating) -> None:
    _, job = await rotating.start(reason="every Friday")
    await rotating.service.rotate(job)
    rows = await rotating.owner.fetch(
        "select access_type, access_reason, detail::text from credential_access_log order by seq"
    )
    assert {"change_rotation", "start_rotation", "open_for_rotation", "stage", "rotate"} <= {
        row["access_type"] for row in rows
    }
    assert not [row for row in rows if "made-value" in str(tuple(row)) or "the first one" in str(tuple(row))]
    assert (await rotating.vault.log.verify(rotating.vault.actor.tenant_id)).whole
