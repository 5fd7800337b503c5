"""Names -> providers. The root makes one registry, and adds those that need more than HTTP: local, litellm."""

from collections.abc import Callable, Mapping

from radiant.ai.providers.anthropic import Anthropic
from radiant.ai.providers.azure import Azure
from radiant.ai.providers.bedrock import Bedrock
from radiant.ai.providers.google import Google
from radiant.ai.providers.openai_compatible import OpenAICompatible
from radiant.ai.providers.provider import Provider
from radiant.ai.providers.speech_only import SpeechOnly
from radiant.ai.providers.vendors import Vendor, vendors
from radiant.ai.providers.vertex import Vertex
from radiant.infra.httpclient import HttpClient

_MODULES: Mapping[str, Callable[[HttpClient, Vendor], Provider]] = {
    "openai": OpenAICompatible,
    "azure": Azure,
    "anthropic": Anthropic,
    "google": Google,
    "vertex": Vertex,
    "bedrock": Bedrock,
    "deepgram": SpeechOnly,
    "elevenlabs": SpeechOnly,
}


def build_providers(http: HttpClient) -> Mapping[str, Provider]:
    """One provider for each name of `vendors.toml`, but for those that a root makes itself."""
    return {
        name: _MODULES[vendor.protocol](http, vendor)
        for name, vendor in vendors().items()
        if vendor.protocol in _MODULES
    }
