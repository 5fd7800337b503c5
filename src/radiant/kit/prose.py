"""What models wrote as Markdown, taken apart: a tree of a few kinds of blocks and words, in which nothing else can stand.

A block is one of these; all of it is plain JSON:

    {"is": "words", "of": [word]}               a paragraph; a heading becomes one in bold, so that it heads nothing of ours
    {"is": "code", "text": str}
    {"is": "list", "ordered": bool, "start": int, "of": [[block]]}
    {"is": "quote", "of": [block]}
    {"is": "table", "of": [[[word]]]}           rows of cells, the first one its head

and a word:

    {"is": "text", "text": str}    {"is": "code", "text": str}    {"is": "break"}
    {"is": "strong" | "emphasis", "of": [word]}    {"is": "link", "to": str, "of": [word]}     to http(s) and mail alone
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it.token import Token

Tree = dict[str, Any]

MOST = 50_000
CUT = "… (cut here; the original has all of it)"
# Controls, and marks that turn the direction of what stands around them: a text shows in the order in which it is.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_SAFE = re.compile(r"(?:https?://|mailto:)[^\s<>\"]+", re.IGNORECASE)
# Formulas are shown as they are written.
_FORMULA = re.compile(r"\\\(([^`\n]+?)\\\)|\\\[([^`]+?)\\\]|\$\$([^`]+?)\$\$")
# Deeper ones are no text that somebody wrote, and the parser would leave out what they hold.
_TOO_DEEP = re.compile(r"^(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)])){12}|^ {60}", re.MULTILINE)


def shown(text: str) -> str:
    """The text without what nobody sees, cut where it is too long."""
    clean = _UNSEEN.sub(
        "", text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    )
    return clean if len(clean) <= MOST else clean[:MOST] + CUT


def plain(text: str) -> list[Tree]:
    """Words that are shown as they are."""
    return [{"is": "text", "text": shown(text)}]


def tree(text: str) -> list[Tree]:
    """The blocks of a text. Takes some milliseconds for each ten thousand characters."""
    from markdown_it import MarkdownIt  # read when the first report is made

    text = shown(text).strip()
    if not text:
        return []
    if too_deep(text):
        return [{"is": "code", "text": text}]
    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": 60}).enable("table")
    source = _FORMULA.sub(lambda found: f"`{next(part for part in found.groups() if part).strip()}`", text)
    return _blocks(iter(reader.parse(source)), "")


def too_deep(text: str) -> bool:
    """Whether it nests deeper than anybody writes."""
    return _TOO_DEEP.search(text) is not None


def _blocks(tokens: "Iterator[Token]", until: str) -> list[Tree]:
    found: list[Tree] = []
    for token in tokens:
        if token.type == until:
            break
        match token.type:
            case "paragraph_open":
                found.append({"is": "words", "of": _inline(tokens)})
            case "heading_open":
                found.append({"is": "words", "of": [{"is": "strong", "of": _inline(tokens)}]})
            case "bullet_list_open" | "ordered_list_open":
                ordered = token.type == "ordered_list_open"
                start = int(str(token.attrGet("start") or 1))
                items = _items(tokens, token.type.replace("open", "close"))
                found.append({"is": "list", "ordered": ordered, "start": start, "of": items})
            case "blockquote_open":
                found.append({"is": "quote", "of": _blocks(tokens, "blockquote_close")})
            case "table_open":
                found.append({"is": "table", "of": _rows(tokens)})
            case "fence" | "code_block" | "html_block":
                found.append({"is": "code", "text": token.content.rstrip("\n")})
            case _:
                pass  # a rule between two paragraphs
    return found


def _items(tokens: "Iterator[Token]", until: str) -> list[list[Tree]]:
    items: list[list[Tree]] = []
    for token in tokens:
        if token.type == until:
            break
        if token.type == "list_item_open":
            items.append(_blocks(tokens, "list_item_close"))
    return items


def _rows(tokens: "Iterator[Token]") -> list[list[list[Tree]]]:
    rows: list[list[list[Tree]]] = []
    for token in tokens:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            rows[-1].append(_words(token.children or []))
    return rows


def _inline(tokens: "Iterator[Token]") -> list[Tree]:
    token = next(tokens)
    next(tokens)  # its end
    return _words(token.children or [])


_SPANS = {"strong_open": "strong", "em_open": "emphasis", "link_open": "link"}


def _words(tokens: "Sequence[Token]") -> list[Tree]:
    """Spans nest, and the parser closes each that it opens."""
    stack: list[list[Tree]] = [[]]
    for token in tokens:
        match token.type:
            case "strong_open" | "em_open" | "link_open":
                span: Tree = {"is": _SPANS[token.type], "of": []}
                if span["is"] == "link":
                    span = _link(str(token.attrGet("href") or ""))
                stack[-1].append(span)
                stack.append(span["of"])
            case "strong_close" | "em_close" | "link_close":
                stack.pop()
            case "code_inline":
                stack[-1].append({"is": "code", "text": token.content})
            case "softbreak":
                stack[-1].append({"is": "text", "text": " "})
            case "hardbreak":
                stack[-1].append({"is": "break"})
            case "image":
                # Loading it would tell its server who reads the report.
                stack[-1].append(_link(str(token.attrGet("src") or ""), token.content or "picture"))
            case _:
                if token.content:
                    stack[-1].append({"is": "text", "text": token.content})
    return stack[0]


def _link(to: str, text: str = "") -> Tree:
    words: list[Tree] = [{"is": "text", "text": text}] if text else []
    address = address_of(to)
    return {"is": "emphasis", "of": words} if address is None else {"is": "link", "to": address, "of": words}


def address_of(source: str) -> str | None:
    """An address that a report may lead to; None of anything else."""
    return source if _SAFE.fullmatch(source) else None
