"""What a request will cost and what it cost: on the safe side before, exact after."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from radiant.ai.inference.estimate import cost_of, input_tokens, needs_of, reservation, text_tokens
from radiant.ai.inference.model import Model
from radiant.ai.providers.chat import (
    ChatRequest,
    ImagePart,
    ImageUrlPart,
    JsonObject,
    JsonSchema,
    Message,
    TextPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
    Usage,
)
from radiant.ai.routing.needs import Needs

tokens = st.integers(0, 1_000_000)
prices = st.decimals(0, 200, places=6)


def model(**more: object) -> Model:
    facts = {"id": "m", "display_name": "M", "provider": "p", "upstream_id": "m"}
    return Model(**(facts | more))  # type: ignore[arg-type]


def request(*messages: Message, **more: object) -> ChatRequest:
    return ChatRequest(model="m", messages=messages, **more)  # type: ignore[arg-type]


@given(st.integers(0, 10**9))
def test_tokens_of_a_text_are_rounded_up_and_never_fewer_than_a_third_of_its_characters(characters: int) -> None:
    found = text_tokens(characters)
    assert found * 3 >= characters > (found - 1) * 3 or characters == found == 0


@given(st.lists(st.text(max_size=200), max_size=6), st.text(max_size=200))
def test_a_longer_conversation_never_has_fewer_tokens(texts: list[str], more: str) -> None:
    shorter = request(*(Message.of("user", text) for text in texts))
    longer = request(*shorter.messages, Message.of("user", more))
    assert input_tokens(longer) > input_tokens(shorter)


def test_everything_that_is_sent_is_counted() -> None:
    plain = request(Message.of("user", "Hi."))
    pieces = [ToolCallPart("c", "weather", '{"a": 1}'), ToolResultPart("c", "rain"), ImagePart("image/png", b"x")]
    for piece in pieces:
        assert input_tokens(request(Message("user", (TextPart("Hi."), piece)))) > input_tokens(plain)
    with_tool = request(*plain.messages, tools=(Tool("weather", "Tells the weather"),))
    assert input_tokens(with_tool) > input_tokens(plain)


def test_the_needs_are_what_the_request_uses() -> None:
    hello = Message.of("user", "Hi.")
    assert needs_of(request(hello)).capabilities == {"text"}
    assert needs_of(request(Message("user", (ImageUrlPart("https://example.org/a.png"),)))).capabilities == {
        "text",
        "vision",
    }
    assert needs_of(request(hello, tools=(Tool("f"),))).capabilities == {"text", "tools"}
    schema = JsonSchema("n", {"type": "object"})
    assert needs_of(request(hello, response_format=schema)).capabilities == {"text", "json_schema"}
    assert needs_of(request(hello, response_format=JsonObject())).capabilities == {"text"}
    assert needs_of(request(hello, max_tokens=7)).output_tokens == 7
    assert needs_of(request(hello)).output_tokens > 0


def test_no_more_output_is_reserved_than_the_model_can_make() -> None:
    needs = Needs(frozenset(), 1_000_000, 4000)
    priced = model(input_price=Decimal(2), output_price=Decimal(10), max_output_tokens=1000)
    assert reservation(priced, needs) == Decimal("2.01")
    assert reservation(model(), needs) == 0


@settings(deadline=None)
@given(tokens, tokens, prices, prices)
def test_a_call_within_its_estimate_never_costs_more_than_was_reserved(
    asked: int, said: int, input_price: Decimal, output_price: Decimal
) -> None:
    priced = model(input_price=input_price, output_price=output_price)
    usage = Usage(input_tokens=asked, output_tokens=said)
    assert 0 <= cost_of(priced, usage) <= reservation(priced, Needs(frozenset(), asked, said))


@settings(deadline=None)
@given(tokens, tokens, tokens, prices)
def test_cached_tokens_without_a_price_of_their_own_cost_what_the_prompt_costs(
    plain: int, read: int, written: int, price: Decimal
) -> None:
    priced = model(input_price=price, output_price=price)
    total = plain + read + written
    cached = Usage(input_tokens=total, output_tokens=0, cache_read_tokens=read, cache_write_tokens=written)
    # Each of the three products is rounded to a nano-dollar by itself.
    assert abs(cost_of(priced, cached) - cost_of(priced, Usage(input_tokens=total))) <= Decimal("0.000000002")


def test_f0_15_cached_tokens_have_their_own_prices_and_cheap_calls_do_not_round_to_nothing() -> None:
    priced = model(
        input_price=Decimal(5), output_price=Decimal(25), cache_read_price=Decimal("0.5"),
        cache_write_price=Decimal("6.25"),
    )  # fmt: skip
    usage = Usage(input_tokens=1000, output_tokens=10, cache_read_tokens=600, cache_write_tokens=300)
    assert cost_of(priced, usage) == Decimal("0.0005") + Decimal("0.0003") + Decimal("0.001875") + Decimal("0.00025")
    assert cost_of(model(input_price=Decimal("0.02")), Usage(input_tokens=1)) == Decimal("0.000000020")
    assert cost_of(model(), Usage(input_tokens=1000, output_tokens=1000)) == 0
