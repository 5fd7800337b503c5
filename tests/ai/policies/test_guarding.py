"""One request under guardrails, without a server: prompts rewritten, answers restored and cut off."""

import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from radiant.ai.policies.guard_schemas import NewGuardrail, RegexSettings, SizeSettings
from radiant.ai.policies.guarding import WINDOW, Guarding
from radiant.ai.policies.guards import Asked, Blocked, Guard, Unanswered, Verdict, regex_finder
from radiant.ai.providers.chat import (
    ChatRequest,
    DocumentPart,
    Done,
    Event,
    Message,
    ReasoningDelta,
    ReasoningPart,
    TextDelta,
    TextPart,
    ToolCallDelta,
    ToolCallPart,
    ToolResultPart,
    Usage,
)
from radiant.foundation.identity.callers import Caller, Role
from radiant.kit import detect
from radiant.kit.ids import TenantId, UserId, uuid7

MAIL = "ada@example.org"
CALLER = Caller(
    tenant_id=TenantId(uuid7()), user_id=UserId(uuid7()), role=Role.MEMBER, is_operator=False, kind="user",
    scopes=frozenset(),
)  # fmt: skip


def guard(action: Any = "block", stage: Any = "before", **more: Any) -> Guard:
    """One that looks for e-mail addresses, or what is given."""
    if not {"judge", "size"} & set(more):
        more.setdefault("find", detect.pii(["email", "card", "phone"]))
    return Guard(id=uuid7(), policy="P", name="G", kind="pii", stage=stage, action=action, **more)


def guarding(*guards: Guard) -> Guarding:
    return Guarding(guards, CALLER, "m")


def ask(*texts: str) -> ChatRequest:
    return ChatRequest(model="", messages=[Message.of("user", text) for text in texts])


async def answered(session: Guarding, events: Sequence[Event]) -> list[Event]:
    out: list[Event] = []
    for event in events:
        out += await session.feed(event)
    return out + await session.end()


def text_of(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def pieces(text: str, size: int) -> list[Event]:
    return [TextDelta(text[at : at + size]) for at in range(0, len(text), size)]


async def test_a_prompt_with_something_in_it_is_blocked_and_the_refusal_does_not_repeat_it() -> None:
    with pytest.raises(Blocked) as raised:
        await guarding(guard()).before(ask("Hello", f"write to {MAIL}"))
    assert raised.value.detail == (
        "the guardrail 'G' of the policy 'P' blocked the prompt: it found email; leave that out"
    )
    assert MAIL not in str(raised.value.extra)
    clean = ask("nothing here")
    assert await guarding(guard()).before(clean) == clean


async def test_redaction_reaches_every_text_of_a_prompt() -> None:
    request = ChatRequest(
        model="",
        messages=[
            Message.of("system", f"s {MAIL}"),
            Message("user", [TextPart(f"u {MAIL}"), DocumentPart("text/plain", f"d {MAIL}".encode())]),
            Message("assistant", [
                ReasoningPart(f"r {MAIL}"), ReasoningPart(f"r {MAIL}", "signed"),
                ToolCallPart("1", "f", json.dumps({"to": MAIL})),
            ]),
            Message("tool", [ToolResultPart("1", f"t {MAIL}", media=(DocumentPart("text/plain", MAIL.encode()),))]),
        ],
        user=MAIL,
        extra={"prediction": {"content": [f"p {MAIL}", 3, None]}},
    )  # fmt: skip
    changed = await guarding(guard("redact")).before(request)
    rest = msgspec.json.encode(changed).decode()
    # Signed thinking goes back to its provider as it came.
    assert rest.count(MAIL) == 1
    assert changed.messages[2].parts[1] == ReasoningPart(f"r {MAIL}", "signed")
    call = changed.messages[2].parts[2]
    assert isinstance(call, ToolCallPart)
    assert json.loads(call.arguments) == {"to": "[REDACTED:EMAIL]"}


async def test_a_pseudonym_is_the_same_for_the_same_value_and_comes_back_in_the_answer() -> None:
    session = guarding(guard("pseudonymise"))
    sent = await session.before(ask(f"{MAIL} and bob@example.org", f"again {MAIL}"))
    first, second = (message.text for message in sent.messages)
    names = re.findall(r"\[EMAIL_\d_[0-9a-f]{6}\]", first)
    assert (len(set(names)), second) == (2, f"again {names[0]}")
    answer = await answered(session, [TextDelta(f"I wrote to {names[0]} and {names[1]}."), Done("end")])
    assert text_of(answer) == f"I wrote to {MAIL} and bob@example.org."


@given(size=st.integers(1, 9), words=st.lists(st.sampled_from(["[", "x", "] ", "é", "[E", "{0}", "{1}"]), max_size=12))
@settings(deadline=None)
async def test_a_placeholder_comes_back_however_it_is_cut(size: int, words: list[str]) -> None:
    session = guarding(guard("pseudonymise"))
    sent = await session.before(ask(f"{MAIL} +1 (415) 555-2671"))
    mail, phone = sent.messages[0].text.split(" ")
    said = "".join(words).replace("{0}", mail).replace("{1}", phone)
    expected = said.replace(mail, MAIL).replace(phone, "+1 (415) 555-2671")
    assert text_of(await answered(session, [*pieces(said, size), Done("end")])) == expected


@pytest.mark.parametrize("size", [1, 3, 7, 100])
async def test_in_the_arguments_of_a_tool_values_are_escaped_for_json(size: int) -> None:
    value = 'say "hi"\n\\'
    session = guarding(guard("pseudonymise", find=regex_finder(RegexSettings.model_validate({
        "patterns": [{"pattern": r'say "hi"\n\\'}],
    }))))  # fmt: skip
    sent = await session.before(ask(f"x {value} y"))
    (placeholder,) = re.findall(r"\[MATCH_1_[0-9a-f]{6}\]", sent.messages[0].text)
    said = json.dumps({"a": f"<{placeholder}>", "b": [1, 2]})
    events: list[Event] = [ToolCallDelta(0, "id", "tool")]
    events += [ToolCallDelta(0, arguments=said[at : at + size]) for at in range(0, len(said), size)]
    out = await answered(session, [*events, Usage(1, 1), Done("tool_calls")])
    calls = [event for event in out if isinstance(event, ToolCallDelta)]
    assert (calls[0].id, calls[0].name) == ("id", "tool")
    assert json.loads("".join(call.arguments for call in calls)) == {"a": f"<{value}>", "b": [1, 2]}
    assert out[-1] == Done("tool_calls")


async def test_another_requests_placeholder_is_no_key_to_this_ones_values() -> None:
    one, other = guarding(guard("pseudonymise")), guarding(guard("pseudonymise"))
    theirs = (await one.before(ask("eve@example.org"))).messages[0].text
    await other.before(ask(MAIL))
    said = text_of(await answered(other, [TextDelta(f"{theirs} [EMAIL_1_000000]"), Done("end")]))
    assert said == f"{theirs} [EMAIL_1_000000]"


@pytest.mark.parametrize("size", [1, 5, 40, 5000])
async def test_an_answer_is_redacted_however_it_is_cut(size: int) -> None:
    filler = "all is well here, and so on; " * 20
    said = f"{filler}mail {MAIL} or 4111 1111 1111 1111 {filler}{MAIL}"
    out = await answered(guarding(guard("redact", "after")), [*pieces(said, size), Done("end")])
    assert text_of(out) == said.replace(MAIL, "[REDACTED:EMAIL]").replace("4111 1111 1111 1111", "[REDACTED:CARD]")


@example([("x" * 90), MAIL, "word " * 4, MAIL, MAIL, "x" * 90, "x" * 90], 1)
@given(st.lists(st.sampled_from(["word ", "12 ", MAIL, " ", ". ", "4111111111111111", "\n", "x" * 90]), max_size=40),
       st.integers(1, 70))  # fmt: skip
@settings(deadline=None, max_examples=60)
async def test_a_stream_is_redacted_as_the_whole_would_be(words: list[str], size: int) -> None:
    said = "".join(words)
    one = guarding(guard("redact", "after"))
    whole = text_of(await answered(guarding(guard("redact", "after")), [TextDelta(said), Done("end")]))
    assert text_of(await answered(one, [*pieces(said, size), Done("end")])) == whole


async def test_an_answer_is_late_by_a_bounded_number_of_characters() -> None:
    session = guarding(guard("redact", "after"))
    given, seen = 0, 0
    for event in pieces("plain words without end " * 200, 11):
        assert isinstance(event, TextDelta)
        given += len(event.text)
        seen += len(text_of(await session.feed(event)))
        assert given - seen <= WINDOW + 80


async def test_a_stream_that_says_what_it_may_not_is_stopped_before_it_is_said() -> None:
    session = guarding(guard("block", "after"))
    passed: list[Event] = []
    with pytest.raises(Blocked, match="blocked the answer: it found email"):
        for event in pieces(f"{'fine words ' * 40}{MAIL} and more {'of it ' * 80}", 6):
            passed += await session.feed(event)
    assert "ada" not in text_of(passed)
    assert text_of(passed).startswith("fine words")


async def test_a_long_private_key_is_held_back_whole() -> None:
    key = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkq\n" * 100 + "-----END PRIVATE KEY-----"
    session = guarding(guard("redact", "after", find=detect.secrets))
    out = await answered(session, [*pieces(f"Here: {key} done.", 13), Done("end")])
    assert text_of(out) == "Here: [REDACTED:PRIVATE_KEY] done."


async def test_thinking_that_was_changed_loses_its_signature_and_other_keeps_it() -> None:
    for said, signature in ((f"I think of {MAIL}", ""), ("I think", "sig")):
        out = await answered(
            guarding(guard("redact", "after")),
            [ReasoningDelta(said), ReasoningDelta("", "sig"), TextDelta("yes"), Done("end")],
        )
        thoughts = [event for event in out if isinstance(event, ReasoningDelta)]
        assert "".join(each.text for each in thoughts) == said.replace(MAIL, "[REDACTED:EMAIL]")
        assert thoughts[-1].signature == signature
        assert text_of(out) == "yes"


async def test_sizes_of_prompts_and_answers_are_bounded() -> None:
    size = SizeSettings(max_characters=10)
    with pytest.raises(Blocked, match="11 characters, and at most 10 are allowed"):
        await guarding(guard(size=size)).before(ask("12345", "678901"))
    with pytest.raises(Blocked, match="3 messages"):
        await guarding(guard(size=SizeSettings(max_messages=2))).before(ask("a", "b", "c"))
    session = guarding(guard(stage="after", size=SizeSettings(max_tokens=3)))
    assert text_of(await session.feed(TextDelta("123456789"))) == "123456789"
    with pytest.raises(Blocked, match="tokens"):
        await session.feed(TextDelta("0"))


async def test_who_judges_may_refuse_replace_and_fall_silent() -> None:
    heard: list[tuple[str, Sequence[str]]] = []

    async def judge(asked: Asked, texts: Sequence[str]) -> Verdict:
        heard.append((asked.stage, list(texts)))
        if "silent" in texts[0]:
            raise Unanswered("no answer in time")
        if "bad" in texts[0]:
            return Verdict(refused="too bad")
        return Verdict(texts=[text.upper() for text in texts])

    session = guarding(guard(stage="both", judge=judge))
    assert [message.text for message in (await session.before(ask("a", "b"))).messages] == ["A", "B"]
    assert text_of(await answered(session, [*pieces("one two three", 2), Done("end")])) == "ONE TWO THREE"
    assert heard == [("before", ["a", "b"]), ("after", ["one two three"])]
    with pytest.raises(Blocked, match="too bad"):
        await guarding(guard(judge=judge)).before(ask("bad"))
    with pytest.raises(Blocked, match="could not be asked"):
        await guarding(guard(judge=judge)).before(ask("silent"))
    through = await guarding(guard(judge=judge, fails_open=True)).before(ask("silent"))
    assert through.messages[0].text == "silent"


async def test_who_judges_does_not_see_what_was_pseudonymised_before() -> None:
    heard: list[str] = []

    async def judge(_: Asked, texts: Sequence[str]) -> Verdict:
        heard.extend(texts)
        return Verdict()

    session = guarding(guard("pseudonymise"), guard(stage="both", judge=judge))
    sent = await session.before(ask(f"to {MAIL}"))
    out = await answered(session, [TextDelta(sent.messages[0].text), Done("end")])
    assert text_of(out) == f"to {MAIL}"
    assert len(heard) == 2
    assert all(MAIL not in text for text in heard)


@pytest.mark.parametrize(
    "written",
    [
        {"kind": "regex", "settings": {"patterns": [{"pattern": "(unclosed"}]}},
        {"kind": "regex", "settings": {"patterns": [{"pattern": r"(a)\1"}]}},
        {"kind": "regex", "settings": {"patterns": [{"pattern": "(?=x)y"}]}},
        {"kind": "regex", "settings": {"patterns": [{"pattern": "a*"}]}},
        {"kind": "regex", "settings": {"patterns": [{"pattern": "a{1000}{1000}"}]}},
        {"kind": "regex", "settings": {"patterns": []}},
        {"kind": "pii", "settings": {"types": ["soul"]}},
        {"kind": "pii", "stage": "both", "action": "pseudonymise"},
        {"kind": "size", "settings": {}},
        {"kind": "size", "settings": {"max_characters": 5}, "action": "redact"},
        {"kind": "size", "stage": "after", "settings": {"max_messages": 5}},
        {"kind": "webhook", "settings": {"url": "http://example.org"}},
        {"kind": "webhook", "settings": {"url": "https://u:p@example.org"}},
        {"kind": "model", "settings": {"model": "m"}},
        {"kind": "secrets", "settings": {"x": 1}},
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_written(written: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        NewGuardrail.model_validate({"name": "g", "stage": "before", **written})


def test_patterns_of_people_take_linear_time_and_count_in_characters() -> None:
    find = regex_finder(RegexSettings.model_validate({"patterns": [{"pattern": "(a+)+c", "label": "X"}]}))
    assert list(find("a" * 50_000 + "b")) == []
    (found,) = find("é€😀 aac")
    assert (found.start, found.end) == (4, 7)
