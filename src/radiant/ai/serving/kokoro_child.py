"""`python -m radiant.ai.serving.kokoro_child`: Kokoro on ONNX behind `/v1/speak` and `/v1/voices`.

The answer is a stream of frames, one a phrase: four bytes with the length of a head (little endian), the head in JSON
(`start` and `end` in characters of the text, `bytes`, `duration`), then so many bytes of PCM (s16le, mono, 24 kHz).
The last head says `done`. What follows a closed connection is not spoken.
"""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from radiant.ai.serving.child_http import Refused, StreamingHandler, serve
from radiant.ai.serving.child_side import take_orders
from radiant.ai.serving.phrases import Phrase, phrases_of

RATE = 24_000
MAX_TEXT = 20_000
SLOWEST, FASTEST = 0.5, 2.0
# Memory grows with the phrase: 490 MB for so many; the model itself would take 510.
_MOST_TOKENS = 200
# Under this the model's own breath is silence; it begins and ends each phrase with a quarter of a second of it.
_QUIET = 0.004
_KEPT = int(0.03 * RATE)
_NOTHING = 0.2
"""Seconds of silence for what cannot be said, such as a picture."""

# Kokoro's own vocabulary (its config.json, Apache-2.0).
_VOCABULARY = {
    ";": 1, ":": 2, ",": 3, ".": 4, "!": 5, "?": 6, "—": 9, "…": 10, "\"": 11, "(": 12, ")": 13, "“": 14, "”": 15,
    " ": 16, "\u0303": 17, "ʣ": 18, "ʥ": 19, "ʦ": 20, "ʨ": 21, "ᵝ": 22, "ꭧ": 23, "A": 24, "I": 25, "O": 31, "Q": 33,
    "S": 35, "T": 36, "W": 39, "Y": 41, "ᵊ": 42, "a": 43, "b": 44, "c": 45, "d": 46, "e": 47, "f": 48, "h": 50,
    "i": 51, "j": 52, "k": 53, "l": 54, "m": 55, "n": 56, "o": 57, "p": 58, "q": 59, "r": 60, "s": 61, "t": 62,
    "u": 63, "v": 64, "w": 65, "x": 66, "y": 67, "z": 68, "ɑ": 69, "ɐ": 70, "ɒ": 71, "æ": 72, "β": 75, "ɔ": 76,
    "ɕ": 77, "ç": 78, "ɖ": 80, "ð": 81, "ʤ": 82, "ə": 83, "ɚ": 85, "ɛ": 86, "ɜ": 87, "ɟ": 90, "ɡ": 92, "ɥ": 99,
    "ɨ": 101, "ɪ": 102, "ʝ": 103, "ɯ": 110, "ɰ": 111, "ŋ": 112, "ɳ": 113, "ɲ": 114, "ɴ": 115, "ø": 116, "ɸ": 118,
    "θ": 119, "œ": 120, "ɹ": 123, "ɾ": 125, "ɻ": 126, "ʁ": 128, "ɽ": 129, "ʂ": 130, "ʃ": 131, "ʈ": 132, "ʧ": 133,
    "ʊ": 135, "ʋ": 136, "ʌ": 138, "ɣ": 139, "ɤ": 140, "χ": 142, "ʎ": 143, "ʒ": 147, "ʔ": 148, "ˈ": 156, "ˌ": 157,
    "ː": 158, "ʰ": 162, "ʲ": 164, "↓": 169, "→": 171, "↗": 172, "↘": 173, "ᵻ": 177,
}  # fmt: skip


class Orders(msgspec.Struct):
    """`voices`: the folder of `<voice>.bin`."""

    model_id: str
    api_key: str
    model_path: str
    voices: str
    threads: int = 1


class Request(msgspec.Struct):
    """What to say. `language` is the voice's own where it is not given."""

    text: str
    voice: str = "af_heart"
    speed: float = 1.0
    language: str | None = None


class Voice(msgspec.Struct):
    """`language`: what it was recorded in."""

    id: str
    name: str
    language: str
    description: str


class Mouth:
    """Text -> PCM. One phrase at a time: the session has its threads, and two callers take turns by phrases."""

    def __init__(self, orders: Orders) -> None:
        import numpy as np
        import onnxruntime

        from radiant.ai.serving.espeak import Phonemizer

        # The package has no complete types.
        runtime: Any = onnxruntime
        options = runtime.SessionOptions()
        options.intra_op_num_threads = orders.threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = runtime.InferenceSession(orders.model_path, options, providers=["CPUExecutionProvider"])
        self._phonemizer = Phonemizer()
        self._styles: dict[str, Any] = {
            path.stem: np.fromfile(path, dtype="<f4").reshape(-1, 1, 256)
            for path in sorted(Path(orders.voices).glob("*.bin"))
        }
        self._lock = threading.Lock()

    def voices(self) -> list[Voice]:
        """Whose voices there are."""
        return [
            Voice(
                id=name,
                name=name.split("_", 1)[1].title(),
                language=_language_of(name),
                description=f"{'British' if name[0] == 'b' else 'American'} {'woman' if name[1] == 'f' else 'man'}",
            )
            for name in self._styles
        ]

    def check(self, request: Request) -> None:
        """Raises Refused."""
        if not request.text.strip():
            raise Refused(400, "text: there is nothing to say")
        if len(request.text) > MAX_TEXT:
            raise Refused(400, f"text: at most {MAX_TEXT} characters")
        if request.voice not in self._styles:
            raise Refused(400, f"voice: there are {', '.join(self._styles)}, and not {request.voice[:50]!r}")
        if not SLOWEST <= request.speed <= FASTEST:
            raise Refused(400, f"speed: from {SLOWEST} to {FASTEST}")
        if request.language is not None and request.language.lower().split("-")[0] != "en":
            raise Refused(400, f"language: {request.voice} speaks English, and not {request.language[:20]!r}")

    def speak(self, request: Request) -> Iterator[tuple[Phrase, bytes]]:
        """Each phrase and its sound."""
        language = _language_of(request.voice)
        if request.language is not None and request.language.lower() in ("en-us", "en-gb"):
            language = request.language.lower()
        for phrase in phrases_of(request.text):
            with self._lock:
                sound = self._say(phrase, request, language)
            yield phrase, sound

    def _say(self, phrase: Phrase, request: Request, language: str) -> bytes:
        import numpy as np

        phonemes = self._phonemizer.phonemes(phrase.text, language)
        tokens = [_VOCABULARY[sound] for sound in phonemes if sound in _VOCABULARY]
        if not any(sound.isalpha() for sound in phonemes) or not tokens:
            return bytes(int(_NOTHING * RATE) * 2)
        pieces: list[Any] = []
        # Numbers of many digits are long in words.
        for start in range(0, len(tokens), _MOST_TOKENS):
            piece = tokens[start : start + _MOST_TOKENS]
            style = self._styles[request.voice]
            inputs = {
                "tokens": np.array([[0, *piece, 0]], dtype=np.int64),
                "style": style[min(len(piece), len(style)) - 1],
                "speed": np.array([request.speed], dtype=np.float32),
            }
            pieces.append(_trimmed(np.asarray(self._session.run(None, inputs)[0]).ravel()))
        pieces.append(np.zeros(int(phrase.pause / request.speed * RATE), dtype=np.float32))
        whole = np.nan_to_num(np.concatenate(pieces))
        return (np.clip(whole, -1.0, 1.0) * 32767).astype("<i2").tobytes()


def _language_of(voice: str) -> str:
    return "en-gb" if voice.startswith("b") else "en-us"


def _trimmed(sound: Any) -> Any:
    import numpy as np

    (loud,) = np.nonzero(np.abs(sound) > _QUIET)
    return sound if not len(loud) else sound[max(0, loud[0] - _KEPT) : loud[-1] + 1 + _KEPT]


def frame(head: dict[str, Any], sound: bytes = b"") -> bytes:
    """One frame of the answer."""
    encoded = msgspec.json.encode(head)
    return len(encoded).to_bytes(4, "little") + encoded + sound


def make_handler(mouth: Mouth, orders: Orders) -> type[StreamingHandler]:
    """The requests' handler."""

    class Handler(StreamingHandler):
        api_key = orders.api_key

        def get(self) -> None:
            if self.path != "/v1/voices":
                raise Refused(404, "no such path")
            self.send_document(200, {"voices": mouth.voices()})

        def post(self, body: bytes) -> None:
            if self.path != "/v1/speak":
                raise Refused(404, "no such path")
            try:
                request = msgspec.json.decode(body, type=Request)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise Refused(400, f"not a request for speech: {error}") from error
            mouth.check(request)
            self.begin_stream("application/octet-stream")
            for phrase, sound in mouth.speak(request):
                head = {"start": phrase.start, "end": phrase.end, "bytes": len(sound),
                        "duration": len(sound) / 2 / RATE}  # fmt: skip
                self.send_piece(frame(head, sound))
                self.must_be_here()
            self.send_piece(frame({"done": True}))
            self.end_stream()

    return Handler


def main() -> None:
    """Load the model, serve, end with the parent."""
    orders = take_orders(Orders)
    serve(make_handler(Mouth(orders), orders))


if __name__ == "__main__":
    main()
