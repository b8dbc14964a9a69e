"""Applies a plan to the user's settings, and undoes it; all other settings stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.manifest import Kind
from avatar_app.performance.planner import Plan
from avatar_app.runtime.kinds import KINDS, choices
from avatar_app.settings.layers import read_text
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import EngineChoice
from avatar_app.settings.user_file import one_writer, save_user_setting, write_atomically

Change = tuple[str, Any]
"""A setting and its new value."""


def changes(plan: Plan, user_file: Path) -> tuple[Change, ...]:
    """Return the settings that the plan would change."""
    chosen = {row.kind: EngineChoice(engine=row.engine, options=row.options) for row in plan.taken}
    return changes_to(chosen, user_file)


def changes_to(wanted: Mapping[Kind, EngineChoice], user_file: Path) -> tuple[Change, ...]:
    """Return the settings to change so that these engines and options are chosen."""
    return tuple(_changes(wanted, user_file))


def _changes(wanted: Mapping[Kind, EngineChoice], user_file: Path) -> Iterator[Change]:
    settings, _ = load_settings(user_file=user_file, environ={})
    now = choices(settings)
    for kind, choice in wanted.items():
        setting = KINDS[kind].setting
        if now[kind].engine != choice.engine:
            yield f"{setting}.engine", choice.engine
        options = now[kind].options if now[kind].engine == choice.engine else {}
        for name, value in choice.options.items():
            if options.get(name) != value:
                yield f"{setting}.options.{name}", value


def apply(wanted: tuple[Change, ...], user_file: Path, command: str = "fit") -> None:
    """Save the changes; the previous file is stored for the command's `undo`."""
    with one_writer(user_file):
        write_atomically(_kept(user_file, command), _text_of(user_file))
    for name, value in wanted:
        save_user_setting(name, value, user_file)


def undo(user_file: Path, command: str = "fit") -> None:
    """Restore the settings from before `apply`; a second undo restores the applied ones.

    Raises ConfigInvalid if nothing was applied.
    """
    undo_file = _kept(user_file, command)
    if not undo_file.exists():
        raise ConfigInvalid(
            f"No plan was written into your settings by avatar-app {command}.",
            f"See: avatar-app {command} --help",
        )
    with one_writer(user_file):
        before, now = read_text(undo_file), _text_of(user_file)
        write_atomically(user_file, before)
        write_atomically(undo_file, now)


def _text_of(user_file: Path) -> str:
    return read_text(user_file) if user_file.exists() else ""


def _kept(user_file: Path, command: str) -> Path:
    return user_file.with_name(f"{user_file.stem}-before-{command}{user_file.suffix}")
