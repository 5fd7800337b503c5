"""Rotates whatever a webhook can: see docs/reference/rotation-webhook.md.

Three signed calls of one address, told apart by `event`: `credential.rotate` answers the new value,
`credential.verify` and `credential.retire` answer 2xx, or 501 where there is nothing to do. All calls of one rotation carry
the same Idempotency-Key, and one that is repeated must answer the same.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import msgspec

from radiant.foundation.credentials.kinds import TYPES
from radiant.foundation.credentials.rotators import Fields, Rotation, RotationFailed, RotationRefused
from radiant.infra.httpclient import HttpClient, HttpError
from radiant.kit.errors import Invalid
from radiant.kit.webhook import signature

_SECONDS = 30.0
_MOST_ANSWER = 2 * 2**20
_NOTHING_TO_DO = 501
_Step = Literal["rotate", "verify", "retire"]


class WebhookRotator:
    """Credentials of every type; `settings.signing` names the credential whose value signs the calls."""

    types = frozenset(TYPES) - {"binary"}
    related = ("signing",)

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """`url`, and `signing`: the id of the credential that holds the signing secret."""
        if unknown := set(settings) - {"url", "signing"}:
            raise Invalid(f"settings.{min(unknown)}: not known; there are url and signing")
        url, signing = settings.get("url"), settings.get("signing")
        try:
            parts = urlsplit(url if isinstance(url, str) else "")
        except ValueError as error:
            raise Invalid("settings.url: not an address") from error
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.username is not None
            or len(str(url)) > 2000
        ):
            raise Invalid("settings.url: give an address that begins with https://, without user and password")
        if not isinstance(signing, str):
            raise Invalid("settings.signing: give the id of a credential whose value signs the calls")
        return {"url": url, "signing": signing}

    async def propose(self, rotation: Rotation, current: Fields) -> Fields:
        """Ask for a new value. The current one is not sent: whoever checks it knows it."""
        del current
        answer = await self._call(rotation, "rotate")
        try:
            read = msgspec.json.decode(answer)
        except msgspec.DecodeError:
            raise RotationFailed("the webhook's answer is no JSON") from None
        value = cast("dict[str, Any]", read).get("value") if isinstance(read, dict) else None
        if isinstance(value, str) and value:
            return {"value": value}
        fields = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
        if not fields or not all(isinstance(each, str | int) for each in fields.values()):
            raise RotationFailed('the webhook must answer {"value": a text, or an object of fields}')
        return fields

    async def apply(self, rotation: Rotation, current: Fields, new: Fields) -> None:
        """Done by whoever made it."""

    async def verify(self, rotation: Rotation, new: Fields) -> None:
        """Ask whether it works."""
        del new
        await self._call(rotation, "verify")

    async def retire(self, rotation: Rotation, current: Fields) -> None:
        """Tell that the former value is in use no more."""
        del current
        await self._call(rotation, "retire", which="previous")

    async def withdraw(self, rotation: Rotation, current: Fields, new: Fields) -> None:
        """Tell that the new value was never put in use."""
        del current, new
        await self._call(rotation, "retire", which="pending")

    async def _call(self, rotation: Rotation, step: _Step, **more: str) -> bytes:
        body = msgspec.json.encode(
            {
                "event": f"credential.{step}",
                "credential_id": str(rotation.credential_id),
                "rotation": rotation.key,
                **more,
            }
        )
        url = str(rotation.settings["url"])
        if not url.startswith("https://") and not rotation.inner:
            raise RotationRefused("the webhook's answer holds a secret: give an address that begins with https://")
        key = rotation.related["signing"].secret
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": f"{rotation.key}/{step}",
            "X-Radiant-Signature": signature(key, int(time.time()), body),
        }
        try:
            async with asyncio.timeout(_SECONDS):
                response = await self._http.request(
                    "POST", url, headers=headers, body=body, first=_SECONDS, allow_private=rotation.inner
                )
                try:
                    answer = await response.read(_MOST_ANSWER)
                finally:
                    response.close()
        except (HttpError, TimeoutError) as error:
            raise RotationFailed(f"the webhook: {str(error) or 'no answer in time'}") from None
        if response.status == _NOTHING_TO_DO and step != "rotate":
            return b""
        if not 200 <= response.status < 300:
            kind = RotationRefused if response.status in (400, 401, 403, 404, 422) else RotationFailed
            raise kind(f"the webhook answered {response.status} to credential.{step}")
        return answer
