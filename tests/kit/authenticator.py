"""An authenticator in software: what a browser and a security key do together, honest and otherwise."""

import base64
import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.kit.server import PASSWORD, Client

PRESENT, VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


def b64(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Authenticator:
    """One device with one passkey. `origin` is what the browser says that it stands at."""

    origin: str
    flags: int = PRESENT | VERIFIED
    count: int = 0
    kind: str = ""
    rp_id: str = ""
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user_handle: bytes = b""

    def _client_data(self, kind: str, challenge: str) -> bytes:
        data = {"type": self.kind or kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(data).encode()

    def _head(self, rp_id: str, flags: int) -> bytes:
        return hashlib.sha256((self.rp_id or rp_id).encode()).digest() + struct.pack(">BI", flags, self.count)

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """`navigator.credentials.create`."""
        numbers = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + cose
        data = self._head(options["rp"]["id"], self.flags | _ATTESTED) + attested
        self.user_handle = base64.urlsafe_b64decode(options["user"]["id"] + "==")
        return self._credential(
            clientDataJSON=b64(self._client_data("webauthn.create", options["challenge"])),
            attestationObject=b64(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
            transports=["internal"],
        )

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """`navigator.credentials.get`."""
        self.count += 1
        client_data = self._client_data("webauthn.get", options["challenge"])
        data = self._head(options["rpId"], self.flags)
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return self._credential(
            clientDataJSON=b64(client_data), authenticatorData=b64(data), signature=b64(signature),
            userHandle=b64(self.user_handle),
        )  # fmt: skip

    def _credential(self, **response: Any) -> dict[str, Any]:
        name = b64(self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}


def authenticator_at(client: Client) -> Authenticator:
    """A device before the page of the server under test, which calls itself localhost."""
    return Authenticator(f"http://localhost:{urlsplit(client.base_url).port}")


async def new_passkey(client: Client, device: Authenticator | None = None, name: str = "Laptop") -> dict[str, Any]:
    """Register a passkey of that person."""
    device = device or authenticator_at(client)
    options = await client.post("/api/profile/passkeys/options", {"password": PASSWORD})
    assert options.status == 200, options.body
    new = {"name": name, "credential": device.create(options.json())}
    answer = await client.post("/api/profile/passkeys", new)
    assert answer.status == 201, answer.body
    return answer.json()
