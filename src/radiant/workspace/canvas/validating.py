"""What an artifact's content must be, by its type. Pure."""

import json
import re
from typing import NoReturn
from xml.parsers import expat

from radiant.workspace.canvas.problems import BadArtifact
from radiant.workspace.canvas.schemas import MOST_BODY, ArtifactType
from radiant.workspace.canvas.tables import rows_of

LANGUAGES: frozenset[str] = frozenset(
    [
        "text",
        "plaintext",
        "bash",
        "sh",
        "zsh",
        "fish",
        "powershell",
        "bat",
        "c",
        "cpp",
        "c++",
        "csharp",
        "c#",
        "objective-c",
        "java",
        "kotlin",
        "scala",
        "groovy",
        "clojure",
        "go",
        "rust",
        "zig",
        "nim",
        "d",
        "swift",
        "dart",
        "javascript",
        "js",
        "jsx",
        "typescript",
        "ts",
        "tsx",
        "json",
        "json5",
        "jsonc",
        "yaml",
        "yml",
        "toml",
        "ini",
        "properties",
        "xml",
        "html",
        "vue",
        "svelte",
        "css",
        "scss",
        "sass",
        "less",
        "markdown",
        "md",
        "latex",
        "tex",
        "sql",
        "plsql",
        "graphql",
        "python",
        "py",
        "ruby",
        "rb",
        "php",
        "perl",
        "lua",
        "r",
        "julia",
        "matlab",
        "fortran",
        "pascal",
        "ada",
        "cobol",
        "lisp",
        "scheme",
        "elixir",
        "erlang",
        "elm",
        "haskell",
        "ocaml",
        "fsharp",
        "f#",
        "prolog",
        "coq",
        "lean",
        "solidity",
        "verilog",
        "vhdl",
        "assembly",
        "asm",
        "wasm",
        "dockerfile",
        "makefile",
        "make",
        "cmake",
        "nginx",
        "diff",
        "patch",
        "protobuf",
        "proto",
        "thrift",
        "terraform",
        "hcl",
        "nix",
        "vim",
        "regex",
        "csv",
        "mermaid",
        "dot",
        "http",
        "jinja",
        "handlebars",
        "pug",
        "svg",
    ]
)
DIAGRAMS: frozenset[str] = frozenset(
    [
        "graph",
        "flowchart",
        "flowchart-v2",
        "flowchart-elk",
        "sequencediagram",
        "classdiagram",
        "classdiagram-v2",
        "statediagram",
        "statediagram-v2",
        "erdiagram",
        "gantt",
        "journey",
        "pie",
        "quadrantchart",
        "requirementdiagram",
        "gitgraph",
        "c4context",
        "c4container",
        "c4component",
        "c4dynamic",
        "c4deployment",
        "mindmap",
        "timeline",
        "sankey",
        "sankey-beta",
        "xychart",
        "xychart-beta",
        "block",
        "block-beta",
        "packet",
        "packet-beta",
        "kanban",
        "architecture",
        "architecture-beta",
        "radar",
        "radar-beta",
        "treemap",
        "treemap-beta",
        "zenuml",
        "info",
    ]
)
_FRONT_MATTER = re.compile(r"\A\s*---\s*\n.*?\n---\s*(?:\n|\Z)", re.DOTALL)
_DEEPEST = 200


def check_language(language: str | None) -> None:
    """Raises BadArtifact unless it is a known one."""
    if language and language.lower() not in LANGUAGES:
        raise BadArtifact(f"language: {language!r} is not known here; take text, or one of the known ones")


def check(kind: ArtifactType, content: str) -> None:
    """Raises BadArtifact where the content is not what its type says. Nothing at all is well for every type."""
    if len(content.encode("utf-8", "surrogatepass")) > MOST_BODY:
        raise BadArtifact(f"content: at most {MOST_BODY:,} bytes; part it into several artifacts")
    if any("\ud800" <= one <= "\udfff" for one in content) if not content.isascii() else False:
        raise BadArtifact("content: holds half of a surrogate pair, which is no text")
    if not content.strip():
        return
    if kind == "json":
        _json(content)
    elif kind == "table":
        rows_of(content)
    elif kind == "svg":
        _svg(content)
    elif kind == "mermaid":
        _mermaid(content)


def problem_of(kind: ArtifactType, content: str) -> str | None:
    """Why the content is not what its type says; None where it is."""
    try:
        check(kind, content)
    except BadArtifact as problem:
        return problem.detail
    return None


def _json(content: str) -> None:
    try:
        json.loads(content, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise BadArtifact(
            f"content: no JSON: {error.msg} in line {error.lineno}, column {error.colno}",
            line=error.lineno, column=error.colno,
        ) from error  # fmt: skip
    except RecursionError as error:
        raise BadArtifact("content: the JSON is nested too deep") from error
    except ValueError as error:
        raise BadArtifact(f"content: no JSON: {error}") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no value of JSON")


def _svg(content: str) -> None:
    """Well-formed, an svg, without a document type (which could hold entities)."""
    parser = expat.ParserCreate(namespace_separator=" ")
    depth, first = 0, ""

    def begun(name: str, _: object) -> None:
        nonlocal depth, first
        first = first or name
        depth += 1
        if depth > _DEEPEST:
            raise BadArtifact("content: the SVG is nested too deep")

    def ended(_: str) -> None:
        nonlocal depth
        depth -= 1

    def declared(*_: object) -> None:
        raise BadArtifact("content: an SVG here has no document type; leave <!DOCTYPE …> out")

    parser.StartElementHandler, parser.EndElementHandler = begun, ended
    parser.StartDoctypeDeclHandler = declared
    try:
        parser.Parse(content.encode("utf-8"), True)
    except expat.ExpatError as error:
        raise BadArtifact(
            f"content: no well-formed SVG: {expat.ErrorString(error.code)} in line {error.lineno}, column"
            f" {error.offset + 1}",
            line=error.lineno, column=error.offset + 1,
        ) from error  # fmt: skip
    if first.rpartition(" ")[2] != "svg":
        raise BadArtifact(f"content: an SVG begins with <svg>, not with <{first.rpartition(' ')[2]}>")


def _mermaid(content: str) -> None:
    lines = _FRONT_MATTER.sub("", content, count=1).splitlines()
    said = next((line.strip() for line in lines if line.strip() and not line.strip().startswith("%%")), "")
    word = re.split(r"[\s;:({\[]", said, maxsplit=1)[0]
    if word.lower() not in DIAGRAMS:
        raise BadArtifact(f"content: a diagram begins with its kind, as in `flowchart LR`; {word[:40]!r} is none")
