"""The command line: `radiant …`."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, Coroutine, Generator
from pathlib import Path
from typing import Any

import click

from radiant import __version__
from radiant.config import Settings
from radiant.kit.errors import Problem
from radiant.read_settings import BadSettings, read_settings


class _Failure(click.ClickException):
    """An expected failure: one line, exit code 1."""

    def show(self, file: Any = None) -> None:
        click.echo(f"radiant: {self.message}", err=True)


def _settings(**flags: Any) -> Settings:
    try:
        return read_settings(**flags)
    except BadSettings as error:
        raise _Failure(f"settings: {error}") from error


@contextlib.contextmanager
def _failures() -> Generator[None]:
    """Expected failures as one line instead of a traceback."""
    from radiant.infra.embedded_postgres import EmbeddedPostgresError
    from radiant.infra.migrate import MigrationError
    from radiant.prepare import NotReady
    from radiant.up import CannotStart
    from radiant.web_build import BuildFailed

    try:
        yield
    except Problem as problem:
        raise _Failure(problem.detail) from problem
    except (CannotStart, EmbeddedPostgresError, MigrationError, NotReady, BuildFailed) as error:
        raise _Failure(str(error)) from error
    except PermissionError as error:
        raise _Failure(f"{error.filename}: permission denied") from error


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    with _failures():
        return asyncio.run(work)


@contextlib.asynccontextmanager
async def _runtime(settings: Settings) -> AsyncGenerator[Any]:
    """The runtime for one command; the embedded database is started for it where it is not up, and stopped again."""
    from radiant import prepare
    from radiant.infra.embedded_postgres import EmbeddedPostgres
    from radiant.runtime import open_runtime

    postgres: EmbeddedPostgres | None = None
    if settings.database_url is None:
        nothing = _Failure(f"there is nothing in {settings.data_dir} yet: run radiant up first")
        if not (settings.data_dir / "postgres").exists():
            raise nothing  # before anything is made there
        embedded = EmbeddedPostgres(settings.data_dir)
        if not embedded.cluster.exists():
            raise nothing
        was_up = await asyncio.to_thread(embedded.is_up)
        if not was_up:
            await asyncio.to_thread(embedded.start)
            postgres = embedded
    try:
        await prepare.migrate_database(settings, lambda text: click.echo(text, err=True))
        runtime = await open_runtime(settings)
        try:
            yield runtime
        finally:
            await runtime.close()
    finally:
        await asyncio.to_thread(prepare.stop_database, postgres)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="radiant")
def main() -> None:
    """RADIANT: one door to every model, and the workplace around it."""


# Serving


@main.command()
@click.option("--host", help="Address to listen on; 0.0.0.0 for the network. [127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on. [8000]")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where everything is kept.")
@click.option(
    "--models", type=click.Choice(["minimal", "standard", "none"]), help="Local models to install. [standard]"
)
@click.option("--verbose", is_flag=True, help="Show the logs here instead of writing them to the data folder.")
def up(host: str | None, port: int | None, data_dir: Path | None, models: str | None, verbose: bool) -> None:
    """Start everything, and stop it again with Ctrl-C."""
    from radiant.infra.telemetry import configure_logging
    from radiant.up import up as start

    settings = _settings(host=host, port=port, data_dir=data_dir, models=models)
    configure_logging("warning", process="up")
    with _failures():
        start(settings, verbose=verbose)


@main.command()
def serve() -> None:
    """Serve the API and the page (what `up` runs; the database must be there)."""
    import uvicorn

    from radiant.app import create_app
    from radiant.infra.telemetry import configure_logging

    settings = _settings()
    configure_logging(settings.log_level, process="api")
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
    )


@main.command()
def worker() -> None:
    """Run background jobs (what `up` runs; more of them may run elsewhere)."""
    from radiant import worker as process
    from radiant.infra.telemetry import configure_logging

    settings = _settings()
    configure_logging(settings.log_level, process="worker")
    _run(process.main(settings))


@main.command()
def migrate() -> None:
    """Bring the database to this version."""

    async def work() -> None:
        async with _runtime(_settings()):
            click.echo("the database is at the head")

    _run(work())


@main.command()
def doctor() -> None:
    """Look at this machine and say what is wrong."""
    from radiant import doctor as checks

    settings = _settings()
    findings = checks.examine(settings)
    for finding in findings:
        click.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.what:<22} {finding.says}")
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


# People


@main.group()
def user() -> None:
    """People: list, add, reset a password, change a role, disable."""


_TENANT = click.option("--tenant", "tenant_slug", default="main", show_default=True, help="Slug of the workspace.")


@user.command("list")
@_TENANT
def user_list(tenant_slug: str) -> None:
    """People of a workspace."""
    from radiant import people

    async def work() -> None:
        async with _runtime(_settings()) as runtime:
            for item in await people.list_users(runtime.database, tenant_slug):
                operator = " operator" if item.is_operator else ""
                click.echo(f"{item.email:<40} {item.role:<8} {item.status}{operator}")

    _run(work())


@user.command("add")
@click.argument("email")
@click.option("--name", default="", help="Their name.")
@click.option("--role", type=click.Choice(["owner", "admin", "member", "viewer"]), default="member", show_default=True)
@_TENANT
def user_add(email: str, name: str, role: str, tenant_slug: str) -> None:
    """Add somebody and print their one-time password."""
    from radiant import people

    async def work() -> None:
        async with _runtime(_settings()) as runtime:
            invited = await people.add_user(runtime.database, tenant_slug, email, name, role)
            click.echo(f"{invited.email}\none-time password: {invited.one_time_password}")

    _run(work())


@user.command("reset-password")
@click.argument("email")
@_TENANT
def user_reset_password(email: str, tenant_slug: str) -> None:
    """Give somebody a new one-time password and end their sessions."""
    from radiant import people

    async def work() -> None:
        async with _runtime(_settings()) as runtime:
            click.echo(f"one-time password: {await people.reset_password(runtime.database, tenant_slug, email)}")

    _run(work())


@user.command("role")
@click.argument("email")
@click.argument("role", type=click.Choice(["owner", "admin", "member", "viewer"]))
@_TENANT
def user_role(email: str, role: str, tenant_slug: str) -> None:
    """Change somebody's role."""
    from radiant import people

    async def work() -> None:
        async with _runtime(_settings()) as runtime:
            changed = await people.change_user(runtime.database, tenant_slug, email, role=role)
            click.echo(f"{changed.email} is {changed.role}")

    _run(work())


@user.command("disable")
@click.argument("email")
@_TENANT
def user_disable(email: str, tenant_slug: str) -> None:
    """Lock somebody out; what is theirs is kept."""
    from radiant import people

    async def work() -> None:
        async with _runtime(_settings()) as runtime:
            changed = await people.change_user(runtime.database, tenant_slug, email, status="disabled")
            click.echo(f"{changed.email} is {changed.status}")

    _run(work())


@main.group()
def tenant() -> None:
    """Workspaces: list, add."""


@tenant.command("list")
def tenant_list() -> None:
    """All workspaces."""
    from radiant import people

    async def work() -> None:
        async with _runtime(_settings()) as runtime:
            for item in await people.list_tenants(runtime.database):
                click.echo(f"{item.slug:<30} {item.name:<40} {item.plan:<12} {item.status}")

    _run(work())


@tenant.command("add")
@click.argument("slug")
@click.argument("owner_email")
@click.option("--name", help="Its name; the slug unless given.")
def tenant_add(slug: str, owner_email: str, name: str | None) -> None:
    """Make a workspace and print its owner's one-time password."""
    from radiant import people

    async def work() -> None:
        async with _runtime(_settings()) as runtime:
            made, owner = await people.add_tenant(runtime.database, slug, name or slug, owner_email)
            click.echo(f"{made.slug}: owner {owner.email}\none-time password: {owner.one_time_password}")

    _run(work())


@main.group()
def key() -> None:
    """API keys: list, make, revoke."""


@key.command("list")
@_TENANT
def key_list(tenant_slug: str) -> None:
    """Keys of a workspace."""
    from radiant import people

    async def work() -> None:
        async with _runtime(_settings()) as runtime:
            for item in await people.list_keys(runtime.database, tenant_slug):
                state = "revoked" if item.revoked_at else "active"
                click.echo(
                    f"{item.id}  {item.prefix}…  {state:<8} {','.join(item.scopes):<24} {item.user_email}  {item.name}"
                )

    _run(work())


@key.command("make")
@click.argument("email")
@click.option("--name", default="command line", show_default=True)
@click.option("--scope", "scopes", multiple=True, default=["inference"], show_default=True)
@_TENANT
def key_make(email: str, name: str, scopes: tuple[str, ...], tenant_slug: str) -> None:
    """Make a key for somebody and print it, with a curl line."""
    from radiant import people
    from radiant.up import curl_line

    settings = _settings()

    async def work() -> None:
        async with _runtime(settings) as runtime:
            made = await people.make_key(runtime.database, tenant_slug, email, name, list(scopes))
            click.echo(made.secret)
            click.echo(f"\n{curl_line(settings, made.secret)}", err=True)

    _run(work())


@key.command("revoke")
@click.argument("key_id")
@_TENANT
def key_revoke(key_id: str, tenant_slug: str) -> None:
    """Revoke a key at once."""
    from radiant import people

    async def work() -> None:
        async with _runtime(_settings()) as runtime:
            await people.revoke_key(runtime.database, tenant_slug, key_id)
            click.echo("revoked")

    _run(work())


# Models


@main.group()
def models() -> None:
    """Local models: list, install, verify, remove, add a GGUF file."""


def _store() -> Any:
    from radiant.ai.serving.packs import ModelStore

    settings = _settings()
    return ModelStore(settings.model_folder, folder=settings.models_from)


@models.command("list")
def models_list() -> None:
    """Models that can be installed, and which are."""
    store = _store()
    for status in store.models():
        mark = "installed" if status.installed else "-"
        size = f"{status.model.bytes / 1e6:6.0f} MB"
        click.echo(f"{status.model.id:<34} {status.model.task:<14} {size}  {mark:<10} {status.model.license}")
    for added in store.added():
        click.echo(f"{added.id:<34} {'chat':<14} {'':>9}  {'added':<10} {added.path}")


@models.command("install")
@click.argument("names", nargs=-1)
def models_install(names: tuple[str, ...]) -> None:
    """Install models or packs (minimal, standard); the pack of the settings unless named."""
    from radiant.ai.serving.manifest import load_manifest

    store, packs = _store(), load_manifest().packs
    wanted = [model for name in names or (_settings().models,) for model in packs.get(name, [name]) if name != "none"]

    def report(progress: Any) -> None:
        if sys.stderr.isatty():
            click.echo(
                f"\r{progress.model_id}: {progress.done / 1e6:.0f} of {progress.total / 1e6:.0f} MB ",
                err=True,
                nl=False,
            )

    with _failures():
        for model in wanted:
            store.install(model, report)
            click.echo(f"{model}: installed")


@models.command("verify")
@click.argument("names", nargs=-1)
def models_verify(names: tuple[str, ...]) -> None:
    """Check the files of installed models against their hashes."""
    store = _store()
    bad = 0
    with _failures():
        for name in names or [status.model.id for status in store.models() if status.installed]:
            wrong = store.verify(name)
            bad += len(wrong)
            click.echo(f"{name}: {'ok' if not wrong else 'wrong or missing: ' + ', '.join(wrong)}")
    sys.exit(1 if bad else 0)


@models.command("remove")
@click.argument("name")
def models_remove(name: str) -> None:
    """Delete a model's files."""
    with _failures():
        click.echo("removed" if _store().remove(name) else "it was not installed")


@models.command("add")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--id", "model_id", default="", help="Its name; the file's unless given.")
@click.option("--context", default=4096, show_default=True, help="Tokens that it holds.")
def models_add(path: Path, model_id: str, context: int) -> None:
    """Offer a GGUF file of your own, used where it lies."""
    with _failures():
        click.echo(f"{_store().add_gguf(path, model_id, context_length=context).id}: added")


# For those who change RADIANT


@main.command()
@click.option("--check", "only_check", is_flag=True, help="Fail where web/openapi.json differs.")
def openapi(only_check: bool) -> None:
    """Write the API's description to web/openapi.json."""
    from radiant import dev

    with _failures():
        sys.exit(dev.openapi(only_check=only_check))


@main.command("map")
def map_() -> None:
    """The wings and slices, with what each is for and how large it is."""
    from radiant import dev

    click.echo(dev.house_map())


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.option("--all", "everything", is_flag=True)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(everything: bool, arguments: tuple[str, ...]) -> None:
    """Run the tests; --all adds the long ones. Further words go to pytest."""
    from radiant import dev

    sys.exit(dev.test(everything=everything, arguments=list(arguments)))


@main.command()
@click.option("--fix", is_flag=True, help="Format and mend what can be mended.")
def check(fix: bool) -> None:
    """Format, lint, types, import contracts, dead code, dependencies, the page."""
    from radiant import dev

    sys.exit(dev.check(fix=fix))


@main.command()
def lock() -> None:
    """Write requirements/*.txt and the page's lock, with hashes and without index addresses."""
    from radiant import dev

    with _failures():
        sys.exit(dev.lock())


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(name: str | None, arguments: tuple[str, ...]) -> None:
    """Measure one figure of docs/benchmarks.md; without a name, list them."""
    from radiant import dev

    sys.exit(dev.bench(name, list(arguments)))
