"""What the checks of a photo or clip say: notes about an avatar, or why none can be made."""

from __future__ import annotations

from avatar_app.avatars.landmarks import Floats
from avatar_app.avatars.photo_checks import (
    LEAST_FACE,
    CheckKind,
    CheckResult,
    PhotoCheck,
    judge_picture,
)
from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Image

_WORST_FIRST = (CheckKind.UPRIGHT, CheckKind.FRONTAL, CheckKind.SIZE, CheckKind.SHARPNESS)
"""A face that lies on its side is measured wrongly in all other ways."""


def check_face(picture: Image, mesh: Floats, faces: int, kind: str = "photo") -> tuple[str, ...]:
    """Return notes, one sentence each, on what could be better; raises InputInvalid for an unusable
    face.

    `kind`: the source of the picture, photo or clip.
    """
    checks = {check.kind: check for check in judge_picture(picture, mesh, faces)}
    for each in _WORST_FIRST:
        if checks[each].result is CheckResult.POOR:
            raise _refusal(checks[each], kind)
    fair = (check for check in checks.values() if check.result is not CheckResult.GOOD)
    return tuple(note for check in fair if (note := _note(check, kind)))


def _refusal(check: PhotoCheck, kind: str) -> InputInvalid:
    match check.kind:
        case CheckKind.UPRIGHT:
            return InputInvalid(
                f"The {kind}, or the face in it, is rotated sideways.",
                "Rotate it upright and add it again.",
            )
        case CheckKind.FRONTAL:
            return InputInvalid(
                "The face is seen from the side.", f"Use a {kind} that looks into the camera."
            )
        case CheckKind.SIZE:
            return InputInvalid(
                f"The face is only {check.figure:.0f} pixels wide.",
                f"It must be {LEAST_FACE:.0f}: use a larger {kind}, or one taken from closer.",
            )
    return InputInvalid("The face is blurred.", f"Use a sharper {kind}.")


def _note(check: PhotoCheck, kind: str) -> str:
    """The sentence for a check that is not good; empty where it is not worth one."""
    match check.kind:
        case CheckKind.PEOPLE:
            return f"There are {check.figure:.0f} faces in the {kind}; the largest was taken."
        case CheckKind.FRONTAL:
            return f"The head is turned by {check.figure:.0f}°; a frontal {kind} looks better."
        case CheckKind.UPRIGHT:
            return f"The head is tilted; an upright {kind} looks better."
        case CheckKind.SHARPNESS:
            return f"The {kind} is a little blurred."
        case CheckKind.LIGHT:
            return f"The face is dark; a brighter {kind} looks better."
        case CheckKind.WHOLE:
            return f"The face is cut off; a {kind} of the whole face looks better."
        case CheckKind.MOUTH:
            return f"The mouth is open; a {kind} with closed lips speaks better."
    return ""
