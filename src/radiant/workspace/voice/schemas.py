"""Shapes of /api/voice. Durations in milliseconds, measured and rounded; costs in dollars."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from radiant.kit.money import Dollars

SessionType = Literal["stt", "tts", "realtime", "video"]
SoundKind = Literal["mp3", "wav", "opus", "aac", "flac", "pcm"]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$", description="as BCP 47 has it")]
VoiceId = Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$")]
ModelName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
_Text = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewVoiceSession(_Strict):
    """A session to begin. `input_format` is what will be sent (told by its bytes all the same), `output_format` what
    is answered."""

    session_type: SessionType
    title: _Text = ""
    input_format: Annotated[str, Field(max_length=20, pattern=r"^[a-z0-9_.-]+$")] | None = None
    output_format: SoundKind | None = None
    language: Language | None = Field(default=None, description="left out: found out by listening")
    voice_id: VoiceId | None = None
    chat_id: UUID | None = None


class VoiceSession(BaseModel):
    """A session with its totals."""

    id: UUID
    session_type: SessionType
    title: str
    input_format: str | None
    output_format: SoundKind | None
    language: str | None
    voice_id: str | None
    chat_id: UUID | None
    total_duration_ms: int
    total_cost: Dollars
    transcriptions: int
    synthesis: int
    created_at: datetime
    ended_at: datetime | None


WorkStatus = Literal["queued", "working", "done", "failed", "cancelled"]


class Transcription(BaseModel):
    """What was heard. `word_timestamps`: word, start and end in seconds, and what else the model told of each. A long
    recording is heard by a job: `status` says how far that is, `done_ms` how much was heard, `error` what went wrong."""

    id: UUID
    session_id: UUID
    name: str
    transcription: str
    confidence: float | None
    duration_ms: int
    word_timestamps: list[dict[str, Any]]
    language: str | None
    model: str | None
    provider: str | None
    media_type: str | None
    cost: Dollars
    asset_id: UUID | None = Field(description="its sound, as a file of the caller's")
    video_id: UUID | None = None
    status: WorkStatus = "done"
    done_ms: int = 0
    error: dict[str, Any] | None = None
    created_at: datetime


class VoiceTurn(BaseModel):
    """A turn of a spoken conversation. `question_id` and `answer_id` are messages of the session's chat; `spoken_ms` of
    the answer's sound were sent, `heard_ms` played. `speech_end_ms`: where the question ended in the sound of the
    session; the stages are counted from that moment, `cancel_ms` from the beginning of the speech that interrupted."""

    id: UUID
    session_id: UUID
    number: int
    kind: Literal["spoken", "typed"]
    question_id: UUID | None
    answer_id: UUID | None
    spoken_ms: int
    heard_ms: int
    interrupted: bool
    speech_end_ms: int
    transcript_final_ms: int | None
    first_token_ms: int | None
    first_sentence_ms: int | None
    first_audio_ms: int | None
    cancel_ms: int | None
    created_at: datetime
    ended_at: datetime | None


class NewSynthesis(_Strict):
    """A text to say. What is left out is the session's, or the model's own."""

    text: Annotated[str, Field(min_length=1, max_length=40_000, pattern=r"^[^\x00]*\S[^\x00]*$")]
    model: ModelName = "auto"
    voice_id: VoiceId | None = None
    output_format: SoundKind | None = None
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    settings: dict[Annotated[str, Field(max_length=50)], float | bool] = Field(
        default_factory=dict[str, float | bool], max_length=10, description="of the voice, by its provider's names"
    )


class Synthesis(BaseModel):
    """What was said."""

    id: UUID
    session_id: UUID
    input_text: str
    voice_id: str
    duration_ms: int
    character_count: int
    cost: Dollars
    model: str | None
    provider: str | None
    media_type: str | None
    asset_id: UUID | None = Field(description="its sound, as a file of the caller's")
    created_at: datetime


class AudioLink(BaseModel):
    """Where a sound can be read for a while, without signing in."""

    url: str
    media_type: str
    expires_at: datetime


class VoiceModel(BaseModel):
    """A model that hears or speaks. Prices in dollars: of a minute heard, of a million characters said."""

    id: str
    display_name: str
    provider: str
    local: bool
    minute_price: Dollars | None
    character_price: Dollars | None


class VoiceModels(BaseModel):
    """What the caller can use, the best first; `auto` takes them in this order."""

    hear: list[VoiceModel]
    speak: list[VoiceModel]


class VoiceOfModel(BaseModel):
    """A voice. `preview_url` where its provider has one."""

    id: str
    name: str
    model: str
    language: str | None
    description: str
    preview_url: str | None
