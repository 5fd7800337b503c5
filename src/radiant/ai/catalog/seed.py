"""Writes the declared catalogue to the database, at every start."""

from collections.abc import Sequence
from typing import Any

import msgspec

from radiant.ai.catalog import store
from radiant.ai.catalog.declared import external_entries, self_hosted_entries
from radiant.ai.catalog.models import ExternalEntry, SelfHostedEntry
from radiant.infra.db import SystemDb


async def seed(system: SystemDb, embedded: Sequence[SelfHostedEntry]) -> None:
    """Insert what is new and bring the rest up to date; as often as you like.

    `embedded` are the models of the serving manifest (`serving.manifest.load_manifest().model`), which this slice
    lies below. What operators and the machine set (is_active, installed_at, thermal state, endpoint) stays.
    """
    external = [_external(provider, entry) for provider, entries in external_entries().items() for entry in entries]
    self_hosted = [_self_hosted(entry) for entry in (*self_hosted_entries(), *embedded)]
    async with system.tx() as tx:
        await store.upsert_external(tx, external)
        await store.upsert_self_hosted(tx, self_hosted)


def _external(provider: str, entry: ExternalEntry) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(entry)
    model_id = row.pop("id")
    return {**row, "provider": provider, "model_id": model_id, "upstream_id": row["upstream_id"] or model_id}


def _self_hosted(entry: SelfHostedEntry) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(entry)
    settings = {**entry.settings, "note": entry.note}
    if (dimensions := row.get("dimensions")) is not None:
        settings["dimensions"] = dimensions
    return {**row, "model_id": entry.id, "settings": settings}
