"""Paints the gallery's pictures one after the other, in a thread of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image
from avatar_app.session.avatar_gallery import AvatarGallery, GalleryAvatar
from avatar_app.ui.pages.running_job import RunningJob

Show = Callable[[GalleryAvatar, Image], None]
Tell = Callable[[GalleryAvatar, AvatarError], None]


class ThumbnailPainter:
    """The newest request alone is worked on."""

    def __init__(
        self,
        avatars: AvatarGallery,
        post: Callable[[Callable[[], None]], None],
        show: Show,
        tell: Tell,
    ) -> None:
        """`show` and `tell` get a picture, or why there is none, in the window's thread."""
        self._avatars, self._post, self._show, self._tell = avatars, post, show, tell
        self._running = RunningJob(post, lambda _error: None)

    def paint(self, avatars: Sequence[GalleryAvatar]) -> None:
        """Paint these, in order."""
        if avatars:
            self._running.start(Job("Pictures", partial(self._paint, avatars)), lambda _: None)

    def pause(self) -> None:
        self._running.cancel()

    def close(self) -> None:
        self._running.close()

    def _paint(self, avatars: Sequence[GalleryAvatar], job: Job[Any]) -> None:
        for avatar in avatars:
            job.check()
            try:
                picture = self._avatars.picture(avatar.name)
            except AvatarError as error:
                self._post(partial(self._tell, avatar, error))
            else:
                self._post(partial(self._show, avatar, picture))
