"""The `settings` commands: list, get, set and reset settings, and print their documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from avatar_app.cli.console import plain_console
from avatar_app.cli.notices import print_notices

if TYPE_CHECKING:
    from avatar_app.settings.forms import SettingField
    from avatar_app.settings.store import SettingsChange, SettingsStore

settings = typer.Typer(
    help="Show and change your settings; the window shows the same ones.", no_args_is_help=True
)
out = plain_console()
err = plain_console(stderr=True)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="For example window.theme, or tts.options.speed.")
]


@settings.command("list")
def show_all(
    words: Annotated[
        list[str] | None, typer.Argument(help="Words in name, title or help; or @modified.")
    ] = None,
) -> int:
    """List settings with their values and origins."""
    from avatar_app.settings.forms import search

    table = Table("Setting", "Value", "What it is", box=None, header_style="bold", pad_edge=False)
    for field in search(_fields(_store()), " ".join(words or ())):
        value = Text(_text(field.value), style="bold" if field.modified else "")
        table.add_row(field.name, value, _described(field))
    out.print(table)
    return 0


@settings.command()
def get(name: Name) -> int:
    """Print the value of one setting."""
    typer.echo(_text(_store().get(name)))
    return 0


@settings.command("set")
def set_one(
    name: Name,
    value: Annotated[str, typer.Argument(help="A number, true, null, [a, b] or a word.")],
) -> int:
    """Change one setting in your settings file, keeping its comments."""
    from avatar_app.settings.assignments import parse_value

    store = _store()
    parsed = parse_value(tuple(name.split(".")), value, f"The value of {name}")
    return _saved(store, store.set(name, parsed), name)


@settings.command()
def reset(name: Name) -> int:
    """Remove one setting from your settings file, which restores the default."""
    store = _store()
    return _saved(store, store.reset(name), name)


@settings.command()
def docs() -> int:
    """Print the documentation of all settings as Markdown."""
    typer.echo(shipped_reference())
    return 0


def shipped_reference() -> str:
    """Return the documentation of all settings as Markdown, with the values as shipped."""
    from avatar_app.settings.reference import settings_reference

    return settings_reference(_fields(_store(shipped=True)))


def _store(*, shipped: bool = False) -> SettingsStore:
    from avatar_app.runtime.registry import Registry
    from avatar_app.settings.store import SettingsStore
    from avatar_app.system.paths import app_paths

    path = app_paths().settings_file
    store = SettingsStore(path.with_name("none") if shipped else path, {} if shipped else None)
    store.know_engines(Registry().all())
    print_notices(err, store.notices)
    return store


def _fields(store: SettingsStore) -> tuple[SettingField, ...]:
    from avatar_app.runtime.registry import Registry
    from avatar_app.settings.documentation import read_help
    from avatar_app.settings.forms import form_fields
    from avatar_app.system.paths import default_settings_file

    return form_fields(store, read_help(default_settings_file()), Registry().all())


def _saved(store: SettingsStore, change: SettingsChange, name: str) -> int:
    if change.problem is not None:
        raise change.problem
    out.print(f"{name} is {_text(store.get(name))}.", markup=False, highlight=False)
    return 0


def _text(value: Any) -> str:
    from avatar_app.settings.user_file import yaml_text

    return yaml_text(value)


def _described(field: SettingField) -> Text:
    text = Text(field.help)
    return text.append(f" ({field.place})", style="dim") if field.place else text
