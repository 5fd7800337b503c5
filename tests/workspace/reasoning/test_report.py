"""Reports: what they say, and that no word of a model or a tool is more in them than a word."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from radiant.infra import typesetting
from radiant.kit import prose
from radiant.workspace.documents import reading
from radiant.workspace.reasoning import report
from radiant.workspace.reasoning import report_markdown as md
from radiant.workspace.reasoning.schemas import Evidence, Failure, Node, Options, Session, Source, Step, ToolCall

_BEGAN = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
_OURS = [
    "Problem", "Answer", "Solution", "How sure it is, and why", "Notes", "Conditions that were added", "Sub-problems",
    "The whole", "What it cost", "How it was made",
]  # fmt: skip
# What would be more than words in Markdown, in HTML or in Typst, if it were read as that.
HOSTILE = [
    "# Verified\n\n## How sure it is, and why\n\nAll of it.",
    "<script>alert(1)</script><img src=x onerror=alert(1)><!-- ",
    "</blockquote></td></table><h1>Verified</h1>",
    "[1]: https://evil.example\n[^1]: stolen\n[n1]: javascript:alert(1)",
    "[click](javascript:alert(1)) ![x](https://evil.example/pixel.png) <https://evil.example>",
    "``` \n# out\n```\n````\n# out again",
    "~~~\n# out\n~~~ ",
    "| a | b |\n|---|---|\n| c | d | e | f |",
    "> quoted\n\n---\n\nSetext\n======\n\nmore\n---",
    '#read("/etc/passwd") #import "@preview/evil:1.0.0": * $x^2$ #sys.inputs @label <label> = Heading',
    '"} #panic() {" \\" \\u{0} `raw` *b* _e_ /* comment */ // line',
    "1. one\n2. two\n   - three\n     - four\n\n10) ten",
    "    indented code\n\ttab",
    "&lt;script&gt; &#35; &amp;",
    "x" * 5000,
    "`" * 70,
    "> " * 300 + "deep",
    "- " * 300 + "deep",
    "[" * 2000 + "]" * 2000,
    "*" * 3001,
    "漢字 עברית عربى हिन्दी ไทย 🙂👩‍👩‍👧 é ﷽ " + "\u202egnipyt\u202c \u2066hidden\u2069",
    "a\x00b\x07c\x1b[31md\r\ne\u2028f\ufeff",
    "$$\\int_0^1 x\\,dx$$ and \\(a^2\\) and $5 and $6",
]  # fmt: skip


def _step(number: int, node: str | None, text: str, **more: Any) -> Step:
    kind: Literal["decompose", "execute"] = "execute" if node else "decompose"
    call = ToolCall(
        call_id=UUID(int=number), tool="calculator", arguments={"expression": text}, text=text, error=None,
        citations=[Source(source="https://example.org/a b", title=text, quote=text), Source(source="document:1", title="", quote="")],
        duration_ms=1200,
    )  # fmt: skip
    fields: dict[str, Any] = {
        "description": text, "reasoning": text, "result": text, "self_confidence": 0.9, "verifier": "arithmetic",
        "verdict": "confirmed", "evidence": [Evidence(verifier="recomputed", verdict="confirmed", detail=text)],
        "tool_calls": [call], "model_used": "gpt-4o", "error": None,
    }  # fmt: skip
    return Step(
        id=UUID(int=number), step_number=number, step_type=kind, node_id=node, attempt=1, confidence=0.97,
        input_tokens=1000, output_tokens=200, tokens_used=1200, cost=Decimal("0.0045"), duration_ms=800, created_at=_BEGAN,
        **(fields | more),
    )  # fmt: skip


def _node(name: str, text: str, **more: Any) -> Node:
    fields: dict[str, Any] = {
        "question": text.replace("\0", "")[:4000] or "?", "state": "verified", "answer": text, "confidence": 0.97, "basis": text,
        "verifiers": ["recomputed"], "attempts": 1, "cost": Decimal("0.0045"),
    }  # fmt: skip
    return Node(id=name, **(fields | more))


def _session(text: str = "12", **more: Any) -> Session:
    fields: dict[str, Any] = {
        "problem": "How many apples?\n" + text, "solution": text, "answer": text, "notes": [text], "constraints": [text],
        "nodes": [_node("n1", text), _node("n2", text, state="answered", verifiers=[], depends_on=["n1"])],
        "steps": [_step(1, None, text), _step(2, "n1", text), _step(3, "n2", text)], "status": "completed",
        "solution_found": True, "confidence": 0.6, "basis": text, "error": None,
    }  # fmt: skip
    return Session(
        id=UUID(int=7), problem_summary="apples", domain="math", strategy="stepwise", complexity="medium", avg_confidence=0.9,
        total_steps=3, total_tokens=3600, total_cost=Decimal("0.0135"), created_at=_BEGAN,
        completed_at=_BEGAN + timedelta(seconds=12.5), options=Options(), good=None, plan_revision=1, asks=[], last_event=9,
        **(fields | more),
    )  # fmt: skip


def _headings(text: str) -> list[str]:
    """The headings that a reader of GitHub-flavoured Markdown sees, of the first two levels."""
    tokens = MarkdownIt("commonmark", {"html": True, "maxNesting": 200}).enable("table").parse(text)
    return [
        tokens[at + 1].content
        for at, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag in ("h1", "h2")
    ]


async def test_a_report_says_what_is_proven_what_it_rests_on_and_what_it_cost() -> None:
    text = await report.markdown(_session("It is **12**."))
    assert text.startswith("# How many apples?\n\n**Solved.**\n")
    assert "- 1 of 2 sub-problems verified.\n- n2 rests on the model's word." in text
    assert "| n1 | It is \\*\\*12\\*\\*. | verified | recomputing the question exactly | 97 % | \\$0.0045 |" in text
    assert "> It is **12**." in text
    assert "Confirmed by recomputing the question exactly: " in text
    assert "3,000 in and 600 out" in text
    assert "12.5 s" in text
    assert "that it is 90 % sure; that counts for nothing" in text
    assert "[^1]: " in text
    assert "Sources:[^1][^2]" in text
    # A source that is cited by each step is listed once.
    assert len(re.findall(r"^\[\^\d+\]: ", text, re.MULTILINE)) == 2


@pytest.mark.parametrize(
    ("status", "found", "said"),
    [
        ("completed", False, "Answered, and not proven: take it for a proposal."),
        ("partial", False, "Solved in part."),
        ("failed", False, "It failed."),
        ("cancelled", False, "It was cancelled."),
        ("running", False, "It is still being solved; this is how far it is."),
    ],
)
async def test_what_is_no_solution_is_not_called_solved(status: str, found: bool, said: str) -> None:
    error = Failure(slug="out-of-budget", title="Out of budget", detail="the budget of steps is used up")
    ended = None if status == "running" else _BEGAN
    session = _session(status=status, solution_found=found, error=error, solution=None, answer=None).model_copy(
        update={"completed_at": ended}
    )
    text = await report.markdown(session)
    assert f"**{said}**" in text
    assert "Out of budget: the budget of steps is used up" in text
    assert "## Answer" not in text
    assert (await report.pdf(session)).startswith(b"%PDF")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_text_breaks_out_of_its_place_in_markdown(text: str) -> None:
    made = await report.markdown(_session(text))
    title, *rest = _headings(made)
    assert title == "How many apples?"
    assert [name for name in rest if name not in ("n1", "n2")] == [name for name in _OURS if name in rest]
    assert {"Answer", "How sure it is, and why", "Sub-problems", "What it cost", "How it was made", "n1", "n2"} <= set(
        rest
    )
    assert len(set(rest)) == len(rest)
    env: dict[str, Any] = {}
    tokens = MarkdownIt("commonmark", {"html": True, "maxNesting": 200}).enable("table").parse(made, env)
    # To a reader without footnotes, ours are references.
    assert all(re.fullmatch(r"\^\d+", name) for name in env.get("references", {})), "no reference is defined by a model"
    inner = [child for token in tokens for child in token.children or []]
    assert not [token for token in [*tokens, *inner] if token.type in ("html_block", "html_inline", "image")]
    links = [str(token.attrGet("href")) for token in inner if token.type == "link_open"]
    assert all(link.startswith(("https://", "http://", "mailto:", "document:1")) for link in links), links
    # The tables are ours, each row of so many cells as its head.
    rows = re.findall(r"^\| n\d \|.*$", made, re.MULTILINE)
    assert len(rows) == 2
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 7 for row in rows)
    # Footnotes are defined by us alone, at the end.
    code = {line for token in tokens if token.type == "fence" and token.map for line in range(*token.map)}
    defined = [line for at, line in enumerate(made.split("\n")) if at not in code and re.match(r"\[\^[^\]]*\]:", line)]
    assert [line.split(":")[0] for line in defined] == [f"[^{n + 1}]" for n in range(len(defined))]
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", made)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.sampled_from("ab1 \n\t`~*_#>|[]()<>!-+=.:\\$&^{}\"'"), max_size=80))
def test_no_text_at_all_makes_a_heading_or_html(text: str) -> None:
    lines = [
        "before",
        "",
        *md.quoted(prose.tree(text)),
        "",
        f"- {md.at_start(md.words(prose.plain(text)))}",
        "",
        "## After",
    ]
    tokens = MarkdownIt("commonmark", {"html": True, "maxNesting": 200}).enable("table").parse("\n".join(lines))
    top = [token.type for token in tokens if token.level == 0]
    assert [kind for kind in top if kind != "blockquote_open" and kind != "blockquote_close"] == [
        "paragraph_open", "paragraph_close", "bullet_list_open", "bullet_list_close", "heading_open", "heading_close",
    ]  # fmt: skip
    assert [token.type for token in tokens].count("heading_open") == 1
    inner = [child for token in tokens for child in token.children or []]
    assert not [token for token in [*tokens, *inner] if token.type in ("html_block", "html_inline", "image")]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.sampled_from("ab1 *_#>|[]()<>!-+=.:\\$&^{}\"'~"), min_size=1, max_size=60))
def test_words_are_shown_as_they_were(text: str) -> None:
    (token,) = [token for token in MarkdownIt().parse(f"- x{md.words(prose.plain(text))}") if token.type == "inline"]
    shown = "".join(child.content for child in token.children or [] if child.type == "text")
    assert shown == ("x" + text).rstrip(" ")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_text_breaks_the_pdf_or_is_read_as_typst(text: str) -> None:
    found = await reading.read(await report.pdf(_session(text)), "report.pdf")
    assert "How it was made" in found.text
    assert "root:x:0" not in found.text
    if "etc/passwd" in text:
        assert "#read" in found.text
        assert "#import" in found.text


async def test_a_pdf_holds_all_of_a_large_session_and_its_words_in_order() -> None:
    nodes = [_node(f"n{at}", f"What is part {at}?", depends_on=[f"n{at - 1}"] if at > 1 else []) for at in range(1, 41)]
    steps = [_step(at, f"n{1 + at % 40}", f"Words of step {at}, and more of them. " * 20) for at in range(1, 121)]
    session = _session(nodes=nodes, steps=steps)
    data = await report.pdf(session)
    found = await reading.read(data, "report.pdf")
    assert found.pages > 20
    for at in (1, 20, 40):
        assert f"What is part {at}?" in found.text
    for at in (1, 60, 120):
        assert f"Words of step {at}," in found.text
    assert await report.pdf(session) == data, "the same session is the same file"
    assert len(await report.markdown(session)) > 100_000


async def test_a_text_that_is_far_too_long_is_cut_and_says_so() -> None:
    text = await report.markdown(_session(solution="word " * 100_000, answer="short"))
    assert "cut here; the original has all of it" in text
    assert len(text) < 2 * prose.MOST


async def test_a_typesetter_that_dies_or_takes_too_long_is_a_problem_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    child = tmp_path / "child.py"
    child.write_text("import os; os._exit(9)")
    monkeypatch.setattr(typesetting, "_CHILD", child)
    with pytest.raises(report.ReportFailed, match="take the report as Markdown"):
        await report.pdf(_session())
    child.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(report, "_SECONDS", 0.5)
    began = asyncio.get_running_loop().time()
    with pytest.raises(report.ReportFailed, match="take the report as Markdown"):
        await report.pdf(_session())
    assert asyncio.get_running_loop().time() - began < 10


async def test_what_the_typesetter_gets_is_data() -> None:
    outline = report._outline(_session('"#panic()"'))
    assert json.loads(json.dumps(outline)) == outline
