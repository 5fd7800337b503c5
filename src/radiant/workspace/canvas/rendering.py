"""A canvas as one page of HTML that needs nothing else, and in which no word of it is more than a word.

Markdown has no HTML, pictures become links, drawings stand in `<img>` (where scripts do not run), programs in HTML run in a
frame without an origin. The page itself has no script.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from radiant.kit import prose
from radiant.kit.money import plain_nano
from radiant.workspace.canvas.colouring import Run
from radiant.workspace.canvas.problems import BadArtifact
from radiant.workspace.canvas.schemas import ArtifactType, Provenance, Span
from radiant.workspace.canvas.tables import rows_of

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token

_MOST_ROWS = 2000
STYLE = (
    "body{font:16px/1.55 system-ui,sans-serif;color:#1c1a17;background:#fbfaf8;margin:0}"
    "main{max-width:60rem;margin:0 auto;padding:2rem 1.25rem}h1{font-size:1.6rem}section{background:#fff;border:1px solid"
    " #d8d4cd;border-radius:8px;padding:1rem 1.25rem;margin:1.25rem 0;overflow-x:auto}section>h2{font-size:1rem;margin:0 0"
    " .75rem}pre{background:#f4f2ee;padding:.75rem;border-radius:6px;overflow-x:auto;font-size:.85rem}table{border-collapse:"
    "collapse}th,td{border:1px solid #d8d4cd;padding:.25rem .6rem;text-align:left;vertical-align:top}img{max-width:100%}"
    ".k{color:#8a2a0a;font-weight:600}.s{color:#2f6413}.c{color:#6a655c;font-style:italic}.n{color:#7a3fa0}.d{color:#0f5a8f}"
    ".t{color:#8a2a0a}iframe{width:100%;height:28rem;border:1px solid #d8d4cd;border-radius:6px}blockquote{margin:0;padding-left:1rem;"
    "border-left:3px solid #d8d4cd}footer,.from{color:#57534c;font-size:.85rem}a{color:#b93a0b}"
    "@media(prefers-color-scheme:dark){body{background:#171512;color:#ece8e1}section{background:#211e1a;border-color:#3a352e}"
    "pre{background:#171512}footer,.from{color:#aaa294}th,td,iframe{border-color:#3a352e}"
    ".k,.t{color:#f2a07e}.s{color:#a5cf86}.c{color:#a19a8d}.n{color:#cfa6ea}.d{color:#8cc5ee}}"
)
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
FRAME_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:;"
    " media-src data: blob:; form-action 'none'; base-uri 'none'"
)
"""What programs in published HTML may do: compute and draw. No network."""
_LABELS: Mapping[ArtifactType, str] = {
    "code": "Code", "markdown": "Text", "mermaid": "Diagram (its source)", "html": "Page", "svg": "Drawing",
    "json": "JSON", "table": "Table",
}  # fmt: skip
_KINDS: Mapping[str, str] = {
    "chat": "an answer in a chat", "pane": "an answer in a pane", "merge": "a merge of answers",
    "reasoning": "a Think Tank session", "model": "a model's proposal", "person": "a person",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """An artifact of a page."""

    type: ArtifactType
    title: str
    content: str
    spans: Sequence[Span]
    runs: Sequence[Run] = ()
    """Of code (see `colouring`); none: all of it is plain."""


def page(
    title: str, artifacts: Sequence[Shown], provenance: Mapping[str, Provenance], *, foot: str,
    frames: str | None = None, policy: str | None = None,
) -> str:  # fmt: skip
    """The page. `frames`: where the frames of HTML are, by number; None: within the page. `policy`: a content security
    policy that the page itself states. Takes some milliseconds for each ten thousand characters."""
    parts = [_section(number, one, provenance, frames) for number, one in enumerate(artifacts)]
    stated = f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">' if policy else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{stated}'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main><h1>{escape(title)}</h1>"
        f"{''.join(parts)}<footer>{escape(foot)}</footer></main></body></html>"
    )


def frame(content: str) -> str:
    """A document of HTML as it stands in its frame: whatever it says of its own policy, this one comes first."""
    return f'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{escape(FRAME_POLICY)}">{content}'


def _section(number: int, one: Shown, provenance: Mapping[str, Provenance], frames: str | None) -> str:
    heading = escape(one.title or _LABELS[one.type])
    return f"<section><h2>{heading}</h2>{_body(number, one, frames)}{_from(one, provenance)}</section>"


def _body(number: int, one: Shown, frames: str | None) -> str:
    match one.type:
        case "markdown":
            return markdown(one.content)
        case "table":
            return _table(one.content)
        case "svg":
            data = base64.b64encode(one.content.encode("utf-8", "replace")).decode()
            return f'<img alt="{escape(one.title or "Drawing")}" src="data:image/svg+xml;base64,{data}">'
        case "html":
            place = (
                f'src="{escape(frames)}{number}"' if frames is not None else f'srcdoc="{escape(frame(one.content))}"'
            )
            return f'<iframe sandbox="allow-scripts" referrerpolicy="no-referrer" title="{escape(one.title or "Page")}" {place}></iframe>'
        case _:
            return f"<pre><code>{_coloured(one.content, one.runs)}</code></pre>"


def _coloured(content: str, runs: Sequence[Run]) -> str:
    parts: list[str] = []
    at = 0
    for length, kind in runs:
        words = escape(content[at : at + length])
        parts.append(f'<span class="{escape(kind)}">{words}</span>' if kind else words)
        at += length
    return "".join(parts) + escape(content[at:])


def _table(content: str) -> str:
    try:
        head, *rows = rows_of(content) or [[]]
    except BadArtifact:
        return f"<pre><code>{escape(content)}</code></pre>"
    cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows[:_MOST_ROWS])
    more = f"<p>{len(rows) - _MOST_ROWS:,} more rows are not shown.</p>" if len(rows) > _MOST_ROWS else ""
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table>{more}"


def _from(one: Shown, provenance: Mapping[str, Provenance]) -> str:
    counted: dict[str, int] = {}
    for span in one.spans:
        counted[span.provenance_id] = counted.get(span.provenance_id, 0) + span.end - span.start
    lines = [
        f"<li>{escape(described(provenance[name]))}: {units:,} characters</li>"
        for name, units in counted.items()
        if name in provenance
    ]
    return f'<div class="from"><p>Where it comes from:</p><ul>{"".join(lines)}</ul></div>' if lines else ""


def described(one: Provenance) -> str:
    """Where words come from, in words."""
    told = [_KINDS[one.kind]]
    told += [f"by {one.model}"] if one.model else []
    told += [f"strategy {one.strategy}"] if one.strategy else []
    told += [f"for ${plain_nano(one.cost_nano)}"] if one.cost_nano is not None else []
    told += [f"on {one.at:%Y-%m-%d}"] if one.at else []
    told += [f"run {one.run_id}"] if one.run_id else []
    told += [f"prompt {one.prompt_hash[:12]}"] if one.prompt_hash else []
    return ", ".join(told)


def markdown(text: str) -> str:
    """Markdown as HTML in which nothing else can stand."""
    if prose.too_deep(text):
        return f"<pre><code>{escape(text)}</code></pre>"
    return _reader().render(text)


def _reader() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # read when the first page is made

    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": 60}).enable(["table", "strikethrough"])
    reader.add_render_rule("link_open", _link)
    reader.add_render_rule("image", _image)
    return reader


def _link(renderer: "RendererHTML", tokens: "Sequence[Token]", index: int, options: Any, env: Any) -> str:
    del env
    token = tokens[index]
    if prose.address_of(str(token.attrGet("href") or "")) is None:
        token.attrs.pop("href", None)
    token.attrSet("rel", "noopener noreferrer nofollow")
    return renderer.renderToken(tokens, index, options, {})


def _image(renderer: "RendererHTML", tokens: "Sequence[Token]", index: int, options: Any, env: Any) -> str:
    """As a link: loading it would tell its server who reads."""
    del renderer, options, env
    token = tokens[index]
    name, to = escape(token.content or "picture"), prose.address_of(str(token.attrGet("src") or ""))
    return f'<a rel="noopener noreferrer nofollow" href="{escape(to)}">{name}</a>' if to else name
