"""The characters that can be shown: the drawn ones, and the user's avatars."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_app.avatars.archive import SUFFIX, import_avatar, is_same_avatar
from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.detection.faces import FaceDetector
from avatar_app.avatars.library import AvatarLibrary, name_from, title_from
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.runtime.kinds import BUILTIN, PHOTO
from avatar_app.runtime.registry import Registry
from avatar_app.session.settings_applier import settings_choosing
from avatar_app.settings.schema import EngineChoice

CHARACTER, AVATAR = "character", "avatar"
"""The options of faces that select what is shown: a drawn character, or an avatar of the
library."""


@dataclass(frozen=True, slots=True)
class NewCharacter:
    """A new character made from the user's file."""

    name: str
    notes: tuple[str, ...] = ()
    """What could be better about the photo, one sentence each."""


@dataclass(frozen=True, slots=True)
class AvatarChoices:
    """All characters by name; a drawn one hides an avatar of the same name."""

    registry: Registry
    library: AvatarLibrary

    def names(self) -> tuple[str, ...]:
        """Return the names, the drawn ones first."""
        drawn = self.drawn()
        return (*drawn, *(name for name in self.library.names() if name not in drawn))

    def shown_by(self, choice: EngineChoice) -> str:
        """Return the character that a face shows; empty if it does not say."""
        options = self._face(choice.engine).defaults() | choice.options
        return str(options.get(CHARACTER) or Path(options.get(AVATAR, "")).name)

    def choice(self, name: str, before: EngineChoice) -> EngineChoice:
        """Return the face engine that shows a character, given the current one: an avatar is shown
        by the same engine if it can, and options that both engines share stay."""
        who = CHARACTER if name in self.drawn() else AVATAR
        able = who in self._options(before.engine)
        engine = before.engine if able else {CHARACTER: BUILTIN[Kind.FACE], AVATAR: PHOTO}[who]
        known = self._options(engine)
        options = {option: value for option, value in before.options.items() if option in known}
        return EngineChoice(engine=engine, options=options | {who: name})

    def settings_for(self, name: str, face: EngineChoice) -> Mapping[str, Any]:
        """Return the settings that show a character, given the current face; empty where there is
        no such character."""
        return settings_choosing(Kind.FACE, self.choice(name, face)) if name in self.names() else {}

    def make(
        self, source: Path, job: Job[NewCharacter], make_detector: Callable[[], FaceDetector]
    ) -> NewCharacter:
        """Create an avatar from a photo, a clip or an .avatar file, named after the file. None
        is created for an .avatar file that is opened again."""
        is_archive = source.suffix.lower() == SUFFIX
        if is_archive and (known := self._imported_before(source)):
            return NewCharacter(known)
        name = self.library.free_name(name_from(source), self.drawn())
        if is_archive:
            avatar = import_avatar(source, name, self.library)
        else:
            title = title_from(source)
            avatar = make_avatar(source, name, job, self.library, make_detector, title=title)
        return NewCharacter(name, avatar.notes)

    def _imported_before(self, source: Path) -> str:
        """Return the avatar that was imported from the file under its name; empty if there is
        none."""
        named = re.compile(re.escape(name_from(source)) + r"(-\d+)?")
        drawn, library = self.drawn(), self.library
        names = (it for it in library.names() if it not in drawn and named.fullmatch(it))
        return next((it for it in names if is_same_avatar(source, library.folder(it))), "")

    def drawn(self) -> tuple[str, ...]:
        """Return the names of the program's own characters."""
        options = self._face(BUILTIN[Kind.FACE]).options
        return next((option.values for option in options if option.name == CHARACTER), ())

    def _options(self, engine: str) -> set[str]:
        return {option.name for option in self._face(engine).options}

    def _face(self, engine: str) -> Manifest:
        return self.registry.find(Kind.FACE, engine)
