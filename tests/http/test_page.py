"""The built page: its index for every path of the app, its hashed files for ever, and nothing besides."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from radiant import page
from radiant.http.handlers import install_problem_handlers
from tests.http.asgi import call
from tests.kit.server import Server

INDEX = b"<!doctype html><title>RADIANT</title>"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_bytes(INDEX)
    (folder / "favicon.svg").write_bytes(b"<svg/>")
    (folder / "diagram.html").write_bytes(b"<!doctype html><title>Diagrams</title>")
    (folder / "artifact.html").write_bytes(b"<!doctype html><title>Artifact</title>")
    (folder / "assets" / "index-abc123.js").write_bytes(b"run()")
    (tmp_path / "secret.txt").write_bytes(b"hunter2")
    monkeypatch.setattr(page, "FOLDER", folder)
    made = FastAPI()
    page.mount(made)
    install_problem_handlers(made)
    return made


@pytest.mark.parametrize("path", ["/", "/chats", "/chats/0189", "/settings/keys", "/a/b/c.d", "/apiary", "/v1x"])
async def test_every_path_of_the_app_is_its_index_and_is_asked_for_again(app: FastAPI, path: str) -> None:
    reply = await call(app, "GET", path)
    assert (reply.status, reply.body) == (200, INDEX)
    assert reply.headers["content-type"].startswith("text/html")
    assert reply.headers["cache-control"] == "no-cache"


async def test_hashed_files_are_kept_for_ever_and_others_asked_for_again(app: FastAPI) -> None:
    asset = await call(app, "GET", "/assets/index-abc123.js")
    assert (asset.status, asset.body) == (200, b"run()")
    assert "immutable" in asset.headers["cache-control"]
    assert "javascript" in asset.headers["content-type"]
    icon = await call(app, "GET", "/favicon.svg")
    assert (icon.body, icon.headers["cache-control"]) == (b"<svg/>", "no-cache")


async def test_a_file_that_is_not_there_is_404_and_not_kept(app: FastAPI) -> None:
    reply = await call(app, "GET", "/assets/index-000000.js")
    assert reply.status == 404
    assert "immutable" not in reply.headers.get("cache-control", "")


@pytest.mark.parametrize("path", ["/api/x", "/api/", "/api", "/v1/x", "/v1", "/api/chats/x/y"])
async def test_an_unknown_endpoint_is_a_problem_and_no_page(app: FastAPI, path: str) -> None:
    reply = await call(app, "GET", path)
    assert reply.status == 404
    assert reply.headers["content-type"] == "application/problem+json"
    assert path in reply.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/assets/../../secret.txt", "/assets/..%2f..%2fsecret.txt", "/..%2fsecret.txt",
        "/assets//etc/passwd", "//etc/passwd", "/assets/%2e%2e/%2e%2e/secret.txt", "/..\\secret.txt", "/.built-from/..",
        "/assets/\x00", "/\x00.js",
    ],
)  # fmt: skip
async def test_nothing_outside_the_folder_is_served(app: FastAPI, path: str) -> None:
    reply = await call(app, "GET", path)
    assert b"hunter2" not in reply.body
    assert b"root:" not in reply.body
    assert reply.status == 404 or reply.body == INDEX


async def test_a_head_has_no_body_and_a_post_is_not_for_pages(app: FastAPI) -> None:
    assert (await call(app, "HEAD", "/chats")).body == b""
    assert (await call(app, "POST", "/chats")).status == 404


async def test_a_page_that_is_not_built_says_so(app: FastAPI) -> None:
    (page.FOLDER / "index.html").unlink()
    reply = await call(app, "GET", "/")
    assert reply.status == 503
    assert b"./radiant up" in reply.body


async def test_a_change_of_an_unknown_path_is_not_found_and_of_a_known_one_not_allowed(server: Server) -> None:
    client = server.anonymous()
    unknown = await client.post("/api/nothing/here", {})
    assert (unknown.status, unknown.headers["Content-Type"]) == (404, "application/problem+json")
    known = await client.put("/api/chats", {})
    assert (known.status, known.headers["Content-Type"]) == (405, "application/problem+json")


async def test_diagrams_are_drawn_without_an_origin_a_network_or_scripts_of_theirs(app: FastAPI) -> None:
    reply = await call(app, "GET", "/diagram.html")
    policy = dict(part.strip().partition(" ")[::2] for part in reply.headers["content-security-policy"].split(";"))
    assert policy["sandbox"] == "allow-scripts"
    assert (policy["default-src"], policy["script-src"]) == ("'none'", "'self'")
    assert policy["frame-ancestors"] == "'self'"
    assert "content-security-policy" not in (await call(app, "GET", "/chats")).headers


async def test_f23_3_artifacts_run_without_an_origin_a_network_or_a_way_elsewhere(app: FastAPI) -> None:
    reply = await call(app, "GET", "/artifact.html")
    policy = dict(part.strip().partition(" ")[::2] for part in reply.headers["content-security-policy"].split(";"))
    assert policy["sandbox"] == "allow-scripts"
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    # What could reach out falls back to nothing.
    assert not {"connect-src", "frame-src", "worker-src", "object-src"} & policy.keys()
    assert all("http" not in sources and "*" not in sources for sources in policy.values())
    assert reply.headers["x-dns-prefetch-control"] == "off"
