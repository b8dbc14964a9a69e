"""Which engine draws the face: what each lacks here, and how another one takes over."""

from __future__ import annotations

from avatar_folders import add_avatars

from avatar_app.avatars.library import AvatarLibrary
from avatar_app.runtime.registry import Registry
from avatar_app.session.avatar_choices import AvatarChoices
from avatar_app.session.face_engines import FaceEngine, FaceEngines
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import app_paths


def engines_on(library: AvatarLibrary) -> tuple[FaceEngines, SettingsStore]:
    registry = Registry()
    settings = SettingsStore(app_paths().settings_file, {})
    settings.know_engines(registry.all())
    return FaceEngines(AvatarChoices(registry, library), settings), settings


def by_name(engines: FaceEngines) -> dict[str, FaceEngine]:
    return {each.name: each for each in engines.all()}


def test_face_engines_report_missing_requirements() -> None:
    engines, _ = engines_on(AvatarLibrary.of(app_paths()))
    found = by_name(engines)
    assert next(iter(found)) == "illustrated"
    assert found["illustrated"].is_used
    assert found["illustrated"].problem == ""
    assert found["wav2lip"].lacks_model
    assert found["photo"].problem.startswith("It needs an avatar of yours")


def test_photo_engine_takes_a_user_avatar_and_returns() -> None:
    engines, settings = engines_on(add_avatars(["Ada"]))
    settings.change({"face.options.expressiveness": 0.5})
    engines.use("photo")
    face = settings.settings.face
    assert face.options == {"avatar": "ada", "expressiveness": 0.5}
    assert by_name(engines)["photo"].is_used
    settings.undo()
    assert settings.settings.face.engine == "illustrated"
