"""Routers without a route that begins like the path are passed over. FastAPI tries each route of each in turn, which took
half of the CPU of a short request once there were two hundred."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.routing import Match
from starlette.types import Scope

Matches = Callable[[Scope], tuple[Match, Scope]]


def match_by_beginning(app: FastAPI) -> None:
    """Do so for every router that `app` includes by now. A router with a parameter in the first two segments of a path is
    always tried."""
    for route in app.router.routes:
        included: Any = route
        router = getattr(included, "original_router", None)
        if router is None:
            continue
        beginnings = frozenset(_beginning(each.path) for each in router.routes if hasattr(each, "path"))
        if not any("{" in beginning for beginning in beginnings):
            included.matches = partial(_matches, beginnings, included.matches)


def _beginning(path: str) -> str:
    """`/api/users` of `/api/users/{id}`."""
    return "/".join(path.split("/", 3)[:3])


def _matches(beginnings: frozenset[str], matches: Matches, scope: Scope) -> tuple[Match, Scope]:
    return matches(scope) if _beginning(scope["path"]) in beginnings else (Match.NONE, {})
