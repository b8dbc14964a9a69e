"""The photo face engine: a photo with lip sync, blinking eyes and small head motion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from avatar_app.core.errors import ModelMissing
from avatar_app.engines.face.animation.scene_face import PaintedScene, SceneFace, SceneOptions
from avatar_app.engines.face.photo.loop import LoopScene
from avatar_app.engines.face.photo.nobody import nobody
from avatar_app.engines.face.photo.scene import Scene
from avatar_app.engines.face.portrait.avatar import MANIFEST, load_avatar


@dataclass(frozen=True, slots=True)
class _Options(SceneOptions):
    """The options of the manifest."""

    avatar: str = ""

    @property
    def picture(self) -> tuple[str, int, int]:
        return self.avatar, self.width, self.height

    def scene(self) -> Scene | LoopScene:
        if not self.avatar:
            return Scene(nobody(), self.width, self.height)
        folder = Path(self.avatar)
        if not (folder / MANIFEST).is_file():
            raise ModelMissing(
                f"{folder} contains no avatar.", "Create one: avatar-app avatars add PHOTO"
            )
        avatar = load_avatar(folder)
        kind = Scene if avatar.idle is None else LoopScene
        return kind(avatar, self.width, self.height)

    def rest_pace(self, scene: PaintedScene) -> float:
        """A loop plays at its full rate, as a film does."""
        return self.fps if isinstance(scene, LoopScene) else self.rest_fps


class PhotoFace(SceneFace):
    """The face of an avatar.

    Raises ModelMissing where the avatar is missing, InputInvalid where it is damaged.
    """

    options = _Options
