"""A document that can be gone back in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text

from radiant.workspace.collaboration.document import EMPTY, Document, read, rewind
from radiant.workspace.collaboration.log import merged
from radiant.workspace.collaboration.problems import RoomTooLarge
from radiant.workspace.collaboration.wire import Malformed

SPANS = st.lists(
    st.tuples(st.text("aé李😀 .\n", min_size=1, max_size=6), st.sampled_from([None, "m1", "m2"])), max_size=6
)


def _fill(text: Text, spans: list[tuple[str, str | None]]) -> None:
    for words, source in spans:
        text.insert(len(text), words, {"src": source})


def _said(text: Text) -> list[tuple[str, str | None]]:
    return [(letter, (how or {}).get("src")) for words, how in text.diff() for letter in words]


@given(SPANS, SPANS)
def test_a_text_says_again_what_it_said_with_where_it_is_from(
    before: list[tuple[str, str | None]], after: list[tuple[str, str | None]]
) -> None:
    document = Document("document", 10**7)
    text = document.doc.get("content", type=Text)
    _fill(text, before)
    past, said = document.encode(), _said(text)
    text.clear()
    _fill(text, after)
    with document.editing("restore"):
        rewind(document.doc, read("document", past))
    assert _said(text) == said


def test_a_text_goes_back_by_its_differences() -> None:
    document = Document("document", 10**7)
    text = document.doc.get("content", type=Text)
    _fill(text, [("word " * 2000, None)])
    past = document.encode()
    text.insert(5000, "a slip ")
    with document.editing("restore") as changed:
        rewind(document.doc, read("document", past))
    assert str(text) == "word " * 2000
    assert len(changed[0]) < 100


def test_a_canvas_goes_back_by_value_and_keeps_its_texts() -> None:
    document = Document("canvas", 10**7)
    artifacts: Map[Any] = document.doc.get("artifacts", type=Map)
    artifacts["a"] = Map({"x": 1, "body": Text("said")})
    past = document.encode()
    body = artifacts["a"]["body"]
    body += " more"
    artifacts["a"]["x"] = 7
    artifacts["b"] = Map({"x": 1, "body": Text("new")})
    with document.editing("restore"):
        rewind(document.doc, read("canvas", past))
    assert artifacts.to_py() == {"a": {"x": 1.0, "body": "said"}}
    assert str(body) == "said"
    del artifacts["a"]
    with document.editing("restore"):
        rewind(document.doc, read("canvas", past))
    assert artifacts.to_py() == {"a": {"x": 1.0, "body": "said"}}


def test_an_answer_that_says_nothing_new_is_nothing_to_keep() -> None:
    document, other = Document("document", 10**7), Doc[Any]()
    text = other.get("content", type=Text)
    text += "one two"
    del text[0:4]
    assert document.merge(other.get_update()) != EMPTY
    assert document.merge(other.get_update(document.state())) == EMPTY
    assert document.says_nothing_new(other.get_update(document.state()))
    del text[0:1]
    assert not document.says_nothing_new(other.get_update(document.state()))
    assert document.merge(other.get_update(document.state())) != EMPTY
    assert str(document.doc.get("content", type=Text)) == "wo"


def test_what_is_too_large_or_unreadable_changes_nothing() -> None:
    document, other = Document("document", 1000), Doc[Any]()
    other.get("content", type=Text).insert(0, "x" * 2000)
    with pytest.raises(RoomTooLarge, match="1,000 bytes"):
        document.apply(other.get_update())
    with pytest.raises(Malformed):
        document.apply(b"\x01\x02\x99")
    assert document.encode() == EMPTY


def test_a_merged_batch_says_what_its_updates_say() -> None:
    doc, updates = Doc[Any](), list[bytes]()
    text = doc.get("content", type=Text)
    doc.observe(lambda event: updates.append(event.update))
    for number in range(450):
        text.insert(number // 2, "a" if number % 3 else "b")
    few = merged(updates)
    assert len(few) == 3
    assert str(read("document", *few).get("content", type=Text)) == str(text)
