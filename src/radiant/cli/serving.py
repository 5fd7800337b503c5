"""`radiant up`, `serve`, `worker`, `migrate`, `doctor`."""

import gc
import sys
from pathlib import Path

import click

from radiant.cli.command import failures, load_settings, opened_runtime, run


@click.command()
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

    settings = load_settings(host=host, port=port, data_dir=data_dir, models=models)
    configure_logging("warning", process="up")
    with failures():
        start(settings, verbose=verbose)


@click.command()
def serve() -> None:
    """Serve the API and the page (what `up` runs; the database must be there)."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.disable()  # Until all is there: see `_settle_memory`. A tenth of the start.
    import uvicorn

    from radiant.app import App
    from radiant.http.direct import protocol_for
    from radiant.http.sockets import MAX_MESSAGE, sockets_for
    from radiant.infra.telemetry import configure_logging

    settings = load_settings()
    configure_logging(settings.log_level, process="api")
    app = App(settings, on_ready=_settle_memory)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http=protocol_for(app.door.serve),
            ws=sockets_for(app.open_socket),
            ws_max_size=MAX_MESSAGE,
            ws_per_message_deflate=False,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies or None,
        )
    )
    server.run()


# A thread that works beside the loop (a batch of the journal, a picture) keeps it waiting for so long at a time. Python's
# five milliseconds were most of what the slowest hundredth of routed calls waited.
_SWITCH_SECONDS = 0.0005


def _settle_memory() -> None:
    """What was made at the start stays: the collector need not look through it again and again (measured: a tenth of
    the CPU of a relayed call), and what a call leaves behind is mostly freed by counting."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@click.command()
def worker() -> None:
    """Run background jobs (what `up` runs; more of them may run elsewhere)."""
    from radiant import worker as process
    from radiant.infra.telemetry import configure_logging

    settings = load_settings()
    configure_logging(settings.log_level, process="worker")
    run(process.main(settings))


@click.command()
def migrate() -> None:
    """Bring the database to this version."""

    async def work() -> None:
        async with opened_runtime(load_settings()):
            click.echo("the database is at the head")

    run(work())


@click.command()
def doctor() -> None:
    """Look at this machine and say what is wrong."""
    from radiant import doctor as checks

    settings = load_settings()
    findings = checks.examine(settings)
    for finding in findings:
        click.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.what:<22} {finding.says}")
    sys.exit(0 if all(finding.ok for finding in findings) else 1)
