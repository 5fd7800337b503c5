"""A tree of words as Markdown in which nothing of it can be more than it is."""

import re
from collections.abc import Sequence

from radiant.kit.prose import Tree

_MARKS = re.compile(r"([\\`*_\[\]<>&|~$#^])")
_AT_START = re.compile(r"^(\s*)(?:([-+=:>])|(\d{1,9})([.)]))")
_RUNS = re.compile(r"`+")


def escaped(text: str) -> str:
    """Words on one line that say what they say: no emphasis, link, reference, HTML or formula."""
    return _MARKS.sub(r"\\\1", " ".join(text.split("\n")))


def at_start(line: str) -> str:
    """A line that begins no list, heading, quote or code."""
    return _AT_START.sub(lambda m: f"\\{m[2]}" if m[2] else f"{m[3]}\\{m[4]}", line.lstrip(" \t"))


def code_span(text: str) -> str:
    """The text in a code span."""
    text = " ".join(text.split())
    ticks = "`" * (max((len(run) for run in _RUNS.findall(text)), default=0) + 1)
    pad = " " if text[:1] in ("`", "") or text[-1:] == "`" else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def fenced(text: str) -> list[str]:
    """The lines of a code block that ends where the text does."""
    fence = "`" * max(3, max((len(run) for run in _RUNS.findall(text)), default=0) + 1)
    return [fence, *text.split("\n"), fence]


def words(parts: Sequence[Tree]) -> str:
    """One paragraph's words; a break within is a line of its own."""
    found: list[str] = []
    for part in parts:
        match part["is"]:
            case "text":
                found.append(escaped(part["text"]))
            case "code":
                found.append(code_span(part["text"]))
            case "break":
                found.append("\\\n")
            case "link":
                found.append(f"[{words(part['of']) or escaped(part['to'])}](<{part['to'].replace(chr(92), '%5C')}>)")
            case kind:
                found.append(_wrapped(words(part["of"]), "**" if kind == "strong" else "*"))
    return "".join(found)


def _wrapped(text: str, mark: str) -> str:
    # A mark beside a space is none.
    inner = text.strip()
    if not inner:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{mark}{inner}{mark}{after}"


def lines(blocks: Sequence[Tree]) -> list[str]:
    """The blocks as lines, an empty one between two."""
    found: list[str] = []
    for block in blocks:
        if found:
            found.append("")
        match block["is"]:
            case "words":
                found += [at_start(line) for line in words(block["of"]).split("\n")]
            case "code":
                found += fenced(block["text"])
            case "quote":
                found += quoted(block["of"])
            case "table":
                found += table([[_cell(words(cell)) for cell in row] for row in block["of"]])
            case _:
                for number, item in enumerate(block["of"], block["start"]):
                    mark = f"{number}. " if block["ordered"] else "- "
                    first, *rest = lines(item) or [""]
                    found += [mark + first, *(" " * len(mark) + line if line else "" for line in rest)]
    return found


def quoted(blocks: Sequence[Tree]) -> list[str]:
    """The blocks as a quotation: what is somebody else's word looks so."""
    return [f"> {line}".rstrip() for line in lines(blocks)]


def _cell(text: str) -> str:
    # Escaped words hold no bare bar; a code span may.
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.replace("\\\n", " ").split()))


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells, the first one its head."""
    if not rows:
        return []
    width = max(len(row) for row in rows)
    head, *rest = [[*row, *[""] * (width - len(row))] for row in rows]
    drawn = [head, ["---"] * width, *rest]
    return [f"| {' | '.join(row)} |" for row in drawn]
