"""The room of metrics: empty, with figures, beside the time before, down to the call; smooth with many points."""

import contextlib
import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, TimeoutError, expect

from tests.e2e.conftest import SMALL, Visit
from tests.e2e.test_screens import PHONE, faults_of
from tests.e2e.test_settings import open_settings

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.xdist_group("browser")]

ROOM = "/settings/metrics"


async def _events(visit: Visit, at: datetime, model: str, cost: str, latency: int, *, failed: bool = False) -> None:
    """What a call comes to, told from outside."""
    dimensions = {"model": model, "provider": "outside"} | ({"error": "timeout"} if failed else {})
    parts: list[tuple[str, str, Any]] = [
        ("api_request", "requests", 1), ("billing", "cost", cost), ("token_usage", "input_tokens", 1000),
        ("token_usage", "output_tokens", 200), ("model_inference", "latency_ms", latency),
    ]  # fmt: skip
    events = [
        {"event_id": str(uuid.uuid4()), "metric_type": type_, "metric_name": name, "value": value,
         "dimensions": dimensions, "recorded_at": at.isoformat()}
        for type_, name, value in parts
    ]  # fmt: skip
    await visit.call("POST", "/api/metrics/events", {"events": events})


async def _until_counted(page: Page, text: str) -> None:
    """Roll-ups are some seconds behind, and the room asks every fifteen."""
    for _ in range(30):
        await page.reload()
        await page.get_by_role("heading", name="Metrics", level=1).wait_for()
        with contextlib.suppress(TimeoutError):
            await page.get_by_role("main").get_by_text(text).first.wait_for(timeout=2000)
            return
    raise AssertionError(f"{text} never came")


async def test_an_overview_answers_in_one_look_and_leads_down_to_the_call(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    now = datetime.now(UTC)
    for hours in range(0, 130, 9):
        await _events(
            visit, now - timedelta(hours=hours), "gemini-3.8-flash", "1.25", 900 + 40 * hours, failed=hours == 9
        )
        await _events(visit, now - timedelta(hours=hours), "small-one", "0.05", 100 + hours)
    # One of our own, whose calls can be listed.
    chat = {"model": SMALL, "messages": [{"role": "user", "content": "Say hi."}], "max_tokens": 4}
    secret = (await visit.call("POST", "/api/keys", {"name": "metrics"}))["secret"]
    answer = await visit.http.post(
        visit.url + "/v1/chat/completions", data=chat, headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.ok, await answer.text()

    await open_settings(page, "Metrics")
    await page.get_by_label("Time").select_option("7d")
    # The sum of all is the other tests' too.
    await _until_counted(page, "$18.75")
    await _until_counted(page, "SmolLM2")
    models = page.get_by_role("region", name="By model")
    await expect(models.get_by_role("row").nth(1)).to_contain_text("Gemini 3.8 Flash")
    await expect(models.get_by_role("row").nth(1)).to_contain_text("$18.75")
    await expect(models.get_by_role("row").nth(1)).to_contain_text("6.7%")
    for figure in ("latency", "tokens", "spend"):
        await page.get_by_label("Figure").select_option(figure)
        await expect(page.locator(".metrics-chart canvas")).to_be_visible()
    await page.get_by_label("Besides calls: which").select_option("api")
    besides = page.get_by_role("region", name="Besides calls")
    await expect(besides.get_by_role("row", name="GET /api/metrics/overview")).to_contain_text("200")
    await page.get_by_label("Besides calls: which").select_option("job")
    # Other tests of this site may have had jobs done.
    await expect(
        page.get_by_text("No job ran for this workspace").or_(besides.get_by_text("Job", exact=True))
    ).to_be_visible()
    await page.get_by_label("Besides calls: which").select_option("api")
    assert await faults_of(page) == []
    await page.screenshot(path=str(tmp_path / "light.png"), full_page=True)

    async with page.expect_download() as saving:
        await page.get_by_role("button", name="By model: as CSV").click()
    saved = Path(await (await saving.value).path()).read_text()
    assert saved.startswith("Model,Spend ($)")
    assert "small-one,0.75,15" in saved
    async with page.expect_download() as saving:
        await page.get_by_role("link", name="CSV", exact=True).click()
    assert SMALL in Path(await (await saving.value).path()).read_text()

    await models.get_by_role("link", name=re.compile("SmolLM2")).click()
    await expect(page.get_by_role("heading", name="Calls", level=1)).to_be_visible()
    await page.get_by_role("region", name="Calls").get_by_role("button").first.click()
    dialog = page.get_by_role("dialog")
    for fact in ("Chosen by", "Tokens in", "Cost", "Took"):
        await expect(dialog.get_by_text(fact, exact=True)).to_be_visible()
    assert await faults_of(page) == []
    await dialog.get_by_role("link", name="Question and answer").click()
    await expect(page.get_by_role("dialog", name="Question and answer").get_by_role("alert")).to_contain_text(
        "no such log"
    )


async def test_a_phone_in_the_dark_shows_the_same(open_visit: Any, tmp_path: Path) -> None:
    visit = await open_visit(path=f"{ROOM}?range=7d", color_scheme="dark", **PHONE)
    await _events(visit, datetime.now(UTC) - timedelta(hours=30), "gemini-3.8-flash", "0", 700)
    await _until_counted(visit.page, "Gemini 3.8 Flash")
    await expect(visit.page.get_by_role("region", name="By model")).to_be_visible()
    await expect(visit.page.locator(".metrics-chart canvas")).to_be_visible()
    assert await faults_of(visit.page) == []
    await visit.page.screenshot(path=str(tmp_path / "dark.png"), full_page=True)


def _overview(points: int) -> dict[str, Any]:
    sums = {
        "total_requests": 3, "total_tokens": 30, "input_tokens": 20, "output_tokens": 10, "total_cost": "1.5",
        "error_count": 0, "unique_users": 1, "avg_latency_ms": 10.0, "p50_latency_ms": 10.0, "p95_latency_ms": 20.0,
        "p99_latency_ms": 30.0,
    }  # fmt: skip
    start = datetime(2026, 1, 1, tzinfo=UTC)
    series = [
        sums | {"at": (start + timedelta(minutes=number)).isoformat(), "total_cost": str((number * 7919) % 1000 / 100)}
        for number in range(points)
    ]
    return {
        "start": start.isoformat(), "end": (start + timedelta(minutes=points)).isoformat(), "step": "hourly",
        "total": sums, "before": sums, "series": series, "by_model": [], "by_user": [],
    }  # fmt: skip


async def _p95_of_frames(page: Page, box: Any) -> float:
    """Milliseconds between frames while the pointer sweeps over the box."""
    await page.evaluate("window.frames_.length = 0")
    for step in range(60):
        await page.mouse.move(box["x"] + box["width"] * (0.1 + 0.8 * step / 60), box["y"] + box["height"] / 2)
    frames = sorted(await page.evaluate("window.frames_.slice(2)"))
    return frames[int(len(frames) * 0.95)]


async def test_a_chart_of_a_hundred_thousand_points_stays_smooth(open_visit: Any) -> None:
    visit = await open_visit(path="/settings/usage")
    page: Page = visit.page
    answer = json.dumps(_overview(100_000))

    async def many(route: Route) -> None:
        await route.fulfill(body=answer, content_type="application/json")

    await page.route("**/api/metrics/overview*", many)
    await page.goto(visit.url + ROOM)
    chart = page.locator(".metrics-chart canvas")
    await chart.wait_for(timeout=30_000)
    box = await chart.bounding_box()
    assert box is not None
    await page.evaluate(
        "window.frames_ = []; let last = performance.now();"
        " const tick = (now) => { window.frames_.push(now - last); last = now; requestAnimationFrame(tick) };"
        " requestAnimationFrame(tick)"
    )
    # 16.7 ms is a frame. Others on this machine can make a sweep slower and never faster: the best of three counts.
    assert min([await _p95_of_frames(page, box) for _ in range(3)]) < 50
    await expect(page.locator(".u-legend")).to_contain_text("$")


async def test_nothing_yet_a_failure_and_who_may_not(open_visit: Any) -> None:
    visit = await open_visit(path="/settings/usage")
    page: Page = visit.page
    nothing = _overview(0)
    nothing["total"] |= {"total_requests": 0, "total_tokens": 0, "total_cost": "0"}
    said: list[dict[str, Any]] = [{"status": 503, "body": "{}"}]

    async def answer(route: Route) -> None:
        await route.fulfill(content_type="application/json", **said[0])

    await page.route("**/api/metrics/overview*", answer)
    await page.goto(visit.url + ROOM)
    await expect(page.get_by_role("alert")).to_be_visible(timeout=30_000)
    assert await faults_of(page) == []
    said[0] = {"body": json.dumps(nothing)}
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_text("Nothing happened in this time")).to_be_visible()
    assert await faults_of(page) == []
