"""What a tool gives back is bounded, and says where it was cut."""

MOST = 20_000
CUT = "\n[cut here: the rest is left out]"


def bounded(text: str, most: int = MOST) -> str:
    """The text, or its beginning and a mark, `most` characters at most with it."""
    return text if len(text) <= most else text[: most - len(CUT)] + CUT
