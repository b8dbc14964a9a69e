"""The student face engine: streaming lip sync for a photo, by a network of its own."""

from __future__ import annotations

from avatar_app.core.errors import ModelMissing
from avatar_app.engines.face.lips.face import LipFace, LipOptions, avatar_folder
from avatar_app.engines.face.portrait.avatar import STUDENT
from avatar_app.engines.face.student.stage import StudentStage
from avatar_app.engines.face.student.weights import read_student
from avatar_app.engines.face.taught.still_avatar import load_still_avatar


class StudentFace(LipFace[LipOptions, StudentStage]):
    """Implements `core.engines.Face`.

    Raises ModelMissing if the avatar is missing or was not taught, InputInvalid if its files are
    damaged or it has an idle loop.
    """

    options = LipOptions

    def _new_stage(self, choices: LipOptions) -> StudentStage:
        folder = avatar_folder(choices.avatar)
        if not (folder / STUDENT).is_file():
            raise ModelMissing(
                f"The avatar {folder.name} has no student.",
                f"Teach it once: avatar-app avatars teach {folder.name}",
            )
        avatar = load_still_avatar(folder)
        return StudentStage(avatar, read_student(folder / STUDENT), choices.size)
