"""The /v1 endpoints on bare ASGI: an API key with the scope `inference`, errors in each protocol's own form."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import structlog

from radiant.ai.inference.model import Model
from radiant.ai.policies.rules import Rules, names_of
from radiant.ai.routing.needs import level_of
from radiant.doors.gateway import deepgram, elevenlabs, openai_audio
from radiant.doors.gateway.anthropic_batches import all_message_batches, one_message_batch
from radiant.doors.gateway.anthropic_messages import messages
from radiant.doors.gateway.batches import all_batches, one_batch
from radiant.doors.gateway.call import Call, MethodNotAllowed, Protocol
from radiant.doors.gateway.completions import completions
from radiant.doors.gateway.count_tokens import count_tokens
from radiant.doors.gateway.images import image_generations
from radiant.doors.gateway.lanes import Bug, Engine
from radiant.doors.gateway.moderations import moderations
from radiant.doors.gateway.openai_chat import chat_completions, embeddings
from radiant.doors.gateway.openai_files import all_files, one_file
from radiant.doors.gateway.rerank import rerank
from radiant.doors.gateway.responses import responses
from radiant.doors.gateway.responses_kept import kept_response
from radiant.doors.gateway.thinking import THINK_TANK
from radiant.foundation.usage.noted import REFUSED, REQUESTS, request_of
from radiant.http.exchange import ClientGone, Exchange
from radiant.kit.errors import NotFound, Problem

log = structlog.get_logger()

Handler = Callable[[Engine, Call], Awaitable[None]]


def _is_anthropic(call: Call) -> bool:
    return call.protocol == "anthropic"


def _openai_model(model: Model) -> dict[str, Any]:
    return {"id": model.id, "object": "model", "created": int(time.time()), "owned_by": model.provider}


def _anthropic_model(model: Model) -> dict[str, Any]:
    return {"type": "model", "id": model.id, "display_name": model.display_name, "created_at": "2026-01-01T00:00:00Z"}


def _of_aliases(rules: Rules, usable: Sequence[Model]) -> list[Model]:
    """The names that policies give to models, where one that they stand for can be used."""
    known = {name: model for model in reversed(usable) for name in names_of(model)}
    found: list[Model] = []
    for alias, chain in rules.aliases.items():
        first = next((known[name] for name in chain if name in known), None)
        if first is not None or any(level_of(name) for name in chain):
            provider = first.provider if first is not None else "radiant"
            found.append(Model(id=alias, display_name=alias, provider=provider, upstream_id=alias))
    shown = {model.id for model in usable}
    return [model for model in found if model.id not in shown]


async def list_models(engine: Engine, call: Call) -> None:
    """GET /v1/models: those that the caller can use now, in the form that the client speaks."""
    caller = await call.identify(engine.keys)
    found = await engine.inference.models.all(caller.db(engine.database))
    rules = await engine.inference.policies.of(caller)
    usable = [model for model in found if model.unavailable is None and rules.why_not(model) is None]
    usable = [*_of_aliases(rules, usable), *usable]
    if not _is_anthropic(call):
        own = [Model(id=name, display_name=name, provider="radiant", upstream_id=name) for name in ("auto", THINK_TANK)]
        await call.answer_json({"object": "list", "data": [*map(_openai_model, (*own, *usable))]})
        return
    data = [_anthropic_model(model) for model in usable]
    ends = {"first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None}
    await call.answer_json({"data": data, "has_more": False, **ends})


async def get_model(engine: Engine, call: Call) -> None:
    """GET /v1/models/{id}."""
    caller = await call.identify(engine.keys)
    name = call.path.removeprefix("/v1/models/")
    rules = await engine.inference.policies.of(caller)
    if rules.alias(name) is not None:
        target = await engine.inference.target(caller, name)
        model = replace(target.model, id=name, display_name=name)
    else:
        model = await engine.inference.models.resolve(caller.db(engine.database), name)
        rules.check(model)
    await call.answer_json(_anthropic_model(model) if _is_anthropic(call) else _openai_model(model))


# Path -> method (* where the handler tells them apart) -> who answers. Where one protocol alone has the path, errors
# are in its form whatever the headers say.
_ENDPOINTS: dict[str, tuple[str, Protocol | None, Handler]] = {
    "/v1/chat/completions": ("POST", "openai", chat_completions),
    "/v1/embeddings": ("POST", "openai", embeddings),
    "/v1/messages": ("POST", "anthropic", messages),
    "/v1/messages/count_tokens": ("POST", "anthropic", count_tokens),
    "/v1/completions": ("POST", "openai", completions),
    "/v1/moderations": ("POST", "openai", moderations),
    "/v1/rerank": ("POST", "openai", rerank),
    "/v1/images/generations": ("POST", "openai", image_generations),
    "/v1/audio/transcriptions": ("POST", "openai", openai_audio.transcriptions),
    "/v1/audio/speech": ("POST", "openai", openai_audio.speech),
    "/v1/listen": ("POST", "deepgram", deepgram.listen),
    "/v1/speak": ("POST", "deepgram", deepgram.speak),
    "/v1/speech-to-text": ("POST", "elevenlabs", elevenlabs.speech_to_text),
    "/v1/voices": ("GET", "elevenlabs", elevenlabs.voices),
    "/v1/models": ("GET", None, list_models),
    "/v1/responses": ("POST", "openai", responses),
    "/v1/files": ("*", "openai", all_files),
    "/v1/batches": ("*", "openai", all_batches),
    "/v1/messages/batches": ("*", "anthropic", all_message_batches),
}
_UNDER: list[tuple[str, str, Protocol | None, Handler]] = [
    (elevenlabs.PREFIX, "*", "elevenlabs", elevenlabs.text_to_speech),
    ("/v1/models/", "GET", None, get_model),
    ("/v1/responses/", "*", "openai", kept_response),
    ("/v1/files/", "*", "openai", one_file),
    ("/v1/batches/", "*", "openai", one_batch),
    ("/v1/messages/batches/", "*", "anthropic", one_message_batch),
]


async def _unknown(engine: Engine, call: Call) -> None:
    raise NotFound(f"{call.method} {call.path}: there is no such endpoint")


async def _other_method(engine: Engine, call: Call) -> None:
    raise MethodNotAllowed(f"{call.path} does not take {call.method}")


# Those whose answers are calls of models: in the ledger, unless they were refused.
_METERED = frozenset(
    {
        chat_completions,
        embeddings,
        messages,
        completions,
        moderations,
        rerank,
        image_generations,
        responses,
        openai_audio.transcriptions,
        openai_audio.speech,
        deepgram.listen,
        deepgram.speak,
        elevenlabs.text_to_speech,
        elevenlabs.speech_to_text,
    }
)


def _endpoint(method: str, path: str) -> tuple[Protocol | None, Handler]:
    found = _ENDPOINTS.get(path)
    if found is not None:
        return found[1], found[2] if found[0] in (method, "*") else _other_method
    for prefix, taken, protocol, handler in _UNDER:
        if path.startswith(prefix) and len(path) > len(prefix):
            return protocol, handler if taken in (method, "*") else _other_method
    return None, _unknown


def _what(call: Call) -> str:
    """The method and the template of the path, of which there are only so many."""
    if call.path in _ENDPOINTS:
        return f"{call.method} {call.path}"
    prefix = next((prefix for prefix, *_ in _UNDER if call.path.startswith(prefix)), None)
    return "(no such endpoint)" if prefix is None else f"{call.method} {prefix}{{id}}"


async def _count(engine: Engine, call: Call, handler: Handler, problem: Problem | None) -> None:
    """Note a request that is in no ledger, where it is known whose it was."""
    caller = call.caller
    if caller is None or call.gone:
        return
    if handler not in _METERED:
        dimensions = request_of(_what(call), call.status, caller)
        await engine.meter.note(caller.tenant_id, REQUESTS, dimensions, caller.user_id)
    elif problem is not None and not problem.accounted:
        dimensions = request_of(_what(call), call.status, caller, problem.slug)
        await engine.meter.note(caller.tenant_id, REFUSED, dimensions, caller.user_id)


class Gateway:
    """Answers what is under /v1."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.engine: Engine | None = None
        """Filled by the root, once there is one."""

    def takes(self, path: str) -> bool:
        """Whether that path is the door's."""
        return path.startswith("/v1/") or path == "/v1"

    async def serve(self, exchange: Exchange) -> None:
        """One request."""
        engine = self.engine
        assert engine is not None
        protocol, handler = _endpoint(exchange.method, exchange.path)
        call = Call(exchange, protocol or "openai", self._limit)
        if call.is_preflight:
            await call.answer_preflight()
            return
        if protocol is None and b"anthropic-version" in call.headers:
            call.protocol = "anthropic"
        refused: Problem | None = None
        try:
            await handler(engine, call)
        except Problem as problem:
            refused = problem
            if problem.status >= 500:
                log.warning("problem", slug=problem.slug, detail=problem.detail, request_id=call.request_id)
            if call.begun:
                raise
            await call.refuse(problem)
        except ClientGone:
            pass
        except asyncio.CancelledError:
            if not call.gone:
                raise
        except Exception as error:
            log.error("bug", request_id=call.request_id, path=call.path, **call.whose(), exc_info=error)
            if call.begun:
                raise
            await call.refuse(Bug(f"something went wrong on our side (request {call.request_id})"))
        finally:
            call.close()
            if refused is not None or handler not in _METERED:
                await _count(engine, call, handler, refused)
