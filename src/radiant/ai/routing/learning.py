"""What people and judges say of answers becomes evidence of how good models are. Runs where opinions are counted, in
the same transaction."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from radiant.ai.catalog import store as catalog
from radiant.ai.routing import history_store as store
from radiant.ai.routing import refits_store
from radiant.ai.routing.calibration import recalibrated
from radiant.ai.routing.evidence import Growing, Key, Seen
from radiant.infra.db import Row, Tx

# What an opinion is worth beside an answer that was checked: a thumb is quick, a score was thought about, a judge is
# a model with a taste of its own.
_TRUST = {"thumbs": 0.4, "score": 0.7, "judge": 0.6, "pair": 0.7}
_Priors = Mapping[str, Mapping[str, float]]


async def learn(tx: Tx, said: Sequence[Row]) -> None:
    """Add to the evidence what these opinions teach, each as of its own moment: what comes of them depends neither on
    when they are counted nor on what is counted with them. System transaction of the only one who does so."""
    said = sorted(said, key=lambda row: (row["said_at"], row["id"]))
    asked = {(row["tenant_id"], model, place) for row in said for model in _models(row) for place in _places(row)}
    tenants = [tenant_id for tenant_id, _, _ in asked]
    growing = Growing()
    for row in await store.evidence(tx, tenants, [model for _, model, _ in asked], [place for *_, place in asked]):
        growing.put(Key(row["tenant_id"] and str(row["tenant_id"]), row["model"], row["place"]), row)
    shifts = await refits_store.shifts(tx)
    priors = {
        model.model_id: recalibrated(model.quality, shifts.get(model.model_id))
        for model in await catalog.all_models(tx)
    }
    await asyncio.to_thread(_teach, priors, growing, said)
    await store.put_evidence(tx, growing.rows())


def _models(row: Row) -> Iterable[str]:
    return (row["model"],) if row["other_model"] is None else (row["model"], row["other_model"])


def _places(row: Row) -> Iterable[str]:
    return "", f"task:{row['task_type']}", f"cell:{row['cell']}"


def _teach(priors: _Priors, growing: Growing, said: Sequence[Row]) -> None:
    """Add what each teaches to the sums."""
    # Computes with numpy, which is read here: in a thread.
    from radiant.ai.routing.quality import Quality

    quality = Quality(priors, growing.shared, growing.own)
    for row in said:
        seen = Seen(row["task_type"], row["difficulty"], row["cell"])
        tenant, trust, value, before = str(row["tenant_id"]), _TRUST[row["kind"]], row["value"], row["before"]
        for model in _models(row):
            for place in _places(row):
                growing.age(model, place, tenant, row["said_at"])
        if row["kind"] != "pair":
            quality.learn(row["model"], value, seen, tenant, trust=trust, before=before)
        elif row["other_model"] not in (None, row["model"]):
            pair = (row["model"], row["other_model"]) if value else (row["other_model"], row["model"])
            quality.prefer(*pair, seen, tenant, trust=trust, turned=before is not None)
