"""F16.4, F16.6: roles are assumed as they were registered, once for all who ask alike, and renewed before they end."""

import asyncio
import json
import sys
from datetime import timedelta
from typing import Any

import pytest

from radiant.foundation.aws_credentials import identities
from radiant.foundation.aws_credentials.calls import Aws, Keys
from radiant.foundation.aws_credentials.failures import (
    AwsAway,
    AwsDenied,
    AwsDurationTooLong,
    AwsKeysRefused,
    AwsRegionDisabled,
    AwsThrottled,
)
from radiant.foundation.aws_credentials.identities import NoSuchIdentity, OperatorsOnly
from radiant.foundation.aws_credentials.schemas import AssumeAsked, AwsIdentitySettings, NewAwsIdentity, RotateAsked
from radiant.foundation.aws_credentials.sessions import LAST_MINUTE, Sessions
from radiant.foundation.credentials.access import NotInThisVault
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.identity.callers import Role
from radiant.kit.errors import Invalid
from radiant.kit.ids import uuid7
from tests.foundation.aws_credentials.kit import ACCOUNT, House, caller_of, dump
from tests.kit.aws_front import Fault
from tests.kit.people import Tenant
from tests.kit.postgres import Dsns

HOUR = AssumeAsked(duration_seconds=3600)


def asked_of(home: House) -> dict[str, str]:
    return next(form for form in reversed(home.front.asked) if form["Action"] == "AssumeRole")


async def test_f16_4_external_id_session_policy_tags_and_duration_are_sent_as_registered(home: House) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    role = await home.role(
        session_policy=policy, policy_arns=["arn:aws:iam::aws:policy/ReadOnlyAccess"], tags={"team": "größe"},
        transitive_tag_keys=["team"], max_duration_seconds=7200, region="eu-central-1",
    )  # fmt: skip
    asked = AssumeAsked(session_name="deploy@ci", tags={"run": "42"}, transitive_tag_keys=["run"])
    assumed = await home.service.assume_deployment_role(home.actor, role.id, asked)
    sent = asked_of(home)
    assert sent["RoleArn"] == role.arn
    assert sent["RoleSessionName"] == "deploy@ci"
    assert sent["DurationSeconds"] == "7200"
    assert role.external_id is not None
    assert len(role.external_id) >= 32
    assert sent["ExternalId"] == role.external_id
    assert json.loads(sent["Policy"]) == policy
    assert sent["PolicyArns.member.1.arn"] == "arn:aws:iam::aws:policy/ReadOnlyAccess"
    assert {sent[f"Tags.member.{n}.Key"]: sent[f"Tags.member.{n}.Value"] for n in (1, 2)} == {
        "team": "größe",
        "run": "42",
    }
    assert {sent["TransitiveTagKeys.member.1"], sent["TransitiveTagKeys.member.2"]} == {"team", "run"}
    assert await home.works(assumed.keys)
    said = await home.service.validate_credentials(home.actor, identity_id=role.id)
    assert (said.account_id, said.partition, said.region, said.as_registered) == (ACCOUNT, "aws", "eu-central-1", True)


async def test_an_external_id_that_is_secret_comes_from_the_vault(home: House, owner: Any) -> None:
    from radiant.foundation.credentials.schemas import NewCredential

    kept = await home.credentials.store(
        home.actor, await home.vault(), NewCredential(name="external id", type="text", value="their-secret-id-0815")
    )
    role = await home.role(external_id_credential=kept.id)
    await home.service.assume_deployment_role(home.actor, role.id, HOUR)
    assert asked_of(home)["ExternalId"] == "their-secret-id-0815"
    assert role.external_id is None
    assert "their-secret-id-0815" not in await dump(owner)


async def test_f16_4_a_duration_past_what_is_registered_or_what_the_role_allows_is_refused(home: House) -> None:
    role = await home.role(max_duration_seconds=7200)
    with pytest.raises(AwsDurationTooLong, match="7200 at most"):
        await home.service.assume_deployment_role(home.actor, role.id, AssumeAsked(duration_seconds=7201))
    assert home.front.count("AssumeRole") == 0
    message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    home.front.faults["AssumeRole"] = Fault("ValidationError", 400, message=message)
    with pytest.raises(AwsDurationTooLong, match="MaxSessionDuration"):
        await home.service.assume_deployment_role(home.actor, role.id, AssumeAsked(duration_seconds=7200))


async def test_f16_4_a_chained_session_lasts_an_hour_at_most(home: House) -> None:
    first = await home.role("first")
    session = await home.service.assume_deployment_role(home.actor, first.id, HOUR)
    second = await home.role("second", key_credential=await home.keep(session.keys), max_duration_seconds=43200)
    with pytest.raises(AwsDurationTooLong, match="a role's session"):
        await home.service.assume_deployment_role(home.actor, second.id, AssumeAsked(duration_seconds=3601))
    await home.service.assume_deployment_role(home.actor, second.id, AssumeAsked())
    assert asked_of(home)["DurationSeconds"] == "3600"


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault("AccessDenied", 403), AwsDenied),
        (Fault("RegionDisabledException", 403), AwsRegionDisabled),
        (Fault("ExpiredToken", 400), AwsKeysRefused),
        (Fault("Throttling", 400, times=9), AwsThrottled),
        (Fault("InternalFailure", 500, times=9), AwsAway),
    ],
)
async def test_what_aws_refuses_is_said_in_our_words(home: House, fault: Fault, problem: type[Exception]) -> None:
    role = await home.role()
    home.front.faults["AssumeRole"] = fault
    with pytest.raises(problem, match=role.arn):
        await home.service.assume_deployment_role(home.actor, role.id, HOUR)
    # The lease was let go, so whoever asks next is not kept waiting.
    home.front.faults.clear()
    async with asyncio.timeout(5):
        await home.service.assume_deployment_role(home.actor, role.id, HOUR)


async def test_throttling_is_waited_out(home: House) -> None:
    role = await home.role()
    home.front.faults["AssumeRole"] = Fault("Throttling", times=2)
    assert await home.works((await home.service.assume_deployment_role(home.actor, role.id, HOUR)).keys)


def others(home: House, count: int) -> list[Sessions]:
    """Caches as further processes have them."""
    return [Sessions(home.db, home.kms, home.aws, home.clock) for _ in range(count)]


async def test_many_who_ask_alike_cost_one_call_over_all_processes(home: House) -> None:
    role = await home.role()
    source = home.service._source(home.actor, role)
    processes = [home.sessions, *others(home, 3)]
    given = await asyncio.gather(
        *(each.get(home.tenant.id, role, HOUR, source) for each in processes for _ in range(25))
    )
    assert home.front.count("AssumeRole") == 1
    assert len({assumed.keys.access_key_id for assumed in given}) == 1
    # Whoever asks for something else gets something else.
    other = await home.sessions.get(home.tenant.id, role, AssumeAsked(tags={"a": "b"}), source)
    assert other.keys != given[0].keys


async def test_real_processes_share_one_session_too(home: House, dsns: Dsns) -> None:
    role = await home.role()
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.foundation.aws_credentials.asking", dsns.app, dsns.system, home.front.url,
            str(home.tenant.id), str(home.tenant.user_id), str(role.id), stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]  # fmt: skip
    said = [(await process.communicate())[0].decode().split() for process in processes]
    assert home.front.count("AssumeRole") == 1
    assert len({key for keys in said for key in keys}) == 1
    assert [len(keys) for keys in said] == [10, 10]


async def test_a_session_is_renewed_before_its_end_while_the_old_one_serves_and_never_past_it(home: House) -> None:
    role = await home.role()

    async def ask() -> Any:
        return await home.service.assume_deployment_role(home.actor, role.id, HOUR)

    first = await ask()
    home.clock.forward(minutes=49)
    assert await ask() == first
    home.clock.forward(minutes=7)
    assert await ask() == first
    while home.front.count("AssumeRole") == 1 or home.sessions._asking:
        await asyncio.sleep(0.01)
    second = await ask()
    assert second != first
    # STS is away: what is good is given until its last minute, and nothing after that.
    home.clock.forward(seconds=(second.expires_at - home.clock() - LAST_MINUTE).total_seconds() - 5)
    home.front.faults["AssumeRole"] = Fault("ServiceUnavailable", 503, times=99)
    assert await ask() == second
    home.clock.forward(seconds=6)
    with pytest.raises(AwsAway):
        await ask()
    home.front.faults.clear()
    third = await ask()
    assert third.expires_at > home.clock() - home.clock.ahead + timedelta(minutes=50)


async def test_what_is_kept_is_sealed_and_bound_to_its_row(home: House, owner: Any) -> None:
    role = await home.role()
    assumed = await home.service.assume_deployment_role(home.actor, role.id, HOUR)
    everything = await dump(owner)
    assert assumed.keys.secret_access_key not in everything
    assert assumed.keys.session_token is not None
    assert assumed.keys.session_token not in everything
    assert "secret" not in repr(assumed)
    assert assumed.keys.secret_access_key not in repr(assumed)
    await home.service.assume_deployment_role(home.actor, role.id, AssumeAsked(tags={"a": "b"}))
    rows = await owner.fetch("select digest, sealed::text from aws_sessions order by touched_at")
    await owner.execute("update aws_sessions set sealed = $2 where digest = $1", rows[0]["digest"], rows[1]["sealed"])
    (other,) = others(home, 1)
    with pytest.raises(Exception, match="does not open"):
        await other.get(home.tenant.id, role, HOUR, home.service._source(home.actor, role))


async def test_a_changed_registration_is_another_session_at_once(home: House) -> None:
    role = await home.role(tags={"team": "a"})
    await home.service.assume_deployment_role(home.actor, role.id, HOUR)
    kept = role.model_dump(include=set(AwsIdentitySettings.model_fields))
    settings = AwsIdentitySettings.model_validate(kept | {"tags": {"team": "b"}})
    await identities.change(home.db, home.caller, role.id, settings)
    await home.service.assume_deployment_role(home.actor, role.id, HOUR)
    assert home.front.count("AssumeRole") == 2
    assert asked_of(home)["Tags.member.1.Value"] == "b"


async def test_f16_6_only_what_is_registered_is_assumed_and_only_by_who_may(
    home: House, two_tenants: tuple[Tenant, Tenant], make_user: Any
) -> None:
    role, user = await home.role(), await home.user()
    with pytest.raises(NoSuchIdentity):
        await home.service.assume_deployment_role(home.actor, uuid7(), HOUR)
    with pytest.raises(Invalid, match="no role"):
        await home.service.assume_deployment_role(home.actor, user.id, HOUR)
    _, theirs = two_tenants
    foreign = Actor.of(caller_of(theirs, theirs.user_id))
    with pytest.raises(NoSuchIdentity):
        await home.service.assume_deployment_role(foreign, role.id, HOUR)
    with pytest.raises(NoSuchIdentity):
        await home.rotations.rotate_access_keys(foreign, user.id, RotateAsked(), "x")
    # An admin of the workspace who is no member of the vault manages it, and uses nothing in it.
    admin = caller_of(home.tenant, await make_user(home.tenant.id, role="admin"), Role.ADMIN)
    with pytest.raises(NotInThisVault):
        await home.service.assume_deployment_role(Actor.of(admin), role.id, HOUR)
    assert home.front.count("AssumeRole") == 0


async def test_f16_6_what_the_installation_itself_reaches_is_registered_by_the_operator_alone(home: House) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/platform"
    new = NewAwsIdentity(name="platform", arn=arn, source="platform")
    with pytest.raises(OperatorsOnly):
        await identities.register(home.db, home.caller, new)
    operator = caller_of(home.tenant, home.tenant.user_id, operator=True)
    role = await identities.register(home.db, operator, new)
    with pytest.raises(OperatorsOnly):
        await identities.change(home.db, home.caller, role.id, new)
    with pytest.raises(OperatorsOnly):
        await identities.forget(home.db, home.caller, role.id)
    user = NewAwsIdentity(
        name="u", arn=f"arn:aws:iam::{ACCOUNT}:user/u", key_credential=await home.keep(Keys("A" * 20, "s")),
        manager_id=role.id,
    )  # fmt: skip
    with pytest.raises(OperatorsOnly):
        await identities.register(home.db, home.caller, user)
    assert await home.works((await home.service.assume_deployment_role(Actor.of(operator), role.id, HOUR)).keys)
    said = await home.service.validate_credentials(Actor.of(operator))
    assert said.account_id == ACCOUNT


async def test_a_purged_credential_leaves_an_identity_that_reaches_nothing(home: House) -> None:
    role = await home.role()
    assert role.key_credential is not None
    uses = await home.credentials.uses(home.actor, role.key_credential)
    assert [(use.kind, use.name) for use in uses] == [("aws-identity", role.name)]
    await home.credentials.delete(home.actor, role.key_credential, force=True)
    await home.credentials.purge(home.actor, role.key_credential)
    with pytest.raises(Invalid, match="is gone"):
        await home.service.assume_deployment_role(home.actor, role.id, HOUR)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"arn": "arn:aws:iam::123456789012:role/r", "region": "cn-north-1"}, "partition"),
        ({"arn": "arn:aws-nowhere:iam::123456789012:role/r"}, "not known"),
        ({"arn": "arn:aws:iam::123456789012:user/u", "tags": {"a": "b"}}, "tags: a user has none"),
        ({"arn": "arn:aws:iam::123456789012:role/r", "manager_id": uuid7()}, "manager_id: a role has none"),
        ({"arn": "arn:aws:iam::123456789012:role/r", "transitive_tag_keys": ["x"]}, "no key of tags"),
        ({"arn": "arn:aws:iam::123456789012:role/r", "key_credential": None}, "name a credential"),
        ({"arn": "arn:aws:iam::123456789012:role/r", "key_credential": uuid7()}, "no such credential"),
        ({"arn": "arn:aws:iam::123456789012:user/u", "idle_seconds": 9, "grace_seconds": 8}, "no longer than"),
    ],
)
async def test_what_cannot_be_registered_is_refused_with_the_field(home: House, settings: Any, said: str) -> None:
    given = {"name": "n", "key_credential": await home.keep(Keys("A" * 20, "s"))} | settings
    with pytest.raises(Invalid, match=said):
        await identities.register(home.db, home.caller, NewAwsIdentity.model_validate(given))


@pytest.mark.parametrize(
    ("partition", "region"), [("aws-cn", "cn-northwest-1"), ("aws-us-gov", "us-gov-east-1"), ("aws", "eu-west-1")]
)
async def test_every_partition_is_asked_in_its_own_regions(home: House, partition: str, region: str) -> None:
    calls: list[Any] = []
    aws = Aws(home.front.url)
    made = aws._client

    def noting(service: str, region: str, *rest: Any) -> Any:
        calls.append((service, region))
        return made(service, region, *rest)

    aws._client = noting
    keys = await home.make_key((await home.user()).arn.rpartition("/")[2])
    await aws.caller_identity(keys, region)
    with pytest.raises(Exception, match=r"."):
        await aws.access_keys(keys, partition, "nobody-of-that-name")
    aws.close()
    homes = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1", "aws": "us-east-1"}
    assert calls == [("sts", region), ("iam", homes[partition])]
