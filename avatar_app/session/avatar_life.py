"""What a photo avatar can be given afterwards: an idle loop, and a student of its lips."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_app.avatars.life import take_life
from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.avatar import HEAD, STUDENT, load_avatar
from avatar_app.session.avatar_choices import AvatarChoices
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import AppPaths

if TYPE_CHECKING:
    from avatar_app.avatars.teaching.apart import Taught

LOOP_SECONDS = 3.4
SHOWN = 256
"""Longer side of the pictures that are shown of it, in pixels."""
_WAV2LIP = "wav2lip"


@dataclass(frozen=True, slots=True, eq=False)
class IdlePictures:
    """A loop as a page shows it."""

    pictures: tuple[Image, ...]
    fps: float


class AvatarLife:
    """Changes avatars of the user's library. Every method may take a moment; AvatarError where
    that cannot be done, and then the avatar is what it was."""

    def __init__(self, choices: AvatarChoices, settings: SettingsStore, paths: AppPaths) -> None:
        self._choices, self._settings, self._paths = choices, settings, paths

    def is_photo(self, name: str) -> bool:
        """Whether it has no loop."""
        return not self._choices.library.label(name).is_clip

    def has_student(self, name: str) -> bool:
        return (self._choices.library.folder(name) / STUDENT).is_file()

    def portrait(self, name: str) -> Image:
        """Return its portrait, small."""
        return small(load_avatar(self._choices.library.folder(name)).portrait)

    def animate(self, name: str, job: Job[Any]) -> IdlePictures:
        """Let it breathe, blink and look around, by the engine of studio.animate: seconds, or an
        hour without a graphics card."""
        from avatar_app.render.idle import animate_avatar

        folder = self._choices.library.folder(name)
        choice = self._settings.settings.studio.animate
        idle = animate_avatar(folder, choice, self._choices.registry, job, LOOP_SECONDS).idle
        assert idle is not None, "it was given one"
        return IdlePictures(tuple(_small(idle.pictures())), idle.fps)

    def calm(self, name: str) -> None:
        """Take the loop away again."""
        take_life(self._choices.library.folder(name))

    def teach(self, name: str, job: Job[Any]) -> Taught:
        """Let Wav2Lip teach a small network its lips, in a process of its own: some ten minutes."""
        from avatar_app.avatars.teaching.apart import teach_avatar
        from avatar_app.render.inputs import find_weights

        weights = find_weights(_WAV2LIP, self._paths)
        return teach_avatar(self._choices.library.folder(name), weights, job)

    def teach_head(self, name: str, job: Job[Any]) -> Taught:
        """Let LivePortrait teach a small network its whole head, in a process of its own: some ten
        minutes with a graphics card; TooSlow where it would take far longer."""
        from avatar_app.avatars.teaching.apart import teach_whole_head
        from avatar_app.render.inputs import live_portrait_folder

        networks = live_portrait_folder("", self._settings.settings)
        return teach_whole_head(self._choices.library.folder(name), networks, job)

    def forget_student(self, name: str, *, head: bool = False) -> None:
        """Delete what was learned, of the lips or of the whole head."""
        with suppress(AvatarError):
            path: Path = self._choices.library.folder(name) / (HEAD if head else STUDENT)
            path.unlink(missing_ok=True)


def small(picture: Image) -> Image:
    """Return a picture at most SHOWN pixels wide and high."""
    step = max(1, -(-max(picture.shape[:2]) // SHOWN))
    return picture[::step, ::step]


def _small(pictures: Iterator[Image]) -> Iterator[Image]:
    for picture in pictures:
        yield small(picture).copy()
