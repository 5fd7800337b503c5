"""A loopback server before moto's, which is as strict and as late as AWS is: it checks signatures, which moto does not;
new keys are not known to STS or in lists at once; lists come in pages; calls are refused, throttled, cut off on demand.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request,"
    r" ?SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]+)"
)


@dataclass
class Fault:
    """What happens to the next `times` calls of an action. `after`: the call is made, and its answer is lost."""

    code: str = "Throttling"
    status: int = 400
    times: int = 1
    after: bool = False
    message: str = "injected"


@dataclass
class AwsFront:
    """What it knows and does."""

    moto: str
    url: str = ""
    secrets: dict[str, str] = field(default_factory=lambda: {"testing": "testing"})
    tokens: dict[str, str] = field(default_factory=dict[str, str])
    inactive: set[str] = field(default_factory=set[str])
    faults: dict[str, Fault] = field(default_factory=dict[str, Fault])
    denied: set[str] = field(default_factory=set[str])
    calls: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    asked: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    used: dict[str, datetime] = field(default_factory=dict[str, datetime])
    sts_lag: int = 0
    """How many calls of STS do not know a new key yet."""
    list_lag: int = 0
    """How many lists do not show it."""
    page_size: int = 100
    _unknown: Counter[str] = field(default_factory=Counter[str])
    _unlisted: Counter[str] = field(default_factory=Counter[str])

    def count(self, action: str) -> int:
        """How often an action was asked for."""
        return sum(each == action for each, _ in self.calls)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One call."""
        body = await request.read()
        form = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        action = form.get("Action", "")
        signed = _AUTHORIZATION.match(request.headers.get("Authorization", ""))
        assert signed is not None, request.headers
        key = signed["key"]
        self.calls.append((action, key))
        self.asked.append(form)
        if not self._knows(key, action) or not self._is_signed(request, body, signed):
            return _error(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        if action in self.denied:
            return _error(403, "AccessDenied", f"User: {key} is not authorized to perform: {action}")
        fault = self.faults.get(action)
        if fault is not None and fault.times > 0:
            fault.times -= 1
            if not fault.after:
                return _error(fault.status, fault.code, fault.message)
            await self._forward(request, body, action, form)
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return await self._forward(request, body, action, form)

    def _knows(self, key: str, action: str) -> bool:
        if key not in self.secrets or key in self.inactive:
            return False
        if action == "GetCallerIdentity" and self._unknown[key] > 0:
            self._unknown[key] -= 1
            return False
        return True

    def _is_signed(self, request: web.Request, body: bytes, signed: re.Match[str]) -> bool:
        key = signed["key"]
        again = AWSRequest(
            request.method, f"http://{request.headers['Host']}{request.path}", data=body,
            headers={name: request.headers[name] for name in signed["headers"].split(";")},
        )  # fmt: skip
        again.context["timestamp"] = request.headers["X-Amz-Date"]
        credentials = Credentials(key, self.secrets[key], self.tokens.get(key))
        auth: Any = SigV4Auth(credentials, signed["service"], signed["region"])
        expected = auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)
        return expected == signed["signature"]

    async def _forward(
        self, request: web.Request, body: bytes, action: str, form: dict[str, str]
    ) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name not in ("Host", "Content-Length")}
        async with (
            aiohttp.ClientSession(auto_decompress=True) as client,
            client.request(request.method, self.moto + request.path_qs, data=body, headers=headers) as answer,
        ):
            text, status = await answer.text(), answer.status
        if status == 200:
            text = self._learn(action, form, text)
        return web.Response(status=status, text=text, content_type="text/xml")

    def _learn(self, action: str, form: dict[str, str], text: str) -> str:
        if action in ("CreateAccessKey", "AssumeRole"):
            key = _inner(text, "AccessKeyId")
            self.secrets[key] = _inner(text, "SecretAccessKey")
            if action == "AssumeRole":
                self.tokens[key] = _inner(text, "SessionToken")
            else:
                self._unknown[key], self._unlisted[key] = self.sts_lag, self.list_lag
        elif action == "UpdateAccessKey":
            change = self.inactive.add if form["Status"] == "Inactive" else self.inactive.discard
            change(form["AccessKeyId"])
        elif action == "DeleteAccessKey":
            self.secrets.pop(form["AccessKeyId"], None)
            self.inactive.discard(form["AccessKeyId"])
        elif action == "GetAccessKeyLastUsed":
            return self._last_used(form["AccessKeyId"])
        elif action == "ListAccessKeys":
            return self._page(text, form.get("Marker"))
        return text

    def _last_used(self, key: str) -> str:
        at = self.used.get(key)
        date = f"<LastUsedDate>{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</LastUsedDate>" if at else ""
        return (
            "<GetAccessKeyLastUsedResponse><GetAccessKeyLastUsedResult><UserName>deployer</UserName><AccessKeyLastUsed>"
            f"{date}<ServiceName>{'s3' if at else 'N/A'}</ServiceName><Region>{'us-east-1' if at else 'N/A'}</Region>"
            "</AccessKeyLastUsed></GetAccessKeyLastUsedResult></GetAccessKeyLastUsedResponse>"
        )

    def _page(self, text: str, marker: str | None) -> str:
        members = re.findall(r"<member>.*?</member>", text, re.DOTALL)
        shown: list[str] = []
        for member in members:
            key = _inner(member, "AccessKeyId")
            if self._unlisted[key] > 0:
                self._unlisted[key] -= 1
            else:
                shown.append(member)
        start = int(marker or 0)
        page, more = shown[start : start + self.page_size], start + self.page_size < len(shown)
        next_ = f"<Marker>{start + self.page_size}</Marker>" if more else ""
        return (
            "<ListAccessKeysResponse><ListAccessKeysResult><AccessKeyMetadata>"
            f"{''.join(page)}</AccessKeyMetadata><IsTruncated>{str(more).lower()}</IsTruncated>{next_}"
            "</ListAccessKeysResult></ListAccessKeysResponse>"
        )


def _inner(text: str, name: str) -> str:
    found = re.search(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
    assert found is not None, (name, text)
    return found[1]


def _error(status: int, code: str, message: str) -> web.Response:
    text = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    return web.Response(status=status, text=text, content_type="text/xml")


@asynccontextmanager
async def aws_front(moto: str) -> AsyncIterator[AwsFront]:
    """The server on a port of its own."""
    front = AwsFront(moto)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", front.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    front.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield front
    finally:
        await runner.cleanup()
