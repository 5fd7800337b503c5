"""An OpenID Connect issuer of loopback, honest and otherwise.

    async with issuer() as idp:
        idp.person = {"sub": "1", "email": "jane@example.org", "email_verified": True}
        ... send a browser to idp.url + "/authorize?…": it comes back at once with a code ...

`idp.claims` are laid over the ID token's (None takes one away); `idp.sign` replaces how it is signed.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode

from aiohttp import web
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

CLIENT_ID, CLIENT_SECRET = "radiant", "the client's secret / with + signs"


@dataclass
class Issuer:
    """What it knows, and what was asked of it."""

    url: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: list[Any] = field(default_factory=list)
    listed: list[dict[str, Any]] | None = None
    sign: Callable[[dict[str, Any]], str] | None = None
    answer: dict[str, str] = field(default_factory=dict)
    token_status: int = 200
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked_for_keys: int = 0
    token_requests: list[dict[str, str]] = field(default_factory=list)

    def rotate(self, algorithm: str = "RS256") -> None:
        """Sign with a new key from now on, and list no other."""
        parameters: Any = {"kid": secrets.token_hex(4), "alg": algorithm, "use": "sig"}
        key = ECKey.generate_key("P-256", parameters) if algorithm == "ES256" else RSAKey.generate_key(2048, parameters)
        self.keys = [key]

    def id_token(self, nonce: str) -> str:
        """A signed ID token of the person."""
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce, **self.person,
            **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.sign is not None:
            return self.sign(claims)
        return signed(claims, self.keys[0])


_IDP = web.AppKey("idp", Issuer)


def signed(claims: dict[str, Any], key: Any, **header: Any) -> str:
    """Claims signed by that key, as JWS."""
    head = {"alg": key.as_dict()["alg"], "kid": key.kid, **header}
    return jws.serialize_compact(head, json.dumps(claims).encode(), key, algorithms=[head["alg"]])


def unsigned(claims: dict[str, Any], algorithm: str = "none", signature: str = "") -> str:
    """Claims with a header that says so, and any signature."""
    parts = (json.dumps({"alg": algorithm}), json.dumps(claims))
    return ".".join([*(base64.urlsafe_b64encode(p.encode()).rstrip(b"=").decode() for p in parts), signature])


def signed_by_secret(claims: dict[str, Any], secret: bytes, key_id: str) -> str:
    """Claims under HS256: by the client's secret, or by the issuer's public key taken for one."""
    head = json.dumps({"alg": "HS256", "kid": key_id})
    body = b".".join(base64.urlsafe_b64encode(p.encode()).rstrip(b"=") for p in (head, json.dumps(claims)))
    mac = hmac.new(secret, body, hashlib.sha256).digest()
    return (body + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


async def _configuration(request: web.Request) -> web.Response:
    idp: Issuer = request.app[_IDP]
    document = {
        "issuer": idp.url,
        "authorization_endpoint": idp.url + "/authorize",
        "token_endpoint": idp.url + "/token",
        "jwks_uri": idp.url + "/keys",
        "userinfo_endpoint": idp.url + "/userinfo",
        "end_session_endpoint": idp.url + "/sign-out",
        **idp.metadata,
    }
    return web.json_response(document)


async def _keys(request: web.Request) -> web.Response:
    idp: Issuer = request.app[_IDP]
    idp.asked_for_keys += 1
    listed = idp.listed if idp.listed is not None else [key.as_dict(private=False) for key in idp.keys]
    return web.json_response({"keys": listed})


async def _authorize(request: web.Request) -> web.Response:
    idp: Issuer = request.app[_IDP]
    code = secrets.token_urlsafe(8)
    idp.codes[code] = dict(request.query)
    answer = {"code": code, "state": request.query["state"], **idp.answer}
    raise web.HTTPFound(request.query["redirect_uri"] + "?" + urlencode(answer))


async def _token(request: web.Request) -> web.Response:
    idp: Issuer = request.app[_IDP]
    form: dict[str, Any] = dict(await request.post())
    if "Authorization" in request.headers:
        pair = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        form["client_id"], form["client_secret"] = (unquote(part) for part in pair.split(":"))
    idp.token_requests.append(form)
    asked = idp.codes.pop(form.get("code", ""), None)
    proven = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
    good = (
        asked is not None
        and form["client_secret"] == CLIENT_SECRET
        and asked["code_challenge"] == proven.decode()
        and asked["redirect_uri"] == form["redirect_uri"]
        and idp.token_status == 200
    )
    if not good or asked is None:
        return web.json_response({"error": "invalid_grant"}, status=max(400, idp.token_status))
    return web.json_response({"access_token": "at", "token_type": "Bearer", "id_token": idp.id_token(asked["nonce"])})


async def _userinfo(request: web.Request) -> web.Response:
    idp: Issuer = request.app[_IDP]
    assert request.headers["Authorization"] == "Bearer at"
    return web.json_response(idp.userinfo if idp.userinfo is not None else {"sub": idp.person["sub"]})


@asynccontextmanager
async def issuer() -> AsyncIterator[Issuer]:
    """A running issuer with one RSA key."""
    idp = Issuer()
    idp.rotate()
    app = web.Application()
    app[_IDP] = idp
    app.router.add_get("/.well-known/openid-configuration", _configuration)
    app.router.add_get("/keys", _keys)
    app.router.add_get("/authorize", _authorize)
    app.router.add_post("/token", _token)
    app.router.add_get("/userinfo", _userinfo)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    idp.url = f"http://127.0.0.1:{port}"
    try:
        yield idp
    finally:
        await runner.cleanup()
