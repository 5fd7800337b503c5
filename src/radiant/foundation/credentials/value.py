"""A plain value: text, bytes, or fields. It shows itself to nobody: not in a repr, a log or a traceback."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from radiant.foundation.credentials import kinds
from radiant.kit.errors import Invalid

MOST_BYTES = 1024 * 1024
_TEXT, _BINARY, _FIELDS = b"t", b"b", b"f"


class ValueTooLarge(Invalid):
    """More than the vault keeps."""

    slug = "value-too-large"


class Value:
    """Exactly one of `text`, `data`, `fields` is not None."""

    __slots__ = ("data", "fields", "text")

    def __init__(
        self, *, text: str | None = None, data: bytes | None = None, fields: Mapping[str, Any] | None = None
    ) -> None:
        self.text = text
        self.data = data
        self.fields = dict(fields) if fields is not None else None

    def __repr__(self) -> str:
        return "Value(…)"

    def pack(self) -> bytes:
        """The bytes that are sealed: a letter for its form, then the value."""
        if self.text is not None:
            return _TEXT + self.text.encode()
        if self.data is not None:
            return _BINARY + self.data
        return _FIELDS + json.dumps(self.fields, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def unpack(cls, packed: bytes) -> "Value":
        """What `pack` made."""
        form, body = packed[:1], packed[1:]
        if form == _TEXT:
            return cls(text=body.decode())
        if form == _BINARY:
            return cls(data=body)
        return cls(fields=json.loads(body))

    def secret(self, kind: str, field: str | None = None) -> str:
        """One text of it: the field named, or the one that the type is about; binary as base64.

        Raises Invalid where it has no such field.
        """
        if self.fields is not None:
            name = field or kinds.main_field(kind)
            found = self.fields.get(name) if name else None
            if found is None:
                raise Invalid(f"field: name one of {', '.join(sorted(self.fields))}")
            return found if isinstance(found, str) else json.dumps(found)
        if field is not None:
            raise Invalid("field: this credential has no fields; leave it out")
        return self.text if self.text is not None else base64.b64encode(self.data or b"").decode()


def checked(kind: str, text: str | None, base64_text: str | None, fields: Mapping[str, Any] | None) -> Value:
    """The value that was given in one of three ways, as its type has it. A bare text for a type with fields is its main
    one, where that suffices. Raises Invalid, WrongFields, ValueTooLarge."""
    if sum(each is not None for each in (text, base64_text, fields)) != 1:
        raise Invalid("value: give exactly one of value, value_base64, fields")
    if kind not in kinds.TYPES:
        raise Invalid(f"type: {kind!r} is not known; there are {', '.join(kinds.TYPES)}")
    if kind == "binary" or base64_text is not None:
        value = _binary(kind, base64_text)
    elif kind == "text":
        if text is None:
            raise Invalid("value: a credential of type text has one text and no fields")
        value = Value(text=text)
    elif text is not None:
        value = Value(fields=_of_text(kind, text))
    else:
        value = Value(fields=kinds.check_fields(kind, fields or {}))
    size = len(value.pack()) - 1
    if size > MOST_BYTES:
        raise ValueTooLarge(f"value: {size} bytes; the vault keeps {MOST_BYTES} at most")
    if size == 0:
        raise Invalid("value: it is empty")
    return value


def _binary(kind: str, base64_text: str | None) -> Value:
    if kind != "binary" or base64_text is None:
        raise Invalid(f"value_base64: for credentials of type binary, and they take nothing else; this one is {kind}")
    try:
        return Value(data=base64.b64decode(base64_text, validate=True))
    except (ValueError, binascii.Error):
        pass
    raise Invalid("value_base64: not base64")


def _of_text(kind: str, text: str) -> dict[str, Any]:
    main = kinds.main_field(kind)
    if main is not None:
        return kinds.check_fields(kind, {main: text})
    try:
        parsed: object = json.loads(text)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise Invalid("value: a credential of type json is an object of JSON")
    return dict(parsed)  # type: ignore[arg-type]
