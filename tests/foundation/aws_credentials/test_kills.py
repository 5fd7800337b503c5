"""Kill -9 at every moment of a rotation: a key that works is stored at all times, and the rotation ends well."""

import asyncio
import sys
from typing import Any
from uuid import UUID

import pytest

from radiant.foundation.aws_credentials.schemas import AwsIdentity
from tests.foundation.aws_credentials.kit import House
from tests.foundation.aws_credentials.test_rotation import NO_WAIT
from tests.kit.postgres import Dsns


async def live_and_die(home: House, dsns: Dsns, rotation_id: UUID, moment: int) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.foundation.aws_credentials.dying", dsns.app, dsns.system, home.front.url,
        str(home.tenant.id), str(rotation_id), str(moment), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    return said.decode().strip()


async def survives(home: House, owner: Any, user: AwsIdentity, rotation_id: UUID, said: str, *, back: bool) -> None:
    """What is stored works at the moment of death, and so it does at the end, where it is the only key."""
    assert await home.works(await home.kept(user)), said
    # Its lease, of a second in these tests, is over.
    await owner.execute("update aws_key_rotations set leased_until = now() - interval '1 second'")
    rotation = await home.finish(rotation_id)
    assert (rotation.state, rotation.stuck) == ("rolled_back" if back else "done", False), (said, rotation)
    kept = await home.kept(user)
    assert await home.at_aws(user) == {kept.access_key_id: "Active"}, said
    assert await home.works(kept)
    assert rotation.old_access_key_id is not None
    assert (kept.access_key_id == rotation.old_access_key_id) == back


async def each_moment(home: House, dsns: Dsns, owner: Any, moments: list[int], *, cancel: bool) -> list[str]:
    """Rotations that die at these moments, one each; what they said, until one outlives its moment."""
    said: list[str] = []
    for moment in moments:
        settings = NO_WAIT | ({"inactive_seconds": 60} if cancel else {})
        user = await home.user(**settings)
        rotation_id = await home.start(user)
        if cancel:
            assert (await home.advance(rotation_id)).state == "deactivated"
            await home.rotations.cancel(home.actor, rotation_id)
        said.append(await live_and_die(home, dsns, rotation_id, moment))
        await survives(home, owner, user, rotation_id, said[-1], back=cancel)
        if said[-1] == "ended":
            break
    return said


async def test_killed_between_create_and_store_the_lost_key_is_deleted(home: House, dsns: Dsns, owner: Any) -> None:
    # Moments: list, before and after; create, before and after; store.
    (said,) = await each_moment(home, dsns, owner, [4], cancel=False)
    assert said == "died after create_access_key"
    async with home.tenant.db.tx() as tx:
        noted = [row["step"] for row in await tx.all("select step from aws_key_rotation_steps order by at, seq")]
    assert "lost_key_deleted" in noted


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_killed_at_any_moment_a_rotation_ends_with_one_key_that_is_stored(
    home: House, dsns: Dsns, owner: Any
) -> None:
    said = await each_moment(home, dsns, owner, list(range(1, 60)), cancel=False)
    assert said[-1] == "ended"
    names = {line.rpartition(" ")[2] for line in said}
    assert {"access_keys", "create_access_key", "add_version", "caller_identity", "promote"} <= names
    assert {"last_used", "set_key_active", "delete_access_key"} <= names


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_killed_at_any_moment_while_it_is_undone_the_old_key_is_back(home: House, dsns: Dsns, owner: Any) -> None:
    said = await each_moment(home, dsns, owner, list(range(1, 60)), cancel=True)
    assert said[-1] == "ended"
    assert {"set_key_active", "roll_back", "delete_access_key"} <= {line.rpartition(" ")[2] for line in said}
