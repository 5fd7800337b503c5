"""Models at endpoints beyond chat: which vendor has the endpoint, and what a name means there."""

from dataclasses import replace

import msgspec

from radiant.ai.inference.chosen import Chosen
from radiant.ai.inference.models import ModelNotFound, ModelUnavailable, Target
from radiant.ai.providers.endpoints import Endpoint, endpoint_wire
from radiant.ai.providers.vendors import vendor, vendors
from radiant.ai.providers.wires import Wire
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_request import BadRequest
from radiant.foundation.identity.callers import Caller


def at_endpoint(endpoint: Endpoint, chosen: Chosen) -> tuple[Wire, Chosen] | None:
    """How the chosen model is asked there, with its keys as that endpoint takes them; None where its vendor lacks
    it."""
    target = chosen.target
    found = endpoint_wire(endpoint, vendor(target.model.provider), target.keys, target.model.upstream_id)
    if found is None:
        return None
    wire, keys = found
    return wire, msgspec.structs.replace(chosen, target=replace(target, keys=keys))


def lacking(endpoint: Endpoint, why: str) -> BadRequest:
    """The refusal that says which providers have the endpoint."""
    able = ", ".join(one.display_name for one in vendors().values() if endpoint in one.endpoints and not one.local)
    return BadRequest(
        f"model: {why}; connect one of {able} under Settings, Providers, and name a model of theirs", "model"
    )


async def named_at(engine: Engine, caller: Caller, endpoint: Endpoint, name: str) -> Target:
    """The model of that name; where no such model is listed, one that a connected vendor with this endpoint calls so.
    Raises BadRequest that says what to connect, and PolicyViolation."""
    try:
        return await engine.inference.target(caller, name)
    except ModelUnavailable as error:
        raise lacking(endpoint, error.detail) from error
    except ModelNotFound:
        known = await engine.inference.models.all(caller.db(engine.database))
    for model in known:
        has = vendor(model.provider)
        if model.upstream_id == name and has and endpoint in has.endpoints and model.unavailable is None:
            return await engine.inference.target(caller, model.id)
    raise lacking(endpoint, f"no connected provider has {name!r} for this")
