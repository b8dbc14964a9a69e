"""The engines that can draw an avatar: which is in use, what each needs, and what it lacks here."""

from __future__ import annotations

from dataclasses import dataclass

from avatar_app.core.errors import AvatarError
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.models.resolve import with_model_path
from avatar_app.runtime.kinds import BUILTIN
from avatar_app.session.avatar_choices import AVATAR, AvatarChoices
from avatar_app.session.settings_applier import settings_choosing
from avatar_app.settings.schema import EngineChoice
from avatar_app.settings.store import SettingsChange, SettingsStore
from avatar_app.system.packages import install_command


@dataclass(frozen=True, slots=True)
class FaceEngine:
    """One engine, as it stands here."""

    name: str
    title: str
    summary: str
    ram_mb: int
    draws_avatars: bool
    """It draws the user's avatars; others have characters of their own."""
    is_used: bool
    lacks_model: bool = False
    """A model must be fetched first."""
    problem: str = ""
    """What keeps it from being used, and what helps; empty where nothing does."""


class FaceEngines:
    """Reads and changes the settings of the face. Every method may take a moment."""

    def __init__(self, choices: AvatarChoices, settings: SettingsStore) -> None:
        self._choices, self._settings = choices, settings
        self._registry = choices.registry

    def all(self) -> tuple[FaceEngine, ...]:
        """The built-in one first."""
        manifests = self._registry.all(Kind.FACE)
        return tuple(
            self._described(manifest)
            for manifest in sorted(manifests, key=lambda it: it.name != BUILTIN[Kind.FACE])
        )

    def use(self, name: str) -> SettingsChange:
        """Let this engine draw: the avatar on show, where it can, or else the first that it can
        draw. One step of undo."""
        face = self._settings.settings.face
        manifest = self._registry.find(Kind.FACE, name)
        known = {option.name for option in manifest.options}
        options = {option: value for option, value in face.options.items() if option in known}
        if AVATAR in known and not options.get(AVATAR):
            own = self._choices.library.names()
            options |= {AVATAR: own[0]} if own else {}
        choice = EngineChoice(engine=name, options=options)
        return self._settings.change(settings_choosing(Kind.FACE, choice))

    def _described(self, manifest: Manifest) -> FaceEngine:
        lacks_model, problem = False, ""
        missing = self._registry.missing_packages(manifest)
        if missing:
            command = install_command(missing, manifest.name)
            names = ", ".join(missing)
            problem = f"{manifest.title} needs {names}, which is not installed. Type: {command}"
        else:
            problem = self._model_problem(manifest)
            lacks_model = bool(problem)
        draws_avatars = AVATAR in {option.name for option in manifest.options}
        if not problem and draws_avatars and not self._choices.library.names():
            problem = "It needs an avatar of yours. Drop a photo on this page."
        return FaceEngine(
            manifest.name,
            manifest.title,
            manifest.summary,
            manifest.needs.ram_mb,
            draws_avatars,
            manifest.name == self._settings.settings.face.engine,
            lacks_model,
            problem,
        )

    def _model_problem(self, manifest: Manifest) -> str:
        """Why its model cannot be used; empty where it can, or where it needs none."""
        if not manifest.needs.models:
            return ""
        face = self._settings.settings.face
        chosen = face.options if face.engine == manifest.name else {}
        try:
            options = with_model_path(
                manifest.defaults() | dict(chosen), manifest, self._registry.paths
            )
        except AvatarError as error:
            return error.message
        return "" if options.get("model") else "Its model is not installed."
