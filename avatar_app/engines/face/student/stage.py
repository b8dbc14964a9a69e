"""A student set up for its avatar: paints lips and blends them into the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy

import numpy as np

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Image
from avatar_app.engines.face.lips.mel import BANDS, SILENCE, WINDOW_COLUMNS, Floats
from avatar_app.engines.face.lips.pose import LipPose
from avatar_app.engines.face.lips.scenes import StillScene, shown_with
from avatar_app.engines.face.lips.views import views_of
from avatar_app.engines.face.lips.windows import WindowStream
from avatar_app.engines.face.portrait.avatar import Avatar
from avatar_app.engines.face.student.weights import LIPS, MELS, Student, to_onnx
from avatar_app.engines.face.taught.digest import face_digest
from avatar_app.engines.onnx_session import ErrorTexts, create_session, inference_errors

_TEXTS = ErrorTexts("the student", if_failed="Choose another face.")


class StudentStage:
    """Implements `engines.face.lips.performing.Painting`."""

    def __init__(self, avatar: Avatar, student: Student, size: tuple[int, int]) -> None:
        """`size`: width and height of the picture. Raises InputInvalid if the student was taught
        another face."""
        views = views_of(avatar)
        if student.face != face_digest(avatar) or student.region != views.region:
            raise InputInvalid(
                f"The avatar {avatar.name} has changed since it was taught.",
                "Teach it again: avatar-app avatars teach NAME",
            )
        self.region = student.region
        self._avatar, self._mask = avatar, views.masks[0]
        with inference_errors(_TEXTS):
            content = to_onnx(student).SerializeToString()
            self._session = create_session(content, has_fixed_shapes=False)
        self.paint(np.full((1, BANDS, WINDOW_COLUMNS), SILENCE, np.float32))
        self.set_size(size)

    def resized(self, size: tuple[int, int]) -> StudentStage:
        """Return the same network with a picture of another size."""
        stage = copy(self)
        stage.set_size(size)
        return stage

    def set_size(self, size: tuple[int, int]) -> None:
        """Render the picture at another size; not while one is shown."""
        self.scene = StillScene(self._avatar, size, self._mask, self.region)

    def paint(self, mels: Floats) -> Image:
        """Return lips, uint8, (n, rows, columns, 3), RGB. `mels`: (n, 80, 16)."""
        with inference_errors(_TEXTS):
            lips: Image = self._session.run([LIPS], {MELS: mels})[0]
        return lips

    def windows(self, fps: float, lead: float) -> WindowStream:
        """See `Painting`."""
        return WindowStream(fps, lead)

    def begin(self, sounds: Floats, clocks: Sequence[float]) -> Callable[[], list[Image]]:
        """See `Painting`; it takes less than a millisecond, so it is done at once."""
        del clocks  # the picture is still
        lips = list(self.paint(sounds))
        return lambda: lips

    def picture(self, pose: LipPose, expressiveness: float) -> Image:
        """See `Painting`."""
        return shown_with(self.scene, self.region, pose, expressiveness)
