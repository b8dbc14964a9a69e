"""Writes a plan into the user's settings, and takes it back; what it says nothing about stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from avatar_app.core.errors import ConfigInvalid
from avatar_app.performance.planner import Plan
from avatar_app.settings.loading import load_settings
from avatar_app.settings.user_file import save_user_setting, write_atomically

Change = tuple[str, Any]
"""A setting and its new value."""


def changes(plan: Plan, user_file: Path) -> tuple[Change, ...]:
    """What the plan would set otherwise than it is."""
    return tuple(_changes(plan, user_file))


def _changes(plan: Plan, user_file: Path) -> Iterator[Change]:
    settings, _ = load_settings(user_file=user_file, environ={})
    for row in plan.taken:
        section = row.kind.value
        chosen = getattr(settings, section)
        if chosen.engine != row.engine:
            yield f"{section}.engine", row.engine
        kept = chosen.options if chosen.engine == row.engine else {}
        for name, value in row.options.items():
            if kept.get(name) != value:
                yield f"{section}.options.{name}", value


def apply(wanted: tuple[Change, ...], user_file: Path) -> None:
    """Save the changes; the file as it was is kept for `undo`."""
    before = user_file.read_text(encoding="utf-8") if user_file.exists() else ""
    write_atomically(_kept(user_file), before)
    for name, value in wanted:
        save_user_setting(name, value, user_file)


def undo(user_file: Path) -> None:
    """Put the settings back as they were before `apply`; undoing that again is possible too.

    Raises ConfigInvalid if nothing was applied.
    """
    kept = _kept(user_file)
    if not kept.exists():
        raise ConfigInvalid(
            "No plan was written into your settings.", "Type: avatar-app fit --apply"
        )
    before, now = kept.read_text(encoding="utf-8"), ""
    if user_file.exists():
        now = user_file.read_text(encoding="utf-8")
    write_atomically(user_file, before)
    write_atomically(kept, now)


def _kept(user_file: Path) -> Path:
    return user_file.with_name(f"{user_file.stem}-before-fit{user_file.suffix}")
