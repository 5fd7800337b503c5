"""`radiant metrics`."""

import sys

import click

from radiant.cli.command import load_settings, opened_runtime, run


@click.group()
def metrics() -> None:
    """Usage events and their roll-ups."""


@metrics.command("check")
@click.option("--days", type=click.IntRange(1, 80), default=30, show_default=True, help="How far back to look.")
def metrics_check(days: int) -> None:
    """Prove that ledger, events and roll-ups agree to the nano-dollar; exit code 1 where they do not."""
    from radiant.foundation.metrics.check import differences
    from radiant.kit.clock import utc_now

    async def work() -> int:
        found = 0
        async with opened_runtime(load_settings()) as runtime:
            async for one in differences(runtime.database, utc_now(), days):
                found += 1
                click.echo(f"{one.start:%Y-%m-%d %H:%M}  {one.tenant_id}  {one.what}: {one.one} | {one.other}")
        click.echo(f"{found} differences" if found else f"ledger, events and roll-ups of {days} days agree")
        return 1 if found else 0

    sys.exit(run(work()))
