"""What the address of a request asks."""

import re
from urllib.parse import parse_qsl

from radiant.doors.gateway.openai_request import BadRequest

_NUMBER = re.compile(r"\d{1,6}(\.\d{1,6})?", re.ASCII)


class Query:
    """What an address asks; of a name given several times all."""

    def __init__(self, text: str) -> None:
        try:
            self.pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=200)
        except ValueError as error:
            raise BadRequest("the address asks for more than two hundred things") from error

    def all(self, name: str) -> list[str]:
        """Every value of a name."""
        return [value for key, value in self.pairs if key == name and value]

    def text(self, name: str, default: str = "") -> str:
        """The last value of a name."""
        return next(iter(self.all(name)[::-1]), default)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """true or false. Raises BadRequest."""
        value = self.text(name, str(default)).lower()
        if value not in ("true", "false"):
            raise BadRequest(f"{name}: true or false", name)
        return value == "true"

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """A number. Raises BadRequest."""
        value = self.text(name, str(default))
        if not value.isdecimal() or not least <= int(value[:9]) <= most:
            raise BadRequest(f"{name}: a whole number from {least} to {most}", name)
        return int(value)

    def number(self, name: str, default: float, least: float, most: float) -> float:
        """A number. Raises BadRequest."""
        value = self.text(name)
        if not value:
            return default
        if not _NUMBER.fullmatch(value) or not least <= float(value) <= most:
            raise BadRequest(f"{name}: a number from {least:g} to {most:g}", name)
        return float(value)
