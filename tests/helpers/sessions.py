"""The application without its window, on the user's folders of the test."""

from __future__ import annotations

from typing import Any

from avatar_app.session.app_session import AppSession
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import app_paths


def open_session(overrides: dict[str, Any] | None = None) -> AppSession:
    """A session that was not started; `overrides` as on a command line."""
    paths = app_paths()
    return AppSession(SettingsStore(paths.settings_file, overrides=overrides), paths)
