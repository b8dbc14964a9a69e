"""Creates the pictures of the documentation: the window in every state, and a short film."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from avatar_app.cli.sample_session import sample_session
from avatar_app.core.manifest import Kind
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.session.offline.demo import film_demo
from avatar_app.settings.loading import load_settings
from avatar_app.storage.history import History
from avatar_app.system.paths import app_paths, paths_under
from avatar_app.ui.screenshots.gallery import shoot
from avatar_app.ui.screenshots.sample_history import fill_history


def shoot_all(folder: Path) -> list[Path]:
    """Write all pictures into `folder`/window and the film next to them; returns their paths."""
    registry = Registry()
    face = create_engine(registry, registry.find(Kind.FACE, "illustrated"), {})
    with TemporaryDirectory() as user:  # the pictures do not depend on the user's settings
        paths = paths_under(Path(user))
        history = History(paths.history_file)
        fill_history(history)
        opened = partial(sample_session, face, registry, paths, history)
        pictures = shoot(folder / "window", opened)
        history.close()
    face.close()
    film = folder / "conversation.mp4"
    settings, _ = load_settings(overrides={"face.options.width": 640, "face.options.height": 360})
    film_demo(settings, app_paths(), film, lambda _line: None)
    return [*pictures, film]
