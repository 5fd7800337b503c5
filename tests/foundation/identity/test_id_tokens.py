"""ID tokens that do not prove who is there: none is believed."""

import time
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey

from radiant.infra.db import Database
from tests.kit.idp import Idp, idp, slug_of
from tests.kit.issuer import CLIENT_ID, CLIENT_SECRET, signed, signed_by_secret, unsigned

__all__ = ["idp"]

NOW = int(time.time())
HOSTILE: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "somebody-else"},
    "an audience in parts": {"aud": ["radian", "t"]},
    "no audience": {"aud": None},
    "two audiences without azp": {"aud": [CLIENT_ID, "other"]},
    "another azp": {"azp": "other"},
    "expired": {"exp": NOW - 3600},
    "no expiry": {"exp": None},
    "an expiry in words": {"exp": "tomorrow"},
    "an expiry that is true": {"exp": True},
    "issued long ago": {"iat": NOW - 7200},
    "issued in the future": {"iat": NOW + 86_400},
    "no time of issue": {"iat": None},
    "not valid yet": {"nbf": NOW + 86_400},
    "another nonce": {"nonce": "of another sign-in"},
    "no nonce": {"nonce": None},
    "a nonce that is no text": {"nonce": ["x"]},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is a number": {"sub": 5},
    "an endless subject": {"sub": "x" * 256},
}


@pytest.mark.parametrize("claims", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_token_that_does_not_speak_of_this_sign_in_is_refused(
    idp: Idp, db: Database, claims: dict[str, Any]
) -> None:
    idp.issuer.claims = claims
    answer = await idp.sign_in()
    assert (answer.status, slug_of(answer)) == (401, "sso-not-proven")
    assert not any("radiant_session" in value for value in answer.headers.getall("Set-Cookie", []))
    async with db.system("test").tx() as tx:
        assert await tx.value("select count(*) from users where email = 'jane@example.org'") == 0


async def test_two_audiences_with_our_azp_are_fine(idp: Idp) -> None:
    idp.issuer.claims = {"aud": ["other", CLIENT_ID], "azp": CLIENT_ID}
    assert (await idp.sign_in()).status == 303


async def test_a_token_that_is_not_signed_by_the_issuers_key_is_refused(idp: Idp) -> None:
    stranger = RSAKey.generate_key(2048, {"kid": idp.issuer.keys[0].kid, "alg": "RS256"})
    public = idp.issuer.keys[0]
    ways: list[Any] = [
        lambda claims: unsigned(claims),
        lambda claims: unsigned(claims, "None"),
        lambda claims: unsigned(claims, "RS256", "AAAA"),
        lambda claims: unsigned(claims, "RS256"),
        lambda claims: signed(claims, stranger),
        lambda claims: signed_by_secret(claims, CLIENT_SECRET.encode(), public.kid),
        lambda claims: signed_by_secret(claims, public.as_pem(private=False), public.kid),
        lambda claims: signed(claims, stranger, jwk=stranger.as_dict(private=False)),
        lambda claims: signed(claims, stranger, jku="https://evil.example/keys"),
        lambda claims: signed(claims, public)[:-6] + "AAAAAA",
        lambda claims: "not.a.token",
        lambda claims: "x" * 20_000,
        lambda claims: "",
        lambda claims: "....",
    ]
    for way in ways:
        idp.issuer.sign = way
        answer = await idp.sign_in()
        assert (answer.status, slug_of(answer)) == (401, "sso-not-proven")


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_a_rotated_key_is_found_by_asking_again(idp: Idp, algorithm: str) -> None:
    assert (await idp.sign_in()).status == 303
    idp.issuer.rotate(algorithm)
    assert (await idp.sign_in()).status == 303


async def test_unknown_keys_do_not_make_us_ask_each_time(idp: Idp) -> None:
    assert (await idp.sign_in()).status == 303
    stranger = RSAKey.generate_key(2048, {"kid": "stranger", "alg": "RS256"})
    idp.issuer.sign = lambda claims: signed(claims, stranger)
    before = idp.issuer.asked_for_keys
    for _ in range(5):
        assert slug_of(await idp.sign_in()) == "sso-not-proven"
    assert idp.issuer.asked_for_keys == before + 1


async def test_a_symmetric_key_in_the_issuers_list_is_not_used(idp: Idp) -> None:
    key = OctKey.generate_key(256, {"kid": "sym", "alg": "HS256"})
    idp.issuer.listed = [key.as_dict(), *(k.as_dict(private=False) for k in idp.issuer.keys)]
    idp.issuer.sign = lambda claims: signed(claims, key)
    assert slug_of(await idp.sign_in()) == "sso-not-proven"
