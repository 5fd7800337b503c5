"""Documents through HTTP: kept, read, found, replaced, deleted."""

from pathlib import Path
from typing import Any

from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.workspace.documents.kit import (
    BASES,
    DOCUMENTS,
    embed_all,
    make_base,
    read_all,
    search,
    upload,
)

GARDEN = """# Garden

## Watering

Tomatoes are watered in the morning, at the root. Leaves that stay wet overnight rot.

## Pruning

Roses are cut back in early spring, above an outward bud.
"""


async def _document(client: Client, id_: str) -> dict[str, Any]:
    return (await client.get(f"{DOCUMENTS}/{id_}")).json()


async def test_a_document_is_kept_read_found_and_cited_by_its_span(
    server: Server, callers: Callers, small_models: Path
) -> None:
    base = await make_base(callers.member)
    answer = await upload(callers.member, base, GARDEN.encode(), "garden.md", metadata='{"by": "Ada"}')
    assert answer.status == 202
    document = answer.json()
    assert (document["state"], document["version"], document["metadata"]) == ("waiting", 1, {"by": "Ada"})
    assert await search(callers.member, "When are roses cut back?") == []
    await read_all(server)
    document = await _document(callers.member, document["id"])
    assert document["state"] in ("embedding", "ready")
    assert (document["title"], document["language"], document["problem"]) == ("Garden", "en", None)
    (found, *_) = await search(callers.member, "When are roses cut back?")
    assert found["base_name"] == "Handbook"
    assert found["document"]["name"] == "garden.md"
    quote = found["quote"]
    text = (await callers.member.get(f"{DOCUMENTS}/{document['id']}/text", params=quote)).json()
    assert text["text"] == "Roses are cut back in early spring, above an outward bud."
    assert "words" in {reason["kind"] for reason in found["why"]}
    await embed_all(server)
    document = await _document(callers.member, document["id"])
    assert (document["state"], document["progress"], document["embedded"]) == ("ready", 1, document["passages"])
    (found, *_) = await search(callers.member, "how do I shorten thorny flowers after the winter")
    assert found["similarity"] > 0.35
    assert await search(callers.member, "quarterly tax deadlines of the company") == []
    held = (await callers.member.get(f"{BASES}/{base}")).json()
    assert (held["documents"], held["passages"], held["embedded"]) == (1, document["passages"], document["passages"])
    assert held["bytes"] == len(GARDEN)
    whole = (await callers.member.get(f"{DOCUMENTS}/{document['id']}/text")).json()
    assert whole["text"].strip() == GARDEN.strip()
    assert whole["total"] == whole["end"]
    original = await callers.member.get(f"{DOCUMENTS}/{document['id']}/file")
    assert original.body == GARDEN.encode()
    assert original.headers["Content-Disposition"].startswith("attachment")
