"""`python -m radiant.ai.serving.embed_child`: a sentence encoder in ONNX behind `/v1/embeddings`.

Mean of the token vectors, made to length 1. A process of its own, for its memory (some 200 MB) and its one busy
thread stay apart from the server's.
"""

import threading
from collections.abc import Sequence
from typing import Any

import msgspec

from radiant.ai.serving.child_http import Refused, StreamingHandler, serve
from radiant.ai.serving.child_side import take_orders

BATCH = 16
MAX_INPUTS = 2048


class Orders(msgspec.Struct):
    """Files of the model; texts are cut at `max_tokens`."""

    model_id: str
    api_key: str
    model_path: str
    tokenizer_path: str
    threads: int = 1
    max_tokens: int = 256


class Request(msgspec.Struct):
    """The protocol's request, as far as we serve it."""

    input: str | list[str]
    model: str = ""
    dimensions: int | None = None
    encoding_format: str = "float"


class Encoder:
    """Texts -> unit vectors. One at a time: the session has one thread."""

    def __init__(self, orders: Orders) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        # Neither package has complete types.
        runtime: Any = onnxruntime
        options = runtime.SessionOptions()
        options.intra_op_num_threads = orders.threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = runtime.InferenceSession(orders.model_path, options, providers=["CPUExecutionProvider"])
        self._names = {item.name for item in self._session.get_inputs()}
        self._tokenizer: Any = Tokenizer.from_file(orders.tokenizer_path)
        self._tokenizer.enable_truncation(max_length=orders.max_tokens)
        self._tokenizer.enable_padding()
        self._lock = threading.Lock()
        self.size = len(self.encode(["size"])[0][0])

    def encode(self, texts: Sequence[str]) -> tuple[list[list[float]], int]:
        """A vector for each text, and the tokens of all of them."""
        with self._lock:
            # Neighbours in length share a batch, so little is padding.
            order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
            vectors: list[list[float]] = [[] for _ in texts]
            tokens = 0
            for start in range(0, len(order), BATCH):
                places = order[start : start + BATCH]
                batch, count = self._encode_batch([texts[place] for place in places])
                tokens += count
                for place, vector in zip(places, batch, strict=True):
                    vectors[place] = vector
            return vectors, tokens

    def _encode_batch(self, texts: list[str]) -> tuple[list[list[float]], int]:
        import numpy as np

        encoded = self._tokenizer.encode_batch(texts)
        mask = np.array([item.attention_mask for item in encoded], dtype=np.int64)
        inputs = {
            "input_ids": np.array([item.ids for item in encoded], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.array([item.type_ids for item in encoded], dtype=np.int64),
        }
        output: Any = self._session.run(None, {name: inputs[name] for name in inputs if name in self._names})[0]
        weights = mask[:, :, None].astype(np.float32)
        mean = (output * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
        unit = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
        return unit.astype(np.float32).tolist(), int(mask.sum())


def answer(encoder: Encoder, orders: Orders, body: bytes) -> dict[str, Any]:
    """The protocol's answer. Raises Refused."""
    try:
        request = msgspec.json.decode(body, type=Request)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(400, f"not a request for embeddings of texts: {error}") from error
    texts = [request.input] if isinstance(request.input, str) else request.input
    if not texts or len(texts) > MAX_INPUTS:
        raise Refused(400, f"input: from 1 to {MAX_INPUTS} texts")
    if request.encoding_format != "float":
        raise Refused(400, "encoding_format: only float here")
    if request.dimensions not in (None, encoder.size):
        raise Refused(400, f"dimensions: this model has {encoder.size} and cannot be shortened")
    vectors, tokens = encoder.encode(texts)
    return {
        "object": "list",
        "model": orders.model_id,
        "data": [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def make_handler(encoder: Encoder, orders: Orders) -> type[StreamingHandler]:
    """The requests' handler."""

    class Handler(StreamingHandler):
        api_key = orders.api_key

        def get(self) -> None:
            if self.path != "/v1/models":
                raise Refused(404, "no such path")
            self.send_document(200, {"object": "list", "data": [{"id": orders.model_id, "object": "model"}]})

        def post(self, body: bytes) -> None:
            if self.path != "/v1/embeddings":
                raise Refused(404, "no such path")
            self.send_document(200, answer(encoder, orders, body))

    return Handler


def main() -> None:
    """Load the model, serve, end with the parent."""
    orders = take_orders(Orders)
    serve(make_handler(Encoder(orders), orders))


if __name__ == "__main__":
    main()
