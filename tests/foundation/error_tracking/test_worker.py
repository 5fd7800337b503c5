"""The worker as it runs: an error that is told becomes a letter, without anybody's doing."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from radiant import worker
from radiant.config import Settings
from radiant.infra.kms import LocalKms
from radiant.infra.objects import LocalObjects
from radiant.runtime import Addresses, Runtime
from tests.foundation.error_tracking.test_flaws import tell
from tests.foundation.error_tracking.test_telling import change, email_of
from tests.kit import postgres
from tests.kit.fixtures import Callers
from tests.kit.mail_server import mail_server
from tests.kit.server import Server, _Kept


async def test_f14_7_the_worker_sends_what_is_to_be_told(
    server: Server, callers: Callers, owner: Any, dsns: postgres.Dsns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mail_server() as mail:
        settings = Settings(
            data_dir=tmp_path,
            models="none",
            port=1,
            smtp_url=SecretStr(mail.url),
            public_url="https://radiant.example.org",
        )

        async def open_runtime(_: Settings) -> Runtime:
            pools = server.database
            return Runtime(
                settings, Addresses(dsns.owner, dsns.app, dsns.system), _Kept(pools.app, pools.system_pool),
                LocalKms(bytes(range(32))), LocalObjects(tmp_path / "objects", secret=b"s"),
            )  # fmt: skip

        monkeypatch.setattr(worker, "open_runtime", open_runtime)
        stop = asyncio.Event()
        working = asyncio.create_task(worker.work(settings, stop))
        try:
            address = await email_of(owner, callers.owner_id)
            await change(callers.owner, alert_emails=[address])
            await tell(callers.owner, "the disk is full", type="DiskFull", severity="critical")
            for _ in range(200):
                if mail.messages:
                    break
                await asyncio.sleep(0.05)
        finally:
            stop.set()
            await working
        (letter,) = mail.messages
        assert letter["Subject"] == "[RADIANT CRITICAL] DiskFull: the disk is full"
        text = letter.get_body().get_content()  # type: ignore[union-attr]
        assert "https://radiant.example.org/settings/errors?group=" in text
        assert "Severity: critical" in text
