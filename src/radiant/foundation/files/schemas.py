"""Shapes of files."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from radiant.infra.objects import ObjectKey
from radiant.kit.ids import AssetId

# What a browser may show as it is; anything else is offered for download.
SHOWN = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "audio/mpeg", "audio/wav", "audio/ogg", "audio/flac",
     "video/mp4", "video/webm"}
)  # fmt: skip


class Asset(BaseModel):
    """A stored file. `bytes` is its length; `user_id` None: the tenant's own."""

    id: AssetId
    key: ObjectKey
    user_id: UUID | None
    shared: bool
    name: str
    media_type: str
    bytes: int
    purpose: str
    created_at: datetime

    @property
    def may_be_shown(self) -> bool:
        """Whether its type is safe to show inside the page's origin."""
        return self.media_type in SHOWN
