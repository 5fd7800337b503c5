"""Videos and long recordings over HTTP: the job beside the API, providers on loopback, a model that sees."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from radiant.foundation.files.service import remove_deleted_objects
from radiant.workspace.voice import lasting
from tests.kit.fixtures import Callers
from tests.kit.server import Answer, Client, Server
from tests.kit.speech_upstream import Hang, Refuse, SpeechUpstream, speech_upstream
from tests.kit.upstream import Upstream
from tests.kit.video import video
from tests.workspace.voice.kit import SESSIONS, VOICE, begin, connect, hear, tone

LONGEST_WAIT = 120.0


@pytest.fixture
async def deepgram(callers: Callers) -> AsyncIterator[SpeechUpstream]:
    async with speech_upstream() as running:
        await connect(callers.operator, running)
        yield running


@pytest.fixture
def soon(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is longer than two seconds is long, and is heard in pieces of some 21 seconds."""
    monkeypatch.setattr(server.app.state.voice, "long_seconds", 2.0)
    monkeypatch.setattr(server.app.state.videos.lasting, "piece_ms", 21_000)


async def upload(client: Client, session_id: str, data: bytes, name: str = "clip.mp4", **fields: str) -> Answer:
    form = aiohttp.FormData()
    form.add_field("file", data, filename=name, content_type="video/mp4")
    for field, value in fields.items():
        form.add_field(field, value)
    return await client.send("POST", f"{SESSIONS}/{session_id}/videos", data=form)


async def ended(client: Client, path: str) -> Any:
    """What it came to: the work is done by a job of the server."""
    async with asyncio.timeout(LONGEST_WAIT):
        while True:
            found = (await client.get(path)).json()
            if found["status"] not in ("queued", "working"):
                return found
            await asyncio.sleep(0.1)


async def worked_on(client: Client, data: bytes, name: str = "clip.mp4", **fields: str) -> Any:
    """A video in a session of its own, when the work on it is over."""
    answer = await upload(client, await begin(client, "video"), data, name, **fields)
    assert answer.status == 202, answer.body
    return await ended(client, f"{VOICE}/videos/{answer.json()['id']}")


def listened(upstream: SpeechUpstream) -> int:
    """How often it was sent sound: it is asked other things besides."""
    return sum(request.path.endswith("/listen") for request in upstream.requests)


def path_of(url: str) -> str:
    return url[url.index("/api/objects/") :]


async def answered(client: Client, chat_id: str) -> str:
    """What was answered last in a chat, when it is whole."""
    async with asyncio.timeout(LONGEST_WAIT):
        while True:
            last = (await client.get(f"/api/chats/{chat_id}")).json()["messages"][-1]
            if last["status"] != "streaming":
                assert last["status"] == "complete", last
                return last["content"][0]["text"]
            await asyncio.sleep(0.1)


async def test_f21_4_a_video_is_taken_in_heard_and_looked_through(
    server: Server, callers: Callers, deepgram: SpeechUpstream, owner: Any
) -> None:
    me = callers.member
    data = video(sound=tone(6.0))
    session = await begin(me, "video", language="en")
    answer = await upload(me, session, data)
    assert answer.status == 202, answer.body
    taken = answer.json()
    assert (taken["width"], taken["height"], taken["media_type"]) == (160, 120, "video/mp4")
    assert taken["duration_ms"] == pytest.approx(6000, abs=110)
    done = await ended(me, f"{VOICE}/videos/{taken['id']}")
    assert (done["status"], done["stage"], done["error"]) == ("done", "done", None)
    assert done["done_ms"] == done["duration_ms"]

    frames = (await me.get(f"{VOICE}/videos/{taken['id']}/frames")).json()["items"]
    assert [one["at_ms"] for one in frames] == pytest.approx([0, 2000, 4000], abs=110)
    assert done["frames"] == 3
    picture = await callers.nobody.get(path_of(frames[1]["url"]))
    assert picture.body[:3] == b"\xff\xd8\xff"
    page = (await me.get(f"{VOICE}/videos/{taken['id']}/frames?limit=2")).json()
    rest = (await me.get(f"{VOICE}/videos/{taken['id']}/frames?limit=2&cursor={page['next']}")).json()
    assert [one["id"] for one in page["items"] + rest["items"]] == [one["id"] for one in frames]
    assert rest["next"] is None

    words = (await me.get(f"{VOICE}/transcriptions/{done['transcription_id']}")).json()
    assert (words["transcription"], words["status"]) == (deepgram.words, "done")
    assert words["video_id"] == taken["id"]
    assert (await me.get(f"{VOICE}/transcriptions/{words['id']}/captions")).body.startswith(b"WEBVTT")
    read = (await me.get(f"{SESSIONS}/{session}")).json()
    assert read["total_duration_ms"] == words["duration_ms"] == pytest.approx(6000, abs=110)
    assert float(read["total_cost"]) == pytest.approx(float(words["cost"]))
    assert float(words["cost"]) > 0
    (sent,) = [request for request in deepgram.requests if request.path.endswith("/listen")]
    assert sent.query["language"] == "en"
    assert await owner.fetchval("select count(*) from voice_pieces") == 0

    link = (await me.get(f"{VOICE}/videos/{taken['id']}/link")).json()
    assert (await callers.nobody.get(path_of(link["url"]))).body == data
    (listed,) = (await me.get(f"{SESSIONS}/{session}/videos")).json()["items"]
    assert listed == done


async def test_f21_1_of_a_video_and_its_pictures_the_keys_are_kept_and_no_links(
    callers: Callers, deepgram: SpeechUpstream, owner: Any
) -> None:
    done = await worked_on(callers.member, video())
    assert await owner.fetchval("select video_url from voice_videos") == (
        f"{callers.tenant.id}/files/{done['asset_id']}"
    )
    for key in await owner.fetch("select frame_url from video_frames"):
        assert key["frame_url"].startswith(f"{callers.tenant.id}/files/")


async def test_a_video_without_sound_and_one_without_pictures_work(callers: Callers, deepgram: SpeechUpstream) -> None:
    silent = await worked_on(callers.member, video())
    assert (silent["status"], silent["frames"], silent["transcription_id"]) == ("done", 3, None)
    blind = await worked_on(callers.member, video((), sound=tone(1.0)))
    assert (blind["status"], blind["frames"], blind["has_pictures"]) == ("done", 0, False)
    assert blind["transcription_id"] is not None
    asked = await callers.member.post(f"{VOICE}/videos/{blind['id']}/ask", {"question": "What is it?", "at_ms": 0})
    assert (asked.status, asked.json()["type"].rpartition("/")[2]) == (422, "no-such-moment")


@pytest.mark.parametrize(
    ("data", "slug"),
    [(b"", "no-sound"), (b"GIF89a" + bytes(500), "not-video"), (b"#EXTM3U\nhttp://127.0.0.1/x", "not-video")],
)
async def test_f21_5_what_is_no_video_is_refused_and_nothing_of_it_stays(
    callers: Callers, owner: Any, data: bytes, slug: str
) -> None:
    answer = await upload(callers.member, await begin(callers.member, "video"), data)
    assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (422, slug)
    assert await owner.fetchval("select count(*) from assets") == 0


async def test_a_video_is_sent_to_a_session_of_videos(callers: Callers) -> None:
    answer = await upload(callers.member, await begin(callers.member, "stt"), video())
    assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (409, "voice-session-of-another-type")
    none = await callers.member.post(f"{SESSIONS}/{await begin(callers.member, 'video')}/videos")
    assert none.status == 422


async def test_f21_4_a_moment_is_asked_about_with_what_is_seen_and_said_then(
    callers: Callers, deepgram: SpeechUpstream, upstream: Upstream, patient: None
) -> None:
    me = callers.member
    done = await worked_on(me, video(sound=tone(6.0)), "colours.mp4")
    path = f"{VOICE}/videos/{done['id']}/ask"
    answer = await me.post(path, {"question": "Which colour is it?", "at_ms": 3000, "model": "gpt-4o"})
    assert answer.status == 201, answer.body
    told = answer.json()
    assert [one["at_ms"] for one in told["moments"]] == [pytest.approx(3000, abs=110)]
    assert deepgram.words in told["words"].lower()
    assert await answered(me, told["chat_id"]) == "Hello from upstream."
    (sent,) = [one.body for one in upstream.requests if "Which colour" in json.dumps(one.body)]
    content = sent["messages"][-1]["content"]
    (picture,) = [part for part in content if part["type"] == "image_url"]
    assert picture["image_url"]["url"].startswith("data:image/jpeg;base64,")
    text = " ".join(part["text"] for part in content if part["type"] == "text")
    assert "“colours.mp4” at [0:03]" in text
    assert deepgram.words in text.lower()
    assert "[m:ss]" in json.dumps(sent["messages"][0])
    # The session has a chat now, in which one can go on.
    again = (
        await me.post(path, {"question": "And over it all?", "from_ms": 0, "to_ms": 5900, "model": "gpt-4o"})
    ).json()
    assert again["chat_id"] == told["chat_id"]
    assert [one["at_ms"] for one in again["moments"]] == pytest.approx([0, 1966, 3933, 5900], abs=110)
    await answered(me, told["chat_id"])
    chat = (await me.get(f"/api/chats/{told['chat_id']}")).json()
    assert [message["role"] for message in chat["messages"]] == ["user", "assistant"] * 2
    assert (await me.get(f"{SESSIONS}/{done['session_id']}")).json()["chat_id"] == told["chat_id"]
    # What was shown stays in the chat when the video goes.
    assert (await me.delete(f"{VOICE}/videos/{done['id']}")).status == 204
    assert (await me.get(f"/api/files/{told['moments'][0]['asset_id']}")).status == 200


async def test_without_a_model_that_sees_the_refusal_says_what_to_connect(callers: Callers, deepgram: Any) -> None:
    done = await worked_on(callers.member, video())
    answer = await callers.member.post(f"{VOICE}/videos/{done['id']}/ask", {"question": "What?", "at_ms": 0})
    assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (409, "no-vision-model")
    assert "Settings, Providers" in answer.json()["detail"]
    assert (await callers.member.get("/api/chats")).json()["items"] == []


async def test_a_model_that_takes_no_pictures_is_not_sent_any(callers: Callers, upstream: Upstream) -> None:
    done = await worked_on(callers.member, video())
    path = f"{VOICE}/videos/{done['id']}/ask"
    answer = await callers.member.post(path, {"question": "What?", "at_ms": 0, "model": "smollm2-135m-instruct"})
    assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (422, "model-sees-nothing")
    late = await callers.member.post(path, {"question": "What?", "at_ms": 60_000})
    assert (late.status, late.json()["type"].rpartition("/")[2]) == (422, "no-such-moment")
    for wrong in ({}, {"at_ms": 1, "from_ms": 1, "to_ms": 2}, {"from_ms": 3, "to_ms": 1}, {"from_ms": 1}):
        assert (await callers.member.post(path, {"question": "What?", **wrong})).status == 422


async def test_a_video_goes_with_its_pictures_its_words_and_its_file(
    server: Server, callers: Callers, deepgram: SpeechUpstream, owner: Any
) -> None:
    done = await worked_on(callers.member, video(sound=tone(6.0)))
    assert (await callers.member.delete(f"{VOICE}/videos/{done['id']}")).status == 204
    for table in ("voice_videos", "video_frames", "voice_transcriptions", "assets"):
        assert await owner.fetchval(f"select count(*) from {table}") == 0, table
    assert await remove_deleted_objects(server.app.state.database, server.app.state.objects) == 4


async def test_videos_are_their_persons_alone_even_to_owners(callers: Callers, deepgram: SpeechUpstream) -> None:
    done = await worked_on(callers.member, video())
    path = f"{VOICE}/videos/{done['id']}"
    for stranger in (callers.owner, callers.foreign_owner):
        for each in (path, f"{path}/frames", f"{path}/link", f"{SESSIONS}/{done['session_id']}/videos"):
            assert (await stranger.get(each)).status == 404
        assert (await stranger.delete(path)).status == 404
        assert (await stranger.post(f"{path}/cancel")).status == 404
        assert (await stranger.post(f"{path}/ask", {"question": "What?", "at_ms": 0})).status == 404
    assert (await callers.member.get(path)).status == 200


async def test_a_cancelled_video_stops_at_once_and_a_retry_goes_on_with_what_is_missing(
    server: Server, callers: Callers, deepgram: SpeechUpstream, owner: Any
) -> None:
    me = callers.member
    deepgram.plan(Hang())
    session = await begin(me, "video")
    taken = (await upload(me, session, video(sound=tone(6.0)), model="nova-3")).json()
    path = f"{VOICE}/videos/{taken['id']}"
    async with asyncio.timeout(LONGEST_WAIT):
        while not listened(deepgram):
            await asyncio.sleep(0.05)
        assert (await me.post(f"{path}/cancel")).json()["status"] == "cancelled"
        while UUID(taken["id"]) in server.app.state.videos.lasting._under_way:
            await asyncio.sleep(0.05)
    frames = [row["id"] for row in await owner.fetch("select id from video_frames order by at_ms")]
    assert len(frames) == 3, "what was done stays"
    assert await owner.fetchval("select status from voice_transcriptions") == "cancelled"
    assert (await me.post(f"{path}/retry")).status == 202
    done = await ended(me, path)
    assert done["status"] == "done"
    assert [row["id"] for row in await owner.fetch("select id from video_frames order by at_ms")] == frames
    assert (await me.post(f"{path}/retry")).status == 409
    assert (await me.post(f"{path}/cancel")).json()["status"] == "done"
    words = (await me.get(f"{VOICE}/transcriptions/{done['transcription_id']}")).json()
    assert words["transcription"] == deepgram.words


async def test_a_deleted_video_is_worked_on_no_more(
    server: Server, callers: Callers, deepgram: SpeechUpstream, owner: Any
) -> None:
    deepgram.plan(Hang())
    taken = (await upload(callers.member, await begin(callers.member, "video"), video(sound=tone(6.0)))).json()
    async with asyncio.timeout(LONGEST_WAIT):
        while not listened(deepgram):
            await asyncio.sleep(0.05)
        assert (await callers.member.delete(f"{VOICE}/videos/{taken['id']}")).status == 204
        while UUID(taken["id"]) in server.app.state.videos.lasting._under_way:
            await asyncio.sleep(0.05)
    assert await owner.fetchval("select count(*) from assets") == 0


async def test_a_refusal_that_no_retry_betters_is_told_and_the_pictures_stay(
    callers: Callers, deepgram: SpeechUpstream
) -> None:
    deepgram.plan(Refuse(400, message="unsupported language"))
    failed = await worked_on(callers.member, video(sound=tone(6.0)), model="nova-3")
    assert (failed["status"], failed["stage"], failed["frames"]) == ("failed", "sound", 3)
    assert failed["error"]["detail"]


async def test_a_long_recording_is_heard_by_a_job_piece_by_piece(
    callers: Callers, deepgram: SpeechUpstream, soon: None, owner: Any
) -> None:
    me = callers.member
    session = await begin(me)
    answer = await hear(me, session, tone(30.0), "long.wav")
    assert answer.status == 202, answer.body
    taken = answer.json()
    assert (taken["status"], taken["duration_ms"], taken["name"]) == ("queued", 30_000, "long.wav")
    done = await ended(me, f"{VOICE}/transcriptions/{taken['id']}")
    asked = listened(deepgram)
    assert asked > 1
    assert done["transcription"] == " ".join([deepgram.words] * asked)
    starts = [word["start"] for word in done["word_timestamps"]]
    assert starts[-1] > 5, "words of later pieces are told from the start of the whole"
    assert (done["status"], done["done_ms"], done["model"], done["provider"]) == (
        "done", 30_000, "nova-3", "deepgram",
    )  # fmt: skip
    # 0.0077 dollars a minute, as for a short one.
    assert float(done["cost"]) == pytest.approx(0.0077 * 30 / 60, rel=1e-3)
    read = (await me.get(f"{SESSIONS}/{session}")).json()
    assert read["total_duration_ms"] == 30_000
    assert await owner.fetchval("select count(*) from voice_pieces") == 0
    sound = await me.get(f"/api/files/{done['asset_id']}")
    assert sound.body == tone(30.0)


async def test_a_long_recording_goes_on_where_it_was_left(
    server: Server, callers: Callers, deepgram: SpeechUpstream, soon: None, owner: Any
) -> None:
    me = callers.member
    # The first piece is heard, the second one hangs.
    deepgram.plan(None, Hang())  # type: ignore[arg-type]
    taken = (await hear(me, await begin(me), tone(30.0), model="nova-3")).json()
    path = f"{VOICE}/transcriptions/{taken['id']}"
    async with asyncio.timeout(LONGEST_WAIT):
        while listened(deepgram) < 2:
            await asyncio.sleep(0.05)
        cancelled = (await me.post(f"{path}/cancel")).json()
        while UUID(taken["id"]) in server.app.state.videos.lasting._under_way:
            await asyncio.sleep(0.05)
    assert cancelled["status"] == "cancelled"
    assert 0 < cancelled["done_ms"] < 30_000
    assert await owner.fetchval("select count(*) from voice_pieces") == 1
    assert (await me.post(f"{path}/retry")).status == 202
    done = await ended(me, path)
    assert done["status"] == "done"
    heard = done["transcription"].count(deepgram.words)
    assert listened(deepgram) == heard + 1, "what was heard is not heard, and paid for, again"
    assert (await me.post(f"{path}/retry")).status == 409


async def test_a_job_that_was_taken_from_its_worker_is_done_once(
    server: Server, callers: Callers, deepgram: SpeechUpstream, owner: Any
) -> None:
    work: lasting.Lasting = server.app.state.videos.lasting
    done = await worked_on(callers.member, video(sound=tone(6.0)))
    asked = listened(deepgram)
    await work.video(await _job_of(server, callers, done["id"]))
    assert listened(deepgram) == asked, "what is done is not done again"


async def _job_of(server: Server, callers: Callers, video_id: str) -> Any:
    from radiant.infra.jobs import Job

    return Job(
        id=1, name=lasting.VIDEO, ids={"id": video_id, "api_key_id": ""}, tenant_id=callers.tenant.id,
        user_id=callers.member_id, attempt=2,
    )  # fmt: skip


async def test_what_is_given_up_says_so(server: Server, callers: Callers, deepgram: Any, owner: Any) -> None:
    work: lasting.Lasting = server.app.state.videos.lasting
    done = await worked_on(callers.member, video())
    await owner.execute("update voice_videos set status = 'working'")
    await work.gave_up(await _job_of(server, callers, done["id"]))
    found = (await callers.member.get(f"{VOICE}/videos/{done['id']}")).json()
    assert (found["status"], found["error"]["slug"]) == ("failed", "work-gave-up")
