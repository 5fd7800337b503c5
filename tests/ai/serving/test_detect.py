"""Servers of others on this machine."""

from radiant.ai.serving.detect import LocalServer, detect_local_servers
from radiant.infra.httpclient import HttpClient
from tests.kit.upstream import Hang, Raw, Refuse, openai_upstream


async def test_a_server_that_lists_models_is_offered_and_nothing_else_is(http: HttpClient):
    async with (
        openai_upstream() as good,
        openai_upstream() as closed,
        openai_upstream() as other,
        openai_upstream() as slow,
    ):
        closed.default = Refuse(401)
        other.default = Raw([b"<html>"], content_type="text/html")
        slow.default = Hang()
        ports = [int(server.url.split(":")[2].split("/")[0]) for server in (good, closed, other, slow)]
        kinds = ["ollama", "vllm", "llamacpp", "lmstudio"]
        known = [*zip(kinds, ports, strict=True), ("vllm", 9)]
        found = await detect_local_servers(http, known=known)
        assert found == [LocalServer("ollama", f"http://127.0.0.1:{ports[0]}/v1", ["big", "small"])]
        assert await detect_local_servers(http, known=known, own_ports={ports[0]}) == []
