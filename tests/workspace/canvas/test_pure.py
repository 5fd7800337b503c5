"""What needs no server: documents, small changes, types, files, pages."""

import csv
import io
import json
import re
import zipfile
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text

from radiant.workspace.canvas import colouring, documents, exporting, importing, putting, rendering
from radiant.workspace.canvas.differing import Edit, applied, edits
from radiant.workspace.canvas.documents import Drawn
from radiant.workspace.canvas.problems import BadArtifact, BadImport, TextChanged
from radiant.workspace.canvas.proposing import _fitted, _hunks, _moved
from radiant.workspace.canvas.putting import Put, Words
from radiant.workspace.canvas.rendering import Shown
from radiant.workspace.canvas.schemas import Artifact, Canvas, Position, Provenance, Size, Span
from radiant.workspace.canvas.tables import rows_of
from radiant.workspace.canvas.templates import TEMPLATES
from radiant.workspace.canvas.validating import check, check_language, problem_of

NOW = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)
TEXT = st.text(alphabet=st.sampled_from("ab c\n.é😀"), max_size=60)


@given(TEXT, TEXT)
@settings(deadline=None)
def test_few_changes_make_one_text_of_another(old: str, new: str) -> None:
    assert applied(old, edits(old, new)) == new


def test_what_stays_is_not_touched() -> None:
    found = edits("one\ntwo words here\nthree\n", "one\ntwo other here\nthree\n")
    assert [(one.start, one.new) for one in found] == [(8, "other")]


@given(TEXT, TEXT, st.booleans())
@settings(deadline=None)
def test_a_body_is_rewritten_and_knows_what_is_new(old: str, new: str, by_model: bool) -> None:
    doc: Doc[Any] = Doc()
    artifact = Drawn(uuid4(), "markdown", content=old, spans=[documents.whole(old, "first")] if old else [])
    documents.add(doc, artifact, NOW)
    documents.rewrite(documents.body_of(doc, artifact.id), new, "second" if by_model else None)
    now = documents.find(doc, artifact.id)
    assert now is not None and now.content == new
    ends = [0, *(span.end for span in now.spans)]
    assert all(span.start >= end for span, end in zip(now.spans, ends, strict=False)), "spans follow each other"
    if not by_model:
        assert {span.provenance_id for span in now.spans} <= {"first"}


@given(TEXT, TEXT)
@settings(deadline=None)
def test_an_old_version_comes_back_with_where_its_words_come_from(old: str, new: str) -> None:
    doc: Doc[Any] = Doc()
    artifact = Drawn(uuid4(), "markdown", content=old)
    if len(old) > 2:
        artifact.spans = [Span(start=0, end=documents.units(old[:2]), provenance_id="p")]
    documents.add(doc, artifact, NOW)
    before = documents.find(doc, artifact.id)
    assert before is not None
    body = documents.body_of(doc, artifact.id)
    documents.rewrite(body, new, "q")
    documents.rewrite_as(body, before.content, before.spans)
    assert documents.find(doc, artifact.id) == before


def test_what_clients_write_that_is_no_artifact_is_left_out_and_numbers_are_kept_in_bounds() -> None:
    doc: Doc[Any] = Doc()
    held = documents.artifacts_of(doc)
    good = str(uuid4())
    held[good] = Map(
        {"type": "code", "title": 5, "x": 1e300, "y": float("nan"), "width": -4, "height": "tall", "z": True,
         "collapsed": "yes", "body": Text("x"), "language": "python"}
    )  # fmt: skip
    held["no-uuid"] = Map({"type": "code", "body": Text("x")})
    held[str(uuid4())] = Map({"type": "virus", "body": Text("x")})
    held[str(uuid4())] = Map({"type": "code", "body": "a string"})
    held[str(uuid4())] = {"type": "code", "body": "plain"}
    doc.get("provenance", type=Map)["x"] = {"kind": "nonsense"}
    doc.get("provenance", type=Map)["y"] = {"kind": "model", "model": "m", "cost_nano": 5, "other": 1}

    [one] = documents.read(doc)

    assert (one.title, one.x, one.y, one.width, one.height, one.z) == ("", 1_000_000, 0, 1, 300, 0)
    assert one.collapsed is False
    assert documents.provenance_of(doc) == {"y": Provenance(kind="model", model="m", cost_nano=5)}


def brief(value: Any) -> str:
    """What a test is called by: a file's size, since what is in a ZIP file tells the time; the beginning of a text."""
    return f"{len(value)} bytes" if isinstance(value, bytes) else ascii(str(value)[:30])


@pytest.mark.parametrize("text", ["plain", "a😀b", "é", ""])
def test_offsets_of_browsers_are_offsets_of_characters(text: str) -> None:
    for place in range(len(text) + 1):
        assert documents.character(text, documents.units(text[:place])) == place
    assert documents.character(text, documents.units(text) + 1) > len(text)


@pytest.mark.parametrize(
    ("kind", "content", "says"),
    [
        ("json", '{"a": 1,\n "b": }', "line 2, column 7"),
        ("json", "NaN", "NaN is no value of JSON"),
        ("json", "[" * 100_000, "nested too deep"),
        ("table", 'a,b\n"open,c\n', "no CSV"),
        ("table", "a\n" * 10_001, "at most 10,000 rows"),
        ("table", "a," * 501, "columns"),
        ("svg", "<svg><g></svg>", "line 1, column"),
        ("svg", "<html/>", "begins with <svg>"),
        ("svg", '<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>', "document type"),
        ("svg", "<svg>" + "<g>" * 300 + "</g>" * 300 + "</svg>", "nested too deep"),
        ("mermaid", "javascript:alert(1)", "begins with its kind"),
        ("code", "\ud800", "surrogate"),
        ("markdown", "é" * 600_000, "at most 1,000,000 bytes"),
    ],
    ids=brief,
)
def test_f23_5_content_is_what_its_type_says(kind: Any, content: str, says: str) -> None:
    with pytest.raises(BadArtifact, match=says.replace("(", r"\(")):
        check(kind, content)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("json", '{"a": [1, null]}'), ("table", 'a,"b\nc"\r\n1,2\r\n'), ("mermaid", "%% note\nflowchart LR\n a-->b"),
        ("mermaid", "---\ntitle: x\n---\nsequenceDiagram\n"), ("mermaid", "graph TD;a-->b"),
        ("svg", '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'), ("html", "<p>x"), ("json", " "),
    ],
)  # fmt: skip
def test_f23_5_what_is_right_is_taken(kind: Any, content: str) -> None:
    check(kind, content)


def test_f23_5_languages_are_known_ones() -> None:
    check_language("python")
    check_language(None)
    with pytest.raises(BadArtifact, match="klingon"):
        check_language("klingon")


@given(st.lists(st.lists(st.text(alphabet='ab",\n \r', max_size=5), min_size=2, max_size=3), min_size=1, max_size=5))
@settings(deadline=None)
def test_tables_are_read_as_they_are_written(rows: list[list[str]]) -> None:
    written = io.StringIO(newline="")
    csv.writer(written).writerows(rows)
    assert rows_of(written.getvalue()) == rows


def test_templates_begin_with_artifacts_that_are_valid() -> None:
    for template in TEMPLATES.values():
        for one in template.artifacts:
            assert problem_of(one.type, one.content) is None, (template.canvas_type, one.title)
            check_language(one.language)


# --- what is put ---

ANSWER = """Here is a page and its data.

```html
<p>Hi</p>
```

Then numbers:

```csv
a,b
1,2
```

```mermaid
flowchart LR
  a --> b
```

```json
{"broken": }
```

```python
print(1)
```
The end.
"""


def test_fenced_parts_of_an_answer_become_artifacts_of_their_type() -> None:
    said = Provenance(kind="chat", model="m")
    text, *parts = putting._pieces(Put("message:1", "Title", [Words(ANSWER, said)]), parted=True)
    assert [(one.type, one.language, one.content) for one in parts] == [
        ("html", None, "<p>Hi</p>\n"),
        ("table", None, "a,b\n1,2\n"),
        ("mermaid", None, "flowchart LR\n  a --> b\n"),
        ("code", "json", '{"broken": }\n'),
        ("code", "python", "print(1)\n"),
    ]
    assert text.type == "markdown"
    assert "Here is a page" in text.content and "The end." in text.content and "<p>Hi" not in text.content
    assert {one.source for one in [text, *parts]} == {"message:1/text", *(f"message:1/{n}" for n in range(1, 6))}


def test_words_of_several_sources_stay_apart_in_every_part() -> None:
    one, two = Provenance(kind="merge", model="one"), Provenance(kind="merge", model="two")
    words = [Words("From one. ```no fence``` ", one), Words("From two.\n\n```python\nx = 1\n```\n", two)]
    text, code = putting._pieces(Put("merge:1", "T", words), parted=True)
    assert [(part.text, part.provenance.model) for part in text.words] == [
        ("From one. ```no fence``` ", "one"), ("From two.\n\n", "two"),
    ]  # fmt: skip
    assert [part.provenance.model for part in code.words] == ["two"]
    [whole] = putting._pieces(Put("merge:1", "T", words), parted=False)
    assert whole.content == "".join(part.text for part in words)


@given(st.text(alphabet=st.sampled_from("`~ab\n \r\u2028>-"), max_size=80))
@settings(deadline=None)
def test_no_word_of_an_answer_is_in_two_artifacts(text: str) -> None:
    pieces = putting._pieces(Put("k", "t", [Words(text, Provenance(kind="chat"))]), parted=True)
    assert sum(len(one.content) for one in pieces) <= len(text)


# --- proposals ---


def test_a_fence_around_a_reply_is_taken_off_and_its_margins_are_the_old_ones() -> None:
    assert _fitted("```python\nx = 2\n```", "x = 1\n") == "x = 2\n"
    assert _fitted("  New.  ", "\n Old.\n\n") == "\n New.\n\n"
    assert _fitted("```\nx\n```", "```\ny\n```\n") == "```\nx\n```\n"


def test_changes_close_to_each_other_are_one_hunk() -> None:
    old, new = (
        "The quick brown fox jumps.\nAnd sleeps a lot of the day, as foxes do in May.\n",
        ("The fast red fox jumps.\nAnd sleeps a lot of the day, as foxes do in June.\n"),
    )
    hunks = _hunks("😀\n" + old, 2, edits(old, new))
    assert [(one["id"], one["start"], one["old"], one["new"]) for one in hunks] == [
        (0, 7, "quick brown", "fast red"), (1, 74, "May", "June"),
    ]  # fmt: skip


def test_changes_move_with_what_was_written_before_them_and_are_refused_where_they_are() -> None:
    wanted = [Edit(10, 15, "x")]
    assert _moved(wanted, [Edit(0, 0, "abc")], "it") == [Edit(13, 18, "x")]
    assert _moved(wanted, [Edit(15, 15, "abc"), Edit(20, 22, "")], "it") == [Edit(10, 15, "x")]
    assert _moved(wanted, [Edit(2, 6, "")], "it") == [Edit(6, 11, "x")]
    for other in (Edit(12, 12, "q"), Edit(9, 11, ""), Edit(14, 20, "z"), Edit(0, 30, "")):
        with pytest.raises(TextChanged):
            _moved(wanted, [other], "it")


# --- files ---


def _canvas(*artifacts: tuple[str, str, str]) -> Canvas:
    made = [
        Artifact(
            id=uuid4(), type=kind, title=title, content=content, language=None, position=Position(x=0, y=100 * place),
            size=Size(width=400, height=300), z_index=place, is_collapsed=False, version=1, created_at=NOW, updated_at=NOW,
            problem=problem_of(kind, content),  # type: ignore[arg-type]
            spans=[documents.whole(content, "p1")] if content else [],
        )  # type: ignore[arg-type]
        for place, (kind, title, content) in enumerate(artifacts)
    ]  # fmt: skip
    return Canvas(
        id=UUID(int=7), canvas_name="A plan & <more>", canvas_type="general", chat_id=None, room_id=None,
        user_id=UUID(int=8), role="owner", shared=False, version=3, is_published=False, published_url=None,  # type: ignore[arg-type]
        artifact_count=len(made), created_at=NOW, updated_at=NOW, artifacts=made,
        provenance={"p1": Provenance(kind="model", model="gpt-4o", cost_nano=1500)},
    )  # fmt: skip


ALL = (
    ("markdown", "Text", "# Hello\n\nSome **words** 李 😀.\n"),
    ("table", "Numbers", 'a,b\n1,"x|y"\n'),
    ("code", "main.py", "print('```')\n"),
    (
        "svg",
        "Drawing",
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
    ),
    ("json", "Data", '{"a": 1}\n'),
    ("mermaid", "Flow", "flowchart LR\n  a-->b\n"),
    ("html", "Page", "<p>hi</p><script>document.title='x'</script>"),
)


@pytest.mark.parametrize("form", ["json", "zip"])
async def test_what_is_exported_is_imported_again(form: Any) -> None:
    canvas = _canvas(*ALL)
    made = await exporting.export(canvas, form)
    read = importing.read(made.name, made.body)
    assert read.name == canvas.canvas_name
    assert [(one.type, one.title, one.content, one.position, one.spans) for one in read.artifacts] == [
        (one.type, one.title, one.content, one.position, one.spans) for one in canvas.artifacts
    ]
    assert read.provenance == canvas.provenance


async def test_the_zip_holds_each_artifact_as_a_file_of_its_own() -> None:
    made = await exporting.export(_canvas(*ALL), "zip")
    with zipfile.ZipFile(io.BytesIO(made.body)) as archive:
        assert archive.namelist() == [
            "canvas.json", "001-Text.md", "002-Numbers.csv", "003-main.py.txt", "004-Drawing.svg", "005-Data.json",
            "006-Flow.mmd", "007-Page.html",
        ]  # fmt: skip


async def test_markdown_says_all_of_it_and_where_it_comes_from() -> None:
    text = (await exporting.export(_canvas(*ALL), "markdown")).body.decode()
    assert "| a | b |\n| --- | --- |\n| 1 | x\\|y |" in text
    assert "````\nprint('```')\n````" in text
    assert "```mermaid\nflowchart LR" in text
    assert "> From a model's proposal, by gpt-4o, for $0.0000015" in text


@pytest.mark.parametrize(("form", "begins"), [("pdf", b"%PDF"), ("png", b"\x89PNG")])
async def test_a_canvas_is_set_as_a_document(form: Any, begins: bytes) -> None:
    made = await exporting.export(_canvas(*ALL, ("svg", "Broken", "<svg"), ("json", "Broken", "{")), form)
    assert made.body.startswith(begins)
    assert made.name == f"a-plan-more.{form}"


def test_files_of_known_kinds_become_artifacts() -> None:
    for name, data, kind, language in (
        ("a.md", b"# x", "markdown", None), ("a.csv", b"a,b\n", "table", None), ("a.json", b"[1]", "json", None),
        ("a.mmd", b"graph TD\n", "mermaid", None), ("a.py", b"x = 1", "code", "python"), ("LICENSE", b"x", "code", "text"),
        ("a.svg", b"\xef\xbb\xbf<svg/>", "svg", None), ("dir\\a.html", b"<p>", "html", None),
    ):  # fmt: skip
        [one] = importing.read(name, data).artifacts
        assert (one.type, one.language) == (kind, language)


def _zipped(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return written.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.bin", b"\xff\xfe\x00", "no text in UTF-8"),
        ("a.json", b"{", "no JSON"),
        ("a.zip", b"PK\x03\x04 broken", "no ZIP"),
        ("a.zip", _zipped({"bomb.txt": b"0" * 30_000_000}), "would unpack to"),
        ("a.zip", _zipped({f"{n}.txt": b"x" for n in range(601)}), "at most 600 files"),
        ("a.zip", _zipped({}), "0 files"),
        ("a.zip", _zipped({"canvas.json": b"{}"}), "no canvas"),
        ("a.json", json.dumps({"format": "radiant-canvas", "artifacts": [{"type": "x"}]}).encode(), "artifacts.0.type"),
        (
            "a.json",
            json.dumps({"format": "radiant-canvas", "artifacts": [{"type": "json", "content": "{"}]}).encode(),
            "artifact 1",
        ),
        ("a.txt", b"x" * 1_000_001, "at most 1,000,000"),
        ("a.txt", b"a\x00b", "NUL"),
    ],
    ids=brief,
)
def test_files_that_are_none_are_refused_with_a_reason(name: str, data: bytes, says: str) -> None:
    with pytest.raises(BadImport, match=says):
        importing.read(name, data)


def test_a_zip_that_lies_about_its_sizes_is_refused() -> None:
    data = bytearray(_zipped({"a.txt": b"0" * 5_000_000}))
    real, lie = (5_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    data = data.replace(real, lie)
    with pytest.raises(BadImport):
        importing.read("a.zip", bytes(data))


# --- pages ---

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert`1`)",
    "[x](data:text/html,<script>alert(1)</script>)",
    "![x](http://evil.example/pixel.png)",
    "![x](javascript:alert(1))",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    '[x](http://a" onmouseover="alert(1))',
    "</code></pre><script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "`<b>`\n\n```html\n<script>\n```",
    "> " * 500 + "x",
    "<style>*{background:url(//evil.example)}</style>",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", ["markdown", "code", "json", "mermaid", "table"])
def test_f23_3_no_word_of_a_page_is_more_than_a_word(kind: Any, text: str) -> None:
    from html.parser import HTMLParser

    found: list[tuple[str, dict[str, str | None]]] = []

    class Looking(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))

    shown = Shown(kind, text, text, [])
    Looking().feed(rendering.page(text, [shown], {}, foot=text, frames="/t/frames/"))
    tags = {tag for tag, _ in found}
    assert not tags & {"script", "img", "svg", "iframe", "object", "form", "b"}, tags
    assert sum(tag == "style" for tag, _ in found) == 1
    for tag, attributes in found:
        assert not any(name.startswith("on") or name == "style" for name in attributes), (tag, attributes)
        if "href" in attributes:
            assert str(attributes["href"]).startswith(("http://", "https://", "mailto:"))
            assert "noopener" in str(attributes["rel"])


def test_f23_3_drawings_are_pictures_and_programs_stand_in_frames() -> None:
    evil = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><foreignObject><script>alert(1)</script></foreignObject></svg>'
    page = rendering.page(
        "x", [Shown("svg", '"><script>', evil, []), Shown("html", "t", '"><script>alert(1)</script>', [])], {}, foot=""
    )
    assert "<script" not in page
    assert '<img alt="&quot;&gt;&lt;script&gt;" src="data:image/svg+xml;base64,' in page
    assert '<iframe sandbox="allow-scripts" referrerpolicy="no-referrer"' in page
    assert "allow-same-origin" not in page
    assert rendering.frame("<p>").index("Content-Security-Policy") < rendering.frame("<p>").index("<p>")


@pytest.mark.parametrize("text", [*HOSTILE, "x = 'a' # b\r\n", "\ufeffdef f():\n\treturn 1", "\n\n", '😀 = "李"'])
@pytest.mark.parametrize("language", ["python", "html", "json", "markdown", "php"])
def test_coloured_code_says_what_the_code_says(text: str, language: str) -> None:
    from html import unescape

    runs = colouring.runs_of(text, language)
    assert sum(length for length, _ in runs) == len(text)
    html = rendering.page("x", [Shown("code", "t", text, [], runs)], {}, foot="")
    body = html.partition("<pre><code>")[2].partition("</code>")[0]
    assert unescape(re.sub(r'<span class="[kscndt]">|</span>', "", body)) == text
    assert set(re.findall(r"<(/?\w+)", body)) <= {"span", "/span"}


def test_code_is_coloured_by_its_language_and_plain_without_one() -> None:
    code = "def f():\n    return 'x'  # so\n"
    assert colouring.runs_of(code, "Python")[:3] == [(3, "k"), (1, ""), (1, "d")]
    assert {kind for _, kind in colouring.runs_of(code, "python")} == {"", "k", "s", "c", "d"}
    for language in (None, "", "text-of-nobody"):
        assert colouring.runs_of(code, language) == []
    assert colouring.runs_of("x" * (colouring.MOST + 1), "python") == []
