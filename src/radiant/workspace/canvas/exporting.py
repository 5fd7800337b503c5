"""Canvases as files: Markdown, HTML, PDF, PNG, ZIP, JSON. JSON and ZIP can be had back by importing them."""

import asyncio
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from radiant.infra.typesetting import NotSet, typeset
from radiant.kit import prose
from radiant.kit.errors import Problem
from radiant.workspace.canvas.colouring import coloured
from radiant.workspace.canvas.importing import FORMAT, MANIFEST
from radiant.workspace.canvas.problems import BadArtifact
from radiant.workspace.canvas.rendering import FRAME_POLICY, Shown, described, page
from radiant.workspace.canvas.schemas import Artifact, ArtifactType, Canvas, ExportFormat
from radiant.workspace.canvas.tables import rows_of

_TEMPLATE = Path(__file__).with_name("canvas.typ")
_SECONDS = 60.0
_MOST_ROWS = 500
_ENDINGS: Mapping[ArtifactType, str] = {
    "markdown": "md", "mermaid": "mmd", "html": "html", "svg": "svg", "json": "json", "table": "csv",
}  # fmt: skip
_CODE_ENDINGS: Mapping[str, str] = {
    "python": "py", "javascript": "js", "typescript": "ts", "rust": "rs", "go": "go", "ruby": "rb", "java": "java",
    "c": "c", "cpp": "cpp", "bash": "sh", "sql": "sql", "css": "css", "yaml": "yaml", "toml": "toml", "tsx": "tsx",
    "jsx": "jsx", "kotlin": "kt", "php": "php", "csharp": "cs", "xml": "xml", "latex": "tex", "r": "r", "julia": "jl",
    "lua": "lua", "perl": "pl", "swift": "swift", "scala": "scala", "haskell": "hs", "dart": "dart", "vue": "vue",
}  # fmt: skip
_FENCES = re.compile(r"`{3,}")
_ATTACHED = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}


class TypesettingFailed(Problem):
    """The PDF or the PNG could not be made."""

    status, slug = 503, "typesetting-failed"


@dataclass(frozen=True, slots=True)
class Made:
    """A file."""

    name: str
    media_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: _ATTACHED)


async def export(canvas: Canvas, form: ExportFormat) -> Made:
    """The canvas as a file. Raises TypesettingFailed."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", canvas.canvas_name).strip("-")[:60].lower() or "canvas"
    match form:
        case "markdown":
            return Made(
                f"{stem}.md", "text/markdown; charset=utf-8", (await asyncio.to_thread(_markdown, canvas)).encode()
            )
        case "html":
            return Made(f"{stem}.html", "text/html; charset=utf-8", (await asyncio.to_thread(_html, canvas)).encode())
        case "json":
            return Made(f"{stem}.json", "application/json", await asyncio.to_thread(_json, canvas))
        case "zip":
            return Made(f"{stem}.zip", "application/zip", await asyncio.to_thread(_zip, canvas))
        case "pdf":
            return Made(f"{stem}.pdf", "application/pdf", await _typeset(canvas, "pdf"))
        case "png":
            return Made(f"{stem}.png", "image/png", await _typeset(canvas, "png"))


def in_order(artifacts: Sequence[Artifact]) -> list[Artifact]:
    """As one reads them: by rows, from the left."""
    return sorted(artifacts, key=lambda one: (one.position.y, one.position.x, str(one.id)))


def _markdown(canvas: Canvas) -> str:
    lines = [f"# {_line(canvas.canvas_name)}"]
    for one in in_order(canvas.artifacts):
        lines += ["", f"## {_line(one.title or one.type)}", ""]
        if one.type == "markdown":
            lines.append(one.content.strip("\n"))
        elif one.type == "table":
            lines += _table(one.content)
        else:
            lines += _fenced(one.content, one.language or "" if one.type == "code" else one.type)
        if told := _sources(canvas, one):
            lines += ["", *[f"> From {line}" for line in told]]
    return "\n".join(lines) + "\n"


def _line(text: str) -> str:
    return " ".join(text.split()) or "Canvas"


def _fenced(content: str, language: str) -> list[str]:
    fence = "`" * max(3, max((len(run) for run in _FENCES.findall(content)), default=0) + 1)
    return [fence + language, content.rstrip("\n"), fence]


def _table(content: str) -> list[str]:
    try:
        rows = rows_of(content)
    except BadArtifact:
        return _fenced(content, "csv")
    if not rows:
        return []
    width = max(len(row) for row in rows)
    lines = ["| " + " | ".join(_cell(cell) for cell in [*row, *[""] * (width - len(row))]) + " |" for row in rows]
    return [lines[0], "|" + " --- |" * width, *lines[1:]]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _sources(canvas: Canvas, one: Artifact) -> list[str]:
    names = dict.fromkeys(span.provenance_id for span in one.spans)
    return [_line(described(canvas.provenance[name])) for name in names if name in canvas.provenance]


def _html(canvas: Canvas) -> str:
    shown = [Shown(one.type, one.title, one.content, one.spans, coloured(one)) for one in in_order(canvas.artifacts)]
    foot = f"Version {canvas.version}, {canvas.updated_at:%Y-%m-%d %H:%M} UTC."
    # What a frame without an address of its own is forbidden is what the page is; the page has no scripts to allow.
    return page(canvas.canvas_name, shown, canvas.provenance, foot=foot, policy=FRAME_POLICY)


def _json(canvas: Canvas) -> bytes:
    wanted = {"type", "title", "content", "language", "position", "size", "z_index", "is_collapsed", "spans"}
    held = {
        "format": FORMAT, "canvas_name": canvas.canvas_name, "canvas_type": canvas.canvas_type, "version": canvas.version,
        "artifacts": [one.model_dump(mode="json", include=wanted) for one in canvas.artifacts],
        "provenance": {name: one.model_dump(mode="json", exclude_none=True) for name, one in canvas.provenance.items()},
    }  # fmt: skip
    return json.dumps(held, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def _zip(canvas: Canvas) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, _json(canvas))
        for number, one in enumerate(in_order(canvas.artifacts), 1):
            stem = re.sub(r"[^A-Za-z0-9.]+", "-", one.title).strip("-.")[:60] or one.type
            ending = _ENDINGS.get(one.type) or _CODE_ENDINGS.get(one.language or "", "txt")
            stem = stem.removesuffix(f".{ending}")
            archive.writestr(f"{number:03d}-{stem}.{ending}", one.content.encode("utf-8", "replace"))
    return written.getvalue()


async def _typeset(canvas: Canvas, form: Literal["pdf", "png"]) -> bytes:
    files = {
        f"{number}.svg": one.content.encode("utf-8", "replace")
        for number, one in enumerate(in_order(canvas.artifacts))
        if one.type == "svg" and one.problem is None and one.content.strip()
    }
    try:
        try:
            return await _set(canvas, form, files)
        except NotSet:
            if not files:
                raise
            # A drawing that the typesetter does not take is shown by its source.
            return await _set(canvas, form, {})
    except NotSet as error:
        raise TypesettingFailed(f"the {form.upper()} {error}; take the canvas as HTML or as Markdown") from error


async def _set(canvas: Canvas, form: Literal["pdf", "png"], files: Mapping[str, bytes]) -> bytes:
    outline = await asyncio.to_thread(lambda: json.dumps(_outline(canvas, form, files)).encode())
    return await typeset(_TEMPLATE, outline, form, _SECONDS, files)


def _outline(canvas: Canvas, form: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    for number, one in enumerate(in_order(canvas.artifacts)):
        part: dict[str, Any] = {
            "title": prose.shown(_line(one.title or one.type)), "picture": None, "blocks": [],
            "from": [prose.shown(line) for line in _sources(canvas, one)],
        }  # fmt: skip
        if f"{number}.svg" in files:
            part["picture"] = f"{number}.svg"
        elif one.type == "markdown":
            part["blocks"] = prose.tree(one.content)
        elif one.type == "table" and one.problem is None:
            rows = rows_of(one.content)[:_MOST_ROWS]
            part["blocks"] = (
                [{"is": "table", "of": [[prose.plain(cell) for cell in row] for row in rows]}] if rows else []
            )
        else:
            part["blocks"] = [{"is": "code", "text": prose.shown(one.content)}]
        parts.append(part)
    return {
        "title": prose.shown(_line(canvas.canvas_name)), "form": form, "parts": parts,
        "foot": f"Version {canvas.version}, {canvas.updated_at:%Y-%m-%d %H:%M} UTC",
    }  # fmt: skip
