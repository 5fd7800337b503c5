"""Managers are told before a credential expires, and of rotations that wait for them: once each, by trail and by mail."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from radiant.foundation.credentials.life_schemas import NewRotator
from radiant.foundation.credentials.rotations import Rotations
from radiant.foundation.credentials.schemas import CredentialChange
from radiant.foundation.credentials.warnings import WARN, NotMailed, Warnings
from radiant.infra.jobs import Job
from radiant.infra.mail import Mailer
from tests.foundation.credentials.conftest import Made
from tests.kit.mail_server import mail_server
from tests.kit.people import Tenant


async def told(service: Warnings, owner: Any) -> list[Job]:
    """Tick, and do the jobs."""
    await service.tick()
    rows = await owner.fetch(
        "delete from pgqueuer where entrypoint = $1 returning id, convert_from(payload, 'UTF8') as ids", WARN
    )
    jobs = [Job(row["id"], WARN, json.loads(row["ids"]), None, None, 1) for row in rows]
    for job in jobs:
        await service.handle(job)
    return jobs


async def expires_in(vault: Made, credential_id: Any, days: float) -> None:
    at = datetime.now(UTC) + timedelta(days=days)
    await vault.credentials.change(vault.actor, credential_id, CredentialChange(expires_at=at))


async def test_each_term_before_an_expiry_is_told_once(vault: Made, tenant: Tenant, owner: Any) -> None:
    async with mail_server() as mail:
        service = Warnings(vault.database, Mailer(mail.url, "radiant@example.org"), "http://radiant.example.org")
        credential_id = await vault.store()
        await expires_in(vault, credential_id, 90)
        assert await told(service, owner) == []
        at = datetime.now(UTC) + timedelta(days=29)
        await vault.credentials.change(vault.actor, credential_id, CredentialChange(expires_at=at))
        (job,) = await told(service, owner)
        assert job.ids["days"] == "30"
        assert await told(service, owner) == []
        # A week and then a day before it, by the same time, each is told; and when it is over.
        for days, left in ((7, 6.5), (1, 0.5), (0, -0.01)):
            shifted = datetime.now(UTC) + timedelta(days=left)
            await owner.execute("update stored_credentials set expires_at = $1", shifted)
            await owner.execute("update credential_warnings set at = $1", shifted)
            (job,) = await told(service, owner)
            assert job.ids["days"] == str(days)
        address = await owner.fetchval("select email from users where id = $1", tenant.user_id)
        assert [letter["To"] for letter in mail.messages] == [address] * 4
        subjects = [letter["Subject"] for letter in mail.messages]
        assert subjects == [
            "[RADIANT] main/stripe expires in 30 days",
            "[RADIANT] main/stripe expires in 7 days",
            "[RADIANT] main/stripe expires in 1 day",
            "[RADIANT] main/stripe has expired",
        ]
        assert f"settings/vault?credential={credential_id}" in mail.messages[0].get_content()
    rows = await owner.fetch("select payload from outbox where topic = 'audit' order by id")
    events = [json.loads(row["payload"]) for row in rows]
    assert [event["detail"]["days"] for event in events if event["action"] == "credential.expires"] == [30, 7, 1, 0]


async def test_what_expires_tomorrow_is_told_of_once_and_not_for_each_term_that_has_passed(
    vault: Made, owner: Any
) -> None:
    service = Warnings(vault.database, Mailer(None, None), "http://radiant.example.org")
    await expires_in(vault, await vault.store(), 0.9)
    (job,) = await told(service, owner)
    assert job.ids["days"] == "1"
    assert await told(service, owner) == []


async def test_f15_6_a_schedule_without_a_rotator_reminds_those_who_must_do_it(vault: Made, owner: Any) -> None:
    async with mail_server() as mail:
        service = Warnings(vault.database, Mailer(mail.url, "radiant@example.org"), "http://radiant.example.org")
        credential_id = await vault.store()
        rotations = Rotations(vault.database, vault.credentials, vault.log, {})
        await rotations.set_plan(vault.actor, credential_id, NewRotator(schedule="30d"), inner=False)
        assert await told(service, owner) == []
        await owner.execute("update stored_credentials set next_rotation_at = now() - interval '1 minute'")
        await rotations.tick()
        assert len(await told(service, owner)) == 1
        assert await told(service, owner) == []
        assert [letter["Subject"] for letter in mail.messages] == ["[RADIANT] main/stripe is due to be rotated"]


async def test_somebody_who_is_not_reached_is_tried_again_and_keeps_no_other_from_hearing(
    vault: Made, owner: Any
) -> None:
    service = Warnings(vault.database, Mailer("smtp://127.0.0.1:1", None), "http://radiant.example.org")
    await expires_in(vault, await vault.store(), 5)
    with pytest.raises(NotMailed):
        await told(service, owner)
