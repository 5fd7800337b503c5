"""`radiant models`."""

import sys
from pathlib import Path
from typing import Any

import click

from radiant.cli.command import failures, load_settings


@click.group()
def models() -> None:
    """Local models: list, install, verify, remove, add a GGUF file."""


def _store() -> Any:
    from radiant.ai.serving.packs import ModelStore

    settings = load_settings()
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
    wanted = [
        model for name in names or (load_settings().models,) for model in packs.get(name, [name]) if name != "none"
    ]

    def report(progress: Any) -> None:
        if sys.stderr.isatty():
            click.echo(
                f"\r{progress.model_id}: {progress.done / 1e6:.0f} of {progress.total / 1e6:.0f} MB ",
                err=True,
                nl=False,
            )

    with failures():
        for model in wanted:
            store.install(model, report)
            click.echo(f"{model}: installed")


@models.command("verify")
@click.argument("names", nargs=-1)
def models_verify(names: tuple[str, ...]) -> None:
    """Check the files of installed models against their hashes."""
    store = _store()
    bad = 0
    with failures():
        for name in names or [status.model.id for status in store.models() if status.installed]:
            wrong = store.verify(name)
            bad += len(wrong)
            click.echo(f"{name}: {'ok' if not wrong else 'wrong or missing: ' + ', '.join(wrong)}")
    sys.exit(1 if bad else 0)


@models.command("remove")
@click.argument("name")
def models_remove(name: str) -> None:
    """Delete a model's files."""
    with failures():
        click.echo("removed" if _store().remove(name) else "it was not installed")


@models.command("add")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--id", "model_id", default="", help="Its name; the file's unless given.")
@click.option("--context", default=4096, show_default=True, help="Tokens that it holds.")
def models_add(path: Path, model_id: str, context: int) -> None:
    """Offer a GGUF file of your own, used where it lies."""
    with failures():
        click.echo(f"{_store().add_gguf(path, model_id, context_length=context).id}: added")
