"""The ladder, statements and names, without a database."""

import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.workspace.memory.aliases import matched
from radiant.workspace.memory.ladder import Entry, Ladder, chain_of
from radiant.workspace.memory.schemas import Slot
from radiant.workspace.memory.statements import slot_of

START = datetime(2026, 1, 1, tzinfo=UTC)
STORE = UUID(int=1)


def _entry(value: str, day: int) -> Entry:
    chain, of = chain_of(STORE, Slot(subject="user", attribute="lives in", value=value))
    at = START + timedelta(days=day)
    return Entry(id=uuid4(), words=None, chain=chain, value=of, valid_from=at, last_said=at)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
def test_the_value_that_holds_is_the_last_one_said_whatever_the_order(values: list[str]):
    for order in itertools.permutations(range(len(values))):
        ladder = Ladder()
        for place in order:
            ladder.add(_entry(values[place], place))
        holding = [entry for entry in ladder.entries if entry.status == "current"]
        assert [entry.value[0] for entry in holding] == [values[-1]]


@pytest.mark.parametrize(
    ("text", "attribute", "value", "polarity"),
    [
        ("I love Chinese food.", "likes", "chinese food", 1),
        ("I really don't like olives", "likes", "olives", -1),
        ("User hates mornings", "likes", "mornings", -1),
        ("My favourite film is Alien", "favourite", "alien", 1),
        ("I moved to Oslo", "lives in", "oslo", 1),
        ("Call me Ishmael", "name", "ishmael", 1),
    ],
)
def test_plain_statements_have_a_slot(text: str, attribute: str, value: str, polarity: int):
    slot = slot_of(text)
    assert slot is not None
    assert (slot.attribute, slot.value, slot.polarity) == (attribute, value, polarity)


@pytest.mark.parametrize("text", ["Do I love it?", "She loves sushi", "I love it. I hate it too.", "The sky is blue"])
def test_what_leaves_a_doubt_has_none(text: str):
    assert slot_of(text) is None


@pytest.mark.parametrize(
    ("question", "name", "found"),
    [
        ("what's my k8s story", "k8s", True),
        ("REACT.JS patterns", "react.js", True),
        ("eror handling", "error handling", True),
        ("mango pooling", "Mongo", False),
        ("class hierarchy", "class", True),
        ("classes", "class", False),
        ("the response_length", "response_length", True),
    ],
)
def test_names_are_found_as_they_are_or_with_one_slip(question: str, name: str, found: bool):
    assert matched(question, {1: name}, "|") == ({1: name} if found else {})
