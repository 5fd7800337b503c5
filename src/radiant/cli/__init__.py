"""The command line: `radiant …`. One module for each kind of command."""

import click

from radiant import __version__
from radiant.cli import development, mcp, metrics, models, people, serving, vault


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="radiant")
def main() -> None:
    """RADIANT: one door to every model, and the workplace around it."""


for command in (
    serving.up,
    serving.serve,
    serving.worker,
    serving.migrate,
    serving.doctor,
    people.user,
    people.tenant,
    people.key,
    models.models,
    metrics.metrics,
    mcp.mcp,
    vault.vault,
    vault.audit,
    development.test,
    development.check,
    development.bench,
    development.lock,
    development.openapi,
    development.map_,
):
    main.add_command(command)
