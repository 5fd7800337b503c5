"""What every command shares: its settings, its failures in one line, the runtime that it works with."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine, Generator
from typing import Any

import click

from radiant.config import Settings
from radiant.kit.errors import Problem
from radiant.read_settings import BadSettings, read_settings


class Failure(click.ClickException):
    """An expected failure: one line, exit code 1."""

    def show(self, file: Any = None) -> None:
        click.echo(f"radiant: {self.message}", err=True)


def load_settings(**flags: Any) -> Settings:
    """The settings, with what was given as flags. Raises Failure."""
    try:
        return read_settings(**flags)
    except BadSettings as error:
        raise Failure(f"settings: {error}") from error


@contextlib.contextmanager
def failures() -> Generator[None]:
    """Expected failures as one line instead of a traceback."""
    from radiant.infra.embedded_postgres import EmbeddedPostgresError
    from radiant.infra.migrate import MigrationError
    from radiant.prepare import NotReady
    from radiant.up import CannotStart
    from radiant.web_build import BuildFailed

    try:
        yield
    except Problem as problem:
        raise Failure(problem.detail) from problem
    except (CannotStart, EmbeddedPostgresError, MigrationError, NotReady, BuildFailed) as error:
        raise Failure(str(error)) from error
    except PermissionError as error:
        raise Failure(f"{error.filename}: permission denied") from error


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a command's work to its end."""
    with failures():
        return asyncio.run(work)


@contextlib.asynccontextmanager
async def opened_runtime(settings: Settings) -> AsyncGenerator[Any]:
    """The runtime for one command; the embedded database is started for it where it is not up, and stopped again."""
    from radiant import prepare
    from radiant.infra.embedded_postgres import EmbeddedPostgres
    from radiant.runtime import open_runtime

    postgres: EmbeddedPostgres | None = None
    if settings.database_url is None:
        nothing = Failure(f"there is nothing in {settings.data_dir} yet: run radiant up first")
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
