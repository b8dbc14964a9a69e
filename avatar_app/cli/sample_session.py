"""A scripted session with content on every page: sample models, measurements and conversations."""

from __future__ import annotations

from avatar_app.core.engines import Face
from avatar_app.runtime.registry import Registry
from avatar_app.session.offline.sample_avatars import sample_avatars
from avatar_app.session.offline.sample_library import sample_library, sample_performance
from avatar_app.settings.store import SettingsStore
from avatar_app.storage.history import History
from avatar_app.system.paths import AppPaths
from avatar_app.ui.screenshots.scripted_session import ScriptedSession


def sample_session(
    face: Face, registry: Registry, paths: AppPaths, history: History
) -> ScriptedSession:
    """Return a session whose settings are in `paths`; the caller closes face and history."""
    settings = SettingsStore(paths.settings_file, {})
    return ScriptedSession(
        face,
        "mira",
        settings,
        sample_library(settings, paths, registry),
        sample_performance(settings, paths, registry),
        sample_avatars(settings, paths, registry),
        registry.all(),
        history=history,
        paths=paths,
    )
