"""Creates the pictures of the documentation: the window in every state, and a short film."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from avatar_app.core.manifest import Kind
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.session.offline.demo import film_demo
from avatar_app.session.offline.sample_avatars import sample_avatars
from avatar_app.session.offline.sample_library import sample_library, sample_performance
from avatar_app.settings.loading import load_settings
from avatar_app.settings.store import SettingsStore
from avatar_app.storage.history import History
from avatar_app.system.paths import app_paths, paths_under
from avatar_app.ui.screenshots.gallery import shoot
from avatar_app.ui.screenshots.sample_history import fill_history
from avatar_app.ui.screenshots.scripted_session import ScriptedSession


def shoot_all(folder: Path) -> list[Path]:
    """Write all pictures into `folder`/window and the film next to them; returns their paths."""
    registry = Registry()
    face = create_engine(registry, registry.find(Kind.FACE, "illustrated"), {})
    with TemporaryDirectory() as user:  # the pictures do not depend on the user's settings

        def opened() -> ScriptedSession:
            settings = SettingsStore(Path(user) / "config.yaml", {})
            paths = paths_under(Path(user))
            models = sample_library(settings, paths, registry)
            performance = sample_performance(settings, paths, registry)
            return ScriptedSession(
                face,
                "mira",
                settings,
                models,
                performance,
                sample_avatars(settings, paths, registry),
                registry.all(),
                history=history,
                paths=paths_under(Path(user)),
            )

        history = History(Path(user) / "history.db")
        fill_history(history)
        pictures = shoot(folder / "window", opened)
        history.close()
    face.close()
    film = folder / "conversation.mp4"
    settings, _ = load_settings(overrides={"face.options.width": 640, "face.options.height": 360})
    film_demo(settings, app_paths(), film, lambda _line: None)
    return [*pictures, film]
