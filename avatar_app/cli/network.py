"""Watches what a command connects to, as the user's settings allow it."""

from __future__ import annotations

from functools import cache

from avatar_app.core.network_access import NetworkAccess
from avatar_app.system.network_guard import start_guard
from avatar_app.system.paths import app_paths


def guard_network() -> None:
    """Watch this process; the settings are read at the first attempt to connect."""
    _allowed.cache_clear()
    start_guard(_allowed, app_paths())


@cache
def _allowed() -> NetworkAccess:
    from avatar_app.settings.loading import load_settings

    settings, _ = load_settings()
    return settings.network.allowed
