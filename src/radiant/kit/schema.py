"""What JSON is read by."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """What is read, and must hold nothing else: a misspelt field is said, not ignored."""

    model_config = ConfigDict(extra="forbid")
