"""The whole_head face engine: a photo that LivePortrait has taught a small network to move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from avatar_app.core.errors import ModelMissing
from avatar_app.engines.face.animation.scene_face import PaintedScene, SceneFace, SceneOptions
from avatar_app.engines.face.lips.face import avatar_folder
from avatar_app.engines.face.portrait.avatar import HEAD
from avatar_app.engines.face.taught.still_avatar import load_still_avatar
from avatar_app.engines.face.whole_head.head_file import read_head
from avatar_app.engines.face.whole_head.scene import HeadScene


@dataclass(frozen=True, slots=True)
class _Options(SceneOptions):
    """The options of the manifest."""

    fps: float = 25.0
    avatar: str = ""

    @property
    def picture(self) -> tuple[Any, ...]:
        return self.avatar, *self.size

    @property
    def size(self) -> tuple[int, int, float]:
        return self.width, self.height, self.zoom

    def scene(self) -> HeadScene:
        folder = avatar_folder(self.avatar)
        if not (folder / HEAD).is_file():
            raise ModelMissing(
                f"The head of the avatar {folder.name} was not taught.",
                f"Teach it once: avatar-app avatars teach {folder.name} --teacher live_portrait",
            )
        avatar = load_still_avatar(folder)
        return HeadScene(avatar, read_head(folder / HEAD), self.size)

    def next_scene(self, scene: PaintedScene | None, before: SceneOptions) -> PaintedScene:
        same = isinstance(before, _Options) and before.avatar == self.avatar
        if same and isinstance(scene, HeadScene):
            return scene.resized(self.size)
        return self.scene()


class WholeHeadFace(SceneFace):
    """Implements `core.engines.Face`.

    Raises ModelMissing if the avatar is missing or was not taught, InputInvalid if its files are
    damaged or it has an idle loop.
    """

    options = _Options
