"""What WebAuthn prescribes, by the library `webauthn`: options for the browser, and the checks of what it answers.

Imported when the first passkey is seen (see `passkeys`): with its certificates and CBOR the library costs each process
10 MB and a fifth of a second. What an authenticator or a page sends is hostile: whatever the parsers make of it leaves
here as ValueError.
"""

import json
import secrets
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import webauthn
from webauthn.helpers import base64url_to_bytes, options_to_json_dict, parse_attestation_object
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

Json = Mapping[str, Any]
_MALFORMED = (WebAuthnException, KeyError, TypeError, IndexError, AttributeError, RecursionError)
_UNATTESTED = ("none", "packed")


@dataclass(frozen=True, slots=True)
class Asked:
    """Options for `navigator.credentials`, and the challenge in them."""

    challenge: bytes
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Registered:
    """A passkey whose answer was right."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    backed_up: bool


@contextmanager
def _malformed_is_value_error() -> Generator[None]:
    try:
        yield
    except _MALFORMED as error:
        raise ValueError(str(error)) from error


class Ceremony:
    """The two ceremonies at one site. `rp_id` is its host, `origin` its scheme and host; a `credential` is what
    `PublicKeyCredential.toJSON()` gives."""

    def __init__(self, rp_id: str, origin: str) -> None:
        self._rp_id = rp_id
        self._origin = origin

    def begin_registration(self, user_id: bytes, email: str, name: str, have: Sequence[bytes]) -> Asked:
        """Ask for a new passkey of that person, who has these already."""
        options = webauthn.generate_registration_options(
            rp_id=self._rp_id,
            rp_name="RADIANT",
            user_name=email,
            user_id=user_id,
            user_display_name=name,
            challenge=secrets.token_bytes(32),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=credential_id) for credential_id in have],
        )
        return Asked(options.challenge, options_to_json_dict(options))

    def begin_sign_in(self) -> Asked:
        """Ask for any passkey of this site."""
        options = webauthn.generate_authentication_options(
            rp_id=self._rp_id,
            challenge=secrets.token_bytes(32),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return Asked(options.challenge, options_to_json_dict(options))

    @staticmethod
    def challenge_of(credential: Json) -> bytes:
        """The challenge that it says it answers. Raises ValueError."""
        with _malformed_is_value_error():
            data: Any = json.loads(base64url_to_bytes(credential["response"]["clientDataJSON"]))
            return base64url_to_bytes(data["challenge"])

    @staticmethod
    def credential_id_of(credential: Json) -> bytes:
        """Which passkey it is. Raises ValueError."""
        with _malformed_is_value_error():
            return base64url_to_bytes(credential["rawId"])

    @staticmethod
    def names_another(credential: Json, user_id: bytes) -> bool:
        """Whether it says that it is somebody else's. Raises ValueError."""
        with _malformed_is_value_error():
            handle = credential["response"].get("userHandle")
            return handle is not None and base64url_to_bytes(handle) != user_id

    @staticmethod
    def names_its_maker(credential: Json) -> bool:
        """Whether a new one comes with a statement about its make, which is not asked for. Raises ValueError."""
        with _malformed_is_value_error():
            attested = parse_attestation_object(base64url_to_bytes(credential["response"].get("attestationObject", "")))
            return attested.fmt not in _UNATTESTED

    def end_registration(self, credential: dict[str, Any], challenge: bytes) -> Registered:
        """Check the answer to `begin_registration`. Raises ValueError."""
        with _malformed_is_value_error():
            verified = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        return Registered(
            verified.credential_id,
            verified.credential_public_key,
            verified.sign_count,
            verified.credential_backed_up,
        )

    def end_sign_in(self, credential: dict[str, Any], challenge: bytes, public_key: bytes, sign_count: int) -> int:
        """Check the answer to `begin_sign_in`; the passkey's new count of signatures. Raises ValueError."""
        with _malformed_is_value_error():
            verified = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=public_key,
                credential_current_sign_count=sign_count,
                require_user_verification=True,
            )
        return verified.new_sign_count
