"""People who read: the five clips of the tests, and two that a package carries (79 s, 201 words in all)."""

from tests.kit.fixtures import models_root
from tests.kit.speech import Clip, clips, read_wav

from radiant.ai.serving.manifest import Manifest, ManifestModel, ModelFile, WheelPart
from radiant.ai.serving.packs import ModelStore
from radiant.ai.speech.resampling import Resampler

_WHEEL = ("moonshine-voice", "0.0.49", "03edc378e5236832421ccd382b267e43b95af8008137ad6643f5baf5ba31b579")
_SET = "moonshine-clips"
# Charles Dickens, A Tale of Two Cities; Samuel Beckett, Worstward Ho.
_SAID = {
    "two_cities.wav": (
        "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it"
        " was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of"
        " Darkness, it was the spring of hope, it was the winter of despair, we had everything before us, we had nothing"
        " before us, we were all going direct to Heaven, we were all going direct the other way: in short, the period was"
        " so far like the present period, that some of its noisiest authorities insisted on its being received, for good"
        " or for evil, in the superlative degree of comparison only."
    ),
    "beckett.wav": "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better.",
}
_FILES = (
    ("two_cities.wav", 4_260_326, "f3348494d77cb74a02862f5e685ed09faf3e75832c5cc5c80703282c2cd8b52e", 48_000),
    ("beckett.wav", 318_978, "e5a26b3d29e5b0bc8dbd72c11d16a3808a4ec0ac45b21f12a27d2a2fe5c5ae61", 16_000),
)


def readers() -> list[Clip]:
    """All seven. Blocks: the first time a wheel of 85 MB is fetched. Raises InstallFailed."""
    files = [
        ModelFile(name, size, digest, [WheelPart(*_WHEEL, f"moonshine_voice/assets/{name}")])
        for name, size, digest, _ in _FILES
    ]
    of = ManifestModel(
        id=_SET, display_name=_SET, category="speech", task="transcription", runtime="none", license="MIT", memory_mb=0,
        file=files,
    )  # fmt: skip
    store = ModelStore(models_root(), manifest=Manifest(packs={}, model=[of]), use=("package",))
    store.install(_SET)
    further = [
        Clip(name, Resampler(rate).feed(read_wav(store.path(_SET, name), rate)), _SAID[name])
        for name, _, _, rate in _FILES
    ]
    return [*clips(), *further]
