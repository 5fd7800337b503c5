"""Reads one document in a process of its own, under limits: a script, so that nothing else of RADIANT is loaded.

    python -I reading_child.py     one order in JSON on the standard input, one answer in JSON on the standard output

The order: {path, name, tessdata, most}. The answer: {text, title, pages, passages: [{start, end, first_page, last_page,
headings}]}, places in characters of the text, `end` after the last; or {slug, detail} where it could not be read.
"""

import csv
import ctypes
import html
import importlib
import io
import itertools
import json
import os
import re
import resource
import signal
import sys
from collections.abc import Sequence
from typing import Any

_PR_SET_PDEATHSIG = 1
_MEMORY, _CPU_SECONDS = 4 * 2**30, 600
# A passage is what an embedding model sees whole: 256 tokens are some 900 letters of English.
PASSAGE = 800
_MARKDOWN = {"md", "markdown", "mdx"}
_TABLE = {"csv": ",", "tsv": "\t"}
# What a parser makes something better of than its plain text.
_PARSED = {
    "pdf", "docx", "pptx", "xlsx", "xls", "odt", "ods", "odp", "rtf", "epub", "eml", "msg", "ipynb",
    "png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "gif",
}  # fmt: skip
_WESTERN = ["cp1252", "cp1250", "cp1254", "cp1257", "mac_roman"]
_BEYOND_ASCII, _PAIRS_BEYOND_ASCII = re.compile(rb"[\x80-\xff]"), re.compile(rb"[\x80-\xff]{2}")
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_LEADING = re.compile(r"(?:#{1,6}[ \t]+.+(?:\n\s*|$))+")
_PAGES = {"html", "htm", "xhtml"}
_HEAD = re.compile(r"<head\b.*?</head\s*>", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title\b[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_PAGED = {"pdf", "tif", "tiff"}
_PICTURES = {"png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "gif"}


class _Unreadable(Exception):
    def __init__(self, slug: str, detail: str) -> None:
        super().__init__(detail)
        self.slug, self.detail = slug, detail


def _limit() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)


def _decoded(data: bytes) -> str:
    """Text of whatever encoding it is in."""
    for encoding in ("utf-8-sig", "utf-16"):
        if encoding == "utf-16" and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            continue
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            pass
    if b"\x00" in data[:65536]:
        raise _Unreadable("unsupported-document", "it is neither text nor of a kind that can be read")
    from_bytes: Any = importlib.import_module("charset_normalizer").from_bytes
    # Letters of the Latin script stand alone among those of ASCII; of other scripts, and in several bytes, they do not.
    beyond = len(_BEYOND_ASCII.findall(data))
    western = len(_PAIRS_BEYOND_ASCII.findall(data)) * 5 < beyond
    found = list(from_bytes(data, cp_isolation=_WESTERN if western else None))
    best = min(found, key=lambda match: (match.chaos, -match.coherence, match.encoding != "cp1252"), default=None)
    return str(best) if best is not None else data.decode("cp1252", "replace")


def _records(text: str, separator: str) -> str:
    """A table as lines that each say what is what, so that no passage depends on the head of the table."""
    sample = text[:20_000]
    try:
        dialect: Any = csv.Sniffer().sniff(sample, delimiters=separator + ";|\t")
    except csv.Error:
        dialect = csv.excel if separator == "," else csv.excel_tab
    csv.field_size_limit(2**24)
    rows = csv.reader(io.StringIO(text, newline=""), dialect)
    head = next(rows, list[str]())
    lines = (
        "; ".join(f"{name.strip()}: {value.strip()}" if name else value.strip()
                  for name, value in itertools.zip_longest(head, row, fillvalue="") if value.strip())
        for row in rows
    )  # fmt: skip
    return "\n\n".join(line for line in lines if line) or "; ".join(head)


def _read(order: dict[str, Any]) -> dict[str, Any]:
    with open(order["path"], "rb") as file:
        start = file.read(5)
    suffix = order["name"].lower().rpartition(".")[2] if "." in order["name"] else ""
    if start == b"%PDF-":
        suffix = "pdf"
    if suffix in _PARSED:
        return _parsed(order["path"], suffix, order["tessdata"])
    with open(order["path"], "rb") as file:
        text = _decoded(file.read()).replace("\r\n", "\n").replace("\r", "\n")
    if suffix in _PAGES:
        return _page(text)
    if suffix in _TABLE:
        text = _records(text, _TABLE[suffix])
    return _answer([text], headed=suffix in _MARKDOWN)


def _parsed(path: str, suffix: str, tessdata: str) -> dict[str, Any]:
    os.environ["TESSDATA_PREFIX"] = tessdata
    kreuzberg: Any = importlib.import_module("kreuzberg")
    languages = sorted(name.partition(".")[0] for name in os.listdir(tessdata)) if tessdata else []
    if suffix in _PICTURES and not languages:
        raise _Unreadable("no-text-recognition", "reading pictures needs a model: radiant models install tesseract-eng")
    config = kreuzberg.ExtractionConfig(
        use_cache=False,
        output_format="markdown",
        enable_quality_processing=False,
        pages=kreuzberg.PageConfig(extract_pages=True),
        ocr=kreuzberg.OcrConfig(backend="tesseract", language="+".join(languages)) if languages else None,
        disable_ocr=not languages,
        concurrency=kreuzberg.ConcurrencyConfig(max_threads=1),
    )
    try:
        found = kreuzberg.extract_file_sync(path, "application/pdf" if suffix == "pdf" else None, config=config)
    except kreuzberg.KreuzbergError as error:
        said = str(error).split("\n")[0][:300]
        if "password" in said.lower() or "encrypted" in said.lower():
            raise _Unreadable("protected-document", "it is protected by a password; save it without one") from error
        raise _Unreadable("broken-document", f"it cannot be read as {suffix}: {said}") from error
    metadata: dict[str, Any] = found.metadata or {}
    title = metadata.get("title")
    if suffix not in _PAGED:
        return _answer([found.content], headed=True) | {"title": title}
    # Each page by itself, so that no passage lies on two and each is cited by its own.
    pages = [page["content"] for page in found.pages or ()]
    if not any(text.strip() for text in pages):
        pages = [found.content]
    return _answer(pages, headed=True) | {"title": title, "pages": len(pages)}


def _page(text: str) -> dict[str, Any]:
    """Of a web page what it shows: its head would come out as text."""
    kreuzberg: Any = importlib.import_module("kreuzberg")
    title = _TITLE.search(text)
    config = kreuzberg.ExtractionConfig(
        use_cache=False, output_format="markdown", enable_quality_processing=False, disable_ocr=True
    )  # fmt: skip
    found = kreuzberg.extract_bytes_sync(_HEAD.sub("", text, count=1).encode(), "text/html", config=config)
    return _answer([found.content], headed=True) | {"title": html.unescape(title[1]).strip() if title else None}


def _answer(pages: Sequence[str], *, headed: bool) -> dict[str, Any]:
    """The passages of a document's pages, or of its only part. `headed`: lines with # before them are headings."""
    splitters: Any = importlib.import_module("semantic_text_splitter")
    splitter = (splitters.MarkdownSplitter if headed else splitters.TextSplitter)(PASSAGE)
    text, passages, stack = "", list[dict[str, Any]](), list[str]()
    for number, content in enumerate(pages, 1):
        if not content.strip():
            continue
        text += "\n\n" if text else ""
        page = number if len(pages) > 1 else None
        at = 0
        for start, words in splitter.chunk_indices(content):
            # A passage stands under the headings that it begins with.
            lead = _LEADING.match(words) if headed else None
            within = start + (len(lead[0]) if lead else 0)
            stack = _under(stack, content[at:within]) if headed else stack
            at = within
            passages.append(
                {"start": len(text) + start, "end": len(text) + start + len(words), "first_page": page,
                 "last_page": page, "headings": list(stack)}
            )  # fmt: skip
        if headed:
            stack = _under(stack, content[at:])
        text += content
    if not passages:
        raise _Unreadable("empty-document", "no text was found in it")
    return {"text": text, "title": None, "pages": 0, "passages": passages}


def _under(stack: Sequence[str], text: str) -> list[str]:
    """The headings that hold after a text, the outermost first; a place for each level that was skipped is left out."""
    levels = [*stack]
    for marks, title in _HEADING.findall(text):
        levels = [*levels[: len(marks) - 1], title.strip()]
    return levels


def main() -> None:
    """Take the order, give the answer."""
    _limit()
    # What libraries print must not stand in the answer.
    answer, sys.stdout = os.fdopen(os.dup(1), "w", encoding="utf-8"), sys.stderr
    os.dup2(2, 1)
    order = json.loads(sys.stdin.readline())
    try:
        found = _read(order)
        if len(found["text"]) > order["most"]:
            raise _Unreadable("document-too-long", f"its text has more than {order['most']} characters; split it")
    except _Unreadable as error:
        found = {"slug": error.slug, "detail": error.detail}
    except MemoryError:
        found = {"slug": "document-too-long", "detail": "reading it takes more memory than a document may; split it"}
    json.dump(found, answer, ensure_ascii=True)
    answer.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
