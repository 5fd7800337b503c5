"""Who writes in a room."""

from dataclasses import dataclass

from radiant.kit.ids import TenantId, UserId

# Dark enough for white letters on them (4.5:1), apart from each other in hue.
COLOURS = ("#b3261e", "#9a4600", "#6d5e00", "#386a20", "#006b5c", "#00658f", "#3f51b5", "#7b3ea8", "#a4327f", "#5d5d66")


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: a person, or a model (`model`: its id) that writes for them."""

    tenant_id: TenantId
    user_id: UserId
    name: str
    model: str | None = None
