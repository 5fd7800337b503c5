"""What makes a new value for a credential, and takes the old one out of use: a port with one module for each kind.

A rotation goes as in Secrets Manager: `propose` a value, which is stored as the pending version before anything depends
on it; `apply` it there where it is checked; `verify` that it works; then it becomes current. The former one serves on
through its grace, and is `retire`d. Where a step fails for good, `withdraw` leaves the current value as the one that works.
Each step may be done twice with the same arguments, since a worker may die after it and before that is noted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

Fields = Mapping[str, Any]
"""A credential's value by its fields: username, password, host …; a value of one text is {"value": …}."""


class RotationFailed(Exception):
    """A step did not succeed; its text is shown to managers and names no secret. Trying again may help."""


class RotationRefused(RotationFailed):
    """It will not succeed however often it is tried: something must be changed first, which the text says."""


@dataclass(frozen=True, slots=True)
class Related:
    """The value of a credential that the settings name; `secret`: the field that its type is about."""

    fields: Fields
    secret: str

    def __repr__(self) -> str:
        return "Related(…)"


@dataclass(frozen=True, slots=True)
class Rotation:
    """What every step is told. `key` is the same at each try of one rotation. `related`: what the settings name, by the
    setting's name. `inner`: private addresses may be called."""

    credential_id: UUID
    key: str
    settings: Mapping[str, Any]
    related: Mapping[str, Related] = field(default_factory=dict[str, Related])
    inner: bool = False


class Rotator(Protocol):
    """One kind of thing that checks credentials. Every step raises RotationFailed or RotationRefused."""

    @property
    def types(self) -> frozenset[str]:
        """The types of credentials that it can rotate."""
        ...

    @property
    def related(self) -> tuple[str, ...]:
        """Settings that hold the id of another credential."""
        ...

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings as they are stored. Raises Invalid, which names the one that cannot be used."""
        ...

    async def propose(self, rotation: Rotation, current: Fields) -> Fields:
        """A new value."""
        ...

    async def apply(self, rotation: Rotation, current: Fields, new: Fields) -> None:
        """Make the new value work."""
        ...

    async def verify(self, rotation: Rotation, new: Fields) -> None:
        """Use the new value once."""
        ...

    async def retire(self, rotation: Rotation, current: Fields) -> None:
        """The grace is over: what was current before works no more."""
        ...

    async def withdraw(self, rotation: Rotation, current: Fields, new: Fields) -> None:
        """Undo what was begun: the current value works, the new one does not."""
        ...


Rotators = Mapping[str, Rotator]
"""By the name that credentials choose them by; filled by the roots."""
