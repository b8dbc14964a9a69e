"""Which person in a photo is meant: the largest, the one that was named, or nobody is sure."""

from __future__ import annotations

from pathlib import Path

from avatar_app.avatars.detection.crops import FaceBox
from avatar_app.core.errors import InputInvalid


class SeveralPeople(InputInvalid):
    """The largest face of a photo cannot be used, and somebody must say who else is meant."""

    def __init__(self, photo: Path, count: int) -> None:
        super().__init__(
            f"There are {count} people in {photo}: which one is meant?",
            "Cut the photo to one of them, or count from the left:"
            f" avatar-app avatars add PHOTO --person 1 … {count}",
        )
        self.photo, self.count = photo, count

    def __reduce__(self) -> tuple[type[SeveralPeople], tuple[Path, int]]:
        return SeveralPeople, (self.photo, self.count)


def choose_person(faces: list[FaceBox], photo: Path, person: int | None) -> FaceBox:
    """The face of number `person`, counted from the left from 1; None: the largest.

    `faces`: at least one, the largest first. Raises InputInvalid where there are not so many.
    """
    if person is not None:
        if not 1 <= person <= len(faces):
            counted = f"{len(faces)} people" if len(faces) > 1 else "one person"
            raise InputInvalid(f"There is no person {person} in {photo}, but {counted}.", "")
        return sorted(faces, key=lambda face: float(face.center[0]))[person - 1]
    return faces[0]
