"""F15.7: credentials are imported from Secrets Manager and mirrored to it, against moto."""

import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import boto3
import pytest

from radiant.foundation.credentials.access_log import Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.life_schemas import ImportAsked, NewMirror, PickedSecret, SecretsAsked
from radiant.foundation.credentials.mirrors import PUSH, MirrorTaken, SecretsMirrors
from radiant.foundation.credentials.schemas import NewVersion, VaultChange
from radiant.foundation.credentials.secrets_manager import SecretsManager
from radiant.infra.jobs import Job
from radiant.kit.errors import Forbidden, Invalid
from tests.foundation.credentials.conftest import Made

REGION = "eu-west-1"


@dataclass
class Mirroring:
    """A vault with an access key, and Amazon's side of it."""

    vault: Made
    service: SecretsMirrors
    amazon: Any
    access: UUID
    told: list[str]
    owner: Any

    async def pushed(self) -> int:
        """Tick, and do the jobs; how many there were."""
        await self.service.tick()
        rows = await self.owner.fetch(
            "delete from pgqueuer where entrypoint = $1 returning id, convert_from(payload, 'UTF8') as ids", PUSH
        )
        for row in rows:
            await self.service.push(Job(row["id"], PUSH, json.loads(row["ids"]), None, None, 1))
        return len(rows)

    async def mirror(self, credential_id: UUID, secret_id: str, **more: Any) -> Any:
        new = NewMirror(region=REGION, secret_id=secret_id, access_credential_id=more.pop("access", self.access))
        return await self.service.add(self.vault.actor, credential_id, new, operator=more.pop("operator", False))

    async def state(self, credential_id: UUID) -> Any:
        (found,) = await self.service.of_credential(self.vault.actor, credential_id)
        return found

    def stages(self, secret_id: str) -> dict[str, str]:
        versions = self.amazon.list_secret_version_ids(SecretId=secret_id, IncludeDeprecated=True)["Versions"]
        return {stage: each["VersionId"] for each in versions for stage in each.get("VersionStages", [])}

    def current(self, secret_id: str) -> str:
        # By its stage: without one, moto gives what was put last, whatever is current.
        return self.amazon.get_secret_value(SecretId=secret_id, VersionStage="AWSCURRENT")["SecretString"]

    async def opened(self, credential_id: UUID, **which: Any) -> Any:
        return (
            await self.vault.credentials.open(
                Actor.job(self.vault.actor.tenant_id, "test"), Entry("use", credential_id=credential_id), "use", **which
            )
        ).value

    async def bring(self, *picked: PickedSecret, dry_run: bool = False) -> list[Any]:
        asked = ImportAsked(
            region=REGION, access_credential_id=self.access, vault_id=self.vault.vault_id, secrets=list(picked),
            dry_run=dry_run,
        )  # fmt: skip
        return (await self.service.bring(self.vault.actor, asked, operator=False)).items


@pytest.fixture
async def mirroring(vault: Made, owner: Any, aws_endpoint: str) -> AsyncIterator[Mirroring]:
    manager = SecretsManager(aws_endpoint)
    told: list[str] = []

    async def tell(_tenant: Any, _credential: Any, kind: str, _text: str) -> None:
        told.append(kind)

    service = SecretsMirrors(vault.database, vault.credentials, vault.log, manager, tell=tell)
    access = await vault.store(
        "amazon", None, type="aws", fields={"access_key_id": "AKIATESTING", "secret_access_key": "a-secret-key"}
    )
    amazon = boto3.client("secretsmanager", region_name=REGION, endpoint_url=aws_endpoint)
    yield Mirroring(vault, service, amazon, access, told, owner)
    manager.close()


def fresh(name: str) -> str:
    return f"{name}-{secrets.token_hex(4)}"


async def test_f15_7_a_mirror_follows_its_credential_with_the_stages_moved(mirroring: Mirroring) -> None:
    name, credential_id = fresh("follows"), await mirroring.vault.store(value="value-one")
    await mirroring.mirror(credential_id, name)
    assert await mirroring.pushed() == 1
    assert mirroring.current(name) == '{"key": "value-one"}'
    assert (await mirroring.state(credential_id)).drift == "none"
    assert await mirroring.pushed() == 0
    actor = mirroring.vault.actor
    await mirroring.vault.credentials.rotate(actor, credential_id, NewVersion(value="value-two"))
    assert await mirroring.pushed() == 1
    one, two = (f"radiant-{credential_id.hex}-v{number}" for number in (1, 2))
    assert mirroring.stages(name) == {"AWSCURRENT": two, "AWSPREVIOUS": one}
    # Rolled back here, the version that is there already becomes the current one there.
    await mirroring.vault.credentials.roll_back(actor, credential_id)
    assert await mirroring.pushed() == 1
    assert mirroring.stages(name)["AWSCURRENT"] == one
    assert mirroring.current(name) == '{"key": "value-one"}'


async def test_f15_7_a_push_that_is_done_twice_makes_one_version(mirroring: Mirroring) -> None:
    name, credential_id = fresh("twice"), await mirroring.vault.store()
    made = await mirroring.mirror(credential_id, name)
    job = Job(1, PUSH, {"mirror": str(made.id), "tenant": str(mirroring.vault.actor.tenant_id)}, None, None, 1)
    await mirroring.service.push(job)
    # The worker died before it wrote down that it was done.
    await mirroring.owner.execute("update credential_mirrors set pushed_version = null")
    await mirroring.service.push(job)
    assert len(mirroring.amazon.list_secret_version_ids(SecretId=name)["Versions"]) == 1


async def test_f15_7_what_somebody_else_changed_there_is_shown_and_pushed_over_when_asked(mirroring: Mirroring) -> None:
    name, credential_id = fresh("drift"), await mirroring.vault.store()
    made = await mirroring.mirror(credential_id, name)
    await mirroring.pushed()
    hour_old = "update credential_mirrors set checked_at = now() - interval '2 hours'"
    mirroring.amazon.put_secret_value(SecretId=name, SecretString="somebody else's")
    await mirroring.owner.execute(hour_old)
    assert await mirroring.pushed() == 1
    assert (await mirroring.state(credential_id)).drift == "changed"
    await mirroring.service.push_again(mirroring.vault.actor, credential_id, made.id)
    await mirroring.pushed()
    assert (await mirroring.state(credential_id)).drift == "none"
    assert "somebody else" not in mirroring.current(name)
    mirroring.amazon.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    await mirroring.owner.execute(hour_old)
    await mirroring.pushed()
    assert (await mirroring.state(credential_id)).drift == "missing"


async def test_f15_7_a_mirror_that_fails_is_tried_again_later_and_told_of_once(mirroring: Mirroring) -> None:
    credential_id = await mirroring.vault.store()
    gone = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gone-AbCdEf"
    await mirroring.mirror(credential_id, gone)
    for number in range(1, 7):
        assert await mirroring.pushed() == 1
        state = await mirroring.state(credential_id)
        assert (state.failures, state.error) == (number, "Secrets Manager: ResourceNotFoundException")
        assert await mirroring.pushed() == 0
        await mirroring.owner.execute("update credential_mirrors set next_try_at = now()")
    assert mirroring.told == ["mirror-failed"]
    # Nothing of it holds up a rotation.
    await mirroring.vault.credentials.rotate(mirroring.vault.actor, credential_id, NewVersion(value="a new one"))


async def test_f15_7_mirroring_shows_the_value_so_it_takes_who_may_be_shown_it(mirroring: Mirroring) -> None:
    credential_id = await mirroring.vault.store()
    with pytest.raises(Forbidden, match="operator"):
        await mirroring.mirror(credential_id, "x", access=None)
    with pytest.raises(Invalid, match="type aws"):
        await mirroring.mirror(credential_id, "x", access=credential_id)
    await mirroring.mirror(credential_id, "x")
    with pytest.raises(MirrorTaken):
        await mirroring.mirror(credential_id, "x")
    vault = mirroring.vault
    await vault.vaults.change(vault.actor, vault.vault_id, VaultChange(second_person=True))
    with pytest.raises(Forbidden, match="two people"):
        await mirroring.mirror(credential_id, "y")
    await mirroring.owner.execute("update credential_vaults set second_person = false")
    await vault.vaults.change(vault.actor, vault.vault_id, VaultChange(reveal_roles=["manager"]))
    with pytest.raises(Forbidden):
        await mirroring.mirror(credential_id, "y")


async def test_f15_7_secrets_are_imported_with_their_versions_tags_and_types(mirroring: Mirroring) -> None:
    login = {
        "engine": "postgres",
        "host": "db",
        "port": "5432",
        "username": "app",
        "password": "second",
        "dbname": "shop",
    }
    values: dict[str, dict[str, Any]] = {
        "login": {"SecretString": json.dumps(login)},
        "text": {"SecretString": "plain words"},
        "binary": {"SecretBinary": b"\x00\x01\xff"},
        "odd": {"SecretString": '{"anything": ["goes"]}'},
    }
    names = {kind: fresh(f"import/{kind}") for kind in values}
    for kind, value in values.items():
        mirroring.amazon.create_secret(Name=names[kind], Tags=[{"Key": "team", "Value": "shop"}], **value)
    first = {**login, "password": "first"}
    mirroring.amazon.put_secret_value(SecretId=names["login"], SecretString=json.dumps(first))
    mirroring.amazon.put_secret_value(SecretId=names["login"], SecretString=json.dumps(login))
    picked = [PickedSecret(secret_id=name) for name in names.values()]

    looked = await mirroring.bring(*picked, dry_run=True)
    assert [(item.outcome, item.type, item.versions, item.binary) for item in looked] == [
        ("would-import", "database", 2, False), ("would-import", "text", 1, False),
        ("would-import", "binary", 1, True), ("would-import", "json", 1, False),
    ]  # fmt: skip
    assert looked[0].fields == ["database", "engine", "host", "password", "port", "username"]
    assert await mirroring.owner.fetchval("select count(*) from stored_credentials") == 1

    made = await mirroring.bring(*picked)
    assert [item.outcome for item in made] == ["imported"] * 4
    stored = await mirroring.opened(made[0].credential_id)
    assert (stored.fields["password"], stored.fields["database"], stored.fields["port"]) == ("second", "shop", 5432)
    assert (await mirroring.opened(made[0].credential_id, stage="previous")).fields["password"] == "first"
    assert (await mirroring.opened(made[1].credential_id)).text == "plain words"
    assert (await mirroring.opened(made[2].credential_id)).data == b"\x00\x01\xff"
    described = await mirroring.vault.credentials.describe(mirroring.vault.actor, made[0].credential_id)
    assert described.metadata["tags"] == {"team": "shop"}
    # A database's login goes back in the form in which Amazon's own rotators write it.
    copy = fresh("copy")
    await mirroring.mirror(made[0].credential_id, copy)
    await mirroring.pushed()
    assert json.loads(mirroring.current(copy))["dbname"] == "shop"


async def test_f15_7_names_that_clash_and_what_cannot_be_read_are_said_and_hold_up_nothing(
    mirroring: Mirroring,
) -> None:
    name = fresh("clash")
    mirroring.amazon.create_secret(Name=name, SecretString="x-value")
    picked = [
        PickedSecret(secret_id=name),
        PickedSecret(secret_id=name),
        PickedSecret(secret_id="there-is-none"),
        PickedSecret(secret_id=name, name="fits no type", type="database"),
        PickedSecret(secret_id=name, name="another name"),
    ]
    items = await mirroring.bring(*picked)
    assert [item.outcome for item in items] == ["imported", "refused", "refused", "refused", "imported"]
    assert "give this one another name" in (items[1].problem or "")
    assert "no such secret" in (items[2].problem or "")
    assert "x-value" not in str(items)


async def test_f15_7_secrets_are_listed_page_by_page_to_who_may_write(mirroring: Mirroring) -> None:
    prefix = fresh("listed")
    for number in range(3):
        mirroring.amazon.create_secret(Name=f"{prefix}/{number}", SecretString="x")
    asked = SecretsAsked(
        region=REGION, access_credential_id=mirroring.access, vault_id=mirroring.vault.vault_id, prefix=prefix
    )
    page = await mirroring.service.list(mirroring.vault.actor, asked, operator=False)
    assert [item.name for item in page.items] == [f"{prefix}/{number}" for number in range(3)]
    with pytest.raises(Forbidden):
        without = asked.model_copy(update={"access_credential_id": None})
        await mirroring.service.list(mirroring.vault.actor, without, operator=False)
