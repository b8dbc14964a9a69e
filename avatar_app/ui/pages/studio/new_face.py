"""The face of a clip that is no avatar yet: its picture beside the clip, and talking with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from avatar_app.avatars.photo import read_photo
from avatar_app.core.values import Image
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.studio.viewer import ClipViewer


class NewFace:
    """A photo, or the portrait that was drawn of a prompt."""

    def __init__(self, context: PageContext, viewer: ClipViewer) -> None:
        self._context, self._viewer = context, viewer
        self.path: Path | None = None
        """The picture; None where the clip shows an avatar."""

    def show(self, path: Path | None) -> None:
        """This is the face from now on; show it beside what becomes of it."""
        self.path = path
        self._viewer.show_before(None)
        if path is not None:
            self._read(path, self._viewer.show_before)

    def show_portrait(self, path: Path, title: str) -> None:
        """This is the face from now on; show it alone."""
        self.path = path
        self._read(path, lambda image: self._viewer.show_portrait(image, title))

    def _read(self, path: Path, show: Callable[[Image], None]) -> None:
        def show_it(image: Image) -> None:
            if self.path == path:
                show(image)

        task = self._context.work.run(lambda: read_photo(path)).then(show_it)
        task.failed(lambda _error: None)  # the clip's own job says what is wrong with it
