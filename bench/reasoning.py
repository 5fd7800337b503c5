"""Think Tank (goals.md): recorded attempts at the game of 24 and at GSM8K, graphs, budgets, kill -9, the ledger.

    ./radiant bench reasoning [--quick] [--kills N] [--json]

`radiant serve` over a database of its own, with a model on loopback that says what is recorded or scripted. What is measured:

slips         GSM8K's own solutions without their annotations: of computations made wrong, one at a time, how many the arithmetic
              check finds; and how many right solutions it takes for wrong. It cannot see a wrong way.
shares        how often an answer is right that a verifier confirms, of four models' solutions, beside what is shipped.
game of 24    100 puzzles, each answered by 25 recorded attempts four times over, through sessions with strategy `vote` and the
              check; the mean over all draws of 25 by the same check; answers called verified that are wrong.
graphs        random plans of 5 to 40 sub-problems with scripted latencies: wall time over that of the critical path.
budgets       tokens over a budget, in calls: at most the one in flight.
kills         kill -9 of the server at moments spread over a session: ends that differ, questions asked twice that were answered.
ledger        sessions whose tokens or cost differ from the ledger's.
"""

import argparse
import asyncio
import json
import math
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import aiohttp
from bench.kit import merging_data
from bench.kit.figures import Figure, NoData, at_most, report
from bench.kit.reasoning_data import Puzzle, bare, puzzles, slipped, solutions
from bench.kit.setup import api_process, connect_openai, free_port, key_with_scopes
from tests.kit.upstream import Behaviour, Say, Upstream, openai_upstream

from radiant.config import Settings
from radiant.infra.embedded_postgres import EmbeddedPostgres
from radiant.runtime import open_runtime
from radiant.workspace.merging import check
from radiant.workspace.reasoning import checks
from radiant.workspace.reasoning.confidence import HOLDS, SHARES
from radiant.workspace.reasoning.schemas import ExpressionCheck
from radiant.workspace.reasoning.verifying import Answer, computed

MODEL = "gpt-4o"
_BLOCK = 25
_SIDE_BY_SIDE = 6


def slips(quick: bool) -> list[Figure]:
    """Of computations made wrong, and of right solutions."""
    rows = solutions()[:: 5 if quick else 1]
    alarms = caught = injected = 0
    for seed, (question, solution) in enumerate(rows):
        text = bare(solution)
        final = text.rpartition("A:")[2].strip()
        alarms += _refuted(question, text, final)
        for wrong in slipped(solution, seed):
            injected += 1
            caught += _refuted(question, wrong, final)
    return [
        Figure("arithmetic slips caught", caught / injected, 0.99, note=f"of {injected}"),
        at_most("right solutions taken for wrong", alarms / len(rows), 0.01, note=f"of {len(rows)}"),
    ]


def _refuted(question: str, text: str, final: str) -> bool:
    return any(one.verdict == "refuted" for one in computed(question, Answer(text, final), ()))


def shares() -> list[Figure]:
    """How often what a verifier confirms is right, over all ways to take one model's solution and others' as derivations."""
    right: Counter[str] = Counter()
    seen: Counter[str] = Counter()

    def note(name: str, good: bool) -> None:
        seen[name] += 1
        right[name] += good

    for problem in merging_data.read():
        for one in problem.solutions:
            if not check.equations(problem.solutions[one]) or problem.slips[one] or problem.values[one] is None:
                continue
            note("holds", problem.right[one])
            for other, third in permutations([name for name in problem.solutions if name != one], 2):
                first, second = (problem.values[name] == problem.values[one] for name in (other, third))
                if first:
                    note("derivation", problem.right[one])
                if first and second:
                    note("derivations", problem.right[one])
                if first != second:
                    note("majority", problem.right[one])
    shipped = {**SHARES, "holds": HOLDS}
    return [
        at_most(f"share of right ones, {name}: off by", abs(right[name] / seen[name] - shipped[name]), 0.03,
                note=f"{right[name] / seen[name]:.3f} of {seen[name]}, shipped {shipped[name]}")
        for name in ("holds", "majority", "derivation", "derivations")
    ]  # fmt: skip


class Site:
    """A server on loopback, and a person's key."""

    def __init__(self, base: str, key: str, http: aiohttp.ClientSession) -> None:
        self.base = base
        self._headers = {"Authorization": f"Bearer {key}"}
        self._http = http

    async def send(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer; raises SystemExit on a refusal."""
        async with self._http.request(method, self.base + path, json=body, headers=self._headers) as answer:
            if answer.status >= 400:
                raise SystemExit(f"{method} {path}: {answer.status} {await answer.text()}")
            return await answer.json()

    async def begin(self, problem: str, **options: Any) -> str:
        """A session's id."""
        made = await self.send("POST", "/api/reasoning/sessions", {"problem": problem, "model": MODEL, **options})
        return made["id"]

    async def ended(self, session_id: str) -> Any:
        """The session, once it has ended."""
        path = f"/api/reasoning/sessions/{session_id}"
        async with self._http.get(
            self.base + path + "/events", headers=self._headers, timeout=aiohttp.ClientTimeout(None)
        ) as stream:
            async for _ in stream.content:
                pass
        return await self.send("GET", path)


def _asked(body: Any) -> dict[str, Any]:
    user = next(message["content"] for message in body["messages"] if message["role"] == "user")
    return json.JSONDecoder().raw_decode(user)[0]


def _form(body: Any) -> str:
    return body.get("response_format", {}).get("json_schema", {}).get("name", "")


async def game(site: Site, upstream: Upstream, quick: bool) -> list[Figure]:
    """Recorded attempts in their order, 25 to a session."""
    chosen = puzzles()[:: 10 if quick else 1]
    turns: Counter[str] = Counter()
    attempts: dict[str, list[str]] = {}

    def answering(body: Any) -> Behaviour:
        problem = _asked(body)["problem"]
        turn = turns[problem]
        turns[problem] += 1
        text = attempts[problem][turn % _BLOCK]
        return Say(json.dumps({"reasoning": text, "answer": text.rpartition("Answer:")[2].strip()}))

    upstream.answering = answering
    places = asyncio.Semaphore(_SIDE_BY_SIDE)
    false = 0

    async def one(puzzle: Puzzle, block: int) -> bool:
        nonlocal false
        numbers = " ".join(puzzle.numbers)
        problem = f"Make 24 of {numbers}, each once, with + - * / and brackets. (Try {block + 1})"
        attempts[problem] = puzzle.attempts[block * _BLOCK : (block + 1) * _BLOCK]
        check = {"type": "expression", "equals": "24", "uses": puzzle.numbers}
        async with places:
            session = await site.ended(
                await site.begin(problem, strategy="vote", samples=_BLOCK, checks=[check], tools=[])
            )
        if session["solution_found"] and not _makes_24(session["answer"], puzzle.numbers):
            false += 1
        return session["solution_found"]

    found = await asyncio.gather(*(one(puzzle, block) for puzzle in chosen for block in range(4)))
    drawn, single = [], []
    for puzzle in chosen:
        wanted = [ExpressionCheck(equals="24", uses=puzzle.numbers)]
        passes = 0
        for attempt in puzzle.attempts:
            said = await checks.put(wanted, attempt.rpartition("Answer:")[2].strip(), None)
            passes += said[0].verdict == "confirmed"
        count = len(puzzle.attempts)
        drawn.append(1 - math.comb(count - passes, _BLOCK) / math.comb(count, _BLOCK))
        single.append(passes / count)
    mean = 100 * sum(drawn) / len(drawn)
    return [
        Figure("game of 24, best of 25, recorded order, %", 100 * sum(found) / len(found), None,
               note=f"{len(found)} sessions; a single attempt {100 * sum(single) / len(single):.1f}"),
        Figure("game of 24, best of 25, over all draws, %", round(mean, 1), None if quick else 32.2),
        at_most("wrong answers called verified", float(false), 0.0),
    ]  # fmt: skip


def _makes_24(answer: str, numbers: Sequence[str]) -> bool:
    """By Python's own arithmetic, apart from what is measured."""
    import re

    expression = answer.partition("=")[0].strip()
    if not re.fullmatch(r"[\d+\-*/() ]+", expression) or sorted(re.findall(r"\d+", expression)) != sorted(numbers):
        return False
    return abs(eval(expression) - 24) < 1e-9


async def graphs(site: Site, upstream: Upstream, quick: bool) -> list[Figure]:
    """Wall time over the critical path's."""
    chance = random.Random(18)
    ratios: list[float] = []
    for size in (5, 12, 24) if quick else (5, 8, 12, 16, 20, 25, 30, 35, 40):
        edges = {n: sorted(chance.sample(range(n), min(n, chance.randint(0, 3)))) for n in range(size)}
        seconds = {n: chance.uniform(0.3, 1.2) for n in range(size)}
        questions = {n: f"What is {n + 2} * {chance.randint(11, 99)}?" for n in range(size)}
        by_question = {text: n for n, text in questions.items()}
        nodes = [
            {"id": f"q{n}", "question": questions[n], "depends_on": [f"q{m}" for m in edges[n]], "difficulty": "easy", "tools": []}
            for n in range(size)
        ]  # fmt: skip

        def answering(
            body: Any, nodes: Any = nodes, by_question: Any = by_question, seconds: Any = seconds
        ) -> Behaviour:
            match _form(body):
                case "draft":
                    return Say(json.dumps({"nodes": nodes, "complexity": "high"}))
                case "solution":
                    return Say(json.dumps({"solution": "Done.", "answer": "done", "self_confidence": 0.5}))
                case _:
                    question = _asked(body)["question"]
                    left, _, right = question.removeprefix("What is ").rstrip("?").partition(" * ")
                    value = str(int(left) * int(right))
                    said = {"reasoning": f"{left} * {right} = {value}", "answer": value, "computations": [],
                            "citations": [], "self_confidence": 0.9, "changes_plan": ""}  # fmt: skip
                    return Say(json.dumps(said), before=seconds[by_question[question]])

        upstream.answering = answering
        until: dict[int, float] = {}
        for n in range(size):
            until[n] = seconds[n] + max((until[m] for m in edges[n]), default=0.0)
        began = time.perf_counter()
        session = await site.ended(await site.begin(f"A graph of {size}.", strategy="stepwise", max_steps=40, tools=[]))
        ratios.append((time.perf_counter() - began) / max(until.values()))
        if not session["solution_found"] or len(session["nodes"]) != size:
            raise SystemExit(f"a graph of {size} was not solved: {session['status']} {session['error']}")
    worst = max(ratios)
    return [at_most("graphs: wall time / critical path", worst, 1.15, note=f"worst of {len(ratios)}")]


_FARM = [("How many horses are in 3 barns of 4?", "12"), ("How many cows are there?", "5"), ("How many in all?", "17")]


def _farm(before: float) -> Any:
    def answering(body: Any) -> Behaviour:
        form = _form(body)
        if form == "draft":
            nodes = [
                {"id": f"q{n}", "question": question, "depends_on": ["q0", "q1"] if n == 2 else [], "difficulty": "easy", "tools": []}
                for n, (question, _) in enumerate(_FARM)
            ]  # fmt: skip
            return Say(json.dumps({"nodes": nodes, "complexity": "medium"}), before=before)
        if form == "solution":
            return Say(json.dumps({"solution": "17 in all.", "answer": "17", "self_confidence": 0.5}), before=before)
        value = dict(_FARM)[_asked(body)["question"]]
        said: dict[str, Any] = {"reasoning": f"It is {value}.", "answer": value}
        if form == "answer":
            said |= {"computations": [], "citations": [], "self_confidence": 0.9, "changes_plan": ""}
        return Say(json.dumps(said), before=before)

    return answering


async def budgets(site: Site, upstream: Upstream) -> list[Figure]:
    """Each call of the scripted model is of 17 tokens."""
    upstream.answering = _farm(0.02)
    over = 0.0
    for tokens in range(0, 150, 7):
        session = await site.ended(await site.begin("A farm.", budget={"tokens": tokens}, tools=[]))
        over = max(over, (session["total_tokens"] - tokens) / 17)
        if session["status"] not in ("partial", "completed"):
            raise SystemExit(f"a budget of {tokens} ended as {session['status']}")
    return [at_most("tokens over a budget, in calls", over, 1.0, note="22 budgets")]


def _outcome(session: Any) -> Any:
    steps = sorted((step["step_type"], step["node_id"] or "", step["result"] or "") for step in session["steps"])
    return session["status"], session["answer"], session["confidence"], [n["state"] for n in session["nodes"]], steps


async def kills(folder: Path, upstream: Upstream, key: str, http: aiohttp.ClientSession, count: int) -> list[Figure]:
    """kill -9 of the server, at moments spread over the session."""
    upstream.answering = _farm(0.15)
    port = free_port()
    site = Site(f"http://127.0.0.1:{port}", key, http)
    async with api_process(folder, port):
        began = time.perf_counter()
        wanted = _outcome(await site.ended(await site.begin("A farm.", tools=[])))
        lasts = time.perf_counter() - began
    differ = twice = 0
    for number in range(count):
        upstream.requests.clear()
        async with api_process(folder, port) as process:
            session_id = await site.begin("A farm.", tools=[])
            await asyncio.sleep(lasts * (number + 0.5) / count)
            os.kill(process.pid, signal.SIGKILL)
        async with api_process(folder, port):
            session = await site.ended(session_id)
        differ += _outcome(session) != wanted
        asked = Counter((_form(r.body), json.dumps(_asked(r.body))) for r in upstream.requests)
        # What was under way when it was killed is asked once more.
        twice += max(0, sum(times - 1 for times in asked.values()) - 2)
    return [
        at_most("kill -9: ends that differ", float(differ), 0.0, note=f"{count} kills"),
        at_most("kill -9: answered and asked again", float(twice), 0.0),
    ]


async def ledger(settings: Settings) -> list[Figure]:
    """All sessions of the bench, against the ledger."""
    runtime = await open_runtime(settings)
    try:
        async with runtime.database.system("bench").tx() as tx:
            row = await tx.one(
                "select count(*) as sessions, count(*) filter (where s.total_tokens <> l.tokens or s.total_cost <> l.cost)"
                " as differ from thinktank_sessions s cross join lateral (select"
                "  coalesce(sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)), 0) as tokens,"
                "  coalesce(sum(cost), 0) as cost from usage_ledger u where u.run_id = s.id) l"
            )
    finally:
        await runtime.close()
    return [at_most("sessions that differ from the ledger", float(row["differ"]), 0.0, note=f"of {row['sessions']}")]


async def measure(arguments: argparse.Namespace) -> list[Figure]:
    """All of it."""
    figures = slips(arguments.quick) + shares()
    with tempfile.TemporaryDirectory(prefix="radiant-bench-") as name:
        folder, port = Path(name), free_port()
        settings = Settings(data_dir=folder, port=port, models="none", master_key_file=folder / "bench-master.key")
        postgres = EmbeddedPostgres(folder)
        await asyncio.to_thread(postgres.start)
        try:
            figures += await _served(settings, arguments)
        finally:
            await asyncio.to_thread(postgres.stop)
    return figures


async def _served(settings: Settings, arguments: argparse.Namespace) -> list[Figure]:
    figures: list[Figure] = []
    folder = settings.data_dir
    async with openai_upstream() as upstream, aiohttp.ClientSession() as http:
        await connect_openai(settings, upstream.url)
        key, _ = await key_with_scopes(settings, "inference", "read", "write")
        async with api_process(folder, settings.port):
            site = Site(f"http://127.0.0.1:{settings.port}", key, http)
            # The first session of a process reads what later ones have at hand.
            await graphs(site, upstream, quick=True)
            figures += await graphs(site, upstream, arguments.quick)
            figures += await budgets(site, upstream)
            figures += await game(site, upstream, arguments.quick)
        figures += await kills(folder, upstream, key, http, arguments.kills)
    return figures + await ledger(settings)


def main() -> int:
    """The command line; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="radiant bench reasoning")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        figures = asyncio.run(measure(arguments))
    except NoData as error:
        print(f"cannot be measured: {error}", file=sys.stderr)
        return 1
    return report(figures, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
