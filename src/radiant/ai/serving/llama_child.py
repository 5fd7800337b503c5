"""`python -m radiant.ai.serving.llama_child`: llama.cpp's own server for one GGUF file, on a free loopback port."""

from typing import Any
from urllib.parse import urlsplit

import msgspec

from radiant.ai.serving.child_side import serve_until_told, take_orders


class Orders(msgspec.Struct):
    """`context` in tokens for each of `slots` requests at once."""

    model_id: str
    api_key: str
    model_path: str
    threads: int
    context: int
    slots: int = 1


def main() -> None:
    """Load the model, serve, end with the parent."""
    orders = take_orders(Orders)
    import xllamacpp

    # The package has no types.
    library: Any = xllamacpp
    params = library.CommonParams()
    params.model.path = orders.model_path
    params.model_alias = {orders.model_id}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [orders.api_key]
    params.n_parallel = orders.slots
    params.n_ctx = orders.context * orders.slots
    params.cpuparams.n_threads = orders.threads
    params.cpuparams_batch.n_threads = orders.threads
    params.n_threads_http = orders.slots + 2
    # Its default keeps up to 8 GB of old prompts beside the model; the slot's own prefix is kept anyway.
    params.cache_ram_mib = 0
    # Where the request does not say: small models wander and repeat themselves at the usual 0.8.
    params.sampling.temp = 0.3
    params.sampling.penalty_repeat = 1.1
    params.ui = False
    params.endpoint_slots = False
    params.warmup = False
    params.offline = True
    server = library.Server(params)
    port = urlsplit(str(server.listening_address)).port
    assert port is not None
    serve_until_told(port)


if __name__ == "__main__":
    main()
