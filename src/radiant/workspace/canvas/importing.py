"""Files as canvases: what was exported here (ZIP, JSON), and files of known kinds. All of it is looked at before it is taken."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from radiant.workspace.canvas.problems import BadArtifact, BadImport
from radiant.workspace.canvas.schemas import (
    MOST_BODY,
    MOST_TITLE,
    ArtifactType,
    CanvasType,
    ImportedArtifact,
    Provenance,
)
from radiant.workspace.canvas.templates import TEMPLATES
from radiant.workspace.canvas.validating import check, check_language

FORMAT = "radiant-canvas"
MANIFEST = "canvas.json"
_MOST_BYTES = 20_000_000
_MOST_UNPACKED = 20_000_000
_MOST_FILES = 600
_MOST_ARTIFACTS = 500
_MOST_RATIO = 200
_TYPES: Mapping[str, ArtifactType] = {
    "md": "markdown", "markdown": "markdown", "html": "html", "htm": "html", "svg": "svg", "csv": "table",
    "json": "json", "mmd": "mermaid", "mermaid": "mermaid",
}  # fmt: skip
_LANGUAGES: Mapping[str, str] = {
    "txt": "text", "py": "python", "js": "javascript", "mjs": "javascript", "ts": "typescript", "tsx": "tsx",
    "jsx": "jsx", "rs": "rust", "go": "go", "rb": "ruby", "java": "java", "kt": "kotlin", "c": "c", "h": "c", "cpp": "cpp",
    "hpp": "cpp", "cs": "csharp", "php": "php", "sh": "bash", "sql": "sql", "css": "css", "scss": "scss", "yaml": "yaml",
    "yml": "yaml", "toml": "toml", "ini": "ini", "xml": "xml", "tex": "latex", "r": "r", "jl": "julia", "lua": "lua",
    "pl": "perl", "swift": "swift", "scala": "scala", "hs": "haskell", "ex": "elixir", "dart": "dart", "vue": "vue",
}  # fmt: skip


class _Exported(BaseModel):
    """As it is written by `exporting`."""

    model_config = ConfigDict(extra="ignore")

    format: str
    canvas_name: str = Field(default="", max_length=200)
    canvas_type: str = "general"
    artifacts: list[ImportedArtifact] = Field(max_length=_MOST_ARTIFACTS)
    provenance: dict[str, Provenance] = Field(default={}, max_length=5000)


@dataclass(slots=True)
class Read:
    """What a file holds."""

    name: str
    artifacts: list[ImportedArtifact]
    canvas_type: CanvasType = "general"
    provenance: dict[str, Provenance] = field(default_factory=dict[str, Provenance])


def digest(data: bytes) -> str:
    """What two files have in common that are the same."""
    return hashlib.sha256(data).hexdigest()


def read(filename: str, data: bytes) -> Read:
    """A canvas of a file. Raises BadImport. Takes up to a second of CPU."""
    if len(data) > _MOST_BYTES:
        raise BadImport(f"file: at most {_MOST_BYTES:,} bytes")
    path = PurePosixPath(filename.replace("\\", "/"))
    ending = path.suffix.lower().lstrip(".")
    if data[:4] == b"PK\x03\x04" or ending == "zip":
        return _zip(path.stem, data)
    text = _text(path.name, data)
    if ending == "json" and (found := _ours(text)) is not None:
        return found
    return Read(_name(path.stem), [_single(path.name, ending, text)])


def _ours(text: str) -> Read | None:
    """A canvas of ours; None where the JSON is something else."""
    try:
        held: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(held, dict) or held.get("format") != FORMAT:  # pyright: ignore[reportUnknownMemberType]
        return None
    try:
        exported = _Exported.model_validate(held)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadImport(f"file: {place}: {first['msg']}") from error
    for number, one in enumerate(exported.artifacts, 1):
        _check(one, f"artifact {number}")
    kind = exported.canvas_type
    known: CanvasType = kind if kind in TEMPLATES else "general"  # pyright: ignore[reportAssignmentType]
    return Read(_name(exported.canvas_name), exported.artifacts, known, exported.provenance)


def _zip(stem: str, data: bytes) -> Read:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = [one for one in archive.infolist() if not one.is_dir()]
            if len(files) > _MOST_FILES:
                raise BadImport(f"file: at most {_MOST_FILES} files in a ZIP; this has {len(files):,}")
            unpacked = sum(one.file_size for one in files)
            if unpacked > _MOST_UNPACKED or unpacked > max(len(data) * _MOST_RATIO, 1_000_000):
                raise BadImport(f"file: the ZIP would unpack to {unpacked:,} bytes, which is more than is taken")
            read_bytes = {one.filename: _unpack(archive, one) for one in files}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise BadImport(f"file: no ZIP that can be read: {error}") from error
    if MANIFEST in read_bytes:
        found = _ours(_text(MANIFEST, read_bytes[MANIFEST]))
        if found is None:
            raise BadImport(f"file: its {MANIFEST} is no canvas")
        return found
    artifacts = [
        _single(PurePosixPath(name).name, PurePosixPath(name).suffix.lower().lstrip("."), _text(name, held))
        for name, held in sorted(read_bytes.items())
        if not PurePosixPath(name).name.startswith(".") and not name.startswith("__MACOSX/")
    ]
    if not 1 <= len(artifacts) <= _MOST_ARTIFACTS:
        raise BadImport(
            f"file: the ZIP holds {len(artifacts)} files that could be artifacts; 1 to {_MOST_ARTIFACTS} are taken"
        )
    return Read(_name(stem), artifacts)


def _unpack(archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> bytes:
    # What it says of its size may be a lie.
    with archive.open(one) as opened:
        data = opened.read(one.file_size + 1)
    if len(data) > one.file_size:
        raise BadImport(f"file: {one.filename[:100]} unpacks to more than it says")
    return data


def _single(name: str, ending: str, text: str) -> ImportedArtifact:
    kind: ArtifactType = _TYPES.get(ending, "code")
    try:
        one = ImportedArtifact(
            type=kind, title=name[:MOST_TITLE], content=text,
            language=_LANGUAGES.get(ending, "text") if kind == "code" else None,
        )  # fmt: skip
    except ValidationError as error:
        raise BadImport(f"file: {name[:100]} takes at most {MOST_BODY:,} characters, and none that is NUL") from error
    _check(one, name[:100])
    return one


def _check(one: ImportedArtifact, what: str) -> None:
    try:
        check(one.type, one.content)
        check_language(one.language)
    except BadArtifact as problem:
        raise BadImport(f"file: {what}: {problem.detail}") from problem


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadImport(f"file: {name[:100]} is no text in UTF-8") from error


def _name(said: str) -> str:
    return "".join(one for one in said if one.isprintable()).strip()[:200] or "Imported"
