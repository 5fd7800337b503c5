"""F14.3, F14.7: alerts reach people by mail, webhook and SNS, each apart; actions run, bounded, noted and off by default."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import boto3
import pytest

from radiant.ai.inference.acts import acts
from radiant.foundation.error_tracking.actions import Actions
from radiant.foundation.error_tracking.alerts import Alerts, NotTold
from radiant.foundation.error_tracking.writer import ACT, ALERT
from radiant.infra.db import Database
from radiant.infra.httpclient import HttpClient
from radiant.infra.jobs import Job
from radiant.infra.kms import LocalKms
from radiant.infra.mail import Mailer
from tests.foundation.error_tracking.test_flaws import tell
from tests.foundation.error_tracking.test_sdk import groups
from tests.foundation.usage.test_routes import outbox
from tests.kit.fixtures import Callers
from tests.kit.hook import hook_server
from tests.kit.mail_server import mail_server
from tests.kit.server import Client, Server

HOOK = "https://hooks.example.org/errors"


@asynccontextmanager
async def alerting(db: Database, mail_url: str | None = None, aws: str | None = None) -> AsyncIterator[Alerts]:
    async with HttpClient() as http:
        alerts = Alerts(
            db, LocalKms(bytes(range(32))), Mailer(mail_url, "radiant@example.org"), http, "http://radiant.example.org",
            aws_endpoint_url=aws, allow_private=True,
        )  # fmt: skip
        yield alerts
        alerts.close()


async def waiting(owner: Any, name: str) -> list[Job]:
    rows = await owner.fetch(
        "select id, convert_from(payload, 'UTF8') as ids from pgqueuer where entrypoint = $1 order by id", name
    )
    return [Job(row["id"], name, json.loads(row["ids"]), None, None, 1) for row in rows]


async def change(who: Client, scope: str = "", **more: Any) -> dict[str, Any]:
    answer = await who.put(f"/api/errors/settings{scope}", more)
    assert answer.status == 200, answer.body
    return answer.json()


async def email_of(owner: Any, user_id: Any) -> str:
    return await owner.fetchval("select email from users where id = $1", user_id)


async def test_f14_7_a_critical_error_is_told_by_mail_and_by_a_signed_webhook(
    server: Server, callers: Callers, db: Database, owner: Any
) -> None:
    async with hook_server() as hook, mail_server() as mail, alerting(db, mail.url) as alerts:
        address = await email_of(owner, callers.owner_id)
        settings = await change(callers.owner, alert_emails=[address], alert_webhook=HOOK)
        await owner.execute("update error_settings set alert_webhook = $1", hook.url)
        await tell(callers.owner, "Größe\nüberschritten, password=hunter2", severity="critical", source_service="shop")
        await groups(callers.owner)
        for job in await waiting(owner, ALERT):
            await alerts.handle(job)
        (letter,) = mail.messages
        assert letter["To"] == address
        assert letter["Subject"].startswith("[RADIANT CRITICAL] Error: Gro")
        assert letter["Subject"].isascii()
        assert "hunter2" not in str(letter)
        ((headers, body),) = hook.got
        told = json.loads(body)
        assert (told["event"], told["reason"], told["severity"], told["service"]) == (
            "error.alert", "critical", "critical", "shop",
        )  # fmt: skip
        at, _, digest = headers["X-Radiant-Signature"].partition(",v1=")
        expected = hmac.new(
            settings["signing_secret"].encode(), at.removeprefix("t=").encode() + b"." + body, hashlib.sha256
        )
        assert digest == expected.hexdigest()


async def test_f14_10_a_way_of_telling_that_fails_keeps_no_other_back(
    server: Server, callers: Callers, db: Database, owner: Any
) -> None:
    async with hook_server() as hook, mail_server() as mail, alerting(db, mail.url) as alerts:
        hook.status = 500
        await change(callers.owner, alert_emails=[await email_of(owner, callers.owner_id)], alert_webhook=HOOK)
        await owner.execute("update error_settings set alert_webhook = $1", hook.url)
        await tell(callers.owner, severity="critical")
        (found,) = await groups(callers.owner)
        assert found["occurrence_count"] == 1
        for job in await waiting(owner, ALERT):
            if job.ids["channel"] == "webhook":
                with pytest.raises(NotTold, match="500"):
                    await alerts.handle(job)
            else:
                await alerts.handle(job)
        assert len(mail.messages) == 1


async def test_f14_7_the_platforms_errors_go_to_its_topic(
    server: Server, callers: Callers, db: Database, owner: Any, aws_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")

    def topic() -> tuple[str, Any]:
        sns: Any = boto3.client("sns", region_name="eu-central-1", endpoint_url=aws_endpoint)
        sqs: Any = boto3.client("sqs", region_name="eu-central-1", endpoint_url=aws_endpoint)
        arn = sns.create_topic(Name="errors")["TopicArn"]
        queue = sqs.create_queue(QueueName="errors")["QueueUrl"]
        queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)
        return arn, lambda: sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])

    arn, messages = await asyncio.to_thread(topic)
    refused = await callers.owner.put("/api/errors/settings", {"alert_topic_arn": arn})
    assert (refused.status, b"platform" in refused.body) == (422, True)
    await change(callers.operator, "?scope=platform", alert_topic_arn=arn, alert_on=["new"])
    told = {"message": "日本語\n" + "x" * 300, "type": "TypeError", "route": "/"}
    await callers.owner.post("/api/errors/page", told)
    await groups(callers.operator, "?scope=platform")
    async with alerting(db, aws=aws_endpoint) as alerts:
        (job,) = await waiting(owner, ALERT)
        await alerts.handle(job)
    (message,) = await asyncio.to_thread(messages)
    said = json.loads(message["Body"])
    assert said["Subject"].startswith("[RADIANT NEW] TypeError")
    assert len(said["Subject"]) <= 100
    assert json.loads(said["Message"])["message"].startswith("日本語")


async def test_settings_are_refused_with_words_where_they_would_harm(
    server: Server, callers: Callers, owner: Any
) -> None:
    foreign = await email_of(owner, callers.other_tenant.user_id)
    for wrong, word in (
        ({"alert_emails": [foreign]}, "alert_emails"), ({"alert_webhook": "http://plain.example.org"}, "https"),
        ({"alert_webhook": "https://u:p@example.org"}, "without user"), ({"scrub_patterns": ["("]}, "scrub_patterns"),
        ({"scrub_patterns": ["(?=x)"]}, "scrub_patterns"), ({"alert_minutes": 0}, "alert_minutes"),
    ):  # fmt: skip
        answer = await callers.owner.put("/api/errors/settings", wrong)
        assert (answer.status, word in answer.body.decode()) == (422, True), answer.body
    assert (await callers.member.put("/api/errors/settings", {})).status == 403


async def test_own_patterns_hold_for_what_comes_after(server: Server, callers: Callers) -> None:
    await change(callers.owner, scrub_patterns=[r"KD-\d+"])
    error = await tell(callers.owner, "customer KD-1234 is gone")
    await groups(callers.owner)
    assert (await callers.owner.get(f"/api/errors/{error}")).json()["error_message"] == "customer [PRIVATE] is gone"
    other = await tell(callers.foreign_owner, "customer KD-1234 is gone")
    await groups(callers.foreign_owner)
    assert "KD-1234" in (await callers.foreign_owner.get(f"/api/errors/{other}")).json()["error_message"]


async def test_f14_3_an_action_runs_is_bounded_and_noted_and_is_off_by_default(
    server: Server, callers: Callers, db: Database, owner: Any
) -> None:
    async with hook_server() as hook, alerting(db) as alerts:
        await tell(callers.owner)
        (found,) = await groups(callers.owner)
        path = f"/api/errors/groups/{found['id']}/action"
        refused = await callers.owner.put(path, {"enabled": True, "action": {"kind": "rest_provider"}})
        assert refused.status == 422
        set_ = await callers.owner.put(path, {"enabled": True, "action": {"kind": "webhook", "most_per_hour": 2}})
        assert set_.status == 200, set_.body
        await tell(callers.owner)
        await groups(callers.owner)
        assert await waiting(owner, ACT) == []
        await change(callers.owner, alert_on=[], alert_webhook=HOOK, actions_enabled=True)
        await owner.execute("update error_settings set alert_webhook = $1", hook.url)
        actions = Actions(db, alerts, {})
        for _ in range(4):
            await tell(callers.owner)
            await groups(callers.owner)
            (job,) = await waiting(owner, ACT)
            await actions.handle(job)
            await owner.execute("delete from pgqueuer")
        assert len(hook.got) == 2
        assert json.loads(hook.got[0][1])["event"] == "error.action"
        runs = (await callers.owner.get("/api/errors/actions")).json()["items"]
        assert [(run["succeeded"], run["detail"]) for run in runs] == [(True, "the webhook took it")] * 2
        acted = [row for row in await outbox(server) if row["action"] == "error_group.acted"]
        assert len(acted) == 2
        assert (await callers.foreign_owner.get("/api/errors/actions")).json()["items"] == []


async def test_f14_3_the_platforms_actions_rest_a_provider_retry_a_job_and_say_what_they_cannot(
    server: Server, callers: Callers, db: Database, owner: Any
) -> None:
    async with alerting(db) as alerts:
        await change(callers.operator, "?scope=platform", actions_enabled=True)
        await callers.owner.post("/api/errors/page", {"message": "it broke"})
        (found,) = await groups(callers.operator, "?scope=platform")
        actions = Actions(db, alerts, acts(db))
        job = Job(1, ACT, {"group": found["id"]}, None, None, 1)
        job_id = await owner.fetchval(
            "insert into pgqueuer (priority, status, entrypoint) values (0, 'failed', 'x') returning id"
        )
        wanted = [
            ({"kind": "rest_provider", "provider": "openai", "minutes": 5}, {}, True),
            ({"kind": "rest_provider"}, {}, False),
            ({"kind": "restart_model"}, {"model": "smollm2"}, True),
            ({"kind": "retry_job"}, {"job": "x", "id": str(job_id)}, True),
            ({"kind": "retry_job"}, {"job": "x", "id": "999999"}, False),
            ({"kind": "rotate_credential", "credential": "c"}, {}, False),
            ({"kind": "webhook"}, {}, False),
        ]  # fmt: skip
        for action, tags, _ in wanted:
            path = f"/api/errors/groups/{found['id']}/action?scope=platform"
            body = {"enabled": True, "action": action | {"most_per_hour": 60}}
            assert (await callers.operator.put(path, body)).status == 200
            await owner.execute(
                "update error_logs set context = jsonb_build_object('tags', $1::text::jsonb)", json.dumps(tags)
            )
            await actions.handle(job)
        rows = await owner.fetch("select succeeded, detail from error_actions order by started_at")
        assert [row["succeeded"] for row in rows] == [succeeded for _, _, succeeded in wanted], rows
        assert await owner.fetchval("select status from pgqueuer where id = $1", job_id) == "queued"
        upstreams = server.app.state.upstreams
        for _ in range(50):
            if upstreams._providers_rest:
                break
            await asyncio.sleep(0.05)
        assert set(upstreams._providers_rest) == {"openai"}
        upstreams._providers_rest.clear()
        assert UUID(found["id"])
