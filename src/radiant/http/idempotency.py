"""The Idempotency-Key header; what it does is in foundation/runs/idempotency."""

from typing import Annotated

from fastapi import Header

IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
