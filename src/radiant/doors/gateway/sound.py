"""What the doors of speech have in common: a recording from a request, sound as an answer."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping

from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from radiant.ai.inference.metered import Labels
from radiant.ai.policies.problems import PolicyViolation
from radiant.ai.speech.media import RawSound, decode
from radiant.ai.speech.service import Bill, SpeakingIt
from radiant.ai.speech.speech import Sound
from radiant.doors.gateway.call import Call
from radiant.doors.gateway.lanes import Engine, answer_headers
from radiant.doors.gateway.openai_request import BadRequest
from radiant.foundation.identity.callers import Caller
from radiant.infra.temporary import temporary_folder


async def labels_of(engine: Engine, call: Call, caller: Caller, *, streamed: bool) -> Labels:
    """How the ledger names the call. Raises as `checked_labels` does."""
    return await checked_labels(
        engine, caller, Labels(protocol=call.protocol, streamed=streamed, tags=call.tags(), request_id=call.request_id)
    )


async def checked_labels(engine: Engine, caller: Caller, labels: Labels) -> Labels:
    """The same, where the caller's policies have nothing against it. Raises PolicyViolation where guardrails would have
    to look into it, MissingTag."""
    policies = engine.inference.policies
    rules = policies.known(caller) or await policies.of(caller)
    if rules.guards:
        raise PolicyViolation(
            f"the policy {rules.guards[0].policy!r} has guardrails, which cannot listen: ask without speech",
            policy=rules.guards[0].policy,
        )
    if rules.wants_tags:
        rules.check_tags(labels.tags)
    return labels


@contextlib.asynccontextmanager
async def form_of(call: Call) -> AsyncGenerator[FormData]:
    """A form with one file in it. Raises BadRequest."""
    body = await call.body()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    request = Request({"type": "http", "headers": list(call.header_list)}, receive)
    try:
        form = await request.form(max_files=1, max_fields=60, max_part_size=256 * 1024)
    except MultiPartException as error:
        raise BadRequest(f"the form cannot be read: {error.message}") from error
    try:
        yield form
    finally:
        await form.close()


def text_of(form: FormData, name: str, default: str = "") -> str:
    """A field of a form. Raises BadRequest where it is a file."""
    value = form.get(name, default)
    if not isinstance(value, str):
        raise BadRequest(f"{name}: give a text", name)
    return value


@contextlib.asynccontextmanager
async def recording(data: bytes, raw: RawSound | None = None) -> AsyncGenerator[Sound]:
    """What was sent, looked into and decoded in a folder that goes with it. Raises the problems of `media`."""
    async with temporary_folder("sound") as folder:
        path = folder / "original"
        await asyncio.to_thread(path.write_bytes, data)
        yield await decode(path, folder / "pcm", raw=raw)


def heads_of(bill: Bill) -> dict[str, str]:
    """Which model it was, and what is left of the limits."""
    return answer_headers(bill.model.id, bill.model.provider, bill.decision_id, bill.headers)


async def send_sound(call: Call, speaking: SpeakingIt, media_type: str, more: Mapping[str, str] | None = None) -> None:
    """The sound as it comes. A failure in mid-speech cuts the answer off: there is no word for it in a file."""
    await call.begin_bytes(media_type, {**heads_of(speaking.bill), **(more or {})})
    async with contextlib.aclosing(speaking.pieces()) as pieces:
        async for piece in pieces:
            if piece.data:
                await call.send_events(piece.data)
    await call.end_events()
