"""An upstream's error answer -> our typed error. One reading of the many shapes that the protocols use."""

import email.utils
import time
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from radiant.ai.providers.errors import (
    ContentFiltered,
    ContextTooLong,
    UpstreamBadCredentials,
    UpstreamBadRequest,
    UpstreamBroken,
    UpstreamError,
    UpstreamModelNotFound,
    UpstreamOverloaded,
    UpstreamQuotaExhausted,
    UpstreamRateLimited,
    UpstreamTimeout,
)
from radiant.ai.providers.provider import Connection
from radiant.kit.text import shorten

_TOO_LONG = (
    "context_length_exceeded",
    "exceed_context_size",
    "maximum context length",
    "prompt is too long",
    "context window",
    "available context size",
    "exceed context limit",
    "too many tokens",
    "exceeds the maximum number of tokens",
    "input is too long",
)
# What an error says of itself, where its status says nothing (an event in mid-stream).
_STATUS_OF = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
    # Amazon's names, as header of an answer and as kind of an event.
    "accessdeniedexception": 403,
    "expiredtokenexception": 403,
    "internalserverexception": 500,
    "modelerrorexception": 500,
    "modelnotreadyexception": 503,
    "modelstreamerrorexception": 500,
    "modeltimeoutexception": 504,
    "resourcenotfoundexception": 404,
    "servicequotaexceededexception": 429,
    "serviceunavailableexception": 503,
    "throttlingexception": 429,
    "unrecognizedclientexception": 403,
    "validationexception": 400,
}


def failure_of(connection: Connection, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamError:
    """The error that an answer of `status` means."""
    try:
        document: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        document = None
    return _failure(connection, status, headers, document)


def failure_in_stream(connection: Connection, document: Any) -> UpstreamError:
    """The error that an event means: `{"error": …}`, inside a stream that had begun with 200."""
    error = _error_of(document)
    declared = error.get("code")
    kind = str(error.get("type"))
    status = _STATUS_OF.get(kind.lower(), _STATUS_OF.get(str(declared), 500))
    if isinstance(declared, int) and 400 <= declared < 600:
        status = declared
    return _failure(connection, status, {}, document)


def _failure(connection: Connection, status: int, headers: Mapping[str, str], document: Any) -> UpstreamError:
    # Amazon names the error in a header: "ThrottlingException:http://…".
    named = str(headers.get("x-amzn-errortype") or headers.get("x-amzn-ErrorType") or "").partition(":")[0].lower()
    status = _STATUS_OF.get(named, status)
    provider = connection.provider
    error = _error_of(document)
    codes = f"{error.get('code')} {error.get('type')} {error.get('status')}"
    reasons, delay = _google_details(error)
    wait = _retry_after(headers)
    wait = delay if wait is None else wait
    words = _words(connection, document, error)
    said = f": {words}" if words else ""
    facts: dict[str, Any] = {"provider": provider, "upstream_status": status}
    if status == 402 or "insufficient_quota" in codes or "quota_exceeded" in codes or "billing" in codes:
        return UpstreamQuotaExhausted(f"the account at {provider} has no credit left", **facts)
    if status == 403 and "access to the model" in words.lower():
        return UpstreamModelNotFound(f"{provider} does not open that model to this account{said}", **facts)
    if status in (401, 403) or "API_KEY_INVALID" in reasons:
        # Its own words may quote the key; ours name who has to mend it. Those of a token endpoint name what is wrong
        # with the client.
        told = said if error.get("error_description") else ""
        return UpstreamBadCredentials(f"{provider} refused the key that is set for it (HTTP {status}){told}", **facts)
    if status == 429:
        return UpstreamRateLimited(f"{provider} asks for fewer requests{said}", retry_after=wait, **facts)
    if status in (503, 529) or "overloaded" in codes:
        return UpstreamOverloaded(f"{provider} has too much to do just now", retry_after=wait, **facts)
    if status in (408, 504) or "DEADLINE_EXCEEDED" in codes:
        return UpstreamTimeout(f"{provider} gave up waiting for its own model", **facts)
    if status >= 500 or status == 424:
        return UpstreamBroken(f"{provider} failed (HTTP {status})", retry_after=wait, **facts)
    if status == 404 or "model_not_found" in codes:
        return UpstreamModelNotFound(f"{provider} does not offer that{said or ' model to this key'}", **facts)
    if any(mark in f"{codes} {words}".lower() for mark in _TOO_LONG):
        return ContextTooLong(f"{provider} cannot hold so long a conversation{said}", **facts)
    if "content_filter" in codes:
        return ContentFiltered(f"{provider} filtered the prompt{said}", **facts)
    if 300 <= status < 400:
        return UpstreamBroken(f"{provider} sends us elsewhere (HTTP {status}); check its base URL", **facts)
    return UpstreamBadRequest(f"{provider} cannot take this request{said or f' (HTTP {status})'}", **facts)


def _google_details(error: dict[str, Any]) -> tuple[str, float | None]:
    """From google.rpc.Status: the reasons of its ErrorInfo, and the seconds of its RetryInfo."""
    details = error.get("details")
    reasons, delay = "", None
    for item in cast("list[Any]", details) if isinstance(details, list) else []:
        detail = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
        kind = str(detail.get("@type", ""))
        if kind.endswith("google.rpc.ErrorInfo"):
            reasons += f"{detail.get('reason')} "
        elif kind.endswith("google.rpc.RetryInfo"):
            try:
                delay = float(str(detail.get("retryDelay", "")).removesuffix("s"))
            except ValueError:
                delay = None
    return reasons, delay if delay is not None and 0 <= delay < 86_400 else None


def _error_of(document: Any) -> dict[str, Any]:
    """The object that describes the error: {"error": {…}} with most, the document itself with some."""
    if isinstance(document, list) and document:
        document = cast("list[Any]", document)[0]
    if not isinstance(document, dict):
        return {}
    members = cast("dict[str, Any]", document)
    # ElevenLabs says `detail`; with its 401 stands there whether the key is wrong or the month's characters are used up.
    inner = members.get("error") or members.get("detail")
    return cast("dict[str, Any]", inner) if isinstance(inner, dict) else members


def _words(connection: Connection, document: Any, error: dict[str, Any]) -> str:
    # error_description is OAuth's, beside an `error` that is a code.
    for name in ("message", "Message", "error_description", "error", "detail", "err_msg"):
        candidate = error.get(name)
        if isinstance(candidate, str) and candidate.strip():
            words = candidate
            break
        if isinstance(candidate, list | dict):
            words = msgspec.json.encode(candidate).decode()
            break
    else:
        words = document if isinstance(document, str) else ""
    for secret in (connection.api_key, *connection.secrets.values()):
        if secret:
            words = words.replace(secret.reveal(), "…")
    return shorten(words, 500)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    milliseconds = headers.get("retry-after-ms")
    text = headers.get("Retry-After") or headers.get("retry-after")
    try:
        if milliseconds is not None:
            seconds = float(milliseconds) / 1000
        elif text is None:
            return None
        elif text.strip().isascii() and text.strip()[:1].isdigit():
            seconds = float(text)
        else:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < 86_400 else None
