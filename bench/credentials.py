"""The vault: decrypts a CPU-second by the local key; values shown a second over HTTP, each with its row of the access log.

    ./radiant bench credentials [--decrypts N] [--seconds N] [--quick] [--json]

Goals (goals.md, Vault): 20,000 decrypts a CPU-second, which is opening the data key and the value; 300 reveals a second,
of one tenant, whose log is one chain: every answer comes after its row is committed with fsync on. Afterwards the chain
is verified, and holds as many rows as values were shown. One API process; the load comes from another on the same cores.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import aiohttp
from bench.kit.figures import Figure, at_most, report
from bench.kit.setup import api_process, connect_openai, cpu_of, free_port

from radiant.config import Settings
from radiant.foundation.credentials import envelope
from radiant.foundation.credentials.access_log import AccessLog
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.envelope import Place
from radiant.foundation.credentials.schemas import NewCredential, NewVault
from radiant.foundation.credentials.value import Value
from radiant.foundation.identity import api_keys
from radiant.foundation.identity.callers import ALL_SCOPES, Caller, Role
from radiant.foundation.identity.schemas import NewApiKey
from radiant.infra.changes import Changes
from radiant.infra.embedded_postgres import EmbeddedPostgres
from radiant.infra.kms import LocalKms
from radiant.kit.ids import TenantId, UserId, uuid7
from radiant.runtime import open_runtime
from radiant.vault import make_vault

SECRET = "sk-live-" + "0123456789abcdef" * 3


async def _decrypts(count: int) -> float:
    kms = LocalKms(os.urandom(32))
    places = [Place(TenantId(uuid7()), uuid7(), uuid7(), 1) for _ in range(1000)]
    sealed = [await envelope.seal(kms, kms.key_id, Value(text=SECRET), place) for place in places]
    began = time.process_time()
    for number in range(count):
        at = number % len(places)
        await envelope.unseal(kms, sealed[at], places[at])
    return count / (time.process_time() - began)


async def _stored(settings: Settings) -> tuple[TenantId, str, list[str]]:
    """Our tenant, a key that owns a vault there, and the addresses of its credentials."""
    runtime = await open_runtime(settings)
    try:
        async with runtime.database.system("bench").tx() as tx:
            row = await tx.one("select tenant_id, id from users where is_operator limit 1")
        tenant_id, user_id = TenantId(row["tenant_id"]), UserId(row["id"])
        scopes = ALL_SCOPES
        caller = Caller(tenant_id, user_id, Role.OWNER, False, "user", scopes)
        key = await api_keys.make(runtime.database, caller, NewApiKey(name="bench", scopes=["read", "write"]))
        vault = make_vault(runtime, Changes.never())
        actor = Actor.of(caller)
        made = await vault.vaults.create(actor, NewVault(name="bench"))
        await vault.vaults.put_member(actor, made.id, "owner", api_key_id=key.id)
        new = [NewCredential(name=f"c{n}", type="api_key", value=SECRET) for n in range(20)]
        kept = [await vault.credentials.store(actor, made.id, each) for each in new]
        return tenant_id, key.secret, [f"/api/credentials/{each.id}/reveal" for each in kept]
    finally:
        await runtime.close()


async def _reveal(port: int, secret: str, paths: list[str], seconds: float, workers: int = 32) -> tuple[int, float]:
    shown, until = 0, time.monotonic() + seconds
    headers = {"Authorization": f"Bearer {secret}"}
    connector = aiohttp.TCPConnector(limit=workers)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers, connector=connector) as http:

        async def work(number: int) -> None:
            nonlocal shown
            while time.monotonic() < until:
                async with http.post(paths[number % len(paths)], json={"reason": "the bench"}) as answer:
                    body = await answer.json()
                    if answer.status != 200 or body["fields"]["key"] != SECRET:
                        raise SystemExit(f"{answer.status} {body}")
                shown += 1

        began = time.monotonic()
        await asyncio.gather(*(work(number) for number in range(workers)))
        return shown, time.monotonic() - began


async def measure(decrypts: int, seconds: float) -> list[Figure]:
    """Every figure."""
    figures = [Figure("decrypts a CPU-second", await _decrypts(decrypts), 20_000)]
    with tempfile.TemporaryDirectory(prefix="radiant-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        settings = Settings(
            data_dir=folder / "data", models="none", master_key_file=folder / "data" / "bench-master.key"
        )
        postgres = EmbeddedPostgres(settings.data_dir)
        await asyncio.to_thread(postgres.start)
        try:
            await connect_openai(settings, "http://127.0.0.1:9")
            tenant_id, secret, paths = await _stored(settings)
            port = free_port()
            async with api_process(settings.data_dir, port) as process:
                warm, _ = await _reveal(port, secret, paths, 1)
                cpu = cpu_of(process.pid)
                shown, wall = await _reveal(port, secret, paths, seconds)
                cpu = cpu_of(process.pid) - cpu
            figures.append(Figure("CPU of the process a reveal (µs)", cpu / shown * 1e6))
            figures.append(Figure("reveals a second, with their rows", shown / wall, 300))
            runtime = await open_runtime(settings)
            try:
                verdict = await AccessLog(runtime.database, runtime.kms).verify(tenant_id)
                async with runtime.database.system("bench").tx() as tx:
                    rows = await tx.value("select count(*) from credential_access_log where access_type = 'read'")
            finally:
                await runtime.close()
            figures.append(at_most("shown without a row", warm + shown - rows, 0))
            figures.append(at_most("chains that do not verify", 0 if verdict.whole else 1, 0))
        finally:
            await asyncio.to_thread(postgres.stop)
    return figures


def main() -> int:
    """Print figures; 1 where a goal is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--decrypts", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--quick", action="store_true", help="a tenth of it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    scale = 10 if options.quick else 1
    figures = asyncio.run(measure(options.decrypts // scale, options.seconds / scale))
    return report(figures, as_json=options.json)


if __name__ == "__main__":
    raise SystemExit(main())
