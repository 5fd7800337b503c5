"""Shapes of videos. Times in milliseconds from the start."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from radiant.kit.schema import Strict
from radiant.workspace.chats.schemas import Turn
from radiant.workspace.voice.schemas import ModelName, WorkStatus

_At = Annotated[int, Field(ge=0, le=24 * 3600 * 1000)]


class Video(BaseModel):
    """A video. Of the work on it: `status`, the `stage` that is done now or next, and `done_ms` of `duration_ms` of that
    stage; `error` says what went wrong, also in a try that is followed by another. `width` and `height` as it is shown."""

    id: UUID
    session_id: UUID
    name: str
    media_type: str
    duration_ms: int
    width: int
    height: int
    has_sound: bool
    has_pictures: bool
    status: WorkStatus
    stage: Literal["pictures", "sound", "done"]
    done_ms: int
    error: dict[str, Any] | None
    frames: int
    transcription_id: UUID | None
    asset_id: UUID | None = Field(description="as a file of the caller's")
    created_at: datetime


class VideoFrame(BaseModel):
    """A picture of a scene. `score`: of 0..1, how much had changed; `url` can be read until `expires_at` without signing
    in."""

    id: UUID
    at_ms: int
    score: float
    width: int
    height: int
    asset_id: UUID | None
    url: str
    expires_at: datetime


class AskVideo(Strict):
    """A question about a moment (`at_ms`), or about a stretch (`from_ms`, `to_ms`). `model` left out: the best that sees."""

    question: Annotated[str, Field(min_length=1, max_length=20_000, pattern=r"^[^\x00]*\S[^\x00]*$")]
    at_ms: _At | None = None
    from_ms: _At | None = None
    to_ms: _At | None = None
    model: ModelName | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "AskVideo":
        stretch = self.from_ms is not None and self.to_ms is not None
        if (self.at_ms is None) != stretch or (self.from_ms is None) != (self.to_ms is None):
            raise ValueError("give at_ms, or from_ms and to_ms")
        if self.from_ms is not None and self.to_ms is not None and self.from_ms >= self.to_ms:
            raise ValueError("from_ms must be before to_ms")
        return self


class SeenMoment(BaseModel):
    """A picture that the model was shown."""

    at_ms: int
    asset_id: UUID


class VideoAnswer(BaseModel):
    """The answer to come: it streams from /api/runs/{run_id}/events, and stands in the chat. `words`: what is said then."""

    chat_id: UUID
    turn: Turn
    moments: list[SeenMoment]
    words: str
