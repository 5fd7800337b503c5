"""Sentry's SDKs for Node and browsers, unchanged, send their errors to us."""

from tests.clients.conftest import Script
from tests.foundation.error_tracking.test_sdk import groups, project
from tests.kit.fixtures import Callers
from tests.kit.server import Server


async def test_sentrys_sdks_for_node_and_browsers(script: Script, server: Server, callers: Callers) -> None:
    made = await project(callers.owner, platform="node")
    got = await script("sentry.mjs", "none", RADIANT_DSN=made["dsn"])
    assert got["flushed"] == [True, True]
    found = {group["error_type"]: group for group in await groups(callers.owner)}
    assert set(found) == {"TypeError", "RangeError"}
    assert (found["TypeError"]["occurrence_count"], found["TypeError"]["users"]) == (2, 1)
    assert found["RangeError"]["culprit"].endswith("walk")
    detail = (await callers.owner.get(f"/api/errors/groups/{found['TypeError']['id']}")).json()
    frame = detail["latest"]["context"]["chain"][-1]["frames"][-1]
    assert (frame["function"], frame["in_app"]) == ("pay", True)
    assert "throw new TypeError" in frame["line"]
    assert detail["last_release"] == "js@1.0"
    assert detail["latest"]["trace_id"]
    for secret in ("sk-proj", "bob@example.org"):
        assert secret not in str(detail)
    (shown,) = (await callers.owner.get("/api/errors/projects")).json()["items"]
    assert shown["tallies_24h"]["check_in"] == 1
    assert shown["tallies_24h"]["transaction"] >= 1
