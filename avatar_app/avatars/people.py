"""Chooses a person in a photo: the largest face, or the one that the user named."""

from __future__ import annotations

from pathlib import Path

from avatar_app.core.errors import InputInvalid
from avatar_app.engines.face_detection.crops import FaceBox


class SeveralPeople(InputInvalid):
    """The largest face of a photo cannot be used, and the user must choose another person."""

    def __init__(self, photo: Path, count: int) -> None:
        super().__init__(
            f"{photo} shows {count} people: which one do you mean?",
            "Crop the photo to one of them, or count from the left:"
            f" avatar-app avatars add PHOTO --person 1 … {count}",
        )
        self.photo, self.count = photo, count

    def __reduce__(self) -> tuple[type[SeveralPeople], tuple[Path, int]]:
        return SeveralPeople, (self.photo, self.count)


def choose_person(faces: list[FaceBox], photo: Path, person: int | None) -> FaceBox:
    """Return the face of number `person`, counted from the left from 1; None: the largest.

    `faces`: at least one, the largest first. Raises InputInvalid where the photo has fewer
    people.
    """
    if person is not None:
        if not 1 <= person <= len(faces):
            counted = f"{len(faces)} people" if len(faces) > 1 else "one person"
            raise InputInvalid(f"Unknown person {person}: {photo} shows {counted}.", "")
        return sorted(faces, key=lambda face: float(face.center[0]))[person - 1]
    return faces[0]
