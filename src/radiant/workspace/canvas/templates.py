"""What a new canvas begins with, by its type."""

from radiant.workspace.canvas.schemas import CanvasType, NewArtifact, Position, Size, Template


def _at(x: int, y: int, width: int, height: int) -> dict[str, Position | Size]:
    return {"position": Position(x=x, y=y), "size": Size(width=width, height=height)}


def _one(
    kind: str, title: str, content: str, place: dict[str, Position | Size], language: str | None = None
) -> NewArtifact:
    return NewArtifact.model_validate({"type": kind, "title": title, "content": content, "language": language, **place})


_ALL = (
    Template(canvas_type="general", name="Empty", description="An empty canvas.", artifacts=[]),
    Template(
        canvas_type="document", name="Document", description="A text with a list of what is open.",
        artifacts=[
            _one("markdown", "Document", "# Title\n\nWhat this is about, in two sentences.\n\n## Background\n\n## Proposal\n",
                 _at(0, 0, 640, 720)),
            _one("markdown", "Open questions", "- [ ] Who decides?\n- [ ] By when?\n", _at(664, 0, 360, 300)),
        ],
    ),
    Template(
        canvas_type="code", name="Code", description="A program, its test and notes.",
        artifacts=[
            _one("code", "main.py", 'def greet(name: str) -> str:\n    return f"Hello, {name}!"\n', _at(0, 0, 560, 420),
                 "python"),
            _one("code", "test_main.py",
                 'from main import greet\n\n\ndef test_greets_by_name():\n    assert greet("Ada") == "Hello, Ada!"\n',
                 _at(584, 0, 560, 420), "python"),
            _one("markdown", "Notes", "## What it does\n\n## How to run it\n", _at(0, 444, 560, 280)),
        ],
    ),
    Template(
        canvas_type="diagram", name="Diagram", description="A diagram and what it shows.",
        artifacts=[
            _one("mermaid", "Flow", "flowchart LR\n    A[Request] --> B{Known?}\n    B -- yes --> C[Answer]\n"
                 "    B -- no --> D[Look it up] --> C\n", _at(0, 0, 640, 420)),
            _one("markdown", "Legend", "Each box is a step; each diamond a decision.\n", _at(664, 0, 360, 240)),
        ],
    ),
    Template(
        canvas_type="dashboard", name="Dashboard", description="Figures, their data, and what follows.",
        artifacts=[
            _one("table", "Figures", "Month,Planned,Actual\nJanuary,100,96\nFebruary,110,118\nMarch,120,\n",
                 _at(0, 0, 480, 320)),
            _one("mermaid", "Course", 'xychart-beta\n    title "Actual"\n    x-axis [January, February]\n    y-axis "Units" 0 --> 150\n'
                 "    bar [96, 118]\n", _at(504, 0, 480, 320)),
            _one("json", "Settings", '{\n  "unit": "pieces",\n  "goal": 120\n}\n', _at(0, 344, 480, 200)),
            _one("markdown", "What follows", "- What is off, and why?\n- What is done about it?\n", _at(504, 344, 480, 200)),
        ],
    ),
    Template(
        canvas_type="research", name="Research", description="A question, sources, findings.",
        artifacts=[
            _one("markdown", "Question", "# Question\n\nWhat is to be found out, and what would answer it?\n",
                 _at(0, 0, 480, 280)),
            _one("table", "Sources", "Source,Year,Claim,Trust\n", _at(504, 0, 560, 280)),
            _one("markdown", "Findings", "## Agreed\n\n## Disputed\n\n## Unknown\n", _at(0, 304, 480, 360)),
            _one("mermaid", "Map", "mindmap\n  root((Question))\n    Evidence for\n    Evidence against\n",
                 _at(504, 304, 560, 360)),
        ],
    ),
    Template(
        canvas_type="presentation", name="Presentation", description="Slides in a row.",
        artifacts=[
            _one("markdown", "1 Title", "# Title\n\nName, date\n", _at(0, 0, 640, 360)),
            _one("markdown", "2 Problem", "## The problem\n\n- \n", _at(664, 0, 640, 360)),
            _one("markdown", "3 Proposal", "## What we propose\n\n- \n", _at(1328, 0, 640, 360)),
            _one("markdown", "4 Next", "## What happens next\n\n1. \n", _at(1992, 0, 640, 360)),
        ],
    ),
)  # fmt: skip
TEMPLATES: dict[CanvasType, Template] = {one.canvas_type: one for one in _ALL}
