"""SQL of the catalogue: one function, one statement. Reads work in any transaction, writes in a system one."""

from collections.abc import Sequence
from typing import Any

from radiant.ai.catalog.models import Model, Pace
from radiant.infra.db import Row, Tx


async def all_models(tx: Tx) -> list[Model]:
    """Every model, external ones first, by provider and name."""
    rows = await tx.all(
        "select false as local, provider, model_id, upstream_id, display_name, aliases, task, capabilities,"
        " context_length, max_output_tokens, input_price, output_price, cache_read_price, cache_write_price,"
        " minute_price, character_price, quality, '' as license, is_active, true as installed, null as thermal_state, null::integer as memory_mb,"
        " null::jsonb as pace, '' as note"
        " from external_models"
        " union all"
        " select true, 'local', model_id, model_id, display_name, aliases, task, capabilities,"
        " context_length, max_output_tokens, input_price, output_price, null, null,"
        " null, null, quality, license, is_active, installed_at is not null, thermal_state, memory_mb,"
        " settings->'pace', coalesce(settings->>'note', '')"
        " from self_hosted_models"
        " order by local, provider, model_id"
    )
    return [_model(row) for row in rows]


async def upsert_external(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Write declared models of providers; what operators set (is_active) stays."""
    await tx.run(
        "insert into external_models (provider, model_id, upstream_id, display_name, aliases, task, capabilities,"
        " context_length, max_output_tokens, input_price, output_price, cache_read_price, cache_write_price,"
        " minute_price, character_price, price_date, price_source, quality, deprecated_on)"
        " select provider, model_id, upstream_id, display_name, aliases, task, capabilities,"
        " context_length, max_output_tokens, input_price, output_price, cache_read_price, cache_write_price,"
        " minute_price, character_price, price_date, price_source, quality, deprecated_on"
        " from jsonb_to_recordset($1::jsonb) as declared (provider text, model_id text, upstream_id text,"
        " display_name text, aliases text[], task text, capabilities text[], context_length integer,"
        " max_output_tokens integer, input_price numeric, output_price numeric, cache_read_price numeric,"
        " cache_write_price numeric, minute_price numeric, character_price numeric, price_date date, price_source text, quality jsonb, deprecated_on date)"
        " on conflict (model_id) do update set provider = excluded.provider, upstream_id = excluded.upstream_id,"
        " display_name = excluded.display_name, aliases = excluded.aliases, task = excluded.task,"
        " capabilities = excluded.capabilities, context_length = excluded.context_length,"
        " max_output_tokens = excluded.max_output_tokens, input_price = excluded.input_price,"
        " output_price = excluded.output_price, cache_read_price = excluded.cache_read_price,"
        " cache_write_price = excluded.cache_write_price, minute_price = excluded.minute_price,"
        " character_price = excluded.character_price, price_date = excluded.price_date,"
        " price_source = excluded.price_source, quality = excluded.quality,"
        " deprecated_on = excluded.deprecated_on, updated_at = current_timestamp",
        list(rows),
    )


async def upsert_self_hosted(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Write declared self-hosted models; what operators and the machine set stays."""
    await tx.run(
        "insert into self_hosted_models (model_id, display_name, aliases, category, task, capabilities, runtime,"
        " context_length, max_output_tokens, license, memory_mb, settings, quality)"
        " select model_id, display_name, aliases, category, task, capabilities, runtime,"
        " context_length, max_output_tokens, license, memory_mb, settings, quality"
        " from jsonb_to_recordset($1::jsonb) as declared (model_id text, display_name text, aliases text[],"
        " category text, task text, capabilities text[], runtime text, context_length integer,"
        " max_output_tokens integer, license text, memory_mb integer, settings jsonb, quality jsonb)"
        " on conflict (model_id) do update set display_name = excluded.display_name, aliases = excluded.aliases,"
        " category = excluded.category, task = excluded.task, capabilities = excluded.capabilities,"
        " runtime = excluded.runtime, context_length = excluded.context_length,"
        " max_output_tokens = excluded.max_output_tokens, license = excluded.license,"
        " memory_mb = excluded.memory_mb, quality = excluded.quality,"
        # What else stands in settings is the operator's.
        " settings = self_hosted_models.settings || excluded.settings, updated_at = current_timestamp",
        list(rows),
    )


async def mark_installed(tx: Tx, installed: Sequence[str]) -> int:
    """Note that these self-hosted models' files are here, and no others'; how many rows that changed."""
    return await tx.run(
        "update self_hosted_models set updated_at = current_timestamp,"
        " installed_at = case when model_id = any($1::text[]) then current_timestamp end"
        " where (installed_at is not null) <> (model_id = any($1::text[]))",
        list(installed),
    )


async def set_thermal_state(tx: Tx, model_id: str, state: str) -> bool:
    """Note what the host found; whether there is such a model."""
    changed = await tx.run(
        "update self_hosted_models set thermal_state = $2, updated_at = current_timestamp where model_id = $1",
        model_id,
        state,
    )
    return changed > 0


def _model(row: Row) -> Model:
    facts = dict(row)
    facts["capabilities"] = frozenset(facts["capabilities"])
    facts["pace"] = None if facts["pace"] is None else Pace(**facts["pace"])
    return Model(**facts)
