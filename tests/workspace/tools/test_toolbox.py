"""The toolbox: who is offered what, and what comes of a call."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from radiant.foundation.identity.callers import Caller, Role
from radiant.kit.errors import Unavailable
from radiant.kit.ids import uuid7
from radiant.workspace.tools.base import BadArguments, Citation, ToolFailed, ToolResult, ToolType, Use
from radiant.workspace.tools.current_time import CurrentTime
from radiant.workspace.tools.problems import ToolNotOffered
from radiant.workspace.tools.toolbox import MOST_TEXT, Toolbox
from tests.kit.fixtures import Callers
from tests.kit.server import Server
from tests.workspace.tools.kit import TOOLS, attempt, caller_of, tools_of


@dataclass(frozen=True)
class Scripted:
    """A tool that does what a test says."""

    name: str = "scripted"
    type: ToolType = "compute"
    description: str = "Does what a test says."
    side_effects: bool = False
    parameters: Mapping[str, Any] = field(
        default_factory=lambda: {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    )
    result: ToolResult | Exception = field(default_factory=lambda: ToolResult("done"))
    seconds: float = 0
    ended: list[str] = field(default_factory=list)

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def _box(server: Server, *compute: Any) -> Toolbox:
    state = server.app.state
    return Toolbox(state.database, state.http, state.leases, state.memory, state.documents, compute=compute)


def _member(callers: Callers, role: Role = Role.MEMBER, **options: Any) -> Caller:
    return caller_of(callers.tenant.id, callers.member_id, role, **options)


def _use(callers: Callers, seconds: float = 10) -> Use:
    return Use(_member(callers), uuid7(), seconds)


async def test_all_are_offered_that_may_be_called_and_named_ones_in_their_order(
    server: Server, callers: Callers
) -> None:
    box = _box(server, Scripted())

    every = [tool.name for tool in await box.offered(_member(callers))]
    named = [tool.name for tool in await box.offered(_member(callers), ["sql_query", "scripted", "sql_query"])]

    assert every == ["current_time", "memory_search", "document_search", "sql_query", "scripted"]
    assert named == ["sql_query", "scripted"]


async def test_a_name_that_there_is_not_or_that_is_not_allowed_is_told_with_those_there_are(
    server: Server, callers: Callers
) -> None:
    box = _box(server)

    with pytest.raises(ToolNotOffered) as caught:
        await box.offered(_member(callers), ["sql_query", "teleport", "web_search", "http_fetch"])

    assert caught.value.status == 422
    for told in (
        "'teleport': there is no such tool",
        "'web_search': no provider",
        "'http_fetch': no host",
        "There are: current_time",
    ):
        assert told in caught.value.detail
    assert "sql_query" in caught.value.extra["offered"]


async def test_switches_roles_and_scopes_decide_who_is_offered_a_tool(server: Server, callers: Callers) -> None:
    box = _box(server)
    for name, body in (
        ("current_time", {"is_active": False}),
        ("sql_query", {"least_role": "admin"}),
        ("memory_search", {"least_role": "viewer"}),
    ):
        assert (await callers.owner.put(f"{TOOLS}/{name}/settings", body)).status == 200

    member = [tool.name for tool in await box.offered(_member(callers))]
    admin = [tool.name for tool in await box.offered(_member(callers, Role.ADMIN))]
    viewer = [tool.name for tool in await box.offered(_member(callers, Role.VIEWER))]
    key = [
        tool.name
        for tool in await box.offered(_member(callers, Role.ADMIN, kind="api_key", scopes=frozenset({"read"})))
    ]

    assert member == ["memory_search", "document_search"]
    assert admin == ["memory_search", "document_search", "sql_query"]
    assert viewer == ["memory_search"]
    assert key == []


async def test_who_wants_to_be_asked_is_asked_though_there_are_no_side_effects(
    server: Server, callers: Callers
) -> None:
    assert (await callers.owner.put(f"{TOOLS}/current_time/settings", {"ask_first": True})).status == 200

    [tool] = await _box(server).offered(_member(callers), ["current_time"])
    assert tool.side_effects
    assert (tool.name, tool.type) == ("current_time", "compute")
    assert "UTC" in (await _box(server).call(tool, {}, _use(callers))).text
    assert (await attempt(callers.member, "current_time")).status == 409
    assert (await attempt(callers.member, "current_time", confirmed=True)).status == 200


async def test_arguments_are_looked_at_before_the_tool_is_called(server: Server, callers: Callers) -> None:
    tool = Scripted(result=RuntimeError("it was called"))

    with pytest.raises(BadArguments, match=r"arguments\.n: 'x' is not of type 'integer'"):
        await _box(server).call(tool, {"n": "x"}, _use(callers))


async def test_a_call_that_takes_too_long_is_cancelled_and_may_be_made_again(server: Server, callers: Callers) -> None:
    tool = Scripted(seconds=30)

    with pytest.raises(ToolFailed, match=r"longer than 0\.2 seconds") as caught:
        await _box(server).call(tool, {"n": 1}, _use(callers, seconds=0.2))

    assert caught.value.again
    assert tool.ended == ["cancelled"]


async def test_a_caller_that_goes_away_cancels_the_tool(server: Server, callers: Callers) -> None:
    tool = Scripted(seconds=30)
    task = asyncio.create_task(_box(server).call(tool, {"n": 1}, _use(callers)))
    await asyncio.sleep(0.2)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert tool.ended == ["cancelled"]


async def test_long_texts_are_cut_and_data_that_is_too_large_is_left_out(server: Server, callers: Callers) -> None:
    cited = (Citation("https://x.test"),)
    tool = Scripted(result=ToolResult("é" * 100_000, {"all": "x" * 300_000}, cited))

    found = await _box(server).call(tool, {"n": 1}, _use(callers))

    assert len(found.text) == MOST_TEXT
    assert found.text.endswith("[cut: it has 100,000 characters]")
    assert found.data is None
    assert found.citations == cited


async def test_what_nobody_foresaw_is_a_failure_of_the_tool_and_in_error_tracking(
    server: Server, callers: Callers, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(
        ToolFailed, match="scripted failed in a way that nobody foresaw \\(ZeroDivisionError\\)"
    ) as caught:
        await _box(server).call(Scripted(result=ZeroDivisionError("secret of ours")), {"n": 1}, _use(callers))

    assert "secret" not in caught.value.detail
    assert "tools.fault" in caplog.text
    # JSON is what data is to be.
    with pytest.raises(ToolFailed, match="TypeError"):
        await _box(server).call(Scripted(result=ToolResult("x", object())), {"n": 1}, _use(callers))


async def test_problems_of_what_a_tool_stands_on_pass_as_they_are(server: Server, callers: Callers) -> None:
    with pytest.raises(Unavailable, match="away"):
        await _box(server).call(Scripted(result=Unavailable("the vault is away")), {"n": 1}, _use(callers))


async def test_f18_12_a_tool_of_the_program_has_one_switch_of_the_operators_for_all(
    server: Server, callers: Callers, owner: Any
) -> None:
    off = f"{TOOLS}/sql_query/platform"
    assert (await callers.owner.put(off, {"is_active": False})).status == 403
    assert (await callers.operator.put(off, {"is_active": False})).status == 204
    for client in (callers.member, callers.foreign_owner):
        assert "operator switched it off" in (await tools_of(client))["sql_query"]["absent"]
    row = await owner.fetchrow(
        "select tenant_id, tool_type, is_active from thinktank_tools where tool_name = 'sql_query'"
    )
    assert tuple(row) == (None, "sql", False)
    assert (await callers.operator.put(off, {"is_active": True})).status == 204
    assert (await tools_of(callers.member))["sql_query"]["absent"] is None
    assert (await callers.operator.put(f"{TOOLS}/teleport/platform", {"is_active": True})).status == 404


async def test_the_time_is_told_in_a_zone(server: Server, callers: Callers) -> None:
    clock = CurrentTime(lambda: datetime(2026, 7, 14, 22, 30, tzinfo=UTC))
    box = _box(server)

    here = await box.call(clock, {"timezone": "Europe/Zurich"}, _use(callers))
    assert here.text == "Wednesday, 2026-07-15 00:30:00 Europe/Zurich (UTC+0200)"
    assert here.data["iso"] == "2026-07-15T00:30:00+02:00"
    assert (await box.call(clock, {}, _use(callers))).text.startswith("Tuesday, 2026-07-14 22:30:00 UTC")
    for zone in ("Mars/Olympus", "../../etc/passwd", "/etc/localtime", "Europe"):
        with pytest.raises(BadArguments):
            await box.call(clock, {"timezone": zone}, _use(callers))
