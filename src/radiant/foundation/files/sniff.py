"""What a file is, by its first bytes; what the sender calls it is believed for harmless text alone."""

# Offset and bytes that a type begins with.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
)
# Text whose name matters to whoever reads it, and which no browser runs.
_TEXTS = frozenset({"text/plain", "text/markdown", "text/csv", "application/json"})
NEEDED = 512


def media_type(head: bytes, claimed: str) -> str:
    """The type of a file that begins with `head` (its first 512 bytes, or all of it).

    HTML, SVG and scripts are text like any other: they are never given a type that a browser would run.
    """
    for offset, magic, kind in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return kind
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12], "application/octet-stream")
    if head[4:8] == b"ftyp":
        return {b"avif": "image/avif", b"heic": "image/heic", b"M4A ": "audio/mp4"}.get(head[8:12], "video/mp4")
    claimed = claimed.split(";")[0].strip().lower()
    if _is_text(head):
        return claimed if claimed in _TEXTS else "text/plain"
    return "application/octet-stream"


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # A character cut in two by the end of the head.
        return error.reason == "unexpected end of data" and len(head) >= NEEDED
    return True
