"""Query parameters of a page, and its shape in answers."""

from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

T = TypeVar("T")

Cursor = Annotated[str | None, Query(description="`next` of the page before", max_length=2000)]
Limit = Annotated[int, Query(ge=1, le=200, description="items a page")]


class PageOf(BaseModel, Generic[T]):
    """One page; `next` is null on the last."""

    items: list[T]
    next: str | None = None


class ItemsOf(BaseModel, Generic[T]):
    """A list that is always whole."""

    items: list[T]
