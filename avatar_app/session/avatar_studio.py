"""Makes avatars step by step: opens a file, checks and crops it, tries it out, keeps it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from avatar_app.avatars.archive import SUFFIX
from avatar_app.avatars.clip.importing import write_idle
from avatar_app.avatars.creation import store_avatar, write_measured
from avatar_app.avatars.detection.faces import face_detector_factory
from avatar_app.avatars.draft import AvatarDraft, Crop, open_draft
from avatar_app.avatars.library import name_for
from avatar_app.core.jobs import Job
from avatar_app.runtime.kinds import PHOTO
from avatar_app.session.avatar_choices import AVATAR, AvatarChoices, NewCharacter
from avatar_app.session.avatar_gallery import AvatarGallery, PreviewFace
from avatar_app.session.avatar_life import AvatarLife
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import AppPaths


def is_archive(source: Path) -> bool:
    """Whether a file is a finished avatar, by its name."""
    return source.suffix.lower() == SUFFIX


class AvatarStudio:
    """Drafts of the user's library. Every method may take a moment; AvatarError where a file
    cannot be used."""

    def __init__(self, choices: AvatarChoices, settings: SettingsStore, paths: AppPaths) -> None:
        self._choices, self._settings, self._paths = choices, settings, paths
        self._trial: TemporaryDirectory[str] | None = None
        self.life = AvatarLife(choices, settings, paths)

    def open(self, source: Path, job: Job[Any]) -> AvatarDraft:
        """Read a photo or clip and find its faces; takes seconds."""
        avatars = self._settings.settings.avatars
        return open_draft(source, job, face_detector_factory(avatars, self._paths.models))

    def keep(
        self, draft: AvatarDraft, face: int, crop: Crop, title: str, job: Job[Any]
    ) -> NewCharacter:
        """Make an avatar of a draft. Its name is made from the title, and is a free one."""
        measured = draft.measure(face, crop)
        library = self._choices.library
        name = library.free_name(name_for(title), self._choices.drawn())
        avatar = store_avatar(measured, name, job, library, title)
        return NewCharacter(name, avatar.notes)

    def bring(self, source: Path, job: Job[NewCharacter]) -> NewCharacter:
        """Take an .avatar file into the library."""
        avatars = self._settings.settings.avatars
        return self._choices.make(source, job, face_detector_factory(avatars, self._paths.models))

    def trial(self, draft: AvatarDraft, face: int, crop: Crop) -> PreviewFace:
        """Return what draws the draft before it is kept, until the next trial or `forget_trial`."""
        self.forget_trial()
        measured = draft.measure(face, crop)
        self._trial = TemporaryDirectory(prefix="avatar-app-")
        folder = Path(self._trial.name)
        write_measured(folder, measured, "trial")
        if measured.film is not None:
            write_idle(folder, measured.film, Job[None]("trial", lambda _job: None), (0.0, 1.0))
        return PreviewFace(PHOTO, AVATAR, str(folder))

    def forget_trial(self) -> None:
        """Delete what was written for a trial."""
        trial, self._trial = self._trial, None
        if trial is not None:
            trial.cleanup()


def gallery_and_studio(
    choices: AvatarChoices, settings: SettingsStore, paths: AppPaths
) -> tuple[AvatarGallery, AvatarStudio]:
    """Return both for one library."""
    return AvatarGallery(choices, settings, paths), AvatarStudio(choices, settings, paths)
