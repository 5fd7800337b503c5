"""The trail: what is done is in it, chained; a change of it shows."""

from typing import Any

from radiant.foundation.audit.service import chain_events
from radiant.foundation.identity.trail import TOPIC
from radiant.infra.db import Database
from radiant.infra.events import Event
from tests.kit.fixtures import Callers


async def _deliver(db: Database) -> list[Event]:
    async with db.system("test").tx() as tx:
        rows = await tx.all("select id, tenant_id, topic, payload, created_at from outbox order by id")
    events = [Event(row["id"], row["tenant_id"], row["topic"], row["payload"], row["created_at"]) for row in rows]
    await chain_events(db, events)
    return events


async def test_what_is_done_is_in_the_trail_chained_and_delivered_twice_it_is_there_once(
    callers: Callers, db: Database
) -> None:
    await callers.owner.post("/api/users", {"email": "new@example.org"})
    await _deliver(db)
    events = await _deliver(db)
    entries = (await callers.owner.get("/api/audit")).json()["items"]
    ours = [event for event in events if event.topic == TOPIC and event.tenant_id == callers.tenant.id]
    assert len(entries) == len(ours)
    assert "user.invited" in [entry["action"] for entry in entries]
    assert (await callers.owner.get("/api/audit/verification")).json() == {"whole": True, "first_broken": None}
    foreign = (await callers.foreign_owner.get("/api/audit")).json()["items"]
    assert "user.invited" not in [entry["action"] for entry in foreign]


async def test_a_changed_entry_breaks_the_chain_there(callers: Callers, db: Database, owner: Any) -> None:
    for n in range(3):
        await callers.owner.post("/api/users", {"email": f"n{n}@example.org"})
    await _deliver(db)
    await owner.execute(
        "update audit_log set action = 'user.removed' where tenant_id = $1 and seq = 2", callers.tenant.id
    )
    assert (await callers.owner.get("/api/audit/verification")).json() == {"whole": False, "first_broken": 2}
