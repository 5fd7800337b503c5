"""What is read of documents of each kind, and how those that cannot be read are refused."""

import asyncio
import io
import textwrap
import zipfile
from pathlib import Path

import pytest

from radiant.workspace.documents import reading
from radiant.workspace.documents.reading import DocumentUnreadable, Reading, read

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def pdf(*pages: str) -> bytes:
    """A PDF whose pages say these texts."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    for text in pages:
        lines = " ".join(f"({line}) Tj T*" for line in textwrap.wrap(text, 80))
        stream = f"BT /F1 12 Tf 14 TL 60 700 Td {lines} ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
    kids = " ".join(f"{number} 0 R" for number in range(5, len(objects) + 1, 2))
    objects[1] = f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>"
    out, places = "%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n"
    rows = "".join(f"{place:010d} 00000 n \n" for place in places)
    return (
        f"{out}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{rows}"
        f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    ).encode("latin-1")


def docx(*paragraphs: tuple[str, str]) -> bytes:
    """A Word document of (style, text)."""
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'
        for style, text in paragraphs
    )
    kinds = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    )
    links = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1"'
        ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"'
        ' Target="word/document.xml"/></Relationships>'
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", kinds)
        archive.writestr("_rels/.rels", links)
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>')
    return made.getvalue()


def passages(found: Reading) -> list[str]:
    """The words of each passage."""
    return [found.text[passage.start : passage.end] for passage in found.passages]


async def test_a_pdf_tells_on_which_page_a_passage_stands() -> None:
    long = "word " * 150
    found = await read(pdf(f"The first page. {long}", f"The second page. {long}", "The third says 42."), "a.pdf")
    assert found.pages == 3
    of = {words[:15]: (p.first_page, p.last_page) for p, words in zip(found.passages, passages(found), strict=True)}
    assert of["The first page."] == (1, 1)
    assert of["The second page"] == (2, 2)
    assert found.passages[-1].last_page == 3


async def test_a_word_document_tells_under_which_heading_a_passage_stands() -> None:
    found = await read(
        docx(("Heading1", "Travel"), ("Normal", "Trains only. " * 40), ("Heading2", "Hotels"), ("Normal", "Cheap ones. " * 40)),
        "policy.docx",
    )  # fmt: skip
    assert "Trains only." in found.text
    hotels = next(p for p, words in zip(found.passages, passages(found), strict=True) if "Cheap ones" in words)
    assert list(hotels.headings) == ["Travel", "Hotels"]
    assert found.pages == 0


async def test_a_page_of_the_web_is_what_it_shows() -> None:
    html = (
        "<html><head><title>Our &amp; theirs</title><style>p{}</style></head><body><script>steal()</script>"
        "<h1>Häuser</h1><p>They are <b>blue</b>.</p></body></html>"
    )
    found = await read(html.encode(), "a.html")
    assert found.title == "Our & theirs"
    assert "They are **blue**." in found.text
    assert "steal" not in found.text
    assert "p{}" not in found.text
    assert "Our" not in found.text


async def test_a_table_says_in_each_line_what_is_what() -> None:
    found = await read("name;town\nÄnne;Köln\nBob;\n".encode("cp1252"), "people.csv")
    assert found.text.split("\n\n") == ["name: Änne; town: Köln", "name: Bob"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", "Größe zählt, und schön ist es in München.".encode("cp1252")),
        ("a.txt", "Größe zählt, und schön ist es in München.".encode("utf-16")),
        ("a.log", "Сегодня хорошая погода, и мы идём гулять в парк.".encode("cp1251")),
        ("a.log", "今日は良い天気ですね。".encode("shift_jis")),
        ("README", "Größe zählt, und schön ist es in München.".encode("utf-8-sig")),
    ],
)
async def test_texts_are_read_in_whatever_encoding(name: str, data: bytes) -> None:
    assert (await read(data, name)).text.strip() in (
        "Größe zählt, und schön ist es in München.",
        "Сегодня хорошая погода, и мы идём гулять в парк.",
        "今日は良い天気ですね。",
    )


async def test_passages_cover_a_long_text_in_order_whatever_its_letters() -> None:
    text = "# 🜂 Ünï\n\n" + "\n\n".join(
        f"Absatz {n}: schöne Wörter 漢字 🙂 {'und mehr ' * (n % 90)}" for n in range(300)
    )
    found = await read(text.encode(), "a.md")
    assert max(p.end - p.start for p in found.passages) <= 800
    assert all(one.end <= other.start for one, other in zip(found.passages, found.passages[1:], strict=False))
    left = "".join(passages(found)).split()
    assert left == found.text.split() or " ".join(left).replace(" ", "") == "".join(found.text.split())
    assert "Absatz 299:" in passages(found)[-1] or "Absatz 299:" in "".join(passages(found)[-3:])


async def test_code_keeps_its_indentation() -> None:
    found = await read(b"def f():\n    if True:\n        return 1\n", "f.py")
    assert "\n        return 1" in found.text


@pytest.mark.parametrize(
    ("name", "data", "slug", "says"),
    [
        ("a.pdf", b"%PDF-1.4 nothing more", "broken-document", "pdf"),
        ("a.docx", b"PK\x03\x04 broken", "broken-document", "docx"),
        ("a.bin", bytes(range(256)) * 50, "unsupported-document", "neither text"),
        ("a.txt", b" \n\t ", "empty-document", "no text"),
        ("a.txt", b"", "empty-document", "no text"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "no-text-recognition", "radiant models install tesseract-eng"),
    ],
)
async def test_what_cannot_be_read_says_why(name: str, data: bytes, slug: str, says: str) -> None:
    with pytest.raises(DocumentUnreadable) as refused:
        await read(data, name)
    assert refused.value.slug == slug
    assert says in refused.value.detail


async def test_a_document_that_would_fill_the_memory_is_refused() -> None:
    bomb = docx(("Normal", "A" * 200_000_000))
    assert len(bomb) < 1_000_000
    with pytest.raises(DocumentUnreadable):
        await read(bomb, "a.docx")


async def test_too_much_text_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_CHARACTERS", 1000)
    with pytest.raises(DocumentUnreadable, match="split it"):
        await read(b"word " * 1000, "a.txt")


async def test_a_reading_that_is_given_up_ends_its_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    child = tmp_path / "child.py"
    child.write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setattr(reading, "_CHILD", child)
    task = asyncio.create_task(read(b"text", "a.txt"))
    while not await asyncio.to_thread(_running, child):
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not await asyncio.to_thread(_running, child)
    monkeypatch.setattr(reading, "_SECONDS", 0.2)
    with pytest.raises(DocumentUnreadable, match="split it"):
        await read(b"text", "a.txt")
    assert not await asyncio.to_thread(_running, child)


def _running(script: Path) -> bool:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if str(script).encode() in (folder / "cmdline").read_bytes():
                return True
        except OSError:
            continue
    return False


async def test_a_reader_that_dies_is_no_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    child = tmp_path / "child.py"
    child.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    monkeypatch.setattr(reading, "_CHILD", child)
    with pytest.raises(DocumentUnreadable):
        await read(b"text", "a.txt")
