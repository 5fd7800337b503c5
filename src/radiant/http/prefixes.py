"""Routers whose prefix a path lacks are passed over. FastAPI tries each route of each in turn, which took half of the CPU of
a short request once there were two hundred."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.routing import Match
from starlette.types import Scope

Matches = Callable[[Scope], tuple[Match, Scope]]


def match_by_prefix(app: FastAPI) -> None:
    """Do so for every router that `app` includes by now."""
    for route in app.router.routes:
        included: Any = route
        prefix = getattr(getattr(included, "original_router", None), "prefix", "")
        if prefix:
            included.matches = partial(_matches, prefix, included.matches)


def _matches(prefix: str, matches: Matches, scope: Scope) -> tuple[Match, Scope]:
    return matches(scope) if scope["path"].startswith(prefix) else (Match.NONE, {})
