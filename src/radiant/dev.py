"""What those who change RADIANT run: check, test, bench, lock, openapi, map. From a checkout only."""

import ast
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from radiant import web_build
from radiant.config import Settings

ROOT = Path(__file__).parent.parent.parent
SRC = ROOT / "src" / "radiant"
OPENAPI = ROOT / "web" / "openapi.json"
_LOCKS = {"base": (), "test": ("test",), "check": ("test", "check")}


def _tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _run(name: str, command: list[str]) -> bool:
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(f"{'ok  ' if done.returncode == 0 else 'FAIL'}  {name:<14} {time.monotonic() - started:5.1f} s", flush=True)
    if done.returncode != 0:
        print((done.stdout + done.stderr).strip(), flush=True)
    return done.returncode == 0


def check(*, fix: bool) -> int:
    """Everything that can be known without running the tests; 0 where all is well."""
    if fix:
        _run("format", [_tool("ruff"), "format", "src", "tests", "bench"])
        _run("lint --fix", [_tool("ruff"), "check", "--fix", "src", "tests", "bench"])
    results = [
        _run("format", [_tool("ruff"), "format", "--check", "src", "tests", "bench"]),
        _run("lint", [_tool("ruff"), "check", "src", "tests", "bench"]),
        _run("imports", [_tool("lint-imports"), "--config", ".importlinter"]),
        _run("dead code", [_tool("vulture")]),
        _run("dependencies", [_tool("deptry"), "src"]),
        _run("types", [_tool("basedpyright")]),
        _run("openapi", [sys.executable, "-m", "radiant", "openapi", "--check"]),
        _check_page(),
    ]
    return 0 if all(results) else 1


def _check_page() -> bool:
    started = time.monotonic()
    try:
        web_build.install_packages(everything=True)
        if web_build.needed():
            web_build.build(lambda _: None)
        web_build.npm("run", "check")
        web_build.npm("test")
        failure = ""
    except web_build.BuildFailed as error:
        failure = str(error)
    print(f"{'FAIL' if failure else 'ok  '}  {'page':<14} {time.monotonic() - started:5.1f} s", flush=True)
    if failure:
        print(failure, flush=True)
    return not failure


def _chromium() -> bool:
    """Whether there is a browser; installs Debian's where that is possible."""
    if shutil.which("chromium"):
        return True
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium for the tests of the page", flush=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(command, env=environment, capture_output=True, check=False)
    return shutil.which("chromium") is not None


def test(*, everything: bool, arguments: list[str]) -> int:
    """Run the tests with pytest on two workers; its exit code."""
    marks = [] if everything else ["not long"]
    if not _chromium():
        print("No Chromium here and none could be installed (apt install chromium): tests of the page are left out.")
        marks.append("not browser")
    elif web_build.needed():
        print("Building the page", flush=True)
        web_build.build(lambda _: None)
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "-q"]
    if marks:
        command += ["-m", " and ".join(marks)]
    if everything:
        # One of thousands that lost a race would keep out all else; it is named, and is a fault to be mended.
        command += ["--reruns", "1"]
    return subprocess.run([*command, *arguments], cwd=ROOT, check=False).returncode


def bench(name: str | None, arguments: list[str]) -> int:
    """Run bench/<name>.py; its exit code, 1 where a goal is missed."""
    found = {path.stem: path for path in sorted((ROOT / "bench").glob("*.py")) if not path.stem.startswith("_")}
    if name is None or name not in found:
        for stem, path in found.items():
            print(f"{stem:<20} {_first_line(path)}")
        return 0 if name is None else 2
    return subprocess.run([sys.executable, str(found[name]), *arguments], cwd=ROOT, check=False).returncode


def lock() -> int:
    """Compile pyproject.toml to hash-locked requirement files that name no index, and the page's lock likewise."""
    smaller: str | None = None
    for name, extras in _LOCKS.items():
        command = [
            _tool("uv"), "pip", "compile", "-q", "--python-version", "3.11", "--universal", "--generate-hashes",
            "--no-annotate", "--no-header", "pyproject.toml", "-o", f"requirements/{name}.txt",
        ]  # fmt: skip
        for extra in extras:
            command += ["--extra", extra]
        if smaller is not None:
            # A package that both hold has one version, though each file keeps to what it says already.
            command += ["--constraints", f"requirements/{smaller}.txt"]
        if not _run(f"lock {name}", command):
            return 1
        smaller = name
    web_build.npm("install", "--package-lock-only", "--ignore-scripts")
    web_build.script("scripts/prune-lock.mjs")
    return 0


def openapi(*, only_check: bool) -> int:
    """Write web/openapi.json, from which the page's client is generated; or tell whether it differs."""
    from radiant.api import build_api

    described = json.dumps(build_api(Settings()).openapi(), indent=1, sort_keys=True) + "\n"
    if only_check:
        if OPENAPI.exists() and OPENAPI.read_text() == described:
            return 0
        print("web/openapi.json is not what the server describes: run ./radiant openapi, and npm run api in web/")
        return 1
    OPENAPI.write_text(described)
    print(f"{OPENAPI.relative_to(ROOT)} written")
    return 0


def _first_line(path: Path) -> str:
    doc = ast.get_docstring(ast.parse(path.read_text())) or ""
    return doc.splitlines()[0] if doc else ""


def house_map() -> str:
    """Every wing and slice with its purpose and its lines of code and tests."""
    lines: list[str] = []
    for wing in ("doors", "workspace", "ai", "foundation", "http", "infra", "kit"):
        lines.append(f"{wing:<34} {_lines(SRC / wing):>6} lines   {_first_line(SRC / wing / '__init__.py')}")
        for slice_ in sorted(path for path in (SRC / wing).iterdir() if (path / "__init__.py").exists()):
            tests = _lines(ROOT / "tests" / wing / slice_.name)
            purpose = _first_line(slice_ / "__init__.py")
            lines.append(f"  {slice_.name:<32} {_lines(slice_):>6} lines {tests:>6} of tests   {purpose}")
    return "\n".join(lines)


def _lines(folder: Path) -> int:
    return sum(len(path.read_text().splitlines()) for path in folder.rglob("*.py"))
