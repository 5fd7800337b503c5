"""`radiant mcp`."""

import asyncio

import click

from radiant.cli.command import Failure


@click.command()
@click.option("--url", envvar="RADIANT_URL", default="http://127.0.0.1:8000", show_default=True, help="Of the RADIANT.")
@click.option("--key", envvar="RADIANT_API_KEY", help="An API key with the scope memory; best as RADIANT_API_KEY.")
def mcp(url: str, key: str | None) -> None:
    """Give an MCP client your memory over stdin and stdout. The client starts this command itself."""
    if not key:
        raise Failure("set RADIANT_API_KEY to a key with the scope memory; make one under Settings, API keys")
    from radiant.doors.mcp.stdio import CannotReach, relay

    try:
        asyncio.run(relay(url.rstrip("/"), key))
    except CannotReach as error:
        raise Failure(str(error)) from error
