"""`radiant vault`, `radiant audit`."""

import sys
from pathlib import Path

import click

from radiant.cli.command import Failure, load_settings, opened_runtime, run


@click.group()
def vault() -> None:
    """Keys that seal secrets."""


@vault.command("rekey")
@click.option("--new-key", is_flag=True, help="Make a new local master key first; the former is kept beside it.")
@click.option(
    "--forget-former", is_flag=True, help="At the end take former keys out of the file, if nothing needs them."
)
def vault_rekey(new_key: bool, forget_former: bool) -> None:
    """Wrap every data key by the present key; values are not touched. Runs while RADIANT serves, and can be begun again."""
    from radiant import vault as root
    from radiant.infra.kms import KmsError

    settings = load_settings()

    async def work() -> int:
        async with opened_runtime(settings) as runtime:
            try:
                if new_key:
                    click.echo(f"the present key is {root.make_master_key(settings)}")
                results = await root.rekey(runtime)
            except root.KeyElsewhere as error:
                raise Failure(str(error)) from error
            except KmsError as error:
                raise Failure(f"{error}; begin again, what was done stays done") from error
        failed = 0
        for result in results:
            click.echo(f"{result.done:>8}  {result.place}")
            for row_id in result.failed:
                click.echo(f"          does not open: {row_id}", err=True)
            failed += len(result.failed)
        if failed:
            click.echo(f"{failed} do not open by any key that is here; no key is forgotten", err=True)
        elif forget_former:
            try:
                forgotten = root.forget_former_keys(settings)
            except root.KeyElsewhere as error:
                raise Failure(str(error)) from error
            click.echo(f"forgotten: {', '.join(forgotten) or 'nothing'}")
        return 1 if failed else 0

    sys.exit(run(work()))


@click.group()
def audit() -> None:
    """The trails."""


@audit.command("verify")
@click.option(
    "--heads", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Also compare with the heads that were told to this file. [RADIANT_TRAIL_HEADS_FILE]",
)  # fmt: skip
def audit_verify(heads: Path | None) -> None:
    """Recompute the chains of both trails, of every workspace; exit code 1 where an entry was changed or taken away."""
    from radiant.foundation.credentials.access_log import AccessLog
    from radiant.foundation.credentials.heads import read_heads, verify_all, verify_head

    settings = load_settings()
    told = heads or settings.trail_heads_file

    async def work() -> int:
        faults = chains = entries = compared = 0
        async with opened_runtime(settings) as runtime:
            async for checked in verify_all(runtime.database, AccessLog(runtime.database, runtime.kms)):
                chains, entries = chains + 1, entries + checked.entries
                if checked.fault:
                    faults += 1
                    click.echo(f"{checked.chain}  {checked.tenant or 'platform'}: {checked.fault}")
            if told is not None and told.exists():
                try:
                    for head in read_heads(told):
                        compared += 1
                        checked = await verify_head(runtime.database, head)
                        if checked.fault:
                            faults += 1
                            click.echo(f"{checked.chain}  {checked.tenant or 'platform'}: {checked.fault}")
                except ValueError as error:
                    raise Failure(str(error)) from error
        click.echo(
            f"{faults} faults"
            if faults
            else f"{chains} chains of {entries} entries are whole; {compared} heads compared"
        )
        return 1 if faults else 0

    sys.exit(run(work()))
