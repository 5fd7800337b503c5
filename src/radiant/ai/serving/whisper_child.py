"""`python -m radiant.ai.serving.whisper_child`: Whisper on CTranslate2 behind `/v1/transcribe`.

The answer is a stream of JSON lines: `language`, each `segment` as it is heard, `done`. `quick` is for speech that is
still going on: Whisper always looks at 30 seconds, mostly of silence, and its encoder takes four fifths of the time of
a short utterance; a window as long as the sound takes a sixth of it. In short windows it likes to say everything again
and again: the times that it tells show what lies behind the end of the sound, and that is dropped. Where the result is
doubtful all the same (it repeats itself, or is unsure) the whole window is looked at after all.
"""

import math
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from radiant.ai.serving.child_http import Refused, StreamingHandler, serve
from radiant.ai.serving.child_side import take_orders

RATE = 16_000
LONGEST = 900.0
"""Seconds that one request may ask for; a quick one may ask for QUICK."""
QUICK = 28.0
_MAX_PROMPT = 2_000
# Behind the sound, so that the last word is not cut.
_QUICK_MARGIN = 2.0
# Nobody says more tokens in a second; what goes on longer goes round in circles.
_TOKENS_A_SECOND = 8
# Whisper's own mark of a decoding that failed, and one of ours: short utterances have less sure beginnings than -1.
_REPEATS = 2.4
_UNSURE = -1.4


class Orders(msgspec.Struct):
    """`model_path` is the folder of the model's files."""

    model_id: str
    api_key: str
    model_path: str
    threads: int = 1


class Request(msgspec.Struct, rename={"start": "from", "end": "to"}):
    """What to hear: a file of PCM (s16le, mono, 16 kHz) from second to second, or the PCM itself in base64."""

    path: str = ""
    pcm: bytes = b""
    start: float = 0.0
    end: float | None = None
    language: str | None = None
    prompt: str = ""
    terms: str = ""
    words: bool = False
    quick: bool = False


class Ear:
    """Sound -> lines of the answer. One window at a time: the model has one thread, and a short piece of a
    conversation gets its turn between two windows of a long recording."""

    def __init__(self, orders: Orders) -> None:
        from faster_whisper import WhisperModel

        # The package has no complete types.
        model: Any = WhisperModel
        self._model: Any = model(
            orders.model_path, device="cpu", compute_type="int8", cpu_threads=orders.threads, num_workers=1,
            local_files_only=True,
        )  # fmt: skip
        self._lock = threading.Lock()
        self.languages: frozenset[str] = frozenset(self._model.supported_languages)

    def hear(self, request: Request) -> Iterator[dict[str, Any]]:
        """The lines. Raises Refused, before the first."""
        _check(request, self.languages)
        samples = _samples(request)
        return self._quick(samples, request) if request.quick else self._whole(samples, request)

    def _whole(self, samples: Any, request: Request) -> Iterator[dict[str, Any]]:
        with self._lock:
            segments, info = self._model.transcribe(
                samples, language=request.language, beam_size=1, word_timestamps=request.words,
                initial_prompt=request.prompt or None, hotwords=request.terms or None, vad_filter=True,
                # What was misheard once would mislead all that follows.
                condition_on_previous_text=False,
            )  # fmt: skip
        yield _language(info.language, info.language_probability, len(samples) / RATE)
        while True:
            with self._lock:
                # The generator hears the next 30 seconds when it is asked for what is in them.
                segment = next(segments, None)
            if segment is None:
                break
            words = [
                {"word": word.word, "start": float(word.start), "end": float(word.end),
                 "probability": float(word.probability)}
                for word in segment.words or ()
            ]  # fmt: skip
            yield _segment(segment.text, float(segment.start), float(segment.end), float(segment.avg_logprob), words)
        yield {"kind": "done"}

    def _quick(self, samples: Any, request: Request) -> Iterator[dict[str, Any]]:
        import numpy as np

        seconds = len(samples) / RATE
        with self._lock:
            margin = np.zeros(int(_QUICK_MARGIN * RATE), dtype=np.float32)
            features = self._model.feature_extractor(np.concatenate([samples, margin]))
            # An even number of frames: the encoder takes them two by two.
            frames = min(3000, int((seconds + _QUICK_MARGIN) * 100) // 2 * 2)
            found = self._decode(_fit(features, frames), request, seconds)
            if found.doubtful and frames < 3000:
                found = self._decode(_fit(features, 3000), request, seconds)
            words = self._align(found, int(seconds * 100)) if request.words and found.tokens else []
        yield _language(found.language, found.probability, seconds)
        if found.text.strip() and not found.doubtful and found.no_speech < 0.6:
            start = words[0]["start"] if words else 0.0
            end = words[-1]["end"] if words else seconds
            yield _segment(found.text, start, end, found.score, words)
        yield {"kind": "done"}

    def _decode(self, features: Any, request: Request, seconds: float) -> "_Found":
        from faster_whisper.tokenizer import Tokenizer

        encoded = self._model.encode(features)
        language, probability = request.language, 1.0
        if language is None:
            token, probability = self._model.model.detect_language(encoded)[0][0]
            language = token[2:-2]
        make_tokenizer: Any = Tokenizer
        tokenizer: Any = make_tokenizer(self._model.hf_tokenizer, True, task="transcribe", language=language)
        prompt: list[int] = self._model.get_prompt(
            tokenizer,
            tokenizer.encode(" " + request.prompt.strip()) if request.prompt else [],
            hotwords=request.terms or None,
        )
        limit = min(200, 10 + int(seconds * _TOKENS_A_SECOND))
        (result,) = self._model.model.generate(
            encoded, [prompt], beam_size=1, return_scores=True, return_no_speech_prob=True,
            max_length=min(448, len(prompt) + limit), suppress_blank=True,
        )  # fmt: skip
        ids: list[int] = result.sequences_ids[0]
        tokens = _within(ids, seconds, tokenizer)
        return _Found(
            text=tokenizer.decode(tokens),
            tokens=tokens,
            score=float(result.scores[0]),
            no_speech=float(result.no_speech_prob),
            language=language,
            probability=float(probability),
            encoded=encoded,
            tokenizer=tokenizer,
            full=len(tokens) >= limit,
        )

    def _align(self, found: "_Found", frames: int) -> list[dict[str, Any]]:
        from faster_whisper import transcribe

        whole: Any = transcribe
        (words,) = self._model.find_alignment(found.tokenizer, [found.tokens], found.encoded, frames)
        whole.merge_punctuations(words, "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、")
        return [
            {"word": word["word"], "start": float(word["start"]), "end": float(max(word["start"], word["end"])),
             "probability": float(word["probability"])}
            for word in words
            if word["word"].strip()
        ]  # fmt: skip


@dataclass(slots=True)
class _Found:
    """One decoding. `full`: it went on until it was cut."""

    text: str
    tokens: list[int]
    score: float
    no_speech: float
    language: str
    probability: float
    encoded: Any
    tokenizer: Any
    full: bool

    @property
    def doubtful(self) -> bool:
        raw = self.text.encode()
        return self.full or self.score < _UNSURE or (bool(raw) and len(raw) / len(zlib.compress(raw)) > _REPEATS)


def _within(ids: list[int], seconds: float, tokenizer: Any) -> list[int]:
    """The words that are said to begin before the end of the sound, without their times."""
    kept: list[int] = []
    for token in ids:
        if token >= tokenizer.timestamp_begin:
            if (token - tokenizer.timestamp_begin) * 0.02 >= seconds and kept:
                break
        elif token < tokenizer.eot:
            kept.append(token)
    return kept


def _check(request: Request, languages: frozenset[str]) -> None:
    longest = QUICK if request.quick else LONGEST
    length = len(request.pcm) / 2 / RATE if request.pcm else (request.end or math.inf) - request.start
    if bool(request.path) == bool(request.pcm):
        raise Refused(400, "path or pcm: one of the two")
    if request.start < 0 or length <= 0:
        raise Refused(400, "from, to: seconds from 0, the first before the second")
    if (request.pcm and length > longest) or (request.end is not None and length > longest):
        raise Refused(400, f"at most {longest:.0f} seconds in one request")
    if request.language is not None and request.language not in languages:
        raise Refused(400, f"language: {request.language[:20]!r} is none that this model knows")
    if len(request.prompt) > _MAX_PROMPT or len(request.terms) > _MAX_PROMPT:
        raise Refused(400, f"prompt, terms: at most {_MAX_PROMPT} characters")


def _samples(request: Request) -> Any:
    import numpy as np

    if request.pcm:
        sound = np.frombuffer(request.pcm[: len(request.pcm) // 2 * 2], dtype="<i2")
    else:
        longest = QUICK if request.quick else LONGEST
        start = int(request.start * RATE)
        wanted = math.ceil(longest * RATE) if request.end is None else int(request.end * RATE) - start
        try:
            sound = np.fromfile(request.path, dtype="<i2", offset=start * 2, count=wanted + 1)
        except (OSError, ValueError) as error:
            raise Refused(400, f"path: {error}") from error
        if request.end is None and len(sound) > wanted:
            raise Refused(400, f"at most {longest:.0f} seconds in one request")
        sound = sound[:wanted]
    if len(sound) < RATE // 100:
        raise Refused(400, "there is no sound in it")
    return sound.astype(np.float32) / 32768


def _fit(features: Any, frames: int) -> Any:
    import numpy as np

    features = features[:, :frames]
    return np.pad(features, ((0, 0), (0, frames - features.shape[1])))


def _language(language: str, probability: float, duration: float) -> dict[str, Any]:
    return {"kind": "language", "language": language, "probability": float(probability), "duration": duration}


def _segment(text: str, start: float, end: float, score: float, words: list[dict[str, Any]]) -> dict[str, Any]:
    confidence = math.exp(min(0.0, score))
    return {"kind": "segment", "text": text, "start": start, "end": end, "confidence": confidence, "words": words}


def make_handler(ear: Ear, orders: Orders) -> type[StreamingHandler]:
    """The requests' handler."""

    class Handler(StreamingHandler):
        api_key = orders.api_key

        def post(self, body: bytes) -> None:
            if self.path != "/v1/transcribe":
                raise Refused(404, "no such path")
            try:
                request = msgspec.json.decode(body, type=Request)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise Refused(400, f"not a request for a transcript: {error}") from error
            lines = ear.hear(request)
            # Asked before the head is sent: what cannot be heard is refused by a status.
            line = next(lines)
            self.begin_stream("application/x-ndjson")
            while True:
                self.send_piece(msgspec.json.encode(line) + b"\n")
                if line["kind"] == "done":
                    break
                self.must_be_here()
                line = next(lines)
            self.end_stream()

    return Handler


def main() -> None:
    """Load the model, serve, end with the parent."""
    orders = take_orders(Orders)
    serve(make_handler(Ear(orders), orders))


if __name__ == "__main__":
    main()
