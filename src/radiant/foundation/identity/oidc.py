"""OpenID Connect as a relying party: discovery, keys, the exchange of the code, and the checks of an ID token.

Knows no tenant and no database. Whatever an issuer sends is hostile until it is checked: only asymmetric signatures by
a key of the issuer's own set are believed, addresses of the inner network are not called unless the operator named
the issuer, nothing is read without a bound.
"""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from radiant.infra.httpclient import HttpClient, HttpError
from radiant.infra.late import Late
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Invalid, Problem, Unauthenticated

if TYPE_CHECKING:
    from radiant.foundation.identity.oidc_signatures import Signatures

# No HS*: its key would be the client secret, which others know. No none.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
_KTY = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
LEEWAY = 60
_OLDEST = 600
_SECONDS = 10.0
_METADATA_KEPT, _KEYS_KEPT, _UNKNOWN_PAUSE = 3600.0, 600.0, 30.0
_MOST_ISSUERS = 256
_DOCUMENT_BYTES, _TOKEN_BYTES = 2**18, 2**17
MAX_TOKEN = 16_000


class IssuerUnusable(Problem):
    """The identity provider could not be reached, or answered with what cannot be used."""

    status, slug = 502, "sso-unavailable"


class IssuerRefused(Invalid):
    """The address of the issuer may not be used."""

    slug = "issuer-refused"


class BadIdToken(Unauthenticated):
    """The identity provider's answer does not prove who is there."""

    slug = "sso-not-proven"


def _make_signatures() -> "Signatures":
    from radiant.foundation.identity.oidc_signatures import Signatures

    return Signatures(ALGORITHMS)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an issuer says of itself (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    basic: bool
    """Whether the client's secret goes into the Authorization header."""
    names_itself: bool
    """Whether it repeats its name beside the code (RFC 9207)."""


@dataclass(frozen=True, slots=True)
class Client:
    """This installation as a tenant's issuer knows it. `secret` None: a public client."""

    client_id: str
    secret: str | None
    allow_private: bool


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the code was exchanged for."""

    id_token: str
    access_token: str | None


def derived(secret: str, purpose: str) -> str:
    """State, nonce and code verifier of a flow, each from the browser's cookie: 43 characters."""
    digest = hmac.new(secret.encode(), b"radiant sso " + purpose.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a code verifier (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def check_address(url: str, *, allow_private: bool) -> str:
    """The address without a slash at its end. Raises IssuerRefused. Names are looked at when they are resolved."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
        parts.port  # noqa: B018  (raises on a bad one)
    except ValueError as error:
        raise IssuerRefused("issuer: not an address") from error
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise IssuerRefused("issuer: give an address that begins with https://")
    if not host or parts.username is not None or parts.query or parts.fragment or len(url) > 500:
        raise IssuerRefused("issuer: not an address")
    return url.strip().rstrip("/")


def authorization_url(metadata: Metadata, client: Client, *, redirect_uri: str, scope: str, secret: str) -> str:
    """Where the browser goes; `secret` is the flow's, which stays in its cookie."""
    asked = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": derived(secret, "state"),
        "nonce": derived(secret, "nonce"),
        "code_challenge": challenge_of(derived(secret, "verifier")),
        "code_challenge_method": "S256",
    }
    joint = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
    return metadata.authorization_endpoint + joint + urlencode(asked)


def check_claims(claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now: float) -> None:
    """Raises BadIdToken unless the claims of a signed token speak of this sign-in (OpenID Connect Core, 3.1.3.7)."""
    if claims.get("iss") != issuer:
        raise BadIdToken("the ID token is of another issuer")
    audience = claims.get("aud")
    audiences = cast("list[Any]", audience) if isinstance(audience, list) else [audience]
    if client_id not in audiences:
        raise BadIdToken("the ID token is for another application")
    authorized = claims.get("azp")
    if (len(audiences) > 1 and authorized is None) or (authorized is not None and authorized != client_id):
        raise BadIdToken("the ID token was issued to another application")
    expires, issued, not_before = (_number(claims.get(name)) for name in ("exp", "iat", "nbf"))
    if expires is None or expires + LEEWAY <= now:
        raise BadIdToken("the ID token has expired")
    if issued is None or issued - LEEWAY > now or issued + _OLDEST < now:
        raise BadIdToken("the ID token was not issued just now; look at the clocks")
    if not_before is not None and not_before - LEEWAY > now:
        raise BadIdToken("the ID token is not valid yet")
    given = claims.get("nonce")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise BadIdToken("the ID token is of another sign-in")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise BadIdToken("the ID token names nobody")


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def verified_email(claims: Mapping[str, Any]) -> str | None:
    """The e-mail address that the issuer vouches for, or None."""
    email, verified = claims.get("email"), claims.get("email_verified")
    return email.strip().lower() if isinstance(email, str) and (verified is True or verified == "true") else None


class Oidc:
    """Speaks to issuers. One per process; keeps their metadata and keys, and asks for keys anew when one is unknown."""

    def __init__(self, http: HttpClient, clock: Clock = utc_now) -> None:
        self._http = http
        self._clock = clock
        self._metadata: dict[tuple[str, bool], tuple[float, Metadata]] = {}
        self._keys: dict[tuple[str, bool], tuple[float, list[dict[str, Any]]]] = {}
        self._looked_again: dict[tuple[str, bool], float] = {}
        self._signatures = Late(_make_signatures)

    async def discover(self, issuer: str, *, allow_private: bool, fresh: bool = False) -> Metadata:
        """The issuer's metadata. Raises IssuerRefused, IssuerUnusable."""
        address = check_address(issuer, allow_private=allow_private)
        name, now = (address, allow_private), asyncio.get_running_loop().time()
        kept = self._metadata.get(name)
        if kept is not None and not fresh and kept[0] + _METADATA_KEPT > now:
            return kept[1]
        document = await self._json("GET", f"{address}/.well-known/openid-configuration", allow_private=allow_private)
        metadata = _metadata_of(document, address, allow_private=allow_private)
        _put(self._metadata, name, (now, metadata))
        return metadata

    async def exchange(
        self, metadata: Metadata, client: Client, *, code: str, redirect_uri: str, secret: str
    ) -> Tokens:
        """Exchange the code for tokens. Raises BadIdToken where the issuer refuses it, IssuerUnusable."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": derived(secret, "verifier"),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if client.secret is not None and metadata.basic:
            pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form["client_id"] = client.client_id
            if client.secret is not None:
                form["client_secret"] = client.secret
        answer = await self._json(
            "POST", metadata.token_endpoint, headers=headers, body=urlencode(form).encode(),
            allow_private=client.allow_private, refusal="the identity provider refused the code",
        )  # fmt: skip
        id_token, access = answer.get("id_token"), answer.get("access_token")
        if not isinstance(id_token, str) or len(id_token) > MAX_TOKEN:
            raise BadIdToken("the identity provider answered without an ID token; ask it for the scope openid")
        return Tokens(id_token, access if isinstance(access, str) else None)

    async def verify(self, metadata: Metadata, client: Client, id_token: str, *, nonce: str) -> dict[str, Any]:
        """The claims of an ID token that was signed by the issuer for this client and flow. Raises BadIdToken."""
        header = _header_of(id_token)
        listed = await self._listed_key(metadata, header, allow_private=client.allow_private)
        signatures = await self._signatures.get()
        try:
            key = signatures.key(listed)
        except ValueError as error:
            raise IssuerUnusable("the identity provider lists a key that cannot be read") from error
        try:
            claims = msgspec.json.decode(signatures.payload(id_token, key), type=dict[str, Any])
        except (ValueError, msgspec.DecodeError) as error:
            raise BadIdToken("the ID token is not signed by its issuer") from error
        check_claims(
            claims, issuer=metadata.issuer, client_id=client.client_id, nonce=nonce, now=self._clock().timestamp()
        )
        return claims

    async def userinfo(self, metadata: Metadata, client: Client, access_token: str, subject: str) -> dict[str, Any]:
        """More claims about the same subject, or none of another. Raises IssuerUnusable, BadIdToken."""
        if metadata.userinfo_endpoint is None:
            return {}
        answer = await self._json(
            "GET", metadata.userinfo_endpoint, headers={"Authorization": f"Bearer {access_token}"},
            allow_private=client.allow_private, refusal="the identity provider refused its own access token",
        )  # fmt: skip
        if answer.get("sub") != subject:
            raise BadIdToken("the identity provider told of somebody else")
        return answer

    async def listed_keys(self, metadata: Metadata, *, allow_private: bool) -> None:
        """Raises IssuerUnusable where the issuer lists no key whose signatures could be believed."""
        now = asyncio.get_running_loop().time()
        _, keys = await self._fetch_keys((metadata.jwks_uri, allow_private), now)
        if not any(_pick([key], {"alg": algorithm}) for key in keys for algorithm in ALGORITHMS):
            raise IssuerUnusable("the identity provider lists no key that it signs with")

    async def _listed_key(
        self, metadata: Metadata, header: Mapping[str, Any], *, allow_private: bool
    ) -> Mapping[str, Any]:
        name, now = (metadata.jwks_uri, allow_private), asyncio.get_running_loop().time()
        kept = self._keys.get(name)
        if kept is None or kept[0] + _KEYS_KEPT <= now:
            kept = await self._fetch_keys(name, now)
        found = _pick(kept[1], header)
        if found is None and self._looked_again.get(name, -_UNKNOWN_PAUSE) + _UNKNOWN_PAUSE <= now:
            # Keys are rotated; but a stranger's token must not make us ask at every try.
            _put(self._looked_again, name, now)
            found = _pick((await self._fetch_keys(name, now))[1], header)
        if found is None:
            raise BadIdToken("the ID token is signed by a key that its issuer does not list")
        return found

    async def _fetch_keys(self, name: tuple[str, bool], now: float) -> tuple[float, list[dict[str, Any]]]:
        document = await self._json("GET", name[0], allow_private=name[1])
        listed: Any = document.get("keys")
        keys = [cast("dict[str, Any]", key) for key in cast("list[Any]", listed) if isinstance(key, dict)] if isinstance(listed, list) else []  # fmt: skip
        entry = now, keys[:100]
        _put(self._keys, name, entry)
        return entry

    async def _json(
        self, method: str, url: str, *, allow_private: bool, headers: Mapping[str, str] | None = None,
        body: bytes | None = None, refusal: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        host = urlsplit(url).hostname or "the identity provider"
        try:
            async with asyncio.timeout(_SECONDS):
                response = await self._http.request(
                    method, url, headers=[("Accept", "application/json"), *(headers or {}).items()], body=body,
                    allow_private=allow_private, first=_SECONDS,
                )  # fmt: skip
                try:
                    text = await response.read(_DOCUMENT_BYTES if method == "GET" else _TOKEN_BYTES)
                finally:
                    response.close()
        except TimeoutError as error:
            raise IssuerUnusable(f"{host} did not answer in time") from error
        except HttpError as error:
            raise IssuerUnusable(f"{host} cannot be reached: {error}") from error
        if response.status != 200:
            if refusal is not None and 400 <= response.status < 500:
                raise BadIdToken(f"{refusal} ({response.status}{_error_code(text)})")
            raise IssuerUnusable(f"{host} answered {response.status}")
        try:
            return msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError) as error:
            raise IssuerUnusable(f"{host} answered with something else than JSON") from error


def _put(kept: dict[Any, Any], name: tuple[str, bool], value: Any) -> None:
    if len(kept) >= _MOST_ISSUERS:
        kept.clear()
    kept[name] = value


def _error_code(text: bytes) -> str:
    """The `error` of an OAuth refusal, if it is one of its plain words."""
    try:
        code: object = msgspec.json.decode(text, type=dict[str, Any]).get("error")
    except (msgspec.DecodeError, RecursionError):
        return ""
    return f", {code}" if isinstance(code, str) and code.replace("_", "").isalnum() and len(code) < 50 else ""


def _header_of(token: str) -> dict[str, Any]:
    try:
        part = token.split(".", 1)[0]
        header = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), type=dict[str, Any])
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise BadIdToken("the ID token is none") from error
    if header.get("alg") not in ALGORITHMS:
        raise BadIdToken("the ID token is signed in a way that proves nothing; set the client to RS256 or ES256")
    return header


def _pick(keys: Sequence[dict[str, Any]], header: Mapping[str, Any]) -> dict[str, Any] | None:
    """The listed key that a token's header names. Without a name: the only one that fits its algorithm."""
    algorithm, key_id = str(header["alg"]), header.get("kid")
    fitting = [
        key
        for key in keys
        if key.get("kty") == _KTY[algorithm[:2]]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (key_id is None or key.get("kid") == key_id)
    ]
    return fitting[0] if len(fitting) == 1 or (fitting and key_id is not None) else None


def _metadata_of(document: Mapping[str, Any], address: str, *, allow_private: bool) -> Metadata:
    issuer = document.get("issuer")
    if not isinstance(issuer, str) or issuer.rstrip("/") != address:
        raise IssuerUnusable(f"{address} calls itself by another name; enter the issuer as it writes itself")
    found: dict[str, str | None] = {}
    for name in (
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
        "end_session_endpoint",
    ):
        value = document.get(name)
        found[name] = value if isinstance(value, str) and _may_call(value, allow_private=allow_private) else None
    authorization, token, keys = found["authorization_endpoint"], found["token_endpoint"], found["jwks_uri"]
    if authorization is None or token is None or keys is None:
        raise IssuerUnusable(f"{address} does not say where to sign in, or not by https")
    methods = document.get("token_endpoint_auth_methods_supported")
    return Metadata(
        issuer=issuer,
        authorization_endpoint=authorization,
        token_endpoint=token,
        jwks_uri=keys,
        userinfo_endpoint=found["userinfo_endpoint"],
        end_session_endpoint=found["end_session_endpoint"],
        basic=not isinstance(methods, list) or "client_secret_basic" in methods or "client_secret_post" not in methods,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _may_call(url: str, *, allow_private: bool) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    schemes = ("https", "http") if allow_private else ("https",)
    return parts.scheme in schemes and bool(parts.hostname) and parts.username is None and len(url) <= 2000
