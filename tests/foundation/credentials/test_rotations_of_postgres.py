"""F15.6: a PostgreSQL role's password is rotated over kill -9 in each step: the current value is stored and works, always."""

import asyncio
import json
import signal
import sys
from typing import Any
from uuid import UUID

import pytest

from radiant.foundation.credentials.access_log import Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.life_schemas import NewRotation, NewRotator
from radiant.foundation.credentials.postgres import PostgresRotator
from radiant.foundation.credentials.rotations import RETIRE, ROTATE, Rotations
from radiant.infra.http1.addresses import Resolver
from radiant.infra.jobs import Job
from tests.foundation.credentials.conftest import Made
from tests.foundation.credentials.test_rotators import Roles, roles
from tests.kit.postgres import Dsns

__all__ = ["roles"]

MOMENTS = ["before propose", "before apply", "after apply", "before verify", "after verify", "promoted"]


async def value(vault: Made, credential_id: UUID, **which: Any) -> dict[str, Any]:
    opened = await vault.credentials.open(
        Actor.job(vault.actor.tenant_id, "test"), Entry("use", credential_id=credential_id), "use", **which
    )
    assert opened.value.fields is not None
    return opened.value.fields


async def rotating(vault: Made, roles: Roles, *, two: bool) -> tuple[Rotations, UUID]:
    service = Rotations(vault.database, vault.credentials, vault.log, {"postgres": PostgresRotator(Resolver())})
    place = {**roles.place, "port": int(roles.place["port"])}
    login = {**place, "username": roles.names[0], "password": "first of all"}
    credential_id = await vault.store("login", None, type="database", fields=login)
    settings: dict[str, Any] = {"tls": "off"}
    if two:
        admin = {**roles.admin, "port": int(roles.place["port"])}
        admin_id = await vault.store("admin", None, type="database", fields=admin)
        settings |= {"roles": list(roles.names), "admin": str(admin_id)}
    await service.set_plan(vault.actor, credential_id, NewRotator(rotator="postgres", settings=settings), inner=True)
    return service, credential_id


async def killed_at(dsns: Dsns, job: Job, moment: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.foundation.credentials.dying", dsns.app, dsns.system, json.dumps(job.ids), moment,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == -signal.SIGKILL, said.decode()


@pytest.mark.parametrize("two", [True, False], ids=["two roles", "one role"])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_f15_6_killed_in_any_step_a_stored_value_works_and_the_next_worker_goes_on(
    vault: Made, roles: Roles, dsns: Dsns, owner: Any, two: bool, moment: str
) -> None:
    service, credential_id = await rotating(vault, roles, two=two)
    begun = await service.start(vault.actor, credential_id, NewRotation())
    job = Job(1, ROTATE, {"rotation": str(begun.id), "tenant": str(vault.actor.tenant_id)}, None, None, 1)
    await killed_at(dsns, job, moment)
    # One of what is stored works: the current, or the pending one where one role has but one password.
    stored = [await value(vault, credential_id)]
    if await owner.fetchval("select count(*) from credential_versions where stage = 'pending' and credential_id = $1", credential_id):  # fmt: skip
        stored.append(await value(vault, credential_id, stage="pending"))
    works = [await roles.lets_in(each) for each in stored]
    assert works[0] or not two
    assert any(works)
    # Its lease runs out, and another takes over.
    await owner.execute("update credential_rotators set leased_until = now() - interval '1 second'")
    await service.rotate(job)
    seen = await service.get(vault.actor, credential_id, begun.id)
    assert (seen.state, seen.former_version, seen.version) == ("current", 1, 2)
    current = await value(vault, credential_id)
    assert await roles.lets_in(current)
    assert current["username"] == roles.names[1 if two else 0]
    assert await roles.lets_in({**current, "username": roles.names[0], "password": "first of all"}) == two


async def test_f15_6_two_roles_take_turns_for_ever(vault: Made, roles: Roles, owner: Any) -> None:
    service, credential_id = await rotating(vault, roles, two=True)
    before = await value(vault, credential_id)
    for turn in range(3):
        begun = await service.start(vault.actor, credential_id, NewRotation(grace_seconds=0 if turn == 2 else None))
        ids = {"rotation": str(begun.id), "tenant": str(vault.actor.tenant_id)}
        await service.rotate(Job(1, ROTATE, ids, None, None, 1))
        current = await value(vault, credential_id)
        assert current["username"] == roles.names[(turn + 1) % 2]
        assert await roles.lets_in(current)
        assert await roles.lets_in(before)
        before = current if turn < 2 else before
    await service.retire(Job(2, RETIRE, ids, None, None, 1))
    assert await roles.lets_in(current)
    assert not await roles.lets_in(before)


async def test_f15_6_no_password_is_in_the_database_of_radiant(vault: Made, roles: Roles, owner: Any) -> None:
    service, credential_id = await rotating(vault, roles, two=False)
    begun = await service.start(vault.actor, credential_id, NewRotation())
    ids = {"rotation": str(begun.id), "tenant": str(vault.actor.tenant_id)}
    await service.rotate(Job(1, ROTATE, ids, None, None, 1))
    password = (await value(vault, credential_id))["password"]
    for table in ("credential_rotations", "credential_rotators", "credential_access_log", "outbox", "pgqueuer"):
        assert password not in str([tuple(row) for row in await owner.fetch(f"select * from {table}")]), table
