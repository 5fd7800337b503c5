"""F16.1–F16.3, F16.5, F16.7: a user's key is rotated without a moment in which no stored key works."""

import asyncio
import base64
from typing import Any

import pytest

from radiant.foundation.aws_credentials import identities
from radiant.foundation.aws_credentials.failures import AwsDenied
from radiant.foundation.aws_credentials.rotations import RotationOpen, TwoKeys, WrongUser
from radiant.foundation.aws_credentials.schemas import AwsIdentity
from radiant.foundation.credentials.schemas import NewVersion
from radiant.infra.jobs import Job
from tests.foundation.aws_credentials.kit import House, dump
from tests.kit.aws_front import Fault

NO_WAIT = {"idle_seconds": 0, "grace_seconds": 0, "inactive_seconds": 0}


def steps(rotation: Any) -> list[str]:
    return [f"{step.step}" for step in rotation.steps if step.outcome == "done"]


async def test_f16_2_a_new_key_works_before_the_old_one_is_switched_off_and_that_before_it_is_deleted(
    home: House,
) -> None:
    user = await home.user()
    old = await home.kept(user)
    rotation_id = await home.start(user)

    switched = await home.advance(rotation_id)
    new = await home.kept(user)
    assert (switched.state, steps(switched)) == ("switched", ["listed", "stored", "verified", "switched"])
    assert new != old
    assert await home.at_aws(user) == {old.access_key_id: "Active", new.access_key_id: "Active"}
    assert await home.works(new)
    assert await home.kept(user, "previous") == old

    # It is still in use, so it is left on for as long as the grace lasts.
    home.clock.forward(hours=3.9)
    home.front.used[old.access_key_id] = home.clock()
    home.clock.forward(minutes=30)
    waiting = await home.advance(rotation_id)
    assert (waiting.state, waiting.steps[-1].outcome) == ("switched", "waiting")
    assert waiting.steps[-1].detail["service"] == "s3"
    home.clock.forward(hours=4)
    deactivated = await home.advance(rotation_id)
    assert deactivated.state == "deactivated"
    assert await home.at_aws(user) == {old.access_key_id: "Inactive", new.access_key_id: "Active"}

    home.clock.forward(hours=23)
    assert (await home.advance(rotation_id)).state == "deactivated"
    home.clock.forward(hours=1.1)
    done = await home.advance(rotation_id)
    assert (done.state, done.stuck, done.error) == ("done", False, None)
    assert await home.at_aws(user) == {new.access_key_id: "Active"}
    assert await home.kept(user) == new
    assert await home.works(new)
    assert not await home.works(old)


async def test_a_key_in_use_without_end_is_switched_off_when_its_grace_is_over(home: House) -> None:
    user = await home.user(grace_seconds=7200, idle_seconds=3600)
    old = await home.kept(user)
    rotation_id = await home.start(user)
    for _ in range(8):
        assert (await home.advance(rotation_id)).state == "switched"
        home.clock.forward(minutes=14)
        home.front.used[old.access_key_id] = home.clock()
    home.clock.forward(minutes=10)
    rotation = await home.advance(rotation_id)
    assert rotation.state == "deactivated"
    assert rotation.steps[-2].detail["last_used"]


async def test_f16_1_two_keys_are_refused_with_what_to_do_and_the_other_is_replaced_where_that_is_said(
    home: House,
) -> None:
    user = await home.user(**NO_WAIT)
    mine = await home.kept(user)
    other = await home.make_key(user.arn.rpartition("/")[2])
    with pytest.raises(TwoKeys) as refused:
        await home.start(user)
    assert "replace_key_id" in refused.value.detail
    assert refused.value.extra["access_key_ids"] == [mine.access_key_id, other.access_key_id]
    assert set(await home.at_aws(user)) == {mine.access_key_id, other.access_key_id}
    with pytest.raises(Exception, match="other than the one in use"):
        await home.start(user, replace_key_id=mine.access_key_id)

    rotation = await home.finish(await home.start(user, replace_key_id=other.access_key_id))
    assert (rotation.state, steps(rotation)[0]) == ("done", "replaced_key_deleted")
    assert await home.at_aws(user) == {(await home.kept(user)).access_key_id: "Active"}


async def test_f16_1_a_third_key_that_aws_refuses_undoes_the_rotation(home: House) -> None:
    user = await home.user()
    old = await home.kept(user)
    rotation_id = await home.start(user)
    # Made by somebody after it was looked.
    theirs = await home.make_key(user.arn.rpartition("/")[2])
    home.front.used[theirs.access_key_id] = home.clock()
    rotation = await home.finish(rotation_id)
    assert rotation.state == "rolled_back"
    assert "two keys" in (rotation.error or "")
    assert set(await home.at_aws(user)) == {old.access_key_id, theirs.access_key_id}
    assert await home.kept(user) == old


async def test_the_limit_met_at_the_create_itself_undoes_it_too(home: House) -> None:
    user = await home.user()
    old = await home.kept(user)
    home.front.faults["CreateAccessKey"] = Fault("LimitExceeded", 409, times=99)
    rotation = await home.finish(await home.start(user))
    assert rotation.state == "rolled_back"
    assert await home.at_aws(user) == {old.access_key_id: "Active"}


async def test_an_open_rotation_is_named_to_who_wants_another(home: House) -> None:
    user = await home.user()
    rotation_id = await home.start(user)
    with pytest.raises(RotationOpen) as refused:
        await home.start(user)
    assert refused.value.extra["rotation_id"] == str(rotation_id)


async def test_f16_3_the_secret_is_in_the_vault_and_nowhere_else(home: House, owner: Any) -> None:
    user = await home.user(**NO_WAIT)
    old = await home.kept(user)
    rotation = await home.finish(await home.start(user))
    new = await home.kept(user)
    assert rotation.state == "done"
    assert home.front.secrets[new.access_key_id] == new.secret_access_key
    everything = await dump(owner)
    assert new.access_key_id in everything
    for secret in (old.secret_access_key, new.secret_access_key):
        for form in (secret, base64.b64encode(secret.encode()).decode(), secret.encode().hex()):
            assert form not in everything
            assert form not in rotation.model_dump_json()


async def test_f16_4_all_pages_of_keys_are_listed(home: House) -> None:
    user = await home.user()
    await home.make_key(user.arn.rpartition("/")[2])
    home.front.page_size = 1
    with pytest.raises(TwoKeys):
        await home.start(user)
    assert home.front.count("ListAccessKeys") == 2


async def test_f16_5_every_step_is_in_the_trail_and_every_use_of_the_vault_in_its_log(home: House, owner: Any) -> None:
    user = await home.user(**NO_WAIT)
    await home.finish(await home.start(user))
    audited = [action for action in await home.audited() if action.startswith("aws_key_rotation")]
    assert audited == [
        f"aws_key_rotation.{step}"
        for step in ("started", "listed", "stored", "verified", "switched", "deactivated", "deleted")
    ]
    logged = await owner.fetch(
        "select access_type, actor_kind from credential_access_log where credential_id = $1 and success order by seq",
        user.key_credential,
    )
    assert {("stage", "system"), ("rotate", "system"), ("use", "system"), ("use", "user")} <= {
        tuple(row) for row in logged
    }
    assert (await home.log.verify(home.tenant.id)).whole


async def test_f16_7_a_deletion_that_fails_loses_nothing_and_is_done_when_it_can_be(home: House) -> None:
    user = await home.user(**NO_WAIT)
    old = await home.kept(user)
    home.front.denied.add("DeleteAccessKey")
    rotation = await home.finish(await home.start(user))
    assert (rotation.state, rotation.stuck) == ("deactivated", True)
    assert "denied" in (rotation.error or "")
    new = await home.kept(user)
    assert new != old
    assert await home.works(new)
    assert "aws_key_rotation.stuck" in await home.audited()

    home.front.denied.clear()
    await home.rotations.retry(home.actor, rotation.id)
    assert (await home.finish(rotation.id)).state == "done"
    assert await home.at_aws(user) == {new.access_key_id: "Active"}


async def test_a_denied_deactivation_leaves_both_keys_and_says_what_to_allow(home: House) -> None:
    user = await home.user(**NO_WAIT)
    old = await home.kept(user)
    home.front.denied.add("UpdateAccessKey")
    rotation = await home.finish(await home.start(user))
    assert (rotation.state, rotation.stuck, rotation.steps[-1].detail["error"]) == (
        "switched",
        True,
        "aws-access-denied",
    )
    assert await home.works(old)
    assert await home.works(await home.kept(user))
    home.front.denied.clear()
    await home.rotations.retry(home.actor, rotation.id)
    assert (await home.finish(rotation.id)).state == "done"


async def test_where_last_use_may_not_be_asked_the_grace_decides(home: House) -> None:
    user = await home.user(idle_seconds=60, grace_seconds=3600)
    home.front.denied.add("GetAccessKeyLastUsed")
    rotation_id = await home.start(user)
    await home.advance(rotation_id)
    home.clock.forward(minutes=50)
    assert (await home.advance(rotation_id)).state == "switched"
    home.clock.forward(minutes=11)
    assert (await home.advance(rotation_id)).state == "deactivated"


async def test_a_key_that_sts_does_not_know_yet_is_waited_for(home: House) -> None:
    user = await home.user(**NO_WAIT)
    home.front.sts_lag = 6
    rotation = await home.finish(await home.start(user))
    assert rotation.state == "done"
    assert [step.outcome for step in rotation.steps if step.step == "verified"] == ["waiting", "done"]


async def test_a_key_that_sts_never_takes_is_deleted_and_the_old_one_stays(home: House) -> None:
    user = await home.user()
    old = await home.kept(user)
    home.front.sts_lag = 10_000
    rotation = await home.finish(await home.start(user))
    assert rotation.state == "rolled_back"
    assert "does not take the access key" in (rotation.error or "")
    assert await home.at_aws(user) == {old.access_key_id: "Active"}
    assert await home.kept(user) == old
    assert await home.works(old)
    assert "pending" not in await stages(home, user)


async def stages(home: House, user: AwsIdentity) -> list[str]:
    assert user.key_credential is not None
    return [version.stage for version in await home.credentials.versions(home.actor, user.key_credential, None, 50)]


@pytest.mark.parametrize(
    "action", ["ListAccessKeys", "CreateAccessKey", "GetCallerIdentity", "UpdateAccessKey", "DeleteAccessKey"]
)
@pytest.mark.parametrize("fault", [("Throttling", 400), ("ServiceUnavailable", 503)])
async def test_what_passes_is_tried_again(home: House, action: str, fault: tuple[str, int]) -> None:
    user = await home.user(**NO_WAIT)
    old = await home.kept(user)
    rotation_id = await home.start(user)
    home.front.faults[action] = Fault(*fault, times=5)
    rotation = await home.finish(rotation_id)
    assert (rotation.state, rotation.stuck) == ("done", False)
    assert "failed" in {step.outcome for step in rotation.steps}
    new = await home.kept(user)
    assert await home.at_aws(user) == {new.access_key_id: "Active"}
    assert new.access_key_id != old.access_key_id


@pytest.mark.parametrize("late", [0, 1])
async def test_a_create_whose_answer_was_lost_leaves_no_key_behind(home: House, late: int) -> None:
    user = await home.user(**NO_WAIT)
    home.front.faults["CreateAccessKey"] = Fault(after=True)
    home.front.list_lag = late
    rotation = await home.finish(await home.start(user))
    assert rotation.state == "done"
    assert "lost_key_deleted" in steps(rotation)
    assert await home.at_aws(user) == {(await home.kept(user)).access_key_id: "Active"}


async def test_a_key_that_somebody_uses_is_never_taken_for_a_lost_one(home: House) -> None:
    user = await home.user()
    old = await home.kept(user)
    rotation_id = await home.start(user)
    home.front.faults["CreateAccessKey"] = Fault("ServiceUnavailable", 503, times=1)
    created = home.front.count("CreateAccessKey")
    sleep = home.clock.sleep

    async def meanwhile(seconds: float) -> None:
        if home.front.count("CreateAccessKey") == created + 1:
            theirs = await home.make_key(user.arn.rpartition("/")[2])
            home.front.used[theirs.access_key_id] = home.clock()
        await sleep(seconds)

    home.rotating._sleep = meanwhile
    rotation = await home.finish(rotation_id)
    assert rotation.state == "rolled_back"
    assert len(await home.at_aws(user)) == 2
    assert await home.kept(user) == old


async def test_cancelled_after_the_switch_the_old_key_is_back_before_the_new_one_goes(home: House) -> None:
    user = await home.user(idle_seconds=0, grace_seconds=0)
    old = await home.kept(user)
    rotation_id = await home.start(user)
    assert (await home.advance(rotation_id)).state == "deactivated"
    assert not await home.works(old)
    await home.rotations.cancel(home.actor, rotation_id)
    rotation = await home.finish(rotation_id)
    assert (rotation.state, rotation.error) == ("rolled_back", "cancelled")
    assert steps(rotation)[-4:] == ["cancelled", "reactivated", "switched_back", "rolled_back"]
    assert await home.at_aws(user) == {old.access_key_id: "Active"}
    assert await home.kept(user) == old
    assert await home.works(old)


async def test_an_old_key_that_was_switched_on_again_is_not_deleted(home: House) -> None:
    user = await home.user(idle_seconds=0, grace_seconds=0, inactive_seconds=3600)
    old = await home.kept(user)
    rotation_id = await home.start(user)
    await home.advance(rotation_id)
    partition, name = user.partition, user.arn.rpartition("/")[2]
    await home.aws.set_key_active(await home.kept(user), partition, name, old.access_key_id, True)
    home.clock.forward(hours=2)
    rotation = await home.advance(rotation_id)
    assert "switched_on_again" in steps(rotation)
    assert old.access_key_id in await home.at_aws(user)


async def test_the_old_key_stays_where_somebody_made_it_current_again(home: House) -> None:
    user = await home.user()
    rotation_id = await home.start(user)
    await home.advance(rotation_id)
    assert user.key_credential is not None
    await home.credentials.roll_back(home.actor, user.key_credential)
    home.clock.forward(days=2)
    rotation = await home.advance(rotation_id)
    assert rotation.stuck
    assert set((await home.at_aws(user)).values()) == {"Active"}
    await home.rotations.cancel(home.actor, rotation_id)
    assert (await home.finish(rotation_id)).state == "rolled_back"
    assert await home.at_aws(user) == {(await home.kept(user)).access_key_id: "Active"}


async def test_keys_of_another_user_are_not_rotated(home: House) -> None:
    user, other = await home.user(), await home.user()
    assert user.key_credential is not None
    theirs = await home.kept(other)
    fields = {"access_key_id": theirs.access_key_id, "secret_access_key": theirs.secret_access_key}
    await home.credentials.rotate(home.actor, user.key_credential, NewVersion(fields=fields))
    with pytest.raises(WrongUser, match=other.arn):
        await home.start(user)


async def test_a_role_manages_the_keys_of_a_user_who_may_not(home: House) -> None:
    manager = await home.role("manager")
    user = await home.user(**NO_WAIT, manager_id=manager.id)
    rotation = await home.finish(await home.start(user))
    assert rotation.state == "done"
    own = set(await home.at_aws(user)) | {rotation.old_access_key_id}
    assert not [action for action, key in home.front.calls if key in own and action != "GetCallerIdentity"]
    # With what is stored lost altogether, a role can still give the user a new key.
    lost = await home.kept(user)
    home.front.secrets.pop(lost.access_key_id)
    again = await home.finish(await home.start(user))
    assert again.state == "done"
    assert await home.works(await home.kept(user))


async def test_a_rotation_whose_worker_died_is_taken_up(home: House, owner: Any) -> None:
    user = await home.user()
    rotation_id = await home.start(user)
    await owner.execute("delete from pgqueuer")
    await owner.execute("update aws_key_rotations set next_at = now() - interval '1 minute'")
    await home.rotating.resume_overdue()
    await home.rotating.resume_overdue()
    assert await owner.fetchval("select count(*) from pgqueuer where entrypoint = 'aws key rotation'") == 1
    job = Job(1, "aws key rotation", {"rotation": str(rotation_id)}, home.tenant.id, None, 1)
    await home.rotating.handle(job)
    assert (await home.rotations.rotation(home.tenant.db, rotation_id)).state == "switched"
    # What waits for hours has a job of its own for that.
    assert await owner.fetchval("select max(execute_after) > now() + interval '30 minutes' from pgqueuer")
    await home.rotating.gave_up(job)
    given_up = await home.rotations.rotation(home.tenant.db, rotation_id)
    assert given_up.stuck


async def test_a_key_that_is_old_enough_is_rotated_by_itself_once(home: House, owner: Any) -> None:
    user, young = await home.user(**NO_WAIT, rotate_after_days=90), await home.user(rotate_after_days=365)
    unreachable = await home.user(rotate_after_days=30)
    home.front.secrets.pop((await home.kept(unreachable)).access_key_id)
    await home.rotations.start_due()
    assert await owner.fetchval("select count(*) from aws_key_rotations") == 0
    await owner.execute("update aws_identities set created_at = created_at - interval '91 days'")
    await home.rotations.start_due()
    await home.rotations.start_due()
    (row,) = await owner.fetch("select id, identity_id, started_by from aws_key_rotations")
    assert (row["identity_id"], row["started_by"]) == (user.id, "schedule")
    assert (await home.audited()).count("aws_key_rotation.not_started") == 1
    assert (await home.finish(row["id"])).state == "done"
    await owner.execute("update aws_identities set rotation_tried_at = null")
    await home.rotations.start_due()
    assert await owner.fetchval("select count(*) from aws_key_rotations") == 1
    assert (await identities.identity(home.tenant.db, young.id)).open_rotation is None


async def test_two_workers_never_take_one_step_twice(home: House) -> None:
    user = await home.user(**NO_WAIT)
    rotation_id = await home.start(user)
    await asyncio.gather(*(home.rotating.advance(home.tenant.id, rotation_id) for _ in range(5)))
    assert (await home.finish(rotation_id)).state == "done"
    assert home.front.count("CreateAccessKey") == 2  # The first was the user's own.


async def test_a_denied_create_changes_nothing(home: House) -> None:
    user = await home.user()
    old = await home.kept(user)
    home.front.denied.add("CreateAccessKey")
    rotation = await home.finish(await home.start(user))
    assert rotation.state == "rolled_back"
    assert "CreateAccessKey" in (rotation.error or "")
    assert await home.at_aws(user) == {old.access_key_id: "Active"}
    home.front.denied = {"ListAccessKeys"}
    with pytest.raises(AwsDenied):
        await home.start(user)
