"""The photo face engine: a photo with lip sync, blinking eyes and small head motion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from avatar_app.core.errors import ModelMissing
from avatar_app.engines.face.animation.scene_face import PaintedScene, SceneFace, SceneOptions
from avatar_app.engines.face.photo.background import Background
from avatar_app.engines.face.photo.loop import LoopScene
from avatar_app.engines.face.photo.placeholder import placeholder
from avatar_app.engines.face.photo.scene import Scene
from avatar_app.engines.face.portrait.avatar import MANIFEST, load_avatar


@dataclass(frozen=True, slots=True)
class _Options(SceneOptions):
    """The options of the manifest."""

    avatar: str = ""
    background: str = Background.OWN

    @property
    def picture(self) -> tuple[str, str, int, int, float]:
        return self.avatar, self.background, self.width, self.height, self.zoom

    def scene(self) -> Scene | LoopScene:
        size = self.width, self.height, self.zoom
        if not self.avatar:
            return Scene(placeholder(), *size, Background(self.background))
        folder = Path(self.avatar)
        if not (folder / MANIFEST).is_file():
            raise ModelMissing(
                f"{folder} contains no avatar.", "Create one: avatar-app avatars add PHOTO"
            )
        avatar = load_avatar(folder)
        if avatar.idle is not None:
            return LoopScene(avatar, *size)
        return Scene(avatar, *size, Background(self.background))

    def rest_pace(self, scene: PaintedScene) -> float:
        """A loop plays at its full rate, as a film does."""
        return self.fps if isinstance(scene, LoopScene) else self.rest_fps


class PhotoFace(SceneFace):
    """The face of an avatar.

    Raises ModelMissing where the avatar is missing, InputInvalid where it is damaged.
    """

    options = _Options
