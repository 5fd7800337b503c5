"""What the shipped files declare."""

from collections import Counter

import pytest

from radiant.ai.catalog.declared import external_entries, self_hosted_entries
from radiant.ai.catalog.models import ExternalEntry, SelfHostedEntry
from radiant.ai.serving.manifest import load_manifest

EXTERNAL = [entry for entries in external_entries().values() for entry in entries]
SELF_HOSTED: list[SelfHostedEntry] = [*self_hosted_entries(), *load_manifest().model]

THIRTEEN = {
    "SAM 2 Large": "Segmentation",
    "SAM 2 Base Plus": "Segmentation",
    "SAM 2 Small": "Segmentation",
    "SAM 2 Tiny": "Segmentation",
    "XMem": "Video",
    "LaMa": "Inpainting",
    "RIFE": "Interpolation",
    "Real-ESRGAN 4x": "Upscaling",
    "Real-ESRGAN Anime": "Upscaling",
    "GFPGAN": "Face",
    "CodeFormer": "Face",
    "Background Matting V2": "Matting",
    "MODNet": "Matting",
}


def names(entry: ExternalEntry | SelfHostedEntry) -> list[str]:
    return [entry.id, *entry.aliases]


def test_no_two_models_share_a_name():
    counts = Counter(name for entry in [*EXTERNAL, *SELF_HOSTED] for name in names(entry))
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize(
    "name",
    [
        "claude-opus-4",
        "claude-sonnet-4",
        "gpt-4o",
        "o1",
        "gemini-2",
        "grok-4",
        "amazon.titan-embed-text-v1",
        "anthropic.claude-3-haiku-20240307-v1:0",
        "anthropic.claude-3-sonnet-20240229-v1:0",
    ],
)
def test_every_model_name_of_the_specification_resolves(name: str):
    assert [entry.id for entry in EXTERNAL if name in names(entry)]


def test_all_thirteen_visual_models_of_the_specification_are_there_once_in_their_category():
    found = [(entry.display_name, entry.category) for entry in SELF_HOSTED if entry.display_name in THIRTEEN]
    assert sorted(found) == sorted(THIRTEEN.items())


@pytest.mark.parametrize("entry", EXTERNAL, ids=lambda entry: entry.id)
def test_a_price_says_when_and_where_it_was_read(entry: ExternalEntry):
    prices = [entry.input_price, entry.output_price, entry.cache_read_price, entry.cache_write_price]
    if any(price is not None for price in [*prices, entry.minute_price, entry.character_price]):
        assert entry.price_date
        assert entry.price_source.startswith("https://")
    if any(price is not None for price in prices):
        assert entry.input_price is not None
        assert entry.output_price is not None
    assert all(0 <= value <= 1 for value in entry.quality.values())


def test_what_hears_is_priced_by_the_minute_and_what_speaks_by_its_characters():
    heard = [entry for entry in EXTERNAL if entry.task == "transcription"]
    said = [entry for entry in EXTERNAL if entry.task == "speech"]
    assert {entry.id for entry in heard} >= {"nova-2", "nova-3", "scribe_v1", "whisper-1", "gpt-4o-transcribe"}
    assert {entry.id for entry in said} >= {"aura-2", "eleven_multilingual_v2", "eleven_flash_v2_5", "tts-1"}
    assert all(entry.character_price is None for entry in EXTERNAL if entry.task != "speech")
    assert all(entry.minute_price is None for entry in EXTERNAL if entry.task != "transcription")
