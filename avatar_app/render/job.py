"""Renders a requested film: resolves avatar, face engine and speech, and reports the result."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avatar_app.avatars.detection.faces import face_detector_factory
from avatar_app.core.errors import ConfigInvalid, ModelMissing
from avatar_app.core.events import Noticed
from avatar_app.core.home import expanded
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.models.resolve import license_notices
from avatar_app.render.engines import ENGINE, open_lips, open_touch
from avatar_app.render.inputs import avatar_folder, find_weights
from avatar_app.render.rendering import Tell, check_output, even_size, ignore_progress, render_film
from avatar_app.render.sound import Sound, SoundFile, SpokenText
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.settings.films import ProfileSettings
from avatar_app.settings.schema import EngineChoice, Settings
from avatar_app.system.paths import AppPaths

AUTO = "auto"
PHOTO = "photo"
_ANYBODY = "illustrated"
"""The face that needs no avatar."""


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """A request to render a film."""

    output: Path
    audio: Path | None = None
    text: str = ""
    """Text to speak where there is no `audio`."""
    avatar: str = ""
    """Name, folder, photo or .avatar file; empty: as in the settings."""
    face: str = AUTO
    """The face engine; auto: wav2lip if its weights are installed, else the photo face."""
    model: str = ""
    """Weights by name or path; empty: the profile's."""
    silent: bool = False
    sound: Sound | None = None
    """What is heard where it was made already, in place of `audio` and `text`."""

    def files(self) -> list[Path]:
        """Return the paths of input files."""
        named = [expanded(name) for name in (self.avatar, self.model) if name]
        return named if self.audio is None else [self.audio, *named]


class RenderJob:
    """One request, ready to be rendered; a context manager.

    Raises AvatarErrors for missing parts.
    """

    def __init__(
        self, settings: Settings, profile: ProfileSettings, paths: AppPaths, order: RenderRequest
    ) -> None:
        self.notices: list[Noticed]
        """Notices about how the request was interpreted."""
        order = _with_chosen_avatar(order, settings.face)
        self._settings, self._profile, self._order = settings, profile, order
        self._paths, self._registry = paths, Registry()
        check_output(order.output, *order.files())
        self._width, self._height, self.notices = even_size(profile.width, profile.height)
        with ExitStack() as opened:
            self._sound = self._spoken(opened)
            self._report: dict[str, Any] = {}
            self._touch: Any = iter
            self._face = self._opened_face(opened)
            opened.callback(self._face.close)
            self._opened = opened.pop_all()

    def __enter__(self) -> RenderJob:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def film(self, turn: Turn, tell: Tell = ignore_progress) -> dict[str, Any]:
        """Render the film and return its properties and times."""
        order = self._order
        rendered = render_film(
            self._face,
            self._sound,
            order.output,
            turn,
            tell,
            with_sound=not order.silent,
            preset=self._profile.x264_preset,
            touch=self._touch,
            labeled=self._settings.render.label,
        )
        return self._report | {
            "film": str(order.output),
            "size": [self._width, self._height],
            "fps": self._profile.fps,
            "seconds": round(self._sound.seconds, 3),
            "pictures": rendered.pictures,
            "took_seconds": round(rendered.took, 3),
            "notices": [f"{notice.message} {notice.hint}".strip() for notice in self.notices],
        }

    def _spoken(self, opened: ExitStack) -> Sound:
        if self._order.sound is not None:
            return self._order.sound
        if self._order.audio is not None:
            return SoundFile(self._order.audio)
        choice = self._settings.tts
        manifest = self._registry.find(Kind.TTS, choice.engine)
        voice = create_engine(self._registry, manifest, choice.options)
        opened.callback(voice.close)
        return SpokenText(voice, self._order.text, Turn(0))

    def _opened_face(self, opened: ExitStack) -> Any:
        order, profile = self._order, self._profile
        options: dict[str, Any] = {"width": self._width, "height": self._height}
        options["fps"] = profile.fps
        if order.avatar:
            detector = face_detector_factory(
                self._settings.avatars, self._paths.models, profile.face_detection_batch
            )
            folder = opened.enter_context(avatar_folder(order.avatar, self._paths, detector))
            options["avatar"] = str(folder)
        weights = self._weights()
        if weights is None:
            return self._plain_face(options)
        if not order.avatar:
            raise ConfigInvalid("Wav2Lip needs an avatar.", "Choose one: --avatar NAME or PHOTO.")
        manifest = self._registry.find(Kind.FACE, ENGINE)
        self.notices += license_notices({"model": str(weights)}, manifest, self._paths)
        wanted = self._settings.render.device
        lips = open_lips(self._registry, weights, wanted, profile.lip_batch, **options)
        self._touch = open_touch(
            self._registry,
            self._settings.face_enhancement,
            folder,
            str(lips.device),
            self._paths,
            opened,
        )
        self._report = {
            "face": ENGINE,
            "model": str(weights),
            "device": str(lips.device),
            "batch": lips.batch,
        }
        return lips.face

    def _weights(self) -> Path | None:
        """Return the network's weights, if it is used for the lips."""
        order = self._order
        if order.face not in (AUTO, ENGINE) or (order.face == AUTO and not order.avatar):
            return None
        try:
            return find_weights(order.model or self._profile.model, self._paths)
        except ModelMissing as error:
            if order.face == ENGINE or order.model:
                raise
            consequence = "The photo face is used instead."
            self.notices.append(Noticed(error.message, f"{consequence} {error.hint}"))
            return None

    def _plain_face(self, options: dict[str, Any]) -> Any:
        """Return a face without weights."""
        order, chosen = self._order, self._settings.face
        name = order.face if order.face != AUTO else PHOTO if order.avatar else _ANYBODY
        manifest = self._registry.find(Kind.FACE, name)
        known = {option.name for option in manifest.options}
        own = chosen.options if chosen.engine == name else {}
        usable = own | {key: value for key, value in options.items() if key in known}
        self._report = {"face": name, "device": "cpu"}
        return create_engine(self._registry, manifest, usable)


def _with_chosen_avatar(request: RenderRequest, chosen: EngineChoice) -> RenderRequest:
    """Return the avatar of the chosen face where the request names none; a drawn character has
    none."""
    avatar = chosen.options.get("avatar", "")
    if request.avatar or not avatar or request.face == _ANYBODY:
        return request
    return replace(request, avatar=str(avatar))


def profile_settings(quality: str, fps: float | None, size: str | None) -> dict[str, Any]:
    """Return a rate and a size (“1280x720”) as settings of the profile `quality`.

    Raises ConfigInvalid for another form of size.
    """
    changes: dict[str, Any] = {} if fps is None else {"fps": fps}
    if size is not None:
        found = re.fullmatch(r"(\d{2,4})[xX×](\d{2,4})", size.strip())
        if found is None:
            raise ConfigInvalid(f"{size!r} is not a size.", "Write it as  1280x720.")
        changes |= {"width": int(found[1]), "height": int(found[2])}
    return {f"render.{quality}.{name}": value for name, value in changes.items()}
