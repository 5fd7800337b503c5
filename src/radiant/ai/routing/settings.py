"""How a workspace wants models to be chosen, as its admins see and change it."""

from radiant.ai.routing import store
from radiant.ai.routing.dry_run import check_provider, terms_of
from radiant.ai.routing.schemas import Settings, SettingsChange
from radiant.ai.routing.service import settings_of
from radiant.foundation.identity import trail
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database, TenantDb


async def settings(db: TenantDb) -> Settings:
    """The installation's, with the workspace's own over them."""
    async with db.tx() as tx:
        found = settings_of(await store.settings(tx))
    return Settings(
        weights=terms_of(found.weights),
        preferred_provider=found.preferred_provider,
        preferred_margin=found.preferred_margin,
        exploration=found.exploration,
        sticky=found.sticky,
    )


async def change_settings(database: Database, caller: Caller, new: SettingsChange) -> Settings:
    """Replace the workspace's own. Raises Invalid."""
    check_provider(new.preferred_provider, "preferred_provider")
    db = caller.db(database)
    async with db.tx() as tx:
        weights = new.weights.model_dump() if new.weights else None
        await store.put_settings(tx, weights, new.preferred_provider, new.preferred_margin, new.exploration, new.sticky)
        await trail.record(tx, caller, "routing_settings.changed", **new.model_dump(mode="json", exclude_none=True))
    return await settings(db)
