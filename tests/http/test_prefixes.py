"""A path is tried on the routers that have a route which begins like it, and on no others."""

from typing import Any, ClassVar

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from radiant.http.prefixes import match_by_beginning
from tests.http.asgi import call


class Told(APIRoute):
    """Tells by which path it is tried."""

    tried: ClassVar[set[str]] = set()

    def matches(self, scope: Any) -> Any:
        self.tried.add(self.path)
        return super().matches(scope)


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI(openapi_url=None)
    for prefix, paths in (("/api", ("/a", "/a/{x}/y")), ("/api/ab", ("", "/{x}")), ("/{any}", ("/b/c",))):
        router = APIRouter(prefix=prefix, route_class=Told)
        for path in paths:

            async def answer(path: str = prefix + path) -> dict[str, str]:
                return {"of": path}

            router.get(path)(answer)
        app.include_router(router)
    match_by_beginning(app)
    return app


A, AB, ANY = {"/api/a", "/api/a/{x}/y"}, {"/api/ab", "/api/ab/{x}"}, {"/{any}/b/c"}


@pytest.mark.parametrize(
    ("path", "status", "of", "tried"),
    [
        ("/api/a", 200, "/api/a", {"/api/a"}),
        ("/api/a/1/y", 200, "/api/a/{x}/y", A),
        ("/api/ab", 200, "/api/ab", {"/api/ab"}),
        ("/api/ab/1", 200, "/api/ab/{x}", AB),
        ("/api/b/c", 200, "/{any}/b/c", ANY),
        ("/api/c", 404, None, ANY),
        ("/api/ab/1/2", 404, None, AB | ANY),
    ],
)
async def test_only_routers_with_its_beginning_are_tried(
    app: FastAPI, path: str, status: int, of: str | None, tried: set[str]
) -> None:
    Told.tried.clear()
    answer = await call(app, "GET", path)
    assert answer.status == status
    assert of is None or answer.json() == {"of": of}
    assert Told.tried == tried
