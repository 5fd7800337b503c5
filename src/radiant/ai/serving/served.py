"""Which of the installed models can be started for chat, embeddings and speech, and with what orders."""

from collections.abc import Callable
from pathlib import Path

from radiant.ai.serving.manifest import ManifestModel
from radiant.ai.serving.packs import AddedModel, ModelStore
from radiant.ai.serving.running import ServedModel, default_threads

# Tasks that can be started here. Files of other models can be installed before a version that runs them.
RUNNABLE = ("chat", "embedding", "transcription", "speech")
LLAMA = "radiant.ai.serving.llama_child"
EMBED = "radiant.ai.serving.embed_child"
WHISPER = "radiant.ai.serving.whisper_child"
KOKORO = "radiant.ai.serving.kokoro_child"
_VOICES = Path(__file__).parent / "voices"


def finder(store: ModelStore, *, threads: int | None = None) -> Callable[[str], ServedModel | None]:
    """What a `Host` asks for models: from the manifest's installed ones and the operator's own. It blocks a little
    (it looks at files), so the host calls it in a thread."""
    workers = threads or default_threads()

    def find(model_id: str) -> ServedModel | None:
        model = store.manifest.find(model_id)
        if model is None:
            added = next((added for added in store.added() if added.id == model_id), None)
            return None if added is None else _added(added, workers)
        if not store.installed(model_id):
            return None
        if model.runtime == "llama.cpp":
            path = store.path(model_id, model.file[0].name)
            return _llama(model_id, path, model.context_length or 4096, model.memory_mb or 1024, workers)
        if model.runtime == "onnx-embeddings":
            return _embeddings(store, model)
        if model.runtime == "whisper":
            return _whisper(store, model, workers)
        if model.runtime == "kokoro":
            return _kokoro(store, model, workers)
        return None

    return find


def _llama(model_id: str, path: Path, context: int, memory_mb: int, threads: int) -> ServedModel:
    orders = {"model_path": str(path), "threads": threads, "context": context, "slots": 1}
    return ServedModel(model_id, LLAMA, orders, memory_mb)


def _added(added: AddedModel, threads: int) -> ServedModel:
    return _llama(added.id, Path(added.path), added.context_length, added.memory_mb, threads)


def _embeddings(store: ModelStore, model: ManifestModel) -> ServedModel:
    orders = {
        "model_path": str(store.path(model.id, "model.onnx")),
        "tokenizer_path": str(store.path(model.id, "tokenizer.json")),
        "max_tokens": model.context_length or 256,
    }
    # The child does one batch at a time; a second request in its socket saves the pause between two.
    return ServedModel(model.id, EMBED, orders, model.memory_mb or 300, slots=2, queue=64)


def _whisper(store: ModelStore, model: ManifestModel, threads: int) -> ServedModel:
    orders = {"model_path": str(store.path(model.id, "model.bin").parent), "threads": threads}
    # One window at a time in the child: more slots let a conversation in between the windows of a long recording.
    return ServedModel(model.id, WHISPER, orders, model.memory_mb or 400, slots=4, queue=16)


def _kokoro(store: ModelStore, model: ManifestModel, threads: int) -> ServedModel:
    path = store.path(model.id, model.file[0].name)
    orders = {"model_path": str(path), "voices": str(_VOICES), "threads": threads}
    return ServedModel(model.id, KOKORO, orders, model.memory_mb or 500, slots=3, queue=16)
