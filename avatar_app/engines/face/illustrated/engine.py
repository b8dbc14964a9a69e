"""The illustrated face engine: a drawn character with lip sync and idle motion."""

from __future__ import annotations

from dataclasses import dataclass

from avatar_app.engines.face.animation.scene_face import SceneFace, SceneOptions
from avatar_app.engines.face.illustrated.characters import CHARACTERS
from avatar_app.engines.face.illustrated.scene import Scene

OWN_BACKGROUND = "own"
"""The character's default backdrop."""


@dataclass(frozen=True, slots=True)
class _Options(SceneOptions):
    """The options of the manifest."""

    character: str = "mira"
    background: str = OWN_BACKGROUND

    @property
    def picture(self) -> tuple[str, str, int, int, float]:
        return self.character, self.background, self.width, self.height, self.zoom

    def scene(self) -> Scene:
        character = CHARACTERS[self.character]
        own = self.background == OWN_BACKGROUND
        backdrop = character.backdrop if own else self.background
        return Scene(character, backdrop, self.width, self.height, self.zoom)


class IllustratedFace(SceneFace):
    """A drawn character."""

    options = _Options
