"""After a session of use, no stored value is in the database, a log, an answer or an error: plain, base64, hex or URL."""

import base64
import json
import logging
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from radiant.foundation.credentials import service
from tests.foundation.credentials.conftest import Web
from tests.kit.fixtures import UPSTREAM_KEY
from tests.kit.server import Server
from tests.kit.upstream import Say, openai_upstream

VALUES = {
    "text": "Zq7/pl+ain te=xt 91ä",
    "api_key": "sk-Zq7-api-key-4455667788",
    "password": "p4ssw0rd-Zq7/&?=+",
    "private": "-----BEGIN Zq7 KEY-----\nabc/def+ghi==\n-----END Zq7 KEY-----",
}
DATA = bytes(range(40, 90))


def forms(value: bytes) -> set[bytes]:
    """How a value may look to whoever searches for it. Base64 is cut so that it is found at any offset."""
    found = {
        value,
        value.hex().encode(),
        value.hex().upper().encode(),
        quote(value).encode(),
        quote_plus(value).encode(),
    }
    for offset in range(3):
        whole = base64.b64encode(bytes(offset) + value)
        inner = whole[4 if offset else 0 : -4]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    found |= {json.dumps(value.decode(errors="replace"))[1:-1].encode()}
    return {form for form in found if len(form) >= 12}


async def _dump(owner: Any) -> dict[str, bytes]:
    """Every row of every table as text, bytes in hex."""
    tables = await owner.fetch(
        "select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition"
    )
    found: dict[str, bytes] = {}
    for table in tables:
        rows = await owner.fetch(f"select t::text as row from {table['name']} t")
        found[table["name"]] = b"\n".join(row["row"].encode() for row in rows)
    return found


async def test_a_dump_and_the_logs_hold_no_value_in_any_form(
    web: Web, server: Server, owner: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers: list[bytes] = []
    client = web.callers.owner

    async def send(method: str, path: str, body: Any = None) -> Any:
        answer = await client.send(method, path, json=body)
        answers.append(answer.body)
        assert answer.status < 500 or b"unreadable" in answer.body, answer.body
        return answer.json() if answer.body else None

    base = f"/api/credentials/vaults/{web.vault_id}/credentials"
    stored = [
        await send("POST", base, {"name": "text", "type": "text", "value": VALUES["text"]}),
        await send("POST", base, {"name": "key", "type": "api_key", "value": VALUES["api_key"]}),
        await send("POST", base, {"name": "basic", "type": "basic",
                                  "fields": {"username": "u", "password": VALUES["password"]}}),
        await send("POST", base, {"name": "ssh", "type": "ssh_key", "fields": {"private_key": VALUES["private"]}}),
        await send("POST", base, {"name": "data", "type": "binary", "value_base64": base64.b64encode(DATA).decode()}),
    ]  # fmt: skip
    # Refused in every way that a value can be part of.
    await send("POST", base, {"name": "text", "type": "text", "value": VALUES["text"]})
    await send("POST", base, {"name": "x", "type": "basic", "fields": {"password": VALUES["password"], "u": "v"}})
    await send("POST", base, {"name": "x", "type": "nothing", "value": VALUES["text"]})
    await send("POST", base, {"name": "", "type": "text", "value": VALUES["text"], "metadata": 3})
    await send("POST", base, {"name": "x", "type": "json", "value": VALUES["api_key"]})
    await send("POST", base, {"name": "x", "type": "binary", "value_base64": VALUES["text"]})
    for one in stored:
        path = f"/api/credentials/{one['id']}"
        await send("GET", path)
        await send("POST", path + "/versions", {"value": VALUES["text"], "fields": {"key": VALUES["api_key"]}})
        await send("POST", path + "/roll-back", {})
        shown = await client.post(path + "/reveal", {"reason": "the test"})
        assert shown.status == 200
        await send("GET", path + "/versions")
        await send("GET", path + "/uses")
    await send("POST", f"/api/credentials/{stored[1]['id']}/versions", {"value": UPSTREAM_KEY})
    async with openai_upstream() as upstream:
        upstream.key = UPSTREAM_KEY
        me = (await web.callers.operator.get("/api/session")).json()["user"]["id"]
        await send("PUT", f"/api/credentials/vaults/{web.vault_id}/members/people/{me}", {"role": "user"})
        body = {"credential": stored[1]["id"], "base_url": upstream.url}
        assert (await web.callers.operator.put("/api/providers/openai", body)).status == 200
        program = await server.with_key(web.callers.tenant.id, web.callers.member_id)
        upstream.plan(Say("fine"))
        ask = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello?"}]}
        assert (await program.post("/v1/chat/completions", ask)).status == 200
        upstream.key = "another"
        await program.post("/v1/chat/completions", ask)
        await web.callers.operator.post("/api/providers/openai/check")
    # What breaks, breaks without telling.
    await owner.execute("update stored_credentials set encrypted_value = encrypted_value || '\\x00'")
    assert (await client.post(f"/api/credentials/{stored[0]['id']}/reveal", {"reason": "the test"})).status == 503
    await send("DELETE", f"/api/credentials/{stored[0]['id']}")
    await owner.execute("update stored_credentials set purge_after = now() where purge_after is not null")
    await service.purge_due(web_database(server), server.app.state.credentials._log)
    await send("GET", "/api/credentials/trail?limit=200")
    await server.app.state.meter.flush()
    await server.app.state.error_capture.settle()
    await server.app.state.error_spool.flush()

    places = await _dump(owner)
    assert len(places["credential_versions"]) > 1000
    places |= {
        "logs": "\n".join(record.getMessage() for record in caplog.records).encode(),
        "answers": b"\n".join(answers),
    }
    assert len(places["logs"]) > 1000
    for value in (*(text.encode() for text in (*VALUES.values(), UPSTREAM_KEY)), DATA):
        for form in forms(value):
            for name, text in places.items():
                assert form not in text, (name, form)


def web_database(server: Server) -> Any:
    """The application's own."""
    return server.app.state.database


def test_the_search_finds_what_is_there() -> None:
    value = b"Zq7/pl+ain te=xt 91"
    for place in (value, b"xx" + base64.b64encode(b"a" + value), quote(value).encode(), value.hex().encode()):
        assert any(form in place for form in forms(value)), place
