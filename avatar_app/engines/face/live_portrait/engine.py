"""The LivePortrait face engine: a photo whose head, eyes, brows and lips move, on a card."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

from avatar_app.core.errors import DeviceUnavailable, ModelMissing, TooSlow
from avatar_app.core.home import expanded
from avatar_app.engines.face.animation.pose import Mouth, Pose
from avatar_app.engines.face.animation.scene_face import PaintedScene, SceneFace, SceneOptions
from avatar_app.engines.face.lips.face import avatar_folder
from avatar_app.engines.face.live_portrait.scene import LiveScene
from avatar_app.engines.face.portrait.avatar import load_avatar
from avatar_app.engines.live_portrait.devices import CPU, usable_card
from avatar_app.engines.live_portrait.networks import Networks

AUTO = "auto"
_HOPELESS = 20.0
"""How much longer than it is shown a picture may take when the face is loaded. What is between
that and the promise shows in the conversation."""
_TRIED = Pose(mouth=Mouth(opening=0.5), blink=0.5)
_HINT = "Choose Wav2Lip or the photo that moves."


@dataclass(frozen=True, slots=True)
class _Options(SceneOptions):
    """The options of the manifest."""

    fps: float = 25.0
    avatar: str = ""
    model: str = ""
    device: str = AUTO
    threads: int = 0

    @property
    def networks(self) -> tuple[Any, ...]:
        """Return what requires loading the networks again."""
        return self.avatar, self.model, self.device, self.threads

    @property
    def picture(self) -> tuple[Any, ...]:
        return *self.networks, *self.size

    @property
    def size(self) -> tuple[int, int, float]:
        return self.width, self.height, self.zoom

    def scene(self) -> LiveScene:
        if not self.model:
            raise ModelMissing(
                "No folder of LivePortrait's networks is chosen.",
                "Put its ONNX files into a folder and name it: face.options.model=FOLDER",
            )
        avatar = load_avatar(avatar_folder(self.avatar))
        device, threads = _device(self.device), self.threads or os.cpu_count() or 1
        networks = Networks(expanded(self.model), device, threads)
        scene = LiveScene(avatar, networks, self.size)
        _check(scene, networks, device, self.fps)
        return scene

    def next_scene(self, scene: PaintedScene | None, before: SceneOptions) -> PaintedScene:
        same = isinstance(before, _Options) and before.networks == self.networks
        if same and isinstance(scene, LiveScene):
            return scene.resized(self.size)
        return self.scene()


class LivePortraitFace(SceneFace):
    """Implements `core.engines.Face`.

    Raises ModelMissing if avatar or networks are missing, InputInvalid if a file is damaged,
    DeviceUnavailable without a usable graphics card, OutOfMemory, or TooSlow where a conversation
    is out of reach.
    """

    options = _Options


def _device(chosen: str) -> str:
    if chosen != AUTO:
        return chosen
    card = usable_card()
    if card is None:
        raise DeviceUnavailable(
            "LivePortrait needs a graphics card that onnxruntime can use.",
            f"{_HINT} The device cpu takes most of a minute for each picture.",
        )
    return card


def _check(scene: LiveScene, networks: Networks, device: str, fps: float) -> None:
    """Paint two pictures, of which the first also prepares the networks. Raises DeviceUnavailable
    where the card cannot compute them, TooSlow where a conversation is out of reach."""
    _check_card(networks, device)  # the processor would paint for most of a minute
    scene.paint(_TRIED)
    _check_card(networks, device)  # onnxruntime turns to the processor where a card fails
    begun = time.perf_counter()
    scene.paint(_TRIED)
    seconds = time.perf_counter() - begun
    if seconds > _HOPELESS / fps:
        raise TooSlow(
            f"LivePortrait takes {seconds:.1f} seconds for a picture here, and {fps:.0f} a second "
            "are needed.",
            _HINT,
        )


def _check_card(networks: Networks, device: str) -> None:
    if device != CPU and networks.is_on_processor:
        raise DeviceUnavailable(
            "This build of onnxruntime cannot compute LivePortrait on the graphics card.", _HINT
        )
