"""Names the best model for a request, or has it answer."""

import base64
import binascii
import contextlib
from datetime import datetime
from uuid import UUID

import msgspec

from radiant.ai.auto_resolve import store
from radiant.ai.auto_resolve.schemas import AskedMessage, Picture, Resolution, Resolved, ResolveRequest, Said
from radiant.ai.inference import estimate
from radiant.ai.inference.metered import Labels
from radiant.ai.inference.service import Inference
from radiant.ai.providers.chat import ChatRequest, ImagePart, ImageUrlPart, Message, Part, TextPart, fold
from radiant.ai.routing.dry_run import check_provider, result_of
from radiant.ai.routing.needs import Asked
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database, TenantDb
from radiant.kit.errors import Invalid
from radiant.kit.ids import uuid7

_LABELS = Labels(protocol="auto-resolve", streamed=False)


def _part(part: Picture) -> Part:
    if not part.url.startswith("data:"):
        return ImageUrlPart(part.url)
    head, _, data = part.url.partition(",")
    media_type, _, encoding = head.removeprefix("data:").partition(";")
    if encoding != "base64":
        raise Invalid("messages: a data: URL of a picture holds base64")
    try:
        return ImagePart(media_type, base64.b64decode(data, validate=True))
    except binascii.Error as error:
        raise Invalid("messages: the picture is not base64") from error


def _message(message: AskedMessage) -> Message:
    if isinstance(message.content, str):
        return Message.of(message.role, message.content)
    parts = [_part(part) if isinstance(part, Picture) else TextPart(part.text) for part in message.content]
    return Message(message.role, parts)


async def resolve(inference: Inference, database: Database, caller: Caller, asked: ResolveRequest) -> Resolved:
    """The model for the request, and where it is asked to, its answer. Raises what routing and the call raise."""
    wishes = asked.preferences
    check_provider(wishes.preferred_provider, "preferences.preferred_provider")
    given = [AskedMessage(role="user", content=asked.prompt)] if asked.prompt is not None else asked.messages or []
    request = ChatRequest(model="", messages=[_message(message) for message in given], max_tokens=asked.max_tokens)
    request_id, brain = uuid7(), inference.brain
    ask = Asked(
        request=lambda: request, max_cost=wishes.max_cost, max_latency_ms=wishes.max_latency_ms,
        preferred_provider=wishes.preferred_provider, resolve=str(request_id),
    )  # fmt: skip
    needs = msgspec.structs.replace(estimate.needs_of(request), asked=ask)
    # Where it is to answer, this very plan is what is tried.
    plan = await brain.plan(caller, needs, wishes.quality_level, await brain.fleet(caller), dry=not asked.execute)
    found = result_of(plan, explain=False)
    kept = wishes.model_dump(mode="json", exclude_none=True)
    async with caller.db(database).tx() as tx:
        await store.insert(
            tx, request_id, plan.read.task, found.model, found.reason, kept, wishes.quality_level, found.confidence
        )
    named = Resolved(
        model=found.model, provider=found.provider, estimated_cost=found.estimated_cost,
        estimated_latency_ms=found.estimated_latency_ms, id=request_id, reason=found.reason,
        confidence=found.confidence, task_type=plan.read.task, fallbacks=found.fallbacks,
    )  # fmt: skip
    if not asked.execute:
        return named
    answer = await inference.open_planned(caller, plan, request, _LABELS)
    async with contextlib.aclosing(answer.events) as events:
        completion = await fold(events)
    receipt = answer.receipt
    said = Said(
        text=completion.text, stop_reason=completion.stop_reason, input_tokens=receipt.usage.input_tokens,
        output_tokens=receipt.usage.output_tokens, cost=receipt.cost, latency_ms=receipt.duration_ms,
    )  # fmt: skip
    return named.model_copy(
        update={
            "model": answer.model,
            "provider": answer.provider,
            "reason": answer.reason,
            "decision_id": answer.decision_id,
            "answer": said,
        }
    )


async def resolutions(db: TenantDb, before: tuple[datetime, UUID] | None, limit: int) -> list[Resolution]:
    """The caller's requests, the newest first."""
    async with db.tx() as tx:
        return [Resolution.model_validate(dict(row)) for row in await store.page(tx, before, limit)]
