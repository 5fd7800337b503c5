"""Documents, pictures in results of tools, and marks of caches: from either door to the protocols we had first."""

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.ai.inference.estimate import needs_of
from radiant.ai.providers import anthropic_request, openai_request
from radiant.ai.providers.chat import (
    ChatRequest,
    DocumentPart,
    ImagePart,
    Message,
    ReasoningPart,
    TextPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
)
from radiant.ai.providers.errors import UpstreamBadRequest
from radiant.ai.providers.signatures import bare_id, google_thought, sign_call, split_call
from radiant.ai.providers.vendors import vendors
from radiant.doors.gateway.anthropic_request import MessagesBody
from radiant.doors.gateway.openai_request import BadRequest, ChatBody, decode

PDF = DocumentPart("application/pdf", b"%PDF-1.7", "contract.pdf")
NOTE = DocumentPart("text/plain", b"line", 'a "note"')
PNG = ImagePart("image/png", b"\x89PNG")
ENCODED = base64.b64encode(b"%PDF-1.7").decode()


def openai_body(*messages: Message, vendor: str = "openai") -> dict[str, Any]:
    return openai_request.chat_body(ChatRequest(model="m", messages=messages), vendors()[vendor])


def anthropic_body(*messages: Message, **more: Any) -> dict[str, Any]:
    request = ChatRequest(model="claude-sonnet-5", messages=messages, **more)
    return anthropic_request.message_body(request, vendors()["anthropic"])


def test_a_document_is_a_file_to_openai_and_a_text_one_is_text():
    sent = openai_body(Message("user", [TextPart("Read."), PDF, NOTE]))
    assert sent["messages"][0]["content"] == [
        {"type": "text", "text": "Read."},
        {"type": "file", "file": {"filename": "contract.pdf", "file_data": f"data:application/pdf;base64,{ENCODED}"}},
        {"type": "text", "text": "<document title=\"a 'note'\">\nline\n</document>"},
    ]


def test_a_document_that_a_vendor_cannot_take_is_refused_by_name_and_not_dropped():
    with pytest.raises(UpstreamBadRequest, match="Groq takes no documents of type application/pdf"):
        openai_body(Message("user", [TextPart("Read."), PDF]), vendor="groq")


def test_documents_are_blocks_to_anthropic_by_their_kind():
    sent = anthropic_body(Message("user", [PDF, NOTE]))["messages"][0]["content"]
    assert sent == [
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": ENCODED},
            "title": "contract.pdf",
        },
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "line"},
            "title": 'a "note"',
        },
    ]


def test_pictures_of_tools_stay_in_their_results_with_anthropic():
    sent = anthropic_body(Message("tool", [ToolResultPart("c", "see", media=(PNG,))]))["messages"][0]["content"]
    assert [block["type"] for block in sent[0]["content"]] == ["text", "image"]
    alone = anthropic_body(Message("tool", [ToolResultPart("c", "", True, (PNG,))]))["messages"][0]["content"][0]
    assert [block["type"] for block in alone["content"]] == ["image"]
    assert alone["is_error"] is True


def test_pictures_of_tools_follow_the_last_result_with_openai():
    sent = openai_body(
        Message("assistant", [ToolCallPart("a", "f", "{}"), ToolCallPart("b", "f", "{}")]),
        Message("tool", [ToolResultPart("a", "see", media=(PNG,))]),
        Message("tool", [ToolResultPart("b", "no")]),
        Message.of("user", "Well?"),
    )["messages"]
    assert [message["role"] for message in sent] == ["assistant", "tool", "tool", "user", "user"]
    assert [piece["type"] for piece in sent[3]["content"]] == ["text", "image_url"]
    last = openai_body(Message("tool", [ToolResultPart("a", "see", media=(PNG,))]))["messages"]
    assert [message["role"] for message in last] == ["tool", "user"]


def test_marks_of_the_cache_are_anthropics_cache_control_wherever_they_stand():
    sent = anthropic_body(
        Message("system", [TextPart("Rules.", cache="1h")]),
        Message("user", [TextPart("Hi", cache="5m"), msgspec.structs.replace(PNG, cache="5m")]),
        Message("assistant", [ToolCallPart("c", "f", "{}", cache="5m")]),
        Message("tool", [ToolResultPart("c", "r", cache="1h")]),
        tools=[Tool("f", cache="5m")],
    )
    short, long = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}
    assert sent["system"] == [{"type": "text", "text": "Rules.", "cache_control": long}]
    assert sent["tools"][0]["cache_control"] == short
    marks = [block.get("cache_control") for message in sent["messages"] for block in message["content"]]
    assert marks == [short, short, short, long]
    assert "cache" not in str(openai_body(Message("user", [TextPart("Hi", cache="5m")])))


def test_a_picture_in_a_system_message_is_refused_and_not_dropped():
    with pytest.raises(UpstreamBadRequest, match="system message"):
        anthropic_body(Message("system", [TextPart("a"), PNG]), Message.of("user", "b"))


def test_ids_and_thoughts_of_google_are_not_sent_to_others():
    signed = sign_call("call_1", "abc+/w==")
    messages = (
        Message("assistant", [ReasoningPart("", google_thought("s")), ToolCallPart(signed, "f", "{}")]),
        Message("tool", [ToolResultPart(signed, "r")]),
    )
    assert "sig" not in str(openai_body(*messages))
    sent = anthropic_body(*messages)["messages"]
    assert "google" not in str(sent)
    assert (sent[0]["content"][0]["id"], sent[1]["content"][0]["tool_use_id"]) == ("call_1", "call_1")


@given(st.from_regex(r"[a-z_0-9-]{1,20}", fullmatch=True), st.binary(max_size=300))
def test_a_signature_comes_back_from_an_id_unchanged_in_letters_that_every_protocol_takes(name: str, raw: bytes):
    signature = base64.b64encode(raw).decode()
    carried = sign_call(name, signature)
    assert split_call(carried) == (name, signature)
    assert bare_id(carried) == name
    assert all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in carried)


def _chat(content: Any) -> ChatRequest:
    body = {"model": "m", "messages": [{"role": "user", "content": content}]}
    return decode(msgspec.json.encode(body), ChatBody).to_request()


def _messages(**more: Any) -> ChatRequest:
    return decode(msgspec.json.encode({"model": "m", "max_tokens": 9, **more}), MessagesBody).to_request()


def test_openais_door_reads_files_and_refuses_what_it_cannot_fetch():
    file = {"file_data": f"data:application/pdf;base64,{ENCODED}", "filename": "contract.pdf"}
    request = _chat([{"type": "file", "file": file}])
    assert request.messages[0].parts == [PDF]
    assert "documents" in needs_of(request).capabilities
    with pytest.raises(BadRequest, match="give the file itself"):
        _chat([{"type": "file", "file": {"file_id": "file-1"}}])
    with pytest.raises(BadRequest, match="not one of"):
        _chat([{"type": "file", "file": {"file_data": "data:video/mp4;base64,AAAA"}}])


def test_anthropics_door_reads_documents_pictures_of_tools_and_marks():
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}}
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": ENCODED}}
    note = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "line"}, "title": "n"}
    mark = {"type": "ephemeral", "ttl": "1h"}
    request = _messages(
        system=[{"type": "text", "text": "Rules.", "cache_control": {"type": "ephemeral"}}],
        tools=[{"name": "f", "input_schema": {}, "cache_control": mark}],
        messages=[
            {"role": "user", "content": [pdf, note]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {}}]},
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "c",
                        "content": [{"type": "text", "text": "see"}, image, note],
                        "cache_control": mark,
                    }
                ],
            },
        ],
    )
    system, user, _, result = request.messages
    assert system.parts == [TextPart("Rules.", "5m")]
    assert user.parts == [DocumentPart("application/pdf", b"%PDF-1.7"), DocumentPart("text/plain", b"line", "n")]
    media = [PNG, DocumentPart("text/plain", b"line", "n")]
    assert result.parts == [ToolResultPart("c", "see", media=tuple(media), cache="1h")]
    assert request.tools[0].cache == "1h"
    assert {"vision", "documents"} <= needs_of(request).capabilities
    with pytest.raises(BadRequest, match="give base64"):
        bad = {"type": "document", "source": {"type": "url", "url": "https://example.org/a.pdf"}}
        _messages(messages=[{"role": "user", "content": [bad]}])
