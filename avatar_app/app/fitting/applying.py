"""Writes a plan into the user's settings; what the plan says nothing about stays."""

from __future__ import annotations

from pathlib import Path

from avatar_app.app.fitting.planner import Plan
from avatar_app.app.settings import load_settings
from avatar_app.app.user_settings import save_user_setting


def apply(plan: Plan, user_file: Path) -> tuple[str, ...]:
    """Save each engine taken and its options; returns the settings that changed."""
    settings, _ = load_settings(user_file=user_file, environ={})
    changed = []
    for row in plan.taken:
        section = row.kind.value
        chosen = getattr(settings, section)
        if chosen.engine != row.engine:
            save_user_setting(f"{section}.engine", row.engine, user_file)
            changed.append(f"{section}.engine = {row.engine}")
        kept = chosen.options if chosen.engine == row.engine else {}
        for name, value in row.options.items():
            if kept.get(name) != value:
                save_user_setting(f"{section}.options.{name}", value, user_file)
                changed.append(f"{section}.options.{name} = {value}")
    return tuple(changed)
