"""The door of Sentry's protocol, byte by byte: what is taken, what is refused, and how that is said."""

import base64
import gzip
import io
import json
import zlib
from typing import Any
from uuid import uuid4

import brotli
import pytest

from radiant.foundation.error_tracking import sentry
from radiant.foundation.error_tracking.inflate import BadEncoding, InflatesTooFar, UnknownEncoding, inflate
from radiant.foundation.error_tracking.intake import MOST_INFLATED
from radiant.infra.db import Database
from radiant.kit.errors import Problem
from tests.foundation.error_tracking.test_sdk import groups, project
from tests.kit.fixtures import Callers
from tests.kit.server import Answer, Client, Server


def envelope(*items: tuple[dict[str, Any], bytes], **header: Any) -> bytes:
    lines = [json.dumps(header or {}).encode()]
    for head, payload in items:
        lines += [json.dumps(head | {"length": len(payload)}).encode(), payload]
    return b"\n".join(lines) + b"\n"


def event(message: str = "it broke", **more: Any) -> tuple[dict[str, Any], bytes]:
    return {"type": "event"}, json.dumps({"event_id": uuid4().hex, "message": message, **more}).encode()


def key_of(made: dict[str, Any]) -> str:
    return sentry.key_of_dsn(made["dsn"])


async def send(who: Client, made: dict[str, Any], body: Any, path: str = "envelope", **headers: str) -> Answer:
    auth = f"Sentry sentry_key={key_of(made)}, sentry_version=7"
    return await who.send("POST", f"/api/{made['id']}/{path}/", data=body, headers={"X-Sentry-Auth": auth} | headers)


async def test_unknown_items_are_dropped_and_the_rest_is_taken(server: Server, callers: Callers) -> None:
    made = await project(callers.owner)
    body = envelope(
        ({"type": "attachment", "filename": "x"}, b"\x00\xff\n\n binary"), event("one"), ({"type": "profile"}, b"{}"),
        ({"type": "of the future"}, b"?"), event("two"), ({"type": "client_report"},
        json.dumps({"discarded_events": [{"reason": "x", "category": "error", "quantity": 3}]}).encode()),
    )  # fmt: skip
    answer = await send(callers.nobody, made, body)
    assert answer.status == 200
    assert len(answer.json()["id"]) == 32
    assert {group["message_pattern"] for group in await groups(callers.owner)} == {"one", "two"}
    (shown,) = (await callers.owner.get("/api/errors/projects")).json()["items"]
    assert shown["tallies_24h"] == {"discarded": 3}


async def test_items_without_a_length_end_at_the_line(server: Server, callers: Callers) -> None:
    made = await project(callers.owner)
    body = b'{}\n{"type":"event"}\n' + event("one")[1] + b'\n\n{"type":"event"}\n' + event("two")[1]
    assert (await send(callers.nobody, made, body)).status == 200
    assert len(await groups(callers.owner)) == 2


async def test_the_key_may_stand_in_the_address_or_in_the_envelope(server: Server, callers: Callers) -> None:
    made = await project(callers.owner)
    for path, header in ((f"?sentry_key={key_of(made)}&sentry_version=7", {}), ("", {"dsn": made["dsn"]})):
        answer = await callers.nobody.send(
            "POST", f"/api/{made['id']}/envelope/{path}", data=envelope(event(), **header)
        )
        assert answer.status == 200, answer.body


async def test_events_of_old_are_taken_plain_and_as_base64_of_zlib(server: Server, callers: Callers) -> None:
    made = await project(callers.owner)
    plain = event("of old")[1]
    assert (await send(callers.nobody, made, plain, "store")).status == 200
    assert (await send(callers.nobody, made, base64.b64encode(zlib.compress(plain)), "store")).status == 200
    bad = await send(callers.nobody, made, b"!!", "store")
    assert (bad.status, bad.headers["Content-Type"]) == (400, "application/problem+json")
    # The same event twice is one.
    (found,) = await groups(callers.owner)
    assert found["occurrence_count"] == 1


async def test_f14_4_events_are_taken_while_the_database_is_away(
    server: Server, callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await project(callers.owner)
    assert (await send(callers.nobody, made, envelope(event("before")))).status == 200
    assert len(await groups(callers.owner)) == 1

    def away(*_: Any) -> Any:
        raise ConnectionRefusedError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(Database, "system", away)
        server.app.state.changes._all_changed()
        for number in range(20):
            answer = await send(callers.nobody, made, envelope(event(f"during {number}")))
            assert answer.status == 200, answer.body
        # Of a key that nobody has asked for yet nothing is known.
        other = await send(callers.nobody, {"id": made["id"], "dsn": f"http://{'0' * 32}@h/1"}, envelope(event()))
        assert (other.status, other.headers["Retry-After"]) == (503, "30")
    server.app.state.changes._all_changed()
    counts = {group["message_pattern"]: group["occurrence_count"] for group in await groups(callers.owner)}
    assert counts == {"before": 1, "during <num>": 20}


async def test_browsers_of_any_site_may_send(server: Server, callers: Callers) -> None:
    made = await project(callers.owner)
    origin = {"Origin": "https://shop.example.org"}
    asked = await callers.nobody.send("OPTIONS", f"/api/{made['id']}/envelope/", headers=origin)
    assert asked.status == 200
    assert asked.headers["Access-Control-Allow-Origin"] == "*"
    assert "x-sentry-auth" in asked.headers["Access-Control-Allow-Headers"]
    for answer in (
        await send(callers.nobody, made, envelope(event()), **origin),
        await send(callers.nobody, made, b"?"),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "x-sentry-rate-limits" in answer.headers["Access-Control-Expose-Headers"]


async def test_foreign_keys_wrong_projects_and_those_switched_off_are_refused(server: Server, callers: Callers) -> None:
    made, other = await project(callers.owner), await project(callers.foreign_owner)
    for project_id, key in ((made["id"], "0" * 32), (made["id"], key_of(other)), (other["id"], key_of(made))):
        answer = await send(callers.nobody, {"id": project_id, "dsn": f"http://{key}@h/1"}, envelope(event()))
        assert answer.status == 401, answer.body
        assert answer.headers["X-Sentry-Error"]
    new = {"name": "Shop", "slug": "shop"}
    assert (await callers.owner.put(f"/api/errors/projects/{made['id']}", new | {"is_active": False})).status == 200
    assert (await send(callers.nobody, made, envelope(event()))).status == 403
    assert (await callers.owner.put(f"/api/errors/projects/{made['id']}", new)).status == 200
    renewed = (await callers.owner.post(f"/api/errors/projects/{made['id']}/key")).json()
    assert (await send(callers.nobody, made, envelope(event()))).status == 401
    assert (await send(callers.nobody, renewed, envelope(event()))).status == 200
    assert (await callers.nobody.get(f"/api/{made['id']}/envelope/")).status == 405
    assert (await callers.owner.delete(f"/api/errors/projects/{made['id']}")).status == 204
    assert (await send(callers.nobody, renewed, envelope(event()))).status == 401
    assert await groups(callers.owner) == []


async def test_too_many_are_refused_as_sentrys_sdks_understand_it(
    server: Server, callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.app.intake._rates, "_clock", lambda: 1_790_000_000.0)  # type: ignore[attr-defined]
    made = await project(callers.owner, events_per_minute=2)
    statuses = [(await send(callers.nobody, made, envelope(event()))).status for _ in range(2)]
    assert statuses == [200, 200]
    refused = await send(callers.nobody, made, envelope(event()))
    assert refused.status == 429
    seconds, categories, scope = refused.headers["X-Sentry-Rate-Limits"].split(":")
    assert (categories, scope) == ("error", "key")
    assert seconds == refused.headers["Retry-After"]
    assert 0 < int(seconds) <= 60
    # Sessions are not bounded by it.
    session = {"type": "session"}, json.dumps({"init": True, "status": "ok"}).encode()
    assert (await send(callers.nobody, made, envelope(session))).status == 200


async def test_what_is_too_large_is_refused_before_and_after_it_is_undone(server: Server, callers: Callers) -> None:
    made = await project(callers.owner)
    assert (await send(callers.nobody, made, io.BytesIO(b"{}\n" + b"x" * (5 * 2**20)))).status == 413
    bomb = gzip.compress(b"{}\n" + b" " * (MOST_INFLATED + 10))
    assert len(bomb) < 50_000
    assert (await send(callers.nobody, made, bomb, **{"Content-Encoding": "gzip"})).status == 413
    assert (await send(callers.nobody, made, io.BytesIO(envelope(event("x" * (2**20 + 1)))))).status == 413
    unknown = await send(callers.nobody, made, b"{}", **{"Content-Encoding": "compress"})
    assert unknown.status == 415
    assert b"gzip, deflate, br" in unknown.body


@pytest.mark.parametrize(
    "payload",
    [
        {}, {"exception": "x"}, {"exception": {"values": [None, 1, {"stacktrace": {"frames": [1, None, {"vars": []}]}}]}},
        {"exception": [{"type": 5, "value": {"a": 1}, "mechanism": "x"}]}, {"tags": [[1], ["a", None], "x"]},
        {"tags": "x"}, {"breadcrumbs": {"values": "x"}}, {"breadcrumbs": [{"timestamp": "never", "data": [1]}]},
        {"logentry": {"message": "%s %s", "params": ["one"]}}, {"logentry": 5, "message": {"formatted": 7}},
        {"contexts": {"trace": {"trace_id": "zz"}}, "user": [1], "request": "x", "sdk": None}, {"level": 9},
        {"timestamp": 1e300, "event_id": "not one", "fingerprint": "x", "release": {"a": 1}},
        {"message": "nul \x00 and \ud7ff", "extra": {"a\x00": {"b": [[[[[[1]]]]]]}}, "fingerprint": [None, 5, "{{ default }}"]},
    ],
)  # fmt: skip
async def test_events_of_the_wrong_form_are_kept_as_far_as_they_go(
    server: Server, callers: Callers, payload: dict[str, Any]
) -> None:
    made = await project(callers.owner)
    answer = await send(callers.nobody, made, envelope(({"type": "event"}, json.dumps(payload).encode())))
    assert answer.status == 200, answer.body
    (found,) = await groups(callers.owner)
    assert found["occurrence_count"] == 1


@pytest.mark.parametrize(
    "body", [b"", b"x", b"[]", b"{}\n[]\n", b'{}\n{"type":"event","length":99}\n{}', b'{}\n{"type":"event"}\nnull', b"\xff",
             b'{}\n{"type":"event"}\n' + b'{"a":' * 5000]
)  # fmt: skip
async def test_what_is_no_envelope_is_refused_with_words(server: Server, callers: Callers, body: bytes) -> None:
    made = await project(callers.owner)
    answer = await send(callers.nobody, made, body)
    assert answer.status == 400, answer.body
    assert answer.json()["detail"]


async def test_a_fingerprint_of_the_clients_own_groups_and_default_expands(server: Server, callers: Callers) -> None:
    made = await project(callers.owner)
    chain = {"exception": [{"type": "E", "value": "v", "stacktrace": {"frames": [{"function": "f", "in_app": True}]}}]}
    for fingerprint in (["cart"], ["cart"], ["{{ default }}"], ["{{default}}", "a"], ["{{ default }}", "b"], None):
        more = chain | ({"fingerprint": fingerprint} if fingerprint else {})
        await send(callers.nobody, made, envelope(event(**more)))
    counts = sorted(group["occurrence_count"] for group in await groups(callers.owner))
    assert counts == [1, 1, 2, 2]


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity", ""])
def test_bodies_are_undone_as_they_were(encoding: str) -> None:
    text = b"all of it " * 20_000
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}.get(encoding, bytes)(text)
    assert inflate(packed, encoding, 2**20) == text
    if packed is not text and encoding in ("gzip", "deflate", "br"):
        with pytest.raises(InflatesTooFar):
            inflate(packed, encoding, 1000)
        with pytest.raises(BadEncoding):
            inflate(packed[: len(packed) // 2], encoding, 2**20)
        with pytest.raises(BadEncoding):
            inflate(b"not packed at all", encoding, 2**20)


def test_bare_deflate_is_undone_and_other_ways_are_named() -> None:
    machine = zlib.compressobj(wbits=-15)
    assert inflate(machine.compress(b"text") + machine.flush(), "deflate", 100) == b"text"
    with pytest.raises(UnknownEncoding) as raised:
        inflate(b"", "zstd", 1)
    assert isinstance(raised.value, Problem)
    assert "gzip" in raised.value.detail
