"""What voices are called by whom, and what calls of models are labelled with."""

from radiant.ai.inference.metered import Labels
from radiant.foundation.identity.callers import Caller

DEFAULT_VOICE = "EXAVITQu4vr4xnSDxMaL"
"""The specification's, of ElevenLabs."""
VOICES = {
    "local": {DEFAULT_VOICE: "af_heart"},
    "openai": {DEFAULT_VOICE: "nova"},
    "deepgram": {DEFAULT_VOICE: "aura-2-thalia-en"},
}
"""The same voice's part, where another provider speaks."""


def labels(caller: Caller, *, streamed: bool) -> Labels:
    """Of a call for this caller."""
    return Labels(protocol="voice", streamed=streamed, request_id=caller.request_id)
