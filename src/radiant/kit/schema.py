"""What JSON is read by."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_MOST_METADATA = 64 * 1024


class Strict(BaseModel):
    """What is read, and must hold nothing else: a misspelt field is said, not ignored."""

    model_config = ConfigDict(extra="forbid")


def _bounded(metadata: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(metadata)) > _MOST_METADATA:
        raise ValueError(f"metadata takes at most {_MOST_METADATA:,} characters as JSON; keep the rest elsewhere")
    return metadata


Metadata = Annotated[dict[str, Any], Field(max_length=100), AfterValidator(_bounded)]
"""Facts that callers keep with a thing: an object of JSON."""
