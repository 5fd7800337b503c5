"""OpenTelemetry's names for calls of models, in one place: the GenAI conventions are still moving.

As of their state of 2026 (status Development): `gen_ai.provider.name` took the place of `gen_ai.system`; token usage is one
histogram told apart by `gen_ai.token.type`; durations are in seconds.
"""

from collections.abc import Mapping

SCOPE = "radiant.metrics"
OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
FINISH_REASONS = "gen_ai.response.finish_reasons"
ERROR = "error.type"
TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105

TOKEN_USAGE = "gen_ai.client.token.usage"  # noqa: S105
DURATION = "gen_ai.client.operation.duration"
FIRST_CHUNK = "gen_ai.client.operation.time_to_first_chunk"

# Bounds of buckets that the conventions recommend.
TOKEN_BOUNDS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
SECOND_BOUNDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)

# Operations by the ledger's kinds; those that have no name of their own keep ours.
OPERATIONS: Mapping[str, str] = {
    "chat": "chat", "completion": "text_completion", "embedding": "embeddings", "image": "generate_content",
}  # fmt: skip
# Providers by our names, where theirs differ.
PROVIDERS: Mapping[str, str] = {
    "bedrock": "aws.bedrock", "google": "gcp.gemini", "vertex": "gcp.vertex_ai", "azure": "azure.ai.openai",
    "mistral": "mistral_ai", "xai": "x_ai",
}  # fmt: skip
