"""The `models` commands: list, download, verify, import, move, scan and remove models."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avatar_app.cli.console import plain_console
from avatar_app.cli.models_shown import show_list, show_model
from avatar_app.cli.renamed import keep_former_name, print_renamed
from avatar_app.core.errors import InputInvalid
from avatar_app.core.home import expanded

if TYPE_CHECKING:
    from avatar_app.models.catalog import Catalog, Model
    from avatar_app.models.store import Store

models = typer.Typer(
    help="Models: list, download, verify, import, move and remove.", no_args_is_help=True
)
out = plain_console()
err = plain_console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Accept the licenses of all models named.")]
Accepted = Annotated[
    list[str] | None,
    typer.Option("--accept-license", metavar="ID", help="Accept the license of this model."),
]


@models.command("list")
def list_all(*, as_json: AsJson = False) -> int:
    """List the models of the catalog, and which are installed."""
    from avatar_app.models.description import describe

    store, catalog = _known()
    if as_json:
        typer.echo(json.dumps([describe(each, store) for each in catalog.models]))
        return 0
    show_list(catalog.models, store, out)
    return 0


@models.command()
def info(name: Annotated[str, typer.Argument(metavar="ID")], *, as_json: AsJson = False) -> int:
    """Show all facts about a model: files, license, needs, and the source of its hashes."""
    from avatar_app.models.description import describe

    store, catalog = _known()
    model = catalog.find(name)
    if as_json:
        typer.echo(json.dumps(describe(model, store) | model.model_dump(mode="json")))
        return 0
    show_model(model, store, out)
    return 0


@models.command()
def download(
    names: Annotated[list[str], typer.Argument(metavar="ID…")],
    *,
    yes: Yes = False,
    accept_license: Accepted = None,
) -> int:
    """Download models, or the set `starter`; interrupted downloads resume."""
    from avatar_app.cli.progress import run_download
    from avatar_app.models.download import download as fetch
    from avatar_app.models.errors import AGAIN, DownloadFailed

    store, catalog = _known()
    wanted = catalog.find_all(names)
    lost: dict[str, DownloadFailed] = {}
    for model in wanted:
        _agree(model, store, accepts=yes or model.id in (accept_license or ()))
    for model in wanted:
        try:
            path = run_download(
                f"Downloading {model.title}",
                err,
                lambda job, watch, model=model: fetch(  # type: ignore[misc]
                    job, model, store, watch, unreachable=lost
                ),
            )
        except KeyboardInterrupt:
            err.print(f"Stopped. {AGAIN}")
            raise
        _print_path(model, path)
    return 0


@models.command()
def verify(name: Annotated[str | None, typer.Argument(metavar="[ID]")] = None) -> int:
    """Hash every file of a model, or of all installed ones, and compare."""
    from avatar_app.cli.progress import run_job
    from avatar_app.models.store import Presence
    from avatar_app.models.verify import verify as check

    store, catalog = _known()
    stored = [each for each in catalog.models if store.files_of(each)]
    wanted = [catalog.find(name)] if name else stored
    if not wanted:
        out.print("No model is installed.")
    sound = True
    for model in wanted:
        found = run_job(
            f"Reading {model.title}",
            err,
            lambda job, model=model: check(job, model, store),  # type: ignore[misc]
        )
        flaws = [each for each in found if each.flaw]
        sound = sound and not flaws
        out.print(f"{'✗' if flaws else '✓'} {model.id}")
        for each in flaws:
            out.print(f"  {each.name}: {each.flaw}")
        if flaws:
            again = "" if store.presence(model) is Presence.PARTLY else f"remove {model.id}, then "
            out.print(f"  → avatar-app models {again}download {model.id}", style="yellow")
    return 0 if sound else 1


@models.command()
def remove(
    names: Annotated[list[str], typer.Argument(metavar="ID…")],
    *,
    unpin: Annotated[
        bool,
        typer.Option(
            "--unpin", help="Also accept a different file than the one pinned at first download."
        ),
    ] = False,
    forget: Annotated[bool, typer.Option("--forget", hidden=True)] = False,
) -> int:
    """Delete models from this machine."""
    if forget:
        print_renamed("models remove --forget", "models remove --unpin")
    store, catalog = _known()
    for model in [catalog.find(name) for name in names]:
        was_pinned = (unpin or forget) and store.forget(model)
        if not was_pinned or store.folder(model).exists():
            store.remove(model)
        out.print(f"{model.title} was removed.")
    return 0


@models.command("import")
def take(
    path: Path,
    name: Annotated[
        str | None, typer.Option("--as", metavar="ID", help="The catalog's id of the model.")
    ] = None,
    *,
    yes: Yes = False,
    accept_license: Accepted = None,
) -> int:
    """Import a file or folder that you already have; it is linked or copied, and verified."""
    from avatar_app.cli.progress import run_job
    from avatar_app.models.importing import identify, import_model

    store, catalog = _known()
    source = expanded(path)
    model = catalog.find(name) if name else identify(source, catalog)
    _agree(model, store, accepts=yes or model.id in (accept_license or ()))
    verified = run_job(
        f"Reading {source.name}", err, lambda job: import_model(job, source, model, store)
    )
    _print_path(model, verified)
    return 0


@models.command()
def move(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FOLDER]", help="The new folder; omit it to return to the default one."
        ),
    ] = None,
) -> int:
    """Move all models to another folder or disk; the old files are kept until all are verified."""
    from avatar_app.cli.progress import run_job
    from avatar_app.models.relocation import move_models, place_for

    store, _ = _known()
    target = place_for(folder) if folder else store.root
    run_job("Moving the models", err, lambda job: move_models(job, store, target))
    out.print(f"The models are in {target} now.", soft_wrap=True)
    return 0


@models.command()
def scan(*, as_json: AsJson = False) -> int:
    """List models that other programs have installed; they can be used in place."""
    from avatar_app.models.description import describe_found
    from avatar_app.models.discovery import found_models
    from avatar_app.settings.loading import load_settings

    settings, _ = load_settings()
    every = [describe_found(each) for each in found_models(settings.models.folders)]
    if as_json:
        typer.echo(json.dumps(every))
        return 0
    for each in every:
        out.print(each["title"], style="bold", soft_wrap=True)
        for line in filter(None, (each["what"], each["flaw"], each["use"])):
            out.print(f"  {line}", soft_wrap=True)
    if not every:
        out.print("No models of other programs found; add folders to search with models.folders.")
    return 0


keep_former_name(models, "models found", "models scan", scan)


def _print_path(model: Model, path: Path) -> None:
    from avatar_app.models.description import command_to_use

    command = command_to_use(model)
    lines = [f"{model.title} is installed: {path}", *([f"Use it: {command}"] if command else [])]
    for line in lines:
        out.print(line, soft_wrap=True)


def _known() -> tuple[Store, Catalog]:
    from avatar_app.models.catalog import user_catalog
    from avatar_app.models.relocation import finish_earlier_move
    from avatar_app.models.store import Store
    from avatar_app.system.paths import app_paths

    store = Store.of(app_paths())
    finish_earlier_move(store.root)
    return store, user_catalog(store.root)


def _agree(model: Model, store: Store, *, accepts: bool) -> None:
    """Show the license, and ask to accept it once where required."""
    from avatar_app.models.licenses import require_license

    if store.is_accepted(model):
        return
    err.print(model.license.notice, style="yellow")
    if not accepts and sys.stdin.isatty():
        accepts = typer.confirm(f"Do you accept this for {model.title}?", err=True)
        if not accepts:
            raise InputInvalid(f"{model.title} was not downloaded: its license was declined.", "")
    if accepts:
        store.accept(model)
    require_license(model, store)
