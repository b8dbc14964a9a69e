"""The `setup` command: downloads the starter set and uses it from then on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from avatar_app.cli.console import busy, plain_console
from avatar_app.cli.notices import print_warning

if TYPE_CHECKING:
    from collections.abc import Iterable

    from avatar_app.models.catalog import Model
    from avatar_app.models.store import Store
    from avatar_app.performance.starter import StarterFetch, StarterItem
    from avatar_app.performance.voice_trial import VoiceTrial
    from avatar_app.system.paths import AppPaths

out = plain_console()
err = plain_console(stderr=True)

_PURPOSES = {"asr": "hears", "tts": "speaks", "dialogue": "thinks", "turn": "waits"}
_USUAL_RATE = 4e6
"""Bytes a second of a usual connection: 32 Mbit/s."""


def setup(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Swap your settings with those before setup.")
    ] = False,
) -> int:
    """Install speech recognition, a voice and a language model: some 380 MB, once."""
    from avatar_app.models.catalog import user_catalog
    from avatar_app.models.store import Store
    from avatar_app.performance.brain import known_machine
    from avatar_app.performance.starter import starter_items
    from avatar_app.performance.voice_trial import VoiceTrial
    from avatar_app.runtime.registry import Registry
    from avatar_app.system.paths import app_paths

    paths = app_paths()
    if undo:
        return _undo(paths)
    store = Store.of(paths)
    with busy(err, "Measuring how fast this machine computes; once, for ten seconds …"):
        machine = known_machine(paths, measure=True)
    registry = Registry()
    items = starter_items(user_catalog(store.root), store, registry, machine)
    lacking = sum(item.bytes_lacking for item in items)
    _show(items, lacking)
    if lacking and not yes and not typer.confirm("Download and use this?", err=True):
        return 130
    fetched = _fetch(items, store, lacking, VoiceTrial(registry, paths))
    lame = [item for item in items if item.missing_packages]
    for item in lame:
        missing = ", ".join(item.missing_packages)
        print_warning(
            err, f"{item.title} needs {missing}, which is not installed. Type this, then repeat:"
        )
        out.print(item.install_command, soft_wrap=True)
    unusable = [item.model for item in lame]
    unusable += [other for item in lame for other in item.instead]
    _apply([model for model in fetched.installed if model not in unusable], paths)
    return 1 if fetched.failures or lame else 0


def _show(items: Iterable[StarterItem], lacking: int) -> None:
    from avatar_app.models.store import readable

    table = Table("", "model", "size", "", "license", box=None, header_style="bold")
    for item in items:
        state = f"{readable(item.bytes_lacking)} to download" if item.bytes_lacking else "here"
        size = readable(item.model.bytes or 0)
        purpose = _PURPOSES.get(item.model.kind, item.model.kind)
        table.add_row(purpose, item.title, size, state, item.model.license.title)
    out.print(table)
    if lacking:
        minutes = max(1, round(lacking / _USUAL_RATE / 60))
        out.print(
            f"Download: {readable(lacking)}; at 32 Mbit/s about {minutes} min. Everything stays on "
            "this computer.",
            soft_wrap=True,
        )
    for item in items:
        if item.bytes_lacking and item.instead:
            is_tried = item.kind == "tts"
            failing = "cannot be reached or is too slow" if is_tried else "cannot be reached"
            others = "; or ".join(
                f"{each.title}, {readable(each.bytes or 0)}" for each in item.instead
            )
            out.print(
                f"{item.title} suits this machine. If it {failing}: {others}.",
                soft_wrap=True,
            )


def _fetch(
    items: tuple[StarterItem, ...], store: Store, lacking: int, trial: VoiceTrial
) -> StarterFetch:
    from avatar_app.cli.progress import run_download
    from avatar_app.core.errors import TooSlow
    from avatar_app.models.errors import AGAIN
    from avatar_app.models.store import readable
    from avatar_app.performance.starter import fetch_starter

    began = time.monotonic()
    try:
        fetched = run_download(
            "Downloading",
            err,
            lambda job, watch: fetch_starter(job, items, store, watch, slowness=trial.slowness),
        )
    except KeyboardInterrupt:
        err.print(f"Stopped. {AGAIN}")
        raise
    for model, error in fetched.failures:
        print_warning(
            err, f"{model.title} could not be downloaded. {error.message}", soft_wrap=True
        )
    for model, other, error in fetched.replaced:
        why = error.message
        if not isinstance(error, TooSlow):
            why = f"{model.title} could not be downloaded. {why}"
        print_warning(
            err, f"{why} {other.title} is used; type setup again for another try.", soft_wrap=True
        )
    if lacking and not fetched.failures and not fetched.replaced:
        seconds = time.monotonic() - began
        out.print(f"Downloaded {readable(lacking)} in {seconds:.0f} s.")
    return fetched


def _apply(models: list[Model], paths: AppPaths) -> None:
    from avatar_app.performance.apply import apply
    from avatar_app.performance.starter import COMMAND, starter_changes

    file = paths.settings_file
    if not models:
        return
    wanted = starter_changes(models, file)
    if not wanted:
        out.print("Your settings already match. Talk: avatar-app run")
        return
    apply(wanted, file, COMMAND)
    out.print(f"In {file}:", soft_wrap=True)
    for name, value in wanted:
        out.print(f"  {name}: {value}", soft_wrap=True)
    out.print("Talk: avatar-app run. To undo it: avatar-app setup --undo")


def _undo(paths: AppPaths) -> int:
    from avatar_app.performance.apply import undo
    from avatar_app.performance.starter import COMMAND

    undo(paths.settings_file, COMMAND)
    out.print(
        "Your settings were swapped with those before setup; --undo once more swaps them "
        "again. The models stay: avatar-app models list",
        soft_wrap=True,
    )
    return 0
