"""A person's preferences through HTTP: edit, confirm, reject, unlock, forget; nobody else's."""

from urllib.parse import quote

from tests.kit.fixtures import Callers
from tests.kit.server import Client

BASE = "/api/personalization"


def at(key: str, what: str = "") -> str:
    return f"{BASE}/preferences/{quote(key, safe='')}" + (f"/{what}" if what else "")


async def put(client: Client, key: str, value: object) -> dict:
    answer = await client.send("PUT", at(key), json={"value": value})
    assert answer.status == 200, answer.body
    return answer.json()


async def listed(client: Client, query: str = "") -> list[dict]:
    answer = await client.get(f"{BASE}/preferences{query}")
    assert answer.status == 200, answer.body
    return answer.json()["items"]


async def test_f13_8_a_person_sees_corrects_and_deletes_what_is_known(callers: Callers) -> None:
    made = await put(callers.member, "answer.length", "short")
    assert made["locked"] and made["applied"] and made["confidence"] > 0.9
    assert made["low"] == made["interval"][0] <= made["confidence"]
    assert [one["preference_value"] for one in await listed(callers.member)] == ["short"]
    await put(callers.member, "answer.length", "long")
    past = (await callers.member.get(at("answer.length", "history"))).json()["items"]
    assert [one["preference_value"] for one in past] == ["short"]
    signals = (await callers.member.get(at("answer.length", "evidence"))).json()["items"]
    assert [(one["kind"], one["weight"], one["value"]) for one in signals] == [
        ("user_edit", 20.0, "long"), ("user_edit", 20.0, "short"),
    ]  # fmt: skip
    assert signals[0]["counts_now"] > 19.9 and signals[1]["counts_now"] == 0
    assert (await callers.member.send("DELETE", at("answer.length"))).status == 204
    assert await listed(callers.member) == []
    told = (await callers.member.get(f"{BASE}/timeline")).json()["items"]
    assert [one["what"] for one in told] == ["forgotten"]
    assert "length" not in str(told) and "long" not in str(told)


async def test_f13_3_a_rejection_lowers_and_a_confirmation_raises(callers: Callers) -> None:
    sure = await put(callers.member, "units", "metric")
    free = (await callers.member.post(at("units", "unlock"))).json()
    assert not free["locked"] and free["applied"]
    rejected = (await callers.member.post(at("units", "reject"))).json()
    assert rejected["confidence"] < sure["confidence"] and not rejected["applied"]
    again = (await callers.member.post(at("units", "confirm"))).json()
    assert again["confidence"] > rejected["confidence"] and again["applied"]
    told = (await callers.member.get(f"{BASE}/timeline?limit=2")).json()
    assert [one["what"] for one in told["items"]] == ["confirmed", "rejected"]
    rest = (await callers.member.get(f"{BASE}/timeline?limit=2&cursor={told['next']}")).json()
    assert [one["what"] for one in rest["items"]] == ["edited", "edited"]


async def test_f13_8_nobody_else_sees_it_not_even_an_owner(callers: Callers) -> None:
    await put(callers.member, "secret.taste", "liquorice")
    for stranger in (callers.owner, callers.foreign_owner, callers.operator):
        assert await listed(stranger) == []
        assert (await stranger.get(at("secret.taste", "evidence"))).status == 404
        assert (await stranger.post(at("secret.taste", "confirm"))).status == 404
        assert "liquorice" not in (await stranger.get(f"{BASE}/export")).body.decode()
    assert "liquorice" in (await callers.member.get(f"{BASE}/export")).body.decode()


async def test_f13_8_forgetting_everything_leaves_nothing(callers: Callers) -> None:
    for n in range(3):
        await put(callers.member, f"k{n}", f"zanzibar{n}")
    await put(callers.owner, "k0", "kept")
    assert (await callers.member.post(f"{BASE}/forget", {"preferences": ["k1"]})).json()["preferences"] == 1
    assert (await callers.member.post(f"{BASE}/forget", {"everything": True})).json()["preferences"] == 2
    whole = (await callers.member.get(f"{BASE}/export")).body.decode()
    assert "zanzibar" not in whole
    assert [one["preference_value"] for one in await listed(callers.owner)] == ["kept"]


async def test_pages_follow_each_other_and_search_looks_in_keys_and_values(callers: Callers) -> None:
    for n in range(5):
        await put(callers.member, f"key{n}", "tea" if n == 3 else ["a", "b"])
    seen: list[str] = []
    cursor = ""
    while True:
        answer = (await callers.member.get(f"{BASE}/preferences?limit=2{cursor}")).json()
        seen += [one["preference_key"] for one in answer["items"]]
        if answer["next"] is None:
            break
        cursor = f"&cursor={answer['next']}"
    assert sorted(seen) == [f"key{n}" for n in range(5)]
    assert [one["preference_key"] for one in await listed(callers.member, "?search=TEA")] == ["key3"]
    assert [one["preference_key"] for one in await listed(callers.member, "?search=ey4")] == ["key4"]


async def test_what_cannot_be_used_is_refused_with_what_to_do(callers: Callers) -> None:
    for value in ("", [], "x" * 2001, None, {"a": 1}, "a\x00b"):
        answer = await callers.member.send("PUT", at("k"), json={"value": value})
        assert answer.status == 422, value
    assert (await callers.member.post(at("nothing", "confirm"))).json()["type"].endswith("no-such-preference")
    assert (await callers.member.post(f"{BASE}/forget", {})).status == 422
    assert (await callers.member.get(f"{BASE}/preferences?cursor=xx")).status == 422
    assert (await callers.viewer.send("PUT", at("k"), json={"value": 1})).status == 403


async def test_settings_are_the_persons_own(callers: Callers) -> None:
    assert (await callers.member.get(f"{BASE}/settings")).json() == {
        "learning_enabled": True, "recall_enabled": True,
    }  # fmt: skip
    off = {"learning_enabled": False, "recall_enabled": False}
    assert (await callers.member.send("PUT", f"{BASE}/settings", json=off)).json() == off
    assert (await callers.member.get(f"{BASE}/settings")).json() == off
    assert (await callers.owner.get(f"{BASE}/settings")).json()["learning_enabled"]
