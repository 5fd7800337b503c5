"""A session as a report that one can hand on: as Markdown, and as PDF.

Both say the same: the solution, how sure it is and why, each sub-problem with its reasoning, its evidence and its tools, the
sources, what it cost. What models and tools wrote stands as quotation, and cannot be more than that.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from radiant.infra.typesetting import NotSet, typeset
from radiant.kit import prose
from radiant.kit.errors import Problem
from radiant.kit.money import plain as digits
from radiant.workspace.reasoning import report_markdown as md
from radiant.workspace.reasoning.schemas import Evidence, Node, Session, Source, Step, ToolCall

_TEMPLATE = Path(__file__).with_name("report.typ")
_SECONDS = 60.0

_OUTCOMES: Mapping[str, str] = {
    "running": "It is still being solved; this is how far it is.",
    "waiting": "It waits for a person; this is how far it is.",
    "paused": "It is paused; this is how far it is.",
    "completed": "Solved.",
    "partial": "Solved in part.",
    "failed": "It failed.",
    "cancelled": "It was cancelled.",
}
_STATES: Mapping[str, str] = {
    "pending": "to do", "running": "under way", "verified": "verified", "answered": "not verified", "failed": "failed",
    "skipped": "left out",
}  # fmt: skip
_STRATEGIES: Mapping[str, str] = {"stepwise": "step by step", "vote": "by a vote", "tree": "by a search in a tree"}
_STEPS: Mapping[str, str] = {
    "decompose": "Plan", "reason": "Reason", "execute": "Solve", "verify": "Verify", "synthesize": "Put together",
}  # fmt: skip
_VERIFIERS: Mapping[str, str] = {
    "checks": "the caller's checks", "tests": "running the tests", "recomputed": "recomputing the question exactly",
    "arithmetic": "exact arithmetic", "derivation": "an independent derivation",
    "derivations": "two independent derivations", "majority": "a majority of answers",
    "citations": "finding its citations again", "units": "units", "steps": "comparing it with its steps", "form": "its form",
}  # fmt: skip
_VERDICTS: Mapping[str, str] = {"confirmed": "Confirmed", "refuted": "Refuted", "inconclusive": "Says nothing"}


class ReportFailed(Problem):
    """The PDF could not be made."""

    status, slug = 503, "report-failed"


async def markdown(session: Session) -> str:
    """The report as GitHub-flavoured Markdown."""
    return await asyncio.to_thread(lambda: _as_markdown(_outline(session)))


async def pdf(session: Session) -> bytes:
    """The report as a tagged PDF, set by Typst in a process of its own. Raises ReportFailed."""
    outline = await asyncio.to_thread(lambda: json.dumps(_outline(session)).encode())
    try:
        return await typeset(_TEMPLATE, outline, "pdf", _SECONDS)
    except NotSet as error:
        raise ReportFailed(f"the PDF {error}; take the report as Markdown") from error


# --- what it says ---


class _Sources:
    """What is cited, each once, numbered from 1."""

    def __init__(self) -> None:
        self.listed: list[dict[str, Any]] = []
        self._numbers: dict[tuple[str, str], int] = {}

    def number(self, source: Source) -> int:
        """Its number, a new one where it was not cited before."""
        key = (source.source, source.quote)
        if key not in self._numbers:
            self._numbers[key] = len(self.listed) + 1
            self.listed.append(
                {
                    "number": self._numbers[key],
                    "name": prose.plain(source.title or source.source),
                    "source": prose.plain(source.source) if source.title else None,
                    "to": prose.address_of(source.source),
                    "quote": prose.plain(source.quote) if source.quote.strip() else None,
                }
            )
        return self._numbers[key]


def _outline(session: Session) -> dict[str, Any]:
    sources = _Sources()
    known = {node.id for node in session.nodes}
    whole = [step for step in session.steps if step.node_id is None or step.node_id not in known]
    parts = [
        _part(node, [step for step in session.steps if step.node_id == node.id], sources) for node in session.nodes
    ]
    if whole:
        parts.append(
            {"title": "The whole", "question": None, "told": [], "answer": [], "steps": _steps(whole, sources)}
        )
    return {
        "title": prose.plain(_first_line(session.problem)),
        "problem": None
        if _same(session.problem, _first_line(session.problem))
        else prose.plain(session.problem.strip()),
        "outcome": _outcome(session),
        "failure": prose.plain(f"{session.error.title}: {session.error.detail}") if session.error else None,
        "answer": prose.tree(session.answer or ""),
        "solution": [] if _same(session.solution, session.answer) else prose.tree(session.solution or ""),
        "sure": [prose.plain(line) for line in _sure(session)],
        "notes": [prose.plain(note) for note in session.notes],
        "constraints": [prose.plain(text) for text in session.constraints],
        "table": [_row(node) for node in session.nodes],
        "parts": parts,
        "sources": sources.listed,
        "cost": _cost(session),
        "made": [prose.plain(line) for line in _made(session)],
    }


def _first_line(problem: str) -> str:
    line = problem.strip().split("\n")[0]
    return line if len(line) <= 120 else line[:119] + "…"


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one.strip() == other.strip()


def _outcome(session: Session) -> str:
    if session.status == "completed" and not session.solution_found:
        return "Answered, and not proven: take it for a proposal."
    return _OUTCOMES[session.status]


def _percent(share: float) -> str:
    return f"{round(share * 100)} %"


def _verifier(name: str) -> str:
    return _VERIFIERS.get(name, name)


def _named(nodes: Sequence[Node]) -> str:
    names = [node.id for node in nodes]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _sure(session: Session) -> list[str]:
    """What is proven and what is not, counted and named."""
    told: list[str] = []
    by_state = {state: [node for node in session.nodes if node.state == state] for state in _STATES}
    if session.nodes:
        verified = len(by_state["verified"])
        told.append(f"{verified} of {len(session.nodes)} sub-problems verified.")
        if some := by_state["answered"]:
            told.append(f"{_named(some)} {'rests' if len(some) == 1 else 'rest'} on the model's word.")
        if some := by_state["failed"]:
            told.append(f"{_named(some)} failed.")
        if some := by_state["skipped"] + by_state["pending"] + by_state["running"]:
            told.append(f"{_named(some)} {'was' if len(some) == 1 else 'were'} not solved.")
    if session.basis:
        told.append(f"The solution rests on this: {session.basis}.")
    if session.confidence is not None:
        told.append(f"Confidence {_percent(session.confidence)}, by how often what it rests on is right.")
    return told


def _row(node: Node) -> dict[str, Any]:
    return {
        "id": node.id,
        "question": prose.plain(node.question),
        "state": _STATES[node.state],
        "rests": ", ".join(_verifier(name) for name in node.verifiers) if node.state == "verified" else "–",
        "confidence": "–" if node.confidence is None else _percent(node.confidence),
        "cost": f"${digits(node.cost)}",
    }


def _part(node: Node, steps: Sequence[Step], sources: _Sources) -> dict[str, Any]:
    told = [f"State: {_STATES[node.state]}."]
    if node.depends_on:
        told.append(f"Needs: {', '.join(node.depends_on)}.")
    if node.basis:
        told.append(f"Rests on: {node.basis}.")
    if node.confidence is not None:
        told.append(f"Confidence: {_percent(node.confidence)}.")
    if node.error:
        told.append(f"Failed: {node.error}.")
    return {
        "title": node.id,
        "question": prose.plain(node.question),
        "told": [prose.plain(line) for line in told],
        "answer": prose.tree(node.answer or ""),
        "steps": _steps(steps, sources),
    }


def _steps(steps: Sequence[Step], sources: _Sources) -> list[dict[str, Any]]:
    return [_step(step, sources) for step in steps]


def _step(step: Step, sources: _Sources) -> dict[str, Any]:
    by = f", by {step.model_used}" if step.model_used else ""
    again = f", attempt {step.attempt}" if step.attempt > 1 else ""
    spent = f"{step.input_tokens:,} + {step.output_tokens:,} tokens, ${digits(step.cost)}, {_time(step.duration_ms)}"
    said = None
    if step.self_confidence is not None:
        said = f"The model says of itself that it is {_percent(step.self_confidence)} sure; that counts for nothing."
    return {
        "head": prose.plain(f"{step.step_number}. {_STEPS[step.step_type]}{again}{by}"),
        "spent": spent,
        "description": prose.plain(step.description) if step.description else None,
        "error": prose.plain(step.error) if step.error else None,
        "reasoning": prose.tree(step.reasoning or ""),
        "result": prose.tree(step.result or ""),
        "evidence": [_evidence(one) for one in step.evidence],
        "calls": [_call(call, sources) for call in step.tool_calls],
        "said": said,
    }


def _evidence(one: Evidence) -> list[prose.Tree]:
    head = f"{_VERDICTS[one.verdict]} by {_verifier(one.verifier)}"
    return prose.plain(f"{head}: {one.detail}" if one.detail else f"{head}.")


def _call(call: ToolCall, sources: _Sources) -> dict[str, Any]:
    return {
        "tool": prose.plain(call.tool),
        "time": _time(call.duration_ms),
        "arguments": prose.shown(json.dumps(call.arguments, ensure_ascii=False, indent=2)),
        "text": prose.shown(call.text) if call.text else None,
        "error": prose.plain(call.error) if call.error else None,
        "cites": [sources.number(source) for source in call.citations],
    }


def _time(milliseconds: int) -> str:
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def _cost(session: Session) -> list[list[str]]:
    inputs = sum(step.input_tokens for step in session.steps)
    outputs = sum(step.output_tokens for step in session.steps)
    rows = [
        ["Cost", f"${digits(session.total_cost)}"],
        ["Tokens", f"{session.total_tokens:,} ({inputs:,} in and {outputs:,} out, by steps)"],
        ["Steps", f"{session.total_steps:,}"],
    ]
    if session.completed_at is not None:
        rows.append(["Time", _time(round((session.completed_at - session.created_at).total_seconds() * 1000))])
    return rows


def _made(session: Session) -> list[str]:
    options = session.options
    how = _STRATEGIES.get(session.strategy or "", "by a strategy that was not chosen yet")
    models = sorted({step.model_used for step in session.steps if step.model_used})
    tools = sorted({call.tool for step in session.steps for call in step.tool_calls})
    told = [
        f"RADIANT's Think Tank worked on it {how}, begun {session.created_at:%Y-%m-%d %H:%M} UTC; field: {session.domain}.",
        f"Models: {', '.join(models) or 'none'}{'' if options.model else ', chosen for each step'}.",
        f"Tools that were called: {', '.join(tools) or 'none'}.",
    ]
    if options.checks:
        told.append(f"Checks that came with the problem: {len(options.checks)}.")
    told.append(f"An unverified answer had to reach {_percent(options.stop_at)} to count as a solution.")
    told.append(f"Session {session.id}.")
    return told


# --- as Markdown ---


def _as_markdown(outline: Mapping[str, Any]) -> str:
    lines = [f"# {md.at_start(md.words(outline['title']))}", "", f"**{outline['outcome']}**"]
    if outline["failure"]:
        lines += ["", md.at_start(md.words(outline["failure"]))]
    if outline["problem"]:
        lines += ["", "## Problem", "", *md.quoted([{"is": "words", "of": outline["problem"]}])]
    if outline["answer"]:
        lines += ["", "## Answer", "", *md.quoted(outline["answer"])]
    if outline["solution"]:
        lines += ["", "## Solution", "", *md.quoted(outline["solution"])]
    lines += ["", "## How sure it is, and why", "", *_listed(outline["sure"])]
    for title, name in (("Notes", "notes"), ("Conditions that were added", "constraints")):
        if outline[name]:
            lines += ["", f"## {title}", "", *_listed(outline[name])]
    if outline["table"]:
        head = ["Id", "Sub-problem", "State", "Verified by", "Confidence", "Cost"]
        rows = [
            [row["id"], md.words(row["question"]), row["state"], md.escaped(row["rests"]), row["confidence"],
             md.escaped(row["cost"])]
            for row in outline["table"]
        ]  # fmt: skip
        lines += ["", "## Sub-problems", "", *md.table([head, *rows])]
    for part in outline["parts"]:
        lines += ["", *_part_lines(part)]
    lines += [
        "",
        "## What it cost",
        "",
        *md.table([["", ""], *[[name, md.escaped(value)] for name, value in outline["cost"]]]),
    ]
    lines += ["", "## How it was made", "", *_listed(outline["made"])]
    for source in outline["sources"]:
        lines += ["", *_source_lines(source)]
    return "\n".join(lines) + "\n"


def _listed(items: Sequence[Sequence[prose.Tree]]) -> list[str]:
    return [f"- {md.at_start(md.words(item))}" for item in items] or ["Nothing is known of that yet."]


def _part_lines(part: Mapping[str, Any]) -> list[str]:
    lines = [f"## {md.escaped(part['title'])}"]
    if part["question"]:
        lines += ["", *md.quoted([{"is": "words", "of": part["question"]}])]
    if part["told"]:
        lines += ["", *_listed(part["told"])]
    if part["answer"]:
        lines += ["", "Answer:", "", *md.quoted(part["answer"])]
    for step in part["steps"]:
        lines += ["", f"### {md.words(step['head'])}", "", f"*{md.escaped(step['spent'])}*"]
        for name in ("description", "error"):
            if step[name]:
                lines += ["", md.at_start(md.words(step[name]))]
        if step["reasoning"]:
            lines += ["", "Reasoning:", "", *md.quoted(step["reasoning"])]
        if step["result"]:
            lines += ["", "Result:", "", *md.quoted(step["result"])]
        for call in step["calls"]:
            lines += ["", *_call_lines(call)]
        if step["evidence"]:
            lines += ["", "Evidence:", "", *_listed(step["evidence"])]
        if step["said"]:
            lines += ["", step["said"]]
    return lines


def _call_lines(call: Mapping[str, Any]) -> list[str]:
    marks = "".join(f"[^{number}]" for number in call["cites"])
    lines = [f"Tool **{md.words(call['tool'])}** ({call['time']}), called with:", "", *md.fenced(call["arguments"])]
    if call["error"]:
        lines += ["", f"It has no result: {md.words(call['error'])}"]
    elif call["text"] is not None:
        lines += ["", "It said:", "", *md.fenced(call["text"])]
    if marks:
        lines += ["", f"Sources:{marks}"]
    return lines


def _source_lines(source: Mapping[str, Any]) -> list[str]:
    name = md.words(source["name"])
    told = f"[{name}](<{source['to']}>)" if source["to"] else name
    if source["source"] and not source["to"]:
        told += f" ({md.words(source['source'])})"
    quote = f": “{md.words(source['quote'])}”" if source["quote"] else ""
    return [f"[^{source['number']}]: {told}{quote}"]
