"""For those who change RADIANT: `radiant test`, `check`, `lock`, `openapi`, `map`, `bench`."""

import sys

import click

from radiant.cli.command import failures


@click.command()
@click.option("--check", "only_check", is_flag=True, help="Fail where web/openapi.json differs.")
def openapi(only_check: bool) -> None:
    """Write the API's description to web/openapi.json."""
    from radiant import dev

    with failures():
        sys.exit(dev.openapi(only_check=only_check))


@click.command("map")
def map_() -> None:
    """The wings and slices, with what each is for and how large it is."""
    from radiant import dev

    click.echo(dev.house_map())


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.option("--all", "everything", is_flag=True)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(everything: bool, arguments: tuple[str, ...]) -> None:
    """Run the tests; --all adds the long ones. Further words go to pytest."""
    from radiant import dev

    sys.exit(dev.test(everything=everything, arguments=list(arguments)))


@click.command()
@click.option("--fix", is_flag=True, help="Format and mend what can be mended.")
def check(fix: bool) -> None:
    """Format, lint, types, import contracts, dead code, dependencies, the page."""
    from radiant import dev

    sys.exit(dev.check(fix=fix))


@click.command()
def lock() -> None:
    """Write requirements/*.txt and the page's lock, with hashes and without index addresses."""
    from radiant import dev

    with failures():
        sys.exit(dev.lock())


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(name: str | None, arguments: tuple[str, ...]) -> None:
    """Measure one figure of docs/benchmarks.md; without a name, list them."""
    from radiant import dev

    sys.exit(dev.bench(name, list(arguments)))
