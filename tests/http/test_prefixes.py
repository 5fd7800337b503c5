"""A path is matched against the routers that have its prefix, and against no others."""

from typing import Any, ClassVar

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from radiant.http.prefixes import match_by_prefix
from tests.http.asgi import call


class Told(APIRoute):
    """Tells by which name it is tried."""

    tried: ClassVar[set[str]] = set()

    def matches(self, scope: Any) -> Any:
        self.tried.add(self.path)
        return super().matches(scope)


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI(openapi_url=None)
    for name in ("a", "ab", ""):
        router = APIRouter(prefix=f"/api/{name}" if name else "", route_class=Told)

        @router.get("/here")
        async def here(name: str = name) -> dict[str, str]:
            return {"router": name}

        app.include_router(router)
    match_by_prefix(app)
    return app


@pytest.mark.parametrize(
    ("path", "status", "router", "tried"),
    [
        ("/api/a/here", 200, "a", {"/api/a/here"}),
        ("/api/ab/here", 200, "ab", {"/api/a/here", "/api/ab/here"}),
        ("/here", 200, "", {"/here"}),
        ("/api/c/here", 404, None, {"/here"}),
    ],
)
async def test_only_routers_with_its_prefix_are_tried(
    app: FastAPI, path: str, status: int, router: str | None, tried: set[str]
) -> None:
    Told.tried.clear()
    answer = await call(app, "GET", path)
    assert answer.status == status
    assert router is None or answer.json() == {"router": router}
    assert Told.tried == tried
