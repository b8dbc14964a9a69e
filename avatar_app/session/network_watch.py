"""Holds the running application to the network access that the user allows."""

from __future__ import annotations

import os

from avatar_app.core.network_access import NetworkAccess
from avatar_app.settings.store import SettingsChange, SettingsStore
from avatar_app.system.network_guard import NetworkGuard, publish_access, start_guard
from avatar_app.system.paths import AppPaths

ALLOWED = "network.allowed"


def watch_network(settings: SettingsStore, paths: AppPaths) -> NetworkGuard:
    """Watch this process and its engines from now on; a change of the setting holds at once. Where
    nothing is allowed from the start on, the system itself forbids it until the end."""
    guard = start_guard(lambda: settings.settings.network.allowed, paths)
    if settings.settings.network.allowed is NetworkAccess.NONE and not _display_is_remote():
        guard.seal()
    settings.subscribe(_publish)
    return guard


def _publish(change: SettingsChange) -> None:
    if change.touches(ALLOWED):
        publish_access()


def _display_is_remote() -> bool:
    """An X server that is reached by TCP: without it no window could open."""
    display = os.environ.get("DISPLAY", "")
    return not os.environ.get("WAYLAND_DISPLAY") and display[:1] not in ("", ":", "/")
