"""The page: what it weighs, how smoothly four panes stream, and that a reload never changes what stands there.

    ./radiant bench page [--rounds N] [--reloads N] [--quick] [--json]

Goals (goals.md, The page): JavaScript gzipped, main and markdown 150 kB each; four panes of markdown at 100 tokens a
second each: the 95th percentile of a frame at most 1.2 times that of plain text in the same run, the main thread at
most 500 ms a second; the same text after each of 100 reloads in mid-stream; no serious finding of axe-core.

Plain text is the same page whose renderer is replaced by one that puts the words into an element. Rounds alternate;
the median counts. Open WebUI does not stand beside it: its 0.12.4 requires sentence-transformers, which pulls torch,
and torch is installed nowhere in this project.
"""

import argparse
import asyncio
import gzip
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from axe_playwright_python.base import AXE_FILE_PATH
from bench.kit.figures import Figure, at_most, report
from bench.kit.setup import api_process, free_port, prepare_openai
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright
from tests.kit.upstream import Say, Upstream, openai_upstream

from radiant import web_build
from radiant.config import Settings
from radiant.infra.embedded_postgres import EmbeddedPostgres

MODELS = ["gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-6-luna"]
GAP = 0.01
"""Seconds between tokens: a hundred a second."""
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
_PASSAGE = """## A part of the answer

The **first** thing is that `latency` and throughput are not the same, and that a [link](https://example.com) is one.

- a short item
- another, with *stress* in it, which goes on for a while so that it wraps

| name | value |
|---|---|
| alpha | 1 |
| beta | 2 |

```python
def total(items):
    return sum(item.price * item.count for item in items)
```

"""
# Half a minute of words: what is measured is the middle of a long answer.
_MARKDOWN = _PASSAGE * 48


def sizes() -> list[Figure]:
    """What a person downloads, in kB gzipped: at once, with the first answer, with the first panes."""
    if web_build.needed():
        web_build.build(lambda _: None)
    assets = web_build.STATIC / "assets"
    weight = {path.name: len(gzip.compress(path.read_bytes(), 9)) / 1000 for path in assets.glob("*.js")}
    page = (web_build.STATIC / "index.html").read_text()

    def of(start: str) -> float:
        return sum(size for name, size in weight.items() if re.match(rf"{start}-[^.]*\.js", name))

    return [
        at_most("JavaScript of every page", sum(size for name, size in weight.items() if name in page), 150, "kB"),
        at_most("renderer of markdown, with the first answer", of("markdown"), 150, "kB"),
        Figure("panes, when they are opened", of("panes-route"), unit="kB"),
        Figure("formulas, with the first", of("formula"), unit="kB"),
        Figure("diagrams, with the first, in their frame", of(r"mermaid\.min"), unit="kB"),
    ]


def plain_renderer() -> str:
    """A module in the place of the built renderer of markdown, with its exports: it shows the words and no more."""
    built = next((web_build.STATIC / "assets").glob("markdown-*.js")).read_text()
    names = re.findall(r" as (\w+)", built[built.rindex("export{") :])
    exports = ", ".join(f"{'show' if name == 'default' else 'all'} as {name}" for name in names)
    return (
        "const show = ({ text }) => ({ $$typeof: Symbol.for('react.transitional.element'), type: 'div', key: null,"
        " ref: null, props: { className: 'prose whitespace-pre-wrap', children: text } });"
        f" const all = {{ default: show }}; export {{ {exports} }};"
    )


class Room:
    """Four panes in a grid, in a browser of their own."""

    def __init__(self, context: BrowserContext, page: Page, url: str, csrf: str) -> None:
        self.context, self.page, self._url, self._csrf = context, page, url, csrf

    async def new(self) -> None:
        """A fresh session, opened."""
        answer = await self.context.request.post(
            f"{self._url}/api/concurrent-chat/sessions",
            data={"panes": [{"model": model} for model in MODELS], "sync_mode": "broadcast",
                  "layout": {"type": "grid"}, "name": "bench"},
            headers={"X-CSRF-Token": self._csrf},
        )  # fmt: skip
        assert answer.ok, await answer.text()
        await self.page.goto(f"{self._url}/panes/{(await answer.json())['id']}")
        await self.page.locator("[data-pane]").nth(3).wait_for()

    async def ask(self, question: str) -> None:
        """In every pane; returns with the first words of the last pane."""
        before = await self.page.locator("[data-answer]").count()
        await self.page.get_by_label("Your message").fill(question)
        await self.page.get_by_role("button", name="Send").click()
        await self.page.locator("[data-answer] .prose").nth(before + 3).wait_for(state="attached")

    async def texts(self) -> list[str]:
        """The newest answer of each pane, as it stands there."""
        return await self.page.evaluate(
            "[...document.querySelectorAll('[data-pane]')].map(pane =>"
            " [...pane.querySelectorAll('[data-answer] .prose')].at(-1)?.innerText ?? '')"
        )

    async def stop(self) -> None:
        """And wait until nothing is being written."""
        await self.page.keyboard.press("Escape")
        await self.idle()

    async def idle(self, seconds: float = 120) -> None:
        """Until nothing is being written."""
        await self.page.wait_for_function(
            "() => !document.querySelector('[data-pane] [aria-busy=true]')", timeout=seconds * 1000
        )


async def frames(room: Room, seconds: float) -> float:
    """While answers stream: the 95th percentile of a frame in ms."""
    gaps: list[float] = await room.page.evaluate(
        """seconds => new Promise(resolve => {
            const gaps = [];
            let last = performance.now();
            const end = last + seconds * 1000;
            const frame = now => {
                gaps.push(now - last);
                last = now;
                if (now < end) requestAnimationFrame(frame);
                else resolve(gaps);
            };
            requestAnimationFrame(frame);
        })""",
        seconds,
    )
    return statistics.quantiles(gaps[1:], n=20)[-1]


async def main_thread(room: Room, seconds: float) -> float:
    """While answers stream and nobody asks for frames: ms of CPU that the page's main thread takes a second."""
    cdp = await room.context.new_cdp_session(room.page)
    # Of the thread's own clock: others on this machine do not count.
    await cdp.send("Performance.enable", {"timeDomain": "threadTicks"})

    async def worked() -> float:
        metrics = (await cdp.send("Performance.getMetrics"))["metrics"]
        return next(each["value"] for each in metrics if each["name"] == "TaskDuration")

    began, before = time.monotonic(), await worked()
    await asyncio.sleep(seconds)
    busy, wall = await worked() - before, time.monotonic() - began
    await cdp.detach()
    return busy / wall * 1000


async def streaming(open_room: Any, upstream: Upstream, rounds: int, seconds: float) -> list[Figure]:
    """Four panes at a hundred tokens a second each: markdown beside plain text."""
    upstream.default = Say(_MARKDOWN, gap=GAP)
    seen: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for _ in range(rounds):
        for plain in (True, False):
            async with open_room(plain=plain) as room:
                await room.new()
                await room.ask("Tell me much.")
                await asyncio.sleep(2)
                seen[plain].append((await frames(room, seconds), await main_thread(room, seconds)))
                await room.stop()
    frame = {plain: statistics.median(each[0] for each in seen[plain]) for plain in seen}
    thread = {plain: statistics.median(each[1] for each in seen[plain]) for plain in seen}
    return [
        Figure("p95 frame, plain text", frame[True], unit="ms"),
        Figure("p95 frame, markdown", frame[False], unit="ms"),
        at_most("p95 frame, markdown : plain text", frame[False] / frame[True], 1.2, "times"),
        Figure("CPU of the main thread a second, plain text", thread[True], unit="ms"),
        at_most("CPU of the main thread a second, markdown", thread[False], 500, "ms"),
    ]


async def reloads(open_room: Any, upstream: Upstream, times: int) -> list[Figure]:
    """Reload at random points while four panes write: nothing lost, nothing doubled, and the end is the same."""
    words = {model: " ".join(f"{model}-{number}" for number in range(1500)) for model in MODELS}
    upstream.by_model = {model: Say(text, gap=0.02) for model, text in words.items()}
    chance, done, wrong = random.Random(19), 0, 0
    async with open_room(plain=False) as room:
        await room.new()
        while done < times:
            await room.ask("Count.")
            while done < times and await room.page.locator("[data-pane] [aria-busy=true]").count() == 4:
                await asyncio.sleep(chance.random() * 0.6)
                before = await room.texts()
                await room.page.reload()
                await room.page.wait_for_function(
                    "before => [...document.querySelectorAll('[data-pane]')].length === 4 &&"
                    " [...document.querySelectorAll('[data-pane]')].every((pane, at) =>"
                    " ([...pane.querySelectorAll('[data-answer] .prose')].at(-1)?.innerText.length ?? 0) >= before[at])",
                    arg=[len(text) for text in before],
                    timeout=30_000,
                )
                done += 1
                for model, text in zip(MODELS, await room.texts(), strict=True):
                    wrong += not words[model].startswith(text.rstrip())
            await room.idle()
            wrong += sum(text != words[model] for model, text in zip(MODELS, await room.texts(), strict=True))
    upstream.by_model = {}
    return [at_most(f"other texts after {done} reloads, four panes", float(wrong), 0)]


async def findings(open_room: Any, upstream: Upstream) -> list[Figure]:
    """Serious and critical findings of axe-core, light and dark, desktop and phone."""
    upstream.default = Say(_PASSAGE, gap=0)
    found = 0
    for options in (
        {"color_scheme": "light"},
        {"color_scheme": "dark"},
        {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    ):
        async with open_room(plain=False, **options) as room:
            await room.new()
            await room.ask("Show all.")
            await room.idle()
            await asyncio.sleep(0.5)
            await room.page.evaluate(AXE_FILE_PATH.read_text())
            violations = (await room.page.evaluate("axe.run()"))["violations"]
            found += sum(each["impact"] in ("serious", "critical") for each in violations)
    return [at_most("serious findings of axe-core", float(found), 0)]


async def measure(rounds: int, seconds: float, times: int) -> list[Figure]:
    """Every figure."""
    figures = sizes()
    with tempfile.TemporaryDirectory(prefix="radiant-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        data = folder / "data"
        settings = Settings(data_dir=data, models="none", master_key_file=data / "bench-master.key")
        postgres = EmbeddedPostgres(data)
        await asyncio.to_thread(postgres.start)
        try:
            async with openai_upstream() as upstream:
                person = await prepare_openai(settings, upstream.url)
                port = free_port()
                async with api_process(data, port), async_playwright() as playwright:
                    browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_FLAGS)
                    rooms = _rooms(browser, f"http://127.0.0.1:{port}", person.email, person.one_time_password)
                    figures += await streaming(rooms, upstream, rounds, seconds)
                    figures += await reloads(rooms, upstream, times)
                    figures += await findings(rooms, upstream)
                    await browser.close()
        finally:
            await asyncio.to_thread(postgres.stop)
    return figures


def _rooms(browser: Browser, url: str, email: str, password: str) -> Any:
    state: list[Any] = []
    chosen = "a long enough password"

    async def sign_in(context: BrowserContext) -> str:
        if state:
            return (await (await context.request.get(f"{url}/api/session")).json())["csrf_token"]
        answer = await context.request.post(f"{url}/api/session", data={"email": email, "password": password})
        csrf = (await answer.json())["csrf_token"]
        change = {"current_password": password, "new_password": chosen}
        changed = await context.request.put(f"{url}/api/profile/password", data=change, headers={"X-CSRF-Token": csrf})
        assert changed.ok, await changed.text()
        state.append(await context.storage_state())
        return (await (await context.request.get(f"{url}/api/session")).json())["csrf_token"]

    @asynccontextmanager
    async def open_room(*, plain: bool, **options: Any) -> AsyncIterator[Room]:
        options = {"viewport": {"width": 1440, "height": 900}} | options
        context = await browser.new_context(storage_state=state[0] if state else None, **options)
        try:
            csrf = await sign_in(context)
            page = await context.new_page()
            if plain:

                async def instead(route: Route) -> None:
                    await route.fulfill(body=plain_renderer(), content_type="text/javascript")

                await page.route("**/assets/markdown-*.js", instead)
            yield Room(context, page, url, csrf)
        finally:
            await context.close()

    return open_room


def main() -> int:
    """Print figures; 1 where a goal is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--reloads", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="one round and a dozen reloads")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounds, seconds, times = (1, 5.0, 12) if options.quick else (options.rounds, 8.0, options.reloads)
    code = report(asyncio.run(measure(rounds, seconds, times)), as_json=options.json)
    if not options.json:
        print(
            "Open WebUI: not measured; 0.12.4 requires sentence-transformers, which pulls torch (not installed here)."
        )
    return code


if __name__ == "__main__":
    raise SystemExit(main())
