"""The catalogue in the database."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from radiant.ai.catalog import store
from radiant.ai.catalog.models import Model
from radiant.ai.catalog.seed import seed
from radiant.ai.serving.manifest import load_manifest
from radiant.infra.db import Database
from tests.kit.people import Tenant


async def seeded(db: Database) -> None:
    await seed(db.system("test"), load_manifest().model)


async def test_seeding_twice_changes_nothing_and_keeps_what_operators_and_the_machine_set(db: Database, owner: Any):
    await seeded(db)
    count = await owner.fetchval("select count(*) from external_models")
    await owner.execute("update external_models set is_active = false, input_price = 99 where model_id = 'gpt-4o'")
    await owner.execute(
        "update self_hosted_models set is_active = false, thermal_state = 'OFF', installed_at = now(),"
        " settings = settings || '{\"mine\": 1}' where model_id = 'smollm2-135m-instruct'"
    )
    await seeded(db)
    assert await owner.fetchval("select count(*) from external_models") == count
    gpt = await owner.fetchrow("select is_active, input_price from external_models where model_id = 'gpt-4o'")
    assert (gpt["is_active"], gpt["input_price"]) == (False, Decimal("2.5"))
    small = await owner.fetchrow("select * from self_hosted_models where model_id = 'smollm2-135m-instruct'")
    assert (small["is_active"], small["thermal_state"]) == (False, "OFF")
    assert small["installed_at"] is not None
    assert '"mine": 1' in small["settings"]


async def test_a_tenant_reads_every_model_typed(db: Database, tenant: Tenant):
    await seeded(db)
    async with db.tenant(tenant.id).tx() as tx:
        models = {model.model_id: model for model in await store.all_models(tx)}
    sonnet = models["claude-sonnet-5-5"]
    assert (sonnet.provider, sonnet.input_price, sonnet.local, sonnet.installed) == (
        "anthropic",
        Decimal(2),
        False,
        True,
    )
    assert {"text", "vision", "tools", "json_schema", "reasoning"} <= sonnet.capabilities
    small = models["smollm2-135m-instruct"]
    assert (small.provider, small.local, small.installed, small.thermal_state) == ("local", True, False, "COLD")
    assert small.note
    assert models["sam2-large"].task == "segmentation"


def _called(models: Sequence[Model], name: str) -> Model | None:
    by_id = [model for model in models if model.model_id == name]
    by_alias = [model for model in models if name in model.aliases]
    assert len(by_id) <= 1
    assert len(by_alias) <= 1
    return next(iter(by_id + by_alias), None)


async def test_a_name_resolves_by_id_before_alias_and_an_unknown_one_to_nothing(db: Database, tenant: Tenant):
    await seeded(db)
    async with db.tenant(tenant.id).tx() as tx:
        models = await store.all_models(tx)
    by_id = _called(models, "gpt-4o")
    by_alias = _called(models, "claude-opus-4")
    assert by_id is not None
    assert by_alias is not None
    assert (by_id.model_id, by_alias.model_id) == ("gpt-4o", "claude-opus-5-5")
    assert _called(models, "no-such-model") is None


async def test_what_is_installed_and_how_warm_it_is_can_be_noted(db: Database):
    await seeded(db)
    async with db.system("test").tx() as tx:
        assert await store.mark_installed(tx, ["smollm2-135m-instruct", "all-minilm-l6-v2"]) == 2
        assert await store.mark_installed(tx, ["smollm2-135m-instruct"]) == 1
        assert await store.mark_installed(tx, ["smollm2-135m-instruct"]) == 0
        assert await store.set_thermal_state(tx, "smollm2-135m-instruct", "WARM")
        assert not await store.set_thermal_state(tx, "unknown", "WARM")
        model = _called(await store.all_models(tx), "smollm2-135m-instruct")
        assert model is not None
        assert (model.installed, model.thermal_state) == (True, "WARM")
