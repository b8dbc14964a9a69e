"""All avatars as a page shows them: pictures, use, rename, delete with undo, share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from avatar_app.avatars.archive import SUFFIX, export_avatar
from avatar_app.core.errors import InputInvalid
from avatar_app.core.manifest import Kind
from avatar_app.core.values import FaceState, Image
from avatar_app.runtime.kinds import BUILTIN, PHOTO
from avatar_app.session.avatar_choices import AVATAR, CHARACTER, AvatarChoices
from avatar_app.session.face_engines import FaceEngines
from avatar_app.session.settings_applier import settings_choosing
from avatar_app.session.stored_data import DELETED, DeletedFiles
from avatar_app.settings.schema import EngineChoice
from avatar_app.settings.store import SettingsChange, SettingsStore
from avatar_app.system.named_folders import free_path
from avatar_app.system.paths import AppPaths

if TYPE_CHECKING:
    from avatar_app.core.engines import Face

PICTURE = 256
"""Pixels on each side of a picture in the gallery."""


@dataclass(frozen=True, slots=True)
class GalleryAvatar:
    """One that can be shown: a drawn character, or an avatar of the user's library."""

    name: str
    """What settings and commands call it."""
    title: str
    """As the user wrote it; empty where nobody did."""
    is_drawn: bool
    """A character of the program, which can be neither renamed nor deleted."""
    is_clip: bool = False
    """It has an idle loop."""
    is_rendered: bool = False
    """Its loop was made of a photo."""
    changed: float = 0.0
    """When its files changed, so that an old picture is not kept for it."""


@dataclass(frozen=True, slots=True)
class PreviewFace:
    """What draws an avatar in a small picture, apart from the conversation."""

    engine: str
    option: str
    """Name of the option that chooses the avatar."""
    value: str


class AvatarDeletion:
    """A deleted avatar that can come back; a `Deletion`."""

    def __init__(self, files: DeletedFiles, show: Callable[[str], object]) -> None:
        """`show`: called with its name when it is back, which may be another one."""
        self._files, self._show = files, show

    def undo(self) -> None:
        self._files.undo()
        for folder in self._files.restored:
            self._show(folder.name)

    def finish(self) -> None:
        self._files.finish()


class AvatarGallery:
    """The user's avatars and the drawn characters. Every method may take a moment."""

    def __init__(self, choices: AvatarChoices, settings: SettingsStore, paths: AppPaths) -> None:
        self._choices, self._settings, self._paths = choices, settings, paths
        self.engines = FaceEngines(choices, settings)
        """What can draw them."""
        self._numbers = count(1)

    def avatars(self) -> tuple[GalleryAvatar, ...]:
        """All of them, the drawn ones first."""
        library, drawn = self._choices.library, self._choices.drawn()
        own = (name for name in library.names() if name not in drawn)
        return (
            *(GalleryAvatar(name, "", is_drawn=True) for name in drawn),
            *(self._own(name) for name in own),
        )

    def current(self) -> str:
        """Return the name of the one that the settings choose."""
        return self._choices.shown_by(self._settings.settings.face)

    def title(self, name: str) -> str:
        """Return what the user calls it; empty where that is only its name."""
        is_own = name in self._choices.library.names() and name not in self._choices.drawn()
        return self._own(name).title if is_own else ""

    def preview(self, name: str) -> PreviewFace:
        """Return what draws it in the gallery: never Wav2Lip, whose network takes seconds."""
        if name in self._choices.drawn():
            return PreviewFace(BUILTIN[Kind.FACE], CHARACTER, name)
        return PreviewFace(PHOTO, AVATAR, str(self._choices.library.folder(name)))

    def picture(self, name: str) -> Image:
        """Return it at rest, PICTURE pixels wide and high. Raises AvatarError where its files are
        damaged."""
        face = self.open_face(self.preview(name), PICTURE)
        try:
            return face.rest(FaceState.IDLE).image
        finally:
            face.close()

    def open_face(self, wanted: PreviewFace, side: int) -> Face:
        """Create a face engine of its own for small square pictures; the caller closes it."""
        from avatar_app.runtime.engine_set import create_engine

        registry = self._choices.registry
        options = {wanted.option: wanted.value, "width": side, "height": side}
        face: Face = create_engine(registry, registry.find(Kind.FACE, wanted.engine), options)
        return face

    def use(self, name: str) -> SettingsChange:
        """Show it in the conversation: one step of undo."""
        return self._settings.change(self._choices.settings_for(name, self._face))

    def rename(self, name: str, title: str) -> str:
        """Give it another title, and a folder of that name; returns the new name."""
        library = self._choices.library
        in_use = name == self.current()
        renamed = library.rename(name, title, self._choices.drawn())
        if in_use and renamed != name:
            self._settings.change(self._choices.settings_for(renamed, self._face), undoable=False)
        return renamed

    def delete(self, name: str) -> AvatarDeletion:
        """Delete it, and show the first drawn character if it is on show."""
        folder = self._choices.library.folder(name)
        was_used = name == self.current()
        trash = self._paths.data / DELETED / f"avatar-{next(self._numbers)}"
        files, face = DeletedFiles([folder], free_path(trash)), self._face
        if not was_used:
            return AvatarDeletion(files, lambda _name: None)
        first = self._choices.drawn()[0]
        self._settings.change(self._choices.settings_for(first, face), undoable=False)

        def show(back: str) -> None:
            shown = face if back == folder.name else self._choices.choice(back, face)
            self._settings.change(settings_choosing(Kind.FACE, shown), undoable=False)

        return AvatarDeletion(files, show)

    def export(self, name: str, target: Path) -> Path:
        """Write it to one .avatar file; returns the file's path."""
        path = target if target.suffix == SUFFIX else target.with_name(target.name + SUFFIX)
        export_avatar(self._choices.library.folder(name), path)
        return path

    @property
    def _face(self) -> EngineChoice:
        return self._settings.settings.face

    def _own(self, name: str) -> GalleryAvatar:
        library = self._choices.library
        try:
            label = library.label(name)
        except InputInvalid:
            return GalleryAvatar(name, "", is_drawn=False)  # its picture says what is wrong
        return GalleryAvatar(
            name,
            label.title,
            is_drawn=False,
            is_clip=label.is_clip,
            is_rendered=label.is_rendered,
            changed=label.changed,
        )
