"""What people and judges say of answers becomes evidence of how good models are. Runs where opinions are counted, in
the same transaction."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from radiant.ai.catalog import store as catalog
from radiant.ai.routing import history_store as store
from radiant.ai.routing.evidence import NOWHERE, Key, Seen, Sums, sums_of
from radiant.infra.db import Row, Tx

# What an opinion is worth beside an answer that was checked: a thumb is quick, a score was thought about, a judge is
# a model with a taste of its own.
_TRUST = {"thumbs": 0.4, "score": 0.7, "judge": 0.6, "pair": 0.7}
_Priors = Mapping[str, Mapping[str, float]]


async def learn(tx: Tx, said: Sequence[Row]) -> None:
    """Add to the evidence what these opinions teach. System transaction of the only one who does so."""
    places = {(row["tenant_id"], model, place) for row in said for model in _models(row) for place in _places(row)}
    rows = await store.evidence(tx, *_columns({(model, place) for _, model, place in places}))
    shared = sums_of(rows, None)
    own: Sums = {}
    for tenant_id in {row["tenant_id"] for row in said}:
        asked = {(model, place) for tenant, model, place in places if tenant == tenant_id}
        own |= sums_of(await store.tenants_evidence(tx, tenant_id, *_columns(asked)), str(tenant_id))
    priors = {model.model_id: model.quality for model in await catalog.all_models(tx)}
    await asyncio.to_thread(_teach, priors, shared, own, said)
    await store.put_evidence(tx, [_as_json(key, sums) for key, sums in shared.items()])
    await store.put_tenants_evidence(
        tx, [{"tenant_id": UUID(key.tenant), **_as_json(key, sums)} for key, sums in own.items()]
    )


def _models(row: Row) -> Iterable[str]:
    return (row["model"],) if row["other_model"] is None else (row["model"], row["other_model"])


def _places(row: Row) -> Iterable[str]:
    return "", f"task:{row['task_type']}", f"cell:{row['cell']}"


def _columns(pairs: set[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [model for model, _ in pairs], [place for _, place in pairs]


def _as_json(key: Key, sums: Sequence[float]) -> dict[str, str | float]:
    return {"model": key.model, "place": key.place, "precision": sums[0], "information": sums[1]}


def _teach(priors: _Priors, shared: Sums, own: Sums, said: Sequence[Row]) -> None:
    """Add what each teaches to the sums."""
    # Computes with numpy, which is read here: in a thread.
    from radiant.ai.routing.quality import Quality

    quality = Quality(priors, shared, own)
    for row in said:
        seen = Seen(row["task_type"], row["difficulty"], row["cell"])
        tenant, trust, value, before = str(row["tenant_id"]), _TRUST[row["kind"]], row["value"], row["before"]
        if row["kind"] != "pair":
            quality.learn(row["model"], value, seen, tenant, trust=trust, before=before)
        elif row["other_model"] not in (None, row["model"]):
            pair = (row["model"], row["other_model"]) if value else (row["other_model"], row["model"])
            quality.prefer(*pair, seen, tenant, trust=trust, turned=before is not None)
    nowhere = f"cell:{NOWHERE}"
    for sums in (shared, own):
        for key in [key for key in sums if key.place == nowhere]:
            del sums[key]
